"""Learns a judge from a snapshot: which features of songs go with more stars. Does not know how it is used.

One ridge regression over two kinds of rows, solved at once (`judge_ridge`). A rating: the stars given, explained by the
take's features and by who gave them, for some give more than others. A pair: the difference of the features, to be one
star. What is free is chosen by cross-validation over the prompts of the train split; one choice is a judge that knows
nothing, which ratings without any sense end in.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from engine.checkpoint import open_checkpoint, write_checkpoint
from engine.corpus.snapshots import PAIRED, Judgement, Snapshot, Take
from engine.errors import RequestError
from engine.evaluation.judge_figures import (
    Accuracy,
    Compared,
    accuracy_of,
    compared,
    judge_figures,
    together,
    usual_stars,
)
from engine.lyrics.associations import Associations
from engine.music.as_json import lead_sheet_from_json
from engine.song.judge import COMPANY_FILE, FAMILY, Judge, company_bytes, config_of, standardised, tensors_of
from engine.song.judge_features import features_of, in_order, names_of
from engine.training.judge_ridge import Choice, Rows, choose, scales, solve

STARS_OF_PAIR = 1.0
FOLDS = 5
FEWEST, FEWEST_PROMPTS = 20, 10
STEEPEST = 8.0
RATINGS_OF_TRIAL = 3.0  # where judges learn from each other's questions, see `agreement`
KINDS = frozenset({"stars", *PAIRED})

Say = Callable[[str], None]


def learn_judge(snapshot: Snapshot, company: Path, out: Path, say: Say = lambda line: None) -> dict[str, Any]:
    """Learn a judge from the train split, write its checkpoint to the new directory `out`, and return its card.

    company: a lyric checkpoint whose association vectors it reads words by. RequestError where there is too little to
    learn from. The card has the accuracy on the test split, which nothing was chosen by.
    """
    associations = Associations.open(company / COMPANY_FILE)
    judge, choice = fit_judge(snapshot, associations, say)
    card = _card(judge, snapshot, choice, open_checkpoint(company).digest)
    write_checkpoint(out, tensors_of(judge), config_of(judge), None, card, family=FAMILY,
                     more_files={COMPANY_FILE: company_bytes(associations)})  # fmt: skip
    return card


def fit_judge(snapshot: Snapshot, associations: Associations, say: Say = lambda line: None) -> tuple[Judge, Choice]:
    """Return a judge of the ratings and pairs of the train split, made as sure as it is right on held-out folds and valid."""
    said = _said(snapshot.of("train"))
    prompts = [snapshot.takes[one.take].prompt for one in said]
    if len(said) < FEWEST or len(set(prompts)) < FEWEST_PROMPTS:
        raise RequestError(
            f"a judge needs {FEWEST} or more ratings and pairs of {FEWEST_PROMPTS} or more prompts to learn from, got "
            f"{len(said)} of {len(set(prompts))}; gather more ratings"
        )
    valid = _said(snapshot.of("valid"))
    measured = _measure([*said, *valid], snapshot.takes, associations)
    learned = _learn(said, prompts, measured, names_of(associations))
    say(f"held out: squared error {learned.choice.error:.3f} stars, {learned.choice.baseline:.3f} without a judge")
    usual = usual_stars(snapshot.judgements)
    told = [*_held_out(said, prompts, learned, usual), compared(valid, learned.scores(_takes(valid)), usual)]
    judge = Judge("", associations, learned.names, learned.mean, learned.spread, learned.weights, _steepness(told))
    return judge, learned.choice


def agreement(snapshot: Snapshot, associations: Associations) -> Accuracy:
    """Return how often judges agree with people on prompts that they did not learn from, over all splits.

    Each of FOLDS judges learns, and chooses, without a fifth of the prompts and is asked about that, so every rating is
    held out once: a narrower interval than one split gives, for the way of learning and not for one judge. A rating
    counts as a third of a trial: whatever two fifths have in common by chance shows twice, for each is asked about by a
    judge that learned from the other. With halves chance ratings seemed to be known in 4 of 220 runs, with thirds in none.
    """
    said = _said(snapshot.judgements)
    folds = [_fold(snapshot.takes[one.take].prompt) for one in said]
    measured, usual = _measure(said, snapshot.takes, associations), usual_stars(snapshot.judgements)
    told = []
    for fold in sorted(set(folds)):
        others = [one for one, its in zip(said, folds, strict=True) if its != fold]
        asked = [one for one, its in zip(said, folds, strict=True) if its == fold]
        prompts = [snapshot.takes[one.take].prompt for one in others]
        learned = _learn(others, prompts, measured, names_of(associations))
        told.append(compared(asked, learned.scores(_takes(asked)), usual))
    whole = together(told)
    return accuracy_of(replace(whole, trials=whole.trials / RATINGS_OF_TRIAL))


@dataclass(frozen=True)
class _Learned:
    """What was learned from some judgements. known: the standardised features of every take that was measured."""

    names: tuple[str, ...]
    mean: np.ndarray
    spread: np.ndarray
    weights: np.ndarray
    choice: Choice
    rows: Rows
    known: Mapping[str, np.ndarray]

    def scores(self, takes: Iterable[str]) -> dict[str, float]:
        return {name: float(self.known[name] @ self.weights) for name in takes}


def _learn(
    said: Sequence[Judgement], prompts: Sequence[str], measured: Mapping[str, np.ndarray], names: tuple[str, ...]
) -> _Learned:
    mean, spread = _usual([measured[name] for name in sorted(_takes(said))])
    known = {name: standardised(values, mean, spread) for name, values in measured.items()}
    rows = _rows(said, known)
    choice = choose(rows, _folds(prompts), names)
    weights = solve(rows, scales(names, choice.company_scale), choice.penalty)[0]
    return _Learned(names, mean, spread, weights, choice, rows, known)


def _said(judgements: Sequence[Judgement]) -> list[Judgement]:
    return [one for one in judgements if one.kind in KINDS]


def _takes(said: Sequence[Judgement]) -> set[str]:
    return {name for one in said for name in (one.take, one.rejected) if name is not None}


def _measure(said: Sequence[Judgement], takes: Mapping[str, Take], associations: Associations) -> dict[str, np.ndarray]:
    found, names = {}, names_of(associations)
    for name in sorted(_takes(said)):
        take = takes[name]
        sheet = lead_sheet_from_json(take.sheet) if take.sheet is not None else None
        found[name] = in_order(features_of(take.text, sheet, associations), names)
    return found


def _usual(measured: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and deviation of each feature over the takes that have it: 0 and 1 where none has, or all the same."""
    values = np.stack(measured)  # (takes, names)
    there = ~np.isnan(values)
    counts = np.maximum(there.sum(axis=0), 1)
    mean = np.where(there, values, 0.0).sum(axis=0) / counts
    variance = np.where(there, (np.where(there, values, 0.0) - mean) ** 2, 0.0).sum(axis=0) / counts
    return mean, np.where(variance > 1e-12, np.sqrt(variance), 1.0)


