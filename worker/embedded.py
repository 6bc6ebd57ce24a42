"""A worker inside the terminal's own process: runs its job, and first those that a killed terminal left behind.

Knows nothing of brokers. It leaves the jobs of live processes and of queue workers alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from engine.contract import Request
from worker.client import Client
from worker.clock import Clock, utc_now
from worker.lease import LeaseTerms
from worker.owner import Owner, is_gone, this_process
from worker.runner import Generate, run_job
from worker.settings import Settings
from worker.store import jobs, recovery
from worker.store.database import Store
from worker.store.jobs import Job

POLL_SECONDS = 0.1


class EmbeddedWorker:
    """Runs jobs in this process, one at a time, the oldest first."""

    def __init__(
        self,
        store: Store,
        generate: Generate,
        settings: Settings,
        *,
        clock: Clock = utc_now,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._store, self._generate, self._settings = store, generate, settings
        self._clock, self._sleep = clock, sleep
        self._terms = LeaseTerms(settings.lease_seconds, settings.heartbeat_seconds)
        self._owner = this_process()

    def adopt(self, request: Request) -> Job | None:
        """Return a terminal's job for the very same request whose process is gone, now answered for by this one.

        The terminal asks this before it submits: the command that was killed, given again, goes on with its job
        instead of making a second song beside it. A job that is done already, but whose files were never written
        (`Client.mark_delivered` was not called), is found too. Jobs that members asked for are left to the bot.
        """
        asked = request.model_dump(mode="json")
        with self._store.writing() as session:
            for job in recovery.owned_unfinished(session, self._owner.machine):
                if job.requested_by is None and _is_left_behind(job, asked) and not job.cancel_requested:
                    recovery.expire_lease(session, job, now=self._clock())
                    recovery.hand_over(session, job, self._owner)
                    return job
            for job in recovery.owned_undelivered(session, self._owner.machine):
                if _is_left_behind(job, asked):
                    recovery.hand_over(session, job, self._owner)
                    return job
        return None

    def run_until(self, job_id: str) -> tuple[str, ...]:
        """Run jobs until this one has ended; return the ids of those left behind by others that were run first.

        If another live process has this job, wait for it, and take over should it be killed.
        """
        recovered: list[str] = []
        while not self._has_ended(job_id):
            job = self._claim(job_id)
            if job is None:
                self._sleep(POLL_SECONDS)
                continue
            run_job(self._store, job, self._generate, clock=self._clock, terms=self._terms)
            if job.id != job_id:
                recovered.append(job.id)
        return tuple(recovered)

    def run_and_follow(
        self, client: Client, job_id: str, interrupted: Callable[[], bool] = lambda: False
    ) -> Generator[Job, None, None]:
        """Run in a thread and yield the job's states as they change; leaving early (Ctrl-C) cancels the job.

        interrupted: asked between looks; once True, KeyboardInterrupt is raised, should its own have been lost.

        Jobs left behind by others run first; the job's own state is "queued" meanwhile. Use it inside
        `contextlib.closing`, so that leaving the loop by an exception ends it at once, job and thread.
        """
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="embedded-worker") as pool:
            worker = pool.submit(self.run_until, job_id)
            try:
                yield from client.follow(job_id, while_true=lambda: not (worker.done() or interrupted()))
                if interrupted() and not worker.done():
                    raise KeyboardInterrupt
            except BaseException:
                client.cancel(job_id)
                raise
            worker.result()  # a fault of the worker itself, such as a full disk, is the caller's to show

    def _claim(self, job_id: str) -> Job | None:
        """Take this job or an older one that nobody answers for."""
        now = self._clock()
        with self._store.writing() as session:
            left_behind = []
            for job in recovery.owned_unfinished(session, self._owner.machine):
                if _is_left_behind(job):
                    recovery.expire_lease(session, job, now=now)
                    left_behind.append(job.id)
            recovery.return_expired(session, now=now, max_attempts=self._settings.max_attempts)
            among = {job_id, *left_behind, *recovery.begun_and_queued(session)}
            return jobs.claim(
                session, owner=self._owner, now=now, lease_seconds=self._settings.lease_seconds, among=among
            )

    def _has_ended(self, job_id: str) -> bool:
        with self._store.reading() as session:
            return jobs.get(session, job_id).ended


def _is_left_behind(job: Job, asked: dict[str, Any] | None = None) -> bool:
    """Return whether the process of a job, with this request if one is given, is surely gone."""
    owner: Owner | None = job.owner
    return (asked is None or job.request == asked) and owner is not None and is_gone(owner)
