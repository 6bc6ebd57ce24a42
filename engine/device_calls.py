"""What threads ask of `engine.device_thread`, and how they wait for the answer. Knows nothing of who answers."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from engine.families import CausalModel

Logits = NDArray[np.float32]
T = TypeVar("T")


@dataclass(eq=False)
class Call(Generic[T]):
    """What a thread asked for, and where it waits for the answer."""

    answer: T | None = None
    error: BaseException | None = None
    is_done: threading.Event = field(default_factory=threading.Event)

    def end(self, answer: T | None, error: BaseException | None = None) -> None:
        self.answer, self.error = answer, error
        self.is_done.set()

    def wait(self) -> T:
        self.is_done.wait()
        if self.error is not None:
            raise self.error
        return self.answer  # type: ignore[return-value]  # None only where T is None


@dataclass(eq=False)
class Act(Call[Any]):
    run: Callable[[], Any] = lambda: None


@dataclass(eq=False)
class Step(Call[Logits]):
    """model: the one that steps, or None for the device's own; an adapted one steps on the same memory."""

    model: CausalModel | None = None
    asker: object = None
    slots: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    ids: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))


@dataclass(eq=False)
class Prompt(Call[Logits]):
    """model: as of a step."""

    model: CausalModel | None = None
    slot: int = 0
    ids: Sequence[int] = ()
    done: int = 0
