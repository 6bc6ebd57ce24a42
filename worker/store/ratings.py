"""Ratings: one person's value for one song. Knows nothing of buttons or training."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.errors import RequestError
from worker.store import listings, songs
from worker.store.tables import RatingRow
from worker.store.upsert import upsert

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
    songs.require(session, song_id)
    listings.hold(session, [song_id])
    values = {"song_id": song_id, "rater": rater, "stars": stars, "created_at": now, "updated_at": now}
    upsert(session, RatingRow, values, changes={"stars": stars, "updated_at": now})
    listings.count_ratings(session, [song_id])


def of(session: Session, song_id: str, *, rater: str) -> int | None:
    """Return the stars that a person gave a song, None if they have not rated it."""
    return session.scalar(select(RatingRow.stars).where(RatingRow.song_id == song_id, RatingRow.rater == rater))


def tally(session: Session, song_id: str) -> Tally:
    """Return how often and how well a song has been rated."""
    query = select(func.count(), func.avg(RatingRow.stars)).where(RatingRow.song_id == song_id)
    count, mean = session.execute(query).one()
    return Tally(count, None if mean is None else float(mean))
