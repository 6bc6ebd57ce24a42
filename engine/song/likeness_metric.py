"""How the numbers of songs are weighed against each other: a projection of each group in which parts of one work lie near.

Learned by `engine.training.likeness`; does not know what the numbers mean.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

SHIPPED = Path(__file__).with_name("likeness.npz")
GROUPS = ("tune", "chords", "given")


@dataclass(frozen=True)
class Projection:
    """mean: (F,). matrix: (F, D), after which a step of one is as far as two parts of a work usually lie apart."""

    mean: np.ndarray
    matrix: np.ndarray

    def __call__(self, vector: np.ndarray) -> np.ndarray:
        """Return a vector of unit length, (D,); zeros for the mean itself."""
        found = (vector - self.mean) @ self.matrix
        length = float(np.linalg.norm(found))
        return np.asarray(found / length if length else found)


@dataclass(frozen=True)
class LikenessMetric:
    """A projection for each of `GROUPS`."""

    projections: dict[str, Projection]

    @classmethod
    def open(cls, path: Path) -> LikenessMetric:
        """Read what `save` wrote."""
        with np.load(path) as arrays:
            return cls(
                {g: Projection(arrays[f"{g}.mean"], arrays[f"{g}.matrix"]) for g in GROUPS if f"{g}.mean" in arrays}
            )

    def save(self, path: Path) -> None:
        """Write the arrays as float32, so that the file is some kilobytes."""
        arrays = {f"{group}.{name}": getattr(found, name).astype(np.float32)
                  for group, found in self.projections.items() for name in ("mean", "matrix")}  # fmt: skip
        np.savez_compressed(path, **arrays)


@cache
def shipped_metric() -> LikenessMetric:
    """Return the metric that comes with the engine."""
    return LikenessMetric.open(SHIPPED)
