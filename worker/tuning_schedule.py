"""When the next version is due: enough people have said something since the last one was begun, and no run is under way.

Knows nothing of how a run is carried out. Celery's beat asks, and so does every worker that tunes: whoever is first queues
the runs, and the others find them there.
"""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.errors import RequestError
from engine.roles import Role
from worker.loaded_models import digests_of_starters
from worker.settings import Settings
from worker.snapshots import StoredSnapshot, make_snapshot
from worker.store import model_versions, tunings
from worker.store.database import Store
from worker.store.tables import ComparisonRow, FavouriteRow, MemberRow, RatingRow, SignalRow, SnapshotRow, TuningRow
from worker.store.tunings import TUNED_ROLES, Tuning

log = logging.getLogger(__name__)


def look(store: Store, settings: Settings, *, now: datetime) -> tuple[Tuning, ...]:
    """Make a snapshot and queue a run for each role that is tuned, if that is due; return the runs, most often none."""
    if not settings.tune_after:
        return ()
    with store.reading() as session:
        if tunings.under_way(session) or new_judgements(session) < settings.tune_after:
            return ()
    try:
        snapshot = make_snapshot(store, settings.snapshots_dir, now=now)
    except RequestError:  # all was said of songs whose askers do not agree to training
        return ()
    queued = []
    for role in TUNED_ROLES:
        try:
            queued.append(start(store, settings, role, snapshot, now=now))
        except RequestError as error:  # another worker was first
            log.info("no run was queued: %s", error)
    return tuple(queued)


def start(
    store: Store,
    settings: Settings,
    role: Role,
    snapshot: StoredSnapshot,
    *,
    now: datetime,
    options: dict[str, Any] | None = None,
) -> Tuning:
    """Queue a run that tunes the version in use on a snapshot; RequestError as in `tunings.queue`."""
    with store.writing() as session:
        in_use = model_versions.promoted(session, role)
        run = tunings.queue(
            session,
            role=role,
            snapshot_id=snapshot.id,
            parent_digest=digests_of_starters().get(role, "") if in_use is None else in_use.digest,
            runs_dir=settings.tunings_dir,
            request=options or {},
            now=now,
        )
    log.info("tuning run %s (%s) is queued on the snapshot %s", run.id, role, snapshot.id)
    return run


def new_judgements(session: Session) -> int:
    """Return how much members who agree to training have said since the snapshot that was tuned on last was made."""
    tuned = select(func.max(SnapshotRow.created_at)).where(SnapshotRow.id.in_(select(TuningRow.snapshot_id)))
    since = session.scalar(tuned)
    said = (
        (RatingRow.rater, RatingRow.updated_at),
        (ComparisonRow.rater, ComparisonRow.updated_at),
        (FavouriteRow.member, FavouriteRow.created_at),
        (SignalRow.member, SignalRow.created_at),
    )
    return sum(_count(session, member, at, since) for member, at in said)


def _count(session: Session, member: Any, at: Any, since: datetime | None) -> int:
    query = select(func.count()).select_from(member.class_).join(MemberRow, MemberRow.id == member)
    query = query.where(MemberRow.training_opt_in.is_(True))
    return int(session.scalar(query if since is None else query.where(at > since)) or 0)
