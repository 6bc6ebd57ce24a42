"""When the next version is due: enough people have said something since the last one was begun, and no run is under way.

Knows nothing of how a run is carried out. Celery's beat asks, and so does every worker that tunes: whoever is first queues
the runs, and the others find them there.
"""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

from engine.errors import RequestError
from engine.roles import Role
from worker.loaded_models import digests_of_starters
from worker.settings import Settings
from worker.snapshots import StoredSnapshot, make_snapshot
from worker.store import model_versions, tunings
from worker.store.database import Store
from worker.store.new_judgements import new_judgements
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
        if not takes_by(role, snapshot):  # such as of tunes where only words were asked for
            continue
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


def takes_by(role: Role, snapshot: StoredSnapshot) -> int:
    """Return how many takes of a snapshot have words or a tune by models of a role."""
    by_version = snapshot.statistics.get("versions", {}).items()
    return sum(number for version, number in by_version if version.startswith(f"{role} "))
