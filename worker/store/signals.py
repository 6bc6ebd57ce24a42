"""Signals: what members did with a song that says something of it without stars. Knows nothing of buttons or training."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from sqlalchemy.orm import Session

from worker.store import songs
from worker.store.tables import SignalRow
from worker.store.upsert import upsert

SignalKind = Literal["take", "download"]


def mark(session: Session, member: str, song_id: str, kind: SignalKind, now: datetime) -> None:
    """Write that a member asked for another take after a song, or for a file of it; the first time counts."""
    songs.require(session, song_id)
    row = {"member": member, "song_id": song_id, "kind": kind, "created_at": now}
    upsert(session, SignalRow, row, changes={"member": member})
