"""The journey from a command to a song, in a process of its own with tiny models: same bytes, readable files, kill -9."""

from __future__ import annotations

import io
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import mido
import pretty_midi
import pytest
import symusic

from engine.lyrics.rhyme import lines_rhyme

if TYPE_CHECKING:
    from tests.tiny_models import TinyModels

COMMAND = (
    "song",
    "rain over the harbour",
    "--form",
    "VC",
    "--rhyme",
    "ABAB",
    "--syllables",
    "8,6",
    "--style",
    "ballad",
)
ENDINGS = {"mid", "txt", "musicxml", "lrc", "png", "ogg"}
MOST_SECONDS = 120


@dataclass(frozen=True)
class Home:
    """A place where the terminal is at home: its data and the folder that it is called in."""

    folder: Path

    @property
    def database(self) -> Path:
        return self.folder / "songwright" / "songwright.sqlite3"

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        environment = os.environ | {"XDG_DATA_HOME": str(self.folder), "OMP_NUM_THREADS": "1"}
        program = [sys.executable, "-m", "bot", *arguments]
        return subprocess.Popen(
            program, cwd=self.folder, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )

    def run(self, *arguments: str) -> tuple[str, str]:
        """Run to the end and return what was printed; a code other than 0 fails the test."""
        process = self.start(*arguments)
        out, err = process.communicate(timeout=MOST_SECONDS)
        assert process.returncode == 0, err
        return out, err

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with sqlite3.connect(self.database, timeout=30) as connection:
            return connection.execute(query).fetchall()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, tiny_models: TinyModels) -> Home:
    from tests.tiny_models import promote_models

    place = Home(tmp_path_factory.mktemp("home"))
    promote_models(tiny_models, f"sqlite:///{place.database}")
    return place


@pytest.fixture(scope="module")
def card(home: Home) -> dict[str, Any]:
    """Make a song and return its JSON object, and what went to standard error under "err"."""
    out, err = home.run(*COMMAND, "--seed", "7", "--json", "--out", "first")
    return json.loads(out) | {"err": err}


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_same_command_and_seed_give_the_same_bytes(home: Home, card: dict[str, Any]) -> None:
    out, err = home.run(*COMMAND, "--seed", "7", "--out", "second")
    assert err == ""
    assert contents(home.folder / "second") == contents(home.folder / "first")
    assert {name.rpartition(".")[2] for name in contents(home.folder / "first")} == ENDINGS
    assert all(line["text"] in out for section in card["sections"] for line in section["lines"])
    assert all(f"second/rain-over-the-harbour.{ending}" in out for ending in ENDINGS)


def test_the_object_has_every_field(card: dict[str, Any], tiny_models: TinyModels, home: Home) -> None:
    assert (card["err"], card["title"], card["seed"], card["style"]) == ("", "Rain over the Harbour", 7, "ballad")
    assert card["key"]
    assert 40 <= card["tempo_qpm"] <= 240
    assert 15 < card["length_seconds"] < 600
    assert {"plan", "lyrics", "melody", "band", "score", "picture", "audio"} <= set(card["seconds_per_stage"])
    assert all(seconds >= 0 for seconds in card["seconds_per_stage"].values())
    stored = dict(home.rows("SELECT role, digest FROM model_versions WHERE role <> 'music'"))
    assert card["model_versions"] == stored
    assert {ending: (home.folder / path).is_file() for ending, path in card["files"].items()} == dict.fromkeys(
        ENDINGS, True
    )


def test_the_lines_are_as_asked(card: dict[str, Any]) -> None:
    sung = [section for section in card["sections"] if section["lines"]]
    assert len(sung) == 2
    for section in sung:
        lines = section["lines"]
        assert [line["rhyme"] for line in lines] == list("ABAB")
        assert [line["syllables_found"] for line in lines] == [8, 6, 8, 6]
        assert [line["syllables_asked"] for line in lines] == [8, 6, 8, 6]
        assert [line["rhymes"] for line in lines] == [None, None, True, True]
        for first, second in ((0, 2), (1, 3)):
            assert (
                lines[second]["rhyme_key_asked"] == lines[first]["rhyme_key_found"] == lines[second]["rhyme_key_found"]
            )
            assert lines_rhyme(lines[first]["text"], lines[second]["text"])


