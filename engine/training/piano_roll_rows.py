"""Pieces cut into rows that go on from each other, transposed anew in every epoch. Knows no model.

Pieces are never mixed in a row: each begins a row of its own, at which the state is set back, and its last row is filled up
with silence that nobody counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.corpus.piano_rolls import KEYS, Roll

Plan = NDArray[np.int64]  # (steps, streams, 2): piece and its first frame, -1 where a stream has nothing more


class RollRows:
    """Rows of T frames for `streams` streams: row i belongs to stream i % streams and goes on where row i - streams ended.

    In each epoch every piece is heard once, in an order drawn from the seed. Its keys are shifted by up to
    `transpose` semitones, one shift per piece and epoch, as far as they stay within `key_range`; in the last
    `plain_epochs` by none, so that the network ends in the keys that people wrote in. Any row can be asked for at
    any time, so a run that goes on sees what it would have seen.
    """

    def __init__(
        self,
        pieces: Sequence[Roll],
        *,
        streams: int,
        length: int,
        epochs: int = 1,
        plain_epochs: int = 0,
        transpose: int = 0,
        key_range: tuple[int, int] = (0, KEYS - 1),
        seed: int = 0,
    ) -> None:
        self._pieces, self._streams, self._length, self._seed = pieces, streams, length, seed
        self._transpose, self._key_range, self._shifted_epochs = transpose, key_range, epochs - plain_epochs
        self._plan = lru_cache(maxsize=2)(self._draw_plan)
        self.steps_per_epoch = np.array([len(self._draw_plan(epoch)) for epoch in range(epochs)])
        self._ends = np.cumsum(self.steps_per_epoch)
        self.frames_per_row = epochs * sum(map(len, pieces)) / len(self)

    def __len__(self) -> int:
        return int(self._ends[-1]) * self._streams

    def __getitem__(self, index: int) -> dict[str, Any]:
        """Return input_ids: uint8 (T, K). labels: how many of the frames count. fresh: whether a piece begins."""
        if not 0 <= index < len(self):
            raise IndexError(index)
        step, stream = divmod(index, self._streams)
        epoch = int(np.searchsorted(self._ends, step, side="right"))
        plan, shifts = self._plan(epoch), self._shifts(epoch)
        piece, start = plan[step - int(self._ends[epoch]) + len(plan), stream]
        row = np.zeros((self._length, KEYS), np.uint8)
        if piece < 0:
            return {"input_ids": row, "labels": 0, "fresh": True}
        frames = self._pieces[piece][start : start + self._length]
        row[: len(frames)] = np.roll(frames, shifts[piece], axis=1)
        return {"input_ids": row, "labels": len(frames), "fresh": bool(start == 0)}

    def _draw_plan(self, epoch: int) -> Plan:
        """Return who hears what: each piece goes, longest first, to the stream that has least; streams are then shuffled."""
        generator = np.random.default_rng((self._seed, epoch))
        order = generator.permutation(len(self._pieces))
        rows = np.array([-(-len(piece) // self._length) for piece in self._pieces])
        heard: list[list[int]] = [[] for _ in range(self._streams)]
        sizes = np.zeros(self._streams, np.int64)
        for piece in order[np.argsort(-rows[order], kind="stable")]:
            stream = int(sizes.argmin())
            heard[stream].append(int(piece))
            sizes[stream] += rows[piece]
        plan = np.full((int(sizes.max()), self._streams, 2), -1, np.int64)
        for stream, pieces in enumerate(heard):
            places = [(p, n * self._length) for p in generator.permutation(pieces) for n in range(rows[int(p)])]
            plan[: len(places), stream] = np.array(places, np.int64).reshape(-1, 2)
        return plan

    def _shifts(self, epoch: int) -> NDArray[np.int64]:
        """Return by how many keys each piece is moved in an epoch."""
        if not self._transpose or epoch >= self._shifted_epochs:
            return np.zeros(len(self._pieces), np.int64)
        generator = np.random.default_rng((self._seed, epoch, 1))
        least, most = np.array([self._room(number) for number in range(len(self._pieces))]).T
        return generator.integers(least, most + 1)

    def _room(self, number: int) -> tuple[int, int]:
        """Return the lowest and the highest shift of a piece; (0, 0) for silence."""
        sounding = np.flatnonzero(self._pieces[number].any(axis=0))
        if not len(sounding):
            return 0, 0
        least = max(-self._transpose, self._key_range[0] - int(sounding[0]))
        most = min(self._transpose, self._key_range[1] - int(sounding[-1]))
        return min(least, 0), max(most, 0)
