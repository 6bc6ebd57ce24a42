"""Pictures of scores that have no lead sheet: always the same, whatever the file holds."""

from __future__ import annotations

import struct

import pytest

from engine.music.score import Note, Score, TimeSignature, TimeSignatureChange, Track
from engine.output.score_picture import pitches_shown, score_png

FLUTE = Track("", 73, (Note(0, 72, 480), Note(480, 74, 480)))
DRUMS = Track("a very long name of a track \u6f22", 0, (Note(0, 36, 10),), is_drum=True)
SCORES = {
    "one": Score((FLUTE,), 960, title="$x^2$ <b>"),
    "many": Score((FLUTE, DRUMS) * 9, 960, key_name="Bb minor"),
    "empty": Score((), 0),
    "edges": Score((Track("", 0, (Note(0, 0, 1), Note(5, 127, 1))),), 6),
    "small bars": Score((FLUTE,), 10**6, time_signatures=(TimeSignatureChange(0, TimeSignature(1, 32)),)),
}


@pytest.mark.parametrize("name", SCORES)
def test_a_picture_has_its_size_and_is_the_same_each_time(name: str) -> None:
    picture = score_png(SCORES[name])
    assert struct.unpack(">II", picture[16:24]) == (1600, 900)
    assert picture == score_png(SCORES[name])


def test_two_octaves_are_shown_at_least() -> None:
    assert pitches_shown(SCORES["one"]) == (61, 85)
    assert pitches_shown(SCORES["edges"]) == (-1, 128)
    assert pitches_shown(SCORES["empty"]) == (48, 72)
