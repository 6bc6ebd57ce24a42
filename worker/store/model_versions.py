"""Model versions: which checkpoints there are, which one of each role is promoted, which is on trial for some songs.

A version is for everybody, or for the songs of one server, which then has one promoted of its own; such a one is an adapter.
Knows nothing of the gate, nor whether a checkpoint can be opened: `worker.promotion` looks before it calls this.

    candidate ──begin_trial──► trial ──end_trial──► candidate        promoted ──retire, roll_back──► retired
        └───────────promote──────┴──► promoted: the one of its role that was is retired, and may return
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from engine.errors import RequestError
from engine.roles import Role
from worker.store.identifiers import new_id
from worker.store.server_versions import FORGOTTEN, check_server
from worker.store.tables import ModelVersionRow

State = Literal["candidate", "promoted", "retired", "trial"]
LARGEST_SHARE = 0.5


@dataclass(frozen=True)
class ModelVersion:
    """A checkpoint directory under its digest, with the model card as JSON.

    trial_share: 0-0.5 of the songs while it is on trial, else None. promoted_at: the last time; None if it never was, or was
    taken back.
    gate: what the comparison with its parent said (see `engine.evaluation.gate`), None for what was not tuned here.
    trial_began_at: of the trial that it is in or was in last. decisions: what was done with it and why, the oldest first.
    server: whose songs it makes, None: everybody's. base_digest: of an adapter, the digest of the model that it lies upon.
    """

    id: str
    role: Role
    digest: str
    family: str
    state: State
    path: str
    parent_id: str | None
    card: dict[str, Any]
    created_at: datetime
    trial_share: float | None
    promoted_at: datetime | None
    gate: dict[str, Any] | None
    trial_began_at: datetime | None
    decisions: tuple[dict[str, Any], ...]
    server: str | None = None
    base_digest: str | None = None

    @property
    def may_be_promoted(self) -> bool:
        """Whether nothing speaks against it: it passed the gate, had none, or somebody said on record why it may."""
        return self.gate is None or bool(self.gate.get("passed")) or bool(self.gate.get("despite"))


def add(
    session: Session,
    *,
    role: Role,
    digest: str,
    family: str,
    path: str,
    card: dict[str, Any],
    now: datetime,
    parent_id: str | None = None,
    server: str | None = None,
    base_digest: str | None = None,
) -> ModelVersion:
    """Write a candidate and return it; the one already there if the digest is known.

    RequestError for a parent that is not there or of the other role, for a whole model for one server or an adapter for
    everybody, and for a path that another version has: processes keep what they have opened by its path.
    """
    known = session.scalar(select(ModelVersionRow).where(ModelVersionRow.digest == digest))
    if known is not None and server in (None, known.server):
        return _version(known)
    check_server(server, base_digest, known)
    if parent_id is not None:
        parent = _row(session, parent_id)
        parent_id = parent.id
        if parent.role != role:
            raise RequestError(f"the parent {parent_id} is a {parent.role} model and this one is for {role}")
    if session.scalar(select(ModelVersionRow.id).where(ModelVersionRow.path == path, ModelVersionRow.role == role)):
        raise RequestError(f"{path} has been added with other content; checkpoints never change, use a new directory")
    row = ModelVersionRow(
        id=new_id(now), role=role, digest=digest, family=family, state="candidate", path=path, parent_id=parent_id,
        card=card, created_at=now, server=server, base_digest=base_digest,
    )  # fmt: skip
    session.add(row)
    session.flush()
    return _version(row)


def promote(session: Session, version_id: str, *, now: datetime) -> ModelVersion:
    """Put a version to use where it is meant for, and retire the one of its role that was; a retired one may return."""
    row = _alone(session, version_id)
    if row.server == FORGOTTEN:
        raise RequestError(f"{row.id} was for a server that has sent the bot away; tune a new one")
    in_use = (*_promoted(row.role, row.server), ModelVersionRow.id != row.id)
    session.execute(update(ModelVersionRow).where(*in_use).values(state="retired"))
    row.state, row.trial_share, row.promoted_at = "promoted", None, now
    session.flush()
    return _version(row)


def begin_trial(session: Session, version_id: str, share: float, *, now: datetime) -> ModelVersion:
    """Let a version make a share of the songs (above 0, at most 0.5), beside the one promoted or the starter.

    One of a role at a time; a new share for the one that is on trial already is fine, and its ratings go on counting.
    """
    check_share(share)
    row = _alone(session, version_id)
    if row.server is not None:
        raise RequestError(
            f"{row.id} is for one server, and trials are for everybody; promote it, ratings there take it back"
        )
    if row.state == "promoted":
        raise RequestError(f"{version_id} is promoted: it makes all songs already; promote another one first")
    other = on_trial(session, row.role)  # type: ignore[arg-type]  # the table allows no other text
    if other is not None and other.id != row.id:
        raise RequestError(
            f"{other.id} is on trial for {row.role}; end that first: songwright models trial {other.id} --end"
        )
    if row.state != "trial":
        row.trial_began_at = now
    row.state, row.trial_share = "trial", share
    session.flush()
    return _version(row)


def check_share(share: float) -> None:
    """Raise RequestError unless a trial may have this share of the songs."""
    if not 0 < share <= LARGEST_SHARE:
        raise RequestError(f"the share of a trial must be above 0 and at most {LARGEST_SHARE}, got {share:g}; try 0.1")


def end_trial(session: Session, version_id: str) -> ModelVersion:
    """Make a version that is on trial a candidate again; RequestError if it is not on trial."""
    row = _alone(session, version_id)
    if row.state != "trial":
        raise RequestError(f"{version_id} is not on trial, it is {row.state}; songwright models list shows all")
    row.state, row.trial_share = "candidate", None
    session.flush()
    return _version(row)


def record_gate(session: Session, version_id: str, gate: dict[str, Any]) -> ModelVersion:
    """Write what the gate said of a version, over what it said before."""
    row = _alone(session, version_id)
    row.gate = gate
    session.flush()
    return _version(row)


def pass_despite(
    session: Session, version_id: str, why: str, *, by: str, now: datetime, safety: dict[str, list[str]]
) -> ModelVersion:
    """Write down who lets a version pass although the gate did not, and why; RequestError without a reason.

    safety: the names of the safety lines that it failed and of those that were not measured.
    """
    row = _alone(session, version_id)
    if not why.strip():
        raise RequestError(
            "say why it shall be promoted although it did not pass, such as --despite 'the judge is wrong'"
        )
    row.gate = {**(row.gate or {}), "despite": {"why": why.strip(), "by": by, "at": now.isoformat(), "safety": safety}}
    session.flush()
    return _version(row)


def record(session: Session, version_id: str, what: str, why: str, *, by: str, now: datetime) -> ModelVersion:
    """Write down what was done with a version, why and by whom; nothing of it is ever taken away."""
    row = _alone(session, version_id)
    log = [*(row.decisions or {}).get("log", ()), {"at": now.isoformat(), "what": what, "why": why, "by": by}]
    row.decisions = {"log": log}
    session.flush()
    return _version(row)


def retire(session: Session, version_id: str) -> ModelVersion:
    """Take a version out of use; if it was promoted, the starter serves its role, or in a server what everybody uses."""
    row = _alone(session, version_id)
    row.state, row.trial_share = "retired", None
    session.flush()
    return _version(row)


def roll_back(session: Session, role: Role, server: str | None = None) -> ModelVersion | None:
    """Put the version back that was promoted before the one in use, which is retired; return it.

    None: the starter is in use again, or in a server what everybody uses. It keeps the time of its own promotion, so that
    the next roll-back goes one further back and not forth again. RequestError where nothing is promoted.
    """
    _lock(session, role)
    former = promoted_before(session, role, server)
    in_use = _to_go_back_from(session, role, server)
    taken_back = _row(session, in_use.id)
    taken_back.state, taken_back.promoted_at = "retired", None  # or a later roll-back would go to what was voted out
    session.flush()
    if former is None:
        return None
    row = _row(session, former.id)
    row.state = "promoted"
    session.flush()
    return _version(row)


def promoted_before(session: Session, role: Role, server: str | None = None) -> ModelVersion | None:
    """Return the version that a roll-back would put to use, None and RequestError as there."""
    query = select(ModelVersionRow).where(
        ModelVersionRow.role == role,
        ModelVersionRow.server == server,
        ModelVersionRow.state == "retired",
        ModelVersionRow.promoted_at < _to_go_back_from(session, role, server).promoted_at,
    )
    row = session.scalar(query.order_by(ModelVersionRow.promoted_at.desc(), ModelVersionRow.id.desc()).limit(1))
    return None if row is None else _version(row)


def promoted(session: Session, role: Role, server: str | None = None) -> ModelVersion | None:
    """Return the version that a server has of its own for this role, or that is for everybody (None); None without one."""
    row = session.scalar(select(ModelVersionRow).where(*_promoted(role, server)))
    return None if row is None else _version(row)


def on_trial(session: Session, role: Role) -> ModelVersion | None:
    """Return the version of this role that makes some of the songs, None if none is on trial."""
    row = session.scalar(select(ModelVersionRow).where(ModelVersionRow.role == role, ModelVersionRow.state == "trial"))
    return None if row is None else _version(row)


def in_use(session: Session) -> tuple[ModelVersion, ...]:
    """Return every version that makes songs, promoted or on trial, of all roles and servers, as they are at one moment."""
    rows = session.scalars(select(ModelVersionRow).where(ModelVersionRow.state.in_(("promoted", "trial"))))
    return tuple(_version(row) for row in rows)


def get(session: Session, version_id: str) -> ModelVersion:
    """Return a version by its id or its digest; RequestError if there is none."""
    return _version(_row(session, version_id))


def all_of(session: Session, role: Role) -> tuple[ModelVersion, ...]:
    """Return the versions of a role, the oldest first."""
    query = (
        select(ModelVersionRow)
        .where(ModelVersionRow.role == role)
        .order_by(ModelVersionRow.created_at, ModelVersionRow.id)
    )
    return tuple(_version(row) for row in session.scalars(query))


def _promoted(role: str, server: str | None) -> tuple[ColumnElement[bool], ...]:
    return ModelVersionRow.role == role, ModelVersionRow.server == server, ModelVersionRow.state == "promoted"


def _to_go_back_from(session: Session, role: Role, server: str | None) -> ModelVersion:
    version = promoted(session, role, server)
    if version is None:
        where, instead = ("", "the starter") if server is None else (f" for the server {server}", "what everybody uses")
        raise RequestError(
            f"no {role} model is promoted{where}, so there is nothing to go back from; {instead} is in use"
        )
    return version


def _alone(session: Session, version_id: str) -> ModelVersionRow:
    """Return the row once no other transaction changes a version of its role, as it is then."""
    row = _row(session, version_id)
    _lock(session, row.role)
    session.refresh(row)
    return row


def _lock(session: Session, role: str) -> None:
    of_role = select(ModelVersionRow.id).where(ModelVersionRow.role == role).order_by(ModelVersionRow.id)
    session.execute(of_role.with_for_update())


def _row(session: Session, version_id: str) -> ModelVersionRow:
    by_digest = select(ModelVersionRow).where(ModelVersionRow.digest == version_id)
    row = session.get(ModelVersionRow, version_id) or session.scalar(by_digest)
    if row is None:
        raise RequestError(f"there is no model version {version_id!r}; `songwright models list` lists them")
    return row


def _version(row: ModelVersionRow) -> ModelVersion:
    values = {name: getattr(row, name) for name in ModelVersion.__dataclass_fields__ if name != "decisions"}
    return ModelVersion(**values, decisions=tuple((row.decisions or {}).get("log", ())))
