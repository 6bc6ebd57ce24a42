"""What a training run of a planned model is told: how long it is and what is kept on the way. Does not know any model."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class RunOptions:
    """steps: optimizer updates. every: steps between validations. seed: 0 or more. threads: processor cores.

    sample_every, save_every: steps between samples and between checkpoints; as `every` where None. patience: validations
    without a better one before it stops; None is never. resume: go on from the last whole checkpoint.
    """

    steps: int
    every: int = 200
    sample_every: int | None = None
    save_every: int | None = None
    patience: int | None = None
    threads: int = 2
    seed: int = 1
    resume: bool = False
