"""The judge: a small model of which songs people like, learned from their ratings. Does not know how it was learned.

A song's features are set beside what is usual, weighted and added up to a score in stars above or below the usual song;
two scores make a calibrated probability that people prefer one to the other. It reads English words and tunes.
"""

from __future__ import annotations

import io
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from engine.checkpoint import Weights, open_checkpoint
from engine.errors import CheckpointError
from engine.lyrics.associations import Associations
from engine.music.lead_sheet import LeadSheet
from engine.song.judge_features import TUNE_NAMES, features_of, in_order, names_of

FAMILY = "judge"
COMPANY_FILE = "associations.npz"  # the vectors that it was learned with: a lyric model may get others
FARTHEST = 4.0  # deviations from the usual: what lies beyond was in no song that people rated, so it counts no more


@dataclass(frozen=True)
class Judge:
    """mean, spread, weights: of the features `names`, float64 (names,); spread and weights are those of the rated songs.

    steepness: of the probability that one song is preferred, per star of difference.
    """

    version: str
    associations: Associations
    names: tuple[str, ...]
    mean: np.ndarray
    spread: np.ndarray
    weights: np.ndarray
    steepness: float

    def score(self, text: str, sheet: LeadSheet | None = None) -> float:
        """Return by how many stars people like a song better than the usual one. text: as printed, with labels."""
        found = in_order(features_of(text, sheet, self.associations), self.names)
        return float(standardised(found, self.mean, self.spread) @ self.weights)

    @property
    def hears_tunes(self) -> bool:
        """Whether anything of a tune counts for it: it does not where people rated words alone."""
        return any(weight for name, weight in zip(self.names, self.weights, strict=True) if name in TUNE_NAMES)

    def preference(self, first: float, second: float) -> float:
        """Return the probability, 0-1, that people prefer the song of the first score to that of the second."""
        return 1.0 / (1.0 + math.exp(-self.steepness * max(-50.0, min(50.0, first - second))))


def standardised(features: np.ndarray, mean: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """Return features (..., names) as deviations from the usual, at most FARTHEST; 0 for those that a song does not have."""
    away = np.nan_to_num((features - mean) / spread, nan=0.0)
    return np.clip(away, -FARTHEST, FARTHEST)


def tensors_of(judge: Judge) -> Weights:
    """Return what is stored of a judge as tensors."""
    return {"mean": judge.mean, "spread": judge.spread, "weights": judge.weights}


def config_of(judge: Judge) -> dict[str, Any]:
    """Return what is stored of a judge beside its tensors."""
    return {"architectures": ["LinearJudge"], "names": list(judge.names), "steepness": judge.steepness}


def company_bytes(associations: Associations) -> bytes:
    """Return the vectors as the file COMPANY_FILE."""
    file = io.BytesIO()
    associations.save(file)
    return file.getvalue()


def open_judge(path: Path) -> Judge:
    """Open and verify a judge's checkpoint; CheckpointError for one of another kind, or of other features."""
    checkpoint = open_checkpoint(path)
    if checkpoint.family != FAMILY or not (path / COMPANY_FILE).is_file():
        raise CheckpointError(
            f"{path} is a model of another kind ({checkpoint.family}), not a judge; make one with `songwright finetune judge`"
        )
    associations = Associations.open(path / COMPANY_FILE)
    tensors, config = checkpoint.read_weights(), checkpoint.config
    names = tuple(config.get("names", ()))
    if names != names_of(associations) or not _fit(tensors, config, len(names)):
        raise CheckpointError(
            f"{path} is a judge of other features than this version measures; make one anew with `songwright finetune judge`"
        )
    return Judge(checkpoint.digest, associations, names, tensors["mean"], tensors["spread"], tensors["weights"],
                 float(config["steepness"]))  # fmt: skip


def _fit(tensors: Weights, config: Mapping[str, Any], size: int) -> bool:
    """Say whether all that belongs to a judge is there, and numbers."""
    if set(tensors) != {"mean", "spread", "weights"} or not isinstance(config.get("steepness"), int | float):
        return False
    return all(values.shape == (size,) and np.isfinite(values).all() for values in tensors.values())
