"""What the ratings say of versions on trial or new in use, at any moment. Does not know what is decided by it, nor opens models."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from engine.evaluation.sequential_test import Comparison, compare
from engine.roles import ALL_ROLES, Role
from worker.store import model_versions
from worker.store.model_versions import ModelVersion
from worker.store.trial_ratings import WITHOUT, stars_by_version
from worker.whole_models import digests_of_starters


@dataclass(frozen=True)
class Watch:
    """A version under watch and what the ratings say. against: the digest of the version that it is set against."""

    version: ModelVersion
    against: str
    comparison: Comparison
    new_ratings: int
    old_ratings: int


def watches(session: Session) -> tuple[Watch, ...]:
    """Return what the ratings say of every version that is on trial or was promoted after another, at this moment.

    Of a server's own version, ratings of songs that were asked for there.
    """
    found = []
    for role in ALL_ROLES:
        on_trial, in_use = model_versions.on_trial(session, role), model_versions.promoted(session, role)
        if on_trial is not None:
            against = _everybodys(session, role)
            stars = stars_by_version(session, role, since=on_trial.trial_began_at)
            found.append(_watch(on_trial, against, stars.get(on_trial.digest, []), stars.get(against, [])))
        if in_use is not None:
            found.append(_new_in_use(session, in_use))
    of_servers = (version for version in model_versions.in_use(session) if version.server is not None)
    return (*found, *(_new_in_use(session, version) for version in of_servers))


def _new_in_use(session: Session, version: ModelVersion) -> Watch:
    """Set a version that is promoted against what was in use before; a server's first one against everybody's then."""
    role, server = version.role, version.server
    former = model_versions.promoted_before(session, role, server)
    starter = digests_of_starters().get(role, WITHOUT)
    fallback = starter if server is None else _everybodys(session, role, version.promoted_at)
    against = fallback if former is None else former.digest
    new = stars_by_version(session, role, since=version.promoted_at, server=server).get(version.digest, [])
    old = stars_by_version(session, role, until=version.promoted_at, server=server).get(against, [])
    return _watch(version, against, new, old)


def _everybodys(session: Session, role: Role, at: datetime | None = None) -> str:
    """Return the digest of what everybody uses; at: of the one before it, where it was promoted after this moment."""
    version = model_versions.promoted(session, role)
    if version is not None and at is not None and (version.promoted_at or at) > at:
        version = model_versions.promoted_before(session, role)
    return digests_of_starters().get(role, WITHOUT) if version is None else version.digest


def _watch(version: ModelVersion, against: str, new: list[float], old: list[float]) -> Watch:
    return Watch(version, against, compare(new, old), len(new), len(old))


def sentence(watch: Watch) -> str:
    """Return what the ratings say of a version under watch."""
    said = watch.comparison
    stars = said.mean * 4
    return (
        f"{said.differences} ratings against {watch.against[:12]}: {stars:+.2f} stars on average, "
        f"evidence {said.evidence:.0f} (20 decides)"
    )
