"""Members: where they were seen, what they decided about training, and forgetting those who left.

Knows nothing of how Discord is asked whether a member is still there.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from worker.store import privacy
from worker.store.tables import JobRow, MemberRow, MembershipRow, RatingRow, SongRow
from worker.store.turns import wait_for_turn
from worker.store.upsert import upsert


@dataclass(frozen=True)
class Membership:
    """A member in a server, with the moment at which Discord last said so."""

    member: str
    server: str
    checked_at: datetime


def see(session: Session, member: str, server: str | None, now: datetime) -> None:
    """Write down that a member was here: in a server, or in a direct message (None)."""
    _add(session, member, now, {"id": member})
    if server is not None:
        seen = {"seen_at": now, "checked_at": now, "left_at": None}
        upsert(session, MembershipRow, {"member": member, "server": server, **seen}, changes=seen)


def set_training(session: Session, member: str, opted_in: bool, now: datetime) -> None:
    """Write down what a member decided about training, with its date."""
    _add(session, member, now, {"training_opt_in": opted_in, "training_decided_at": now})


def training(session: Session, member: str) -> tuple[bool, datetime | None]:
    """Return whether a member's songs may be trained on and when they decided so; (False, None) if they never did."""
    row = session.get(MemberRow, member, populate_existing=True)
    return (False, None) if row is None else (row.training_opt_in, row.training_decided_at)


def stale_memberships(session: Session, before: datetime, limit: int) -> tuple[Membership, ...]:
    """Return up to `limit` memberships that were not checked since, the longest unchecked first.

    Those who left are among them: who has come back is not forgotten, whether they ask for anything again or not.
    """
    query = select(MembershipRow).where(MembershipRow.checked_at < before)
    query = query.order_by(MembershipRow.checked_at, MembershipRow.member).limit(limit)
    return tuple(Membership(row.member, row.server, row.checked_at) for row in session.scalars(query))


def mark_checked(session: Session, member: str, server: str, now: datetime, there: bool | None) -> None:
    """Write down what Discord said about a membership, None for nothing; the first time that a member was gone counts."""
    left_at = None if there else func.coalesce(MembershipRow.left_at, now) if there is False else MembershipRow.left_at
    one = (MembershipRow.member == member, MembershipRow.server == server)
    session.execute(update(MembershipRow).where(*one).values(checked_at=now, left_at=left_at))


def forget_absent(session: Session, now: datetime, after: timedelta) -> int:
    """Forget the members who have been gone from every server for this long; return how many.

    A member who also asked for songs in direct messages is not absent.
    """
    elsewhere = aliased(MembershipRow)
    still = or_(elsewhere.left_at.is_(None), elsewhere.left_at > now - after)
    anywhere = select(elsewhere.member).where(elsewhere.member == MembershipRow.member, still).exists()
    direct = _in_direct_messages().where(JobRow.requested_by == MembershipRow.member).exists()
    gone = select(MembershipRow.member).distinct().where(MembershipRow.left_at <= now - after, ~anywhere, ~direct)
    absent = session.scalars(gone.order_by(MembershipRow.member)).all()
    for member in absent:
        privacy.forget(session, member)
    return len(absent)


def has_place(session: Session, member: str) -> bool:
    """Return whether a member is known from some server or from direct messages."""
    somewhere = select(MembershipRow.member).where(MembershipRow.member == member).limit(1)
    direct = _in_direct_messages().where(JobRow.requested_by == member).limit(1)
    return session.scalar(somewhere) is not None or session.scalar(direct) is not None


def training_songs(session: Session) -> tuple[str, ...]:
    """Return the ids of the songs that may be trained on, the oldest first: the only door to them for training."""
    query = select(SongRow.id).join(JobRow, SongRow.job_id == JobRow.id).where(_opted_in(JobRow.requested_by))
    return tuple(session.scalars(query.order_by(SongRow.created_at, SongRow.id)))


def training_ratings(session: Session) -> tuple[tuple[str, int], ...]:
    """Return (song id, stars) of the ratings that may be trained on: song and rating both from people who agreed."""
    query = select(RatingRow.song_id, RatingRow.stars).where(
        _opted_in(RatingRow.rater), RatingRow.song_id.in_(training_songs(session))
    )
    return tuple((song_id, stars) for song_id, stars in session.execute(query.order_by(RatingRow.song_id)))


def _add(session: Session, member: str, now: datetime, changes: dict[str, Any]) -> None:
    wait_for_turn(session, member)
    new = {"id": member, "training_opt_in": False, "training_decided_at": None, "created_at": now}
    upsert(session, MemberRow, new | changes, changes=changes)


def _in_direct_messages() -> Any:
    return select(JobRow.requested_by).where(JobRow.server.is_(None), JobRow.requested_by.is_not(None))


def _opted_in(column: Any) -> ColumnElement[bool]:
    agreed: ColumnElement[bool] = column.in_(select(MemberRow.id).where(MemberRow.training_opt_in.is_(True)))
    return agreed
