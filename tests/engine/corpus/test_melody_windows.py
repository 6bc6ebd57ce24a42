"""Promises of melodies by split: what stands in training in any key is not held out, and too few are refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.corpus import melody_windows
from engine.corpus.melody_windows import melodies_of, read_melodies
from engine.corpus.music_pieces import Work
from engine.corpus.records import Split
from engine.errors import RequestError
from engine.music.melody_bars import BAR_TICKS, possible_semitones
from engine.music.piece import Bar, Piece
from engine.music.score import Note, TimeSignature


def work(split: Split, pitches: list[int]) -> Work:
    """Return a work of quarters in 4/4."""
    notes = tuple(Note(n * 480, pitch, 480) for n, pitch in enumerate(pitches))
    bars = tuple(Bar(n * BAR_TICKS, BAR_TICKS, TimeSignature(4, 4)) for n in range(len(pitches) // 4))
    return Work(f"{split}/{pitches[0]}", "song", split, Piece(bars, {"melody": notes}))


TUNE = [60, 62, 64, 65, 67, 65, 64, 62, 60, 64, 67, 72]
MOVED = [pitch + 3 for pitch in TUNE]
OTHER = [60, 60, 67, 67, 69, 69, 67, 65]


def test_what_was_learned_in_any_key_is_not_held_out() -> None:
    found = melodies_of([work("train", TUNE), work("valid", MOVED), work("valid", OTHER), work("test", MOVED)], 2)
    assert {split: len(melodies) for split, melodies in found.items()} == {"train": 2, "valid": 1, "test": 0}
    assert found["test"].shape == (0, 32)
    assert possible_semitones(found["valid"][0]) == (21 - 60, 108 - 69)


def test_too_few_melodies_and_other_lengths_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(melody_windows, "read_works", lambda data: [work("train", TUNE)])
    with pytest.raises(RequestError, match=r"too few melodies of 2 bars of 4/4 \(2 train, 0 valid, 0 test\)"):
        read_melodies(Path("there"), 2)
    with pytest.raises(RequestError, match="bars must be 2 or 16, got 4"):
        read_melodies(Path("there"), 4)
