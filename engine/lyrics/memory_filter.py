"""What the training texts say word for word, small enough to ship beside a model: a filter of runs of five words.

Does not know models, or how the runs to keep are chosen (`engine.corpus.memory`): enough of them that every run of
FEWEST_SHARED words of a training text, and every line of FEWEST_OF_LINE or more, has one in it. Words are compared in lower
case and without punctuation, across the ends of lines.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from pathlib import Path

import numpy as np

from engine.lyrics.filter_file import filter_bytes, read_filter
from engine.lyrics.fuse_filter import FuseFilter, Keys
from engine.lyrics.prosody import plain_words

RUN_WORDS = 5
FEWEST_SHARED, FEWEST_OF_LINE = 8, 5  # words; METRICS 3, memorisation
MEMORY_FILE = "memory.npz"  # beside the weights of a lyric model
_STEP = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True)
class MemoryFilter:
    """runs: by the hash of their words. Of the runs that it does not hold, it takes 1 in 256 for one that it does."""

    runs: FuseFilter

    def to_bytes(self) -> bytes:
        """Return what `read` reads: the same bytes for the same runs."""
        return filter_bytes(self.runs, RUN_WORDS)

    @classmethod
    def read(cls, path: Path) -> MemoryFilter:
        """Read a file of runs; CheckpointError where it is none, or of another format."""
        return cls(read_filter(path, RUN_WORDS)[0])


class MemoryGuard:
    """Counts, for one song, the runs of a training text in lines under way. own: what the asker typed is nobody else's."""

    def __init__(self, memory: MemoryFilter, own: Iterable[str] = ()) -> None:
        self._memory = memory
        hashes = [_hashes(plain_words(text)) for text in own]
        self._own = np.array([run for text in hashes for run in run_hashes(text).tolist()], np.uint64)

    def learned(self, before: Sequence[Sequence[str]], lines: Sequence[Sequence[str]]) -> list[int]:
        """Return how many runs each line, given as words in lower case, completes after the lines before it."""
        width = max([1, *map(len, lines)]) + RUN_WORDS - 1
        latest = _last_words(before, RUN_WORDS - 1)
        table = np.zeros((len(lines), width), np.uint64)  # 0 where there is no word
        for row, words in zip(table, lines, strict=True):
            row[RUN_WORDS - 1 - len(latest) : RUN_WORDS - 1 + len(words)] = _hashes([*latest, *words])
        runs = run_hashes(table)
        whole = np.lib.stride_tricks.sliding_window_view(table != 0, RUN_WORDS, axis=1).all(axis=-1)
        found = whole & self._memory.runs.has(runs) & ~np.isin(runs, self._own)
        counts: list[int] = found.sum(axis=1).tolist()
        return counts


def run_hashes(words: Keys, length: int = RUN_WORDS) -> Keys:
    """Return the hashes of the runs along the last axis: uint64 (..., n) of words to (..., n - length + 1), or to none."""
    count = max(0, words.shape[-1] - length + 1)
    runs = np.zeros((*words.shape[:-1], count), np.uint64)
    for place in range(length):
        runs = runs * _STEP + words[..., place : place + count]
    return runs


@lru_cache(maxsize=65536)
def word_hash(word: str) -> int:
    """Return 64 bits that stand for a word in lower case, the same in every process; never 0."""
    return int.from_bytes(hashlib.blake2b(word.strip("'").encode(), digest_size=8).digest(), "little") | 1


def _hashes(words: Iterable[str]) -> Keys:
    return np.array([word_hash(word) for word in words], np.uint64)


def _last_words(lines: Sequence[Sequence[str]], most: int) -> list[str]:
    """Return the last `most` words of all lines together; each line has at least one word."""
    words = list(chain.from_iterable(lines[-most:]))
    return words[-most:]
