"""Songs and their artifacts: write one, look one up, read its files.

Knows nothing of how a song came about, nor of who may see it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select, tuple_
from sqlalchemy.orm import Session, undefer

from engine.contract import Artifact, SongReport
from engine.errors import OutputError
from worker.store.identifiers import new_id
from worker.store.tables import ArtifactRow, SongRow


@dataclass(frozen=True)
class GeneratedSong:
    """What a generator hands over; artifacts have distinct names. lead_sheet, where there is one, is JSON."""

    title: str
    lyrics_text: str
    report: SongReport
    artifacts: tuple[Artifact, ...] = ()
    lead_sheet: dict[str, Any] | None = None
    parent_song_id: str | None = None


@dataclass(frozen=True)
class Song:
    """A stored song without the bytes of its artifacts."""

    id: str
    job_id: str
    title: str
    lyrics_text: str
    report: SongReport
    lead_sheet: dict[str, Any] | None
    model_versions: dict[str, Any]
    created_at: datetime
    parent_song_id: str | None


def add(session: Session, job_id: str, generated: GeneratedSong, now: datetime) -> str:
    """Write a song with all its artifacts and return its id; IntegrityError if the job has one already."""
    song_id = new_id(now)
    report = generated.report.model_dump(mode="json")
    session.add(
        SongRow(
            id=song_id,
            job_id=job_id,
            title=generated.title,
            lyrics=generated.lyrics_text,
            report=report,
            lead_sheet=generated.lead_sheet,
            model_versions=report["model_versions"],
            created_at=now,
            parent_song_id=generated.parent_song_id,
        )
    )
    session.flush()
    session.add_all(_artifact_row(song_id, position, item) for position, item in enumerate(generated.artifacts))
    session.flush()
    return song_id


def find(session: Session, song_or_job_id: str) -> Song | None:
    """Return the song of this id, or the song of the job of this id."""
    either = or_(SongRow.id == song_or_job_id, SongRow.job_id == song_or_job_id)
    row = session.scalar(select(SongRow).where(either))
    return None if row is None else _song(row)


def newest(session: Session, *, count: int, before: Song | None = None) -> tuple[Song, ...]:
    """Return up to `count` songs, the newest first; with `before`, those that come after it in that order."""
    place = tuple_(SongRow.created_at, SongRow.id)
    query = select(SongRow).order_by(SongRow.created_at.desc(), SongRow.id.desc()).limit(count)
    if before is not None:
        query = query.where(place < (before.created_at, before.id))
    return tuple(_song(row) for row in session.scalars(query))


def artifacts(session: Session, song_id: str) -> tuple[Artifact, ...]:
    """Return the files of a song in the order of their making; empty for an unknown song."""
    query = select(ArtifactRow).where(ArtifactRow.song_id == song_id).order_by(ArtifactRow.position)
    return tuple(_checked(row) for row in session.scalars(query.options(undefer(ArtifactRow.data))))


def _artifact_row(song_id: str, position: int, artifact: Artifact) -> ArtifactRow:
    return ArtifactRow(
        song_id=song_id,
        name=artifact.name,
        position=position,
        media_type=artifact.media_type,
        sha256=hashlib.sha256(artifact.data).hexdigest(),
        size_bytes=len(artifact.data),
        data=artifact.data,
    )


def _checked(row: ArtifactRow) -> Artifact:
    """Return the bytes only if they are those that were written."""
    if hashlib.sha256(row.data).hexdigest() != row.sha256:
        raise OutputError(f"the stored file {row.name} is damaged; ask for the song again with the same seed")
    return Artifact(row.name, row.media_type, row.data)


def _song(row: SongRow) -> Song:
    return Song(
        id=row.id,
        job_id=row.job_id,
        title=row.title,
        lyrics_text=row.lyrics,
        report=SongReport.model_validate(row.report),
        lead_sheet=row.lead_sheet,
        model_versions=row.model_versions,
        created_at=row.created_at,
        parent_song_id=row.parent_song_id,
    )
