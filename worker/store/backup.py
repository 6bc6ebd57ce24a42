"""One file that holds the whole database, made while others write; and a database made again from such a file.

Knows nothing of what is in the tables, but that what was open when the backup was made may be done by now. Files of
songs outside the database are not in it.
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import URL, Engine, func, inspect, select, text
from sqlalchemy.exc import SQLAlchemyError

from worker.store import deliveries, postgres_dump
from worker.store.database import alembic_config, current_revision, make_engine, open_store, parse_url, shown_url
from worker.store.store_error import StoreError
from worker.store.tables import ArtifactRow, Base, JobRow, WorkerRow

SQLITE_MARK = b"SQLite format 3\x00"
AT_WORK = timedelta(seconds=60)  # a worker that was seen since then is taken to be at work


@dataclass(frozen=True)
class Backup:
    """A finished backup. files_outside: how many files of songs it names that lie elsewhere."""

    file: Path
    size_bytes: int
    files_outside: int


@dataclass(frozen=True)
class Restored:
    """A database made again. unfinished: jobs that will run now; closed: deliveries that will not be brought."""

    jobs: int
    unfinished: int
    closed: int
    files_outside: int


def back_up(database_url: str, file: Path) -> Backup:
    """Write the database as it is at this moment into a new file; others read and write meanwhile.

    The file appears under its name when it is whole, readable by this user only. StoreError if it is there already.
    """
    if file.exists():
        raise StoreError(f"{file} is there already; name a new file for the backup")
    if current_revision(database_url) is None:
        raise StoreError(f"there is no database at {shown_url(database_url)} yet, so there is nothing to back up")
    engine = make_engine(database_url)
    try:
        with _written_whole(file) as part:
            if engine.dialect.name == "sqlite":
                _copy_sqlite(engine, part)
            else:
                postgres_dump.dump(engine.url, part)
        with engine.connect() as connection:
            outside = select(func.count()).select_from(ArtifactRow).where(ArtifactRow.location.is_not(None))
            return Backup(file, file.stat().st_size, connection.scalar(outside) or 0)
    finally:
        engine.dispose()


def restore(
    database_url: str, file: Path, *, now: datetime, replace: bool = False, bring_open: bool = False
) -> Restored:
    """Make the database as it was in a backup and bring its tables up to date, all or (but for the latter) nothing.

    replace: in place of what is there. bring_open: nothing was done since the backup (a move to another machine), so
    what was not brought then is brought now; otherwise members find it in their history, for it may have been brought.
    """
    url = parse_url(database_url)
    revision = _verified(url, file)
    if revision not in _known_revisions():
        raise StoreError(f"{file} was made by a newer Songwright; update this one first")
    if url.get_backend_name() == "postgresql" or Path(str(url.database)).exists():
        _refuse_what_is_in_use(database_url, now, replace)
    engine = make_engine(database_url)
    try:
        if engine.dialect.name == "sqlite":
            _copy_into_sqlite(engine, file)
        else:
            postgres_dump.load(engine.url, file)
    finally:
        engine.dispose()
    return _put_in_order(database_url, now, bring_open)


@contextmanager
def _written_whole(file: Path) -> Iterator[Path]:
    """Give an empty file to write into, which gets its name when it is full and safe on the disk."""
    try:
        descriptor, name = tempfile.mkstemp(prefix=file.name, suffix=".part", dir=file.parent)
    except OSError as error:
        raise StoreError(f"the backup cannot be written ({error.strerror}); name a place that is there") from error
    part = Path(name)
    try:
        yield part
        os.fsync(descriptor)
        part.rename(file)
    finally:
        os.close(descriptor)
        part.unlink(missing_ok=True)


def _copy_sqlite(engine: Engine, part: Path) -> None:
    """Copy without the free pages, so that what was deleted is not in the backup either."""
    connection = engine.raw_connection()  # outside of any transaction
    try:
        connection.driver_connection.execute("VACUUM INTO ?", (str(part),))  # type: ignore[union-attr]
    except sqlite3.Error as error:
        raise StoreError(f"the backup cannot be written ({error}); make room or name another place") from error
    finally:
        connection.close()
    _verify_sqlite(part)


def _copy_into_sqlite(engine: Engine, file: Path) -> None:
    """Copy page by page in one transaction: other processes see the old database or the new one."""
    connection = engine.raw_connection()
    try:
        with closing(_read_only(file)) as source:
            source.backup(connection.driver_connection)  # type: ignore[arg-type]
    except sqlite3.Error as error:
        raise StoreError(
            f"the backup cannot be put in place ({error}); stop whatever uses the database, see to the disk, try again"
        ) from error
    finally:
        connection.close()


def _verified(url: URL, file: Path) -> str | None:
    """Return the revision of a backup that is whole and fits the database."""
    try:
        with file.open("rb") as opened:
            mark = opened.read(len(SQLITE_MARK))
    except OSError as error:
        raise StoreError(f"the backup {file} cannot be read ({error.strerror}); name the file of a backup") from error
    is_dump = mark.startswith(postgres_dump.MARK)
    if mark != SQLITE_MARK and not is_dump:
        raise StoreError(f"{file} is no backup of a Songwright database, or it is cut off")
    if is_dump != (url.get_backend_name() == "postgresql"):
        made_from, into = ("PostgreSQL", "SQLite") if is_dump else ("SQLite", "PostgreSQL")
        raise StoreError(f"{file} is a backup of {made_from} and cannot be restored into {into}; set another database")
    return postgres_dump.verified_revision(file) if is_dump else _verify_sqlite(file)


def _verify_sqlite(file: Path) -> str | None:
    """Return the revision; StoreError if anything in the file is damaged."""
    try:
        with closing(_read_only(file)) as connection:
            found = connection.execute("PRAGMA integrity_check").fetchone()[0]
            if found != "ok" or connection.execute("PRAGMA foreign_key_check").fetchone() is not None:
                raise StoreError(f"{file} is damaged; restore an earlier backup")
            revision: str | None = connection.execute("SELECT version_num FROM alembic_version").fetchone()[0]
            return revision
    except (sqlite3.Error, TypeError) as error:
        raise StoreError(f"{file} is damaged or no backup of Songwright; restore an earlier backup") from error


def _read_only(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{quote(str(file.resolve()))}?mode=ro&immutable=1", uri=True)


def _known_revisions() -> frozenset[str]:
    from alembic.script import ScriptDirectory

    scripts = ScriptDirectory.from_config(alembic_config())
    return frozenset(script.revision for script in scripts.walk_revisions())


def _refuse_what_is_in_use(database_url: str, now: datetime, replace: bool) -> None:
    """Raise StoreError unless the database may be overwritten."""
    engine, shown = make_engine(database_url), shown_url(database_url)
    try:
        with engine.connect() as connection:
            names = set(inspect(connection).get_table_names())
            ours = {table.name for table in Base.metadata.sorted_tables}
            if engine.dialect.name == "sqlite" and names and "alembic_version" not in names:
                raise StoreError(f"{shown} belongs to another program; name another database")
            filled = [
                table.name
                for table in Base.metadata.sorted_tables
                if table.name in names & ours and connection.scalar(select(text("1")).select_from(table).limit(1))
            ]
            if filled and not replace:
                raise StoreError(
                    f"{shown} is not empty; name an empty database, or say --replace to lose what is in it"
                )
            if "workers" in names:
                seen = connection.scalar(select(func.max(WorkerRow.seen_at)))
                if seen is not None and now - seen < AT_WORK:
                    raise StoreError(
                        f"a worker is at work in {shown}; stop bot and workers, and try again a minute later"
                    )
    except SQLAlchemyError as error:
        raise StoreError(f"{shown} cannot be read; see whether it runs and whether it is a database") from error
    finally:
        engine.dispose()


def _put_in_order(database_url: str, now: datetime, bring_open: bool) -> Restored:
    """Bring the tables up to date and end what must not be done twice; leases and tokens end by their own time."""
    store = open_store(database_url)
    try:
        with store.writing() as session:
            closed = 0 if bring_open else deliveries.close_all(session, "restored from a backup", now)
            unfinished = JobRow.status.in_(("queued", "running"))
            return Restored(
                jobs=session.scalar(select(func.count()).select_from(JobRow)) or 0,
                unfinished=session.scalar(select(func.count()).select_from(JobRow).where(unfinished)) or 0,
                closed=closed,
                files_outside=session.scalar(
                    select(func.count()).select_from(ArtifactRow).where(ArtifactRow.location.is_not(None))
                )
                or 0,
            )
    finally:
        store.close()
