"""Tiny random adapters of a checkpoint, which change what it writes. Knows nothing of training."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from engine.adapters import LowRank, write_adapter
from engine.checkpoint import open_checkpoint

RANK = 2


def write_tiny_adapter(directory: Path, base: Path, variety: int = 0, strength: float = 0.2) -> Path:
    """Write an adapter of every attention and inner matrix, others for each variety, and return its directory."""
    checkpoint, rng = open_checkpoint(base), np.random.default_rng(5 + variety)
    sizes = {
        name: weight.shape
        for name, weight in checkpoint.read_weights().items()
        if weight.ndim == 2 and ".layers." in name
    }
    parts = {
        name: LowRank(
            rng.standard_normal((RANK, columns)).astype(np.float32),
            (strength * rng.standard_normal((rows, RANK))).astype(np.float32),
        )
        for name, (rows, columns) in sizes.items()
    }
    write_adapter(directory, parts, checkpoint, {"name": "tiny random adapter", "licence": "CC0-1.0"})
    return directory
