"""Servers: their settings, their figures, and forgetting those that sent the bot away.

Knows nothing of who may change a setting.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, func, select, update
from sqlalchemy.orm import Session

from worker.store import members, privacy
from worker.store.deletion import delete_jobs
from worker.store.server_settings import ServerSettings
from worker.store.tables import DeliveryRow, JobRow, MembershipRow, RatingRow, ServerRow, SongRow, UseRow
from worker.store.upsert import upsert


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
    here = JobRow.server == server
    its_songs = select(SongRow.id).join(JobRow, SongRow.job_id == JobRow.id).where(here)
    today = (UseRow.server == server, UseRow.day == now.astimezone(UTC).date().isoformat())
    return {
        "songs": _number(session, select(func.count()).select_from(its_songs.subquery())),
        "members": _count(session, MembershipRow.server == server, MembershipRow.left_at.is_(None)),
        "ratings": _count(session, RatingRow.song_id.in_(its_songs)),
        "waiting": _count(session, here, JobRow.status == "queued"),
        "running": _count(session, here, JobRow.status == "running"),
        "today": _number(session, select(func.coalesce(func.sum(UseRow.count), 0)).where(*today)),
    }


def _new(server: str, now: datetime) -> dict[str, object]:
    stored = ServerSettings().model_dump(mode="json")
    return {"id": server, "settings": stored, "created_at": now, "updated_at": now, "removed_at": None}


def _forget(session: Session, server: str) -> None:
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
    for member in were_here:
        if not members.has_place(session, member):
            privacy.forget(session, member)


def _count(session: Session, *which: ColumnElement[bool]) -> int:
    return _number(session, select(func.count()).where(*which))


def _number(session: Session, query: Select[Any]) -> int:
    return int(session.scalar(query) or 0)
