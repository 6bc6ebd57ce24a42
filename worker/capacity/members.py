"""How many members a machine serves: the simulated queue under a load, and a search for the greatest that is well served.

Knows nothing of where figures come from.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from worker.capacity.load import RELATIVE, Load, Machine
from worker.capacity.simulation import Served, ask_at_random, serve

PROMISED_SECONDS = 20.0  # from asking to the finished message, for 95 of 100
DELIVERY_SECONDS = 0.5  # the bot looks four times a second, and Discord answers: assumed, see the README for the rest
JOBS = 20_000
MOST_BUSY = 0.95  # no machine is planned fuller: beyond it a little more than expected makes a queue without end
PEAK_SECONDS = 3600.0
MOST_JOBS = 50_000  # at one number of members
CLOSE_ENOUGH = 0.02  # of the number of members


@dataclass(frozen=True)
class Waits:
    """How members were served in the busiest hour, simulated; seconds. busy: share of what the machine can do, 0-1."""

    members: int
    per_second: float
    busy: float
    waited_p50: float
    waited_p95: float
    waited_p99: float
    total_p95: float
    share_in_time: float


NOBODY = Waits(0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0)


def simulate(load: Load, machine: Machine, members: int, *, jobs: int = JOBS, seed: int = 0) -> Waits:
    """Return how so many members are served in the busiest hour; at least so many jobs of it, or the whole hour."""
    per_second = load.peak_per_second(members)
    jobs = min(max(jobs, int(per_second * PEAK_SECONDS)), MOST_JOBS)
    rng = np.random.default_rng(seed)
    asked_at = ask_at_random(rng, jobs, per_second)
    work = _work(rng, load, machine, jobs)
    served = serve(asked_at, work, rng.integers(0, max(members, 1), jobs), machine.slowdown).settled()
    return _waits(load, machine, members, served)


def most_members(load: Load, machine: Machine, *, jobs: int = JOBS, seed: int = 0) -> Waits:
    """Return the greatest number of members of whom 95 in 100 have their song in PROMISED_SECONDS; members 0 if none.

    The same chances are drawn at every number, so that more members never wait less by luck.
    """
    least, too_many = 0, max(int(MOST_BUSY / _busy(load, machine, 1)), 1)
    best = simulate(load, machine, too_many, jobs=jobs, seed=seed)
    if best.total_p95 <= PROMISED_SECONDS:
        return best
    best = NOBODY
    while too_many - least > max(1, int(CLOSE_ENOUGH * too_many)):
        tried = (least + too_many) // 2
        waits = simulate(load, machine, tried, jobs=jobs, seed=seed)
        if waits.total_p95 <= PROMISED_SECONDS:
            least, best = tried, waits
        else:
            too_many = tried
    return best


def _work(rng: np.random.Generator, load: Load, machine: Machine, jobs: int) -> NDArray[np.float64]:
    """Return the seconds that each job takes alone: by kind, and within one lognormal about its mean."""
    kinds = list(load.mix)
    drawn = rng.choice(len(kinds), size=jobs, p=[load.mix[kind] for kind in kinds])
    mean = machine.song_seconds * np.array([RELATIVE[kind] for kind in kinds])[drawn]
    sigma = np.sqrt(np.log1p(load.spread**2))
    varied: NDArray[np.float64] = mean * rng.lognormal(-(sigma**2) / 2, sigma, jobs)
    return varied


def _busy(load: Load, machine: Machine, members: int) -> float:
    per_job = sum(share * RELATIVE[kind] for kind, share in load.mix.items())
    return load.peak_per_second(members) * per_job / machine.songs_per_second


def _waits(load: Load, machine: Machine, members: int, served: Served) -> Waits:
    total = served.total + DELIVERY_SECONDS
    p50, p95, p99 = (float(value) for value in np.quantile(served.waited, (0.5, 0.95, 0.99)))
    return Waits(
        members,
        load.peak_per_second(members),
        _busy(load, machine, members),
        p50,
        p95,
        p99,
        float(np.quantile(total, 0.95)),
        float(np.mean(total <= PROMISED_SECONDS)),
    )
