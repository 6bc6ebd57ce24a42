"""Melodies of 2 or 16 bars of 4/4 by split, cut from the works of a data folder. Does not know models."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from engine.corpus.music_pieces import Work, read_works
from engine.corpus.records import Split
from engine.errors import RequestError
from engine.music.melody_bars import FIRST_NOTE, LENGTHS, STEPS_PER_BAR, Symbols, windows

SPLITS: tuple[Split, ...] = ("train", "valid", "test")
Melodies = dict[Split, Symbols]  # (N, S) each


def read_melodies(data: Path, bars: int) -> Melodies:
    """Return the melodies under a data folder; RequestError for other lengths than 2 and 16, and where there are too few."""
    if bars not in LENGTHS:
        raise RequestError(f"bars must be {' or '.join(map(str, LENGTHS))}, got {bars}")
    found = melodies_of(read_works(data), bars)
    if not len(found["train"]) or not len(found["valid"]):
        counts = ", ".join(f"{len(melodies)} {split}" for split, melodies in found.items())
        raise RequestError(f"{data} has too few melodies of {bars} bars of 4/4 ({counts}); name a larger folder")
    return found


def melodies_of(works: Iterable[Work], bars: int) -> Melodies:
    """Return the windows of works by split; held-out ones that stand in training in any key are left out.

    Hymns and chorales share tunes, and songs their commonplaces, which would be told as held out but were learned.
    """
    found: dict[Split, list[Symbols]] = {split: [] for split in SPLITS}
    for work in works:
        found[work.split] += windows(work.piece, bars)
    learned = {_in_any_key(melody) for melody in found["train"]}
    for split in SPLITS[1:]:
        found[split] = [melody for melody in found[split] if _in_any_key(melody) not in learned]
    empty = np.zeros((0, bars * STEPS_PER_BAR), np.int64)
    return {split: np.array(melodies) if melodies else empty for split, melodies in found.items()}


def _in_any_key(melody: Symbols) -> bytes:
    """Return what a melody has in common with its transpositions."""
    notes = melody >= FIRST_NOTE
    return np.where(notes, FIRST_NOTE + melody - melody[notes].min(initial=FIRST_NOTE + 88), melody).tobytes()
