"""All that a bot needs to show how its open deliveries are getting on, in one query. Knows nothing of messages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from statistics import median

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from worker.store.deliveries import Delivery, delivery_of
from worker.store.jobs import ENDED, FIRST_CLAIMED, Status
from worker.store.tables import DeliveryJobRow, DeliveryRow, JobRow

USUAL_SECONDS = 5.0  # what a job is said to take before any has been done
RECENT_JOBS = 20


@dataclass(frozen=True)
class JobState:
    """How far a job is. position: 1 is claimed next, 0 is running, None has ended; words: all written so far."""

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

    @property
    def ended(self) -> bool:
        """True once nothing about the job will change."""
        return self.status in ENDED


@dataclass(frozen=True)
class Pending:
    """An open delivery and its jobs, in the order of showing."""

    delivery: Delivery
    jobs: tuple[JobState, ...]


def pending(session: Session, application_id: str) -> tuple[Pending, ...]:
    """Return what an application has still to bring, the oldest first. A delivery without jobs is left out."""
    waiting = _places_in_queue()
    query = (
        select(DeliveryRow, waiting.c.place, *_STATE_COLUMNS)
        .join(DeliveryJobRow, DeliveryJobRow.delivery_id == DeliveryRow.id)
        .join(JobRow, JobRow.id == DeliveryJobRow.job_id)
        .outerjoin(waiting, waiting.c.id == JobRow.id)
        .where(DeliveryRow.status == "open", DeliveryRow.application_id == application_id)
        .order_by(DeliveryRow.created_at, DeliveryRow.id, DeliveryJobRow.position)
    )
    found: dict[str, tuple[DeliveryRow, list[JobState]]] = {}
    for delivery, place, *columns in session.execute(query):
        _row, states = found.setdefault(delivery.id, (delivery, []))
        states.append(_state(columns, place))
    return tuple(Pending(delivery_of(row, [job.id for job in states]), tuple(states)) for row, states in found.values())


def seconds_per_job(session: Session, kind: str) -> float:
    """Return how long a job of this kind takes: the median of the last ones, USUAL_SECONDS before the first."""
    query = (
        select(JobRow.started_at, JobRow.finished_at)
        .where(JobRow.status == "done", JobRow.kind == kind)
        .order_by(JobRow.created_at.desc(), JobRow.id.desc())
        .limit(RECENT_JOBS)
    )
    seconds = [(end - begin).total_seconds() for begin, end in session.execute(query) if begin and end]
    return median(seconds) if seconds else USUAL_SECONDS


_STATE_NAMES = tuple(name for name in JobState.__dataclass_fields__ if name != "position")
_STATE_COLUMNS: tuple[ColumnElement[object], ...] = tuple(getattr(JobRow, name) for name in _STATE_NAMES)


def _places_in_queue():  # type: ignore[no-untyped-def]  # SQLAlchemy's type of a subquery says less than the body
    place = func.row_number().over(order_by=FIRST_CLAIMED).label("place")
    return select(JobRow.id, place).where(JobRow.status == "queued").subquery()


def _state(columns: list[object], place: int | None) -> JobState:
    values = dict(zip(_STATE_NAMES, columns, strict=True))
    return JobState(position=0 if values["status"] == "running" else place, **values)  # type: ignore[arg-type]  # columns
