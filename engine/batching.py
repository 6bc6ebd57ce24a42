"""One model for the sequences of many songs: a `families.CausalModel` whose calls may come from any thread.

Knows nothing of songs or members. `device_thread` runs the model, and merges the steps that wait at the same time;
`slot_pool` lends the slots. What a sequence becomes does not depend on its neighbours: exactly so for `engine.llama`
with numba, whose sums do not depend on the number of rows; where numpy or torch multiply matrices, more rows can
change the last bits of the logits, and so, very rarely, a choice.
"""

from __future__ import annotations

import copy
import threading
import weakref
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.adapters import Adapter
from engine.device_memory import SLOTS_PER_SONG, device_of, measured_slots
from engine.device_thread import DeviceThread
from engine.direct_model import DirectModel
from engine.errors import DeviceMemoryError
from engine.families import CausalModel, adapted
from engine.slot_pool import TOO_LARGE, BatchStatistics, SlotPool

GPU_WINDOW_SECONDS = 0.003


def share(model: CausalModel) -> SharedModel | DirectModel:
    """Make a model fit for songs in several threads at once: on a device of its own, or by processors alone."""
    is_direct = device_of(model) == "cpu" and getattr(model, "runs_in_any_thread", False)
    return DirectModel(model) if is_direct else SharedModel(model)


class Lease:
    """Slots of a shared model that one session has to itself, 0 to n - 1 as it counts them."""

    def __init__(self, slots: NDArray[np.int64], pool: SlotPool, model: SharedModel) -> None:
        self.slots, self._pool = slots, pool
        self.asker = object()  # stands for the lease in the device's thread, which is not to keep it alive
        self._model = model  # a session keeps the model's thread alive
        # For sessions that end in an exception; `close` is the way for all others.
        self._unclosed = weakref.finalize(self, pool.drop, slots)
        self._unclosed.atexit = False

    def close(self) -> None:
        """Give the slots back; they must not be used any more."""
        self._model.forget(self)
        if self._unclosed.detach() is not None:
            self._pool.give_back(self.slots)


