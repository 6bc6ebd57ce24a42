"""No record of any library shows a token or a password, in either format, not even in a stack trace."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable, Iterator

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from bot.terminal.process_log import QUIET_LIBRARIES, set_up_process_log
from bot.terminal.redaction import redacted, secrets_of

TOKEN = "MTIzNDU2Nzg5MDEyMzQ1Njc4.Gabc12.secretsecretsecretsecretsecr"
WEBHOOK_TOKEN = "aW50ZXJhY3Rpb246-secret_secret"


@pytest.fixture
def logged() -> Iterator[Callable[[str, str], io.StringIO]]:
    """Set up the log as a process has it, and afterwards as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in QUIET_LIBRARIES}
    root.handlers[:] = []

    def set_up(level: str, log_format: str) -> io.StringIO:
        stream = io.StringIO()
        set_up_process_log(level, log_format, (TOKEN,), stream=stream)
        return stream

    yield set_up
    root.handlers[:], root.level = handlers, level
    for name, former in levels.items():
        logging.getLogger(name).setLevel(former)
    logging.captureWarnings(False)
    structlog.reset_defaults()


@pytest.mark.parametrize("log_format", ["console", "json"])
def test_no_token_and_no_password_is_in_any_record(logged: Callable[..., io.StringIO], log_format: str) -> None:
    stream = logged("DEBUG", log_format)
    url = f"https://discord.com/api/v10/webhooks/123456789012345678/{WEBHOOK_TOKEN}/messages/@original"
    logging.getLogger("discord.http").debug("PATCH %s with %s", url, {"member": "whole events name people"})
    logging.getLogger("asyncio").debug("PATCH %s with %s has returned 429", url, {"token": WEBHOOK_TOKEN})
    logging.getLogger("discord.gateway").debug("sending %s", '{"op": 2, "d": {"token": "short-secret"}}')
    logging.getLogger("aiohttp.client").warning("request to %s", url, extra={"url": url, "headers": f"Bot {TOKEN}"})
    logging.getLogger("discord.http").info(f"/interactions/1/{WEBHOOK_TOKEN}/callback")
    logging.getLogger("kombu").error("amqp://songwright:secret@broker:5672// is away")
    structlog.get_logger("bot").warning("refused", token=TOKEN, proxy="http://me:secret@proxy:1")
    try:
        raise ValueError(f"bad {TOKEN} in {url}")
    except ValueError:
        logging.getLogger("discord.client").exception("ignoring exception")
    text = stream.getvalue()
    assert "secret" not in text
    assert "member" not in text
    assert "ValueError: bad [hidden]" in text
    assert "/webhooks/123456789012345678/[hidden]/messages/@original" in text
    assert "amqp://songwright:[hidden]@broker:5672//" in text
    if log_format == "json":
        records = [json.loads(line) for line in text.splitlines()]
        assert [record["level"] for record in records] == [
            "debug", "warning", "info", "error", "warning", "error",
        ]  # fmt: skip
        assert all({"event", "logger", "timestamp"} <= set(record) for record in records)


def test_ids_of_jobs_are_shown_and_libraries_are_quiet(logged: Callable[..., io.StringIO]) -> None:
    stream = logged("INFO", "json")
    logging.getLogger("worker.tasks").info("rung for job %s", "01abc", extra={"job_id": "01abc"})
    logging.getLogger("discord.gateway").info("Shard ID None has connected")
    logging.getLogger("worker.tasks").debug("details")
    (line,) = stream.getvalue().splitlines()
    record = json.loads(line)
    assert (record["event"], record["job_id"]) == ("rung for job 01abc", "01abc")


@given(st.text())
def test_what_holds_no_secret_is_left_alone_or_hidden_once(text: str) -> None:
    assert redacted(redacted(text)) == redacted(text)


@pytest.mark.parametrize("text", ["the token is not set", "1.2.3", "see https://discord.com/developers", "a token: b"])
def test_ordinary_text_stays(text: str) -> None:
    assert redacted(text).startswith(text[:8])


def test_the_secrets_of_an_environment_are_its_tokens() -> None:
    assert secrets_of({"DISCORD_TOKEN": TOKEN, "SONGWRIGHT_DISCORD_TOKEN": " a.b ", "HOME": "/h"}) == (TOKEN,)
