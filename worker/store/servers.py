"""Servers: their settings, their figures, and forgetting those that sent the bot away.

Knows nothing of who may change a setting.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, func, select, text, update
from sqlalchemy.orm import Session

from engine.errors import RequestError
from worker.store import members, privacy, server_versions
from worker.store.deletion import delete_jobs
from worker.store.server_settings import ServerSettings
from worker.store.tables import DeliveryRow, JobRow, ListingRow, MembershipRow, ServerRow, UseRow
from worker.store.turns import FORGETTING, wait_for_turn
from worker.store.upsert import upsert

USUAL_WEIGHT = 1.0
WEIGHT_RANGE = (0.1, 10.0)


def settings(session: Session, server: str | None) -> ServerSettings:
    """Return the settings of a server; the defaults for one that has none and in direct messages (None)."""
    row = None if server is None else session.get(ServerRow, server, populate_existing=True)
    return ServerSettings() if row is None else ServerSettings.model_validate(row.settings)


def all_settings(session: Session) -> dict[str, ServerSettings]:
    """Return the settings of every server that has some, by its id."""
    rows = session.execute(select(ServerRow.id, ServerRow.settings))
    return {server: ServerSettings.model_validate(stored) for server, stored in rows}


def change(session: Session, server: str, settings: ServerSettings, now: datetime) -> None:
    """Write the settings of a server, over the earlier ones."""
    stored = settings.model_dump(mode="json")
    upsert(
        session, ServerRow, _new(server, now) | {"settings": stored}, changes={"settings": stored, "updated_at": now}
    )


def weight(session: Session, server: str | None) -> float:
    """Return the weight of a server, see `fair_queue`: 1 for an unknown one and in direct messages (None)."""
    known = None if server is None else session.scalar(select(ServerRow.weight).where(ServerRow.id == server))
    return USUAL_WEIGHT if known is None else known


def set_weight(session: Session, server: str, weight: float, now: datetime) -> None:
    """Write how much more often than others the members of a server come to their turn, for what they ask from now on.

    weight: 0.1-10, 1 is usual; RequestError otherwise.
    """
    least, most = WEIGHT_RANGE
    if not least <= weight <= most:
        raise RequestError(
            f"the weight of a server must be {least:g}-{most:g}, got {weight:g}; 1 is usual, 2 brings its members on twice as often"
        )
    upsert(session, ServerRow, _new(server, now) | {"weight": weight}, changes={"weight": weight})


def removed(session: Session, server: str, now: datetime) -> None:
    """Write down that the server sent the bot away."""
    row = session.get(ServerRow, server)
    if row is None or row.removed_at is None:
        upsert(session, ServerRow, _new(server, now) | {"removed_at": now}, changes={"removed_at": now})


def returned(session: Session, server: str) -> None:
    """Write down that the bot is in the server (again): nothing of it is forgotten."""
    session.execute(update(ServerRow).where(ServerRow.id == server).values(removed_at=None))


def forget_removed(session: Session, now: datetime, after: timedelta) -> int:
    """Forget the servers that sent the bot away this long ago, and the members who are in no other; return how many."""
    gone = session.scalars(select(ServerRow.id).where(ServerRow.removed_at <= now - after)).all()
    for server in gone:
        _forget(session, server)
    return len(gone)


def statistics(session: Session, server: str, now: datetime) -> dict[str, int]:
    """Return a server's figures: songs, members, ratings, waiting and running jobs, and songs asked for today (UTC)."""
    here, listed = JobRow.server == server, ListingRow.server == server
    votes = select(func.sum(ListingRow.votes)).where(listed, text("listings.votes > 0"))  # as the index says it
    today = (UseRow.server == server, UseRow.day == now.astimezone(UTC).date().isoformat())
    return {
        "songs": _count(session, listed),
        "members": _count(session, MembershipRow.server == server, MembershipRow.left_at.is_(None)),
        "ratings": _number(session, votes),
        "waiting": _count(session, here, JobRow.status == "queued"),
        "running": _count(session, here, JobRow.status == "running"),
        "today": _number(session, select(func.coalesce(func.sum(UseRow.count), 0)).where(*today)),
    }


def _new(server: str, now: datetime) -> dict[str, object]:
    stored = ServerSettings().model_dump(mode="json")
    return {"id": server, "settings": stored, "created_at": now, "updated_at": now, "removed_at": None}


def _forget(session: Session, server: str) -> None:
    wait_for_turn(session, FORGETTING)
    here = select(MembershipRow.member).where(MembershipRow.server == server)
    were_here = session.scalars(here.order_by(MembershipRow.member)).all()
    delete_jobs(session, JobRow.server == server)
    for of_server in (
        delete(DeliveryRow).where(DeliveryRow.server == server),
        delete(UseRow).where(UseRow.server == server),
        delete(MembershipRow).where(MembershipRow.server == server),
        delete(ServerRow).where(ServerRow.id == server),
    ):
        session.execute(of_server.execution_options(synchronize_session=False))
    server_versions.forget(session, server)
    for member in were_here:
        if not members.has_place(session, member):
            privacy.forget(session, member)


def _count(session: Session, *which: ColumnElement[bool]) -> int:
    return _number(session, select(func.count()).where(*which))


def _number(session: Session, query: Select[Any]) -> int:
    return int(session.scalar(query) or 0)
