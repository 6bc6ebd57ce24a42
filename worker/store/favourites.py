"""Favourites: the songs that a member wants to find again. Knows nothing of how they are shown."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from worker.store import songs
from worker.store.tables import FavouriteRow
from worker.store.upsert import upsert


def is_favourite(session: Session, member: str, song_id: str) -> bool:
    """Return whether a song is among a member's favourites."""
    one = (FavouriteRow.member == member, FavouriteRow.song_id == song_id)
    return session.scalar(select(FavouriteRow.song_id).where(*one)) is not None


def toggle_favourite(session: Session, member: str, song_id: str, now: datetime) -> bool:
    """Put a song among a member's favourites, or out if it is there; return whether it is there now."""
    if is_favourite(session, member, song_id):
        session.execute(delete(FavouriteRow).where(FavouriteRow.member == member, FavouriteRow.song_id == song_id))
        return False
    songs.require(session, song_id)
    # At a second press at the same moment the row is there meanwhile, and keeps its place.
    row = {"member": member, "song_id": song_id, "created_at": now}
    upsert(session, FavouriteRow, row, changes={"member": member})
    return True
