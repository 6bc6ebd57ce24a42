"""The simulated queue keeps the laws of queues and of our own; the search finds what the laws say; figures say whence."""

from __future__ import annotations

import heapq
import json
import math

import numpy as np
import pytest
from click.testing import CliRunner

from bot.terminal.capacity import capacity
from engine.errors import RequestError
from worker.capacity.load import H200, MIX, RELATIVE, SMALL_GPU, TWO_CORES, Load, Machine, measured_machine
from worker.capacity.members import DELIVERY_SECONDS, MOST_BUSY, PROMISED_SECONDS, most_members, simulate
from worker.capacity.million import World, parts
from worker.capacity.simulation import ask_at_random, serve

JOBS = 40_000
SEEDS = (0, 1, 2)  # the mean of several runs: long waits come together, so that one run is off by some per cent
ONE_KIND = {"song": 1.0}


def mean_wait(busy: float, slots: int, *, constant: bool = False, jobs: int = JOBS) -> float:
    """Return the mean wait of jobs of 1 s in the mean, of many members, at this share of what the slots can do."""
    waits = []
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        asked_at = ask_at_random(rng, jobs, busy * slots)
        work = np.ones(jobs) if constant else rng.exponential(1.0, jobs)
        waits.append(serve(asked_at, work, rng.integers(0, jobs, jobs), [1.0] * slots).settled().waited.mean())
    return float(np.mean(waits))


def first_come(asked_at: list[float], work: list[float], slots: int) -> list[float]:
    """Return the waits where jobs begin in the order of asking, by the recursion of Kiefer and Wolfowitz."""
    free_at, waits = [0.0] * slots, []
    for asked, needs in zip(asked_at, work, strict=True):
        begun = max(asked, heapq.heappop(free_at))
        heapq.heappush(free_at, begun + needs)
        waits.append(begun - asked)
    return waits


@pytest.mark.parametrize("slots", [1, 3, 8])
def test_members_with_one_job_each_are_served_in_the_order_of_asking(slots: int) -> None:
    rng = np.random.default_rng(0)
    asked_at, work = ask_at_random(rng, 5000, 0.9 * slots), rng.exponential(1.0, 5000)
    waited = serve(asked_at, work, np.arange(5000), [1.0] * slots).waited
    assert waited == pytest.approx(first_come(asked_at.tolist(), work.tolist(), slots), abs=1e-6)


@pytest.mark.parametrize("busy", [0.3, 0.6])
def test_one_slot_waits_as_the_law_of_one_server_says(busy: float) -> None:
    assert mean_wait(busy, 1) == pytest.approx(busy / (1 - busy), rel=0.05)


@pytest.mark.parametrize("busy", [0.3, 0.8])
def test_jobs_of_the_same_length_wait_half_as_long(busy: float) -> None:
    assert mean_wait(busy, 1, constant=True) == pytest.approx(busy / (2 * (1 - busy)), rel=0.05)


@pytest.mark.parametrize(("busy", "slots"), [(0.7, 2), (0.7, 4)])
def test_several_slots_wait_as_erlang_says(busy: float, slots: int) -> None:
    load = busy * slots
    all_busy = load**slots / math.factorial(slots) / (1 - busy)
    waits = all_busy / (sum(load**k / math.factorial(k) for k in range(slots)) + all_busy)
    # Runs of 200,000 scatter by about 2 %, their mean by half of that; several slots scatter more than one.
    assert mean_wait(busy, slots, jobs=200_000) == pytest.approx(waits / (slots - load), rel=0.05)


def test_slots_that_share_a_machine_take_as_long_as_the_law_of_sharing_says() -> None:
    slots, busy = 64, 0.5
    rng = np.random.default_rng(5)
    asked_at = ask_at_random(rng, JOBS, busy)
    work = rng.exponential(1.0, JOBS)
    shared = serve(asked_at, work, np.arange(JOBS), [float(count) for count in range(1, slots + 1)]).settled()
    assert shared.total.mean() == pytest.approx(1 / (1 - busy), rel=0.05)


def test_nothing_is_lost_or_faster_than_alone() -> None:
    rng = np.random.default_rng(1)
    asked_at, work = ask_at_random(rng, 3000, 2.0), rng.exponential(1.0, 3000)
    done = serve(asked_at, work, rng.integers(0, 50, 3000), [1.0, 1.3, 1.9])
    assert (done.waited >= 0).all()
    assert (done.took >= work - 1e-9).all()
    assert (done.took <= 1.9 * work + 1e-9).all()


def test_many_jobs_of_one_member_hold_nobody_up() -> None:
    asked_at = np.array([0.0] * 50 + [0.1] * 9)
    members = np.array([0] * 50 + list(range(1, 10)))
    done = serve(asked_at, np.ones(59), members, [1.0])
    begun = asked_at + done.waited
    before = [int((begun[:50] < begun[other]).sum()) for other in range(50, 59)]
    assert max(before) <= 2


