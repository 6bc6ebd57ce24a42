"""What the ratings decide: a version on trial is promoted or stopped, one in use that people like less is taken back.

Decisions are those of a sequential test, which may be looked at after every rating; see `engine.evaluation.sequential_test`.
Knows nothing of how versions are made.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from engine.errors import CheckpointError, RequestError
from engine.roles import Role
from worker import promotion
from worker.store import model_versions
from worker.store.database import Store
from worker.trial_watch import Watch, sentence, watches

log = logging.getLogger(__name__)

BY = "ratings"  # who decides, on record
MOST_DIFFERENCES = 400  # a trial that has not decided by then ends: what is left to be found is not worth the wait
FEWEST_DIFFERENCES = 20  # before which nothing is decided: the first ones come from few members

Act = Literal["promoted", "stopped", "rolled back"]


@dataclass(frozen=True)
class Decision:
    """What was done with a version, and why, as a sentence."""

    version_id: str
    role: Role
    act: Act
    why: str


def decide(store: Store, *, now: datetime) -> tuple[Decision, ...]:
    """Carry out what the ratings decide by now and return it; most of the time nothing.

    A version on trial that is better is promoted, if it passed the gate; one that is worse, or no different after
    MOST_DIFFERENCES, is a candidate again. One in use that is worse than the one before is taken back; a server's own by
    the ratings of that server alone.
    """
    with store.reading() as session:
        seen = watches(session)
    decisions = []
    for watch in seen:
        try:
            made = _on_trial(store, watch, now) if watch.version.state == "trial" else _in_use(store, watch, now)
        except (CheckpointError, RequestError) as error:  # its directory is gone, or another worker was first
            log.warning("version %s: the ratings decided, and it could not be done: %s", watch.version.id, error)
            continue
        if made is not None:
            log.warning("version %s (%s) is %s: %s", made.version_id, made.role, made.act, made.why)
            decisions.append(made)
    return tuple(decisions)


def _on_trial(store: Store, watch: Watch, now: datetime) -> Decision | None:
    said, version = watch.comparison, watch.version
    if said.differences < FEWEST_DIFFERENCES:
        return None
    if said.verdict == "better" and version.may_be_promoted:
        promotion.promote(store, version.id, now=now, by=BY, why=sentence(watch))
        return Decision(version.id, version.role, "promoted", sentence(watch))
    if said.verdict == "worse" or said.differences >= MOST_DIFFERENCES:
        with store.writing() as session:
            model_versions.end_trial(session, version.id)
            model_versions.record(session, version.id, "stopped", sentence(watch), by=BY, now=now)
        return Decision(version.id, version.role, "stopped", sentence(watch))
    return None


def _in_use(store: Store, watch: Watch, now: datetime) -> Decision | None:
    if watch.comparison.verdict != "worse" or watch.comparison.differences < FEWEST_DIFFERENCES:
        return None
    version, why = watch.version, sentence(watch)
    promotion.roll_back(store, version.role, now=now, by=BY, why=why, server=version.server)
    return Decision(version.id, version.role, "rolled back", why)
