"""Pictures of scores that have no lead sheet: always the same, whatever the file holds."""

from __future__ import annotations

import io
import struct
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.image import imread

from engine.music.changed_bars import ChangedBars
from engine.music.score import Note, Score, TimeSignature, TimeSignatureChange, Track
from engine.output import score_picture
from engine.output.picture import NEW_PANEL
from engine.output.score_picture import pitches_shown, score_png, x_of

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


def test_new_bars_have_a_colour_of_their_own() -> None:
    long = replace(SCORES["one"], length_ticks=8 * 1920)
    pixels = imread(io.BytesIO(score_png(long, ChangedBars(3, 4, 2 * 1920, 4 * 1920))))
    is_new = np.abs(pixels[500, :, :3] - to_rgb(NEW_PANEL)).max(axis=1) < 0.01
    assert np.flatnonzero(is_new)[[0, -1]] == pytest.approx([x_of(long, 2 * 1920), x_of(long, 4 * 1920)], abs=3)


def test_two_octaves_are_shown_at_least() -> None:
    assert pitches_shown(SCORES["one"]) == (61, 85)
    assert pitches_shown(SCORES["edges"]) == (-1, 128)
    assert pitches_shown(SCORES["empty"]) == (48, 72)


def texts_of(monkeypatch: pytest.MonkeyPatch, score: Score, title: str = "") -> list[str]:
    """Return everything that is written in a picture."""
    written: list[str] = []
    plain = score_picture.write

    def noting(axes: Any, x: float, y: float, text: str, **style: Any) -> Any:
        written.append(text)
        return plain(axes, x, y, text, **style)

    monkeypatch.setattr(score_picture, "write", noting)
    score_png(score, None, title)
    return written


def test_bars_chords_and_the_name_of_the_file_are_written(monkeypatch: pytest.MonkeyPatch) -> None:
    triads = [(0, (60, 64, 67)), (1920, (65, 69, 72)), (3840, (67, 71, 74)), (5760, (60, 64, 67))]
    notes = tuple(Note(onset, pitch, 1920) for onset, pitches in triads for pitch in pitches)
    written = texts_of(monkeypatch, Score((Track("Piano", 0, notes),), 7680), "tune")
    assert written[1] == "tune"
    assert [text for text in written if text.isdigit()] == ["1", "2", "3", "4"]
    assert [text for text in written if text in ("C", "F", "G")] == ["C", "F", "G", "C"]


def test_every_track_of_a_band_with_a_choir_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ["Melody", "Chords", "Bass", "Pad", "Drums", "Alto", "Tenor", "Bass 2"]
    tracks = tuple(Track(name, 0, (Note(0, 60, 480),), is_drum=name == "Drums") for name in names)
    assert texts_of(monkeypatch, Score(tracks, 1920))[2:10] == names
