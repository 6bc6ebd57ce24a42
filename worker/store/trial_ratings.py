"""The stars that songs of one model version were given in a stretch of time, in order. Knows nothing of what is decided."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.roles import JUDGE, Role
from worker.store.tables import JobRow, RatingRow, SongRow

MOST_OF_ONE = 10  # ratings by one member of songs by one version: nobody decides alone
MOST_RATINGS = 2000
WITHOUT = "without"  # stands for the digest of the judge of songs with words whose first take was kept


def stars_by_version(
    session: Session,
    role: Role,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    server: str | None = None,
) -> dict[str, list[float]]:
    """Return the stars (1-5) by the digest of the model of this role, in the order given.

    The last MOST_RATINGS in [since, until), and of one member at most the first MOST_OF_ONE for a version. Of a judge
    those of songs with words that none has chosen are there too, as WITHOUT. server: only of songs asked for there.
    """
    query = (
        select(SongRow.model_versions[role].as_string(), RatingRow.rater, RatingRow.stars)
        .join(SongRow, SongRow.id == RatingRow.song_id)
        .order_by(RatingRow.created_at.desc(), RatingRow.song_id.desc(), RatingRow.rater.desc())
        .limit(MOST_RATINGS)
    )
    if role == JUDGE:
        query = query.where(SongRow.model_versions["lyrics"].as_string().is_not(None))
    if server is not None:
        query = query.join(JobRow, JobRow.id == SongRow.job_id).where(JobRow.server == server)
    if since is not None:
        query = query.where(RatingRow.created_at >= since)
    if until is not None:
        query = query.where(RatingRow.created_at < until)
    given: Counter[tuple[str, str]] = Counter()
    found: dict[str, list[float]] = {}
    for digest, rater, stars in reversed(session.execute(query).all()):
        if digest is None:
            if role != JUDGE:
                continue
            digest = WITHOUT
        given[digest, rater] += 1
        if given[digest, rater] <= MOST_OF_ONE:
            found.setdefault(digest, []).append(float(stars))
    return found
