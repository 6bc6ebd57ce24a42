"""One thread that runs a model for many: steps that wait at the same time become one, prompts go in between in parts.

Knows nothing of sessions, sampling or who may use which slot; it gets slots of one memory and ids.

Between two steps, in this order: what is short (forks, cuts), all steps that wait as one step, and one part of one
prompt, in turn. So nobody waits for more than one part of somebody else's prompt, however long that is.
"""

from __future__ import annotations

import atexit
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.device_calls import Act, Call, Logits, Prompt, Step
from engine.errors import DeviceLostError, DeviceMemoryError
from engine.families import CausalModel
from engine.slot_pool import TOO_LARGE

DEVICE_LOST = "the device that computes has failed; start again, and tell the host if it happens again"
PROMPT_PART = 64  # ids; a multiple of what `engine.llama` runs at a time, so that the parts change no sum
JOIN_SECONDS = 2.0


def is_out_of_memory(error: BaseException) -> bool:
    """Say whether an error of numpy, of the interpreter or of torch, which need not be installed, is about memory."""
    return isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError"


@dataclass
class _Counts:
    tokens: int = 0
    steps: int = 0
    rows: int = 0
    busy_seconds: float = 0.0


class DeviceThread:
    """Runs a model in one thread on the memory that `open` gave it; every method may be called from any thread.

    window_seconds: how long a step waits for the askers of the last one, which are known to be about to ask again.
    on_shortage: called in the thread whenever memory ran out. An error that is the device's own end (`is_fatal`), or a
    bug of this thread, ends it: whoever waits and whoever comes later is given a DeviceLostError caused by it.
    """

    def __init__(
        self,
        model: CausalModel,
        *,
        window_seconds: float = 0.0,
        most_rows: int = 4096,
        on_shortage: Callable[[], None] = lambda: None,
    ) -> None:
        self._model, self._window_seconds, self._most_rows = model, window_seconds, most_rows
        self._on_shortage = on_shortage
        self._memory: Any = None
        self._acts: deque[Act] = deque()
        self._steps: deque[Step] = deque()
        self._prompts: deque[Prompt] = deque()
        self._expected: set[object] = set()
        self._running: list[Call[Any]] = []
        self._changed = threading.Condition()
        self._is_stopping = False
        self._error: BaseException | None = None
        self._last_progress: float | None = None  # None while there is nothing to do
        self.counts = _Counts()
        self._thread: threading.Thread | None = None

    def open(self, make_memory: Callable[[], Any]) -> None:
        """Make the memory that everything else works on; to be called first, and once."""

        def make() -> None:
            self._memory = make_memory()

        self._ask(Act(run=make), self._acts)

    def step(
        self, asker: object, slots: NDArray[np.int64], ids: NDArray[np.int64], model: CausalModel | None = None
    ) -> Logits:
        """Append one id to each slot (B,) and return logits (B, V). DeviceMemoryError if not even this step fits.

        model: an adapted one in place of the thread's own; steps of different models are not merged.
        """
        return self._ask(Step(model=model, asker=asker, slots=slots, ids=ids), self._steps)

    def extend(self, slot: int, ids: Sequence[int], model: CausalModel | None = None) -> Logits:
        """Append ids to a slot and return the logits (V,) after the last. model: as in `step`."""
        return self._ask(Prompt(model=model, slot=slot, ids=ids), self._prompts)

    def act(self, run: Callable[[Any], Any]) -> Any:
        """Call `run` with the memory between two steps and return what it returns; it must be short."""
        return self._ask(Act(run=lambda: run(self._memory)), self._acts)

    def forget(self, asker: object) -> None:
        """Stop waiting for the next step of an asker."""
        self._expected.discard(asker)

    def length(self, slot: int) -> int:
        """Return how many ids a slot holds; asked for each sequence at each step, so without the thread."""
        return self._model.length(self._memory, slot)

    def stop(self) -> None:
        """End the thread after what it is doing; what waits is told so."""
        with self._changed:
            self._is_stopping = True
            self._changed.notify_all()

    def join(self, timeout_seconds: float) -> None:
        """Wait for the thread's end."""
        if self._thread is not None:
            self._thread.join(timeout_seconds)

    @property
    def seconds_without_progress(self) -> float:
        """How long the call under way has been running; 0 if nobody waits for anything."""
        since = self._last_progress
        return 0.0 if since is None else time.monotonic() - since

    @property
    def error(self) -> BaseException | None:
        """What ended the thread, if it has ended by an error."""
        return self._error

    def _ask(self, call: Any, queue: deque[Any]) -> Any:
        with self._changed:
            if self._error is not None:
                raise DeviceLostError(DEVICE_LOST) from self._error
            if self._is_stopping:
                raise RuntimeError("the model was closed")
            if self._thread is None:
                self._thread = threading.Thread(target=self._serve, name="device", daemon=True)
                self._thread.start()
                _RUNNING.add(self)
            if self._last_progress is None:
                self._last_progress = time.monotonic()
            queue.append(call)
            self._changed.notify()
        return call.wait()

    def _serve(self) -> None:
        try:
            while self._next():
                started = time.monotonic()
                self._run_calls()
                self._running = []
                self._last_progress = ended = time.monotonic()
                self.counts.busy_seconds += ended - started
        except BaseException as fault:  # whatever it is, those who wait must hear of it
            self._error = fault
        with self._changed:
            self._is_stopping, self._last_progress, self._memory = True, None, None
            for call in (*self._running, *self._acts, *self._steps, *self._prompts):
                if call.is_done.is_set():
                    continue
                if self._error is None:
                    call.end(None, RuntimeError("the model was closed"))
                    continue
                lost = DeviceLostError(DEVICE_LOST)  # one each: a traceback keeps what was in the asker's thread
                lost.__cause__ = self._error
                call.end(None, lost)

    def _next(self) -> bool:
        """Wait until there is something to do and move it to `_running`; False when the thread should end."""
        with self._changed:
            while not (self._acts or self._steps or self._prompts):
                if self._is_stopping:
                    return False
                self._last_progress = None
                self._changed.wait()
            if self._is_stopping:
                return False
            self._wait_for_others()
            self._running = [*self._acts]
            self._acts.clear()
            rows = 0
            while self._steps and (not rows or rows + self._steps[0].slots.size <= self._most_rows):
                rows += self._steps[0].slots.size
                self._running.append(self._steps.popleft())
            if self._prompts:
                self._running.append(self._prompts.popleft())
            return True

    def _wait_for_others(self) -> None:
        """Give those who were in the last step a moment to ask for the next one, unless there is other work."""
        deadline = time.monotonic() + self._window_seconds
        while self._steps and not (self._acts or self._prompts or self._is_stopping):
            missing = self._expected - {step.asker for step in self._steps}
            left = deadline - time.monotonic()
            if not missing or left <= 0:
                self._expected -= missing  # whoever let the others wait in vain is not waited for again
                return
            self._changed.wait(left)

    def _run_calls(self) -> None:
        steps: dict[CausalModel | None, list[Step]] = {}
        for call in self._running:
            if isinstance(call, Act):
                call.end(*self._attempt(call.run))
            elif isinstance(call, Step):
                steps.setdefault(call.model, []).append(call)
        for of_one_model in steps.values():
            self._run_steps(of_one_model)
        for call in self._running:
            if isinstance(call, Prompt):
                self._run_part(call)

    def _run_steps(self, steps: list[Step]) -> None:
        """Run steps of one model as one; if that fails, each half for itself, down to the one that is at fault."""
        slots, ids = np.concatenate([s.slots for s in steps]), np.concatenate([s.ids for s in steps])
        model = steps[0].model or self._model
        logits, error = self._attempt(lambda: model.step(self._memory, slots, ids))
        if error is None:
            self.counts.steps, self.counts.rows = self.counts.steps + 1, self.counts.rows + slots.size
            self.counts.tokens += slots.size
            self._expected.update(step.asker for step in steps)
            at = 0
            for step in steps:
                step.end(logits[at : at + step.slots.size])
                at += step.slots.size
        elif len(steps) == 1:
            self._expected.discard(steps[0].asker)
            steps[0].end(None, error)
        else:
            if isinstance(error, DeviceMemoryError):
                self._most_rows = max(1, slots.size // 2)
            half = len(steps) // 2
            self._run_steps(steps[:half])
            self._run_steps(steps[half:])

    def _run_part(self, prompt: Prompt) -> None:
        part, model = prompt.ids[prompt.done : prompt.done + PROMPT_PART], prompt.model or self._model
        logits, error = self._attempt(lambda: model.extend(self._memory, prompt.slot, part))
        if error is not None:
            prompt.end(None, error)
            return
        self.counts.tokens += len(part)
        prompt.done += len(part)
        if prompt.done >= len(prompt.ids):
            prompt.end(logits)
            return
        with self._changed:
            self._prompts.append(prompt)

    def _attempt(self, run: Callable[[], Any]) -> tuple[Any, Exception | None]:
        """Return what `run` returns, or the error for the asker; raises what no later call can survive."""
        try:
            return run(), None
        except Exception as fault:
            if is_fatal(fault):
                raise
            error = DeviceMemoryError(TOO_LARGE) if is_out_of_memory(fault) else fault
        if isinstance(error, DeviceMemoryError):
            self._on_shortage()  # out here, where the traceback holds on to nothing any more
        return None, error


def is_fatal(error: BaseException) -> bool:
    """Say whether a CUDA device has failed: nothing that this process asks of it will work again."""
    return type(error).__name__ == "AcceleratorError" or "CUDA error" in str(error)


_RUNNING: weakref.WeakSet[DeviceThread] = weakref.WeakSet()


@atexit.register
def _end_all() -> None:
    """End the threads before the interpreter does: it would cut torch off in the middle of a call, which aborts."""
    for running in list(_RUNNING):
        running.stop()
        running.join(JOIN_SECONDS)
