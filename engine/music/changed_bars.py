"""Which bars of a score differ from what it was before, for pictures of edits. Does not know what was asked for."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass

from engine.music.bars import bars_of, first_bar
from engine.music.score import Score

MOST_SHARE = 0.9  # of all bars: where more have changed, no stretch of them stands out


@dataclass(frozen=True)
class ChangedBars:
    """A stretch of bars, numbered as people count them, and where it lies in ticks."""

    first: int
    last: int
    onset_ticks: int
    end_ticks: int

    @property
    def text(self) -> str:
        """What is written beside a picture: "bar 9 is new" or "bars 5-8 are new"."""
        return f"bar {self.first} is new" if self.first == self.last else f"bars {self.first}-{self.last} are new"


def changed_bars(before: Score, after: Score) -> ChangedBars | None:
    """Return the stretch from the first bar to the last in which a note begins that was not there, or one is gone.

    None where no note differs, as on another instrument, and where nearly all bars do, as in another key.
    """
    ours, theirs = _notes(after), _notes(before)
    onsets = [note[1] for note in (*(ours - theirs), *(theirs - ours))]
    bars = bars_of(after)
    if not onsets:
        return None
    starts = [bar.onset_ticks for bar in bars]
    first, last = (min(bisect_right(starts, onset), len(bars)) - 1 for onset in (min(onsets), max(onsets)))
    if last - first + 1 > MOST_SHARE * len(bars):
        return None
    number = first_bar(after)
    return ChangedBars(first + number, last + number, bars[first].onset_ticks, bars[last].end_ticks)


def _notes(score: Score) -> Counter[tuple[bool, int, int, int, int]]:
    return Counter(
        (track.is_drum, note.onset_ticks, note.pitch, note.duration_ticks, note.velocity)
        for track in score.tracks
        for note in track.notes
    )
