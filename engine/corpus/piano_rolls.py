"""Piano-roll corpora: MATLAB files of pieces as (frames, 88) matrices, cut into train, valid and test.

Does not know models, nor how long a frame is: the papers' files do not say.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from engine.checkpoint import sha256
from engine.errors import FileFormatError, RequestError

KEYS, LOWEST_PITCH = 88, 21  # column 0 is A0

Split = Literal["train", "valid", "test"]
SPLITS: tuple[Split, ...] = ("train", "valid", "test")
Roll = NDArray[np.uint8]


@dataclass(frozen=True)
class RollCorpus:
    """Pieces of each split, uint8 0 or 1 (T, 88), T at least 1. digest: sha256 of the file."""

    name: str
    pieces: Mapping[Split, tuple[Roll, ...]]
    digest: str

    def key_range(self) -> tuple[int, int]:
        """Return the lowest and the highest key, 0-87, that sounds in training; the whole keyboard if none does."""
        sounding = np.flatnonzero(np.any([piece.any(axis=0) for piece in self.pieces["train"]], axis=0))
        return (int(sounding[0]), int(sounding[-1])) if len(sounding) else (0, KEYS - 1)

    def heard_in_training(self, split: Split) -> tuple[int, ...]:
        """Return which pieces of a split are equal, frame by frame, to a piece of training; numbers count from 0."""
        known = {piece.tobytes() for piece in self.pieces["train"]}
        return tuple(number for number, piece in enumerate(self.pieces[split]) if piece.tobytes() in known)


def read_piano_rolls(path: Path) -> RollCorpus:
    """Read a file with `traindata`, `validdata` and `testdata`, each a row of matrices.

    RequestError where there is no such file or no SciPy to read it with, FileFormatError where it holds something else.
    """
    if not path.is_file():
        raise RequestError(f"there is no file {path}; name a folder that has {path.name}")
    try:
        from scipy.io import loadmat
        from scipy.io.matlab import MatReadError
    except ImportError:
        raise RequestError('reading .mat files needs SciPy: pip install -c constraints.txt -e ".[corpus]"') from None
    names = {split: f"{split}data" for split in SPLITS}
    try:
        found = loadmat(path, variable_names=list(names.values()))
    except (MatReadError, ValueError, TypeError, OSError, NotImplementedError) as error:
        raise FileFormatError(f"{path} cannot be read as a MATLAB file ({error}); fetch it again") from error
    if missing := [name for name in names.values() if name not in found]:
        raise FileFormatError(f"{path} has no {' and no '.join(missing)}; name a file of piano rolls in three splits")
    pieces = {split: tuple(_piece(cell, path) for cell in found[name].ravel()) for split, name in names.items()}
    if empty := [split for split in SPLITS if not pieces[split]]:
        raise FileFormatError(f"{path} has no pieces in {' and '.join(empty)}")
    return RollCorpus(path.stem, pieces, sha256(path))


def _piece(cell: Any, path: Path) -> Roll:
    matrix = np.asarray(cell)
    if matrix.ndim != 2 or matrix.shape[1] != KEYS or not len(matrix) or not np.isin(matrix, (0, 1)).all():
        raise FileFormatError(f"{path} has a piece that is no matrix of 0 and 1 with {KEYS} columns: {matrix.shape}")
    return matrix.astype(np.uint8)
