"""The connection to SQLite or PostgreSQL: reading, writing, and bringing the tables up to date.

Knows nothing of jobs or songs, only that there are tables and migrations of them.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL, Connection, Engine, ExceptionContext, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from sqlalchemy.orm import Session, sessionmaker

from worker.store import erasing, sqlite_connection
from worker.store.artifact_files import ArtifactFiles, doomed_folders
from worker.store.store_error import StoreError

if TYPE_CHECKING:
    from alembic.config import Config

log = logging.getLogger(__name__)

HEAD_REVISION = "0006"  # the newest migration; a test compares it with the scripts
CONNECT_TIMEOUT_SECONDS = 10
# A server that is gone without a word (its machine lost power) is noticed after half a minute, not after two hours.
_POSTGRESQL_OPTIONS: dict[str, Any] = {
    "connect_timeout": CONNECT_TIMEOUT_SECONDS,
    "keepalives_idle": 10,  # seconds
    "keepalives_interval": 5,  # seconds
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,  # milliseconds
}
# Beside the package rather than by import: a bot that loads the plugin may have a `migrations` package of its own.
MIGRATIONS_DIRECTORY = Path(__file__).resolve().parents[2] / "migrations"
_UPGRADE_LOCK = 0x50A6_3218  # any number, as long as every Songwright process uses this one


class Store:
    """An open database whose tables are up to date. Safe to share between threads, not across a fork.

    files: where files of songs lie that are not in the database.
    """

    def __init__(self, engine: Engine, files: ArtifactFiles | None = None) -> None:
        self.engine, self.files = engine, files or ArtifactFiles()
        told = {"files": self.files}  # sessions carry it to whoever reads or deletes files
        self._read = sessionmaker(engine, expire_on_commit=False, info=told)
        # SQLite gives the write lock at the start or not at all: a reader that turns writer can fail at once.
        immediate = engine.execution_options(sqlite_begin="IMMEDIATE")
        self._write = sessionmaker(immediate, expire_on_commit=False, info=told)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Open a session for looking; what it changes is thrown away."""
        with _faults_as_sentences(self.engine.url), self._read() as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """Open one write transaction: committed whole at the end, or not at all. Then files of deleted songs go too."""
        with _faults_as_sentences(self.engine.url), self._write.begin() as session:
            yield session
        if doomed := doomed_folders(session):
            self.files.remove(doomed)

    def erase_traces(self) -> bool:
        """See to it that what was deleted is not left in SQLite's files; return False, with a warning, if it may be.

        To be called after a deletion that somebody has a right to, see `worker.store.erasing`. PostgreSQL does this by
        itself, in its own time.
        """
        return self._maintain(erasing.write_anew)

    def empty_log(self) -> bool:
        """See to it that what was deleted is not left in SQLite's write-ahead log; at once. False as in `erase_traces`."""
        return self._maintain(erasing.empty_log)

    def _maintain(self, work: Callable[[Any], bool]) -> bool:
        if self.engine.dialect.name != "sqlite":
            return True
        with _faults_as_sentences(self.engine.url):
            connection = self.engine.raw_connection()  # outside of any transaction, where this work belongs
        try:
            done = work(connection.driver_connection)
        finally:
            connection.close()
        if not done:
            log.warning("what was deleted may still be in the free space of %s", _shown(self.engine.url))
        return done

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


def open_store(database_url: str, artifacts_url: str | None = None) -> Store:
    """Open the database and bring its tables up to date; makes the SQLite file and its folder if need be.

    artifacts_url: where files of songs are written and read; None: in the database. See store.artifact_places.
    """
    files = ArtifactFiles.at(artifacts_url)
    engine = make_engine(database_url)
    try:
        _upgrade(engine)
    except BaseException:
        engine.dispose()
        raise
    return Store(engine, files)


def upgrade(database_url: str) -> None:
    """Bring the tables up to date and close again; any number of processes may do so at once."""
    open_store(database_url).close()


def current_revision(database_url: str) -> str | None:
    """Return the revision of the tables, None where there are none yet; nothing is made or changed."""
    url = parse_url(database_url)
    if url.get_backend_name() == "sqlite" and not Path(str(url.database)).exists():
        return None
    engine = make_engine(database_url)
    try:
        with _faults_as_sentences(engine.url):
            return _revision(engine)
    finally:
        engine.dispose()


def shown_url(database_url: str) -> str:
    """Return the database as it may be shown: a path, or a URL without its password."""
    return _shown(parse_url(database_url))


def make_engine(database_url: str) -> Engine:
    """Return an engine for a SQLite file or PostgreSQL with psycopg 3; nothing is connected yet.

    Its errors do not quote what was to be written: they are logged, and tokens and members do not belong there.
    """
    url = parse_url(database_url)
    if url.get_backend_name() == "postgresql":
        if find_spec("psycopg") is None:
            raise StoreError("PostgreSQL needs the Python package psycopg; install songwright[postgres] or use SQLite")
        engine = create_engine(url, pool_pre_ping=True, hide_parameters=True, connect_args=_POSTGRESQL_OPTIONS)
        event.listen(engine, "handle_error", _hide_row)
        return engine
    _make_folder(Path(str(url.database)).parent)
    engine = create_engine(url, hide_parameters=True, connect_args={"timeout": sqlite_connection.BUSY_TIMEOUT_SECONDS})
    event.listen(engine, "connect", sqlite_connection.prepare_connection)
    event.listen(engine, "begin", sqlite_connection.begin_transaction)
    return engine


