"""How Alembic reaches the database: a connection handed in by worker.store.database, or one of its own for the
`alembic` command. Knows nothing of what the migrations do.
"""

from __future__ import annotations

import os

from alembic import context
from sqlalchemy import Connection

from worker.settings import Settings
from worker.store.database import make_engine
from worker.store.tables import Base


def run(connection: Connection) -> None:
    """Run the migrations on this connection, in the transaction that is open or in one of their own."""
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        transactional_ddl=True,  # true of both databases, SQLite's because our engine begins by hand
        render_as_batch=connection.dialect.name == "sqlite",  # SQLite alters a table by copying it
        compare_server_default=True,
    )
    with context.begin_transaction():
        context.run_migrations()


def run_on_own_connection() -> None:
    """Serve the `alembic` command on the database that the environment names."""
    url = context.config.attributes.get("url")
    database_url = (
        url.render_as_string(hide_password=False) if url else Settings.from_environment(os.environ).database_url
    )
    engine = make_engine(database_url)
    try:
        with engine.execution_options(sqlite_begin="IMMEDIATE").connect() as connection:
            run(connection)
    finally:
        engine.dispose()


if context.is_offline_mode():
    raise SystemExit("migrations are run on a database, not printed as SQL; leave out --sql")
if (handed_in := context.config.attributes.get("connection")) is not None:
    run(handed_in)
else:
    run_on_own_connection()
