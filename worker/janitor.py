"""What must be put in order as time passes: jobs whose worker is gone, workers that are gone, rows that have had
their time.

Knows nothing of how jobs are run. Every worker process has one; what two of them do at once is done once.
"""

from __future__ import annotations

import time
from datetime import timedelta

from worker.clock import Clock, utc_now
from worker.owner import is_gone, this_process
from worker.settings import Settings
from worker.store import recovery, retention, workers
from worker.store.artifact_sweep import ArtifactSweep
from worker.store.database import Store
from worker.store.retention import Retention

RECOVER_EVERY_SECONDS = 2.0
FORGET_EVERY_SECONDS = 3600.0


class Janitor:
    """Puts the rows of one store in order."""

    def __init__(self, store: Store, settings: Settings, *, clock: Clock = utc_now) -> None:
        self._store, self._settings, self._clock = store, settings, clock
        self._machine = this_process().machine
        self._recover_at = 0.0  # of time.monotonic
        self._files = ArtifactSweep(store)

    def recover_jobs(self) -> None:
        """Put jobs back in the queue whose lease has ended or whose process on this machine was killed.

        At most every RECOVER_EVERY_SECONDS, however often it is called.
        """
        if time.monotonic() < self._recover_at:
            return
        now = self._clock()
        with self._store.reading() as session:  # most of the time there is nothing to write
            left_behind = [
                job
                for job in recovery.owned_unfinished(session, self._machine)
                if job.status == "running" and job.owner is not None and is_gone(job.owner)
            ]
            is_needed = bool(left_behind) or recovery.any_expired(session, now=now)
        if is_needed:
            with self._store.writing() as session:
                for job in left_behind:
                    recovery.expire_lease(session, job, now=now)
                recovery.return_expired(session, now=now, max_attempts=self._settings.max_attempts)
        self._recover_at = time.monotonic() + RECOVER_EVERY_SECONDS

    def forget(self) -> None:
        """Forget workers that are gone, files without a song and rows that have had their time.

        May take minutes the first time. For one thread.
        """
        with self._store.writing() as session:
            workers.forget_gone(session, self._clock())
        self._files.sweep(self._clock())
        retention.forget_all_old(self._store, self._clock, Retention(keep=timedelta(days=self._settings.keep_days)))
