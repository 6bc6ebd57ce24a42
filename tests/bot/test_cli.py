"""The command tree: light to start, usage errors, one sentence per fault, and bugs written down whole."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bot.cli import COMMANDS
from engine.errors import Cancelled, EngineError, OutputError, RequestError
from tests.bot.conftest import Terminal

HEAVY = {"torch", "transformers", "numba", "matplotlib", "pretty_midi", "symusic", "music21", "tokenizers", "celery"}
LIST_MODULES = """
import sys, json
from bot.cli import main
try:
    main()
except SystemExit:
    sys.stderr.write(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""


def modules_of(*arguments: str) -> set[str]:
    program = [sys.executable, "-c", LIST_MODULES, *arguments]
    done = subprocess.run(program, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.startswith("Usage:")
    return set(json.loads(done.stderr))


def test_help_imports_nothing_heavy() -> None:
    loaded = modules_of("--help")
    assert not loaded & (HEAVY | {"sqlalchemy", "numpy", "rich", "discord"})


def test_help_of_song_imports_no_models() -> None:
    assert not modules_of("song", "--help") & (HEAVY | {"numpy"})


def test_help_names_every_command(terminal: Terminal) -> None:
    outcome = terminal.run("--help")
    assert outcome.code == 0
    assert all(f"  {name} " in outcome.out for name in COMMANDS)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nonsense"], "No such command"),
        (["song"], "Missing argument"),
        (["song", "rain", "--colour", "red"], "No such option"),
        (["song", "rain", "harbour"], "unexpected extra argument"),
    ],
)
def test_usage_errors_exit_with_2(terminal: Terminal, arguments: list[str], said: str) -> None:
    outcome = terminal.run(*arguments)
    assert outcome.code == 2
    assert said in outcome.err
    assert outcome.out == ""


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (RequestError("too\nfast"), 2),
        (OutputError("too\nfast"), 1),
        (EngineError("too\nfast"), 1),
        (Cancelled("too\nfast"), 130),
    ],
)
def test_a_fault_is_one_line_and_a_code(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, error: Exception, code: int
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr("bot.terminal.song.check_request", fail)
    outcome = terminal.run("song", "rain")
    assert (outcome.code, outcome.out, outcome.err) == (code, "", "songwright: too fast\n")


def test_ctrl_c_exits_with_130(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("bot.terminal.song.check_request", interrupt)
    outcome = terminal.run("song", "rain")
    assert outcome.code == 130
    assert outcome.err.strip() == "songwright: stopped before it was done; nothing was written"


def test_a_missing_package_is_named(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ModuleNotFoundError("No module named 'accelerate'", name="accelerate")

    monkeypatch.setattr("bot.terminal.song.check_request", fail)
    outcome = terminal.run("song", "rain")
    assert outcome.code == 1
    assert outcome.err.count("\n") == 1
    assert "accelerate" in outcome.err
    assert "pip install" in outcome.err


BUGGY = """
import sys
import bot.terminal.song
def bug(*_): raise ZeroDivisionError("of a bug")
bot.terminal.song.check_request = bug
sys.argv = ["songwright", "song", "rain"]
from bot.cli import main
main()
"""


def run_buggy(data: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    values = os.environ | {"XDG_DATA_HOME": str(data)} | environment
    return subprocess.run([sys.executable, "-c", BUGGY], capture_output=True, text=True, env=values, timeout=60)


def test_a_bug_is_one_polite_line_and_a_log_entry(tmp_path: Path) -> None:
    done = run_buggy(tmp_path, SONGWRIGHT_DEBUG="")
    log = tmp_path / "songwright" / "songwright.log"
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert str(log) in done.stderr
    assert "Traceback" not in done.stderr
    assert "ZeroDivisionError: of a bug" in log.read_text()


def test_debugging_shows_the_trace(tmp_path: Path) -> None:
    done = run_buggy(tmp_path, SONGWRIGHT_DEBUG="1")
    assert done.returncode == 1
    assert "ZeroDivisionError: of a bug" in done.stderr


def test_a_log_that_cannot_be_written_is_no_second_fault(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = run_buggy(tmp_path / "file", SONGWRIGHT_DEBUG="")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "SONGWRIGHT_DEBUG=1" in done.stderr
