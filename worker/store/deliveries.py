"""Deliveries: the promise to bring results to one place in Discord, once. Knows nothing of how Discord is spoken to.

Several bot processes may serve one application. Whoever brings a result takes the delivery first and holds it for a
while; marking it delivered works only for the holder, so a result has one bringer, across restarts.

    open ──take──► open, held ──mark_delivered──► delivered        held, the hold has expired ──take──► held by another
                       ├──release─────────────► open
                       └──give_up─────────────► undeliverable: the result waits in the member's history
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.orm import Session

from worker.store.identifiers import new_id
from worker.store.tables import DeliveryJobRow, DeliveryRow, JobRow

Layout = Literal["song", "comparison"]
Rung = Literal["original", "edit", "channel", "direct", "history"]
DeliveryStatus = Literal["open", "delivered", "undeliverable"]


@dataclass(frozen=True)
class NewDelivery:
    """Where a result is to be brought. interaction_token: a secret; with it, and only with it, goes its expiry.

    private: only the member can see the message. reachable: whether the bot itself may write in the channel.
    note: a line above progress and result; emptied when the delivery ends, for it may quote the member.
    """

    application_id: str
    layout: Layout
    member: str
    server: str | None = None
    channel_id: str | None = None
    message_id: str | None = None
    interaction_token: str | None = field(default=None, repr=False)
    token_expires_at: datetime | None = None
    private: bool = False
    reachable: bool = True
    locale: str = "en-US"
    note: str = ""


@dataclass(frozen=True)
class Delivery:
    """A delivery as it was at one moment. job_ids: in the order of showing; empty if its songs were deleted."""

    id: str
    application_id: str
    layout: Layout
    member: str
    server: str | None
    channel_id: str | None
    message_id: str | None
    interaction_token: str | None = field(repr=False)
    token_expires_at: datetime | None
    private: bool
    reachable: bool
    locale: str
    note: str
    status: DeliveryStatus
    rung: Rung | None
    holder: str | None
    held_until: datetime | None
    attempts: int
    failure: str | None
    created_at: datetime
    delivered_at: datetime | None
    job_ids: tuple[str, ...]


def add(session: Session, new: NewDelivery, job_ids: Sequence[str], now: datetime) -> Delivery:
    """Write an open delivery of these jobs. IntegrityError if one of them has a delivery already."""
    values = {name: getattr(new, name) for name in NewDelivery.__dataclass_fields__}
    row = DeliveryRow(id=new_id(now), status="open", attempts=0, created_at=now, **values)
    session.add(row)
    session.flush()
    session.add_all(
        DeliveryJobRow(job_id=job_id, delivery_id=row.id, position=position) for position, job_id in enumerate(job_ids)
    )
    session.flush()
    return delivery_of(row, job_ids)


def set_message(session: Session, delivery_id: str, message_id: str, channel_id: str | None = None) -> None:
    """Write down which message shows the progress, and its channel if that has become known by it."""
    values = {"message_id": message_id} | ({} if channel_id is None else {"channel_id": channel_id})
    _change(session, [DeliveryRow.id == delivery_id], values)


def promised(session: Session, new: NewDelivery) -> Delivery | None:
    """Return the delivery that this application has of the same message already, None if there is none.

    Only where there is no interaction: Discord gives one message to every process, each interaction to one.
    """
    if new.message_id is None or new.interaction_token is not None:
        return None
    same = (DeliveryRow.application_id == new.application_id, DeliveryRow.message_id == new.message_id)
    return next(iter(_found(session, *same, DeliveryRow.member == new.member)), None)


def find(session: Session, delivery_id: str) -> Delivery | None:
    """Return the delivery as it is now, None if there is none."""
    return next(iter(_found(session, DeliveryRow.id == delivery_id)), None)


def servers(session: Session, application_id: str) -> tuple[str, ...]:
    """Return the servers in which an application was ever asked for something that is still stored."""
    mine = (DeliveryRow.application_id == application_id, DeliveryRow.server.is_not(None))
    return tuple(server for server in session.scalars(select(DeliveryRow.server).where(*mine).distinct()) if server)


def of_message(session: Session, message_id: str) -> Delivery | None:
    """Return the delivery that this message shows, None if there is none."""
    return next(iter(_found(session, DeliveryRow.message_id == message_id)), None)


def of_job(session: Session, job_id: str) -> Delivery | None:
    """Return the delivery that brings this job, None if there is none."""
    bringing = select(DeliveryJobRow.delivery_id).where(DeliveryJobRow.job_id == job_id)
    return next(iter(_found(session, DeliveryRow.id.in_(bringing))), None)


def take(session: Session, delivery_id: str, holder: str, now: datetime, hold_seconds: float) -> bool:
    """Hold an open delivery, or renew the own hold; False if another holds it or it has ended."""
    free = or_(DeliveryRow.holder.is_(None), DeliveryRow.holder == holder, DeliveryRow.held_until <= now)
    values = {
        "holder": holder,
        "held_until": now + timedelta(seconds=hold_seconds),
        "attempts": DeliveryRow.attempts + 1,
    }
    return _change(session, [DeliveryRow.id == delivery_id, DeliveryRow.status == "open", free], values)


def release(session: Session, delivery_id: str, holder: str, failure: str | None = None) -> bool:
    """Let go of a delivery that could not be brought now; False if it is not held by this holder."""
    values = _LET_GO | ({} if failure is None else {"failure": failure})
    return _change(session, _held(delivery_id, holder), values)


def mark_delivered(
    session: Session,
    delivery_id: str,
    holder: str,
    rung: Rung,
    channel_id: str | None,
    message_id: str | None,
    now: datetime,
) -> bool:
    """End a delivery as brought, with its jobs, and forget token and note; False, and nothing written, if it is not held.

    channel_id, message_id: where it was brought; None leaves what was known before.
    """
    place = {"channel_id": channel_id, "message_id": message_id}
    values = _ended("delivered", rung, now) | {name: text for name, text in place.items() if text is not None}
    if not _change(session, _held(delivery_id, holder), values):
        return False
    brought = select(DeliveryJobRow.job_id).where(DeliveryJobRow.delivery_id == delivery_id)
    jobs = update(JobRow).where(JobRow.id.in_(brought), JobRow.delivered_at.is_(None)).values(delivered_at=now)
    session.execute(jobs.execution_options(synchronize_session=False))
    return True


def give_up(session: Session, delivery_id: str, holder: str, failure: str, now: datetime) -> bool:
    """End a delivery that no step of the ladder could bring; the result stays in the history. False if not held."""
    return _change(session, _held(delivery_id, holder), _ended("undeliverable", "history", now) | {"failure": failure})


def close_all(session: Session, failure: str, now: datetime) -> int:
    """End every open delivery unbrought, whoever holds it; return how many. The results stay in the history."""
    values = _ended("undeliverable", "history", now) | {"failure": failure}
    closed = update(DeliveryRow).where(DeliveryRow.status == "open").values(values).returning(DeliveryRow.id)
    return len(session.scalars(closed.execution_options(synchronize_session=False)).all())


def let_lie(session: Session, delivery_id: str, now: datetime) -> bool:
    """End an open delivery that nobody has brought for very long, whoever holds it; False if it has ended."""
    open_one = [DeliveryRow.id == delivery_id, DeliveryRow.status == "open"]
    return _change(session, open_one, _ended("undeliverable", "history", now) | {"failure": "nobody brought it"})


def erase_expired_tokens(session: Session, now: datetime) -> int:
    """Erase the tokens with which nothing can be done any more; return how many."""
    expired = update(DeliveryRow).where(DeliveryRow.status == "open", DeliveryRow.token_expires_at <= now)
    erased = expired.values(**_NO_TOKEN).returning(DeliveryRow.id).execution_options(synchronize_session=False)
    return len(session.scalars(erased).all())


_NO_TOKEN: dict[str, Any] = {"interaction_token": None, "token_expires_at": None}
_LET_GO: dict[str, Any] = {"holder": None, "held_until": None}


def _ended(status: DeliveryStatus, rung: Rung, now: datetime) -> dict[str, Any]:
    # The note may quote what the member wrote; it is in the message now, and of no more use here.
    return {"status": status, "rung": rung, "delivered_at": now, "note": ""} | _NO_TOKEN | _LET_GO


def _held(delivery_id: str, holder: str) -> list[ColumnElement[bool]]:
    # A hold that has expired still counts until somebody else takes it: nobody has brought it meanwhile.
    return [DeliveryRow.id == delivery_id, DeliveryRow.status == "open", DeliveryRow.holder == holder]


def _change(session: Session, which: list[ColumnElement[bool]], values: dict[str, Any]) -> bool:
    change = update(DeliveryRow).where(*which).values(**values).returning(DeliveryRow.id)
    return session.scalar(change.execution_options(synchronize_session=False)) is not None


def _found(session: Session, *which: ColumnElement[bool]) -> tuple[Delivery, ...]:
    """Return the deliveries that these conditions choose, the oldest first, in two queries."""
    query = select(DeliveryRow).where(*which).order_by(DeliveryRow.created_at, DeliveryRow.id)
    rows = session.scalars(query.execution_options(populate_existing=True)).all()
    chosen = select(DeliveryJobRow).where(DeliveryJobRow.delivery_id.in_([row.id for row in rows]))
    job_ids: defaultdict[str, list[str]] = defaultdict(list)
    for place in session.scalars(chosen.order_by(DeliveryJobRow.position)):
        job_ids[place.delivery_id].append(place.job_id)
    return tuple(delivery_of(row, job_ids[row.id]) for row in rows)


def delivery_of(row: DeliveryRow, job_ids: Iterable[str]) -> Delivery:
    """Return the value of a row."""
    names = [name for name in Delivery.__dataclass_fields__ if name != "job_ids"]
    return Delivery(job_ids=tuple(job_ids), **{name: getattr(row, name) for name in names})
