"""Setting up connections to SQLite: transactions, foreign keys, the write-ahead log. Knows nothing of the tables."""

from __future__ import annotations

import sqlite3
import time
from typing import Any

from sqlalchemy import Connection

BUSY_TIMEOUT_SECONDS = 30.0


def prepare_connection(connection: Any, _record: object) -> None:
    """Set up a fresh SQLite connection: our own BEGIN, foreign keys, a log that readers do not wait for."""
    connection.isolation_level = None  # the driver's own BEGIN comes too late, see Store
    connection.execute("PRAGMA foreign_keys = ON")
    if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        _switch_to_wal(connection)
    connection.execute("PRAGMA synchronous = FULL")  # a job that was promised outlives a power cut
    connection.execute("PRAGMA secure_delete = ON")  # who has their songs deleted has them deleted from the file
    # SQLite's own knows the letters of English only, and people search for "über" too.
    connection.create_function("lower", 1, _lower, deterministic=True)


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


def _switch_to_wal(connection: Any) -> None:
    # The switch does not wait for other processes that do the same at this moment, so wait here.
    until = time.monotonic() + BUSY_TIMEOUT_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.02)


def begin_transaction(connection: Connection) -> None:
    """Say BEGIN in the way that the engine's options name; deferred, where they name none."""
    mode = connection.get_execution_options().get("sqlite_begin", "DEFERRED")
    connection.exec_driver_sql(f"BEGIN {mode}")
