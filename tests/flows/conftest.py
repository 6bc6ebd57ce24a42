"""Crews on every pair of broker and database. Knows nothing of what is tested with them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flows.crew import Crew, crew
from worker.store.database import Store

BROKERS = {"rabbitmq": "rabbitmq_queue", "redis": "redis_queue", "filesystem": "filesystem_folder_queue"}
DATABASES = {"postgresql": "postgres_store", "sqlite": "sqlite_store"}


@pytest.fixture(params=list(DATABASES))
def database_url(request: pytest.FixtureRequest) -> str:
    """Return the URL of an empty store, once on each database."""
    store: Store = request.getfixturevalue(DATABASES[request.param])
    return store.engine.url.render_as_string(hide_password=False)


@pytest.fixture(params=list(BROKERS))
def broker_url(request: pytest.FixtureRequest) -> str:
    """Return the URL of an empty queue, once on each broker."""
    url: str = request.getfixturevalue(BROKERS[request.param])
    return url


@pytest.fixture(params=[*BROKERS, "none"])
def broker_url_or_none(request: pytest.FixtureRequest) -> str | None:
    """Return the URL of an empty queue, once on each broker, and once None: workers poll."""
    return None if request.param == "none" else request.getfixturevalue(BROKERS[request.param])


@pytest.fixture
def pair(database_url: str, broker_url_or_none: str | None, tmp_path: Path) -> Iterator[Crew]:
    """Return a crew on each pair that sweeps at its start and then not again: it lives by the ring, or by polling."""
    with crew(database_url, broker_url_or_none, tmp_path, sweep_seconds=3600.0) as workers:
        yield workers
