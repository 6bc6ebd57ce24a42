"""Chorales as ids: at every sixteenth the pitches of soprano, alto, tenor and bass in turn. Does not know scores or files.

The file of sixteenths does not tell held notes from repeated ones, so neither do the ids.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

VOICES = 4
PAD, START, END, SILENCE = range(4)
FIRST_PITCH = 4
Steps = NDArray[np.int64]  # (steps, 4) of pitches, -1 where a voice is silent


class FourVoices:
    """The ids of chorales: four to a step, behind the start id."""

    name = "four-voices"
    size = FIRST_PITCH + 128
    pad_id, start_id, end_id = PAD, START, END
    steps_per_quarter = 4

    def ids(self, steps: Steps) -> list[int]:
        """Return the ids of a chorale from the start id to the end id."""
        return [START, *np.where(steps < 0, SILENCE, steps + FIRST_PITCH).ravel().tolist(), END]

    def steps(self, ids: Sequence[int]) -> Steps:
        """Return the chorale of ids from the start id on; what is not a whole step at the end is left out."""
        voices = np.array([i for i in ids if i >= SILENCE], np.int64)
        whole = voices[: len(voices) // VOICES * VOICES].reshape(-1, VOICES)
        return np.where(whole == SILENCE, -1, whole - FIRST_PITCH)

    def onsets(self, ids: Sequence[int]) -> NDArray[np.int64]:
        """Return the step of each id; the start id is at step 0."""
        return np.maximum(np.arange(len(ids)) - 1, 0) // VOICES

    def transpose(self, ids: Sequence[int], semitones: int) -> list[int]:
        """Return ids with every pitch moved; ValueError where one leaves 0-127."""
        found = [i + semitones if i >= FIRST_PITCH else i for i in ids]
        if any(i >= FIRST_PITCH and not FIRST_PITCH <= j < self.size for i, j in zip(ids, found, strict=True)):
            raise ValueError(f"{semitones} semitones move a pitch out of 0-127")
        return found
