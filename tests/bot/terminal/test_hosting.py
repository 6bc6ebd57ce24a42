"""`songwright up`, `bot` and `worker`: bad settings end them with one sentence, good ones reach what they start."""

from __future__ import annotations

import os
import socket
import sys
import types
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from bot.settings import BotSettings
from engine.errors import RequestError
from tests.bot.conftest import Terminal

TOKEN = "MTIzNDU2Nzg5MDEyMzQ1Njc4.Gabc12.secretsecretsecretsecretsecr"


@pytest.fixture
def hosting(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Return a terminal with a token, whose log stays as the tests have it."""
    monkeypatch.setattr(os, "environ", os.environ.copy())
    for name in ("SONGWRIGHT_BROKER_URL", "SONGWRIGHT_DISCORD_TOKEN", "SONGWRIGHT_SUPERVISED"):
        os.environ.pop(name, None)
    os.environ["DISCORD_TOKEN"] = TOKEN
    monkeypatch.setattr("bot.terminal.hosting.set_up_process_log", lambda *_: None)
    return terminal


@pytest.mark.parametrize("command", ["up", "bot"])
@pytest.mark.parametrize("token", ["", "secret", "secret.secret"])
def test_a_bad_token_is_one_sentence_without_it(hosting: Terminal, command: str, token: str) -> None:
    os.environ["DISCORD_TOKEN"] = token
    outcome = hosting.run(command)
    assert (outcome.code, outcome.out, outcome.err.count("\n")) == (2, "", 1)
    assert outcome.err.startswith("songwright: DISCORD_TOKEN ")
    assert "secret" not in outcome.err


def test_a_broker_that_is_none_ends_the_worker(hosting: Terminal) -> None:
    os.environ["SONGWRIGHT_BROKER_URL"] = "carrier-pigeon://roof"
    outcome = hosting.run("worker")
    assert outcome.code == 2
    assert "correct SONGWRIGHT_BROKER_URL" in outcome.err


def test_beat_says_what_is_wrong_and_rings_through_the_folder_that_workers_hear(
    hosting: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    rings: list[tuple[str, float]] = []
    monkeypatch.setattr("bot.terminal.hosting.run_beat", lambda url, seconds: rings.append((url, seconds)))
    assert "0 is not in the range 1<=x<=86400" in hosting.run("beat", "--every", "0").err
    os.environ["SONGWRIGHT_BROKER_URL"] = "carrier-pigeon://roof"
    outcome = hosting.run("beat")
    assert (outcome.code, "correct SONGWRIGHT_BROKER_URL" in outcome.err) == (2, True)
    del os.environ["SONGWRIGHT_BROKER_URL"]
    outcome = hosting.run("beat", "--every", "60")
    assert (outcome.code, outcome.err) == (0, "")
    assert "rings every 60 s (filesystem broker)" in outcome.out
    assert rings == [(f"filesystem://{hosting.data / 'songwright' / 'broker'}", 60)]
    monkeypatch.setattr("worker.settings.find_spec", lambda _name: None)
    outcome = hosting.run("beat")
    assert (outcome.code, outcome.err.count("\n")) == (2, 1)
    assert "there is no broker to ring through" in outcome.err


def test_bot_and_worker_find_each_other_in_the_data_folder(hosting: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    app = types.ModuleType("bot.app")
    app.run = lambda settings, bot_settings: seen.append((settings, bot_settings))  # type: ignore[attr-defined]  # a stand-in
    monkeypatch.setitem(sys.modules, "bot.app", app)
    monkeypatch.setattr("worker.worker_process.run_worker", lambda settings, **_: seen.append(settings))
    assert hosting.run("worker").code == 0
    assert hosting.run("bot").code == 0
    worker_settings, (settings, bot_settings) = seen
    assert isinstance(bot_settings, BotSettings)
    assert settings == worker_settings
    assert settings.broker_url == f"filesystem://{hosting.data / 'songwright' / 'broker'}"


def test_up_starts_both_and_ends_with_the_sentence_of_a_child(
    hosting: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: dict[str, Sequence[str]] = {}

    class Refused:
        def __init__(self, commands: Mapping[str, Sequence[str]], **more: Mapping[str, Any]) -> None:
            started.update(commands)
            assert more["environ"]["DISCORD_TOKEN"] == TOKEN
            assert more["added"] == {}

        def run(self) -> str:
            return "Discord refuses the token"

    monkeypatch.setattr("bot.terminal.hosting.Supervisor", Refused)
    outcome = hosting.run("up")
    assert (outcome.code, outcome.err) == (2, "songwright: Discord refuses the token\n")
    assert {name: command[-1] for name, command in started.items()} == {"worker": "worker", "bot": "bot"}


@pytest.mark.parametrize(
    ("address", "bots"),
    [("127.0.0.1:9101", "127.0.0.1:9102"), ("[::1]:9101", "[::1]:9102"), ("localhost:0", "localhost:0")],
)
def test_beside_a_worker_the_bot_has_the_next_port(
    hosting: Terminal, monkeypatch: pytest.MonkeyPatch, address: str, bots: str
) -> None:
    added: list[Mapping[str, Mapping[str, str]]] = []

    class Ended:
        def __init__(self, commands: object, **more: Mapping[str, Any]) -> None:
            added.append(more["added"])
            assert more["environ"]["SONGWRIGHT_METRICS_ADDRESS"] == address  # the worker's

        def run(self) -> None:
            """End at once."""

    monkeypatch.setattr("bot.terminal.hosting.Supervisor", Ended)
    os.environ["SONGWRIGHT_METRICS_ADDRESS"] = address
    assert hosting.run("up").code == 0
    assert added == [{"bot": {"SONGWRIGHT_METRICS_ADDRESS": bots}}]


def test_an_address_for_metrics_that_is_taken_or_none_ends_the_worker(hosting: Terminal) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        os.environ["SONGWRIGHT_METRICS_ADDRESS"] = f"127.0.0.1:{taken.getsockname()[1]}"
        outcome = hosting.run("worker")
    assert (outcome.code, outcome.err.count("\n")) == (2, 1)
    assert "another program listens there; choose another or unset it" in outcome.err
    os.environ["SONGWRIGHT_METRICS_ADDRESS"] = "9101"
    outcome = hosting.run("worker")
    assert outcome.code == 2
    assert "SONGWRIGHT_METRICS_ADDRESS='9101' cannot be used" in outcome.err


def test_settings_are_read_from_a_file_beside(hosting: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    del os.environ["DISCORD_TOKEN"]
    (hosting.folder / ".env").write_text("DISCORD_TOKEN=secret\n")
    assert "DISCORD_TOKEN cannot be used" in hosting.run("up").err


def test_a_missing_package_is_named_with_its_extra(hosting: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken(types.ModuleType):
        def __getattr__(self, name: str) -> object:
            raise ModuleNotFoundError("No module named 'discord'", name="discord.ext")

    monkeypatch.setitem(sys.modules, "bot.app", Broken("bot.app"))
    outcome = hosting.run("bot")
    assert outcome.code == 1
    assert "package discord, which is not installed; pip install 'songwright[discord]'" in outcome.err


def test_a_log_level_that_is_none_is_refused() -> None:
    with pytest.raises(RequestError, match="SONGWRIGHT_LOG_LEVEL='LOUD'"):
        BotSettings.from_environment({"SONGWRIGHT_LOG_LEVEL": "LOUD"}, needs_token=False)
