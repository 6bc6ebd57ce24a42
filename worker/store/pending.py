"""All that a bot needs to show how its open deliveries are getting on, in a few queries. Knows nothing of messages."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from worker.store import queue_times
from worker.store.deliveries import Delivery, delivery_of
from worker.store.jobs import ENDED, Status
from worker.store.queue_times import Expected
from worker.store.tables import DeliveryJobRow, DeliveryRow, JobRow


@dataclass(frozen=True)
class JobState:
    """How far a job is. words: all written so far.

    position: 1 is claimed next, 0 is running, None has ended. ready_at: a guess, in the past for a running job that is
    overdue, None for one that has ended; jobs are equal without it, for it is never quite the same.
    """

    id: str
    kind: str
    status: Status
    stage: str
    done: int
    total: int
    words: str
    position: int | None
    error: str | None
    error_kind: str | None
    cancel_requested: bool
    created_at: datetime
    started_at: datetime | None
    ready_at: datetime | None = field(compare=False)

    @property
    def ended(self) -> bool:
        """True once nothing about the job will change."""
        return self.status in ENDED


@dataclass(frozen=True)
class Pending:
    """An open delivery and its jobs, in the order of showing."""

    delivery: Delivery
    jobs: tuple[JobState, ...]


def pending(session: Session, application_id: str, now: datetime) -> tuple[Pending, ...]:
    """Return what an application has still to bring, the oldest first. A delivery without jobs is left out.

    One query where all jobs have ended, else four; however many there are.
    """
    query = (
        select(DeliveryRow, *_STATE_COLUMNS)
        .join(DeliveryJobRow, DeliveryJobRow.delivery_id == DeliveryRow.id)
        .join(JobRow, JobRow.id == DeliveryJobRow.job_id)
        .where(DeliveryRow.status == "open", DeliveryRow.application_id == application_id)
        .order_by(DeliveryRow.created_at, DeliveryRow.id, DeliveryJobRow.position)
    )
    rows = [(delivery, dict(zip(_STATE_NAMES, columns, strict=True))) for delivery, *columns in session.execute(query)]
    unfinished = any(values["status"] not in ENDED for _delivery, values in rows)
    expected = queue_times.expected(session, now) if unfinished else {}
    found: dict[str, tuple[DeliveryRow, list[JobState]]] = {}
    for delivery, values in rows:
        _row, states = found.setdefault(delivery.id, (delivery, []))
        states.append(_state(values, expected.get(str(values["id"]))))
    return tuple(Pending(delivery_of(row, [job.id for job in states]), tuple(states)) for row, states in found.values())


_STATE_NAMES = tuple(name for name in JobState.__dataclass_fields__ if name not in ("position", "ready_at"))
_STATE_COLUMNS: tuple[ColumnElement[object], ...] = tuple(getattr(JobRow, name) for name in _STATE_NAMES)


def _state(values: dict[str, object], expected: Expected | None) -> JobState:
    # On PostgreSQL a job may have ended or begun between the two queries: then the next look sees it whole.
    if expected is None or values["status"] in ENDED:
        return JobState(position=None, ready_at=None, **values)  # type: ignore[arg-type]  # columns
    place = 0 if values["status"] == "running" else expected.position
    return JobState(position=place, ready_at=expected.ready_at, **values)  # type: ignore[arg-type]  # columns
