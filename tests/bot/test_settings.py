"""The bot's settings: read from the environment and `.env`, faults named by their variable, secrets never shown."""

from __future__ import annotations

import base64
import re
from pathlib import Path

import pytest

from bot.settings import ENVIRONMENT_VARIABLES, BotSettings, application_id, read_dotenv
from engine.errors import RequestError
from worker.settings import ENVIRONMENT_VARIABLES as WORKER_VARIABLES

ROOT = Path(__file__).resolve().parents[2]
TOKEN = f"{base64.urlsafe_b64encode(b'123456789012345678').decode().rstrip('=')}.Gabc12.{'secret_' * 4}"


def test_a_token_is_all_that_is_needed() -> None:
    settings = BotSettings.from_environment({"DISCORD_TOKEN": f" {TOKEN}\n"})
    assert settings.token is not None
    assert settings.token.get_secret_value() == TOKEN
    assert settings.application_id == 123456789012345678
    assert (settings.proxy, settings.server) == (None, None)
    assert (settings.edit_seconds, settings.forget_after_days) == (2.5, 30)


def test_without_a_token_the_way_out_is_said_and_the_plugin_goes_on() -> None:
    with pytest.raises(RequestError, match=r"DISCORD_TOKEN is not set; get a token at https://"):
        BotSettings.from_environment({"DISCORD_TOKEN": " "})
    assert BotSettings.from_environment({}, needs_token=False).token is None


def test_every_variable_is_read() -> None:
    given = {
        "DISCORD_TOKEN": TOKEN,
        "DISCORD_PROXY": "http://me:password@localhost:1",
        "SONGWRIGHT_DISCORD_SERVER": "123456789012345678",
        "SONGWRIGHT_EDIT_SECONDS": "3",
        "SONGWRIGHT_FORGET_AFTER_DAYS": "7",
        "SONGWRIGHT_LOG_LEVEL": "debug",
        "SONGWRIGHT_LOG_FORMAT": "json",
    }
    settings = BotSettings.from_environment(given)
    assert set(ENVIRONMENT_VARIABLES) == set(BotSettings.model_fields) == settings.model_fields_set
    assert settings.log_level == "DEBUG"


def test_the_first_name_of_the_token_wins() -> None:
    other = TOKEN.replace("secret", "public")
    assert BotSettings.from_environment({"SONGWRIGHT_DISCORD_TOKEN": TOKEN}).application_id
    settings = BotSettings.from_environment({"SONGWRIGHT_DISCORD_TOKEN": other, "DISCORD_TOKEN": TOKEN})
    assert settings.token is not None
    assert settings.token.get_secret_value() == TOKEN


def test_secrets_are_not_in_what_is_printed() -> None:
    settings = BotSettings.from_environment({"DISCORD_TOKEN": TOKEN, "DISCORD_PROXY": "http://me:password@host"})
    assert "secret_" not in f"{settings!r} {settings}"
    assert "password" not in f"{settings!r} {settings}"
    assert "secret_" not in settings.model_dump_json()


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("SONGWRIGHT_DISCORD_TOKEN", "not-a.token"),
        ("DISCORD_TOKEN", "abc.def.ghi.jkl"),
        ("DISCORD_TOKEN", "abc.d€f.ghi"),
        ("DISCORD_TOKEN", f"Bot {TOKEN}"),
        ("DISCORD_PROXY", "localhost:8080"),
        ("SONGWRIGHT_DISCORD_SERVER", "my server"),
        ("SONGWRIGHT_EDIT_SECONDS", "0.1"),
        ("SONGWRIGHT_EDIT_SECONDS", "soon"),
        ("SONGWRIGHT_FORGET_AFTER_DAYS", "0"),
        ("SONGWRIGHT_LOG_LEVEL", "loud"),
        ("SONGWRIGHT_LOG_FORMAT", "xml"),
    ],
)
def test_a_fault_is_one_sentence_with_the_variable_and_without_secrets(variable: str, value: str) -> None:
    with pytest.raises(RequestError) as refused:
        BotSettings.from_environment({"SONGWRIGHT_DISCORD_TOKEN": TOKEN} | {variable: value})
    sentence = str(refused.value)
    assert sentence.startswith(variable)
    assert " cannot be used: " in sentence
    assert "\n" not in sentence
    assert "secret_" not in sentence
    assert ("TOKEN" in variable or variable == "DISCORD_PROXY") == (value not in sentence)
    assert refused.value.__cause__ is None  # the cause would quote the value in a stack trace


@pytest.mark.parametrize("first", ["", "%%%", "MTIz", "bm90IGFuIGlk", "é"])
def test_a_token_without_an_id_stands_for_no_application(first: str) -> None:
    assert application_id(f"{first}.b.c") is None


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(
        f"DISCORD_TOKEN='{TOKEN}'\nSONGWRIGHT_LOG_LEVEL=DEBUG\nPATH=/evil\nSONGWRIGHT_EMPTY\n"
    )
    environ = {"SONGWRIGHT_LOG_LEVEL": "ERROR", "PATH": "/bin"}
    assert read_dotenv(tmp_path, environ)
    assert environ == {"DISCORD_TOKEN": TOKEN, "SONGWRIGHT_LOG_LEVEL": "ERROR", "PATH": "/bin"}


def test_without_a_file_nothing_is_read(tmp_path: Path) -> None:
    environ: dict[str, str] = {}
    assert not read_dotenv(tmp_path, environ)
    assert environ == {}


def test_a_file_that_is_no_text_is_said(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"\xff\xfe\x00bad")
    with pytest.raises(RequestError, match="save it as text in UTF-8"):
        read_dotenv(tmp_path, {})


def test_the_example_names_every_variable_and_no_other() -> None:
    named = re.findall(r"^#?([A-Z_]+)=", (ROOT / ".env.example").read_text(encoding="utf-8"), re.MULTILINE)
    known = {name for names in ENVIRONMENT_VARIABLES.values() for name in names} | set(WORKER_VARIABLES.values())
    assert sorted(named) == sorted(known)


def test_the_example_can_be_used_as_it_is_but_for_the_token(tmp_path: Path) -> None:
    text = (
        (ROOT / ".env.example").read_text(encoding="utf-8").replace("DISCORD_TOKEN=\n", f"DISCORD_TOKEN={TOKEN}\n", 1)
    )
    (tmp_path / ".env").write_text(text)
    environ: dict[str, str] = {}
    read_dotenv(tmp_path, environ)
    assert BotSettings.from_environment(environ).application_id
