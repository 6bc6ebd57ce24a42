"""The slots of one shared model, lent to sessions in turn. Knows nothing of models, steps or bytes."""

from __future__ import annotations

import heapq
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.errors import Cancelled, DeviceMemoryError

LOOK_SECONDS = 0.1  # between looks at cancel flags and at slots that came back unannounced
TOO_LARGE = "this needs more memory than the device has; ask for something shorter, or try again later"

Cancel = Callable[[], bool]


@dataclass(frozen=True)
class BatchStatistics:
    """What a model that is shared has done since it was opened.

    tokens: ids that went through it, prompts too; steps: merged steps, rows: sequences in them, all together;
    busy_seconds: time in the model; slots, slots_used: of the pool.
    """

    tokens: int
    steps: int
    rows: int
    busy_seconds: float
    slots: int
    slots_used: int


class SlotPool:
    """Numbers 0 to slots - 1, lent and given back by many threads; first come, first served.

    The lowest free numbers are lent first, so that a pool that is rarely full touches little memory.
    """

    def __init__(self, slots: int) -> None:
        self.capacity = slots  # how many may be lent at once; less than there are once memory ran out
        self.used = 0
        self._free = list(range(slots))
        self._waiting: deque[object] = deque()
        self._dropped: deque[NDArray[np.int64]] = deque()
        self._changed = threading.Condition()

    def take(self, count: int, cancelled: Cancel | None = None) -> NDArray[np.int64]:
        """Wait for so many slots and return their numbers (count,).

        Raises DeviceMemoryError where the pool will never have so many, Cancelled when `cancelled()` says so.
        """
        ticket = object()
        with self._changed:
            self._waiting.append(ticket)
            try:
                while not self._is_served(ticket, count):
                    if cancelled is not None and cancelled():
                        raise Cancelled("the request was taken back; nothing was kept")
                    self._changed.wait(LOOK_SECONDS)
                self.used += count
                return np.array([heapq.heappop(self._free) for _ in range(count)], np.int64)
            finally:
                self._waiting.remove(ticket)
                self._changed.notify_all()

    def give_back(self, slots: NDArray[np.int64]) -> None:
        """Take slots back and wake who waits for some."""
        with self._changed:
            self._dropped.append(slots)
            self._collect()
            self._changed.notify_all()

    def drop(self, slots: NDArray[np.int64]) -> None:
        """Take slots back without a lock: the garbage collector may ask for this at any point of any thread."""
        self._dropped.append(slots)

    def shrink(self, capacity: int) -> None:
        """Lend at most so many from now on; what is lent already stays so."""
        with self._changed:
            self.capacity = min(self.capacity, capacity)
            self._changed.notify_all()

    def _is_served(self, ticket: object, count: int) -> bool:
        self._collect()
        if count > self.capacity:
            raise DeviceMemoryError(TOO_LARGE)
        return self._waiting[0] is ticket and self.used + count <= self.capacity

    def _collect(self) -> None:
        while self._dropped:
            slots = self._dropped.popleft()
            self.used -= len(slots)
            for slot in slots.tolist():
                heapq.heappush(self._free, slot)
