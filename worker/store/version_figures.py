"""How songs by each model version are rated: what a host looks at before a promotion. Knows nothing of the gate."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from worker.store.tables import RatingRow, SongRow

RECENT_SONGS = 2000  # that are counted: all of 10^5 would take minutes on SQLite, for songs are large


@dataclass(frozen=True)
class VersionFigures:
    """songs: of the last RECENT_SONGS, made with this version. ratings: of those; mean_stars: 1-5, None of none."""

    songs: int = 0
    ratings: int = 0
    mean_stars: float | None = None


def recent(session: Session, songs: int = RECENT_SONGS) -> dict[str, VersionFigures]:
    """Return the figures of the versions that the last songs were made with, by digest; the starters are among them."""
    last = (
        select(SongRow.id, SongRow.model_versions)
        .order_by(SongRow.created_at.desc(), SongRow.id.desc())
        .limit(songs)
        .subquery()
    )
    given = (
        select(RatingRow.song_id, func.count().label("ratings"), func.sum(RatingRow.stars).label("stars"))
        .where(RatingRow.song_id.in_(select(last.c.id)))
        .group_by(RatingRow.song_id)
        .subquery()
    )
    query = select(last.c.model_versions, given.c.ratings, given.c.stars).outerjoin(given, given.c.song_id == last.c.id)
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for versions, ratings, stars in session.execute(query):
        for digest in set(versions.values()):
            of_version = sums[digest]
            of_version[0] += 1
            of_version[1] += ratings or 0
            of_version[2] += int(stars or 0)
    return {digest: _figures(*counted) for digest, counted in sums.items()}


def _figures(songs: int, ratings: int, stars: int) -> VersionFigures:
    return VersionFigures(songs, ratings, stars / ratings if ratings else None)
