"""Which commands Discord has been sent, as a hash. Knows nothing of commands.

scope: "" for everywhere, or a server's id.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from worker.store.tables import SyncedCommandsRow
from worker.store.upsert import upsert


def stored_hash(session: Session, application_id: str, scope: str = "") -> str | None:
    """Return the hash of the commands that were sent last, None if none were."""
    one = (SyncedCommandsRow.application_id == application_id, SyncedCommandsRow.scope == scope)
    return session.scalar(select(SyncedCommandsRow.tree_hash).where(*one))


def store_hash(session: Session, application_id: str, scope: str, tree_hash: str, now: datetime) -> None:
    """Write down that the commands of this hash were sent."""
    sent = {"tree_hash": tree_hash, "synced_at": now}
    upsert(session, SyncedCommandsRow, {"application_id": application_id, "scope": scope, **sent}, changes=sent)