class SharedModel:
    """Lets sessions in many threads use one model at the same time; see the module.

    slots: how many there are for all of them; measured by the memory that is free if None. window_seconds: how long a
    step waits for those that are about to ask for one. The thread ends when nobody refers to this any more.
    """

    runs_equals_once = False  # every copy would be a call of its own between two steps

    def __init__(
        self,
        model: CausalModel,
        *,
        slots: int | None = None,
        least_slots: int = SLOTS_PER_SONG,
        window_seconds: float | None = None,
        most_rows: int = 4096,
    ) -> None:
        self.vocab_size, self.context_length = model.vocab_size, model.context_length
        is_gpu = device_of(model) != "cpu"
        self._model, self._slots, self._least_slots = model, slots, least_slots
        self._pool: SlotPool | None = None
        self._base: SharedModel | None = None
        self._opening = threading.Lock()
        window = window_seconds if window_seconds is not None else GPU_WINDOW_SECONDS if is_gpu else 0.0
        shortage = weakref.WeakMethod(self._note_shortage)
        self._device = DeviceThread(
            model, window_seconds=window, most_rows=most_rows, on_shortage=lambda: _call(shortage())
        )
        weakref.finalize(self, self._device.stop).atexit = False

    def adapted(self, adapter: Adapter) -> SharedModel:
        """Return the model with an adapter. Both share weights, thread and slots; the base counts the work of both."""
        twin = copy.copy(self)
        twin._model, twin._base = adapted(self._model, adapter), self  # which keeps the thread alive
        return twin

    def new_memory(self, slots: int) -> Lease:
        """Wait, in turn, until so many slots are free, and return them empty."""
        return self.wait_for_memory(slots, None)

    def wait_for_memory(self, slots: int, cancelled: Callable[[], bool] | None) -> Lease:
        """Do the same, but raise Cancelled when `cancelled()` says so; it is asked several times a second.

        Raises DeviceMemoryError where the device will never have so many.
        """
        pool = self._opened()
        taken = pool.take(slots, cancelled)
        lease = Lease(taken, pool, self)

        def empty(memory: Any) -> None:
            for slot in taken.tolist():
                self._model.truncate(memory, slot, 0)

        self._device.act(empty)
        return lease

    def length(self, memory: Lease, slot: int) -> int:
        """Return how many ids a slot holds."""
        return self._device.length(int(memory.slots[slot]))

    def extend(self, memory: Lease, slot: int, ids: Sequence[int]) -> NDArray[np.float32]:
        """Append ids (at least one) to a slot and return the logits (V,) after the last."""
        at = int(memory.slots[slot])
        if len(ids) == 0 or self._device.length(at) + len(ids) > self.context_length:
            raise ValueError(f"{len(ids)} ids do not fit after {self._device.length(at)} of {self.context_length}")
        self._device.forget(memory.asker)
        return self._device.extend(at, ids, self._own_model)

    def step(self, memory: Lease, slots: NDArray[np.int64], ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """Append one id to each of several different slots (B,) and return logits (B, V)."""
        return self._device.step(memory.asker, memory.slots[slots], ids, self._own_model)

    def fork(self, memory: Lease, source: int, targets: Sequence[int]) -> None:
        """Make the targets hold what the source holds."""
        at, to = int(memory.slots[source]), memory.slots[list(targets)].tolist()
        self._device.forget(memory.asker)
        self._device.act(lambda pooled: self._model.fork(pooled, at, to))

    def truncate(self, memory: Lease, slot: int, length: int) -> None:
        """Forget everything after the first `length` ids of a slot."""
        at = int(memory.slots[slot])
        self._device.forget(memory.asker)
        self._device.act(lambda pooled: self._model.truncate(pooled, at, length))

    def forget(self, memory: Lease) -> None:
        """Let no step wait for this session any more."""
        self._device.forget(memory.asker)

    def statistics(self) -> BatchStatistics:
        """Return what has been done so far, nothing where the base counts it; cheap, from any thread."""
        if self._base is not None:
            return BatchStatistics(0, 0, 0, 0.0, 0, 0)
        counts, pool = self._device.counts, self._pool
        slots, used = (pool.capacity, pool.used) if pool is not None else (0, 0)
        return BatchStatistics(counts.tokens, counts.steps, counts.rows, counts.busy_seconds, slots, used)

    @property
    def seconds_without_progress(self) -> float:
        """How long the device's thread has been at one call; 0 if there is nothing to do."""
        return self._device.seconds_without_progress

    @property
    def error(self) -> BaseException | None:
        """What ended the device's thread; every later call raises it, so the process should be started anew."""
        return self._device.error

    def close(self) -> None:
        """End the thread, which an adapted model leaves to its base; calls that wait and later ones raise RuntimeError."""
        if self._base is None:
            self._device.stop()

    @property
    def _own_model(self) -> CausalModel | None:
        """Return the model in place of the thread's own."""
        return None if self._base is None else self._model

    def _opened(self) -> SlotPool:
        """Return the pool; the first call makes the model's memory, of as many slots as can be had."""
        if self._base is not None:
            return self._base._opened()
        with self._opening:
            if self._pool is None:
                slots = self._slots or measured_slots(self._model, self._least_slots)
                while not self._has_memory(slots):
                    if slots <= min(self._least_slots, self._slots or self._least_slots):
                        raise DeviceMemoryError(TOO_LARGE)
                    slots = max(slots // 2, min(self._least_slots, slots))
                self._pool = SlotPool(slots)
            return self._pool

    def _has_memory(self, slots: int) -> bool:
        try:
            self._device.open(lambda: self._model.new_memory(slots))
        except DeviceMemoryError:
            return False
        return True

    def _note_shortage(self) -> None:
        """Lend fewer slots from now on, but always enough for one song, and let the model give back what it hoards."""
        if self._pool is not None:
            self._pool.shrink(max(self._pool.used // 2, min(self._least_slots, self._pool.capacity)))
        empty: Callable[[], None] | None = getattr(self._model, "empty_caches", None)
        if empty is not None:
            empty()


def _call(method: Callable[[], None] | None) -> None:
    if method is not None:
        method()
