"""How often a judge agrees with people whom it has not learned from, against chance. Does not know how it was learned.

Two kinds of answers are held against it. Of a pair it should prefer the take that people chose. Of two ratings that differ
by more than TOLD_APART, each taken above or below what its rater usually gives, it should score the better rated take higher.
A rating is compared with every other one, yet counts as one trial: the interval is Wilson's over the ratings and pairs, each
by its weight. Where ratings are chance, so is the agreement, whatever the judge: 50 %.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from engine.corpus.records import Split
from engine.corpus.snapshots import PAIRED, Judgement, Snapshot, Take
from engine.errors import RequestError
from engine.music.as_json import lead_sheet_from_json
from engine.song.judge import Judge

TOLD_APART = 0.5  # stars between two ratings, under which neither is better
NORMAL_95 = 1.959964  # standard deviations to either side that hold 95 %
RATINGS_OF_MEAN = 4.0  # as many of everybody's ratings stand beside a rater's own in what is usual for that rater
BINS = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0)


class Accuracy(NamedTuple):
    """The share of agreement, its Wilson interval at 95 %, and as how many trials the held-out ratings and pairs count."""

    accuracy: float
    low: float
    high: float
    n: float

    @property
    def knows(self) -> bool:
        """Whether it is better than chance."""
        return self.low > 0.5


@dataclass(frozen=True)
class Compared:
    """Pairs of takes that people told apart. gap: score of the better liked one minus that of the other, float64 (pairs,).

    weight: of each, (pairs,). trials: how many ratings and pairs they come from, by weight.
    """

    gap: np.ndarray
    weight: np.ndarray
    trials: float


@dataclass(frozen=True)
class Bin:
    """What the judge foresaw with a probability of low-high: on average, and how often it came true."""

    low: float
    high: float
    foreseen: float
    came_true: float
    comparisons: int


def accuracy(judge: Judge, snapshot: Snapshot, split: Split) -> Accuracy:
    """Return how often a judge agrees with the ratings and pairs of a split that it did not learn from.

    RequestError where nothing was told apart there.
    """
    said = snapshot.of(split)
    return accuracy_of(compared(said, scores_of(judge, said, snapshot.takes), usual_stars(snapshot.judgements)))


def accuracy_of(pairs: Compared) -> Accuracy:
    """Return the agreement of scores with what people told apart; a tie is half right. RequestError where nothing was."""
    if not len(pairs.gap):
        raise RequestError("no held-out ratings or pairs tell two takes apart; gather more ratings, of more prompts")
    right = float(pairs.weight @ (0.5 * (1.0 + np.sign(pairs.gap))) / pairs.weight.sum())
    return Accuracy(right, *wilson(right, pairs.trials), round(pairs.trials, 1))


def compared(said: Sequence[Judgement], scores: Mapping[str, float], usual: Mapping[str, float]) -> Compared:
    """Return what people told apart, with the scores of the takes; usual: the stars that each rater gives on average."""
    stars = [one for one in said if one.kind == "stars"]
    above = np.array([one.value - usual[one.rater] for one in stars])
    score = np.array([scores[one.take] for one in stars])
    weights = np.array([one.weight for one in stars])
    better, worse = np.nonzero(above[:, None] - above[None, :] > TOLD_APART)
    pairs = [one for one in said if one.kind in PAIRED and one.rejected is not None]
    pair_gaps = np.array([scores[one.take] - scores[str(one.rejected)] for one in pairs])
    pair_weights = np.array([one.weight for one in pairs])
    trials_of_stars = _trials(weights) if len(better) else 0.0
    star_weights = weights[better] * weights[worse]
    # a rating is in many comparisons, a pair in one: both kinds count by their trials
    star_weights = star_weights * (trials_of_stars / star_weights.sum()) if len(better) else star_weights
    trials_of_pairs = _trials(pair_weights)
    pair_weights = pair_weights * (trials_of_pairs / pair_weights.sum()) if trials_of_pairs else pair_weights
    return Compared(
        np.concatenate([score[better] - score[worse], pair_gaps]),
        np.concatenate([star_weights, pair_weights]),
        trials_of_stars + trials_of_pairs,
    )


def together(parts: Sequence[Compared]) -> Compared:
    """Return what was told apart in several places as one."""
    gaps, weights = [part.gap for part in parts], [part.weight for part in parts]
    return Compared(np.concatenate(gaps), np.concatenate(weights), sum(part.trials for part in parts))


def reliability(pairs: Compared, judge: Judge) -> list[Bin]:
    """Return how often what the judge foresaw came true, by how sure it was; empty bins are left out."""
    sure = 1.0 / (1.0 + np.exp(-np.clip(judge.steepness * np.abs(pairs.gap), 0.0, 50.0)))
    true = 0.5 * (1.0 + np.sign(pairs.gap))
    found = []
    for low, high in pairwise(BINS):
        inside = (sure >= low) & ((sure < high) | (high == BINS[-1]))
        if inside.any():
            weight = pairs.weight[inside]
            found.append(Bin(low, high, float(weight @ sure[inside] / weight.sum()),
                             float(weight @ true[inside] / weight.sum()), int(inside.sum())))  # fmt: skip
    return found


def judge_figures(judge: Judge, snapshot: Snapshot, split: Split) -> dict[str, Any]:
    """Return the accuracy of a judge on a split with its interval, and its reliability, as JSON values."""
    said = snapshot.of(split)
    pairs = compared(said, scores_of(judge, said, snapshot.takes), usual_stars(snapshot.judgements))
    found = accuracy_of(pairs)
    return {"split": split, **found._asdict(), "chance": 0.5, "better than chance": found.knows,
            "reliability": [asdict(one) for one in reliability(pairs, judge)]}  # fmt: skip


def scores_of(judge: Judge, said: Sequence[Judgement], takes: Mapping[str, Take]) -> dict[str, float]:
    """Return the judge's score of every take that is spoken of, by id."""
    names = {name for one in said for name in (one.take, one.rejected) if name is not None}
    return {name: score_of(judge, takes[name]) for name in sorted(names)}


