"""What is going on: the queue, who works, how the last hour went, what is stored. For hosts; names no member.

Knows nothing of how it is shown. Quick with 10^5 songs: the last hour is found by the ids of its jobs.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from worker.store import model_versions, queue_state, workers
from worker.store.identifiers import lowest_id
from worker.store.model_versions import ModelVersion
from worker.store.queue_state import QueueState
from worker.store.tables import JobRow
from worker.store.workers import LiveWorker

LATELY = timedelta(hours=1)
MOST_JOBS = 20_000  # of the last hour that are looked at, the newest


@dataclass(frozen=True)
class Spread:
    """How a number of seconds is spread: how many there are, the middle one, and what 95 in 100 stay under."""

    count: int
    p50: float
    p95: float


@dataclass(frozen=True)
class LastHour:
    """The jobs that were asked for within the last hour. waiting: until they were begun (the last time).

    asked: by how they stand. failures: by error kind. seconds: of the work on those that are done, by kind.
    """

    asked: Mapping[str, int]
    failures: Mapping[str, int]
    waiting: Spread | None
    seconds: Mapping[str, Spread]


@dataclass(frozen=True)
class Storage:
    """What is stored. keep_days: how long jobs without a song are kept; overdue: those that are older and still there."""

    database_bytes: int
    keep_days: int
    overdue: int


@dataclass(frozen=True)
class Overview:
    """All of it, read at one moment."""

    queue: QueueState
    workers: tuple[LiveWorker, ...]
    models: tuple[ModelVersion, ...]
    last_hour: LastHour
    storage: Storage


def read(session: Session, now: datetime, *, keep_days: int) -> Overview:
    """Return what is going on now. models: those promoted and on trial."""
    return Overview(
        queue=queue_state.read(session, now),
        workers=workers.live(session, now),
        models=model_versions.in_use(session),
        last_hour=_last_hour(session, now - LATELY),
        storage=Storage(_database_bytes(session), keep_days, _overdue(session, now - timedelta(days=keep_days))),
    )


def spread(seconds: Sequence[float]) -> Spread | None:
    """Return the spread of some seconds by the nearest rank, None of none."""
    if not seconds:
        return None
    ordered = sorted(seconds)
    ranks = (ordered[max(0, math.ceil(share * len(ordered)) - 1)] for share in (0.5, 0.95))
    return Spread(len(ordered), *ranks)


def _last_hour(session: Session, since: datetime) -> LastHour:
    columns = (JobRow.status, JobRow.kind, JobRow.error_kind, JobRow.created_at, JobRow.started_at, JobRow.finished_at)
    query = select(*columns).where(JobRow.id >= lowest_id(since)).order_by(JobRow.id.desc()).limit(MOST_JOBS)
    asked, failures = Counter[str](), Counter[str]()
    waits: list[float] = []
    worked: dict[str, list[float]] = {}
    for status, kind, error_kind, created, begun, ended in session.execute(query):
        asked[status] += 1
        if status == "failed":
            failures[error_kind or "unknown"] += 1
        if begun is not None:
            waits.append((begun - created).total_seconds())
        if status == "done" and begun is not None and ended is not None:
            worked.setdefault(kind, []).append((ended - begun).total_seconds())
    seconds = {kind: found for kind in sorted(worked) if (found := spread(worked[kind])) is not None}
    return LastHour(dict(asked), dict(failures), spread(waits), seconds)


def _overdue(session: Session, before: datetime) -> int:
    without_song = (JobRow.status.in_(("failed", "cancelled")), JobRow.finished_at < before)
    return session.scalar(select(func.count()).select_from(JobRow).where(*without_song)) or 0


def _database_bytes(session: Session) -> int:
    if session.get_bind().dialect.name == "postgresql":
        return int(session.scalar(text("SELECT pg_database_size(current_database())")) or 0)
    pages = session.scalar(text("PRAGMA page_count")) or 0
    return int(pages) * int(session.scalar(text("PRAGMA page_size")) or 0)
