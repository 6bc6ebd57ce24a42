"""Logits to the next id: mask, temperature, top-k, top-p, min-p, then one draw; with the log-probability of the choice.

Knows nothing of models or sequences. One uniform number decides a choice, so a sequence with its own generator gives
the same ids whatever else is in its batch.

Every filter is a threshold on the weight exp(logit / temperature): top-k keeps what is at least as heavy as the k-th,
top-p what is at least as heavy as the last of the heaviest that together reach p of what top-k left, min-p what is at
least that share of the heaviest. Equals are kept together. The draw goes through the kept ids in order of id.

Gumbel-max draws by another way: noise is added to logit / temperature, and the largest of the kept ids wins, which has
the law of the softmax. Its noise, one number for each id, comes from the sequence's own generator as well.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from engine.contract import Sampling
from engine.errors import RequestError

Mask = NDArray[np.bool_]
Noise = NDArray[np.float32]


def choose(
    logits: NDArray[np.float32],
    masks: Sequence[Mask | None],
    settings: Sequence[Sampling],
    uniforms: Sequence[float],
    noises: Sequence[Noise | None] | None = None,
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Choose one id per row of logits (B, V) and return ids (B,) and their log-probabilities (B,).

    The log-probability is natural, at temperature 1 and before the mask. noises: standard Gumbel noise (V,) for the rows
    that are chosen by it. Raises RequestError if a mask allows nothing.
    """
    ids, log_probabilities = choose_where_possible(logits, masks, settings, uniforms, noises)
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
    noises: Sequence[Noise | None] | None = None,
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """As `choose`, with id -1 for a row whose mask allows nothing, or nothing that the model holds possible."""
    choose_rows = _kernel()
    if choose_rows is None:
        return choose_with_numpy(logits, masks, settings, uniforms, noises)
    ids, log_probabilities = np.empty(len(logits), np.int64), np.empty(len(logits), np.float32)
    table = np.array([(s.temperature, s.top_k, s.top_p, s.min_p) for s in settings], np.float32).reshape(-1, 4)
    rows = np.ascontiguousarray(logits, np.float32)
    stacked = _stack(masks, rows.shape[1])
    choose_rows(rows, stacked, table, np.asarray(uniforms, np.float64), ids, log_probabilities)
    for b, noise in enumerate(noises or ()):
        if noise is not None and ids[b] >= 0:
            ids[b] = _race(rows[b], stacked[b], table[b], noise)
            log_probabilities[b] = log_probability(rows[b], int(ids[b]))
    return ids, log_probabilities


def gumbel_noise(sampling: Sampling, generator: np.random.Generator, size: int) -> Noise | None:
    """Return the noise (V,) of one choice where the sampling wants it, else None; greedy choices draw nothing."""
    if not sampling.gumbel or sampling.temperature == 0:
        return None
    return generator.gumbel(size=size).astype(np.float32)


def log_probability(logits: NDArray[np.float32], chosen: int) -> float:
    """Return the natural log-probability of an id by logits (V,) at temperature 1."""
    row = logits.astype(np.float64)
    largest = row.max()
    return float(row[chosen] - largest - np.log(np.exp(row - largest).sum()))


def _race(row: NDArray[np.float32], mask: Mask, settings: NDArray[np.float32], noise: Noise) -> int:
    from engine.sampling_kernels import race

    return int(race(row, mask, settings, np.ascontiguousarray(noise, np.float32)))


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
    noises: Sequence[Noise | None] | None = None,
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Do the same as the kernel, row by row in numpy."""
    ids, log_probabilities = np.full(len(logits), -1, np.int64), np.full(len(logits), -np.inf, np.float32)
    for b, (row, mask) in enumerate(zip(logits.astype(np.float64), masks, strict=True)):
        allowed = row if mask is None else np.where(mask, row, -np.inf)
        if allowed.max() > -np.inf:
            noise = noises[b] if noises is not None else None
            ids[b] = _draw(allowed, settings[b], uniforms[b], noise)
            log_probabilities[b] = log_probability(logits[b], int(ids[b]))
    return ids, log_probabilities


def _draw(logits: NDArray[np.float64], sampling: Sampling, uniform: float, noise: Noise | None) -> int:
    if sampling.temperature == 0:
        return int(logits.argmax())
    scaled = (logits - logits.max()) / sampling.temperature
    weights = np.exp(scaled)
    kept = np.flatnonzero(weights >= max(_least_weight(weights, sampling), 1e-30))
    if noise is not None:
        return int(kept[(scaled[kept] + noise[kept]).argmax()])
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
