"""A comparison of two streams of ratings that may be looked at after every rating. Does not know what is compared.

Wealth is bet on the differences between the new version's ratings and the old one's: before each difference is seen, a
share of the wealth is put on "the new one is better" (and, apart, on "worse"). If neither is better, the wealth is a
nonnegative martingale, which reaches 1/a with a probability of at most a, however often one looks (Ville's inequality);
so a wealth of 20 is evidence at 5 % at any time. The share follows what was seen so far, as aGRAPA does: I. Waudby-Smith
and A. Ramdas, "Estimating means of bounded random variables by betting", Journal of the Royal Statistical Society B 86
(2024).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

Verdict = Literal["better", "worse", "go on"]

ERROR_RATE = 0.05
LARGEST_BET = 0.5  # of the wealth per unit of difference: no difference of -1 to 1 can take more than half
PRIOR_DIFFERENCES, PRIOR_VARIANCE = 4, 0.1  # what is imagined to be known before the first, so that it bets little
LOW_STARS, HIGH_STARS = 1.0, 5.0


@dataclass(frozen=True)
class Comparison:
    """What the differences say up to now.

    differences: how many were seen. mean: of them, -1 to 1; one star is 0.25. better, worse: wealth that began with 1 and
    was bet on either. verdict: at the first moment at which either reached 1 / ERROR_RATE; "go on" before.
    """

    differences: int
    mean: float
    better: float
    worse: float
    verdict: Verdict

    @property
    def evidence(self) -> float:
        """The larger wealth of the two; 20 is enough."""
        return max(self.better, self.worse)


def compare(new: Sequence[float], old: Sequence[float], error_rate: float = ERROR_RATE) -> Comparison:
    """Compare the stars (1-5) of two versions, each in the order given; what came of it stands from its first moment on.

    Each new rating is set against the mean of a run of old ones that no other was set against: those that came with it
    where many more are old. Without any of either there is nothing to compare.
    """
    return compare_differences(differences(new, old), error_rate)


def differences(new: Sequence[float], old: Sequence[float]) -> list[float]:
    """Return each new rating's difference from its share of the old ones, -1 to 1; as many as both can fill."""
    pairs = min(len(new), len(old))
    if not pairs:
        return []
    size = len(old) // pairs
    found = []
    for index in range(pairs):
        beside = old[index * size : (index + 1) * size]
        found.append((new[index] - sum(beside) / len(beside)) / (HIGH_STARS - LOW_STARS))
    return found


def compare_differences(found: Iterable[float], error_rate: float = ERROR_RATE) -> Comparison:
    """Return what a stream of differences (-1 to 1) says."""
    better, worse, total, squares, count = 1.0, 1.0, 0.0, PRIOR_VARIANCE * PRIOR_DIFFERENCES, 0
    verdict: Verdict = "go on"
    mean = 0.0
    for difference in found:
        mean = total / (count + PRIOR_DIFFERENCES)
        variance = squares / (count + PRIOR_DIFFERENCES)
        bet = mean / (variance + mean * mean)
        better *= 1 + min(max(bet, 0.0), LARGEST_BET) * difference
        worse *= 1 + min(max(-bet, 0.0), LARGEST_BET) * -difference
        total, count = total + difference, count + 1
        squares += (difference - total / (count + PRIOR_DIFFERENCES)) ** 2
        if verdict == "go on" and max(better, worse) >= 1 / error_rate:
            verdict = "better" if better > worse else "worse"
    return Comparison(count, total / count if count else 0.0, better, worse, verdict)