def score_of(judge: Judge, take: Take) -> float:
    """Return the judge's score of a take."""
    return judge.score(take.text, lead_sheet_from_json(take.sheet) if take.sheet is not None else None)


def usual_stars(said: Sequence[Judgement]) -> dict[str, float]:
    """Return the stars that each rater gives on average, drawn towards everybody's, by weight, where they are few."""
    stars = [one for one in said if one.kind == "stars"]
    weight = sum(one.weight for one in stars)
    mean = sum(one.weight * one.value for one in stars) / weight if weight else 0.0
    given: dict[str, list[float]] = defaultdict(list)
    for one in stars:
        given[one.rater].append(one.value)
    return {
        rater: (sum(values) + RATINGS_OF_MEAN * mean) / (len(values) + RATINGS_OF_MEAN)
        for rater, values in given.items()
    }


def wilson(share: float, trials: float) -> tuple[float, float]:
    """Return the interval at 95 % of a share seen in so many trials (Wilson 1927); 0 and 1 for none."""
    if trials <= 0:
        return 0.0, 1.0
    z2 = NORMAL_95**2
    middle = (share + z2 / (2 * trials)) / (1 + z2 / trials)
    reach = NORMAL_95 * math.sqrt(share * (1 - share) / trials + z2 / (4 * trials**2)) / (1 + z2 / trials)
    return max(0.0, middle - reach), min(1.0, middle + reach)


def _trials(weights: np.ndarray) -> float:
    """Return how many trials of weight 1 say as much as these (Kish 1965)."""
    return float(weights.sum() ** 2 / (weights**2).sum()) if len(weights) and weights.any() else 0.0
