"""Members who ask and slots that claim, on a real store: what the tests of the queue are played with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from engine.contract import SongRequest
from tests.worker.conftest import WoundClock
from tests.worker.echo_song import echoed
from worker.owner import this_process
from worker.store import jobs, queue_times, servers
from worker.store.database import Store
from worker.store.fair_queue import INTERACTIVE
from worker.store.jobs import Job

USUAL_SECONDS = 115.0  # a song of this length is one that states none


class Scene:
    """A queue with its members. claimed: all jobs that were begun, in that order."""

    def __init__(self, store: Store, clock: WoundClock) -> None:
        self.store, self.clock = store, clock
        self.claimed: list[Job] = []
        self.running: list[Job] = []

    def ask(
        self,
        member: str | None,
        *,
        length: float = USUAL_SECONDS,
        server: str | None = None,
        priority: int = INTERACTIVE,
    ) -> Job:
        """Submit a song of a length in seconds."""
        request = SongRequest(theme="rain", length_seconds=length)
        with self.store.writing() as session:
            asked = {"requested_by": member, "server": server, "priority": priority}
            return jobs.submit(session, request, now=self.clock(), **asked)

    def claim(self, max_priority: int | None = None) -> Job | None:
        """Begin the first job, if one waits."""
        with self.store.writing() as session:
            job = jobs.claim(
                session, owner=this_process(), now=self.clock(), lease_seconds=3600.0, max_priority=max_priority
            )
        if job is not None:
            self.claimed.append(job)
            self.running.append(job)
        return job

    def claim_all(self) -> list[Job]:
        """Begin everything that waits; return it in that order."""
        before = len(self.claimed)
        while self.claim():
            pass
        return self.claimed[before:]

    def finish(self, job: Job | None = None, *, versions: Mapping[str, str] | None = None) -> None:
        """End a job as done, the first that is running if none is named. versions: of the models that made it."""
        ending = job or self.running[0]
        self.running.remove(ending)
        made = echoed(ending.parsed_request(), 1)
        if versions is not None:
            made = replace(made, report=made.report.model_copy(update={"model_versions": dict(versions)}))
        with self.store.writing() as session:
            jobs.finish(session, ending.id, ending.lease_token or "", made, now=self.clock())

    def run_one(self) -> Job:
        """Claim a job and end it after as long as it was expected to take."""
        job = self.claim()
        assert job is not None
        self.clock.wind(job.cost_seconds)
        self.finish(job)
        return job

    def release(self, job: Job) -> None:
        """Put a running job back."""
        self.running.remove(job)
        with self.store.writing() as session:
            jobs.release(session, job.id, job.lease_token or "")

    def cancel(self, job_id: str) -> None:
        with self.store.writing() as session:
            jobs.request_cancel(session, job_id, now=self.clock())

    def now_is(self, job: Job) -> Job:
        with self.store.reading() as session:
            return jobs.get(session, job.id)

    def place(self, job: Job) -> int | None:
        with self.store.reading() as session:
            return queue_times.position(session, jobs.get(session, job.id))

    def seconds_left(self) -> dict[str, float]:
        """Return what is expected of every unfinished job."""
        now = self.clock()
        with self.store.reading() as session:
            known = queue_times.expected(session, now)
        return {job_id: (one.ready_at - now) / timedelta(seconds=1) for job_id, one in known.items()}

    def weigh(self, server: str, weight: float) -> None:
        with self.store.writing() as session:
            servers.set_weight(session, server, weight, self.clock())