def _rows(said: Sequence[Judgement], known: Mapping[str, np.ndarray]) -> Rows:
    stars = [one for one in said if one.kind == "stars"]
    total = sum(one.weight for one in stars)
    mean = sum(one.weight * one.value for one in stars) / total if total else 0.0
    raters = {name: place for place, name in enumerate(sorted({one.rater for one in stars}))}
    return Rows(
        features=np.stack(
            [known[one.take] if one.rejected is None else known[one.take] - known[one.rejected] for one in said]
        ),
        rater=np.array([raters[one.rater] if one.kind == "stars" else -1 for one in said]),
        target=np.array([one.value - mean if one.kind == "stars" else STARS_OF_PAIR for one in said]),
        weight=np.array([one.weight for one in said]),
        raters=len(raters),
    )


def _fold(prompt: str) -> int:
    """Return the fold of a prompt, 0 to FOLDS - 1; not by what decides its split."""
    return int(hashlib.sha1(f"fold {prompt}".encode()).hexdigest()[:8], 16) % FOLDS


def _folds(prompts: Sequence[str]) -> np.ndarray:
    return np.array([_fold(prompt) for prompt in prompts])


def _held_out(
    said: Sequence[Judgement], prompts: Sequence[str], learned: _Learned, usual: Mapping[str, float]
) -> list[Compared]:
    """Return what people told apart in each fold, with the scores that a judge of the other folds gives."""
    folds, scale = _folds(prompts), scales(learned.names, learned.choice.company_scale)
    found = []
    for fold in range(FOLDS):
        weights = solve(learned.rows.at(folds != fold), scale, learned.choice.penalty)[0]
        asked = [one for one, its in zip(said, folds, strict=True) if its == fold]
        found.append(compared(asked, replace(learned, weights=weights).scores(_takes(asked)), usual))
    return found


def _steepness(told: Sequence[Compared]) -> float:
    """Return the slope of the logistic curve, 0 to STEEPEST, under which what came true is likeliest (Platt 1999)."""
    gap, weight = together(told).gap, together(told).weight
    if not gap.any():
        return 0.0
    low, high = 0.0, STEEPEST
    for _ in range(60):  # the slope of the likelihood falls as the curve grows steeper, so halving finds its zero
        middle = (low + high) / 2
        rising = float(weight @ (gap / (1.0 + np.exp(np.clip(middle * gap, -50.0, 50.0))))) > 0
        low, high = (middle, high) if rising else (low, middle)
    return low


def _card(judge: Judge, snapshot: Snapshot, choice: Choice, company: str) -> dict[str, Any]:
    """Return what is told of a judge: what it was learned from, how, and how well it agrees with people of the test split."""
    said = _said(snapshot.of("train"))
    whole = agreement(snapshot, judge.associations)
    try:
        on_test: dict[str, Any] = judge_figures(judge, snapshot, "test")
    except RequestError as error:
        on_test = {"split": "test", "none": str(error)}
    heaviest = sorted(zip(judge.weights, judge.names, strict=True), key=lambda pair: -abs(pair[0]))
    return {
        "name": "judge of songs",
        "licence": "the host's own: learned from ratings of members who agreed to training",
        "learned from": {
            "snapshot": snapshot.digest,
            "day": snapshot.day.isoformat(),
            "ratings": sum(one.kind == "stars" for one in said),
            "pairs": sum(one.kind in PAIRED for one in said),
            "raters": len({one.rater for one in said}),
            "prompts": len({snapshot.takes[one.take].prompt for one in said}),
        },
        "word vectors": company,
        "penalty": choice.penalty if math.isfinite(choice.penalty) else "knows nothing",
        "squared error of held-out folds": round(choice.error, 4),
        "without a judge": round(choice.baseline, 4),
        "agreement on test": on_test,
        "agreement on held-out prompts of all splits": whole._asdict() | {"better than chance": whole.knows},
        "heaviest features": {name: round(float(weight), 4) for weight, name in heaviest[:12] if weight},
    }
