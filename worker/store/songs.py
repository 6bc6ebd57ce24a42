"""Songs and their artifacts: write one, look one up, read its files, delete it.

Knows nothing of how a song came about, nor of who may see or delete it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, Text, cast, func, or_, select, tuple_
from sqlalchemy.orm import Session, undefer

from engine.contract import Artifact, SongReport
from engine.errors import OutputError, RequestError
from worker.store import listings
from worker.store.artifact_files import ArtifactFiles, KeptFiles, files_of, folder_of
from worker.store.deletion import delete_jobs
from worker.store.identifiers import new_id
from worker.store.tables import ArtifactRow, JobRow, SongRow

SheetName = Literal["lead_sheet", "score"]
SHEETS: tuple[SheetName, ...] = ("lead_sheet", "score")


@dataclass(frozen=True)
class GeneratedSong:
    """What a generator hands over; artifacts have distinct names. lead_sheet and score, where there are any, are JSON.

    parent_song_id: the song that this one was made from; None: the `source` of the request, if that is a song.
    kept: where the artifacts lie already, outside the database; None: they are stored in it.
    """

    title: str
    lyrics_text: str
    report: SongReport
    artifacts: tuple[Artifact, ...] = ()
    lead_sheet: dict[str, Any] | None = None
    score: dict[str, Any] | None = None
    parent_song_id: str | None = None
    kept: KeptFiles | None = None


@dataclass(frozen=True)
class StoredArtifact:
    """A file of a song as its row has it: with its bytes (data), or with where they lie (location), and then empty data."""

    name: str
    media_type: str
    sha256: str
    size_bytes: int
    data: bytes = field(repr=False)
    location: str | None


@dataclass(frozen=True)
class Song:
    """A stored song without the bytes of its artifacts. kind, request, requested_by and server are those of its job."""

    id: str
    job_id: str
    title: str
    lyrics_text: str
    report: SongReport
    lead_sheet: dict[str, Any] | None
    score: dict[str, Any] | None
    theme: str | None
    model_versions: dict[str, Any]
    created_at: datetime
    parent_song_id: str | None
    kind: str
    request: dict[str, Any]
    requested_by: str | None
    server: str | None


def add(session: Session, job_id: str, generated: GeneratedSong, now: datetime) -> str:
    """Write a song with all its artifacts and return its id; IntegrityError if the job has one already."""
    song_id = new_id(now) if generated.kept is None else generated.kept.song_id
    locations = {} if generated.kept is None else generated.kept.locations
    report = generated.report.model_dump(mode="json")
    request = session.scalar(select(JobRow.request).where(JobRow.id == job_id)) or {}
    session.add(
        SongRow(
            id=song_id,
            job_id=job_id,
            title=generated.title,
            lyrics=generated.lyrics_text,
            report=report,
            lead_sheet=generated.lead_sheet,
            score=generated.score,
            theme=request.get("theme"),
            model_versions=report["model_versions"],
            created_at=now,
            parent_song_id=_there(session, generated.parent_song_id or request.get("source")),
        )
    )
    session.flush()
    listings.add(
        session,
        song_id,
        job_id,
        generated.report,
        title=generated.title,
        lyrics=generated.lyrics_text,
        theme=request.get("theme"),
        now=now,
    )
    session.add_all(
        _artifact_row(song_id, position, item, locations.get(item.name))
        for position, item in enumerate(generated.artifacts)
    )
    session.flush()
    return song_id


def drop_kept(session: Session, generated: GeneratedSong) -> None:
    """Remove the files that lie outside the database already of a song that was not written after all."""
    # It may have been written: the connection can break between the commit and the news of it.
    if generated.kept is not None and _there(session, generated.kept.song_id) is None:
        files_of(session).remove([folder_of(generated.kept.song_id)])


def find(session: Session, song_or_job_id: str) -> Song | None:
    """Return the song of this id, or the song of the job of this id."""
    either = or_(SongRow.id == song_or_job_id, SongRow.job_id == song_or_job_id)
    row = session.execute(_WITH_JOB.where(either)).one_or_none()
    return None if row is None else _song(*row)


def require(session: Session, song_id: str) -> None:
    """Raise RequestError unless there is such a song; it then stays there until the transaction ends."""
    if _there(session, song_id) is None:
        raise RequestError(f"there is no song {song_id!r}; it may have been deleted")


def newest(session: Session, *, count: int, before: Song | None = None) -> tuple[Song, ...]:
    """Return up to `count` songs, the newest first; with `before`, those that come after it in that order."""
    place = tuple_(SongRow.created_at, SongRow.id)
    query = _WITH_JOB.order_by(SongRow.created_at.desc(), SongRow.id.desc()).limit(count)
    if before is not None:
        query = query.where(place < (before.created_at, before.id))
    return tuple(_song(*row) for row in session.execute(query))


def artifacts(session: Session, song_id: str) -> tuple[Artifact, ...]:
    """Return the files of a song in the order of their making; empty for an unknown song."""
    return tuple(checked(stored, files_of(session)) for stored in stored_artifacts(session, song_id))


def stored_artifacts(session: Session, song_id: str) -> tuple[StoredArtifact, ...]:
    """Return the files of a song as their rows have them, unread where they lie outside; see `checked`."""
    query = select(ArtifactRow).where(ArtifactRow.song_id == song_id).order_by(ArtifactRow.position)
    return tuple(_stored(row) for row in session.scalars(query.options(undefer(ArtifactRow.data))))


def checked(stored: StoredArtifact, files: ArtifactFiles) -> Artifact:
    """Return the bytes only if they are those that were written; OutputError if they are damaged or missing."""
    data = stored.data if stored.location is None else files.read(stored.location, stored.name)
    if hashlib.sha256(data).hexdigest() != stored.sha256:
        raise OutputError(f"the stored file {stored.name} is damaged; ask for the song again with the same seed")
    return Artifact(stored.name, stored.media_type, data)


def artifact(session: Session, song_id: str, name: str) -> Artifact | None:
    """Return one file of a song, None if there is no such file."""
    one = select(ArtifactRow).where(ArtifactRow.song_id == song_id, ArtifactRow.name == name)
    row = session.scalar(one.options(undefer(ArtifactRow.data)))
    return None if row is None else checked(_stored(row), files_of(session))


def sheet_sizes(session: Session, song_id: str) -> dict[SheetName, int]:
    """Return which sheets a song has, each with its length as JSON in characters."""
    lengths = select(*(func.length(_text(name)) for name in SHEETS)).where(SongRow.id == song_id)
    row = session.execute(lengths).one_or_none() or ()
    # A song without a sheet has JSON's null in its place, which is four characters long.
    return {name: length for name, length in zip(SHEETS, row, strict=False) if length is not None and length > 4}


def sheet_text(session: Session, song_id: str, name: SheetName) -> str:
    """Return a sheet of a song as it is stored, JSON in ASCII; "null" if there is none."""
    return session.scalar(select(_text(name)).where(SongRow.id == song_id)) or "null"


def delete(session: Session, song_id: str) -> bool:
    """Delete a song with its files, ratings and job, and the upload that only it was made from.

    Songs made from it stay and lose their parent. Return False if there is no such song.
    """
    job_id = session.scalar(select(SongRow.job_id).where(SongRow.id == song_id))
    if job_id is None:
        return False
    delete_jobs(session, JobRow.id == job_id)
    return True


def _text(name: SheetName) -> ColumnElement[str]:
    column: ColumnElement[Any] = getattr(SongRow, name)
    return cast(column, Text)


_WITH_JOB = select(SongRow, JobRow).join(JobRow, SongRow.job_id == JobRow.id)


def _there(session: Session, song_id: str | None) -> str | None:
    """Return the id if there is such a song, and keep it from being deleted until the transaction ends."""
    locked = select(SongRow.id).where(SongRow.id == song_id).with_for_update(read=True, key_share=True)
    return None if song_id is None else session.scalar(locked)


def _artifact_row(song_id: str, position: int, artifact: Artifact, location: str | None) -> ArtifactRow:
    return ArtifactRow(
        song_id=song_id,
        name=artifact.name,
        position=position,
        media_type=artifact.media_type,
        sha256=hashlib.sha256(artifact.data).hexdigest(),
        size_bytes=len(artifact.data),
        data=artifact.data if location is None else b"",
        location=location,
    )


def _stored(row: ArtifactRow) -> StoredArtifact:
    return StoredArtifact(row.name, row.media_type, row.sha256, row.size_bytes, row.data, row.location)


def _song(row: SongRow, job: JobRow) -> Song:
    return Song(
        id=row.id,
        job_id=row.job_id,
        title=row.title,
        lyrics_text=row.lyrics,
        report=SongReport.model_validate(row.report),
        lead_sheet=row.lead_sheet,
        score=row.score,
        theme=row.theme,
        model_versions=row.model_versions,
        created_at=row.created_at,
        parent_song_id=row.parent_song_id,
        kind=job.kind,
        request=job.request,
        requested_by=job.requested_by,
        server=job.server,
    )
