"""Waiting for something to become true while other tasks change it. Knows nothing of Discord."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar

from .world import NoResponse

T = TypeVar("T")


class Pulse:
    """Wakes those who wait, whenever something has changed."""

    def __init__(self) -> None:
        self._changed = asyncio.Event()

    def touch(self) -> None:
        """Let all who wait look again."""
        self._changed.set()
        self._changed = asyncio.Event()

    async def until(self, test: Callable[[], T | None], timeout_seconds: float, what: str) -> T:
        """Return the first true result of ``test``; raise NoResponse after the timeout."""
        end = time.monotonic() + timeout_seconds
        while not (result := test()):
            try:
                await asyncio.wait_for(self._changed.wait(), end - time.monotonic())
            except TimeoutError:
                raise NoResponse(f"no {what} within {timeout_seconds} s; the application did not respond") from None
        return result
