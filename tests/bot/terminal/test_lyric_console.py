"""The console asks, obeys, outlives what goes wrong with a song, and can be fed through a pipe."""

from __future__ import annotations

import contextlib
import io
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bot.terminal.lyric_console import Console, Planned
from engine.contract import LyricRequest, Request
from engine.errors import EngineError
from engine.lyrics.text_models import LYRIC_FAMILIES, LyricFamily
from tests.bot.conftest import Outcome, Terminal
from tests.tiny_text_models import SONGS, write_counting_directory

Talk = Callable[..., Outcome]


@pytest.fixture
def talk(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> Talk:
    def run(typed: str, *options: str) -> Outcome:
        monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
        return terminal.run("lyrics", "--interactive", *options)

    return run


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    family = LyricFamily("tests.tiny_text_models:open_counting_directory", None, "for tests")
    monkeypatch.setitem(LYRIC_FAMILIES, "tiny-counts", family)
    return str(write_counting_directory(tmp_path / "model", [SONGS], order=3))


@pytest.mark.usefixtures("echoing")
def test_a_theme_gives_a_song_by_the_usual_way(talk: Talk) -> None:
    outcome = talk("rain over the harbour\n\n\n:quit\n")
    assert outcome.code == 0
    assert "rain over the harbour" in outcome.out.lower()


def test_a_plain_model_is_asked_for_title_and_artist(talk: Talk, model: str) -> None:
    outcome = talk("Night\nAnn\n:again\n", "--model", model, "--seed", "4")
    songs = outcome.out.split("<<Ann - Night>>\n")
    assert outcome.code == 0
    assert len(songs) == 3
    assert songs[1] != songs[2]
    assert "seed 4," in outcome.err
    assert "seed 5," in outcome.err


def test_settings_are_kept_shown_and_refused_with_a_sentence(talk: Talk, model: str) -> None:
    outcome = talk(
        ":set temperature 0\n:set lines 2-3\n:set top-p 7\n:set tmperature 1\n:set\n:seed 9\nA\nB\n\n\n:quit\n",
        "--model",
        model,
    )
    assert "--top-p must be a number above 0 up to 1, got '7'" in outcome.err
    assert "no setting 'tmperature'; did you mean temperature" in outcome.err
    assert "  temperature          0\n" in outcome.err
    one, other = outcome.out.split("<<B - A>>\n")[1:]
    assert one == other  # Enter twice: the same seed, the same song


def test_a_setting_without_a_value_is_as_it_was_at_first(talk: Talk, model: str) -> None:
    outcome = talk(":set temperature 0.2\n:set temperature\n:set\n:quit\n", "--model", model, "--temperature", "0.5")
    assert "  temperature          0.5\n" in outcome.err


def test_the_last_song_is_saved_to_a_new_file(talk: Talk, terminal: Terminal, model: str) -> None:
    outcome = talk(":save a.txt\nNight\nAnn\n:save a.txt\n:save a.txt\n:save\n:again\n:save b.txt\n", "--model", model)
    songs = [f"<<Ann - Night>>\n{text}" for text in outcome.out.split("<<Ann - Night>>\n")[1:]]
    assert (terminal.folder / "a.txt").read_text() == songs[0]
    assert (terminal.folder / "b.txt").read_text() == songs[1]
    assert "there is no song yet" in outcome.err
    assert "a.txt is there already" in outcome.err
    assert ":save wants the name" in outcome.err


def test_help_and_unknown_commands_are_answered(talk: Talk, model: str) -> None:
    outcome = talk(":help\n:dance\n:again\n", "--model", model)
    assert outcome.code == 0
    assert ":save FILE" in outcome.err
    assert "there is no :dance" in outcome.err
    assert outcome.out == ""


def test_options_that_a_plain_model_has_not_are_refused(talk: Talk, model: str) -> None:
    outcome = talk(":quit\n", "--model", model, "--rhyme", "ABAB")
    assert outcome.code == 2
    assert "--rhyme means nothing to a plain model" in outcome.err


def test_without_interactive_a_theme_is_wanted_and_a_model_is_not(terminal: Terminal) -> None:
    assert "Missing argument 'THEME'" in terminal.run("lyrics").err
    outcome = terminal.run("lyrics", "rain", "--model", "x")
    assert outcome.code == 2
    assert "songwright sample x" in outcome.err


class _Failing(Planned):
    """Fails in every way that a song can."""

    def __init__(self) -> None:
        super().__init__(LyricRequest, lambda request: request, None)
        self.faults: list[BaseException] = [KeyboardInterrupt(), EngineError("the disk is full")]

    def write(self, request: Request) -> tuple[str, int]:
        if self.faults:
            raise self.faults.pop(0)
        return "la\n", 1


def test_ctrl_c_and_faults_stop_a_song_and_not_the_console(capsys: pytest.CaptureFixture[str]) -> None:
    writer, typed = _Failing(), iter(["rain", "", "", KeyboardInterrupt(), "", "", "", "", "", "", None])

    def read(question: str) -> Any:
        line = next(typed)
        if isinstance(line, BaseException):
            raise line
        return line

    console = Console(writer, {}, read)
    console.run()
    told = capsys.readouterr().err
    assert writer.faults == []
    assert console._last == ("la\n", 1)
    assert told.index("stopped") < told.index(":quit ends)") < told.index("the disk is full")


def test_ctrl_c_stops_a_song_even_where_a_library_swallows_it(
    talk: Talk, model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def swallow(shown: object, number: int, text: str) -> None:
        with contextlib.suppress(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr("bot.terminal.growing_song.GrowingSong.report", swallow)
    before = signal.getsignal(signal.SIGINT)
    outcome = talk("Night\nAnn\n:help\n", "--model", model)
    assert "stopped" in outcome.err
    assert ":save FILE" in outcome.err
    assert signal.getsignal(signal.SIGINT) is before
