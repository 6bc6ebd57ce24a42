"""Model versions: which checkpoints there are and which one of each role is promoted. Knows nothing of the gate."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from engine.errors import RequestError
from worker.store.identifiers import new_id
from worker.store.tables import ModelVersionRow

Role = Literal["lyrics", "melody"]
State = Literal["candidate", "promoted", "retired"]


@dataclass(frozen=True)
class ModelVersion:
    """A checkpoint directory under its digest, with the model card as JSON."""

    id: str
    role: Role
    digest: str
    family: str
    state: State
    path: str
    parent_id: str | None
    card: dict[str, Any]
    created_at: datetime


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
) -> ModelVersion:
    """Write a candidate and return it; the one already there if the digest is known."""
    known = session.scalar(select(ModelVersionRow).where(ModelVersionRow.digest == digest))
    if known is not None:
        return _version(known)
    row = ModelVersionRow(
        id=new_id(now),
        role=role,
        digest=digest,
        family=family,
        state="candidate",
        path=path,
        parent_id=parent_id,
        card=card,
        created_at=now,
    )
    session.add(row)
    session.flush()
    return _version(row)


def promote(session: Session, version_id: str) -> None:
    """Put a version to use and retire the one of its role that was; a retired one may return (a roll-back)."""
    row = _row(session, version_id)
    in_use = (ModelVersionRow.role == row.role, ModelVersionRow.state == "promoted", ModelVersionRow.id != row.id)
    session.execute(update(ModelVersionRow).where(*in_use).values(state="retired"))
    row.state = "promoted"
    session.flush()


def retire(session: Session, version_id: str) -> None:
    """Take a version out of use; its role then has none promoted until another is."""
    _row(session, version_id).state = "retired"
    session.flush()


def promoted(session: Session, role: Role) -> ModelVersion | None:
    """Return the version in use for this role, None if the starter model is."""
    in_use = (ModelVersionRow.role == role, ModelVersionRow.state == "promoted")
    row = session.scalar(select(ModelVersionRow).where(*in_use))
    return None if row is None else _version(row)


def all_of(session: Session, role: Role) -> tuple[ModelVersion, ...]:
    """Return the versions of a role, the oldest first."""
    query = (
        select(ModelVersionRow)
        .where(ModelVersionRow.role == role)
        .order_by(ModelVersionRow.created_at, ModelVersionRow.id)
    )
    return tuple(_version(row) for row in session.scalars(query))


def _row(session: Session, version_id: str) -> ModelVersionRow:
    row = session.get(ModelVersionRow, version_id)
    if row is None:
        raise RequestError(f"there is no model version {version_id!r}; `songwright models` lists them")
    return row


def _version(row: ModelVersionRow) -> ModelVersion:
    return ModelVersion(**{name: getattr(row, name) for name in ModelVersion.__dataclass_fields__})
