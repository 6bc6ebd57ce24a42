"""A queue in numbers: members ask at random, slots serve them in turns, and the waits are counted. Seeded; numpy only.

Simulates the claims of `worker.store.fair_queue`, with known costs and equal weights. Knows nothing of what is made,
nor of faults, cancels and quotas.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MOST_JOBS = 2_000_000
WARM_UP_SHARE = 0.1  # of the jobs, left out of the figures: the queue was empty at first


@dataclass(frozen=True)
class Served:
    """What jobs met, in the order of asking; seconds (jobs,). waited: before they began; took: from then to the end."""

    waited: NDArray[np.float64]
    took: NDArray[np.float64]

    @property
    def total(self) -> NDArray[np.float64]:
        """From asking to the end."""
        return self.waited + self.took

    def settled(self) -> Served:
        """Return the jobs after the warm-up."""
        first = int(len(self.waited) * WARM_UP_SHARE)
        return Served(self.waited[first:], self.took[first:])


def serve(
    asked_at: NDArray[np.float64], work: NDArray[np.float64], members: NDArray[np.int64], slowdown: Sequence[float]
) -> Served:
    """Serve jobs in fair turns and return how long each waited and took.

    asked_at: seconds, ascending (jobs,). work: seconds that each would take alone (jobs,). members: who asks (jobs,).
    slowdown: for 1, 2, .. slots busy at once, how many times longer each job takes then; its length is the slots.
    """
    count = len(asked_at)
    assert count <= MOST_JOBS
    assert slowdown
    began, ended = np.zeros(count), np.zeros(count)
    asked, needs, who = asked_at.tolist(), work.tolist(), members.tolist()
    waiting: list[tuple[float, int]] = []  # (turn, job)
    running: list[tuple[float, int]] = []  # (progress at which it ends, job)
    ends: dict[int, float] = {}  # by member: where the turn of the last job ends
    now, progress, next_job, queue_at = 0.0, 0.0, 0, 0.0
    while next_job < count or running:
        rate = 1.0 / slowdown[len(running) - 1] if running else 0.0
        end_at = now + (running[0][0] - progress) / rate if running else np.inf
        ask_at = asked[next_job] if next_job < count else np.inf
        until = min(end_at, ask_at)
        progress += (until - now) * rate
        now = until
        if end_at <= ask_at:
            progress, done = heapq.heappop(running)
            ended[done] = now
        else:
            here = waiting[0][0] if waiting else queue_at
            turn = max(here, ends.get(who[next_job], 0.0))
            ends[who[next_job]] = turn + needs[next_job]
            heapq.heappush(waiting, (turn, next_job))
            next_job += 1
        while waiting and len(running) < len(slowdown):
            turn, begun = heapq.heappop(waiting)
            queue_at = max(queue_at, turn)
            began[begun] = now
            heapq.heappush(running, (progress + needs[begun], begun))
    return Served(began - asked_at, ended - began)


def ask_at_random(rng: np.random.Generator, jobs: int, per_second: float) -> NDArray[np.float64]:
    """Return when so many jobs are asked for, each without regard to the others (a Poisson process); seconds (jobs,)."""
    return np.cumsum(rng.exponential(1.0 / per_second, jobs))