def test_the_same_seed_gives_the_same_figures() -> None:
    one, two = (simulate(Load(), TWO_CORES, 50_000, jobs=2000, seed=3) for _ in range(2))
    assert one == two
    assert one != simulate(Load(), TWO_CORES, 50_000, jobs=2000, seed=4)


def test_the_most_members_are_served_in_time_and_more_are_not() -> None:
    load, slow = Load(mix=ONE_KIND), Machine("slow", 4.0, (1.0,), "assumed", "a test")
    most = most_members(load, slow)
    assert most.total_p95 <= PROMISED_SECONDS
    assert simulate(load, slow, int(most.members * 1.05)).total_p95 > PROMISED_SECONDS
    # One server, jobs of nearly one length: the tail of the waits falls by this law (Kingman, in heavy traffic).
    kingman = 4.0 * (1 + load.spread**2) / 2 * most.busy / (1 - most.busy)
    tail = kingman / most.busy * math.log(most.busy / 0.05)
    assert tail + 4.0 + DELIVERY_SECONDS == pytest.approx(PROMISED_SECONDS, rel=0.2)


def test_a_machine_that_is_too_slow_serves_nobody_and_a_fast_one_is_not_planned_full() -> None:
    assert most_members(Load(), Machine("hopeless", 30.0, (1.0,), "assumed", "a test"), jobs=500).members == 0
    fast = most_members(Load(), Machine("fast", 0.1, (1.0,), "assumed", "a test"), jobs=5000)
    assert MOST_BUSY - 0.02 <= fast.busy <= MOST_BUSY


def test_measurements_are_read_and_drawn_between() -> None:
    found = measured_machine({"song_seconds": 2.0, "slowdown": {"1": 1.0, "5": 3.0}, "source": "here"}, "mine")
    assert (found.slowdown, found.basis, found.songs_per_second) == ((1.0, 1.5, 2.0, 2.5, 3.0), "measured", 5 / 6)
    for wrong in ({}, {"song_seconds": 1, "slowdown": {}}, {"song_seconds": 0, "slowdown": {"1": 1}},
                  {"song_seconds": 1, "slowdown": {"2": 1}}, {"song_seconds": 1, "slowdown": [1]}):  # fmt: skip
        with pytest.raises(RequestError, match="measurements must"):
            measured_machine(wrong, "mine")


def test_what_was_not_measured_is_called_assumed() -> None:
    assert (TWO_CORES.basis, SMALL_GPU.machine().basis, H200.machine().basis) == ("measured", "assumed", "assumed")
    assert "not measured" in SMALL_GPU.source
    assert "not measured" in H200.source
    assert sum(MIX.values()) == pytest.approx(1)
    assert MIX.keys() == RELATIVE.keys()


def test_a_gpu_is_bound_by_starts_then_memory_then_cores() -> None:
    from dataclasses import replace

    assert H200.machine().song_seconds == pytest.approx(1000 * 0.001 + 0.7)
    large = replace(H200, parameters=70e9).machine()
    assert large.song_seconds == pytest.approx(1000 * (140e9 + H200.memory_bytes) / 4.8e12 + 0.7)
    assert H200.machine().songs_per_second == pytest.approx(16 / 0.7)


def test_parts_break_in_order_and_each_says_what_then() -> None:
    found = parts(Load(), World(), 100_000, "2 cores")
    assert [part.carries for part in found] == sorted(part.carries for part in found)
    assert len(found) == 9
    assert all(part.then and part.basis and part.at_a_million for part in found)
    assert found[0].name == "workers (2 cores)"
    assert found[0].at_a_million == "10 machines"


def test_the_command_says_what_is_simulated(tmp_path) -> None:
    said = CliRunner().invoke(capacity, ["--jobs", "500"], catch_exceptions=False).output
    assert "Simulated, in the busiest hour" in said
    assert "one H200: assumed" in said
    assert "Discord: servers of one connection" in said
    file = tmp_path / "mine.json"
    file.write_text(json.dumps({"song_seconds": 1.0, "slowdown": {"1": 1.0, "16": 4.0}, "source": "a bench"}))
    given = ["--jobs", "500", "--json", "--measured", str(file), "--members", "1000", "--mix", "song=1"]
    found = json.loads(CliRunner().invoke(capacity, given, catch_exceptions=False).output)
    assert found["machines"][0]["machine"]["name"] == "mine"
    assert found["machines"][0]["simulated"]["members"] == 1000
    assert found["load"]["mix"] == {"song": 1.0}


@pytest.mark.parametrize("wrong", [
    ["--jobs", "10"], ["--members", "0"], ["--mix", "song"], ["--mix", "song=0.5"], ["--mix", "opera=1"], ["--peak", "0.5"],
    ["--requests", "-1"], ["--slots", "0"], ["--step-ms", "0"], ["--measured", "no such file"],
])  # fmt: skip
def test_options_out_of_range_are_refused(wrong: list[str]) -> None:
    with pytest.raises(RequestError):
        CliRunner().invoke(capacity, wrong, catch_exceptions=False)