def mido_notes_and_words(data: bytes) -> tuple[Counter[tuple[int, int, int, int]], list[tuple[int, str]]]:
    """Return (onset, end, pitch, velocity) of all notes and (onset, text) of all lyric events."""
    notes: Counter[tuple[int, int, int, int]] = Counter()
    words = []
    for track in mido.MidiFile(file=io.BytesIO(data), charset="utf-8").tracks:
        tick, sounding = 0, {}
        for message in track:
            tick += message.time
            if message.type == "lyrics":
                words.append((tick, message.text.strip()))
            elif message.type == "note_on" and message.velocity:
                sounding[message.channel, message.note] = (tick, message.velocity)
            elif message.type in ("note_on", "note_off"):
                onset, velocity = sounding.pop((message.channel, message.note))
                notes[onset, tick, message.note, velocity] += 1
        assert not sounding
    return notes, sorted(words)


def test_three_readers_find_the_same_notes_and_words(card: dict[str, Any], home: Home) -> None:
    data = (home.folder / card["files"]["mid"]).read_bytes()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", "builtin type .* has no __module__ attribute", DeprecationWarning)
        notes, words = mido_notes_and_words(data)
        pretty = pretty_midi.PrettyMIDI(io.BytesIO(data))
        other = symusic.Score.from_midi(data)
    ticks = pretty.time_to_tick
    assert notes == Counter(
        (ticks(note.start), ticks(note.end), note.pitch, note.velocity) for i in pretty.instruments for note in i.notes
    )
    assert notes == Counter((note.time, note.end, note.pitch, note.velocity) for t in other.tracks for note in t.notes)
    assert words == sorted((ticks(lyric.time), lyric.text.strip()) for lyric in pretty.lyrics)
    assert words == sorted((lyric.time, lyric.text.strip()) for track in other.tracks for lyric in track.lyrics)
    lines = [line for section in card["sections"] for line in section["lines"]]
    assert len(words) == sum(line["syllables_found"] for line in lines)


@contextmanager
def under_way(home: Home, seed: int, out: str, *more: str) -> Iterator[subprocess.Popen[str]]:
    """Start a song and wait until its job has begun; the process has ended after the `with` block."""
    process = home.start(*COMMAND, *more, "--seed", str(seed), "--out", out)
    until = time.monotonic() + MOST_SECONDS
    try:
        while not home.rows(f"SELECT 1 FROM jobs WHERE seed = {seed} AND status = 'running' AND stage != ''"):
            assert time.monotonic() < until
            assert process.poll() is None, process.communicate()
            time.sleep(0.05)
        yield process
    finally:
        process.kill()
        process.communicate(timeout=30)


def test_a_killed_song_is_found_and_finished_once(home: Home) -> None:
    with under_way(home, 11, "killed") as process:
        process.send_signal(signal.SIGKILL)
    assert home.rows("SELECT status FROM jobs WHERE seed = 11") == [("running",)]
    assert not (home.folder / "killed").exists()
    _, err = home.run(*COMMAND, "--seed", "11", "--out", "killed")
    assert err == "Going on with the same song, which was interrupted.\n"
    assert home.rows("SELECT status, attempts FROM jobs WHERE seed = 11") == [("done", 2)]
    of_the_job = "SELECT count(*) FROM songs JOIN jobs ON songs.job_id = jobs.id WHERE jobs.seed = 11"
    assert home.rows(of_the_job) == [(1,)]
    assert {name.rpartition(".")[2] for name in contents(home.folder / "killed")} == ENDINGS


def test_ctrl_c_cancels_the_song_and_leaves_nothing(home: Home) -> None:
    long = ("--form", "VCVCVCVCVCVC")  # or a busy machine has made it before anybody looks
    with under_way(home, 12, "stopped", *long) as process:
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=MOST_SECONDS)
    assert (process.returncode, out) == (130, "")
    assert err.strip() == "songwright: stopped before it was done; nothing was written"
    assert home.rows("SELECT status FROM jobs WHERE seed = 12") == [("cancelled",)]
    assert not (home.folder / "stopped").exists()


def test_a_full_disk_under_the_printed_result_is_said_plainly(home: Home, card: dict[str, Any]) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    program = [sys.executable, "-m", "bot", "lyrics", "rain", "--seed", "7"]
    environment = os.environ | {"XDG_DATA_HOME": str(home.folder)}
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            program, env=environment, stdout=full, stderr=subprocess.PIPE, text=True, timeout=MOST_SECONDS
        )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "No space left" in done.stderr
