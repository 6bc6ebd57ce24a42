"""Songs laid end to end and cut into rows, pass after pass in another order. Does not know text or models."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from engine.errors import RequestError

Row = dict[str, NDArray[np.int64]]


class PackedRows:
    """Rows of `length` ids; every pass shows each song once, in an order of its own that the seed tells. All is learned."""

    def __init__(self, songs: Sequence[Sequence[int]], *, rows: int, length: int, seed: int) -> None:
        self._ids = np.fromiter((i for song in songs for i in song), np.int32)
        if not len(self._ids):
            raise RequestError("there are no songs to train on; prepare a corpus that has some")
        self._starts = np.cumsum([0, *map(len, songs)])
        self._rows, self._length, self._seed = rows, length, seed
        self._pass = lru_cache(maxsize=2)(self._ids_of_pass)

    def __len__(self) -> int:
        return self._rows

    def __getitem__(self, index: int) -> Row:
        if not 0 <= index < self._rows:
            raise IndexError(index)
        found: list[NDArray[np.int32]] = []
        place, missing = index * self._length, self._length
        while missing:
            number, first = divmod(place, len(self._ids))
            found.append(self._pass(number)[first : first + missing])
            place, missing = place + len(found[-1]), missing - len(found[-1])
        ids = np.concatenate(found).astype(np.int64)
        return {"input_ids": ids, "labels": ids}

    def _ids_of_pass(self, number: int) -> NDArray[np.int32]:
        order = np.random.default_rng([self._seed, number]).permutation(len(self._starts) - 1)
        return np.concatenate([self._ids[self._starts[i] : self._starts[i + 1]] for i in order])


def full_rows(songs: Sequence[Sequence[int]], *, length: int) -> list[Row]:
    """Return songs, end to end, as rows that are all learned, so that each weighs the same in a mean.

    What is left at the end is not shown; where it is all there is, it is one row, padded, and padding is not learned.
    """
    ids = np.fromiter((i for song in songs for i in song), np.int64)
    if len(ids) >= length:
        rows = ids[: len(ids) // length * length].reshape(-1, length)
        return [{"input_ids": row, "labels": row} for row in rows]
    padding = length - len(ids)
    inputs = np.concatenate([ids, np.zeros(padding, np.int64)])
    return [{"input_ids": inputs, "labels": np.concatenate([ids, np.full(padding, -100, np.int64)])}]
