"""Two models beside each other: every figure with its interval, and the difference with its own. Does not know models.

Intervals hold 95 % of the figures of 2,000 bootstrap resamples of the songs (Efron and Tibshirani 1993, percentiles), the
same every time. Where both sides were asked the same, songs are drawn in pairs, which takes the requests' own variety out of
the difference. Of twenty figures that do not differ, one is expected to seem to.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from engine.evaluation.word_figures import FIGURES, Better, Reference, Values, values_of
from engine.evaluation.word_songs import WrittenSong

RESAMPLES, CONFIDENCE = 2000, 0.95
Verdict = Literal["better", "worse", "higher", "lower", "no difference"]
Interval = tuple[float, float]


@dataclass(frozen=True)
class Compared:
    """One figure of both sides. difference: first minus second. good: which way the figure is good."""

    name: str
    first: float
    first_interval: Interval
    second: float
    second_interval: Interval
    difference: float
    interval: Interval
    good: Better

    @property
    def verdict(self) -> Verdict:
        """Say what the first is beside the second: "no difference" where the interval holds 0.

        A figure that should be as people's is only higher or lower.
        """
        low, high = self.interval
        if low <= 0 <= high:
            return "no difference"
        if self.good == "as people":
            return "higher" if low > 0 else "lower"
        return "better" if (low > 0) == (self.good == "higher") else "worse"


def compare_songs(
    first: Sequence[WrittenSong], second: Sequence[WrittenSong], reference: Reference
) -> tuple[list[Compared], bool]:
    """Return every figure that both have, and whether the songs were drawn in pairs: those of the same request and seed."""
    mine, others = _paired(first, second)
    is_paired = bool(mine)
    mine, others = (mine, others) if is_paired else (list(first), list(second))
    return compare_values(values_of(mine, reference), values_of(others, reference), is_paired=is_paired), is_paired


def compare_values(
    first: Mapping[str, Values], second: Mapping[str, Values], *, is_paired: bool, good: Mapping[str, Better] = FIGURES
) -> list[Compared]:
    """Return the figures that both sides have, in the order of `good`. is_paired: value i of both belongs to one request."""
    found = []
    for name in good:
        if name in first and name in second and not math.isnan(first[name].figure + second[name].figure):
            found.append(_compared(name, first[name], second[name], is_paired, good[name]))
    return found


def choices_of(size: int, seed: int, resamples: int = RESAMPLES) -> np.ndarray:
    """Return which songs each resample takes: int (resamples, size), drawn with replacement."""
    return np.random.default_rng(seed).integers(0, size, (resamples, size))


def interval_of(figures: np.ndarray) -> Interval:
    """Return the middle 95 % of figures; NaN ones, of resamples that drew nothing to count, are left out."""
    kept = figures[~np.isnan(figures)]
    if not len(kept):
        return math.nan, math.nan
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(kept, (tail, 1 - tail))
    return float(low), float(high)


def _compared(name: str, first: Values, second: Values, is_paired: bool, good: Better) -> Compared:
    mine = first.of(choices_of(len(first.sums), 0))
    others = second.of(choices_of(len(second.sums), 0 if is_paired else 1))
    return Compared(
        name,
        first.figure,
        interval_of(mine),
        second.figure,
        interval_of(others),
        first.figure - second.figure,
        interval_of(mine - others),
        good,
    )


def _paired(first: Sequence[WrittenSong], second: Sequence[WrittenSong]) -> tuple[list[WrittenSong], list[WrittenSong]]:
    """Return the songs that both were asked for, in one order; [] where fewer than half of either side's were."""
    mine = {song.request_name: song for song in first}
    others = {song.request_name: song for song in second}
    both = [name for name in mine if name in others]
    if 2 * len(both) < max(len(first), len(second)) or len(both) < 2:
        return [], []
    return [mine[name] for name in both], [others[name] for name in both]
