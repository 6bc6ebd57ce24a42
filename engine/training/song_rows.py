"""Songs laid end to end and cut into rows that go on from each other, for networks that carry their state. Knows no model."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from engine.lyrics.characters import END, Characters

NOBODY_SHARE = 0.1  # of the songs of known artists that are shown as nobody's


class SongRows:
    """Rows of T ids for `streams` streams: row i belongs to stream i % streams and goes on where row i - streams ended.

    All songs once in an order drawn from the seed, then all again in another order, and so on, are one long text; each
    stream is a part of it. A song stands after its opening and ends where the next opening stands, which is learned as
    END: who comes next is nobody's to guess. labels[t] is what follows input_ids[t]. Any row can be asked for at any
    time, so a run that goes on sees what it would have seen.
    """

    def __init__(
        self,
        songs: Sequence[str],
        characters: Characters,
        *,
        rows: int,
        streams: int,
        length: int,
        seed: int = 0,
        nobody_share: float = NOBODY_SHARE,
    ) -> None:
        self._coded = [characters.encode_exactly(song) for song in songs]
        self._openings = np.array([characters.opening(song) for song in songs], np.int32)
        self._sizes = np.array([len(ids) + 1 for ids in self._coded])  # with its opening
        self._characters_in_all = int(self._sizes.sum())
        self._rows, self._streams, self._length, self._choices = rows, streams, length, characters.choices
        self._stream_length = -(-rows // streams) * length
        self._seed, self._nobody_share = seed, nobody_share
        self._round = lru_cache(maxsize=2 * streams + 2)(self._draw_round)

    def __len__(self) -> int:
        return self._rows

    def __getitem__(self, index: int) -> dict[str, NDArray[np.int64]]:
        if not 0 <= index < self._rows:
            raise IndexError(index)
        start = index % self._streams * self._stream_length + index // self._streams * self._length
        ids = self._span(start, self._length + 1)
        following = np.where(ids[1:] >= self._choices, END, ids[1:])
        return {"input_ids": ids[:-1], "labels": following}

    def _span(self, start: int, length: int) -> NDArray[np.int64]:
        """Return ids of the one long text, int64 (length,)."""
        found = np.empty(length, np.int64)
        written = 0
        while written < length:
            number, offset = divmod(start + written, self._characters_in_all)
            order, ends, openings = self._round(number)
            place = int(np.searchsorted(ends, offset, side="right"))
            song = order[place]
            inside = offset - int(ends[place] - self._sizes[song])
            piece = np.concatenate([openings[place : place + 1], self._coded[song]])[inside : inside + length - written]
            found[written : written + len(piece)] = piece
            written += len(piece)
        return found

    def _draw_round(self, number: int) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int32]]:
        """Return the order of one round, where each song ends in it, and what it opens with."""
        generator = np.random.default_rng((self._seed, number))
        order = generator.permutation(len(self._coded))
        hidden = generator.random(len(order)) < self._nobody_share
        return order, np.cumsum(self._sizes[order]), np.where(hidden, END, self._openings[order]).astype(np.int32)
