"""Lists of jobs for hosts: the queue in its order, the newest, one with all that hangs on it; trying one again.

Knows nothing of how they are shown. Quick with 10^5 jobs: no list reads more rows than it returns, or than wait.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import ValidationError
from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.orm import Session

from engine.contract import Request
from engine.errors import RequestError
from worker.store import deliveries, jobs, queue_times
from worker.store.deliveries import Delivery
from worker.store.jobs import FIRST_CLAIMED, Job, Status
from worker.store.queue_times import Expected
from worker.store.tables import DeliveryJobRow, DeliveryRow, JobRow, SongRow
from worker.store.turns import wait_for_turn


@dataclass(frozen=True)
class JobLine:
    """A job in a list. place: 1 is claimed next, None if it does not wait, or if places were not asked for."""

    id: str
    kind: str
    status: Status
    stage: str
    done: int
    total: int
    attempts: int
    priority: int
    cancel_requested: bool
    error: str | None
    error_kind: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    requested_by: str | None
    server: str | None
    place: int | None


@dataclass(frozen=True)
class WholeJob:
    """A job with its song and the promise to bring it. expected: its place in the queue and its end, unless it has ended."""

    job: Job
    expected: Expected | None
    song_id: str | None
    delivery: Delivery | None


@dataclass(frozen=True)
class Retried:
    """A new job in place of a failed one. delivered: whether its song will be brought to where it was asked for."""

    job: Job
    delivered: bool


def newest(
    session: Session, *, count: int, statuses: Sequence[Status] = (), kind: str | None = None
) -> tuple[JobLine, ...]:
    """Return up to `count` jobs, those asked for last first; of these statuses and this kind, if given."""
    # A job that is done is among the last ones in any order; of the others there are few, and an index knows them.
    status = func.coalesce(JobRow.status, "") if "done" in statuses else JobRow.status
    which: list[ColumnElement[bool]] = [status.in_(statuses)] if statuses else []
    which += [JobRow.kind == kind] if kind is not None else []
    query = select(*_COLUMNS).where(*which).order_by(JobRow.id.desc()).limit(count)
    return tuple(_line(row, None) for row in session.execute(query))


def waiting(session: Session, *, count: int, kind: str | None = None) -> tuple[JobLine, ...]:
    """Return up to `count` jobs that wait, with their places, the next one first."""
    place = func.row_number().over(order_by=FIRST_CLAIMED).label("place")
    queue = select(JobRow.id, place).where(JobRow.status == "queued").subquery()
    query = select(queue.c.place, *_COLUMNS).join(queue, queue.c.id == JobRow.id).order_by(queue.c.place).limit(count)
    if kind is not None:
        query = query.where(JobRow.kind == kind)
    return tuple(_line(row, place) for place, *row in session.execute(query))


def whole(session: Session, job_or_song_id: str, *, now: datetime) -> WholeJob:
    """Return a job by its id or its song's; RequestError if there is none."""
    either = or_(SongRow.id == job_or_song_id, SongRow.job_id == job_or_song_id)
    song = session.execute(select(SongRow.id, SongRow.job_id).where(either)).one_or_none()
    job = jobs.get(session, job_or_song_id if song is None else song.job_id)
    delivery = deliveries.of_job(session, job.id)
    expected = None if job.ended else queue_times.expected(session, now).get(job.id)
    return WholeJob(job, expected, None if song is None else song.id, delivery)


def retry(session: Session, job_id: str, *, now: datetime) -> Retried:
    """Insert a job with the request, seed, member and server of a failed one, which stays as it is; return it.

    If the failure has not been brought to the member yet, the song will be brought instead of it. Else nothing is
    posted: the member was told once, and finds the song in the history. RequestError for a job that has not failed, and
    for one that was tried again already.
    """
    failed = jobs.get(session, job_id)
    if failed.status != "failed":
        raise RequestError(f"job {job_id} is {failed.status}; only failed jobs can be tried again")
    if (again := _tried_again(session, failed)) is not None:
        raise RequestError(
            f"job {job_id} was tried again already, and job {again.id} is {again.status}; see jobs show {again.id}"
        )
    if failed.requested_by is not None:
        wait_for_turn(session, failed.requested_by)
    new = jobs.submit(
        session,
        _request(failed),
        now=now,
        requested_by=failed.requested_by,
        server=failed.server,
        priority=failed.priority,
    )
    session.execute(update(JobRow).where(JobRow.id == new.id).values(seed=failed.seed))
    moved = update(DeliveryJobRow).where(
        DeliveryJobRow.job_id == job_id, DeliveryJobRow.delivery_id.in_(_deliveries_not_begun(now))
    )
    found = session.execute(moved.values(job_id=new.id).returning(DeliveryJobRow.job_id)).all()
    session.expire_all()
    return Retried(jobs.get(session, new.id), bool(found))


def _tried_again(session: Session, failed: Job) -> JobRow | None:
    """Return the later job that makes the same song for the same member, unless it has ended without one."""
    same = (JobRow.id > failed.id, JobRow.kind == failed.kind, JobRow.seed == failed.seed,
            JobRow.requested_by == failed.requested_by, JobRow.status.in_(("queued", "running", "done")))  # fmt: skip
    later = session.scalars(select(JobRow).where(*same).order_by(JobRow.id))
    return next((row for row in later if row.request == failed.request), None)


def _deliveries_not_begun(now: datetime):  # type: ignore[no-untyped-def]  # SQLAlchemy's type says less than the body
    untaken = or_(DeliveryRow.held_until.is_(None), DeliveryRow.held_until < now)
    return select(DeliveryRow.id).where(DeliveryRow.status == "open", untaken)


def _request(job: Job) -> Request:
    try:
        return job.parsed_request()
    except (ValidationError, KeyError) as error:
        raise RequestError(f"job {job.id} was asked for with another version of Songwright; ask anew") from error


_NAMES = tuple(name for name in JobLine.__dataclass_fields__ if name != "place")
_COLUMNS: tuple[ColumnElement[object], ...] = tuple(getattr(JobRow, name) for name in _NAMES)


def _line(row: Sequence[object], place: int | None) -> JobLine:
    return JobLine(place=place, **dict(zip(_NAMES, row, strict=True)))  # type: ignore[arg-type]  # columns are typed
