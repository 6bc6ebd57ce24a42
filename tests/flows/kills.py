"""Jobs of many members while workers are killed at random and replaced, and the count afterwards.

Knows nothing of which database and broker it is. Some jobs kill their worker themselves, every time: they must fail
with a reason after the last attempt, whatever happens around them.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

from tests.flows.crew import Crew, expected_bytes
from tests.flows.timed_song import deadly_request, is_deadly, timed_request
from worker.store.jobs import Job

MEMBERS = 20
LOOK_SECONDS = 0.05
SHORT_LEASE = {"SONGWRIGHT_LEASE_SECONDS": "5", "SONGWRIGHT_HEARTBEAT_SECONDS": "1"}


@dataclass(frozen=True)
class Plan:
    """jobs: in all, of which `deadly` kill their workers. They take up to most_seconds each and come within
    asking_seconds.

    kill_every_seconds: on average. apart: every worker says that it is on a machine of its own, so that a killed one's
    jobs come back when their lease ends, and not sooner. most_total_seconds: after which what has not ended is lost.
    """

    jobs: int
    deadly: int
    workers: int
    threads: int
    kill_every_seconds: float
    most_seconds: float
    asking_seconds: float
    apart: bool = False
    seed: int = 0
    most_kills: int = 10_000
    most_total_seconds: float = 900.0


@dataclass(frozen=True)
class Outcome:
    """What became of the jobs. lost: neither done with a song nor failed with a reason. double: with two songs.

    sung_again: songs made once more because the worker was killed before the first was stored; no fault.
    beside_deadly: failed jobs that were not deadly themselves, but three times in a worker that died.
    """

    jobs: int
    done: int
    failed: dict[str, int]
    lost: int
    double: int
    wrong_bytes: int
    sung_again: int
    beside_deadly: int
    attempts: dict[int, int]
    kills: int
    workers_started: int
    seconds: float

    @property
    def promise_kept(self) -> bool:
        """True where every job has one song or one reason."""
        ended = self.done + sum(self.failed.values())
        return not (self.lost or self.double or self.wrong_bytes) and ended == self.jobs

    def figures(self) -> dict[str, Any]:
        """Return the outcome as JSON."""
        return asdict(self) | {"promise_kept": self.promise_kept}


def run(crew: Crew, plan: Plan) -> Outcome:
    """Let members ask and workers die until every job has ended; return the count."""
    rng = random.Random(plan.seed)
    requests = [timed_request(f"song{number}", rng.uniform(0, plan.most_seconds)) for number in range(plan.jobs)]
    for number in rng.sample(range(plan.jobs), plan.deadly):
        requests[number] = deadly_request(f"song{number}")
    began = time.monotonic()
    asked = kills = started = 0
    kill_at = began + plan.kill_every_seconds
    while asked < plan.jobs or not all(job.ended for job in crew.jobs()):
        now = time.monotonic()
        if now - began > plan.most_total_seconds:
            break
        due = plan.jobs * min(1.0, (now - began) / plan.asking_seconds) if plan.asking_seconds else plan.jobs
        while asked < due:
            crew.client.submit(requests[asked], requested_by=f"member{rng.randrange(MEMBERS)}", server="band-room")
            asked += 1
        crew.bury()
        while len(crew.workers) < plan.workers:
            crew.begin(machine=f"machine{started}" if plan.apart else "", SONGWRIGHT_WORKER_THREADS=str(plan.threads))
            started += 1
        # Only who is at work: on a slow machine nothing would ever be done if workers died while they start.
        if now >= kill_at and kills < plan.most_kills and (at_work := crew.ready()):
            crew.kill(rng.choice(at_work))
            kills += 1
            kill_at = now + plan.kill_every_seconds * rng.uniform(0.5, 1.5)
        time.sleep(LOOK_SECONDS)
    seconds = time.monotonic() - began
    for worker in list(crew.workers):
        crew.stop(worker)
    return _counted(crew, kills, started, seconds)


def _counted(crew: Crew, kills: int, started: int, seconds: float) -> Outcome:
    jobs, songs, made = crew.jobs(), crew.songs(), crew.made()
    done = [job for job in jobs if job.status == "done" and job.id in songs]
    failed = Counter(job.error_kind or "no reason" for job in jobs if job.status == "failed" and job.error)
    return Outcome(
        jobs=len(jobs),
        done=len(done),
        failed=dict(failed),
        lost=len(jobs) - len(done) - sum(failed.values()),
        double=sum(len(found) > 1 for found in songs.values()) + len(set(songs) - {job.id for job in done}),
        wrong_bytes=sum(songs[job.id][0] != expected_bytes(job) for job in done),
        sung_again=sum(made.values()) - len(made),
        beside_deadly=sum(job.status == "failed" and not is_deadly(job.request) for job in jobs),
        attempts=dict(sorted(Counter(job.attempts for job in jobs).items())),
        kills=kills,
        workers_started=started,
        seconds=round(seconds, 1),
    )


def reasons(jobs: list[Job]) -> set[str | None]:
    """Return what the members of failed jobs are told."""
    return {job.error for job in jobs if job.status == "failed"}
