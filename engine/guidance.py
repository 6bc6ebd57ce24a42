"""A model that follows its prompt more strongly: classifier-free guidance over any causal model.

Each slot holds two sequences, one under the prompt as it is and one under a plainer prompt that leaves out what is to be
followed. The logits are those of the first, moved away from the second:

    guided = log p(id | prompt) + strength x (log p(id | prompt) - log p(id | plainer prompt))

Source: Ho and Salimans, "Classifier-Free Diffusion Guidance" (2022); for language models Sanchez et al., "Stay on topic
with Classifier-Free Guidance" (2023). Both sequences are stepped in one call, so it costs twice the rows.
Knows nothing of what the ids mean.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.families import CausalModel

Plainer = Callable[[Sequence[int]], list[int]]


@dataclass
class _Memory:
    """inner: of the model; slot s is at 2s, its plainer twin at 2s + 1. shorter: by how much the twin is shorter."""

    inner: Any
    slots: int
    shorter: list[int] = field(default_factory=list)

    def close(self) -> None:
        if hasattr(self.inner, "close"):
            self.inner.close()


class GuidedModel:
    """A `CausalModel`. plainer: turns the ids that a slot begins with, the prompt among them, into the plainer ones.

    strength: 0 follows the prompt as the model does; above about 2 the words get odd. A slot is cut to nothing or to a
    length behind its prompt, never inside it.
    """

    def __init__(self, model: CausalModel, plainer: Plainer, strength: float) -> None:
        self._model, self._plainer, self._strength = model, plainer, np.float32(strength)
        self.vocab_size, self.context_length = model.vocab_size, model.context_length
        self.runs_equals_once = getattr(model, "runs_equals_once", True)

    def new_memory(self, slots: int) -> _Memory:
        """Return empty memory for a number of slots."""
        return _Memory(self._model.new_memory(2 * slots), slots, [0] * slots)

    def wait_for_memory(self, slots: int, cancelled: Callable[[], bool] | None) -> _Memory:
        """Return empty memory, lent by a model that is shared once it has room."""
        wait = getattr(self._model, "wait_for_memory", None)
        inner = self._model.new_memory(2 * slots) if wait is None else wait(2 * slots, cancelled)
        return _Memory(inner, slots, [0] * slots)

    def length(self, memory: _Memory, slot: int) -> int:
        """Return how many ids a slot holds."""
        return self._model.length(memory.inner, 2 * slot)

    def extend(self, memory: _Memory, slot: int, ids: Sequence[int]) -> NDArray[np.float32]:
        """Append ids (at least one) to a slot and return the guided logits (V,) after the last."""
        plainer = list(ids)
        if self.length(memory, slot) == 0:
            plainer = self._plainer(ids)
            memory.shorter[slot] = len(ids) - len(plainer)
        told = self._model.extend(memory.inner, 2 * slot, ids)
        untold = self._model.extend(memory.inner, 2 * slot + 1, plainer)
        return self._guided(told[None], untold[None])[0]

    def step(self, memory: _Memory, slots: NDArray[np.int64], ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """Append one id to each of several different slots (B,) and return guided logits (B, V)."""
        both = self._model.step(memory.inner, np.concatenate([2 * slots, 2 * slots + 1]), np.concatenate([ids, ids]))
        return self._guided(both[: len(slots)], both[len(slots) :])

    def fork(self, memory: _Memory, source: int, targets: Sequence[int]) -> None:
        """Make the targets hold what the source holds."""
        for twin in (0, 1):
            self._model.fork(memory.inner, 2 * source + twin, [2 * target + twin for target in targets])
        for target in targets:
            memory.shorter[target] = memory.shorter[source]

    def truncate(self, memory: _Memory, slot: int, length: int) -> None:
        """Forget everything after the first `length` ids of a slot."""
        self._model.truncate(memory.inner, 2 * slot, length)
        self._model.truncate(memory.inner, 2 * slot + 1, max(0, length - memory.shorter[slot]))

    def _guided(self, told: NDArray[np.float32], untold: NDArray[np.float32]) -> NDArray[np.float32]:
        told, untold = _log_softmax(told), _log_softmax(untold)
        guided: NDArray[np.float32] = told + self._strength * (told - untold)
        return guided


def _log_softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    shifted = logits - logits.max(axis=1, keepdims=True)
    found: NDArray[np.float32] = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return found
