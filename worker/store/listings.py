"""Listings: what lists show of a song and find it by, in a narrow row of its own.

Lists pass over all songs of a server or a member; the songs' own rows are large, so they are left alone. A listing is
written with its song, goes with it, and keeps the tally of its ratings. Knows nothing of pages or searches.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from math import sqrt

from sqlalchemy import BindParameter, bindparam, func, or_, select, update
from sqlalchemy.orm import Session

from engine.contract import SongReport
from worker.store.tables import Base, DeliveryJobRow, DeliveryRow, JobRow, ListingRow, RatingRow

WILSON_Z = 1.96  # 95 % of a normal distribution lies within
SONGS_AT_ONCE = 500


def wilson(mean_stars: float | None, votes: int) -> float:
    """Return the lower end of the interval in which the share of people who like a song lies, 0-1; 0 without votes.

    A rating of s stars counts as (s - 1) / 4 of a success. With p their mean, n votes and z = 1.96:
    (p + z²/2n - z √(p(1-p)/n + z²/4n²)) / (1 + z²/n), the score interval of E. B. Wilson, "Probable inference, the law
    of succession, and statistical inference", Journal of the American Statistical Association 22 (1927). So five
    votes of five stars stand above one, and below a hundred of nearly five.
    """
    if mean_stars is None or votes == 0:
        return 0.0
    p, n, z = (mean_stars - 1) / 4, votes, WILSON_Z
    spread = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return max(0.0, (p + z * z / (2 * n) - spread) / (1 + z * z / n))


def words_of(*texts: str | None) -> str:
    """Return every word of some texts once, in small letters: a search looks at words, and songs repeat them."""
    return " ".join(dict.fromkeys(word for text in texts if text for word in text.lower().split()))


def add(
    session: Session,
    song_id: str,
    job_id: str,
    report: SongReport,
    *,
    title: str,
    lyrics: str,
    theme: str | None,
    now: datetime,
) -> None:
    """Write the listing of a new song, as yet without votes. title, lyrics, theme: as the song's row has them."""
    job = session.execute(
        select(JobRow.requested_by, JobRow.server, JobRow.kind, _is_private()).where(JobRow.id == job_id)
    ).one()
    session.add(
        ListingRow(
            song_id=song_id,
            requested_by=job[0],
            server=job[1],
            kind=job[2],
            private=job[3],
            title=title,
            style=report.style,
            seconds=report.length_seconds,
            created_at=now,
            votes=0,
            stars=0,
            score=0.0,
            theme=(theme or "").lower(),
            words=words_of(title, theme, lyrics),
        )
    )


def hold(session: Session, song_ids: Sequence[str]) -> None:
    """Let nobody else count the ratings of these songs until the transaction ends."""
    held = select(ListingRow.song_id).order_by(ListingRow.song_id).with_for_update()
    for some in _some(sorted(song_ids)):
        session.execute(held.where(ListingRow.song_id.in_(some))).all()


def count_ratings(session: Session, song_ids: Sequence[str]) -> None:
    """Count the ratings of these songs anew; `hold` them before the ratings are changed.

    What somebody gives their own song is kept and not counted: lists show what others think.
    """
    listed = Base.metadata.tables["listings"]  # not the class, for which many changes at once are another thing
    change = update(listed).where(listed.c.song_id == bindparam("song")).values(**_bound("votes", "stars", "score"))
    by_others = or_(ListingRow.requested_by.is_(None), ListingRow.requested_by != RatingRow.rater)
    given = (
        select(RatingRow.song_id, func.count(), func.sum(RatingRow.stars))
        .join(ListingRow, ListingRow.song_id == RatingRow.song_id)
        .where(by_others)
        .group_by(RatingRow.song_id)
    )
    for some in _some(song_ids):
        tallies = dict.fromkeys(some, (0, 0))
        rows = session.execute(given.where(RatingRow.song_id.in_(some)))
        tallies |= {song_id: (votes, int(stars)) for song_id, votes, stars in rows}
        session.connection().execute(change, [_tally(song_id, *tally) for song_id, tally in tallies.items()])


def _tally(song_id: str, votes: int, stars: int) -> dict[str, object]:
    score = wilson(stars / votes if votes else None, votes)
    return {"song": song_id, "new_votes": votes, "new_stars": stars, "new_score": score}


def _bound(*names: str) -> dict[str, BindParameter[object]]:
    return {name: bindparam(f"new_{name}") for name in names}


def _some(song_ids: Sequence[str]) -> Iterator[Sequence[str]]:
    """Return the ids in parts, for both databases limit the values of one statement."""
    return (song_ids[first : first + SONGS_AT_ONCE] for first in range(0, len(song_ids), SONGS_AT_ONCE))


def _is_private():  # type: ignore[no-untyped-def]  # SQLAlchemy's type says less than the body
    bringing = select(DeliveryJobRow.job_id).join(DeliveryRow, DeliveryRow.id == DeliveryJobRow.delivery_id)
    return bringing.where(DeliveryJobRow.job_id == JobRow.id, DeliveryRow.private.is_(True)).exists()
