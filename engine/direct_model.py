"""One model for many songs without a device: each call runs in the thread that asks, on memory of its session.

Knows nothing of merging. Where processors do the arithmetic, a song's candidates fill them already: handing its steps
to another thread to be merged cost a tenth more processor time per song than it saved.
"""

from __future__ import annotations

import copy
import threading
import time
import weakref
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.adapters import Adapter
from engine.device_memory import SLOTS_PER_SONG, measured_slots
from engine.errors import DeviceMemoryError
from engine.families import CausalModel, adapted
from engine.slot_pool import TOO_LARGE, BatchStatistics, SlotPool


class OwnMemory:
    """Memory of the model that one session has to itself, and the slots that it counts for in the pool."""

    def __init__(self, memory: Any, slots: NDArray[np.int64], model: DirectModel) -> None:
        self.memory, self._slots, self._model = memory, slots, model
        self._unclosed = weakref.finalize(self, model.pool.drop, slots)  # for sessions that nobody closed
        self._unclosed.atexit = False

    def close(self) -> None:
        """Give it back; it must not be used any more."""
        if self._unclosed.detach() is not None:
            self.memory = None
            self._model.pool.give_back(self._slots)


class DirectModel:
    """A `families.CausalModel` over one that several threads may use at once, each with a memory of its own.

    slots: how many there may be in all; measured by the memory that is free if None.
    """

    def __init__(self, model: CausalModel, *, slots: int | None = None, least_slots: int = SLOTS_PER_SONG) -> None:
        self.vocab_size, self.context_length = model.vocab_size, model.context_length
        self._model = model
        self.pool = SlotPool(slots or measured_slots(model, least_slots))
        self._lock = threading.Lock()
        self._tokens = self._steps = self._rows = 0
        self._busy_seconds = 0.0

    def adapted(self, adapter: Adapter) -> DirectModel:
        """Return the model with an adapter. Both share weights and slots; each counts its own work."""
        twin = copy.copy(self)
        twin._model, twin._lock = adapted(self._model, adapter), threading.Lock()
        twin._tokens = twin._steps = twin._rows = 0
        twin._busy_seconds = 0.0
        return twin

    def new_memory(self, slots: int) -> OwnMemory:
        """Wait, in turn, until so many slots are free, and return them empty."""
        return self.wait_for_memory(slots, None)

    def wait_for_memory(self, slots: int, cancelled: Callable[[], bool] | None) -> OwnMemory:
        """Do the same, but raise Cancelled when `cancelled()` says so; DeviceMemoryError where there is too little."""
        taken = self.pool.take(slots, cancelled)
        try:
            memory = self._model.new_memory(slots)
        except BaseException as error:
            self.pool.give_back(taken)
            if isinstance(error, MemoryError):
                raise DeviceMemoryError(TOO_LARGE) from error
            raise
        return OwnMemory(memory, taken, self)

    def length(self, memory: OwnMemory, slot: int) -> int:
        """Return how many ids a slot holds."""
        return self._model.length(memory.memory, slot)

    def extend(self, memory: OwnMemory, slot: int, ids: Sequence[int]) -> NDArray[np.float32]:
        """Append ids (at least one) to a slot and return the logits (V,) after the last."""
        return self._run(lambda: self._model.extend(memory.memory, slot, ids), len(ids), is_step=False)

    def step(self, memory: OwnMemory, slots: NDArray[np.int64], ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """Append one id to each of several different slots (B,) and return logits (B, V)."""
        return self._run(lambda: self._model.step(memory.memory, slots, ids), len(ids), is_step=True)

    def fork(self, memory: OwnMemory, source: int, targets: Sequence[int]) -> None:
        """Make the targets hold what the source holds."""
        self._model.fork(memory.memory, source, targets)

    def truncate(self, memory: OwnMemory, slot: int, length: int) -> None:
        """Forget everything after the first `length` ids of a slot."""
        self._model.truncate(memory.memory, slot, length)

    def statistics(self) -> BatchStatistics:
        """Return what has been done so far; busy_seconds add up over the threads."""
        with self._lock:
            done = self._tokens, self._steps, self._rows, self._busy_seconds
        return BatchStatistics(*done, self.pool.capacity, self.pool.used)

    def _run(self, call: Callable[[], NDArray[np.float32]], tokens: int, *, is_step: bool) -> NDArray[np.float32]:
        started = time.perf_counter()
        try:
            logits = call()
        except MemoryError as error:
            raise DeviceMemoryError(TOO_LARGE) from error
        with self._lock:
            self._tokens += tokens
            self._steps += is_step
            self._rows += tokens * is_step
            self._busy_seconds += time.perf_counter() - started
        return logits
