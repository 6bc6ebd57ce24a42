"""What the decoding loop is asked to write, what it has written, and what a sequence under way remembers.

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
from engine.sampling import Mask


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
