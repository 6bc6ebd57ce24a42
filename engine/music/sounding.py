"""What sounds when in a score: time per pitch class, and the lowest pitch. Does not know keys or chords.

Everything is told from sorted onsets and ends, so that a file of a million notes takes no longer than sorting them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.music.score import Note, Score

Ticks = NDArray[np.int64]
SILENT = -1


@dataclass(frozen=True)
class Sounding:
    """Notes as arrays (N,), in the order of their onsets."""

    onsets: Ticks
    ends: Ticks
    pitches: Ticks

    @classmethod
    def of(cls, notes: Iterable[Note]) -> Sounding:
        """Return the notes as arrays."""
        rows = [(note.onset_ticks, note.end_ticks, note.pitch) for note in notes]
        table = np.array(sorted(rows), dtype=np.int64).reshape(-1, 3)  # (N, 3)
        return cls(table[:, 0], table[:, 1], table[:, 2])

    @classmethod
    def of_score(cls, score: Score) -> Sounding:
        """Return the notes of all tracks but drums."""
        return cls.of(note for track in score.tracks if not track.is_drum for note in track.notes)

    def shares(self, bounds: Ticks) -> NDArray[np.float64]:
        """Return how many ticks each pitch class sounds between neighbours of `bounds`, which rise: (len - 1, 12)."""
        return np.stack([self._ticks_until(bounds, self.pitches % 12 == tone) for tone in range(12)], axis=1)

    def lowest(self, times: Ticks) -> Ticks:
        """Return the lowest pitch that sounds at each time, SILENT where there is none: (len,)."""
        found = np.full(len(times), SILENT, dtype=np.int64)
        for pitch in np.unique(self.pitches):
            at = self.pitches == pitch
            sounds = np.searchsorted(self.onsets[at], times, "right") > np.searchsorted(
                np.sort(self.ends[at]), times, "right"
            )
            found[sounds & (found == SILENT)] = pitch
        return found

    def voices(self, times: Ticks) -> Ticks:
        """Return how many notes sound at each time: (len,)."""
        return np.searchsorted(self.onsets, times, "right") - np.searchsorted(np.sort(self.ends), times, "right")

    def _ticks_until(self, bounds: Ticks, chosen: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Return the sounding ticks of the chosen notes between bounds, as differences of those until each bound."""
        begun = _passed(np.sort(self.onsets[chosen]), bounds) - _passed(np.sort(self.ends[chosen]), bounds)
        return np.diff(begun)


def _passed(moments: Ticks, bounds: Ticks) -> NDArray[np.float64]:
    """Return for each bound the sum of the ticks that have passed since every moment before it."""
    count = np.searchsorted(moments, bounds, "left")
    total = np.concatenate([[0], np.cumsum(moments)])
    return (count * bounds - total[count]).astype(np.float64)
