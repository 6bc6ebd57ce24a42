"""What bars are worth beside their likelihood: as many notes as before, and an end on the tonic that is held.

Does not know models or how bars are written.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from engine.music.part_vocabulary import STEPS_PER_QUARTER, VOCABULARY
from engine.music.piece import Voice
from engine.music.piece_grid import GridNote

HOME = 0.5  # nats a token that the tonic in the end is worth, and as many a note that is held there
HELD_STEPS = 2 * STEPS_PER_QUARTER


def unlike(ids: Sequence[int], expected: float) -> float:
    """Return by how much the number of notes differs from what is expected, as a logarithm; 0 where nothing is.

    With it a likely silence does not win.
    """
    if not expected:
        return 0.0
    notes = sum(VOCABULARY.kind(token) == "duration" for token in ids)
    return abs(math.log((notes + 1) / (expected + 1)))


def home_of(*, minor: bool) -> tuple[int, int, int]:
    """Return the tonic, third and fifth of C major or A minor."""
    return (9, 0, 4) if minor else (0, 4, 7)


def landing(notes: Mapping[Voice, Sequence[Sequence[GridNote]]], home: Sequence[int]) -> float:
    """Return what voices (bars of notes each) earn for how they end, on average: nothing for one that is silent in the end.

    The most for the tonic, less for another tone of its chord, and as much again the longer it is held.
    """
    earned = []
    for bars in notes.values():
        last = max(bars[-1], key=lambda note: note.step, default=None) if bars else None
        tone = 0.0 if last is None or last.pitch % 12 not in home else 1.0 if last.pitch % 12 == home[0] else 0.5
        held = 0.0 if last is None else min(1.0, last.duration / HELD_STEPS)
        earned.append(HOME * (tone + held))
    return sum(earned) / len(earned) if earned else 0.0
