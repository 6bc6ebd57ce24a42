"""The tune that a band plays to: its notes, its rests, and how much room there is below it. Does not know chords."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class TuneNote:
    """onset_ticks, end_ticks: from tick to tick. pitch: 0-127. is_spoken: rapped, so that nobody sings along."""

    onset_ticks: int
    end_ticks: int
    pitch: int
    is_spoken: bool = False


class Tune:
    """Notes of one line in order, to be asked about any stretch of time."""

    def __init__(self, notes: Iterable[TuneNote]) -> None:
        self.notes = tuple(sorted(notes))
        self._onsets = [note.onset_ticks for note in self.notes]

    def starting_in(self, start: int, end: int) -> Sequence[TuneNote]:
        """Return the notes that begin between two ticks."""
        return self.notes[bisect_left(self._onsets, start) : bisect_left(self._onsets, end)]

    def sounding_in(self, start: int, end: int) -> Sequence[TuneNote]:
        """Return the notes that sound between two ticks."""
        first = bisect_left(self._onsets, start)
        while first and self.notes[first - 1].end_ticks > start:
            first -= 1
        return [note for note in self.notes[first : bisect_left(self._onsets, end)] if note.end_ticks > start]

    def before(self, ticks: int, most: int) -> Sequence[TuneNote]:
        """Return the last notes that begin before a tick, at most so many."""
        at = bisect_left(self._onsets, ticks)
        return self.notes[max(0, at - most) : at]

    def rests(self, start: int, end: int) -> list[tuple[int, int]]:
        """Return where nothing sounds between two ticks, in order."""
        found, at = [], start
        for note in self.sounding_in(start, end):
            if note.onset_ticks > at:
                found.append((at, note.onset_ticks))
            at = max(at, note.end_ticks)
        return [*found, (at, end)] if at < end else found

    def lowest_in(self, start: int, end: int) -> int | None:
        """Return the lowest pitch that sounds between two ticks; None in a rest."""
        return min((note.pitch for note in self.sounding_in(start, end)), default=None)
