"""What people said of takes, as rows to learn from: liked or not, one better than another. Does not know words, notes or models.

Stars count by how far they lie from what their rater usually gives: four stars praise little where all the rest has five.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np

from engine.corpus.records import Split
from engine.corpus.snapshots import JudgementKind, Snapshot, Take

USUAL_STARS, DOUBT = 3.0, 2.0  # what a rater is taken to give usually before any, and for how many stars that counts
SMALLEST_DIFFERENCE = 0.25  # stars, under which takes count as alike
# What else is said of one take, in stars above what is usual.
_OTHER: dict[JudgementKind, float] = {"favourite": 1.5, "download": 0.75, "another take": -0.75}


@dataclass(frozen=True)
class Row:
    """A take as ids. learned: whether a model chose the id; the rest was given. prompt: how many ids come before all else."""

    ids: tuple[int, ...]
    learned: tuple[bool, ...]
    prompt: int


@dataclass(frozen=True)
class Liked:
    """A take that was liked or not. weight: above 0; how much, and by how many."""

    row: Row
    liked: bool
    weight: float


@dataclass(frozen=True)
class Preferred:
    """Two takes of one prompt, one of them better. weight: above 0."""

    chosen: Row
    rejected: Row
    weight: float


Encode = Callable[[Take], Row | None]  # None for a take that says nothing of the model, such as a member's own words


def scores(snapshot: Snapshot, split: Split) -> dict[str, tuple[float, float]]:
    """Return for each take of a split by how many stars it lies above the usual, and by how much weight that is said."""
    usual = _usual_stars(snapshot, split)
    said: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for judgement in snapshot.of(split):
        if judgement.kind == "stars":
            said[judgement.take].append((judgement.value - usual[judgement.rater], judgement.weight))
        elif judgement.kind in _OTHER:
            said[judgement.take].append((_OTHER[judgement.kind], judgement.weight))
    return {take: _mean(parts) for take, parts in sorted(said.items()) if sum(weight for _, weight in parts)}


def _usual_stars(snapshot: Snapshot, split: Split) -> dict[str, float]:
    """Return what each rater gives usually; near to the middle for those of whom little is known."""
    given: dict[str, list[float]] = defaultdict(list)
    for judgement in snapshot.of(split):
        if judgement.kind == "stars":
            given[judgement.rater].append(judgement.value)
    return {rater: (sum(stars) + DOUBT * USUAL_STARS) / (len(stars) + DOUBT) for rater, stars in given.items()}


def _mean(parts: Sequence[tuple[float, float]]) -> tuple[float, float]:
    total = sum(weight for _, weight in parts)
    return sum(score * weight for score, weight in parts) / total, total


def liked_rows(snapshot: Snapshot, split: Split, encode: Encode) -> list[Liked]:
    """Return the takes of a split that were liked more or less than usual."""
    found = []
    for take, (score, weight) in scores(snapshot, split).items():
        row = encode(snapshot.takes[take])
        if row is not None and score:
            found.append(Liked(row, score > 0, abs(score) * weight))
    return found


def preferred_rows(snapshot: Snapshot, split: Split, encode: Encode) -> list[Preferred]:
    """Return the pairs of a split: those that people told apart, and takes of one prompt that were given other stars."""
    rows: dict[str, Row | None] = {}

    def row(take: Take) -> Row | None:
        if take.id not in rows:
            rows[take.id] = encode(take)
        return rows[take.id]

    found = []
    for chosen, rejected, weight in [*snapshot.pairs(split), *_by_stars(snapshot, split)]:
        better, worse = row(chosen), row(rejected)
        if better is not None and worse is not None and better.ids != worse.ids and weight > 0:
            found.append(Preferred(better, worse, weight))
    return found


def _by_stars(snapshot: Snapshot, split: Split) -> Iterator[tuple[Take, Take, float]]:
    """Yield (better, worse, weight) of takes of one prompt; stars of one rater or of several, each from the rater's usual."""
    by_prompt: dict[str, list[tuple[Take, float, float]]] = defaultdict(list)
    for name, (score, weight) in scores(snapshot, split).items():
        take = snapshot.takes[name]
        by_prompt[take.prompt].append((take, score, weight))
    for takes in by_prompt.values():
        for (a, score_a, weight_a), (b, score_b, weight_b) in combinations(takes, 2):
            difference = score_a - score_b
            if abs(difference) >= SMALLEST_DIFFERENCE:
                better, worse = (a, b) if difference > 0 else (b, a)
                yield better, worse, abs(difference) * min(weight_a, weight_b)


def counts(rows: Sequence[Liked] | Sequence[Preferred]) -> dict[str, Any]:
    """Return how many rows there are, and how many chosen ids the better and the worse ones have on average."""
    better: list[Row] = []
    worse: list[Row] = []
    for rated in rows:
        if isinstance(rated, Liked):
            (better if rated.liked else worse).append(rated.row)
        else:
            better.append(rated.chosen)
            worse.append(rated.rejected)
    return {
        "better": len(better),
        "worse": len(worse),
        "ids_of_better": _mean_ids(better),
        "ids_of_worse": _mean_ids(worse),
    }


def _mean_ids(rows: list[Row]) -> float | None:
    return round(sum(sum(row.learned) for row in rows) / len(rows), 1) if rows else None


def evened(rows: Sequence[Any]) -> list[Any]:
    """Return rows with weights of mean 1, so that each of two sources is shown as often as it has rows."""
    mean = sum(row.weight for row in rows) / len(rows) if rows else 1.0
    return [replace(row, weight=row.weight / mean) for row in rows]


def drawn(weights: Sequence[float], count: int, rng: np.random.Generator) -> list[int]:
    """Return `count` places, pass after pass in another order; a place is in a pass as likely as its weight is large.

    Empty for no weights.
    """
    if not weights:
        return []
    likely = np.asarray(weights, np.float64) / max(weights)
    found: list[int] = []
    while len(found) < count:
        order = rng.permutation(len(likely))
        found += [int(place) for place in order if rng.random() < likely[place]]
    return found[:count]


def liked_in_turn(rows: Sequence[Liked], count: int, seed: int) -> list[Liked]:
    """Return `count` rows as they are shown: liked and not liked by turns, however many there are of each."""
    rng = np.random.default_rng(seed)
    sides = [[row for row in rows if row.liked == liked] for liked in (True, False)]
    shown = [[side[i] for i in drawn([row.weight for row in side], -(-count // 2), rng)] for side in sides]
    return _by_turns(shown)[:count]


def _by_turns(sides: Iterable[Sequence[Liked]]) -> list[Liked]:
    return [row for pair in zip(*sides, strict=True) for row in pair]
