"""Chords of a song are told from its piano, half bar by half bar."""

from __future__ import annotations

import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from engine.corpus.accompaniment import ACCOMPANIMENTS_FILE, chords_of_score, read_accompaniments
from engine.errors import FileFormatError


def note(step: str, octave: int, duration: int, *, alter: int = 0, chord: bool = False) -> str:
    pitch = f"<pitch><step>{step}</step><alter>{alter}</alter><octave>{octave}</octave></pitch>"
    return f"<note>{'<chord/>' if chord else ''}{pitch}<duration>{duration}</duration></note>"


def triad(root: str, third: str, fifth: str, duration: int) -> str:
    return note(root, 3, duration) + note(third, 4, duration, chord=True) + note(fifth, 4, duration, chord=True)


HEAD = "<attributes><divisions>2</divisions><time><beats>{beats}</beats><beat-type>4</beat-type></time></attributes>"
REST = "<note><rest/><duration>8</duration></note>"


def score(*bars: str, beats: int = 4) -> str:
    voice = "".join(f"<measure>{REST}</measure>" for _ in bars)
    piano = "".join(
        f"<measure>{HEAD.format(beats=beats) if n == 0 else ''}{bar}</measure>" for n, bar in enumerate(bars)
    )
    head = f"<measure>{HEAD.format(beats=beats)}{REST}</measure>" + voice[len(f"<measure>{REST}</measure>") :]
    return f"<score-partwise><part id='P1'>{head}</part><part id='P2'>{piano}</part></score-partwise>"


def chords(text: str) -> list[tuple[float, int, str]]:
    from xml.etree import ElementTree

    return chords_of_score(ElementTree.fromstring(text))


def test_each_half_bar_of_four_has_its_chord() -> None:
    bars = (triad("C", "E", "G", 4) + triad("F", "A", "C", 4), triad("G", "B", "D", 8))
    assert chords(score(*bars)) == [(0.0, 0, "major"), (2.0, 5, "major"), (4.0, 7, "major"), (6.0, 7, "major")]


def test_a_silent_half_has_none_and_voices_are_put_together() -> None:
    two_voices = (
        note("A", 2, 4) + "<backup><duration>4</duration></backup>" + note("C", 4, 4) + note("E", 4, 4, chord=True)
    )
    found = chords(score(two_voices + "<forward><duration>4</duration></forward>"))
    assert found == [(0.0, 9, "minor")]


def test_a_bar_of_three_is_one_span() -> None:
    three = triad("D", "F", "A", 2) + triad("D", "F", "A", 4)
    assert [chord for _, *chord in chords(score(three, beats=3).replace("<duration>8<", "<duration>6<"))] == [
        [2, "minor"]
    ]


def test_an_archive_gives_the_scores_that_can_be_read(tmp_path: Path) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as scores:
        scores.writestr("META-INF/container.xml", "<container/>")
        scores.writestr("score.xml", score(triad("C", "E", "G", 8)))
    with tarfile.open(tmp_path / ACCOMPANIMENTS_FILE, "w") as archive:
        for name, data in (("lc1.mxl", inner.getvalue()), ("lc2.mxl", b"nothing"), ("notes.txt", b"")):
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    assert read_accompaniments(tmp_path / ACCOMPANIMENTS_FILE) == {"lc1": [(0.0, 0, "major"), (2.0, 0, "major")]}


def test_a_missing_archive_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match=ACCOMPANIMENTS_FILE):
        read_accompaniments(tmp_path / ACCOMPANIMENTS_FILE)
