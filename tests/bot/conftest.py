"""The terminal in the test's own process, with a data folder and a working folder of its own. Knows no models."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.worker.echo_song import EchoSong


@dataclass(frozen=True)
class Outcome:
    """How a command ended: its exit code and what it printed."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Terminal:
    """Runs `songwright ARGUMENTS`. data: where its database and its log are. folder: the working folder."""

    data: Path
    folder: Path
    run: Callable[..., Outcome]

    @property
    def database_url(self) -> str:
        return f"sqlite:///{self.data / 'songwright' / 'songwright.sqlite3'}"

    def files(self) -> list[str]:
        """Return every file and folder below the working folder."""
        return sorted(str(path.relative_to(self.folder)) for path in self.folder.rglob("*"))


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Terminal:
    """Return a terminal without logging set-up, so that one test does not catch the warnings of the next."""
    from bot.cli import main

    data, folder = tmp_path / "data", tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("XDG_DATA_HOME", str(data))
    monkeypatch.delenv("SONGWRIGHT_DATABASE_URL", raising=False)
    monkeypatch.setattr("bot.terminal.bug_log.set_up_log", lambda: None)

    def run(*arguments: str) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["songwright", *arguments])
        with pytest.raises(SystemExit) as stop:
            main()
        printed = capsys.readouterr()
        return Outcome(int(stop.value.code or 0), printed.out, printed.err)

    return Terminal(data, folder, run)


@pytest.fixture
def echoing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the terminal's songs be echoes of their themes."""
    monkeypatch.setattr("bot.terminal.song.SongGenerator", lambda models, **_: EchoSong())
