"""Blind reading: can a plain classifier tell lead sheets of a maker from people's by their figures? Does not know makers.

Both are cut to the same number of sung notes. The features are the measures of METRICS 4 and 5 that one melody with words
and chords has. The classifier is logistic regression on standardised features, tried on pairs that it was not fitted to;
one half is chance.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from engine.evaluation import song_metrics
from engine.evaluation.song_metrics import lines_of
from engine.evaluation.tune_shape import DETAILS, SHAPE, chord_tones_on_strong_beats, groove, silent_beats
from engine.music.lead_sheet import LeadSheet

Feature = Callable[[LeadSheet], float]
SHEETS = 20  # of each kind
DRAWS = 10  # the 20 are drawn so often; the first draw is the one that is quoted
MOST_NOTES = 64  # about a verse and a refrain
PENALTY = 1.0  # on squared weights, as in scikit-learn's LogisticRegression
MOST_STEPS = 50
# Coverage, range and polyphony are left out: they are the same for both sides, or of the singer and not of the tune.
FEATURES: Mapping[str, Feature] = {
    "stress on strong beat": lambda sheet: song_metrics.stress_on_strong_beat([sheet]),
    "weak off strong": lambda sheet: song_metrics.weak_off_strong([sheet]),
    "pair agreement": lambda sheet: song_metrics.pair_agreement([sheet]),
    "longer when stressed": lambda sheet: song_metrics.longer_when_stressed([sheet]),
    "no split word": lambda sheet: song_metrics.split_words([sheet]),
    "cadence": lambda sheet: song_metrics.cadence([sheet]),
    "chord tones on strong beats": chord_tones_on_strong_beats,
    "groove consistency": groove,
    "empty-beat rate": silent_beats,
    **SHAPE,
}


@dataclass(frozen=True)
class BlindReading:
    """accuracy: of the first draw, 0-1. interval: its 95 % (Wilson). mean: of all draws. sheets: of each kind."""

    sheets: int
    accuracy: float
    interval: tuple[float, float]
    mean: float


@dataclass(frozen=True)
class Giveaway:
    """How far one figure tells ours from people's. told: 0.5 not at all, 1 always ours higher, 0 always lower (AUC)."""

    name: str
    ours: float
    people: float
    told: float

    @property
    def strength(self) -> float:
        return abs(self.told - 0.5)


def first_notes(sheet: LeadSheet, most: int = MOST_NOTES) -> LeadSheet:
    """Return the sheet up to the last whole line within the first `most` notes, or up to its first line."""
    count = 0
    for line in lines_of(sheet):
        if count and count + len(line) > most:
            break
        count += len(line)
    return replace(sheet, notes=sheet.notes[:count])


def features_of(sheets: Sequence[LeadSheet], features: Mapping[str, Feature] = FEATURES) -> np.ndarray:
    """Return the figures of the first notes of each sheet: float64 (sheets, features), NaN where one has none."""
    cut = [first_notes(sheet) for sheet in sheets]
    return np.array([[measure(sheet) for measure in features.values()] for sheet in cut], float).reshape(
        len(cut), len(features)
    )


def read_blind(ours: np.ndarray, people: np.ndarray, *, sheets: int = SHEETS, draws: int = DRAWS) -> BlindReading:
    """Draw so many sheets of each side, leave each pair of them out in turn, and count how often both are told right.

    ours, people: float64 (sheets, features). NaN figures where a side has fewer than three sheets.
    """
    sheets = min(sheets, len(ours), len(people))
    if sheets < 3:
        return BlindReading(sheets, math.nan, (math.nan, math.nan), math.nan)
    found = []
    for seed in range(draws):
        rng = random.Random(seed)
        mine, theirs = rng.sample(range(len(ours)), sheets), rng.sample(range(len(people)), sheets)
        found.append(_pairs_left_out(ours[mine], people[theirs]))
    first = found[0]
    return BlindReading(sheets, first, _wilson(first, 2 * sheets), float(np.mean(found)))


def giveaways(
    ours: Sequence[LeadSheet], people: Sequence[LeadSheet], features: Mapping[str, Feature] | None = None
) -> list[Giveaway]:
    """Return for each figure, those of DETAILS too, how far it alone tells ours from people's; the strongest first."""
    features = features if features is not None else {**FEATURES, **DETAILS}
    mine, theirs = features_of(ours, features), features_of(people, features)
    found = []
    for column, name in enumerate(features):
        a, b = (values[~np.isnan(values)] for values in (mine[:, column], theirs[:, column]))
        if len(a) and len(b):
            found.append(Giveaway(name, float(np.median(a)), float(np.median(b)), told_apart(a, b)))
    return sorted(found, key=lambda one: -one.strength)


def told_apart(ours: np.ndarray, people: np.ndarray) -> float:
    """Return how often one of ours is above one of people's, ties half: the area under the ROC curve. NaN for an empty side."""
    if not len(ours) or not len(people):
        return math.nan
    above = (ours[:, None] > people).mean() + 0.5 * (ours[:, None] == people).mean()
    return float(above)


def fit(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return weights of logistic regression by Newton's method, the last one the constant, which has no penalty.

    x: float64 (sheets, features), standardised. y: 0 or 1 (sheets,).
    """
    with_one = np.c_[x, np.ones(len(x))]
    penalty = np.r_[np.full(x.shape[1], PENALTY), 1e-9]
    weights = np.zeros(with_one.shape[1])
    for _ in range(MOST_STEPS):
        told = 1 / (1 + np.exp(-np.clip(with_one @ weights, -30, 30)))
        slope = with_one.T @ (told - y) + penalty * weights
        curve = (with_one.T * (told * (1 - told))) @ with_one + np.diag(penalty)
        step = np.linalg.solve(curve, slope)
        weights = weights - step
        if np.abs(step).max() < 1e-8:
            break
    return weights


def _pairs_left_out(ours: np.ndarray, people: np.ndarray) -> float:
    """Return the accuracy over every pair of one of ours and one of people's, fitted to all others each time."""
    x, y = np.r_[ours, people], np.r_[np.ones(len(ours)), np.zeros(len(people))]
    right = 0
    for mine in range(len(ours)):
        for theirs in range(len(ours), len(x)):
            left = np.ones(len(x), bool)
            left[[mine, theirs]] = False
            mean, scale = _standard(x[left])
            weights = fit(_standardised(x[left], mean, scale), y[left])
            score = np.c_[_standardised(x[~left], mean, scale), np.ones(2)] @ weights
            right += int(score[0] > 0) + int(score[1] <= 0)
    return right / (2 * len(ours) * len(people))


def _standard(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and standard deviation of each feature, of those that are there; 0 and 1 where there is nothing to tell."""
    there = ~np.isnan(x)
    counts = np.maximum(there.sum(axis=0), 1)
    mean = np.where(there, x, 0).sum(axis=0) / counts
    scale = np.sqrt(np.where(there, (x - mean) ** 2, 0).sum(axis=0) / counts)
    return mean, np.where(scale > 1e-12, scale, 1.0)


def _standardised(x: np.ndarray, mean: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Return the features in deviations from the mean; a missing one is as the mean."""
    return np.nan_to_num((x - mean) / scale, nan=0.0)


def _wilson(share: float, count: int) -> tuple[float, float]:
    """Return the 95 % interval of a share of `count` trials (Wilson, 1927)."""
    z = 1.959964
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    return max(0.0, middle - half), min(1.0, middle + half)
