"""How many songs a member may ask for: a day, and waiting at once. Knows nothing of roles or of who sets the limits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Literal

from sqlalchemy import delete, func, select, tuple_
from sqlalchemy.orm import Session

from engine.errors import RequestError
from worker.store.tables import JobRow, UseRow
from worker.store.turns import wait_for_turn
from worker.store.upsert import upsert

QuotaKind = Literal["day", "waiting", "none"]


class QuotaReached(RequestError):  # noqa: N818  # an event, not a mistake
    """A member has had all that is allowed. free_at: when there is more; None where it depends on other things.

    kind: "day" and "waiting" name the limit that was reached; "none": this member may ask for no songs at all.
    """

    def __init__(self, sentence: str, kind: QuotaKind, limit: int, free_at: datetime | None = None) -> None:
        super().__init__(sentence)
        self.kind = kind
        self.limit = limit
        self.free_at = free_at


def use(
    session: Session, member: str, server: str | None, now: datetime, *, per_day: int, waiting: int, songs: int = 1
) -> None:
    """Count songs that a member asks for, or raise QuotaReached; in the transaction that submits their jobs.

    per_day: for this server (or direct messages), 0 refuses everything. waiting: queued and running jobs anywhere; the
    two takes of a comparison may go over it by one where nothing else waits. Transactions of one member go one after
    the other, so no limit is overrun by asking twice at once.
    """
    if per_day <= 0:
        raise QuotaReached("you may not ask for songs here; ask those who manage this server", "none", 0)
    wait_for_turn(session, member)
    _count_waiting(session, member, waiting, songs)
    _count_day(session, member, server, now, per_day, songs)


def forget_old(session: Session, before: datetime, at_most: int | None = None) -> int:
    """Delete the counts of the days (UTC) before this moment's, or so many of them; return how many."""
    key = (UseRow.member, UseRow.server, UseRow.day)
    old = select(*key).where(UseRow.day < before.astimezone(UTC).date().isoformat()).limit(at_most)
    gone = delete(UseRow).where(tuple_(*key).in_(old)).returning(UseRow.day)
    return len(session.scalars(gone.execution_options(synchronize_session=False)).all())


def _count_waiting(session: Session, member: str, waiting: int, songs: int) -> None:
    unfinished = (JobRow.requested_by == member, JobRow.status.in_(("queued", "running")))
    there = session.scalar(select(func.count()).select_from(JobRow).where(*unfinished)) or 0
    if there + songs > max(waiting, songs):
        raise QuotaReached(
            f"you have {there} songs waiting and may have {waiting}; ask again when one of them is done, or cancel one",
            "waiting",
            waiting,
        )


def _count_day(session: Session, member: str, server: str | None, now: datetime, per_day: int, songs: int) -> None:
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    key = {"member": member, "server": server or "", "day": midnight.date().isoformat()}
    used = UseRow.count + songs
    upsert(session, UseRow, key | {"count": songs}, changes={"count": used})
    after = session.scalar(select(UseRow.count).filter_by(**key)) or 0
    if after > per_day:
        raise QuotaReached(
            f"you have asked for {after - songs} songs today and may have {per_day}; ask again after midnight (UTC)",
            "day",
            per_day,
            midnight + timedelta(days=1),
        )
