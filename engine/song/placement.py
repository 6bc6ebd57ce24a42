"""Where in its bars the syllables of a line may lie: the least misplacement of stresses that its time allows.

A table over syllables and steps, filled from the last syllable back, says what the rest of a line costs at least from any
place, so that whoever writes the line can keep to ways that stay near the least. Does not know pitches, models or tokens.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from engine.errors import RequestError
from engine.music.melody_tokens import STEP_TICKS
from engine.music.score import TimeSignature
from engine.song.alignment import metric_weight
from engine.song.line_frame import SyllableFrame

LONGEST_REST_STEPS = 12
NOTE_DURATIONS = (1, 2, 3, 4, 6, 9, 12, 18, 24, 36, 48)
# Shortest note and shortest last note that are tried in turn, until the syllables fit.
PACES = ((6, 12), (6, 6), (3, 12), (3, 6), (3, 3), (2, 6), (2, 2), (1, 1))

# What a syllable costs on weight 0, 1, 2 and 3, by METRICS 4: a long word off the beat is dearest, then a word's weak
# syllable on it; single words are cheap, as people put one weak syllable in six on a strong place.
PRIMARY, WEAK_IN_WORD, STRESSED_WORD, WEAK_WORD, FREE = (
    (12, 9, 0, 0),
    (0, 0, 0, 2),
    (4, 1, 0, 0),
    (0, 0, 3, 3),
    (0, 0, 0, 0),
)
UPSIDE_DOWN = 9  # a word's stressed syllable on a lighter place than the weak one beside it
LATE = 4  # a syllable after which the rest of the line must hurry
IMPOSSIBLE = 10_000

Table = NDArray[np.int32]


def pace_of(syllables: int, steps: int) -> tuple[int, int]:
    """Return the shortest note and shortest last note with which so many syllables fit; RequestError if none does."""
    return next(iter(paces_of(syllables, steps)))


def paces_of(syllables: int, steps: int) -> list[tuple[int, int]]:
    """Return every such pair, the calmest first; RequestError if there is none."""
    fitting = [
        (unit, last) for unit, last in PACES if (syllables - 1) * unit + max(unit, last) <= steps and steps % unit == 0
    ]
    if not fitting:
        raise RequestError(f"{syllables} syllables do not fit into {steps / 12:g} quarters; give the line more bars")
    return fitting


def place_cost(syllable: SyllableFrame, weight: int) -> int:
    """Return what a syllable costs on a place of weight 0-3."""
    return _costs_of(syllable)[weight]


def pair_cost(before: SyllableFrame, after: SyllableFrame, weight_before: int, weight_after: int) -> int:
    """Return what two neighbours cost by their weights: something where they belong to one word and stand upside down."""
    if after.word_position not in ("middle", "end") or {before.stress, after.stress} != {0, 1}:
        return 0
    stressed, weak = (weight_before, weight_after) if before.stress == 1 else (weight_after, weight_before)
    return UPSIDE_DOWN * (stressed < weak)


class Placement:
    """What is left to pay from any place of a line, for the ways that end on a note of `last_steps` or longer.

    Of the notes before it more than half are at most so long, so that the last one is never shorter than their median.
    Steps are those of the song; syllables belong together without a rest where any verse says so.
    """

    def __init__(
        self,
        verses: Sequence[Sequence[SyllableFrame]],
        start: int,
        end: int,
        time_signature: TimeSignature,
        unit: int,
        last_steps: int,
    ) -> None:
        self.start, self.end, self.unit, self.last_steps = start, end, unit, last_steps
        self.count = len(verses[0])
        self._verses = verses
        self._reach = time_signature.bar_ticks // STEP_TICKS
        self.joined = [any(verse[n].goes_on for verse in verses) for n in range(self.count)]
        self.durations = [steps for steps in NOTE_DURATIONS if steps % unit == 0]
        notes = self.count - 1
        self.most_long = (notes + 1) // 2 - 1 if notes else 0
        places = range((end - start) // unit + 1)
        self._breathless = [0, *(max(verse[n].breath for verse in verses) for n in range(notes))]
        weights = [metric_weight((start + g * unit) * STEP_TICKS, time_signature) for g in places]
        self._weights = np.array(weights, np.int32)
        zero = np.zeros((4, 4), np.int32)
        self._pairs = [sum((_pair_costs(v[n], v[n + 1]) for v in verses), zero) for n in range(notes)]  # (4, 4) each
        self._own: list[Table] = []  # per syllable (places,): what it costs by itself, its haste included
        self._tables: list[Table] = []  # per syllable (long notes left + 1, places)
        self._after_rest: list[Table] = []
        self._fill()

    def _fill(self) -> None:
        size = len(self._weights)
        steps_left = (size - 1 - np.arange(size)) * self.unit
        pace = (self.end - self.start) / (self.count + 1)
        for n in reversed(range(self.count)):
            costs = _sum_of([_costs_of(verse[n]) for verse in self._verses])
            late = steps_left < pace * 0.65 * (self.count - n + (n > 0))
            own = costs[self._weights] + LATE * len(self._verses) * late
            if n == self.count - 1:
                own = np.where(steps_left < self.last_steps, IMPOSSIBLE, own)
                table = np.tile(own, (self.most_long + 1, 1))
            else:
                table = np.minimum(own + self._cheapest_from(n), IMPOSSIBLE)
            self._own.insert(0, own)
            self._tables.insert(0, table)
            self._after_rest.insert(0, self._rested(n, table))

    def _cheapest_from(self, n: int) -> Table:
        """Return what the syllables after n cost at least, by where n stands."""
        later = _padded(self._after_rest[0], self.durations[-1] // self.unit)
        pairs = self._pairs[n] if self.joined[n + 1] and self._pairs[n].any() else None
        size = len(self._weights)
        best = np.full((self.most_long + 1, size), IMPOSSIBLE, np.int32)
        for is_long in (False, True):
            places = [
                d // self.unit for d in self.durations if (d > self.last_steps) == is_long and d // self.unit < size
            ]
            if not places or (is_long and not self.most_long):
                continue
            reached = np.arange(size) + np.array(places)[:, None]  # (durations, places)
            found = later[:, reached]
            if pairs is not None:
                found = found + pairs[self._weights, _padded(self._weights, size, 0)[reached]]
            cheapest = found.min(1)
            if is_long:
                np.minimum(best[1:], cheapest[:-1], out=best[1:])
            else:
                best = cheapest
        return best

    def _rested(self, n: int, table: Table) -> Table:
        """Return the least cost of syllable n from a place or after a rest from there."""
        if n == 0 or self.joined[n]:
            return table
        most = LONGEST_REST_STEPS // self.unit
        at_once = table + self._breathless[n] if self._breathless[n] else table
        after = _padded(table, most)[:, np.arange(table.shape[1]) + np.arange(1, most + 1)[:, None]]
        return np.minimum(at_once, after.min(1))

    def least(self, start: int | None = None) -> int:
        """Return what the line costs at least when it begins within a bar of a step; IMPOSSIBLE where it cannot."""
        first = 0 if start is None else (start - self.start) // self.unit
        return int(self._tables[0][-1, first : first + self._reach // self.unit].min(initial=IMPOSSIBLE))

    def onsets(self, n: int, at: int, long_left: int) -> dict[int, int]:
        """Return the steps at which syllable n may begin, and what it and all after it then cost, without its pair."""
        reach = self._reach if n == 0 else self.unit if self.joined[n] else LONGEST_REST_STEPS + 1
        first = (at - self.start) // self.unit
        found = self._tables[n][long_left, first : first + -(-reach // self.unit)].tolist()
        if not self.joined[n]:
            found[0] += self._breathless[n]
        return {at + g * self.unit: cost for g, cost in enumerate(found) if cost < IMPOSSIBLE}

    def lengths(self, n: int, onset: int, long_left: int) -> dict[int, int]:
        """Return how long syllable n, not the last, may be, and what all after it then cost, with their pair."""
        later, place = self._after_rest[n + 1], (onset - self.start) // self.unit
        found = {}
        for duration in self.durations:
            at, left = place + duration // self.unit, long_left - (duration > self.last_steps)
            if at < len(self._weights) and left >= 0 and later[left, at] < IMPOSSIBLE:
                pair = self._pairs[n][self._weights[place], self._weights[at]] if self.joined[n + 1] else 0
                found[duration] = int(later[left, at] + pair)
        return found

    def cost_at(self, n: int, onset: int) -> int:
        """Return what syllable n alone costs at a step, its haste included."""
        return int(self._own[n][(onset - self.start) // self.unit])

    def join_cost(self, n: int, onset_before: int, end_before: int, onset: int) -> int:
        """Return what syllable n costs beside the one before it: as a pair of one word, or for want of a breath."""
        if self.joined[n]:
            first, second = ((step - self.start) // self.unit for step in (onset_before, onset))
            return int(self._pairs[n - 1][self._weights[first], self._weights[second]])
        return self._breathless[n] * (onset == end_before)


def _costs_of(syllable: SyllableFrame) -> tuple[int, int, int, int]:
    if syllable.word_position == "melisma" or syllable.stress == 2 or (syllable.stress == 0 and syllable.may_be_heavy):
        return FREE
    if syllable.word_position == "single":
        return STRESSED_WORD if syllable.stress == 1 else WEAK_WORD
    return PRIMARY if syllable.stress == 1 else WEAK_IN_WORD


@lru_cache(maxsize=4096)
def _pair_costs(before: SyllableFrame, after: SyllableFrame) -> Table:
    """Return what two neighbours cost by their weights (4, 4)."""
    return np.array([[pair_cost(before, after, a, b) for b in range(4)] for a in range(4)], np.int32)


def _sum_of(costs: Sequence[tuple[int, ...]]) -> Table:
    return np.array([sum(of_weight) for of_weight in zip(*costs, strict=True)], np.int32)


def _padded(table: Table, places: int, value: int = IMPOSSIBLE) -> Table:
    """Return a table with so many more places at its end."""
    more = np.full((*table.shape[:-1], places), value, np.int32)
    return np.concatenate([table, more], axis=-1)
