"""Worker processes that are at work, as they last showed themselves. Knows nothing of what they do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from worker.owner import Owner, is_gone
from worker.store.tables import WorkerRow
from worker.store.upsert import upsert

LIVE_SECONDS = 30.0  # three announcements
GONE_SECONDS = 3600.0


@dataclass(frozen=True)
class LiveWorker:
    """A worker at one moment. slots: how many jobs it runs at once; running: how many it does. model_versions: by role."""

    id: str
    owner: Owner
    device: str
    slots: int
    running: int
    model_versions: Mapping[str, Any]
    started_at: datetime
    seen_at: datetime


def announce(
    session: Session,
    worker_id: str,
    owner: Owner,
    *,
    device: str,
    slots: int,
    running: int,
    model_versions: Mapping[str, Any],
    now: datetime,
) -> None:
    """Write that a worker is at work, and at how much; the first time makes its row."""
    shown = {"device": device, "slots": slots, "running": running, "model_versions": dict(model_versions)}
    process = {"machine": owner.machine, "pid": owner.pid, "started": owner.started}
    row = {"id": worker_id, "started_at": now, "seen_at": now}
    upsert(session, WorkerRow, row | process | shown, changes=shown | {"seen_at": now})


def leave(session: Session, worker_id: str) -> None:
    """Write that a worker is at work no more."""
    session.execute(delete(WorkerRow).where(WorkerRow.id == worker_id))


def live(session: Session, now: datetime, within_seconds: float = LIVE_SECONDS) -> tuple[LiveWorker, ...]:
    """Return the workers that showed themselves within this time and are not known to be gone, the oldest first."""
    lately = WorkerRow.seen_at >= now - timedelta(seconds=within_seconds)
    rows = session.scalars(select(WorkerRow).where(lately).order_by(WorkerRow.id))
    return tuple(worker for row in rows if not is_gone((worker := _worker(row)).owner))


def forget_gone(session: Session, now: datetime, after_seconds: float = GONE_SECONDS) -> int:
    """Delete the workers that have not shown themselves for this time; return how many."""
    silent = delete(WorkerRow).where(WorkerRow.seen_at < now - timedelta(seconds=after_seconds))
    return len(session.scalars(silent.returning(WorkerRow.id)).all())


def _worker(row: WorkerRow) -> LiveWorker:
    owner = Owner(row.machine, row.pid, row.started)
    names = [name for name in LiveWorker.__dataclass_fields__ if name != "owner"]
    return LiveWorker(owner=owner, **{name: getattr(row, name) for name in names})
