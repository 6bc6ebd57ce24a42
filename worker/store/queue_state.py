"""The numbers of the whole queue: what waits and runs, since when, what ended lately, who works, how songs are rated.

A handful of queries that use the indexes, for metrics and `songwright stats`. Knows no member, no server and no text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from worker.store.ratings import Tally
from worker.store.tables import DeliveryRow, JobRow, RatingRow, SongRow, WorkerRow

LATELY = timedelta(hours=1)
WORKER_SEEN = timedelta(seconds=30)


@dataclass(frozen=True)
class QueueState:
    """The store as it was at one moment.

    queued, running: jobs by (priority, kind); what is not there is 0. oldest_queued_seconds: how long ago the first of
    the waiting jobs was asked for, 0 if none waits. done_lately: songs made lately and still there. failed_lately: by
    error kind. slots: how many jobs the live workers run at once, slots_used: how many they run.
    """

    queued: Mapping[tuple[int, str], int]
    running: Mapping[tuple[int, str], int]
    oldest_queued_seconds: float
    done_lately: int
    failed_lately: Mapping[str, int]
    cancelled_lately: int
    open_deliveries: int
    workers: int
    slots: int
    slots_used: int
    songs: int
    ratings: Tally


@dataclass(frozen=True)
class Totals:
    """What is counted over the whole store, which takes the longer the more there is (10^5 songs: a tenth of a second)."""

    songs: int
    ratings: Tally


def totals(session: Session) -> Totals:
    """Return how many songs there are, and how they are rated."""
    return Totals(_songs(session), _tally(session))


def read(
    session: Session,
    now: datetime,
    *,
    lately: timedelta = LATELY,
    worker_seen: timedelta = WORKER_SEEN,
    known: Totals | None = None,
) -> QueueState:
    """Return the numbers of now. worker_seen: how long ago a live worker may have shown itself last.

    known: totals that are not to be counted again.
    """
    known = known or totals(session)
    counted = _unfinished(session)
    oldest = session.scalar(select(func.min(JobRow.created_at)).where(JobRow.status == "queued"))
    failed, cancelled = _ended_without_song(session, now - lately)
    workers, slots, slots_used = _workers(session, now - worker_seen)
    return QueueState(
        queued={(priority, kind): count for status, priority, kind, count in counted if status == "queued"},
        running={(priority, kind): count for status, priority, kind, count in counted if status == "running"},
        oldest_queued_seconds=0.0 if oldest is None else max(0.0, (now - oldest).total_seconds()),
        done_lately=_songs(session, SongRow.created_at >= now - lately),
        failed_lately=failed,
        cancelled_lately=cancelled,
        open_deliveries=_open_deliveries(session),
        workers=workers,
        slots=slots,
        slots_used=slots_used,
        songs=known.songs,
        ratings=known.ratings,
    )


def _unfinished(session: Session) -> list[tuple[str, int, str, int]]:
    """Return (status, priority, kind, count) of all jobs that have not ended."""
    columns = (JobRow.status, JobRow.priority, JobRow.kind)
    query = select(*columns, func.count()).where(JobRow.status.in_(("queued", "running"))).group_by(*columns)
    return [(status, priority, kind, count) for status, priority, kind, count in session.execute(query)]


def _ended_without_song(session: Session, since: datetime) -> tuple[dict[str, int], int]:
    """Return how many jobs failed, by error kind, and how many were cancelled."""
    # Jobs that made a song are counted by their songs: there are many, and songs have an index on their time.
    ended = (JobRow.status.in_(("failed", "cancelled")), JobRow.finished_at >= since)
    query = select(JobRow.status, JobRow.error_kind, func.count()).where(*ended)
    failed: dict[str, int] = {}
    cancelled = 0
    for status, kind, count in session.execute(query.group_by(JobRow.status, JobRow.error_kind)):
        if status == "cancelled":
            cancelled += count
        else:
            failed[kind or "unknown"] = count
    return failed, cancelled


def _workers(session: Session, since: datetime) -> tuple[int, int, int]:
    """Return the live workers, their slots, and the slots in use."""
    sums = (func.count(), func.coalesce(func.sum(WorkerRow.slots), 0), func.coalesce(func.sum(WorkerRow.running), 0))
    count, slots, used = session.execute(select(*sums).where(WorkerRow.seen_at >= since)).one()
    return count, int(slots), int(used)


def _tally(session: Session) -> Tally:
    count, mean = session.execute(select(func.count(), func.avg(RatingRow.stars))).one()
    return Tally(count, None if mean is None else float(mean))


def _songs(session: Session, *which: ColumnElement[bool]) -> int:
    return session.scalar(select(func.count(SongRow.id)).where(*which)) or 0


def _open_deliveries(session: Session) -> int:
    return session.scalar(select(func.count(DeliveryRow.id)).where(DeliveryRow.status == "open")) or 0
