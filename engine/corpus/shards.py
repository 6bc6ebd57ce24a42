"""Token shards: the ids of many texts in one flat array, and rows cut from them. Does not know where texts come from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class Shard:
    """ids: uint16 (N,). learned: bool (N,), False where an id is given and not predicted. starts: int64 (texts + 1,).

    weights: float32 (texts, 2), how often each text is shown early and late. byte_counts: int64 (texts,).
    """

    ids: np.ndarray
    learned: np.ndarray
    starts: np.ndarray
    weights: np.ndarray
    byte_counts: np.ndarray

    def __len__(self) -> int:
        return len(self.starts) - 1

    def text_ids(self, index: int) -> np.ndarray:
        return self.ids[self.starts[index] : self.starts[index + 1]]

    def save(self, path: Path) -> None:
        np.savez_compressed(path, **self.__dict__)

    @classmethod
    def open(cls, path: Path) -> Shard:
        with np.load(path) as arrays:
            return cls(**{name: arrays[name] for name in arrays.files})


def pack(
    sequences: Sequence[Sequence[int]],
    weights: Sequence[tuple[float, float]],
    byte_counts: Sequence[int],
    given_ids: np.ndarray,
    words_id: int,
) -> Shard:
    """Lay sequences end to end. Ids up to `words_id` in each text, and `given_ids` anywhere, are not learned."""
    starts = np.cumsum([0, *map(len, sequences)])
    ids = np.fromiter((i for ids in sequences for i in ids), dtype=np.uint16, count=int(starts[-1]))
    learned = ~np.isin(ids, given_ids)
    for start, sequence in zip(starts[:-1], sequences, strict=True):
        learned[start : start + list(sequence).index(words_id) + 1] = False
    return Shard(ids, learned, starts, np.array(weights, np.float32), np.array(byte_counts, np.int64))


def show_order(
    weights: np.ndarray, tokens_per_text: np.ndarray, tokens_wanted: int, rng: np.random.Generator
) -> np.ndarray:
    """Return text indices, shuffled pass by pass, in which text i occurs in proportion to weights[i] (texts,).

    They hold at least `tokens_wanted` ids; none where all weights are 0.
    """
    expected = float((weights * tokens_per_text).sum())
    if not expected:
        return np.array([], np.int64)
    order: list[np.ndarray] = []
    shown = 0
    while len(order) < np.ceil(tokens_wanted / expected) or shown < tokens_wanted:
        repeats = np.floor(weights + rng.random(len(weights))).astype(np.int64)
        order.append(rng.permutation(np.repeat(np.arange(len(weights)), repeats)))
        shown += int(tokens_per_text[order[-1]].sum())
    return np.concatenate(order) if order else np.array([], np.int64)


class RowDataset:
    """Rows of `length` ids cut from shown texts, early weights first, late weights in the last `late_share`.

    Where one of the two is 0 for every text, the other stands in.

    Each row is a dict of lists for `transformers.Trainer`: input_ids, labels (-100 where nothing is learned).
    """

    def __init__(self, shard: Shard, *, rows: int, length: int, seed: int, late_share: float = 0.3) -> None:
        rng = np.random.default_rng(seed)
        late = int(rows * length * late_share)
        sizes = np.diff(shard.starts)
        pieces = []
        for column, wanted in ((0, rows * length - late), (1, late)):
            weights = shard.weights[:, column] if shard.weights[:, column].any() else shard.weights.max(axis=1)
            order = show_order(weights, sizes, wanted, rng) if wanted else np.array([], np.int64)
            cut = np.searchsorted(np.cumsum(sizes[order]), wanted) + 1
            pieces.append(order[:cut])
        self._length = length
        shown = np.concatenate(pieces)
        places = np.concatenate([np.arange(shard.starts[i], shard.starts[i + 1]) for i in shown])[: rows * length]
        self._ids = shard.ids[places]
        self._learned = shard.learned[places]

    def __len__(self) -> int:
        return len(self._ids) // self._length

    def __getitem__(self, index: int) -> dict[str, np.ndarray]:
        part = slice(index * self._length, (index + 1) * self._length)
        ids = self._ids[part].astype(np.int64)
        return {"input_ids": ids, "labels": np.where(self._learned[part], ids, -100)}
