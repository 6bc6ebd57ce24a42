"""Jobs, one function per act: submit, claim, keep, progress, finish, fail, cancel, release, deliver, look up.

Knows nothing of who calls (terminal, bot, worker) nor of how a song is made; store/recovery.py deals with lost
leases. Every act on a running job carries the lease token that its claim was given: whoever lost the lease loses every
later race, so no job has two results. `now` is the caller's clock; machines that share a database must agree on the
time to well within a lease.

    queued ──claim──► running ──finish──► done          running, lease expired ──► queued, or failed after the last
       │                 ├──fail────────► failed                                   attempt, or cancelled if asked for
       │                 └──cancel──────► cancelled
       └──request_cancel────────────────► cancelled     running ──release──► queued (the attempt does not count)
"""

from __future__ import annotations

import secrets
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from engine.contract import Request
from engine.errors import RequestError
from engine.verbs import VERBS
from worker.owner import Owner
from worker.store import fair_queue, job_costs, servers, songs
from worker.store.deletion import upload_of
from worker.store.fair_queue import INTERACTIVE, Asker, Waiting
from worker.store.identifiers import new_id
from worker.store.songs import GeneratedSong
from worker.store.tables import JobRow
from worker.store.turns import wait_for_turn

Status = Literal["queued", "running", "done", "failed", "cancelled"]
ENDED: frozenset[str] = frozenset({"done", "failed", "cancelled"})
REQUEST_TYPES: dict[str, type[Request]] = {name: verb.request for name, verb in VERBS.items()}
MAX_SEED = 2**31 - 1
FIRST_CLAIMED = (JobRow.priority, JobRow.turn, JobRow.created_at, JobRow.id)


class LeaseLost(Exception):  # noqa: N818  # an event, not a mistake
    """The job was taken by another worker, or has ended: what this worker did for it no longer counts."""


@dataclass(frozen=True)
class Job:
    """A job as it was at one moment. words: everything written so far. lease_token: a secret of its worker."""

    id: str
    kind: str
    request: dict[str, Any]
    seed: int
    status: Status
    stage: str
    done: int
    total: int
    words: str
    attempts: int
    cancel_requested: bool
    error: str | None
    error_kind: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    requested_by: str | None
    server: str | None
    owner: Owner | None
    lease_token: str | None = field(repr=False)
    lease_expires_at: datetime | None
    heartbeat_at: datetime | None
    delivered_at: datetime | None
    priority: int
    cost_seconds: float
    turn: float

    @property
    def ended(self) -> bool:
        """True once nothing about the job will change."""
        return self.status in ENDED

    def parsed_request(self) -> Request:
        """Return the request as it was asked; ValidationError if it was stored by an older version in another form."""
        return REQUEST_TYPES[self.kind].model_validate(self.request)


def submit(
    session: Session,
    request: Request,
    *,
    now: datetime,
    owner: Owner | None = None,
    requested_by: str | None = None,
    server: str | None = None,
    priority: int = INTERACTIVE,
    best_of: int = 1,
) -> Job:
    """Insert a queued job; its seed is the request's or a random one. owner: who will run it, if that is known.
    best_of: takes between which a promoted judge chooses.

    Where it stands in the queue is settled by `fair_queue`; other waiting jobs of the same member may change places.
    """
    job_id = new_id(now)
    stated = request.model_dump(mode="json")
    seconds = job_costs.expected_seconds(session, request, best_of)
    size = job_costs.usual_seconds(request.kind, stated)
    new = Waiting(job_id, seconds, servers.weight(session, server), now, size)
    row = JobRow(
        id=job_id,
        kind=request.kind,
        request=stated,
        seed=secrets.randbelow(MAX_SEED + 1) if request.seed is None else request.seed,
        status="queued",
        **_NOTHING_DONE,
        attempts=0,
        cancel_requested=False,
        created_at=now,
        requested_by=requested_by,
        server=server,
        upload_id=upload_of(getattr(request, "source", None)),
        priority=priority,
        cost_seconds=seconds,
        turn=fair_queue.give_turn(session, Asker(requested_by, owner), new, priority=priority),
        **_owner_columns(owner),
    )
    session.add(row)
    session.flush()
    return job_of(row)


