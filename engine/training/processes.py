"""The processes of one run that torchrun began: what the first finds out, all are told. Does not know what is trained."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar, cast

import torch

Found = TypeVar("Found")
LONGEST_WAIT = timedelta(hours=12)  # while the first works: a judge lets the parent write for many minutes


def process_count() -> int:
    """Return how many processes the run has, as torchrun tells each of them; 1 without it."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def told_by_the_first(find: Callable[[], Found]) -> Found:
    """Return what `find` gives in the first process; the others wait, and are told it without looking themselves.

    Every process must call this. An error of the first ends it, and torchrun ends the others.
    """
    if process_count() == 1:
        return find()
    from accelerate import PartialState

    has_cuda = torch.cuda.is_available()
    PartialState(cpu=not has_cuda, backend=None if has_cuda else "gloo")  # the trainer goes on with its process group
    group = torch.distributed.new_group(backend="gloo", timeout=LONGEST_WAIT)
    told: list[Found | None] = [find() if torch.distributed.get_rank() == 0 else None]
    torch.distributed.broadcast_object_list(told, src=0, group=group)
    return cast("Found", told[0])


def largest(value: float, device: torch.device) -> float:
    """Return the largest of what the processes have, so that all decide alike; nan counts as infinite, alone it is itself."""
    if process_count() == 1:
        return value
    found = torch.tensor(math.inf if math.isnan(value) else value, dtype=torch.float32, device=device)
    torch.distributed.all_reduce(found, torch.distributed.ReduceOp.MAX)
    return float(found)