def parse_url(database_url: str) -> URL:
    """Return the URL with its driver named; refuse what is neither a SQLite file nor PostgreSQL."""
    try:
        url = make_url(database_url)
    except ArgumentError as error:
        raise StoreError(
            "the database URL cannot be read; "
            "it looks like sqlite:////folder/file.sqlite3 or postgresql://user@host/name"
        ) from error
    if url.drivername in ("postgres", "postgresql"):
        return url.set(drivername="postgresql+psycopg")
    if url.drivername in ("sqlite", "sqlite+pysqlite") and url.database in (None, "", ":memory:"):
        raise StoreError("the database must be a file, for a song must outlive the program; name one after sqlite:///")
    if url.drivername not in ("sqlite", "sqlite+pysqlite", "postgresql+psycopg"):
        raise StoreError(f"the database must be sqlite or postgresql, got {url.drivername}")
    return url


def alembic_config(engine: Engine | None = None) -> Config:
    """Return Alembic's configuration for the migrations that belong to this code. Imports Alembic."""
    from alembic.config import Config

    config = Config(stdout=sys.stdout)  # its default is whatever standard output was when Alembic was first imported
    config.set_main_option("script_location", str(MIGRATIONS_DIRECTORY).replace("%", "%%"))
    if engine is not None:
        config.attributes["url"] = engine.url
    return config


def _upgrade(engine: Engine) -> None:
    """Run the missing migrations in one transaction, one process after the other."""
    with _faults_as_sentences(engine.url):
        if _revision(engine) == HEAD_REVISION:  # importing Alembic takes longer than the question
            return
        with engine.execution_options(sqlite_begin="IMMEDIATE").begin() as connection:
            if engine.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _UPGRADE_LOCK})
            _run_migrations(engine, connection)


def _run_migrations(engine: Engine, connection: Connection) -> None:
    from alembic import command
    from alembic.util import CommandError

    config = alembic_config(engine)
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise StoreError(
            f"the tables in {_shown(engine.url)} were made by a newer Songwright; "
            "update this one or use another database"
        ) from error


def _revision(engine: Engine) -> str | None:
    """Return the revision of the tables, None where there are none."""
    with engine.connect() as connection:
        try:
            revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
            return revision
        except ProgrammingError:  # PostgreSQL: no such table
            return None
        except OperationalError as error:
            if "no such table" in str(error.orig):
                return None
            raise


def _hide_row(context: ExceptionContext) -> None:
    """Keep the first line of what PostgreSQL says; the others quote the row or the parameters."""
    said, wrapped = context.original_exception, context.sqlalchemy_exception
    if getattr(getattr(said, "diag", None), "message_primary", None):
        whole, first_line = str(said), str(said).partition("\n")[0]
        said.args = (first_line,)
        if wrapped is not None:
            wrapped.args = tuple(str(text).replace(whole, first_line) for text in wrapped.args)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"the folder {folder} for songs cannot be made ({error.strerror}); "
            "set SONGWRIGHT_DATABASE_URL to another place"
        ) from error


# What SQLite and the network say, and what a host is told. Anything else is a bug and stays as it is.
_LASTING_FAULTS = {
    "disk is full": "the disk that holds {where} is full; make room and start again, nothing is lost",
    "disk I/O error": "the disk that holds {where} cannot be read or written; see to the disk and start again",
    "readonly": "{where} cannot be written; change its permissions or set SONGWRIGHT_DATABASE_URL to another place",
    "unable to open": "{where} cannot be opened; check the folder or set SONGWRIGHT_DATABASE_URL to another place",
    "not a database": "{where} is not a SQLite database; set SONGWRIGHT_DATABASE_URL to another file",
    "No space left": "the disk that holds {where} is full; make room and start again, nothing is lost",
}
_REFUSED = "the database {where} refuses the connection; check the user, password and name in SONGWRIGHT_DATABASE_URL"
_PASSING_FAULTS = {
    "database is locked": "{where} has been busy for too long; end other programs that use it and start again",
    "deadlock detected": "two programs were in each other's way in {where}; try again, nothing is lost",
    'FATAL:  database "': _REFUSED,  # it is not there
    'FATAL:  role "': _REFUSED,
    "FATAL:  password": _REFUSED,
    "no password supplied": _REFUSED,
    "connection failed": "the database {where} does not answer; start it, or check SONGWRIGHT_DATABASE_URL",
}
_CONNECTION_LOST = "the connection to the database {where} broke; see whether it runs and start again"


@contextmanager
def _faults_as_sentences(url: URL) -> Iterator[None]:
    """Turn the faults that a host can mend into a StoreError with the way out."""
    try:
        yield
    except NoConnectionFree as error:  # all of the pool's wait for a database that does not answer
        sentence = _PASSING_FAULTS["connection failed"]
        raise StoreError(sentence.format(where=_shown(url)), passing=True, names_place=True) from error
    except DBAPIError as error:
        said = str(error.orig)
        for faults, passing in ((_LASTING_FAULTS, False), (_PASSING_FAULTS, True)):
            for mark, sentence in faults.items():
                if mark in said:
                    raise StoreError(sentence.format(where=_shown(url)), passing=passing, names_place=True) from error
        if error.connection_invalidated:
            raise StoreError(_CONNECTION_LOST.format(where=_shown(url)), passing=True, names_place=True) from error
        raise


def _shown(url: URL) -> str:
    """Return the database as it may be shown: a path, or a URL without its password."""
    return str(url.database) if url.get_backend_name() == "sqlite" else url.render_as_string(hide_password=True)
