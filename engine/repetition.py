"""Logits that hold back what was written before: the repetition penalty, and n-grams that may not come twice.

Knows nothing of models, and nothing of how a choice is made.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from engine.contract import Sampling


def held_back(
    logits: NDArray[np.float32],
    seen: Sequence[int],
    sampling: Sampling,
    mask: NDArray[np.bool_] | None = None,
    never: Collection[int] = (),
) -> NDArray[np.float32]:
    """Return a copy of logits (V,) after the ids seen so far, the prompt's among them, as the sampling asks.

    mask: what may come next (V,). never: ids that are never held back, such as those that end a sequence. n-grams give
    way where nothing else may come: a constraint is a law, this is a wish.
    """
    found, ids = logits.copy(), np.unique(np.asarray([i for i in seen if i not in never], np.int64))
    if sampling.repetition_penalty > 1 and ids.size:
        found[ids] = _penalised(found[ids], np.float32(sampling.repetition_penalty))
    banned = [i for i in ngram_ends(seen, sampling.no_repeat_ngram) if i not in never]
    if banned:
        allowed = np.isfinite(found) if mask is None else mask & np.isfinite(found)
        allowed[banned] = False
        if allowed.any():
            found[banned] = -np.inf
    return found


def _penalised(logits: NDArray[np.float32], penalty: np.float32) -> NDArray[np.float32]:
    # CTRL (Keskar et al. 2019) divides the score of every id seen; a negative one would grow by that, so it is multiplied.
    held: NDArray[np.float32] = np.where(logits > 0, logits / penalty, logits * penalty)
    return held


def ngram_ends(seen: Sequence[int], n: int) -> set[int]:
    """Return the ids that would complete an n-gram of ids that is there already; none for n = 0, all seen for n = 1."""
    if n == 0 or len(seen) < n:
        return set()
    begun = tuple(seen[len(seen) - n + 1 :])
    return {seen[i + n - 1] for i in range(len(seen) - n + 1) if tuple(seen[i : i + n - 1]) == begun}
