"""A set of 64-bit keys in nine bits each, which says of one key in 256 that it is in the set when it is not.

Does not know what the keys stand for. It is a binary fuse filter (Graf and Lemire, 2022): each key has three places in a
table of bytes, in three neighbouring segments, and is in the set if the bytes there give its fingerprint by exclusive or.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

Keys = np.ndarray  # uint64 (n,)
PLACES = 3
LONGEST_SEGMENT_BITS = 18
_MOST_SEEDS = 100


@dataclass(frozen=True)
class FuseFilter:
    """table: uint8 (cells,). segment_length: a power of two. size: how many keys it was built from."""

    table: np.ndarray
    segment_length: int
    seed: int
    size: int

    @classmethod
    def build(cls, keys: Keys) -> FuseFilter:
        """Return the filter of these keys; the same keys in any order, or twice, give the same bytes."""
        keys = np.unique(keys)
        segment_length, cells = _shape(len(keys))
        for seed in range(_MOST_SEEDS):
            hashes = _mixed(keys, seed)
            places = _places(hashes, segment_length, cells)
            if (order := _peel(places, cells)) is not None:
                return cls(_fill(order, places, _fingerprints(hashes), cells), segment_length, seed, len(keys))
        raise AssertionError(f"no filter of {len(keys)} keys in {_MOST_SEEDS} attempts, each of which mostly succeeds")

    def has(self, keys: Keys) -> np.ndarray:
        """Return which keys are in the set: bool, of the shape of `keys`; True for all that are, and for 1 in 256 others."""
        hashes = _mixed(keys, self.seed)
        first, second, third = _places(hashes, self.segment_length, len(self.table))
        found: np.ndarray = (self.table[first] ^ self.table[second] ^ self.table[third]) == _fingerprints(hashes)
        return found


def _shape(size: int) -> tuple[int, int]:
    """Return the segment length and the number of cells for so many keys, by the authors' formulas."""
    log = math.log(max(size, 2))
    segment_length = 1 << min(LONGEST_SEGMENT_BITS, max(2, math.floor(log / math.log(3.33) + 2.25)))
    wanted = size * max(1.125, 0.875 + 0.25 * math.log(1e6) / log)
    segments = max(1, math.ceil(wanted / segment_length) - (PLACES - 1))
    return segment_length, (segments + PLACES - 1) * segment_length


def _mixed(keys: Keys, seed: int) -> Keys:
    """Return keys of which every bit depends on every bit: the finish of MurmurHash3 over key + seed."""
    hashes = keys + np.uint64(seed * 0x9E3779B97F4A7C15 % 2**64)
    hashes = (hashes ^ (hashes >> np.uint64(33))) * np.uint64(0xFF51AFD7ED558CCD)
    hashes = (hashes ^ (hashes >> np.uint64(33))) * np.uint64(0xC4CEB9FE1A85EC53)
    return hashes ^ (hashes >> np.uint64(33))


def _fingerprints(hashes: Keys) -> np.ndarray:
    """Return uint8 that the places do not depend on."""
    return ((hashes * np.uint64(0xD6E8FEB86659FD93)) >> np.uint64(56)).astype(np.uint8)


def _places(hashes: Keys, segment_length: int, cells: int) -> np.ndarray:
    """Return the three cells of each key, in neighbouring segments: int64 (3, ...)."""
    begins = np.uint64(cells - (PLACES - 1) * segment_length)
    mask = np.uint64(segment_length - 1)
    first = (hashes >> np.uint64(32)) * begins >> np.uint64(32)
    second = (first + np.uint64(segment_length)) ^ ((hashes >> np.uint64(18)) & mask)
    third = (first + np.uint64(2 * segment_length)) ^ (hashes & mask)
    return np.stack([first, second, third]).astype(np.int64)


def _peel(places: np.ndarray, cells: int) -> list[tuple[np.ndarray, np.ndarray]] | None:
    """Return rounds of (keys, cells) in which each key is alone in its cell once the rounds before are taken away.

    None where some keys are never alone.
    """
    numbers = np.arange(places.shape[1])
    held = np.bincount(places.ravel(), minlength=cells)  # how many keys have a place in the cell
    together = np.zeros(cells, np.int64)  # their numbers by exclusive or, so the number itself where one is left
    for row in places:
        np.bitwise_xor.at(together, row, numbers)
    rounds, left = [], len(numbers)
    alone = np.flatnonzero(held == 1)
    while len(alone):
        keys, where = np.unique(together[alone], return_index=True)
        rounds.append((keys, alone[where]))
        left -= len(keys)
        touched = places[:, keys].ravel()
        np.subtract.at(held, touched, 1)
        np.bitwise_xor.at(together, touched, np.tile(keys, PLACES))
        touched = np.unique(touched)
        alone = touched[held[touched] == 1]
    return None if left else rounds


def _fill(
    rounds: list[tuple[np.ndarray, np.ndarray]], places: np.ndarray, fingerprints: np.ndarray, cells: int
) -> np.ndarray:
    """Return the table: each key's own cell is set so that its three give its fingerprint, those taken last first."""
    table = np.zeros(cells, np.uint8)
    for keys, own in reversed(rounds):
        first, second, third = places[:, keys]
        table[own] = fingerprints[keys] ^ table[first] ^ table[second] ^ table[third]
    return table
