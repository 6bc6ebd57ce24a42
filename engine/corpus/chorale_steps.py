"""The chorales of the benchmark file of sixteenths, as pitches of four voices. Does not know models."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from engine.corpus.music_pieces import CHORALES_FILE
from engine.corpus.records import Split
from engine.errors import FileFormatError
from engine.music.four_voices import VOICES, Steps

SPLITS: tuple[Split, ...] = ("train", "valid", "test")


def read_chorale_steps(folder: Path) -> dict[Split, list[Steps]]:
    """Return the chorales of each split, in the file's order; FileFormatError where the folder has no such file."""
    path = folder / CHORALES_FILE
    try:
        found = json.loads(gzip.decompress(path.read_bytes()))
        return {split: [_steps(chorale) for chorale in found[split]] for split in SPLITS}
    except FileNotFoundError:
        raise FileFormatError(f"{folder} has no {CHORALES_FILE}; name the folder of the benchmark files") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FileFormatError(f"{path} cannot be read as chorales ({error}); fetch it again") from error


def _steps(chorale: Sequence[Sequence[float]]) -> Steps:
    steps = np.full((len(chorale), VOICES), -1, np.int64)
    for place, pitches in enumerate(chorale):
        for voice, pitch in enumerate(pitches[:VOICES]):
            if pitch == pitch and pitch >= 0:  # NaN is silence
                steps[place, voice] = int(pitch)
    return steps
