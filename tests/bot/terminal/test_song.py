"""`songwright song` and `lyrics`: every way to fail is one sentence, leaves no file and no job that waits for ever."""

from __future__ import annotations

import errno
import json
import os
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from engine.contract import LyricRequest
from engine.errors import CheckpointError, RequestError
from tests.bot.conftest import Outcome, Terminal
from tests.worker.echo_song import EchoSong
from worker.store.songs import GeneratedSong

# Every bad request: arguments, and a part of the sentence that must be said.
BAD_INPUT = [
    ([""], "the theme holds no words"),
    (["   "], "the theme holds no words"),
    (["rain " * 1000], "must be 1-300 characters, got 49"),
    (["🌧️🌊⚓"], "the theme holds no words"),
    (["дождь в порту"], "the lyric model writes English only"),
    (["rain \udcff"], "the theme is not text in UTF-8"),
    (["rain", "--style", "polka"], "style 'polka' is unknown"),
    (["rain", "--tempo", "9999"], "tempo must be 40-240"),
    (["rain", "--tempo", "fast"], "--tempo must be a number, got 'fast'"),
    (["rain", "--seed", "-1"], "--seed must be a whole number from 0"),
    (["rain", "--seed", "x"], "--seed must be a whole number from 0"),
    (["rain", "--temperature", "9"], "--temperature must be a number from 0 up to 2"),
    (["rain", "--length", "1:xx"], "--length must be seconds"),
    (["rain", "--key", "H#"], "key"),
    (["rain", "--meter", "5/4"], "time signature must be one of"),
    (["rain", "--form", "VQ"], "form 'VQ' is not understood"),
    (["rain", "--rhyme", "1"], "must be letters"),
    (["rain", "--syllables", "99"], "syllables must be 3-14"),
    (["rain", "--chords", "C Q"], "chord"),
    (["rain", "--voice", "robot"], "voice must be one of"),
]


def assert_one_sentence(outcome: Outcome, code: int, part: str) -> None:
    assert outcome.code == code
    assert outcome.out == ""
    assert outcome.err.startswith("songwright: ")
    assert outcome.err.count("\n") == 1
    assert part in outcome.err
    assert "Traceback" not in outcome.err


def job_states(terminal: Terminal) -> list[str]:
    file = terminal.data / "songwright" / "songwright.sqlite3"
    with sqlite3.connect(file) as connection:
        return [status for (status,) in connection.execute("SELECT status FROM jobs ORDER BY created_at")]


@pytest.mark.parametrize(("arguments", "part"), BAD_INPUT)
def test_bad_input_is_refused_before_anything_is_stored(terminal: Terminal, arguments: list[str], part: str) -> None:
    assert_one_sentence(terminal.run("song", *arguments), 2, part)
    assert terminal.files() == []
    assert not terminal.data.exists()


@pytest.mark.usefixtures("echoing")
@pytest.mark.parametrize("theme", ["[Chorus] rain <<over>> the sea", "rain <eos><words>", "**rain** @everyone", "Café"])
def test_marks_in_a_theme_are_words_at_most(terminal: Terminal, theme: str) -> None:
    outcome = terminal.run("song", theme)
    assert (outcome.code, outcome.err) == (0, "")
    assert terminal.files() == ["songs", "songs/song.mid", "songs/song.txt"]


@pytest.mark.usefixtures("echoing")
def test_lyrics_go_to_the_screen_and_to_a_file_when_asked(terminal: Terminal) -> None:
    outcome = terminal.run("lyrics", "rain", "--seed", "3")
    assert (outcome.code, terminal.files()) == (0, [])
    assert outcome.out.startswith("rain\nrain\nrain\n")
    assert terminal.run("lyrics", "rain", "--out", "words").code == 0
    assert "words/song.txt" in terminal.files()


@pytest.mark.usefixtures("echoing")
def test_json_is_one_object_with_the_files_and_nothing_else(terminal: Terminal) -> None:
    outcome = terminal.run("song", "rain", "--json", "--seed", "3", "--out", "here")
    card = json.loads(outcome.out)
    assert (outcome.err, card["seed"], card["request"]["theme"]) == ("", 3, "rain")
    assert {ending: Path(path).is_file() for ending, path in card["files"].items()} == {"mid": True, "txt": True}


@pytest.mark.usefixtures("echoing")
@pytest.mark.parametrize("out", ["/proc/songs", "file/songs", "file"])
def test_a_folder_that_cannot_be_written_is_refused_before_the_song(terminal: Terminal, out: str) -> None:
    (terminal.folder / "file").touch()
    assert_one_sentence(terminal.run("song", "rain", "--out", out), 1, "choose another with --out")
    assert terminal.files() == ["file"]
    assert not terminal.data.exists()


