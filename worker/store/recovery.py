"""Jobs whose worker is gone: found, and put back in the queue or ended.

Knows nothing of how it is known that a worker is gone, only of leases and owners.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from worker.owner import Owner
from worker.store.jobs import FIRST_CLAIMED, Job, job_of
from worker.store.tables import DeliveryJobRow, JobRow, SongRow


def expire_lease(session: Session, job: Job, *, now: datetime) -> None:
    """End the lease under which this job was seen, because its worker is known to be gone."""
    seen = (JobRow.id == job.id, JobRow.lease_token == job.lease_token, JobRow.lease_expires_at > now)
    session.execute(update(JobRow).where(*seen).values(lease_expires_at=now))


def return_expired(session: Session, *, now: datetime, max_attempts: int) -> None:
    """Put jobs whose lease has ended back in the queue; cancel those asked to stop, fail those tried often enough."""
    no_lease = {"lease_token": None, "lease_expires_at": None}
    ended = no_lease | {"finished_at": now}
    _update_expired(session, now, [JobRow.cancel_requested.is_(True)], ended | {"status": "cancelled"})
    reason = (
        f"the program stopped {max_attempts} times while it worked on this; "
        "ask again, perhaps for something shorter, and tell the host if it happens again"
    )
    failed = ended | {"status": "failed", "error": reason, "error_kind": "lost"}
    _update_expired(session, now, [JobRow.attempts >= max_attempts], failed)
    _update_expired(session, now, [], no_lease | {"status": "queued"})


def any_expired(session: Session, *, now: datetime) -> bool:
    """Return whether there is a running job whose lease has ended."""
    expired = select(JobRow.id).where(JobRow.status == "running", JobRow.lease_expires_at <= now).limit(1)
    return session.scalar(expired) is not None


def owned_unfinished(session: Session, machine: str) -> tuple[Job, ...]:
    """Return the queued and running jobs that processes of this machine answer for, the oldest first."""
    mine = (JobRow.status.in_(("queued", "running")), JobRow.owner_machine == machine)
    return tuple(job_of(row) for row in session.scalars(select(JobRow).where(*mine).order_by(*FIRST_CLAIMED)))


def owned_undelivered(session: Session, machine: str) -> tuple[Job, ...]:
    """Return the done jobs of terminals of this machine whose result nobody has had, the oldest first."""
    mine = (JobRow.status == "done", JobRow.delivered_at.is_(None), JobRow.owner_machine == machine)
    of_terminals = (JobRow.requested_by.is_(None), JobRow.id.not_in(select(DeliveryJobRow.job_id)))
    with_song = JobRow.id.in_(select(SongRow.job_id))
    query = select(JobRow).where(*mine, *of_terminals, with_song).order_by(*FIRST_CLAIMED)
    return tuple(job_of(row) for row in session.scalars(query))


def begun_and_queued(session: Session) -> tuple[str, ...]:
    """Return the ids of queued jobs that a worker began and lost, the oldest first."""
    query = select(JobRow.id).where(JobRow.status == "queued", JobRow.attempts > 0).order_by(*FIRST_CLAIMED)
    return tuple(session.scalars(query))


def _update_expired(
    session: Session, now: datetime, conditions: list[ColumnElement[bool]], values: dict[str, Any]
) -> None:
    expired = select(JobRow.id).where(JobRow.status == "running", JobRow.lease_expires_at <= now, *conditions)
    # Rows that another process is returning at this moment are its business; waiting for them could deadlock.
    ids = session.scalars(expired.with_for_update(skip_locked=True)).all()
    if ids:
        change = update(JobRow).where(JobRow.id.in_(ids)).values(**values)
        session.execute(change.execution_options(synchronize_session=False))


def hand_over(session: Session, job: Job, owner: Owner) -> None:
    """Let another process answer for an unfinished job; who holds its lease is not changed."""
    columns = {"owner_machine": owner.machine, "owner_pid": owner.pid, "owner_started": owner.started}
    session.execute(update(JobRow).where(JobRow.id == job.id).values(**columns))
