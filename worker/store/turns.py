"""Letting the acts of one member go one after the other. Knows nothing of what the acts are."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

_TURNS = 0x50A6_3219  # sets these locks apart from those that others take in the same database

FORGETTING = "forgetting"  # the turn of whoever deletes what many members have; ids of members are numbers


def wait_for_turn(session: Session, member: str) -> None:
    """Wait until no other transaction acts for this member; the turn ends with the transaction.

    There may be no row yet that could be locked, so on PostgreSQL it is an advisory lock. On SQLite a write transaction
    is alone anyway.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(member, _TURNS))))
