"""The one Celery task: when the doorbell rings, claim the first job and run it.

Knows nothing of who rang: the id in the message is for the log, the row that is claimed is whichever is next.
"""

from __future__ import annotations

import logging
from typing import Any

from worker.clock import Clock, utc_now
from worker.lease import LeaseTerms
from worker.owner import this_process
from worker.queue import TASK_NAME, celery_app
from worker.runner import Generate, run_job
from worker.settings import Settings
from worker.store import jobs, recovery
from worker.store.database import Store

log = logging.getLogger(__name__)


def run_next_job(store: Store, generate: Generate, settings: Settings, *, clock: Clock = utc_now) -> str | None:
    """Claim the first job in the queue and run it to its end; return its id, None if none waits."""
    now = clock()
    with store.writing() as session:
        recovery.return_expired(session, now=now, max_attempts=settings.max_attempts)
        job = jobs.claim(session, owner=this_process(), now=now, lease_seconds=settings.lease_seconds)
    if job is None:
        return None
    terms = LeaseTerms(settings.lease_seconds, settings.heartbeat_seconds)
    run_job(store, job, generate, clock=clock, terms=terms)
    return job.id


def register(settings: Settings, store: Store, generate: Generate) -> Any:
    """Return the Celery app of the settings' broker with the task on it, ready for its worker to be started."""
    assert settings.broker_url is not None, "without a broker nothing rings; use worker.embedded"
    app = celery_app(settings.broker_url)

    def ring(job_id: str) -> None:
        log.info("rung for job %s", job_id, extra={"job_id": job_id})
        run_next_job(store, generate, settings)

    app.task(name=TASK_NAME)(ring)
    return app
