"""A Markov chain over characters, every order mixed with the shorter ones. Does not know texts, files or training loops.

It is the yardstick of the lyric model: what counting alone knows of the next letter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.lyrics.characters import END, VOCAB_SIZE

MOST_ORDER = 9  # nine characters and the next one are the most whose code fits 63 bits


@dataclass(frozen=True)
class _Counts:
    """Of one order. codes, times: each context with its next character. contexts, totals, kinds: each context, how often
    it was seen and how many different characters follow it."""

    codes: np.ndarray
    times: np.ndarray
    contexts: np.ndarray
    totals: np.ndarray
    kinds: np.ndarray

    @classmethod
    def learn(cls, codes: np.ndarray) -> _Counts:
        """Count int64 codes (N,), each context x VOCAB_SIZE + next character."""
        found, times = np.unique(codes, return_counts=True)
        contexts, starts, kinds = np.unique(found // VOCAB_SIZE, return_index=True, return_counts=True)
        totals = np.add.reduceat(times, starts) if len(starts) else np.zeros(0, np.int64)
        return cls(found, times.astype(np.int32), contexts, totals.astype(np.int32), kinds.astype(np.int32))

    def mix(self, codes: np.ndarray, shorter: np.ndarray) -> np.ndarray:
        """Return probabilities (N,) of this order mixed with those of the order below; unseen contexts leave them as is."""
        seen = _look_up(self.codes, self.times, codes)
        total = _look_up(self.contexts, self.totals, codes // VOCAB_SIZE)
        kinds = _look_up(self.contexts, self.kinds, codes // VOCAB_SIZE)
        known = total > 0
        mixed = (seen + kinds * shorter) / np.where(known, total + kinds, 1)
        return np.where(known, mixed, shorter)


@dataclass(frozen=True)
class MarkovChain:
    """counts[k]: those after k characters. Probabilities are Witten-Bell's interpolation (Bell and Witten, 1991).

    P_k(c | h) = (n(h c) + kinds(h) P_{k-1}(c | h')) / (n(h) + kinds(h)), and P_{-1} is uniform. No text is remembered across
    END, which opens and closes every text.
    """

    counts: tuple[_Counts, ...]

    @classmethod
    def learn(cls, ids: np.ndarray, order: int) -> MarkovChain:
        """Learn from END, text, END, text, ... END. order: characters of context, 0 (unigram) to 9."""
        if not 0 <= order <= MOST_ORDER:
            raise ValueError(f"order must be 0-{MOST_ORDER}, got {order}")
        return cls(tuple(_Counts.learn(codes) for codes in _codes(ids, order)))

    @property
    def order(self) -> int:
        return len(self.counts) - 1

    def bits(self, ids: np.ndarray, order: int | None = None) -> np.ndarray:
        """Return the bits of each id but the first, float64 (N - 1,). order: -1 (uniform) up to the chain's, its default."""
        depth = self.order if order is None else order
        probabilities = np.full(len(ids) - 1, 1 / VOCAB_SIZE)
        for counts, codes in zip(self.counts[: depth + 1], _codes(ids, depth), strict=False):
            probabilities = counts.mix(codes, probabilities)
        return -np.log2(probabilities)

    def probabilities(self, history: Sequence[int]) -> np.ndarray:
        """Return the probability of every next id after the ids of a text so far, float64 (V,)."""
        probabilities = np.full(VOCAB_SIZE, 1 / VOCAB_SIZE)
        padded = [END] * self.order + [int(i) for i in history]
        for k, counts in enumerate(self.counts):
            context = 0
            for i in padded[len(padded) - k :]:
                context = context * VOCAB_SIZE + i
            probabilities = counts.mix(context * VOCAB_SIZE + np.arange(VOCAB_SIZE), probabilities)
        return probabilities

    def save(self, path: Path) -> None:
        np.savez_compressed(path, **{f"{k}.{n}": a for k, c in enumerate(self.counts) for n, a in c.__dict__.items()})

    @classmethod
    def open(cls, path: Path) -> MarkovChain:
        with np.load(path) as arrays:
            orders = 1 + max(int(name.split(".")[0]) for name in arrays.files)
            names = ("codes", "times", "contexts", "totals", "kinds")
            return cls(tuple(_Counts(*(arrays[f"{k}.{name}"] for name in names)) for k in range(orders)))


def _codes(ids: np.ndarray, order: int) -> list[np.ndarray]:
    """Return for each order 0..`order` the code of every id but the first with the ids before it: int64 (N - 1,).

    Once END is reached on the way back, everything before it is END too.
    """
    wide = ids.astype(np.int64)
    codes = [wide[1:].copy()]
    inside = np.ones(len(wide) - 1, bool)
    scale = 1
    for lag in range(1, order + 1):
        before = np.full(len(wide) - 1, END, np.int64)
        reach = max(0, len(wide) - lag)
        before[len(before) - reach :] = wide[:reach]
        before[~inside] = END
        inside &= before != END
        scale *= VOCAB_SIZE
        codes.append(codes[-1] + before * scale)
    return codes


def _look_up(names: np.ndarray, values: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Return the value beside each wanted name in ascending `names`, 0 where it is missing."""
    if not len(names):
        return np.zeros(len(wanted), values.dtype)
    at = np.minimum(np.searchsorted(names, wanted), len(names) - 1)
    return np.where(names[at] == wanted, values[at], 0)
