"""Finding songs again: a member's history, a server's best, search, favourites, titles as one types.

Knows nothing of how lists are shown. Songs whose answer only the member could see are shown to nobody else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from typing import Any

from sqlalchemy import ColumnElement, Select, false, func, or_, select, text
from sqlalchemy.orm import Session

from worker.store.tables import FavouriteRow, ListingRow

MAX_SEARCH_WORDS = 10
MAX_WORD_CHARACTERS = 100
COPIES = ("export", "explain")  # kinds of which each song is one that is there already


@dataclass(frozen=True)
class Listed:
    """A song in a list. seconds: its length, None for words alone. mean_stars: 1-5, None before the first vote.

    score: 0-1, see `worker.store.listings.wilson`.
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


def history(session: Session, member: str, page: int, size: int) -> Page:
    """Return what a member asked for, the newest first."""
    return _page(session, _LISTED.where(ListingRow.requested_by == member), _NEWEST_FIRST, page, size)


def favourites(session: Session, member: str, page: int, size: int) -> Page:
    """Return a member's favourites, the last chosen first."""
    chosen = _LISTED.join(FavouriteRow, FavouriteRow.song_id == ListingRow.song_id).where(FavouriteRow.member == member)
    return _page(session, chosen, (FavouriteRow.created_at.desc(), ListingRow.song_id.desc()), page, size)


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
    anywhere = [_holds(ListingRow.words, word) for word in _words(words)]
    in_theme = [_holds(ListingRow.theme, word) for word in _words(theme)]
    found = (_may_see(server, member), *anywhere, *in_theme)
    if not anywhere and not in_theme:
        return _page(session, _LISTED.where(*found), _NEWEST_FIRST, page, size)
    # Looking for words takes long, so the songs are gone through once, not once to count and once to show.
    ids = session.scalars(select(ListingRow.song_id).where(*found).order_by(*_NEWEST_FIRST)).all()
    page, pages = _nearest(page, size, len(ids))
    return Page(_in_order(session, ids[(page - 1) * size : page * size]), page, pages, len(ids))


def top(session: Session, server: str, page: int, size: int, minimum_votes: int = 3) -> Page:
    """Return a server's songs that have enough votes, the best first by their score; then by votes, then the newer."""
    # "votes > 0" in the words of the index, which has the rated songs only.
    rated = _LISTED.where(ListingRow.server == server, ~ListingRow.private, text("listings.votes > 0"))
    best = (ListingRow.score.desc(), ListingRow.votes.desc(), *_NEWEST_FIRST)
    return _page(session, rated.where(ListingRow.votes >= minimum_votes), best, page, size)


def own_titles(
    session: Session, member: str, server: str | None, typed: str, limit: int = 25
) -> tuple[tuple[str, str], ...]:
    """Return up to `limit` (song id, title) whose title holds what was typed: the member's own, then the server's.

    The newest come first among each.
    """
    held = [_holds(func.lower(ListingRow.title), word) for word in _words(typed)]
    found = select(ListingRow.song_id, ListingRow.title).where(*held).order_by(*_NEWEST_FIRST)
    titles = dict(_pairs(session, found.where(ListingRow.requested_by == member).limit(limit)))
    if server is not None and len(titles) < limit:
        # As many as are wanted, should all be the member's own, which are there already.
        of_server = found.where(ListingRow.server == server, ~ListingRow.private).limit(limit)
        titles |= {song_id: title for song_id, title in _pairs(session, of_server) if song_id not in titles}
    return tuple(titles.items())[:limit]


def visible(session: Session, server: str | None, member: str | None, limit: int) -> list[str]:
    """Return the ids of the newest songs that a member may see from a server; member None: a host at the terminal.

    A host sees what was made at the terminal and what is not private, of all servers.
    """
    of_host = or_(ListingRow.requested_by.is_(None), ~ListingRow.private)
    seen = of_host if member is None else _may_see(server, member)
    copies = ListingRow.kind.in_(COPIES)
    return list(session.scalars(select(ListingRow.song_id).where(seen, ~copies).order_by(*_NEWEST_FIRST).limit(limit)))


def listed(session: Session, song_ids: Sequence[str]) -> tuple[Listed, ...]:
    """Return songs as lists show them, in the order of their ids; those that are gone are left out."""
    return _in_order(session, song_ids)


_NEWEST_FIRST = (ListingRow.created_at.desc(), ListingRow.song_id.desc())
_LISTED: Any = select(  # its type names its columns, and no list needs that
    ListingRow.song_id,
    ListingRow.title,
    ListingRow.style,
    ListingRow.kind,
    ListingRow.seconds,
    ListingRow.created_at,
    ListingRow.requested_by,
    ListingRow.server,
    ListingRow.stars,
    ListingRow.votes,
    ListingRow.score,
)


def _page(session: Session, query: Any, order: Sequence[Any], page: int, size: int) -> Page:
    counted = query.with_only_columns(ListingRow.song_id).order_by(None).subquery()
    total = session.scalar(select(func.count()).select_from(counted)) or 0
    page, pages = _nearest(page, size, total)
    # The ids alone are read from an index, also those of the pages before this one.
    ids = query.with_only_columns(ListingRow.song_id).order_by(*order).limit(size).offset((page - 1) * size)
    return Page(_in_order(session, session.scalars(ids).all()), page, pages, total)


def _in_order(session: Session, ids: Sequence[str]) -> tuple[Listed, ...]:
    found = {row.song_id: _listed(row) for row in session.execute(_LISTED.where(ListingRow.song_id.in_(ids)))}
    return tuple(found[song_id] for song_id in ids if song_id in found)


def _nearest(page: int, size: int, total: int) -> tuple[int, int]:
    """Return the page nearest to the one asked for, and how many there are."""
    pages = max(1, ceil(total / size))
    return min(max(1, page), pages), pages


def _listed(row: Any) -> Listed:
    return Listed(
        id=row.song_id,
        title=row.title,
        style=row.style,
        kind=row.kind,
        seconds=row.seconds,
        created_at=row.created_at,
        requester=row.requested_by,
        server=row.server,
        mean_stars=row.stars / row.votes if row.votes else None,
        votes=row.votes,
        score=row.score,
    )


def _may_see(server: str | None, member: str) -> ColumnElement[bool]:
    of_server = false() if server is None else (ListingRow.server == server) & ~ListingRow.private
    return or_(ListingRow.requested_by == member, of_server)


def _words(typed: str | None) -> list[str]:
    return [word[:MAX_WORD_CHARACTERS] for word in (typed or "").split()[:MAX_SEARCH_WORDS]]


def _pairs(session: Session, query: Select[str, str]) -> list[tuple[str, str]]:
    return [(row[0], row[1]) for row in session.execute(query)]


def _holds(column: Any, word: str) -> ColumnElement[bool]:
    """Choose where a text in small letters holds a word."""
    held: ColumnElement[bool] = column.contains(word.lower(), autoescape=True)
    return held
