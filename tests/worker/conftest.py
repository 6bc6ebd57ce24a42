"""A clock that the test winds, and a request. The stores are in `tests.servers.fixtures`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from engine.contract import SongRequest


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
