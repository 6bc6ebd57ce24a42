"""Uploads: the MIDI files that members hand in to be changed. Knows nothing of what is in them."""

from __future__ import annotations

import hashlib
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session, undefer

from engine.errors import OutputError, RequestError
from worker.store.deletion import UPLOAD_PREFIX
from worker.store.identifiers import new_id
from worker.store.tables import JobRow, UploadRow


def add(session: Session, owner: str | None, name: str, data: bytes, now: datetime) -> str:
    """Keep a file and return its id; a request names it as `source_of(id)`.

    The same file of the same owner is kept once and keeps its id, so that a request given again is the same request.
    """
    sha256 = hashlib.sha256(data).hexdigest()
    same = (UploadRow.owner.is_not_distinct_from(owner), UploadRow.name == name, UploadRow.sha256 == sha256)
    known = session.scalar(select(UploadRow).where(*same).limit(1))
    if known is not None:
        known.created_at = now
        session.flush()
        return known.id
    row = UploadRow(
        id=new_id(now),
        owner=owner,
        name=name,
        sha256=sha256,
        size_bytes=len(data),
        data=data,
        created_at=now,
    )
    session.add(row)
    session.flush()
    return row.id


def source_of(upload_id: str) -> str:
    """Return how a request's `source` names an upload."""
    return UPLOAD_PREFIX + upload_id


def find(session: Session, upload_id: str) -> tuple[str, bytes]:
    """Return the name and bytes of an upload, by its id or as a request's `source` names it."""
    plain = upload_id.removeprefix(UPLOAD_PREFIX)
    row = session.scalar(select(UploadRow).where(UploadRow.id == plain).options(undefer(UploadRow.data)))
    if row is None:
        raise RequestError("the uploaded file is not there any more; upload it again")
    if hashlib.sha256(row.data).hexdigest() != row.sha256:
        raise OutputError(f"the stored file {row.name} is damaged; upload it again")
    return row.name, row.data


def forget_unneeded(session: Session, upload_id: str) -> None:
    """Delete an upload that no job names."""
    named = select(JobRow.id).where(JobRow.upload_id == upload_id).exists()
    session.execute(
        delete(UploadRow).where(UploadRow.id == upload_id, ~named).execution_options(synchronize_session=False)
    )


def forget_old(session: Session, before: datetime, at_most: int | None = None) -> int:
    """Delete the uploads of earlier than this that no unfinished job needs, or the oldest of them; return how many."""
    unfinished = (JobRow.upload_id == UploadRow.id, JobRow.status.in_(("queued", "running")))
    needed = select(JobRow.id).where(*unfinished).exists()
    old = select(UploadRow.id).where(UploadRow.created_at < before, ~needed)
    chosen = old.order_by(UploadRow.created_at).limit(at_most).with_for_update(skip_locked=True)
    gone = delete(UploadRow).where(UploadRow.id.in_(session.scalars(chosen).all())).returning(UploadRow.id)
    return len(session.scalars(gone.execution_options(synchronize_session=False)).all())
