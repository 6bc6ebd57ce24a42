"""Running a bot against the sandbox for the length of a test. Knows nothing of what the test is about."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Protocol

from .sandbox import Sandbox


class Bot(Protocol):
    """What discord.Client offers, as far as it is needed here."""

    async def start(self, token: str) -> None:
        """Log in and stay connected until closed."""

    async def close(self) -> None:
        """Disconnect."""


@contextlib.asynccontextmanager
async def running(bot: Bot, sandbox: Sandbox, *commands: str, timeout: float = 10) -> AsyncIterator[None]:
    """Run ``bot.start(token)``, wait until it is connected and has registered these commands, and close it in the end.

    An exception that ends the bot's task is raised at once, in the place where the test is waiting.
    """
    task = asyncio.create_task(bot.start(sandbox.token))
    test = asyncio.current_task()
    failed = False

    def interrupt(ended: asyncio.Task[None]) -> None:
        nonlocal failed
        if test and not ended.cancelled() and ended.exception():
            failed = True
            test.cancel()

    task.add_done_callback(interrupt)
    earlier = len(sandbox.events("gateway_ready"))
    try:
        # a bot that ran before may not have quite gone, so that "connected" alone would be said of the wrong one
        await sandbox.until(lambda: len(sandbox.events("gateway_ready")) > earlier, timeout, "bot that connects")
        await sandbox.ready(*commands, timeout=timeout)
        yield
    except asyncio.CancelledError:
        if not failed or test is None:
            raise
        test.uncancel()
        raise task.exception() or RuntimeError("the bot stopped") from None
    finally:
        task.remove_done_callback(interrupt)
        await bot.close()
        with contextlib.suppress(*([Exception] if failed else [])):
            await task
