"""Insert a row, or change the one that has its key: one statement on either database. Knows nothing of the tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import inspect
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from worker.store.tables import Base


def upsert(session: Session, table: type[Base], values: Mapping[str, Any], *, changes: Mapping[str, Any]) -> None:
    """Insert these values; where the primary key is taken, make these changes to the row instead.

    The row is locked until the transaction ends, even where the changes change nothing.
    """
    # Both databases know ON CONFLICT in the same words, each through a class of its own.
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    keys = [column.name for column in inspect(table).primary_key]
    row = insert(table).values(values)
    session.execute(row.on_conflict_do_update(index_elements=keys, set_=dict(changes)))
