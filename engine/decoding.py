"""The one decoding loop: many sequences per step, each with its own constraint, sampling and seed, that join and leave.

Knows nothing of text, music or architectures: ids in, ids out, through `families.CausalModel`.

`decode` writes independent sequences to their end. `Session` keeps one growing context and writes its continuations
candidate by candidate, for a writer that chooses line by line.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection
from collections.abc import Sequence as Series
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from engine.contract import Sampling
from engine.errors import Cancelled, RequestError
from engine.families import CausalModel
from engine.sequences import Candidate as Candidate
from engine.sequences import Constraint as Constraint
from engine.sequences import Running, choose_next
from engine.sequences import Sequence as Sequence

Report = Callable[[int], None]  # is told how many ids have been written so far, by all sequences together
Cancel = Callable[[], bool]


def _memory(model: CausalModel, slots: int, cancelled: Cancel | None) -> Any:
    """Return memory for so many slots; a model that is shared lends it in turn, and may be waited for."""
    wait = getattr(model, "wait_for_memory", None)
    return model.new_memory(slots) if wait is None else wait(slots, cancelled)


def _close(memory: Any) -> None:
    """Give back what a shared model lent."""
    if hasattr(memory, "close"):
        memory.close()


def _generator(seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(seed))


def _run(
    model: CausalModel,
    memory: Any,
    running: Series[Running],
    slots: Series[int],
    report: Report | None,
    cancelled: Cancel | None,
    context_slot: int | None = None,
) -> None:
    """Write all sequences to their end in the given slots; those that find no slot wait for one.

    context_slot: what all of them go on from, and are in until they get a slot of their own; then no slot is used
    again, as each holds what some of them have written.
    """
    waiting, free = deque(running), list(reversed(slots))
    active: list[Running] = []
    logits = np.empty((0, model.vocab_size), np.float32)
    written = 0
    while waiting or active:
        if cancelled is not None and cancelled():
            raise Cancelled("the request was taken back; nothing was kept")
        joined = []
        while waiting and (free or waiting[0].slot >= 0):
            new = waiting.popleft()
            if new.slot < 0:
                new.slot = free.pop()
            joined.append(new.begin(new.slot))
            active.append(new)
        if joined:
            logits = np.concatenate([logits, np.stack(joined)])
        ids, log_probabilities = choose_next(active, logits)
        for r, chosen, log_probability in zip(active, ids, log_probabilities, strict=True):
            r.take(chosen, log_probability, is_room=model.length(memory, r.slot) < model.context_length)
            written += chosen >= 0
        if context_slot is None:
            free.extend(r.slot for r in active if r.ending)
        active = [r for r in active if not r.ending]
        logits = _step(model, memory, active, free, context_slot) if active else logits[:0]
        if report is not None:
            report(written)


def _step(
    model: CausalModel, memory: Any, active: Series[Running], free: list[int], context_slot: int | None
) -> NDArray[np.float32]:
    """Run the last id of every sequence through the model and return logits, one row each.

    Sequences in one slot hold the same ids so far. Those that go on with the same id stay together, and the model runs
    once for them; of different ids the first goes on in the slot, unless that is the context's, the others in copies.
    """
    rows: dict[tuple[int, int], int] = {}  # by slot and id
    targets: list[int] = []
    taken = {context_slot}
    copies: dict[int, list[int]] = {}
    for r in active:
        if (r.slot, r.ids[-1]) not in rows:
            rows[r.slot, r.ids[-1]] = len(targets)
            targets.append(free.pop() if r.slot in taken else r.slot)
            if r.slot in taken:
                copies.setdefault(r.slot, []).append(targets[-1])
            taken.add(r.slot)
    for source, copied in copies.items():
        model.fork(memory, source, copied)
    places = [rows[r.slot, r.ids[-1]] for r in active]
    logits = model.step(memory, np.array(targets), np.array([i for _, i in rows]))
    for r, place in zip(active, places, strict=True):
        r.slot = targets[place]
    return logits if len(targets) == len(active) else logits[places]


def decode(
    model: CausalModel,
    sequences: Series[Sequence],
    *,
    slots: int = 16,
    report: Report | None = None,
    cancelled: Cancel | None = None,
) -> list[Candidate]:
    """Write every sequence to its end, at most `slots` at a time, and return them in the order asked.

    The ids of a sequence do not depend on what else is written beside it. Raises Cancelled between two steps, and
    RequestError for a prompt that is empty or leaves no room.
    """
    for sequence in sequences:
        _check(len(sequence.prompt), sequence.max_new_tokens, model.context_length)
    slots = max(1, min(slots, len(sequences)))
    memory = _memory(model, slots, cancelled)

    def starting(sequence: Sequence) -> Callable[[int], NDArray[np.float32]]:
        def begin(slot: int) -> NDArray[np.float32]:
            model.truncate(memory, slot, 0)
            return model.extend(memory, slot, sequence.prompt)

        return begin

    running = [
        Running(
            starting(s), s.sampling, _generator(s.seed), s.max_new_tokens, s.constraint, s.stop_ids, before=s.prompt
        )
        for s in sequences
    ]
    try:
        _run(model, memory, running, range(slots), report, cancelled)
    finally:
        _close(memory)
    return [r.candidate() for r in running]


def _check(prompt_length: int, max_new_tokens: int, context_length: int) -> None:
    if not 1 <= prompt_length <= context_length:
        raise RequestError(
            f"the prompt must be 1-{context_length} tokens, got {prompt_length}; ask for something shorter"
        )
    if max_new_tokens < 1:
        raise RequestError(f"max_new_tokens must be 1 or more, got {max_new_tokens}")


class Session:
    """One context that grows, and up to `slots` candidates at a time for what comes next.

        session = Session(model, slots=16)
        session.extend(prompt)
        candidates = session.sample(constraints, Sampling(), seeds, max_new_tokens=24)
        session.keep(max(candidates, key=score))

    Keeping a candidate makes its slot the context, so nothing is computed again; only the very last id of the context
    may be pending, and runs through the model when logits are next needed. Candidates that are equal so far run through
    the model once, unless it says that rows cost it less than copies (`runs_equals_once`).

    Close it, or leave its `with` block, when done: a model that is shared has room for so many sessions and no more.
    cancelled: asked while it waits for that.
    """

    def __init__(self, model: CausalModel, slots: int = 16, cancelled: Cancel | None = None) -> None:
        self._model, self.slots = model, slots
        self._memory = _memory(model, slots + 1, cancelled)
        self._context_slot = 0
        self._ids: list[int] = []
        self._pending: list[int] = []  # the ids at the end of the context that the slot does not hold yet
        self._logits: NDArray[np.float32] | None = None
        self._latest: tuple[Candidate, ...] = ()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the memory back; nothing can be written any more."""
        _close(self._memory)

    @property
    def ids(self) -> tuple[int, ...]:
        """The ids of the context."""
        return tuple(self._ids)

    @property
    def length(self) -> int:
        """How many ids the context holds; what is free is model.context_length less this."""
        return len(self._ids)

    def extend(self, ids: Series[int]) -> None:
        """Append ids that were not sampled: a prompt, a forced mark. They run through the model when first needed."""
        if len(self._ids) + len(ids) > self._model.context_length:
            room = self._model.context_length - len(self._ids)
            raise RequestError(f"{len(ids)} tokens do not fit in the {room} that are left; ask for something shorter")
        self._ids.extend(int(i) for i in ids)
        self._pending.extend(int(i) for i in ids)
        self._latest = ()

    def logits(self) -> NDArray[np.float32]:
        """Return the logits (V,) after the context, which must not be empty."""
        if not self._ids:
            raise RequestError("the context is empty; extend it with a prompt first")
        if self._pending:
            self._logits = self._model.extend(self._memory, self._context_slot, self._pending)
            self._pending = []
        assert self._logits is not None
        return self._logits

    def sample(
        self,
        constraints: Series[Constraint | None],
        sampling: Sampling | Series[Sampling],
        seeds: Series[int],
        max_new_tokens: int,
        *,
        stop_ids: Collection[int] = frozenset(),
        report: Report | None = None,
        cancelled: Cancel | None = None,
    ) -> list[Candidate]:
        """Write one candidate per constraint and seed after the context, which stays as it is.

        Candidates of an earlier call can no longer be kept. At most `slots` candidates; RequestError otherwise.
        """
        _check(len(self._ids), max_new_tokens, self._model.context_length)
        if not 1 <= len(seeds) <= self.slots:
            raise RequestError(f"candidates must be 1-{self.slots}, got {len(seeds)}")
        each = [sampling] * len(seeds) if isinstance(sampling, Sampling) else sampling
        logits = self.logits()
        others = [slot for slot in range(self.slots + 1) if slot != self._context_slot][: len(seeds)]
        context_slot = self._context_slot if getattr(self._model, "runs_equals_once", True) else None
        if context_slot is None:
            self._model.fork(self._memory, self._context_slot, others)
        slots = others if context_slot is None else [context_slot] * len(seeds)
        running = [
            Running(lambda slot: logits, s, _generator(seed), max_new_tokens, constraint, stop_ids, self._ids, slot)
            for constraint, s, seed, slot in zip(constraints, each, seeds, slots, strict=True)
        ]
        free = [] if context_slot is None else others
        _run(self._model, self._memory, running, free, report, cancelled, context_slot)
        self._latest = tuple(r.candidate() for r in running)
        return list(self._latest)

    def keep(self, candidate: Candidate) -> None:
        """Append a candidate of the last `sample` to the context."""
        if not any(candidate is one for one in self._latest):
            raise ValueError("only a candidate of the last sample, before any other change, can be kept")
        self._latest = ()
        if not candidate.ids:
            return
        start = len(self._ids)
        self._ids.extend(candidate.ids)
        self._context_slot = candidate.slot
        self._hold(start + len(candidate.ids) - 1)

    def truncate(self, length: int) -> None:
        """Forget everything after the first `length` ids of the context."""
        if not 0 <= length <= len(self._ids):
            raise ValueError(f"length must be 0-{len(self._ids)}, got {length}")
        if length == len(self._ids):
            return
        self._latest = ()
        del self._ids[length:]
        held = self._model.length(self._memory, self._context_slot)
        self._hold(min(held, max(length - 1, 0)))

    def _hold(self, length: int) -> None:
        """Cut the context's slot to a length; what the context has beyond it is pending."""
        self._model.truncate(self._memory, self._context_slot, length)
        self._pending = self._ids[length:]
        self._logits = None
