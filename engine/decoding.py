"""The one decoding loop: many sequences per step, each with its own constraint, sampling and seed, that join and leave.

Knows nothing of text, music or architectures: ids in, ids out, through `families.CausalModel`.

`decode` writes independent sequences to their end. `Session` keeps one growing context and writes its continuations
candidate by candidate, for a writer that chooses line by line.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection
from collections.abc import Sequence as Series
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from engine.contract import Sampling
from engine.errors import Cancelled, RequestError
from engine.families import CausalModel
from engine.sampling import Mask, choose_where_possible

Report = Callable[[int], None]  # is told how many ids have been written so far, by all sequences together
Cancel = Callable[[], bool]


class Constraint(Protocol):
    """What may come next in one sequence; made anew for each, as it remembers what it accepted."""

    def allowed(self) -> Mask | None:
        """Return which ids may come next (V,), or None for all; nothing allowed ends the sequence as stuck."""

    def accept(self, chosen: int) -> bool:
        """Take note of the id that was chosen and return whether the sequence is finished."""


@dataclass(frozen=True)
class Sequence:
    """One sequence to write after a prompt of at least one id.

    seed: 0 or more; a stop id ends the sequence and is its last id; max_new_tokens: 1 or more.
    """

    prompt: Series[int]
    sampling: Sampling = field(default_factory=Sampling)
    seed: int = 0
    max_new_tokens: int = 256
    constraint: Constraint | None = None
    stop_ids: Collection[int] = frozenset()


@dataclass(frozen=True, eq=False)
class Candidate:
    """What was written: ids, the natural log-probability of each (temperature 1, before masks), and how it ended.

    ending: finished by its constraint or a stop id, length (max_new_tokens or a full context), or stuck (nothing
    allowed).
    """

    ids: tuple[int, ...]
    log_probabilities: tuple[float, ...]
    ending: Literal["finished", "length", "stuck"]
    slot: int

    @property
    def finished(self) -> bool:
        """Whether the constraint or a stop id ended it."""
        return self.ending == "finished"

    @property
    def log_probability(self) -> float:
        """The sum over its ids, in nats; 0 for no ids."""
        return float(sum(self.log_probabilities))


@dataclass
class _Running:
    """A sequence under way; `begin` fills its slot and returns the first logits (V,)."""

    begin: Callable[[int], NDArray[np.float32]]
    sampling: Sampling
    generator: np.random.Generator
    max_new_tokens: int
    constraint: Constraint | None = None
    stop_ids: Collection[int] = frozenset()
    slot: int = -1
    ids: list[int] = field(default_factory=list)
    log_probabilities: list[float] = field(default_factory=list)
    ending: Literal["finished", "length", "stuck"] | None = None

    def take(self, chosen: int, log_probability: float, *, is_room: bool) -> None:
        """Append the id that was chosen (-1: none could be) and note whether the sequence has ended."""
        if chosen < 0:
            self.ending = "stuck"
            return
        self.ids.append(chosen)
        self.log_probabilities.append(log_probability)
        is_finished = self.constraint is not None and self.constraint.accept(chosen)
        if is_finished or chosen in self.stop_ids:
            self.ending = "finished"
        elif len(self.ids) >= self.max_new_tokens or not is_room:
            self.ending = "length"

    def candidate(self) -> Candidate:
        assert self.ending is not None
        return Candidate(tuple(self.ids), tuple(self.log_probabilities), self.ending, self.slot)


def _generator(seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(seed))


def _choose(active: Series[_Running], logits: NDArray[np.float32]) -> tuple[list[int], list[float]]:
    masks = [r.constraint.allowed() if r.constraint is not None else None for r in active]
    uniforms = [r.generator.random() if r.sampling.temperature > 0 else 0.0 for r in active]
    ids, log_probabilities = choose_where_possible(logits, masks, [r.sampling for r in active], uniforms)
    return ids.tolist(), log_probabilities.tolist()


def _run(
    model: CausalModel,
    memory: Any,
    running: Series[_Running],
    slots: Series[int],
    report: Report | None,
    cancelled: Cancel | None,
) -> None:
    """Write all sequences to their end in the given slots; those that find no slot wait for one."""
    waiting, free = deque(running), list(reversed(slots))
    active: list[_Running] = []
    logits = np.empty((0, model.vocab_size), np.float32)
    written = 0
    while waiting or active:
        if cancelled is not None and cancelled():
            raise Cancelled("the request was taken back; nothing was kept")
        joined = []
        while waiting and free:
            new = waiting.popleft()
            new.slot = free.pop()
            joined.append(new.begin(new.slot))
            active.append(new)
        if joined:
            logits = np.concatenate([logits, np.stack(joined)])
        ids, log_probabilities = _choose(active, logits)
        for r, chosen, log_probability in zip(active, ids, log_probabilities, strict=True):
            r.take(chosen, log_probability, is_room=model.length(memory, r.slot) < model.context_length)
            written += chosen >= 0
        free.extend(r.slot for r in active if r.ending)
        active = [r for r in active if not r.ending]
        if active:
            logits = model.step(memory, np.array([r.slot for r in active]), np.array([r.ids[-1] for r in active]))
        else:
            logits = logits[:0]
        if report is not None:
            report(written)


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
    slots = max(1, min(slots, len(sequences)))
    memory = model.new_memory(slots)

    def starting(sequence: Sequence) -> Callable[[int], NDArray[np.float32]]:
        def begin(slot: int) -> NDArray[np.float32]:
            model.truncate(memory, slot, 0)
            return model.extend(memory, slot, sequence.prompt)

        return begin

    for sequence in sequences:
        _check(len(sequence.prompt), sequence.max_new_tokens, model.context_length)
    running = [
        _Running(starting(s), s.sampling, _generator(s.seed), s.max_new_tokens, s.constraint, s.stop_ids)
        for s in sequences
    ]
    _run(model, memory, running, range(slots), report, cancelled)
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
    may be pending, and runs through the model when logits are next needed.
    """

    def __init__(self, model: CausalModel, slots: int = 16) -> None:
        self._model, self.slots = model, slots
        self._memory = model.new_memory(slots + 1)
        self._context_slot = 0
        self._ids: list[int] = []
        self._pending: list[int] = []  # the ids at the end of the context that the slot does not hold yet
        self._logits: NDArray[np.float32] | None = None
        self._latest: tuple[Candidate, ...] = ()

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
        targets = [slot for slot in range(self.slots + 1) if slot != self._context_slot][: len(seeds)]
        self._model.fork(self._memory, self._context_slot, targets)
        running = [
            _Running(lambda slot: logits, s, _generator(seed), max_new_tokens, constraint, stop_ids)
            for constraint, s, seed in zip(constraints, each, seeds, strict=True)
        ]
        _run(self._model, self._memory, running, targets, report, cancelled)
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