def claim(
    session: Session,
    *,
    owner: Owner,
    now: datetime,
    lease_seconds: float,
    among: Collection[str] | None = None,
    max_priority: int | None = None,
    max_attempts: int | None = None,
) -> Job | None:
    """Move the first queued job (of these ids, if given) to running and return it with its lease; None if none waits.

    max_priority: jobs of a larger number are left alone, so that training does not take a worker's last slot.
    max_attempts: if the first job was begun so often already, None, and no other goes before it. Given once: on SQLite
    the write transaction is alone, on PostgreSQL a row that another claim holds is passed over.
    """
    first = select(JobRow.id).where(JobRow.status == "queued").order_by(*FIRST_CLAIMED).limit(1)
    if among is not None:
        first = first.where(JobRow.id.in_(among))
    if max_priority is not None:
        first = first.where(JobRow.priority <= max_priority)
    is_first = (JobRow.id == first.with_for_update(skip_locked=True).scalar_subquery(), JobRow.status == "queued")
    taken = (
        update(JobRow)
        .where(*is_first, *(() if max_attempts is None else (JobRow.attempts < max_attempts,)))
        .values(
            status="running",
            attempts=JobRow.attempts + 1,
            lease_token=secrets.token_hex(16),
            lease_expires_at=now + timedelta(seconds=lease_seconds),
            heartbeat_at=now,
            started_at=now,
            **_NOTHING_DONE,
            **_owner_columns(owner),
        )
        .returning(JobRow)
        .execution_options(synchronize_session=False, populate_existing=True)
    )
    row = session.scalars(taken).one_or_none()
    return None if row is None else job_of(row)


def keep(session: Session, job_id: str, token: str, *, now: datetime, lease_seconds: float) -> bool:
    """Renew the lease (a heartbeat); return whether a cancel has been asked for. LeaseLost if it is not ours."""
    return _keep(session, job_id, token, now, lease_seconds, {})


def progress(
    session: Session,
    job_id: str,
    token: str,
    *,
    stage: str,
    done: int,
    total: int,
    words: str,
    now: datetime,
    lease_seconds: float,
) -> bool:
    """Write how far the job is, which also renews the lease; return whether a cancel has been asked for."""
    values = {"stage": stage, "done": done, "total": total, "words": words}
    return _keep(session, job_id, token, now, lease_seconds, values)


def finish(session: Session, job_id: str, token: str, song: GeneratedSong, *, now: datetime) -> str:
    """End the job as done and write its song, in the caller's one transaction; return the song id.

    LeaseLost, and nothing written, if the lease is not ours any more: then the files go that this attempt has put
    outside the database. A song that is ready is kept even where a cancel came in at the last moment.
    """
    try:
        _end(session, job_id, token, now, {"status": "done", "stage": "done", "done": JobRow.total})
    except LeaseLost:
        songs.drop_kept(session, song)
        raise
    return songs.add(session, job_id, song, now)


def fail(session: Session, job_id: str, token: str, *, error: str, kind: str, now: datetime) -> None:
    """End the job as failed. error: a sentence for people. kind: one word for counting. LeaseLost as in `finish`."""
    _end(session, job_id, token, now, {"status": "failed", "error": error, "error_kind": kind})


def cancel(session: Session, job_id: str, token: str, *, now: datetime) -> None:
    """End the running job as cancelled, by its worker. LeaseLost as in `finish`."""
    _end(session, job_id, token, now, {"status": "cancelled"})


def release(session: Session, job_id: str, token: str) -> None:
    """Put a running job back in its place in the queue, as if this attempt had not been. LeaseLost as in `finish`."""
    values = {"status": "queued", "attempts": JobRow.attempts - 1, "lease_token": None, "lease_expires_at": None}
    _update_held(session, job_id, token, values)


