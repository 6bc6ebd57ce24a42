"""Stores on both databases and a clock that the test winds. Knows nothing of what is tested with them."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import event, make_url

from engine.contract import SongRequest
from worker.store.database import Store, open_store, upgrade
from worker.store.tables import Base

POSTGRES = os.environ.get("SONGWRIGHT_TEST_POSTGRES", "postgresql+psycopg://postgres@127.0.0.1:5432/test")


class WoundClock:
    """Stands still until it is wound, but for a microsecond at every look: no two moments are equal."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        """Return the moment and pass on by a microsecond."""
        self.now += timedelta(microseconds=1)
        return self.now

    def wind(self, seconds: float) -> None:
        """Pass on by this many seconds."""
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> WoundClock:
    return WoundClock()


@pytest.fixture
def request_() -> SongRequest:
    return SongRequest(theme="rain over the harbour")


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'songs' / 'songwright.sqlite3'}"


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run the migrations once; every test has a copy of the file."""
    file = tmp_path_factory.mktemp("migrated") / "songwright.sqlite3"
    upgrade(f"sqlite:///{file}")
    return file


@pytest.fixture
def sqlite_store(sqlite_url: str, migrated_file: Path) -> Iterator[Store]:
    file = Path(sqlite_url.removeprefix("sqlite:///"))
    file.parent.mkdir()
    shutil.copy(migrated_file, file)
    opened = open_store(sqlite_url)
    event.listen(opened.engine, "connect", lambda driver, _record: driver.execute("PRAGMA synchronous = OFF"))
    opened.engine.dispose()
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """Make a database for this run on the server that answers, and drop it afterwards."""
    url = make_url(POSTGRES)
    name = f"songwright_test_{uuid.uuid4().hex[:12]}"
    server = url.set(drivername="postgresql").render_as_string(hide_password=False)
    try:
        connection = psycopg.connect(server, autocommit=True, connect_timeout=3)
    except psycopg.OperationalError:
        pytest.skip(f"no PostgreSQL answers at {url}; start one or set SONGWRIGHT_TEST_POSTGRES")
    with connection:
        connection.execute(f'CREATE DATABASE "{name}"'.encode())
        connection.execute(f'ALTER DATABASE "{name}" SET synchronous_commit = off'.encode())  # no test cuts the power
        yield url.set(database=name).render_as_string(hide_password=False)
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


@pytest.fixture(scope="session")
def postgres_store_of_run(postgres_url: str) -> Iterator[Store]:
    opened = open_store(postgres_url)
    yield opened
    opened.close()


@pytest.fixture
def postgres_store(postgres_store_of_run: Store) -> Store:
    """Return the run's store, emptied."""
    with postgres_store_of_run.writing() as session:
        for table in reversed(Base.metadata.sorted_tables):
            session.execute(table.delete())
    return postgres_store_of_run


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest) -> Store:
    """Return an empty store, once on each database."""
    fixture = {"sqlite": "sqlite_store", "postgresql": "postgres_store"}[request.param]
    opened: Store = request.getfixturevalue(fixture)
    return opened
