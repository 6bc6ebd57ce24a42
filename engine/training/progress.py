"""What is seen of a run under way: figures after every step, for whoever shows them. Does not know terminals."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Protocol

from transformers import TrainerCallback


@dataclass(frozen=True)
class StepShown:
    """steps: of the whole run. ids_per_second, seconds_left: None until measured. loss, valid_loss: the latest, or None."""

    step: int
    steps: int
    ids_per_second: float | None
    seconds_left: float | None
    loss: float | None
    valid_loss: float | None


class Shows(Protocol):
    """A report that also shows every step. It is told sentences, and no JSON."""

    def __call__(self, text: str) -> None:
        """Say a sentence."""

    def show(self, shown: StepShown) -> None:
        """Show where the run is."""


class StepProgress(TrainerCallback):
    """Measures the pace of a run. show: a `Shows`, or None where only the pace is wanted. ids_per_step: of an update.

    Time left counts validation, samples and checkpoints in, as they have been so far.
    """

    def __init__(self, show: Shows | None, ids_per_step: int) -> None:
        self._show, self._ids_per_step = show, ids_per_step
        self._begun, self._first = time.monotonic(), 0
        self._busy, self._busy_steps, self._step_began = 0.0, 0, 0.0
        self._loss: float | None = None
        self._valid_loss: float | None = None

    @property
    def ids_per_second(self) -> float | None:
        """Return how many ids were learned per second of training proper, or None before the first step."""
        return self._ids_per_step * self._busy_steps / self._busy if self._busy else None

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self._begun, self._first = time.monotonic(), state.global_step
        self._tell(state)

    def on_step_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self._step_began = time.monotonic()

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self._busy += time.monotonic() - self._step_began
        self._busy_steps += 1
        self._tell(state)

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any] | None = None, **_: Any) -> None:
        self._loss = (logs or {}).get("loss", self._loss)
        self._valid_loss = (logs or {}).get("eval_loss", self._valid_loss)
        self._tell(state)

    def _tell(self, state: Any) -> None:
        if self._show is None:
            return
        done = state.global_step - self._first
        left = (time.monotonic() - self._begun) / done * (state.max_steps - state.global_step) if done else None
        pace = self.ids_per_second
        self._show.show(StepShown(state.global_step, state.max_steps, pace, left, self._loss, self._valid_loss))
