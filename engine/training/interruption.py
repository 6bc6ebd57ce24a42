"""Ctrl-C in a training run: the step is done, a checkpoint is written, the run ends. Does not know what is trained."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from typing import Any

import torch
from transformers import TrainerCallback

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interruption(TrainerCallback):
    """Take Ctrl-C and SIGTERM while in its `with` block; a second Ctrl-C stops at once.

    stopped_at: the step whose checkpoint is the last, or None where nobody interrupted. With several processes all of
    them stop at the same step, and a second signal counts for nothing: torchrun passes on what the terminal sent.
    """

    def __init__(self, report: Callable[[str], None]) -> None:
        self._report, self._asked = report, False
        self._before: dict[int, Any] = {}
        self.stopped_at: int | None = None

    def __enter__(self) -> Interruption:
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._ask) for number in SIGNALS}
        return self

    def __exit__(self, *_: object) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)

    def _ask(self, number: int, frame: object) -> None:
        if self._asked and not _several():
            raise KeyboardInterrupt
        if not self._asked:
            self._asked = True
            self._report("stopping after this step, with a checkpoint; Ctrl-C again stops at once, without one")

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if self._asked_of_any(args.device):
            control.should_save = control.should_training_stop = True
            self.stopped_at = state.global_step

    def _asked_of_any(self, device: torch.device) -> bool:
        if not _several():
            return self._asked
        asked = torch.tensor(int(self._asked), device=device)
        torch.distributed.all_reduce(asked, torch.distributed.ReduceOp.MAX)
        return bool(asked)


def _several() -> bool:
    return torch.distributed.is_available() and torch.distributed.is_initialized()
