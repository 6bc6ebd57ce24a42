"""What songs are compared by, and which are of one family. Does not know how they are compared, nor who may see them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from worker.store.tables import SongRow

SONGS_AT_ONCE = 100  # a lead sheet has some tens of kilobytes


@dataclass(frozen=True)
class ComparableSong:
    """lead_sheet: as JSON; None for words alone and edited uploads. The rest as its report says, None where it does not."""

    id: str
    lyrics_text: str
    lead_sheet: dict[str, Any] | None
    key_name: str | None
    tempo_qpm: float | None
    time_signature: str | None
    style: str


def comparable(session: Session, song_ids: Sequence[str]) -> tuple[ComparableSong, ...]:
    """Return what these songs are compared by, in the order of their ids; those that are gone are left out."""
    found: dict[str, ComparableSong] = {}
    columns = select(SongRow.id, SongRow.lyrics, SongRow.lead_sheet, SongRow.report)
    for some in _some(song_ids):
        for song_id, lyrics, sheet, report in session.execute(columns.where(SongRow.id.in_(some))):
            found[song_id] = ComparableSong(
                id=song_id,
                lyrics_text=lyrics,
                lead_sheet=sheet,
                key_name=report.get("key"),
                tempo_qpm=report.get("tempo_qpm"),
                time_signature=report.get("time_signature"),
                style=report.get("style") or "",
            )
    return tuple(found[song_id] for song_id in song_ids if song_id in found)


def kin(session: Session, song_id: str) -> frozenset[str]:
    """Return the song, what it was made from, and what was made from either: they are alike by nature."""
    parent = session.scalar(select(SongRow.parent_song_id).where(SongRow.id == song_id))
    elders = [song_id, *([parent] if parent else [])]
    made = select(SongRow.id).where(or_(SongRow.parent_song_id.in_(elders), SongRow.id.in_(elders)))
    return frozenset(session.scalars(made))


def _some(song_ids: Sequence[str]) -> Iterator[Sequence[str]]:
    return (song_ids[first : first + SONGS_AT_ONCE] for first in range(0, len(song_ids), SONGS_AT_ONCE))
