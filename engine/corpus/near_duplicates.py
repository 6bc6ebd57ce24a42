"""Texts that are nearly the same, found by MinHash and settled by counting. Does not know songs, works or splits.

A text is the set of its runs of five words. Two texts are near-duplicates where half of the runs that either has are in
both (Jaccard at least 0.5). 128 permutations give a signature per text (Broder 1997); texts that agree in one of 42 bands
of three are compared by their sets, so that nothing is a near-duplicate by estimate. A pair at 0.5 is missed once in 270
times, at 0.6 once in 27,000.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np

SHINGLE_WORDS = 5
PERMUTATIONS, BANDS, ROWS = 128, 42, 3
ALIKE = 0.5
MOST_IN_A_BAND = 64  # texts that agree in a band and are all compared with each other

WORDS = re.compile(r"[\u3400-\u9fff]|(?:(?![\u3400-\u9fff])[^\W_])+(?:'(?:(?![\u3400-\u9fff])[^\W_])+)*")
_RANDOM = np.random.PCG64(20_011).random_raw(2 * PERMUTATIONS)  # the raw stream of a bit generator never changes
_FACTORS, _OFFSETS = _RANDOM[:PERMUTATIONS] | np.uint64(1), _RANDOM[PERMUTATIONS:]


def words_in(text: str) -> list[str]:
    """Return the words of a text in lower case, without signs; a Chinese character is a word."""
    return WORDS.findall(text.lower())


@lru_cache(maxsize=1 << 17)
def _word_hash(word: str) -> int:
    return zlib.crc32(word.encode()) | zlib.adler32(word.encode()) << 32


def shingles(words: Sequence[str]) -> np.ndarray:
    """Return the distinct runs of five words as sorted uint32 (n,); a shorter text is one run; empty for no words."""
    if not words:
        return np.array([], np.uint32)
    hashes = _mixed(np.fromiter(map(_word_hash, words), np.uint64, len(words)))
    size = min(SHINGLE_WORDS, len(words))
    runs = np.zeros(len(words) - size + 1, np.uint64)
    for place in range(size):
        runs = _mixed(runs * np.uint64(0x9E3779B97F4A7C15) + hashes[place : place + len(runs)])
    return np.unique((runs >> np.uint64(32)).astype(np.uint32))


def _mixed(values: np.ndarray) -> np.ndarray:
    """Spread uint64 values over all bits (the finaliser of SplitMix64)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def signature(runs: np.ndarray) -> np.ndarray:
    """Return the smallest value of each permutation of a set: uint32 (128,); for an empty set the largest number."""
    if not len(runs):
        return np.full(PERMUTATIONS, 2**32 - 1, np.uint32)
    spread = _mixed(runs.astype(np.uint64))
    permuted = spread[:, None] * _FACTORS + _OFFSETS  # (n, 128)
    return (permuted >> np.uint64(32)).min(axis=0).astype(np.uint32)


def jaccard(first: np.ndarray, second: np.ndarray) -> float:
    """Return the share of runs that both sets have among those that either has; 0 if both are empty."""
    both = len(np.intersect1d(first, second, assume_unique=True))
    either = len(first) + len(second) - both
    return both / either if either else 0.0


def candidates(signatures: np.ndarray) -> Iterator[tuple[int, int]]:
    """Give pairs (earlier, later) of rows of `signatures` (n, 128) that agree in a band, each once, in order.

    Of more than 64 rows that agree, each is paired with the first 32 and the 32 before it.
    """
    count = len(signatures)
    found: list[np.ndarray] = []
    for band in range(BANDS):
        part = signatures[:, band * ROWS : (band + 1) * ROWS].astype(np.uint64)
        keys = _mixed(_mixed(part[:, 0] << np.uint64(32) | part[:, 1]) + part[:, 2])
        order = np.argsort(keys, kind="stable")
        edges = np.flatnonzero(np.diff(keys[order])) + 1
        starts, ends = np.r_[0, edges], np.r_[edges, count]
        for start, end in zip(starts[ends - starts > 1], ends[ends - starts > 1], strict=True):
            found.append(_pairs_of(order[start:end]) @ np.array([count, 1]))
    numbers = np.unique(np.concatenate(found)) if found else np.array([], np.int64)
    yield from ((int(n) // count, int(n) % count) for n in numbers)


def _pairs_of(rows: np.ndarray) -> np.ndarray:
    """Return pairs (earlier, later) of row numbers, which are in order: int64 (n, 2)."""
    count, near = len(rows), MOST_IN_A_BAND // 2
    if count <= MOST_IN_A_BAND:
        later, earlier = np.tril_indices(count, -1)
        return np.stack([rows[earlier], rows[later]], axis=1)
    before = [(rows[:-step], rows[step:]) for step in range(1, near + 1)]
    first = [(np.full(count - place - 1, rows[place]), rows[place + 1 :]) for place in range(near)]
    return np.concatenate([np.stack(pair, axis=1) for pair in before + first])


def near_duplicates(sets: Sequence[np.ndarray]) -> list[tuple[int, int]]:
    """Return the pairs (earlier, later) of near-duplicates among sets of runs, in order.

    Needs 512 bytes a text beside the sets.
    """
    if not sets:
        return []
    signatures = np.stack([signature(runs) for runs in sets])
    return [(i, j) for i, j in candidates(signatures) if jaccard(sets[i], sets[j]) >= ALIKE]


def keep_one_of_each(sizes: Sequence[int], pairs: Sequence[tuple[int, int]]) -> dict[int, int]:
    """Return for each text that goes which text stays for it; no two texts that stay are a pair.

    The longest stays, of equal ones the earliest. A text that is near only to one that goes stays too.
    """
    near: dict[int, set[int]] = {}
    for first, second in pairs:
        near.setdefault(first, set()).add(second)
        near.setdefault(second, set()).add(first)
    gone: dict[int, int] = {}
    for text in sorted(near, key=lambda i: (-sizes[i], i)):
        if text not in gone:
            gone.update({other: text for other in near[text] if other not in gone})
    return gone