@pytest.mark.usefixtures("echoing")
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_a_disk_that_fails_during_delivery_costs_no_song(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def fail(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("bot.terminal.song.check_folder", lambda folder: None)
    monkeypatch.setattr("bot.terminal.delivery.os.replace", fail)
    assert_one_sentence(terminal.run("song", "rain", "--seed", "3"), 1, "--seed 3 gives the same song again")
    assert terminal.files() == []
    assert job_states(terminal) == ["done"]


@pytest.mark.usefixtures("echoing")
@pytest.mark.parametrize(
    ("url", "code", "part"),
    [
        ("sqlite:////proc/none/songs.sqlite3", 1, "set SONGWRIGHT_DATABASE_URL to another place"),
        ("sqlite:///file/songs.sqlite3", 1, "set SONGWRIGHT_DATABASE_URL to another place"),
        ("sqlite:///file", 1, "is not a SQLite database"),
        ("sqlite://", 1, "the database must be a file"),
        ("nonsense", 1, "the database URL cannot be read"),
        ("mysql://localhost/songs", 1, "must be sqlite or postgresql"),
        ("postgresql://ann:secret@127.0.0.1:1/songs", 1, "does not answer"),
    ],
)
def test_a_database_that_cannot_be_used_is_said_plainly(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, url: str, code: int, part: str
) -> None:
    (terminal.folder / "file").write_text("no database, but long enough to be looked at " * 50)
    monkeypatch.setenv("SONGWRIGHT_DATABASE_URL", url)
    outcome = terminal.run("song", "rain")
    assert_one_sentence(outcome, code, part)
    assert "secret" not in outcome.err
    assert terminal.files() == ["file"]


def test_a_setting_that_cannot_be_used_names_its_variable(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SONGWRIGHT_LEASE_SECONDS", "soon")
    assert_one_sentence(terminal.run("song", "rain"), 2, "SONGWRIGHT_LEASE_SECONDS='soon'")


def test_a_read_only_database_is_said_plainly(terminal: Terminal) -> None:
    terminal.data.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "tmpfs", str(terminal.data)], capture_output=True)
    if mounted.returncode:
        pytest.skip("no file system can be mounted here")
    try:
        assert terminal.run("db", "upgrade").code == 0
        subprocess.run(["mount", "-o", "remount,ro", str(terminal.data)], check=True)
        assert_one_sentence(terminal.run("song", "rain"), 1, "set SONGWRIGHT_DATABASE_URL to another place")
        assert terminal.files() == []
    finally:
        subprocess.run(["umount", str(terminal.data)], check=True)


class Failing:
    """A generator that raises."""

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def __call__(self, *_: object, **__: object) -> GeneratedSong:
        raise self.error


@pytest.mark.parametrize(
    ("error", "code", "part"),
    [
        (RequestError("artist 'Nobody' is unknown"), 2, "artist 'Nobody' is unknown"),
        (CheckpointError("the model is damaged; fetch it again"), 1, "fetch it again"),
        (ZeroDivisionError("of a bug"), 1, "something went wrong in the program"),
    ],
)
def test_a_job_that_fails_is_said_in_one_sentence_and_has_ended(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, error: Exception, code: int, part: str
) -> None:
    monkeypatch.setattr("bot.terminal.song.SongGenerator", lambda models, **_: Failing(error))
    outcome = terminal.run("song", "rain")
    assert_one_sentence(outcome, code, part)
    assert "of a bug" not in outcome.err
    assert (job_states(terminal), terminal.files()) == (["failed"], [])


def test_a_bug_in_a_job_names_the_job(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.terminal.song.SongGenerator", lambda models, **_: Failing(KeyError("bug")))
    outcome = terminal.run("song", "rain")
    with sqlite3.connect(terminal.data / "songwright" / "songwright.sqlite3") as connection:
        ((job_id,),) = connection.execute("SELECT id FROM jobs")
    assert f"job {job_id}" in outcome.err
    assert "songwright.log" in outcome.err


def test_without_models_the_sentence_says_what_is_missing(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    absent = {"lyrics": tmp_path / "absent", "melody": tmp_path / "absent"}
    monkeypatch.setattr("bot.terminal.song.model_choice", lambda store: absent)
    assert_one_sentence(terminal.run("song", "rain"), 1, f"there is no model directory {tmp_path / 'absent'}")
    assert terminal.files() == []


def test_ctrl_c_cancels_the_job_and_waits_for_its_thread(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "bot.terminal.song.SongGenerator", lambda models, **_: EchoSong(lines=600, seconds_per_line=0.1)
    )

    def interrupted(states: Any) -> None:
        for job in states:
            if job.words:
                raise KeyboardInterrupt

    monkeypatch.setattr("bot.terminal.song.show_progress", interrupted)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    outcome = terminal.run("song", "rain")
    assert_one_sentence(Outcome(outcome.code, outcome.out, outcome.err.lstrip()), 130, "stopped before it was done")
    assert (job_states(terminal), terminal.files()) == (["cancelled"], [])
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("embedded-worker")]


def test_progress_is_shown_on_standard_error_only(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.terminal.song.SongGenerator", lambda models, **_: EchoSong(lines=3, seconds_per_line=0.3))
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    outcome = terminal.run("song", "harbour")
    assert outcome.code == 0
    assert "  harbour" in outcome.err
    assert outcome.out.splitlines()[:3] == ["harbour"] * 3


def test_notices_go_to_standard_error(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    class Quiet(EchoSong):
        def __call__(self, request: LyricRequest, *arguments: Any) -> GeneratedSong:
            made = super().__call__(request, *arguments)
            report = made.report.model_copy(update={"notices": ("no .ogg: no SoundFont was found",)})
            return GeneratedSong(made.title, made.lyrics_text, report, made.artifacts)

    monkeypatch.setattr("bot.terminal.song.SongGenerator", lambda models, **_: Quiet())
    outcome = terminal.run("song", "rain")
    assert (outcome.code, outcome.err) == (0, "note: no .ogg: no SoundFont was found\n")
