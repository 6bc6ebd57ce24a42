"""How a band feels the beat: swing, and how far players are from it. Does not know patterns, chords or programs.

The melody is not moved: its words are shown at its ticks.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from engine.music.score import TICKS_PER_QUARTER, TimeSignature

EIGHTHS, SIXTEENTHS = TICKS_PER_QUARTER, TICKS_PER_QUARTER // 2  # the length of a pair that swings


@dataclass(frozen=True)
class Groove:
    """swing: the share of a pair that its first half has, 0.5 straight to 0.67 triplets. pair_ticks: a pair's length.

    looseness_ticks: the standard deviation of an onset; the largest is twice that. laid_back_ticks: how much later than the
    beat bass and snare are. A band keeps below triplets, since the melody that it plays with is straight.
    """

    swing: float = 0.5
    pair_ticks: int = EIGHTHS
    looseness_ticks: int = 5
    laid_back_ticks: int = 0

    def swung(self, offset_ticks: int, time_signature: TimeSignature) -> int:
        """Return where in the bar an offset is played; eighths of 6/8 and their like are straight already."""
        if self.swing == 0.5 or time_signature.denominator == 8:
            return offset_ticks
        pair, inside = divmod(offset_ticks, self.pair_ticks)
        half, first = self.pair_ticks // 2, round(self.pair_ticks * self.swing)
        if inside <= half:
            return pair * self.pair_ticks + round(inside * first / half)
        return pair * self.pair_ticks + first + round((inside - half) * (self.pair_ticks - first) / half)

    def loose(self, onset_ticks: int, rng: random.Random, *, on_time: bool, late_ticks: int = 0) -> int:
        """Return an onset as a player hits it. on_time: it opens a bar or a chord, and is never early."""
        most = 2 * self.looseness_ticks
        moved = min(max(round(rng.gauss(late_ticks, self.looseness_ticks)), -most), most + late_ticks)
        return onset_ticks + (abs(moved) if on_time else moved)


STRAIGHT = Groove()
