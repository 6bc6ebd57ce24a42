"""Made-up piano rolls for tests: short pieces that repeat themselves, and MATLAB files of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.corpus.piano_rolls import KEYS, Roll


def made_up_pieces(count: int, *, seed: int = 0, longest: int = 24) -> list[Roll]:
    """Return pieces (T, 88) of 8 to `longest` frames: a few frames of up to four keys, over and over."""
    generator = np.random.default_rng(seed)
    pieces = []
    for _ in range(count):
        motif = np.zeros((4, KEYS), np.uint8)
        for frame in motif:
            frame[generator.integers(25, 65, size=generator.integers(1, 5))] = 1
        pieces.append(np.tile(motif, (longest, 1))[: generator.integers(8, longest + 1)])
    return pieces


def write_mat(path: Path, pieces: Mapping[str, Sequence[Any]]) -> Path:
    """Write a file as the papers' are, and return its path; the test is skipped where SciPy is not installed."""
    savemat = pytest.importorskip("scipy.io").savemat
    cells = {}
    for split, rolls in pieces.items():
        cells[f"{split}data"] = np.empty((1, len(rolls)), object)
        cells[f"{split}data"][0, :] = list(rolls)
    savemat(path, cells)
    return path
