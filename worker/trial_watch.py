"""What the ratings say of versions on trial or new in use, at any moment. Does not know what is decided by it, nor opens models."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from engine.evaluation.sequential_test import Comparison, compare
from engine.roles import ALL_ROLES
from worker.loaded_models import digests_of_starters
from worker.store import model_versions
from worker.store.model_versions import ModelVersion
from worker.store.trial_ratings import WITHOUT, stars_by_version


@dataclass(frozen=True)
class Watch:
    """A version under watch and what the ratings say. against: the digest of the version that it is set against."""

    version: ModelVersion
    against: str
    comparison: Comparison
    new_ratings: int
    old_ratings: int


def watches(session: Session) -> tuple[Watch, ...]:
    """Return what the ratings say of every version that is on trial or was promoted after another, at this moment."""
    found = []
    for role in ALL_ROLES:
        on_trial, in_use = model_versions.on_trial(session, role), model_versions.promoted(session, role)
        if on_trial is not None:
            against = in_use.digest if in_use is not None else digests_of_starters().get(role, WITHOUT)
            stars = stars_by_version(session, role, since=on_trial.trial_began_at)
            found.append(_watch(on_trial, against, stars.get(on_trial.digest, []), stars.get(against, [])))
        if in_use is not None:
            former = model_versions.promoted_before(session, role)
            against = former.digest if former is not None else digests_of_starters().get(role, WITHOUT)
            new = stars_by_version(session, role, since=in_use.promoted_at).get(in_use.digest, [])
            old = stars_by_version(session, role, until=in_use.promoted_at).get(against, [])
            found.append(_watch(in_use, against, new, old))
    return tuple(found)


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
