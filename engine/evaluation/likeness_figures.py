"""How well likeness knows what belongs together: is the other half of a held-out song its nearest? Does not know how it is told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from engine.lyrics.associations import Associations
from engine.music.lead_sheet import LeadSheet
from engine.song.likeness_features import chord_vector, telling_words, tune_vector, word_vector
from engine.song.likeness_metric import LikenessMetric
from engine.training.likeness import halves_of


@dataclass(frozen=True)
class FoundHalves:
    """first, among_five: the share of halves, 0-1, whose other half is the nearest, or among the five nearest.

    among: how many other halves there were to choose from; chance is one in so many.
    """

    first: float
    among_five: float
    among: int

    @property
    def chance(self) -> float:
        return 1 / self.among if self.among else float("nan")


def found_halves(first: np.ndarray, second: np.ndarray) -> FoundHalves:
    """Measure both ways. first, second: unit vectors of the halves (N, D), in the same order."""
    cosines = first @ second.T  # (N, N)
    ranks = [int((row > row[i]).sum()) for table in (cosines, cosines.T) for i, row in enumerate(table)]
    return FoundHalves(
        float(np.mean([rank == 0 for rank in ranks])), float(np.mean([rank < 5 for rank in ranks])), len(first)
    )


def halves_of_tunes(sheets: Sequence[LeadSheet], metric: LikenessMetric | None) -> dict[str, FoundHalves]:
    """Return the figures of held-out tunes by group and by both; without a metric: of numbers of unit spread, as a baseline.

    Key, tempo and time signature are left out, which two halves share by nature.
    """
    pairs = [pair for sheet in sheets if (pair := halves_of(sheet)) is not None]
    tune = _projected(pairs, tune_vector, metric, "tune")
    chords = _projected(pairs, chord_vector, metric, "chords")
    found = {"tune": _measured(tune), "chords": _measured(chords)}
    both = [
        None if a is None or b is None else np.concatenate([a, b], axis=1) / np.sqrt(2)
        for a, b in zip(tune, chords, strict=True)
    ]
    return found | {"tune and chords": _measured(both)}


def halves_of_texts(texts: Sequence[str], associations: Associations) -> FoundHalves:
    """Return the figures of held-out words: the first half of the lines against the second."""
    firsts, seconds = [], []
    for text in texts:
        lines = [line for line in text.splitlines() if line.strip() and not line.startswith(("[", "<<"))]
        middle = len(lines) // 2
        one = word_vector(telling_words("\n".join(lines[:middle])), associations)
        other = word_vector(telling_words("\n".join(lines[middle:])), associations)
        if one is not None and other is not None:
            firsts.append(one)
            seconds.append(other)
    return found_halves(*(_unit(np.array(side) - _common(associations)) for side in (firsts, seconds)))


def _common(associations: Associations) -> np.ndarray:
    from engine.song.likeness import common_vector

    return common_vector(associations)


Halves = Sequence[tuple[LeadSheet, LeadSheet]]
Vector = Callable[[LeadSheet], np.ndarray | None]


def _projected(pairs: Halves, vector: Vector, metric: LikenessMetric | None, group: str) -> list[np.ndarray | None]:
    """Return the halves' vectors (2, D) of each pair, None where a half has none."""
    raw = [(vector(one), vector(other)) for one, other in pairs]
    known = np.array([side for pair in raw for side in pair if side is not None])
    mean, spread = known.mean(axis=0), known.std(axis=0) + 1e-9
    found: list[np.ndarray | None] = []
    for one, other in raw:
        if one is None or other is None:
            found.append(None)
        elif metric is None:
            found.append(_unit((np.array([one, other]) - mean) / spread))
        else:
            found.append(np.array([metric.projections[group](side) for side in (one, other)]))
    return found


def _measured(halves: Sequence[np.ndarray | None]) -> FoundHalves:
    known = [pair for pair in halves if pair is not None]
    if not known:
        return FoundHalves(float("nan"), float("nan"), 0)
    return found_halves(np.array([pair[0] for pair in known]), np.array([pair[1] for pair in known]))


def _unit(vectors: np.ndarray) -> np.ndarray:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12))