def request_cancel(session: Session, job_id: str, *, now: datetime) -> None:
    """Cancel a queued job at once, ask the worker of a running one to stop, leave an ended one alone.

    The other waiting jobs of the same member move up.
    """
    job = find(session, job_id)
    if job is None:
        return
    asker = Asker(job.requested_by, job.owner)
    wait_for_turn(session, asker.name)
    queued = update(JobRow).where(JobRow.id == job_id, JobRow.status == "queued").returning(JobRow.id)
    ended = queued.values(status="cancelled", cancel_requested=True, finished_at=now)
    if session.scalar(ended.execution_options(synchronize_session=False)) is not None:
        fair_queue.close_up(session, asker, priority=job.priority)
    running = update(JobRow).where(JobRow.id == job_id, JobRow.status == "running")
    session.execute(running.values(cancel_requested=True))


def mark_delivered(session: Session, job_id: str, *, now: datetime) -> None:
    """Write down that whoever asked has the result, so that nobody brings it a second time; the first time counts."""
    undelivered = (JobRow.id == job_id, JobRow.delivered_at.is_(None))
    session.execute(update(JobRow).where(*undelivered).values(delivered_at=now))


def find(session: Session, job_id: str) -> Job | None:
    """Return the job as it is now, None if there is none."""
    row = session.get(JobRow, job_id, populate_existing=True)
    return None if row is None else job_of(row)


def get(session: Session, job_id: str) -> Job:
    """Return the job as it is now; RequestError if there is none."""
    job = find(session, job_id)
    if job is None:
        raise RequestError(f"there is no job {job_id!r}; ids are 26 letters and digits, see the one that was printed")
    return job


def unwanted(session: Session, job_ids: Collection[str]) -> frozenset[str]:
    """Return which of these jobs are to stop: somebody has asked for it, or they are gone; the cheapest look at them."""
    flags = session.execute(select(JobRow.id, JobRow.cancel_requested).where(JobRow.id.in_(job_ids)))
    return frozenset(job_ids) - {job_id for job_id, to_stop in flags if not to_stop}


_NOTHING_DONE: dict[str, Any] = {"stage": "", "done": 0, "total": 1, "words": ""}


def _keep(
    session: Session, job_id: str, token: str, now: datetime, lease_seconds: float, values: dict[str, Any]
) -> bool:
    lease = {"heartbeat_at": now, "lease_expires_at": now + timedelta(seconds=lease_seconds)}
    return _update_held(session, job_id, token, lease | values)


def _end(session: Session, job_id: str, token: str, now: datetime, values: dict[str, Any]) -> None:
    _update_held(session, job_id, token, {"lease_token": None, "lease_expires_at": None, "finished_at": now} | values)


def _update_held(session: Session, job_id: str, token: str, values: dict[str, Any]) -> bool:
    """Change the row only under this lease; return its cancel flag. The one place where a second writer loses."""
    held = (JobRow.id == job_id, JobRow.status == "running", JobRow.lease_token == token)
    change = update(JobRow).where(*held).values(**values).returning(JobRow.cancel_requested)
    flag = session.execute(change.execution_options(synchronize_session=False)).scalar_one_or_none()
    if flag is None:
        raise LeaseLost(f"job {job_id} is not held under this lease")
    return flag


def _owner_columns(owner: Owner | None) -> dict[str, Any]:
    if owner is None:
        return {"owner_machine": None, "owner_pid": None, "owner_started": None}
    return {"owner_machine": owner.machine, "owner_pid": owner.pid, "owner_started": owner.started}


def _owner(row: JobRow) -> Owner | None:
    if row.owner_machine is None or row.owner_pid is None or row.owner_started is None:
        return None
    return Owner(row.owner_machine, row.owner_pid, row.owner_started)


def job_of(row: JobRow) -> Job:
    """Return the value of a row."""
    names = [name for name in Job.__dataclass_fields__ if name != "owner"]
    return Job(owner=_owner(row), **{name: getattr(row, name) for name in names})
