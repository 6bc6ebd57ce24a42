"""What the decoding loop is asked to write, what it has written, and how sequences under way choose their next ids.

Knows nothing of models.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from collections.abc import Sequence as Series
from dataclasses import dataclass, field
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from engine.contract import Sampling
from engine.repetition import held_back
from engine.sampling import Mask, choose_where_possible, gumbel_noise, log_probability


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
class Running:
    """A sequence under way; `begin` fills its slot and returns the first logits (V,). before: the ids of its context."""

    begin: Callable[[int], NDArray[np.float32]]
    sampling: Sampling
    generator: np.random.Generator
    max_new_tokens: int
    constraint: Constraint | None = None
    stop_ids: Collection[int] = frozenset()
    before: Series[int] = ()
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

    def __post_init__(self) -> None:
        # Asked at every step of every sequence, and each look into a Sampling costs as much as the answer is worth.
        self.looks_back = self.sampling.looks_back
        self.wants_noise = self.sampling.gumbel and self.sampling.temperature > 0
        self._wants_uniform = self.sampling.temperature > 0 and not self.sampling.gumbel

    def noise(self, size: int) -> NDArray[np.float32] | None:
        """Return Gumbel noise for the next choice where the sampling wants it."""
        return gumbel_noise(self.sampling, self.generator, size) if self.wants_noise else None

    def uniform(self) -> float:
        """Return the number in [0, 1) that decides the next choice; the greedy and those with noise need none."""
        return self.generator.random() if self._wants_uniform else 0.0

    def held_back(self, logits: NDArray[np.float32], mask: Mask | None) -> NDArray[np.float32]:
        """Return logits (V,) with what was written before held back, as the sampling asks."""
        return held_back(logits, [*self.before, *self.ids], self.sampling, mask, self.stop_ids)


def choose_next(active: Series[Running], logits: NDArray[np.float32]) -> tuple[list[int], list[float]]:
    """Choose the next id of every sequence from its row of logits (B, V); -1 where nothing is allowed."""
    masks = [r.constraint.allowed() if r.constraint is not None else None for r in active]
    noises = [r.noise(logits.shape[1]) for r in active] if any(r.wants_noise for r in active) else None
    uniforms = [r.uniform() for r in active]
    looking_back = [row for row, r in enumerate(active) if r.looks_back]
    weighed = logits
    if looking_back:
        weighed = logits.copy()
        for row in looking_back:
            weighed[row] = active[row].held_back(logits[row], masks[row])
    ids, log_probabilities = choose_where_possible(weighed, masks, [r.sampling for r in active], uniforms, noises)
    for row in looking_back:  # what is told of a choice is the model's own, not what was made of it
        if ids[row] >= 0:
            log_probabilities[row] = log_probability(logits[row], int(ids[row]))
    return ids.tolist(), log_probabilities.tolist()
