"""Deleting jobs with everything that hangs on them. Knows nothing of who may ask for it.

Jobs, songs, files, ratings, favourites, comparisons and places in deliveries go; a song that was made from a deleted
one stays and loses its parent. A worker that runs a deleted job finds its lease lost and drops the result.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.orm import Session

from worker.store.artifact_files import remove_after_commit
from worker.store.tables import ArtifactRow, DeliveryJobRow, DeliveryRow, JobRow, SongRow, UploadRow

UPLOAD_PREFIX = "upload:"
ROWS_AT_ONCE = 500  # both databases limit the values of one statement


def upload_of(source: str | None) -> str | None:
    """Return the id of the upload that a request's `source` names, None if it names a song or nothing."""
    return source.removeprefix(UPLOAD_PREFIX) if source is not None and source.startswith(UPLOAD_PREFIX) else None


def delete_jobs(session: Session, *which: ColumnElement[bool]) -> int:
    """Delete the jobs that these conditions choose; return how many there were.

    The rows are locked first: on PostgreSQL a worker that is writing its song is waited for, and its song goes too.
    Deliveries before jobs, the order in which a bot writes them, so that neither waits for the other for ever.
    """
    bringing = select(DeliveryJobRow.delivery_id).join(JobRow, JobRow.id == DeliveryJobRow.job_id).where(*which)
    lock = select(DeliveryRow.id).where(DeliveryRow.id.in_(bringing)).order_by(DeliveryRow.id).with_for_update()
    session.execute(lock).all()
    ids = session.scalars(select(JobRow.id).where(*which).order_by(JobRow.id).with_for_update()).all()
    for first in range(0, len(ids), ROWS_AT_ONCE):
        _delete(session, ids[first : first + ROWS_AT_ONCE])
    return len(ids)


def _delete(session: Session, job_ids: Sequence[str]) -> None:
    chosen = JobRow.id.in_(job_ids)
    uploads = _uploads_of(session, chosen)
    bringing = DeliveryJobRow.job_id.in_(job_ids)
    deliveries = session.scalars(select(DeliveryJobRow.delivery_id).distinct().where(bringing)).all()
    outside = select(ArtifactRow.song_id).distinct().join(SongRow).where(ArtifactRow.location.is_not(None))
    remove_after_commit(session, session.scalars(outside.where(SongRow.job_id.in_(job_ids))).all())
    _execute(session, SongRow, SongRow.job_id.in_(job_ids))
    _execute(session, JobRow, chosen)
    emptied = ~select(DeliveryJobRow.job_id).where(DeliveryJobRow.delivery_id == DeliveryRow.id).exists()
    _execute(session, DeliveryRow, DeliveryRow.id.in_(deliveries), emptied)
    if uploads:
        still_named = _uploads_of(session, JobRow.upload_id.in_(uploads))
        _execute(session, UploadRow, UploadRow.id.in_(uploads - still_named))


def _uploads_of(session: Session, condition: ColumnElement[bool]) -> set[str]:
    """Return the ids of the uploads that these jobs change."""
    found = session.scalars(select(JobRow.upload_id).where(condition, JobRow.upload_id.is_not(None)))
    return {upload for upload in found if upload is not None}


def _execute(
    session: Session, table: type[SongRow | JobRow | DeliveryRow | UploadRow], *which: ColumnElement[bool]
) -> None:
    session.execute(delete(table).where(*which).execution_options(synchronize_session=False))
