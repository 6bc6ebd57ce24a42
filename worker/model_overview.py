"""What a server's managers see of models: what is in use and on trial, its ratings, the last decisions, the last runs.

They see what is everybody's and their own server's, never what another server has. Knows nothing of Discord, and opens
no model.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from engine.roles import ROLES
from worker.store import model_versions, tunings, version_figures
from worker.store.database import Store
from worker.store.model_versions import ModelVersion
from worker.store.tunings import Tuning
from worker.store.version_figures import VersionFigures
from worker.trial_watch import Watch, watches
from worker.whole_models import digests_of_starters

LAST_DECISIONS, LAST_RUNS = 5, 8


@dataclass(frozen=True)
class Decided:
    """Something that was done with a version, and why."""

    role: str
    version_id: str
    what: str
    why: str
    at: datetime


@dataclass(frozen=True)
class Overview:
    """in_use: promoted or on trial. starters: digests of those in use, by role. figures: by digest. watched: by version id."""

    in_use: tuple[ModelVersion, ...]
    starters: Mapping[str, str]
    figures: Mapping[str, VersionFigures]
    watched: Mapping[str, Watch]
    decided: tuple[Decided, ...]


def overview(store: Store, server: str | None) -> Overview:
    """Return what is so now in a server; of decisions the last ones, the newest first."""

    def seen(versions: Iterable[ModelVersion]) -> tuple[ModelVersion, ...]:
        return tuple(version for version in versions if version.server in (None, server))

    with store.reading() as session:
        in_use = seen(model_versions.in_use(session))
        promoted = {version.role for version in in_use if version.state == "promoted" and version.server is None}
        decided = [
            Decided(version.role, version.id, one["what"], one["why"], datetime.fromisoformat(one["at"]))
            for role in ROLES
            for version in seen(model_versions.all_of(session, role))
            for one in version.decisions
        ]
        return Overview(
            in_use,
            {role: digest for role, digest in digests_of_starters().items() if role not in promoted},
            version_figures.recent(session),
            {watch.version.id: watch for watch in watches(session) if watch.version in in_use},
            tuple(sorted(decided, key=lambda one: one.at, reverse=True)[:LAST_DECISIONS]),
        )


def last_runs(store: Store) -> tuple[Tuning, ...]:
    """Return the last tuning runs, the newest first."""
    with store.reading() as session:
        return tunings.all_of(session, LAST_RUNS)
