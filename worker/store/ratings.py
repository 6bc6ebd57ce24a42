"""Ratings: one person's value for one song. Knows nothing of buttons or training."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from engine.errors import RequestError
from worker.store.tables import RatingRow, SongRow

STARS_RANGE = (1, 5)


@dataclass(frozen=True)
class Tally:
    """How a song is rated. mean_stars: 1-5, None if nobody has rated it."""

    count: int
    mean_stars: float | None


def rate(session: Session, song_id: str, *, rater: str, stars: int, now: datetime) -> None:
    """Write a person's rating of a song, over an earlier one. stars: 1-5."""
    low, high = STARS_RANGE
    if not low <= stars <= high:
        raise RequestError(f"stars must be {low}-{high}, got {stars}; give {high} for the best")
    if session.get(SongRow, song_id) is None:
        raise RequestError(f"there is no song {song_id!r}; it may have been deleted")
    values = {"song_id": song_id, "rater": rater, "stars": stars, "created_at": now, "updated_at": now}
    # Both databases know ON CONFLICT in the same words, each through a class of its own.
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    rating = insert(RatingRow).values(values)
    session.execute(
        rating.on_conflict_do_update(index_elements=["song_id", "rater"], set_={"stars": stars, "updated_at": now})
    )


def withdraw(session: Session, song_id: str, *, rater: str) -> None:
    """Take a person's rating back; nothing happens if there is none."""
    row = session.get(RatingRow, (song_id, rater))
    if row is not None:
        session.delete(row)


def tally(session: Session, song_id: str) -> Tally:
    """Return how often and how well a song has been rated."""
    query = select(func.count(), func.avg(RatingRow.stars)).where(RatingRow.song_id == song_id)
    count, mean = session.execute(query).one()
    return Tally(count, None if mean is None else float(mean))
