"""Tuning runs, one function per act: queue, claim, keep, finish, fail, release, cancel, give back, look up.

Knows nothing of how a run is carried out. Every act on a running one carries the lease token of its claim, as with jobs:
whoever lost the lease loses every later race, so no run has two candidates. At most one runs at a time.

    queued ──claim──► running ──finish──► done          running, lease expired ──► queued, or failed after the last
       │                 ├──fail────────► failed                                   attempt
       └──cancel─────────┴──cancel──────► cancelled     running ──release──► queued (the attempt does not count)
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from engine.errors import RequestError
from engine.roles import Role
from worker.store.identifiers import new_id
from worker.store.jobs import LeaseLost
from worker.store.tables import TuningRow
from worker.store.turns import wait_for_turn

Status = Literal["queued", "running", "done", "failed", "cancelled"]
UNDER_WAY = ("queued", "running")
TUNED_ROLES: tuple[Role, ...] = ("lyrics", "melody")
GAVE_UP = "the process that tuned was gone {attempts} times; see the log of the workers, then start it again"
_TURN = "tunings"  # the turn of whoever queues a run; ids of members are numbers


@dataclass(frozen=True)
class Tuning:
    """A run as it was at one moment; see `worker.store.tables.TuningRow`. lease_token: a secret of its worker."""

    id: str
    role: Role
    snapshot_id: str | None
    parent_digest: str
    request: dict[str, Any]
    folder: str
    status: Status
    attempts: int
    done: int
    total: int
    lease_token: str | None = field(repr=False)
    lease_expires_at: datetime | None
    error: str | None
    version_id: str | None
    gate: dict[str, Any] | None
    created_at: datetime
    finished_at: datetime | None

    @property
    def token(self) -> str:
        assert self.lease_token is not None, "only a claimed run has a token"
        return self.lease_token


def queue(
    session: Session,
    *,
    role: Role,
    snapshot_id: str | None,
    parent_digest: str,
    runs_dir: Path,
    request: dict[str, Any],
    now: datetime,
) -> Tuning:
    """Write a run that waits; its folder is one of its own below `runs_dir`. request: objective and options. snapshot_id: None
    for one that its worker makes when it begins.

    RequestError for a role that is not tuned on ratings, and where a run of the role waits or runs already.
    """
    if role not in TUNED_ROLES:
        raise RequestError(f"what is tuned is one of {', '.join(TUNED_ROLES)}, got {role}")
    wait_for_turn(session, _TURN)
    waiting = next((one for one in under_way(session) if one.role == role), None)
    if waiting is not None:
        raise RequestError(
            f"the run {waiting.id} tunes {role} already; wait for it, or: songwright tunings cancel {waiting.id}"
        )
    run_id = new_id(now)
    row = TuningRow(
        id=run_id, role=role, snapshot_id=snapshot_id, parent_digest=parent_digest, request=request,
        folder=str(runs_dir / run_id), status="queued", attempts=0, done=0, total=0, created_at=now,
    )  # fmt: skip
    session.add(row)
    session.flush()
    return _tuning(row)


def claim(session: Session, *, now: datetime, lease_seconds: float) -> Tuning | None:
    """Move the run that waits longest to running and return it with its lease; None where one runs or none waits."""
    if session.scalar(select(TuningRow.id).where(TuningRow.status == "running")):
        return None
    first = select(TuningRow).where(TuningRow.status == "queued").order_by(TuningRow.created_at, TuningRow.id).limit(1)
    row = session.scalar(first.with_for_update(skip_locked=True))
    if row is None:
        return None
    try:
        with session.begin_nested():
            row.status, row.attempts = "running", row.attempts + 1
            row.lease_token, row.lease_expires_at = secrets.token_hex(16), now + timedelta(seconds=lease_seconds)
            session.flush()
    except IntegrityError:  # another worker has begun another run at this moment
        return None
    return _tuning(row)


def keep(session: Session, tuning: Tuning, *, now: datetime, lease_seconds: float, done: int, total: int) -> None:
    """Renew the lease and write how far the run is; LeaseLost if it is not ours any more, such as for a cancel."""
    row = _held(session, tuning)
    row.lease_expires_at = now + timedelta(seconds=lease_seconds)
    row.done, row.total = done, total


def set_snapshot(session: Session, tuning: Tuning, snapshot_id: str) -> Tuning:
    """Write down the snapshot that was made for a run; LeaseLost, and nothing written, if it is not ours any more."""
    row = _held(session, tuning)
    row.snapshot_id = snapshot_id
    session.flush()
    return _tuning(row)


def finish(session: Session, tuning: Tuning, *, version_id: str, gate: dict[str, Any], now: datetime) -> None:
    """End a run with the candidate that it made; LeaseLost, and nothing written, if it is not ours any more."""
    row = _held(session, tuning)
    row.version_id, row.gate, row.done = version_id, gate, row.total
    _end(row, "done", now)


def fail(session: Session, tuning: Tuning, error: str, *, now: datetime) -> None:
    """End a run with a sentence for people; LeaseLost as in `finish`."""
    row = _held(session, tuning)
    row.error = error
    _end(row, "failed", now)


def release(session: Session, tuning: Tuning) -> None:
    """Give a run back that its process stops working on; the attempt does not count. LeaseLost as in `finish`."""
    row = _held(session, tuning)
    row.attempts -= 1
    _give_back(row)


def give_back(session: Session, tuning: Tuning, *, now: datetime, most_attempts: int) -> None:
    """Let a run wait again whose process was killed; after the last attempt it has failed. LeaseLost as in `finish`."""
    _wait_again(_held(session, tuning), now, most_attempts)


def cancel(session: Session, run_id: str, *, now: datetime) -> Tuning:
    """End a run that waits or runs; whoever carries it out notices at the next heartbeat. RequestError for an ended one."""
    row = _row(session, run_id)
    if row.status not in UNDER_WAY:
        raise RequestError(f"the run {row.id} is {row.status} already; there is nothing to cancel")
    _end(row, "cancelled", now)
    session.flush()
    return _tuning(row)


def give_back_expired(session: Session, *, now: datetime, most_attempts: int) -> list[Tuning]:
    """Let runs wait again whose process has fallen silent, to go on from their folder; after the last attempt they fail."""
    silent = select(TuningRow).where(TuningRow.status == "running", TuningRow.lease_expires_at < now)
    rows = list(session.scalars(silent.with_for_update(skip_locked=True)))
    for row in rows:
        _wait_again(row, now, most_attempts)
    session.flush()
    return [_tuning(row) for row in rows]


def under_way(session: Session) -> tuple[Tuning, ...]:
    """Return the runs that wait or run, the oldest first."""
    query = select(TuningRow).where(TuningRow.status.in_(UNDER_WAY)).order_by(TuningRow.created_at, TuningRow.id)
    return tuple(_tuning(row) for row in session.scalars(query))


def all_of(session: Session, most: int | None = None) -> tuple[Tuning, ...]:
    """Return the runs, the newest first."""
    query = select(TuningRow).order_by(TuningRow.created_at.desc(), TuningRow.id.desc()).limit(most)
    return tuple(_tuning(row) for row in session.scalars(query))


def get(session: Session, run_id: str) -> Tuning:
    """Return a run by its id; RequestError if there is none."""
    return _tuning(_row(session, run_id))


def of_version(session: Session, version_id: str) -> Tuning | None:
    """Return the run that made a version, None for one that was not tuned here."""
    row = session.scalar(select(TuningRow).where(TuningRow.version_id == version_id).limit(1))
    return None if row is None else _tuning(row)


def _held(session: Session, tuning: Tuning) -> TuningRow:
    mine = (TuningRow.id == tuning.id, TuningRow.status == "running", TuningRow.lease_token == tuning.token)
    row = session.scalar(select(TuningRow).where(*mine).with_for_update())
    if row is None:
        raise LeaseLost(f"the run {tuning.id} is no longer ours")
    return row


def _end(row: TuningRow, status: Status, now: datetime) -> None:
    row.status, row.finished_at, row.lease_token, row.lease_expires_at = status, now, None, None


def _wait_again(row: TuningRow, now: datetime, most_attempts: int) -> None:
    if row.attempts < most_attempts:
        _give_back(row)
        return
    row.error = GAVE_UP.format(attempts=row.attempts)
    _end(row, "failed", now)


def _give_back(row: TuningRow) -> None:
    row.status, row.lease_token, row.lease_expires_at = "queued", None, None


def _row(session: Session, run_id: str) -> TuningRow:
    row = session.get(TuningRow, run_id, with_for_update=True)
    if row is None:
        raise RequestError(f"there is no tuning run {run_id[:40]!r}; `songwright tunings list` lists them")
    return row


def _tuning(row: TuningRow) -> Tuning:
    return Tuning(**{name: getattr(row, name) for name in Tuning.__dataclass_fields__})
