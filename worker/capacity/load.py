"""The load that members make and the machines that carry it, as figures with their origin. Knows nothing of queues.

Every figure is either measured, with where, or assumed, with from what; the two are never mixed up in what is printed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from types import MappingProxyType
from typing import Any, Literal

from engine.errors import RequestError

SECONDS_PER_DAY = 86_400.0
Basis = Literal["measured", "assumed"]

# Shares of what is asked for; assumed, for nobody has counted yet: `songwright stats` of a running host says better.
MIX: Mapping[str, float] = MappingProxyType({"song": 0.55, "edit": 0.25, "lyrics": 0.1, "music": 0.05, "sing": 0.05})
# How long each takes, a song with two verses and two choruses being 1: after the figures of worker.store.job_costs.
RELATIVE: Mapping[str, float] = MappingProxyType({"song": 1.0, "edit": 0.5, "lyrics": 0.45, "music": 0.45, "sing": 0.9})


@dataclass(frozen=True)
class Load:
    """What members ask for. requests_per_day: of each member; peak_factor: the busiest hour against the mean one.

    mix: shares by kind, which sum to 1. spread: standard deviation of the work of one kind over its mean.
    """

    requests_per_day: float = 0.2
    peak_factor: float = 3.0
    mix: Mapping[str, float] = field(default_factory=lambda: MIX)
    spread: float = 0.3

    def peak_per_second(self, members: float) -> float:
        """Return how many requests come per second in the busiest hour."""
        return members * self.requests_per_day * self.peak_factor / SECONDS_PER_DAY


@dataclass(frozen=True)
class Machine:
    """What carries jobs. song_seconds: one song alone. slowdown: with 1, 2, .. jobs at once, how many times longer each.

    source: where the figures come from, in words.
    """

    name: str
    song_seconds: float
    slowdown: tuple[float, ...]
    basis: Basis
    source: str

    @property
    def songs_per_second(self) -> float:
        """With all slots busy."""
        return len(self.slowdown) / (self.song_seconds * self.slowdown[-1])


@dataclass(frozen=True)
class Gpu:
    """From what the speed of a GPU is reckoned; all of it assumed unless the host has measured it.

    steps: decoding steps of a song, one after the other. step_seconds: the least that a step takes (starting kernels).
    parameters: of both models, 2 bytes each, read once a step; memory_bytes: keys and values of a song, read each step.
    bandwidth: bytes per second of GPU memory. cpu_seconds: of one core, for what is not decoding (files, sound), on
    `cores` cores, in as many worker processes as it takes to keep them busy.
    """

    name: str
    bandwidth: float
    cores: int
    slots: int
    source: str
    steps: int = 1000
    step_seconds: float = 0.001
    parameters: float = 6.8e6
    memory_bytes: float = (
        64 * 512 * 3072.0
    )  # 32 candidates and their guides, 512 positions, 6 layers x 2 x 256 x 1 byte
    cpu_seconds: float = 0.7

    def machine(self) -> Machine:
        """Return the machine that these figures make: bound by kernel starts, by memory, or by the cores."""
        alone = self._seconds(1)
        slowdown = tuple(self._seconds(busy) / alone for busy in range(1, self.slots + 1))
        return Machine(self.name, alone, slowdown, "assumed", self.source)

    def _seconds(self, busy: int) -> float:
        step = max(self.step_seconds, (2 * self.parameters + busy * self.memory_bytes) / self.bandwidth)
        return max(self.steps * step + self.cpu_seconds, busy * self.cpu_seconds / self.cores)


TWO_CORES = Machine(
    "2 cores",
    1.6,
    (1.0, 2.0),
    "measured",
    "README: 1.6 s from command to files, warm, on two cores; two at once share them (no gain counted)",
)
SMALL_GPU = Gpu(
    "small GPU",
    bandwidth=300e9,
    cores=8,
    slots=16,
    source="reckoned, not measured: 300 GB/s (data sheets of 16 GB cards), 8 cores busy in several processes, 0.7 s "
    "of a core and 1000 steps a song, 1 ms a step to start kernels",
)
H200 = Gpu(
    "one H200",
    bandwidth=4.8e12,
    cores=16,
    slots=64,
    source="reckoned, not measured: 4.8 TB/s (data sheet), 16 cores busy in several processes, 0.7 s of a core "
    "and 1000 steps a song, 1 ms a step to start kernels",
)


def measured_machine(found: Mapping[str, Any], name: str) -> Machine:
    """Return the machine of a file of measurements; RequestError where it cannot be read.

    song_seconds: one song alone. slowdown: {"1": 1.0, "8": 2.7}, how many times longer each job takes with so many at
    once; between two numbers it is drawn straight. source: where it was measured.
    """
    try:
        points = sorted((int(busy), float(times)) for busy, times in dict(found["slowdown"]).items())
        seconds = float(found["song_seconds"])
        source = str(found.get("source", "a file of measurements"))
    except (KeyError, TypeError, ValueError) as error:
        raise RequestError(
            'the measurements must look like {"song_seconds": 1.6, "slowdown": {"1": 1.0, "8": 2.7}, "source": "..."}'
        ) from error
    slots = points[-1][0] if points else 0
    if not points or points[0][0] != 1 or not 1 <= slots <= 4096 or seconds <= 0 or min(y for _, y in points) <= 0:
        raise RequestError("the measurements must have seconds above 0 and slowdowns for 1 up to at most 4096 at once")
    return Machine(name, seconds, tuple(_between(points, busy) for busy in range(1, slots + 1)), "measured", source)


def _between(points: list[tuple[int, float]], busy: int) -> float:
    for (low, at_low), (high, at_high) in pairwise(points):
        if low <= busy <= high:
            return at_low + (at_high - at_low) * (busy - low) / (high - low)
    return points[-1][1]
