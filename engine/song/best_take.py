"""Several takes of a part of a song, of which the best is kept. Does not know what is made, nor what is liked.

The first take is the one that the song's seed gives, the others have seeds of their own that follow from it, so that the
same request, seed and models give the same song again. What the takes cost is in the seconds of their stage, all together.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from engine.contract import Progress
from engine.song.making import Making

MOST_TAKES = 16
LARGEST_SEED = 2**31 - 1
_Made = TypeVar("_Made")


def best_take(making: Making, stage: str, make: Callable[[Making], _Made], score: Callable[[_Made], float]) -> _Made:
    """Make `making.best_of` takes and return that of the highest score, the first of equals.

    stage: which is reported, as one over all takes; what was written is told when the choice is made, for the lines of
    several takes, shown as they come, would be no song.
    """
    makings = [_OneTake(making, number, stage) for number in range(making.best_of)]
    made = []
    for one in makings:
        taken = make(one.making)
        made.append((taken, score(taken)))
    best = max(range(len(made)), key=lambda number: made[number][1])
    making.notices.extend(makings[best].making.notices)
    total = makings[best].total * making.best_of
    making.report(Progress(stage=stage, done=total, total=max(total, 1), text="".join(makings[best].texts)))
    return made[best][0]


class _OneTake:
    """How one of several takes is made: with its own seed and notices, and with its progress as a part of that of all."""

    def __init__(self, making: Making, number: int, stage: str) -> None:
        self._all, self._number, self._stage = making, number, stage
        self.texts: list[str] = []
        self.total = 0
        self.making = replace(making, seed=seed_of(making.seed, number), notices=[], report=self._report)

    def _report(self, progress: Progress) -> None:
        if progress.stage != self._stage:
            if self._number == 0:  # the stages before are told once: nothing that is shown goes back
                self._all.report(progress)
            return
        self.total = max(self.total, progress.total)
        if progress.text:
            self.texts.append(progress.text)
        done = self._number * progress.total + min(progress.done, progress.total)
        self._all.report(Progress(stage=self._stage, done=done, total=progress.total * self._all.best_of))


def seed_of(seed: int, number: int) -> int:
    """Return the seed of a take: the song's own for the first, 0, and for each other one that follows from it."""
    return seed if number == 0 else random.Random(f"take {number} of {seed}").randint(0, LARGEST_SEED)
