"""Finding songs again: a member's history, a server's best, search, favourites, titles as one types.

Knows nothing of how lists are shown. Songs whose answer only the member could see are shown to nobody else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil, sqrt
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, case, false, func, or_, select
from sqlalchemy.orm import Session

from worker.store.tables import DeliveryJobRow, DeliveryRow, FavouriteRow, JobRow, RatingRow, SongRow

WILSON_Z = 1.96  # 95 % of a normal distribution lies within
MAX_SEARCH_WORDS = 10
MAX_WORD_CHARACTERS = 100


@dataclass(frozen=True)
class Listed:
    """A song in a list. seconds: its length, None for words alone. mean_stars: 1-5, None before the first vote.

    score: 0-1, see `wilson`.
    """

    id: str
    title: str
    style: str
    kind: str
    seconds: float | None
    created_at: datetime
    requester: str | None
    server: str | None
    mean_stars: float | None
    votes: int
    score: float


@dataclass(frozen=True)
class Page:
    """One page of a list. page: 1-pages, the nearest to what was asked for. pages: at least 1. total: of items."""

    items: tuple[Listed, ...]
    page: int
    pages: int
    total: int


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


def history(session: Session, member: str, page: int, size: int) -> Page:
    """Return what a member asked for, the newest first."""
    return _page(session, _LISTED.where(JobRow.requested_by == member), _NEWEST_FIRST, page, size)


def favourites(session: Session, member: str, page: int, size: int) -> Page:
    """Return a member's favourites, the last chosen first."""
    chosen = _LISTED.join(FavouriteRow, FavouriteRow.song_id == SongRow.id).where(FavouriteRow.member == member)
    return _page(session, chosen, (FavouriteRow.created_at.desc(), SongRow.id.desc()), page, size)


def search(
    session: Session,
    server: str | None,
    member: str,
    words: str | None = None,
    theme: str | None = None,
    page: int = 1,
    size: int = 10,
) -> Page:
    """Return the songs of this server and the member's own in which all words are found, the newest first.

    words: each anywhere in title, lyrics or theme. theme: each of its words in the theme. Upper and lower case are the
    same; no sign has a special meaning.
    """
    anywhere = [
        or_(*(_holds(column, word) for column in (SongRow.title, SongRow.lyrics, SongRow.theme)))
        for word in _words(words)
    ]
    in_theme = [_holds(SongRow.theme, word) for word in _words(theme)]
    found = _LISTED.where(_may_see(server, member), *anywhere, *in_theme)
    return _page(session, found, _NEWEST_FIRST, page, size)


def top(session: Session, server: str, page: int, size: int, minimum_votes: int = 3) -> Page:
    """Return a server's songs that have enough votes, the best first by `wilson`; then by votes, then the newer."""
    votes, mean = func.count(), func.avg(RatingRow.stars)
    rated = (
        select(SongRow.id, SongRow.created_at, votes, mean)
        .join(JobRow, SongRow.job_id == JobRow.id)
        .join(RatingRow, RatingRow.song_id == SongRow.id)
        .where(JobRow.server == server, ~_private())
        .group_by(SongRow.id, SongRow.created_at)
        .having(votes >= minimum_votes)
    )
    rows = session.execute(rated).all()
    best = sorted(rows, key=lambda row: (wilson(float(row[3]), row[2]), row[2], row[1], row[0]), reverse=True)
    page, pages = _nearest(page, size, len(best))
    ids = [row[0] for row in best[(page - 1) * size : page * size]]
    return Page(_in_order(session, ids), page, pages, len(best))


def own_titles(
    session: Session, member: str, server: str | None, typed: str, limit: int = 25
) -> tuple[tuple[str, str], ...]:
    """Return up to `limit` (song id, title) whose title holds what was typed: the member's own, then the server's.

    The newest come first among each.
    """
    own_first = case((JobRow.requested_by == member, 0), else_=1)
    query = (
        select(SongRow.id, SongRow.title)
        .join(JobRow, SongRow.job_id == JobRow.id)
        .where(_may_see(server, member), *(_holds(SongRow.title, word) for word in _words(typed)))
        .order_by(own_first, *_NEWEST_FIRST)
        .limit(limit)
    )
    return tuple((song_id, title) for song_id, title in session.execute(query))


def _votes_of(what: Any) -> Any:
    return select(what).where(RatingRow.song_id == SongRow.id).correlate(SongRow).scalar_subquery()


_NEWEST_FIRST = (SongRow.created_at.desc(), SongRow.id.desc())
_LISTED_NAMES = tuple(name for name in Listed.__dataclass_fields__ if name != "score")
_LISTED = select(  # the columns in the order of the names
    SongRow.id,
    SongRow.title,
    SongRow.report["style"].as_string(),
    JobRow.kind,
    SongRow.report["length_seconds"].as_float(),
    SongRow.created_at,
    JobRow.requested_by,
    JobRow.server,
    _votes_of(func.avg(RatingRow.stars)),
    _votes_of(func.count()),
).join(JobRow, SongRow.job_id == JobRow.id)


def _page(session: Session, query: Select[Any], order: Sequence[Any], page: int, size: int) -> Page:
    counted = query.with_only_columns(SongRow.id).order_by(None).subquery()
    total = session.scalar(select(func.count()).select_from(counted)) or 0
    page, pages = _nearest(page, size, total)
    rows = session.execute(query.order_by(*order).limit(size).offset((page - 1) * size))
    return Page(tuple(_listed(row) for row in rows), page, pages, total)


def _nearest(page: int, size: int, total: int) -> tuple[int, int]:
    """Return the page nearest to the one asked for, and how many there are."""
    pages = max(1, ceil(total / size))
    return min(max(1, page), pages), pages


def _in_order(session: Session, ids: Sequence[str]) -> tuple[Listed, ...]:
    found = {row[0]: _listed(row) for row in session.execute(_LISTED.where(SongRow.id.in_(ids)))}
    return tuple(found[song_id] for song_id in ids if song_id in found)


def _listed(row: Row[Any]) -> Listed:
    values = dict(zip(_LISTED_NAMES, row, strict=True))
    mean = None if values["mean_stars"] is None else float(values["mean_stars"])  # PostgreSQL's is a Decimal
    return Listed(**values | {"mean_stars": mean, "score": wilson(mean, values["votes"])})


def _may_see(server: str | None, member: str) -> ColumnElement[bool]:
    of_server = false() if server is None else (JobRow.server == server) & ~_private()
    return or_(JobRow.requested_by == member, of_server)


def _private() -> ColumnElement[bool]:
    """Choose the songs whose answer only the member could see."""
    bringing = select(DeliveryJobRow.job_id).join(DeliveryRow, DeliveryRow.id == DeliveryJobRow.delivery_id)
    return bringing.where(DeliveryJobRow.job_id == JobRow.id, DeliveryRow.private.is_(True)).exists()


def _words(text: str | None) -> list[str]:
    return [word[:MAX_WORD_CHARACTERS] for word in (text or "").split()[:MAX_SEARCH_WORDS]]


def _holds(column: Any, word: str) -> ColumnElement[bool]:
    held: ColumnElement[bool] = func.lower(column).contains(word.lower(), autoescape=True)
    return held
