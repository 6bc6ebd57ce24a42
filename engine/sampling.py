"""Logits to the next id: mask, temperature, top-k, top-p, min-p, then one draw; with the log-probability of the choice.

Knows nothing of models or sequences. One uniform number decides a choice, so a sequence with its own generator gives
the same ids whatever else is in its batch.

Every filter is a threshold on the weight exp(logit / temperature): top-k keeps what is at least as heavy as the k-th,
top-p what is at least as heavy as the last of the heaviest that together reach p of what top-k left, min-p what is at
least that share of the heaviest. Equals are kept together. The draw goes through the kept ids in order of id.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from engine.contract import Sampling
from engine.errors import RequestError

Mask = NDArray[np.bool_]


def choose(
    logits: NDArray[np.float32],
    masks: Sequence[Mask | None],
    settings: Sequence[Sampling],
    uniforms: Sequence[float],
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Choose one id per row of logits (B, V) and return ids (B,) and their log-probabilities (B,).

    The log-probability is natural, at temperature 1 and before the mask. Raises RequestError if a mask allows nothing.
    """
    ids, log_probabilities = choose_where_possible(logits, masks, settings, uniforms)
    if ids.size and ids.min() < 0:
        raise RequestError(
            f"sequence {int(ids.argmin())} of the batch allows no next token; ask for something less strict"
        )
    return ids, log_probabilities


def choose_where_possible(
    logits: NDArray[np.float32],
    masks: Sequence[Mask | None],
    settings: Sequence[Sampling],
    uniforms: Sequence[float],
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """As `choose`, with id -1 for a row whose mask allows nothing."""
    choose_rows = _kernel()
    if choose_rows is None:
        return choose_with_numpy(logits, masks, settings, uniforms)
    ids, log_probabilities = np.empty(len(logits), np.int64), np.empty(len(logits), np.float32)
    table = np.array([(s.temperature, s.top_k, s.top_p, s.min_p) for s in settings], np.float32).reshape(-1, 4)
    rows = np.ascontiguousarray(logits, np.float32)
    choose_rows(rows, _stack(masks, rows.shape[1]), table, np.asarray(uniforms, np.float64), ids, log_probabilities)
    return ids, log_probabilities


@cache
def _kernel() -> Callable[..., None] | None:
    """Compile the kernel, or load what was compiled; None where numba does not work."""
    try:
        from engine.sampling_kernels import choose_rows
    except (ImportError, RuntimeError):
        return None
    kernel: Callable[..., None] = choose_rows
    return kernel


def _stack(masks: Sequence[Mask | None], size: int) -> Mask:
    stacked = np.ones((len(masks), size), np.bool_)
    for row, mask in enumerate(masks):
        if mask is not None:
            stacked[row] = mask
    return stacked


def choose_with_numpy(
    logits: NDArray[np.float32],
    masks: Sequence[Mask | None],
    settings: Sequence[Sampling],
    uniforms: Sequence[float],
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Do the same as the kernel, row by row in numpy."""
    ids, log_probabilities = np.full(len(logits), -1, np.int64), np.full(len(logits), -np.inf, np.float32)
    for b, (row, mask) in enumerate(zip(logits.astype(np.float64), masks, strict=True)):
        if mask is None or mask.any():
            allowed = row if mask is None else np.where(mask, row, -np.inf)
            ids[b] = _draw(allowed, settings[b], uniforms[b])
            log_probabilities[b] = row[ids[b]] - row.max() - np.log(np.exp(row - row.max()).sum())
    return ids, log_probabilities


def _draw(logits: NDArray[np.float64], sampling: Sampling, uniform: float) -> int:
    if sampling.temperature == 0:
        return int(logits.argmax())
    weights = np.exp((logits - logits.max()) / sampling.temperature)
    kept = np.flatnonzero(weights >= max(_least_weight(weights, sampling), 1e-30))
    summed = np.cumsum(weights[kept])
    place = int(np.searchsorted(summed, uniform * summed[-1], side="right"))
    return int(kept[min(place, kept.size - 1)])


def _least_weight(weights: NDArray[np.float64], sampling: Sampling) -> float:
    """Return the least weight that is kept; the heaviest weight is 1."""
    heaviest_first = np.sort(weights)[::-1]
    if 0 < sampling.top_k < weights.size:
        heaviest_first = heaviest_first[: sampling.top_k]
    summed = np.cumsum(heaviest_first)
    last = int(np.searchsorted(summed, sampling.top_p * summed[-1])) if sampling.top_p < 1 else summed.size - 1
    return max(float(heaviest_first[min(last, summed.size - 1)]), sampling.min_p)
