"""The choice of the next id as a numba kernel, for many rows at once; `sampling` says what it computes.

Knows nothing of sequences or random generators. All is inlined by force, for the reason that `decoder_kernels` gives.
"""

from __future__ import annotations

import numpy as np
from numba import njit, types

from engine.vector_tiles import exp

FAST = {"reassoc", "nnan", "nsz", "arcp", "contract", "afn"}  # all but ninf: minus infinity is a logit like any other


@njit(forceinline=True, fastmath=FAST)
def _log_of_sum(row):  # type: ignore[no-untyped-def]  # numba infers the types
    largest, total = np.float32(-np.inf), np.float32(0.0)
    for i in range(row.size):
        largest = max(largest, row[i])
    for i in range(row.size):
        total += exp(row[i] - largest)
    return largest + np.log(total)


@njit(forceinline=True, fastmath=FAST)
def _largest_allowed(row, mask):  # type: ignore[no-untyped-def]  # numba infers the types
    """Return the allowed id with the largest logit, the lowest of equals; -1 if none is allowed and possible."""
    largest = np.float32(-np.inf)
    for i in range(row.size):
        largest = max(largest, row[i] if mask[i] else np.float32(-np.inf))
    if largest == np.float32(-np.inf):
        return -1
    for i in range(row.size):
        if row[i] == largest and mask[i]:
            return i
    return -1


@njit(forceinline=True, fastmath=FAST, error_model="numpy")
def _weigh(row, mask, largest, temperature, weights):  # type: ignore[no-untyped-def]  # numba infers the types
    """Write exp((logit - largest) / temperature), 0 where masked, and return the sum."""
    factor, total = np.float32(1.0) / temperature, np.float32(0.0)
    for i in range(row.size):
        weight = exp(min((row[i] - largest) * factor, np.float32(0.0)))  # a masked logit may be larger
        weights[i] = weight if mask[i] else np.float32(0.0)
        total += weights[i]
    return total


@njit(forceinline=True)
def _gather(weights, least, found):  # type: ignore[no-untyped-def]  # numba infers the types
    count = 0
    for i in range(weights.size):
        if weights[i] >= least and weights[i] > 0:
            found[count] = weights[i]
            count += 1
    return count


@njit(forceinline=True, fastmath=FAST)
def _heaviest(weights, wanted_count, wanted_sum):  # type: ignore[no-untyped-def]  # numba infers the types
    """Return the largest weight t for which the weights >= t reach the wanted count and sum.

    Halves the range of bit patterns, which are ordered as positive floats are: 31 passes in vector registers, where
    sorting 4,096 weights took fifteen times as long.
    """
    bits = weights.view(np.int32)
    low, high = np.int32(0), np.int32(0x3F800001)  # zero, and just above one, which is the heaviest weight
    while high - low > 1:
        middle = np.int32((low + high) // 2)
        count, total = np.int32(0), np.float32(0.0)
        for i in range(bits.size):
            if bits[i] >= middle:
                count += np.int32(1)
                total += weights[i]
        if count >= wanted_count and total >= wanted_sum:
            low = middle
        else:
            high = middle
    return np.array([low], np.int32).view(np.float32)[0]


@njit(forceinline=True, fastmath=FAST)
def _sum_from(weights, least):  # type: ignore[no-untyped-def]  # numba infers the types
    total = np.float32(0.0)
    for i in range(weights.size):
        total += weights[i] if weights[i] >= least else np.float32(0.0)
    return total


@njit(forceinline=True)
def _threshold(weights, top_k, top_p, min_p, total, found):  # type: ignore[no-untyped-def]  # numba infers the types
    """Return the least weight that is kept."""
    least, nothing = np.float32(1e-30), np.float32(0.0)
    if 0 < top_k < weights.size:
        least = max(least, _heaviest(weights, top_k, nothing))
        total = _sum_from(weights, least)
    if top_p < 1:
        # Whatever is lighter than this could not make up the 1 - p that is left out, even all together.
        floor = max(least, (np.float32(1.0) - top_p) * total / np.float32(weights.size) * np.float32(0.99))
        count = _gather(weights, floor, found)
        least = max(least, _heaviest(found[:count], 1, min(top_p * total, _sum_from(found[:count], nothing))))
    return max(least, min_p)


@njit(forceinline=True)
def _draw(weights, least, uniform):  # type: ignore[no-untyped-def]  # numba infers the types
    """Return the id at which the summed weights of the kept ids, in order of id, pass uniform x their sum."""
    target, summed, last = uniform * _sum_from(weights, least), 0.0, -1
    for i in range(weights.size):
        if weights[i] >= least:
            summed += weights[i]
            last = i
            if summed > target:
                break
    return last


_SIGNATURE = types.void(
    types.float32[:, ::1], types.boolean[:, ::1], types.float32[:, ::1], types.float64[::1], types.int64[::1],
    types.float32[::1],
)  # fmt: skip


@njit(_SIGNATURE, cache=True, nogil=True)
def choose_rows(logits, masks, settings, uniforms, ids, log_probabilities):  # type: ignore[no-untyped-def]  # typed by the signature
    """Choose an id for each row of logits (B, V); -1 where the mask allows none that is possible.

    masks: (B, V); settings: temperature, top_k, top_p, min_p (B, 4); uniforms: [0, 1) (B,); results: (B,) each.
    """
    weights, found = np.empty(logits.shape[1], np.float32), np.empty(logits.shape[1], np.float32)
    for b in range(logits.shape[0]):
        row, mask = logits[b], masks[b]
        temperature, top_k, top_p, min_p = settings[b, 0], np.int64(settings[b, 1]), settings[b, 2], settings[b, 3]
        best = _largest_allowed(row, mask)
        if best >= 0 and temperature > 0:
            total = _weigh(row, mask, row[best], temperature, weights)
            best = _draw(weights, _threshold(weights, top_k, top_p, min_p, total, found), uniforms[b])
        ids[b] = best
        log_probabilities[b] = row[best] - _log_of_sum(row) if best >= 0 else np.float32(-np.inf)


@njit(cache=True, nogil=True)
def race(row, mask, settings, noise):  # type: ignore[no-untyped-def]  # numba infers the types
    """Return the id kept by mask and filters whose logit / temperature + noise is the largest: Gumbel-max.

    All float32: row (V,), noise (V,), settings as a row of `choose_rows`; mask: (V,), at least one allowed. Compiled when
    it is first asked for, which few do.
    """
    weights, found = np.empty(row.size, np.float32), np.empty(row.size, np.float32)
    largest = row[_largest_allowed(row, mask)]
    total = _weigh(row, mask, largest, settings[0], weights)
    least = _threshold(weights, np.int64(settings[1]), settings[2], settings[3], total, found)
    best, highest = -1, np.float32(-np.inf)
    for i in range(row.size):
        if weights[i] >= least:
            height = (row[i] - largest) / settings[0] + noise[i]
            if best < 0 or height > highest:
                best, highest = i, height
    return best
