"""Where the bars of a score begin on a grid, whatever its time signatures; a bar that is cut short gets its own.

Does not know notes or ids.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from engine.music.grid import nearest_step
from engine.music.score import TICKS_PER_QUARTER, TimeSignature, TimeSignatureChange

THIRTY_SECOND_TICKS = TICKS_PER_QUARTER // 8  # every bar of every time signature is a whole number of them
MOST_BEATS = 32


@dataclass(frozen=True)
class BarLines:
    """Bars from tick 0 to the end of the last, at least one; each change of time signature begins a bar.

    changes: the first at tick 0, each of another time signature than the one before.
    """

    changes: tuple[TimeSignatureChange, ...]
    length_ticks: int

    def onsets_ticks(self) -> NDArray[np.int64]:
        """Return where the bars begin."""
        return np.concatenate(
            [
                np.arange(change.onset_ticks, end, change.time_signature.bar_ticks)
                for change, end in zip(self.changes, self._ends(), strict=True)
            ]
        )

    def _ends(self) -> list[int]:
        return [*(change.onset_ticks for change in self.changes[1:]), self.length_ticks]


def bar_lines(changes: Sequence[TimeSignatureChange], length_ticks: int) -> BarLines:
    """Return the bars of a score of so many ticks, the last one filled.

    Changes move to the nearest thirty-second; those from the length on are left out. Where one comes inside a bar,
    what is left of that bar becomes a bar (or two) with a time signature of its own: 4/4 that is cut after three
    quarters is a bar of 3/4.
    """
    signatures = {0: TimeSignature(4, 4)}
    for change in changes:
        onset = nearest_step(change.onset_ticks, THIRTY_SECOND_TICKS) * THIRTY_SECOND_TICKS
        if onset == 0 or onset < length_ticks:
            signatures[onset] = change.time_signature
    onsets = sorted(signatures)
    found: list[TimeSignatureChange] = []
    for onset, end in pairwise(onsets):
        found += _bars_between(onset, end, signatures[onset])
    last, bar_ticks = onsets[-1], signatures[onsets[-1]].bar_ticks
    found.append(TimeSignatureChange(last, signatures[last]))
    bars = max(1, -(-(length_ticks - last) // bar_ticks))
    changed = [
        change
        for before, change in zip([None, *found], found, strict=False)
        if before is None or change.time_signature != before.time_signature
    ]
    return BarLines(tuple(changed), last + bars * bar_ticks)


def _bars_between(onset: int, end: int, signature: TimeSignature) -> list[TimeSignatureChange]:
    rest = (end - onset) % signature.bar_ticks
    found = [TimeSignatureChange(onset, signature)] if end - rest > onset else []
    for short in _short_bars(rest // THIRTY_SECOND_TICKS):
        found.append(TimeSignatureChange(end - rest, short))
        rest -= short.bar_ticks
    return found


def _short_bars(thirty_seconds: int) -> list[TimeSignature]:
    """Return the time signatures of so long a bar, in quarters where that is possible: one if one can say it, or two."""
    if thirty_seconds == 0:
        return []
    numerator, denominator = thirty_seconds, 32
    while numerator % 2 == 0 and (denominator > 4 or (denominator > 1 and numerator > MOST_BEATS)):
        numerator, denominator = numerator // 2, denominator // 2
    if numerator <= MOST_BEATS:
        return [TimeSignature(numerator, denominator)]
    return [TimeSignature(thirty_seconds // 32, 1), *_short_bars(thirty_seconds % 32)]
