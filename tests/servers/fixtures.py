"""Fixtures of real servers, and of stores and brokers on them. Knows nothing of what is tested with them.

Where a server can be neither found nor started, its tests skip on a developer's machine and fail where CI is set.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import event

from tests.servers.databases import filesystem_queue, fresh_database, fresh_queue
from tests.servers.kinds import POSTGRESQL, RABBITMQ, REDIS, Kind, NotToBeHad
from tests.servers.sharing import server
from worker.store.database import Store, open_store, upgrade
from worker.store.tables import Base


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that all processes of this test run share."""
    mine = tmp_path_factory.getbasetemp()
    return mine.parent if "PYTEST_XDIST_WORKER" in os.environ else mine


@pytest.fixture(scope="session")
def postgres(run_folder: Path) -> Iterator[str]:
    """Return the URL of a PostgreSQL server."""
    with required(POSTGRESQL, run_folder) as url:
        yield url


@pytest.fixture(scope="session")
def redis(run_folder: Path) -> Iterator[str]:
    """Return the URL of a Redis server."""
    with required(REDIS, run_folder) as url:
        yield url


@pytest.fixture(scope="session")
def rabbitmq(run_folder: Path) -> Iterator[str]:
    """Return the URL of a RabbitMQ server."""
    with required(RABBITMQ, run_folder) as url:
        yield url


@contextmanager
def required(kind: Kind, run_folder: Path) -> Iterator[str]:
    """Give the URL of a server; skip the test where there is none, or fail it where CI is set."""
    try:
        serving = server(kind, run_folder)
        url = serving.__enter__()
    except NotToBeHad as missing:
        if os.environ.get("CI", "") not in ("", "0", "false"):
            pytest.fail(str(missing))
        pytest.skip(str(missing))
    try:
        yield url
    finally:
        serving.__exit__(None, None, None)


@pytest.fixture
def redis_queue(redis: str) -> Iterator[str]:
    with fresh_queue(redis) as url:
        yield url


@pytest.fixture
def rabbitmq_queue(rabbitmq: str) -> Iterator[str]:
    with fresh_queue(rabbitmq) as url:
        yield url


@pytest.fixture
def filesystem_folder_queue(tmp_path: Path) -> str:
    return filesystem_queue(tmp_path / "broker")


@pytest.fixture(scope="session")
def postgres_url(postgres: str) -> Iterator[str]:
    """Make a database for this process of the run, and drop it afterwards."""
    with fresh_database(postgres) as url:
        yield url


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
