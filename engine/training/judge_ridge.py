"""The regression that a judge is learned by: stars and pairs explained by features and raters. Does not know songs.

The penalty's strength and the weight of the association vectors are chosen by what is explained best of what was held out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from engine.song.judge_features import COMPANY

PENALTIES = (3.0, 10.0, 30.0, 100.0, 300.0, 1000.0, math.inf)
COMPANY_SCALES = (0.15, 0.3, 0.6)  # of each association value beside a named feature: there are many of them
RATER_PENALTY = 4.0  # the variance of one person's stars over that between the usual stars of people


@dataclass(frozen=True)
class Rows:
    """What is to be explained. features: (N, names). rater: (N,), -1 for a pair. target: stars, (N,). weight: (N,)."""

    features: np.ndarray
    rater: np.ndarray
    target: np.ndarray
    weight: np.ndarray
    raters: int

    def at(self, chosen: np.ndarray) -> Rows:
        """Return some of the rows."""
        return replace(self, features=self.features[chosen], rater=self.rater[chosen], target=self.target[chosen],
                       weight=self.weight[chosen])  # fmt: skip


@dataclass(frozen=True)
class Choice:
    """What cross-validation chose. error: mean squared error in stars of what was held out; baseline: that of no judge."""

    penalty: float
    company_scale: float
    error: float
    baseline: float


def solve(rows: Rows, scale: np.ndarray, penalty: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the weights of the features, (names,), and by how much each rater's stars are above the others', (raters,)."""
    size = len(scale)
    who = np.zeros((len(rows.target), rows.raters))
    has_rater = rows.rater >= 0
    who[has_rater, rows.rater[has_rater]] = 1.0
    knows_nothing = math.isinf(penalty)
    columns = who if knows_nothing else np.hstack([rows.features * scale, who])
    penalties = np.full(columns.shape[1], RATER_PENALTY)
    if not knows_nothing:
        penalties[:size] = penalty
    weighted = columns * rows.weight[:, None]
    found = np.linalg.solve(weighted.T @ columns + np.diag(penalties), weighted.T @ rows.target)
    return (np.zeros(size), found) if knows_nothing else (found[:size] * scale, found[size:])


def choose(rows: Rows, folds: np.ndarray, names: Sequence[str]) -> Choice:
    """Return the penalty and scale with which what was held out, fold by fold, is explained best.

    folds: that each row belongs to, (N,).
    """
    errors: dict[tuple[float, float], float] = {}
    for penalty, company_scale in product(PENALTIES, COMPANY_SCALES):
        if math.isinf(penalty) and company_scale != COMPANY_SCALES[0]:
            continue
        scale = scales(names, company_scale)
        squares = sum(
            _squares(rows.at(folds != fold), rows.at(folds == fold), scale, penalty) for fold in np.unique(folds)
        )
        errors[penalty, company_scale] = squares / float(rows.weight.sum())
    best = min(errors, key=lambda choice: (errors[choice], -choice[0]))
    return Choice(*best, errors[best], errors[math.inf, COMPANY_SCALES[0]])


def _squares(learned: Rows, held_out: Rows, scale: np.ndarray, penalty: float) -> float:
    weights, usual = solve(learned, scale, penalty)
    of_rater = np.append(usual, 0.0)[held_out.rater]  # -1, a pair: nobody's
    away = held_out.target - of_rater - held_out.features @ weights
    return float(held_out.weight @ away**2)


def scales(names: Sequence[str], company_scale: float) -> np.ndarray:
    """Return by how much each feature is scaled before its weight is penalised, (names,)."""
    is_company = np.array([name.startswith(COMPANY.format("")) for name in names])
    return np.where(is_company, company_scale, 1.0)
