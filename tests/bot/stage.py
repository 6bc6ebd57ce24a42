"""A stage for journeys: a local Discord, the real bot on it, and a worker thread that sings echoes.

Everything between the member's client and the store is the real thing; only the songs are not.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from discord.ext import commands

from bot.app import SongwrightBot
from tests.discord_sandbox import Channel, Guild, Interaction, Message, Sandbox, User, running
from tests.worker.echo_song import EchoSong
from worker.client import Client
from worker.settings import Settings
from worker.store.database import Store, open_store
from worker.tasks import run_next_job

POLL_SECONDS = 0.02
EDITS_ITS_MESSAGE = 7  # the type of an answer that changes the message of the button


def finished(message: Message) -> bool:
    """Return whether a message shows a result with its files."""
    return bool(message.attachments)


@dataclass
class Stage:
    """A Discord with a server, a channel, two members and an owner, and what runs on it."""

    folder: Path
    sandbox: Sandbox
    generate: Any = field(default_factory=EchoSong)

    def __post_init__(self) -> None:
        self.url = f"sqlite:///{self.folder / 'songwright.sqlite3'}"
        self.settings = Settings.from_environment(
            {"SONGWRIGHT_DATABASE_URL": self.url, "XDG_DATA_HOME": str(self.folder)}
        )
        self.ada = self.sandbox.user("ada")
        self.bob = self.sandbox.user("bob")
        self.eve = self.sandbox.user("eve")  # whose server it is, so that she may use /admin
        self.guild: Guild = self.sandbox.guild("Band room", self.ada, self.bob, self.eve)
        self.guild.owner = self.eve
        self.room: Channel = self.guild.channel("songs")

    def client(self) -> Client:
        """Return a client of the same store, to look behind the scenes."""
        return Client(self.settings)

    @contextlib.asynccontextmanager
    async def bot(self, *, edit_seconds: float = 0.05) -> AsyncIterator[commands.Bot]:
        """Run the real bot; edits come fast unless told otherwise, for a test has no 2.5 seconds to lose."""
        bot = SongwrightBot(self.settings, connector=self.sandbox.connector(), edit_seconds=edit_seconds)
        async with running(bot, self.sandbox, "song", "privacy", "admin"):
            yield bot
            # Or discord.py says "ready" seconds later, on a bot that is closed by then.
            if ready := bot._connection._ready_task:
                ready.cancel()

    @contextlib.contextmanager
    def worker(self, generate: Any = None) -> Iterator[None]:
        """Run jobs in a thread until the end of the block; the job under way is finished first."""
        stop = threading.Event()
        store = open_store(self.url)
        thread = threading.Thread(target=_work, args=(store, generate or self.generate, self.settings, stop.is_set))
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()
            store.close()

    async def song(self, user: User | None = None, command: str = "/song", **options: Any) -> Interaction:
        """Send a command of a member and wait for the first answer."""
        reply = await self.sandbox.slash(user or self.ada, self.room, command, **options)
        await reply.ack()
        return reply

    async def finished_song(self, user: User | None = None, command: str = "/song", **options: Any) -> Message:
        """Ask for a song and wait until it is there."""
        reply = await self.song(user, command, **({"theme": "rain"} if command == "/song" else {}) | options)
        return await reply.final(until=finished)

    async def answer(self, user: User, command: str, /, **options: Any) -> Message:
        """Send a command and return its answer, once it no longer says "thinking"."""
        return await (await self.sandbox.slash(user, self.room, command, **options)).final()

    async def pressed(self, user: User, message: Message, button: str) -> Message:
        """Press a button and return the message that answers it, be it a new one or one that comes after an edit."""
        press = await self.sandbox.press(user, message, button)
        kind = await press.ack()
        return await (press.followup() if kind == EDITS_ITS_MESSAGE else press.final())


def _work(store: Store, generate: Any, settings: Settings, stopped: Callable[[], bool]) -> None:
    while not stopped():
        if run_next_job(store, generate, settings) is None:
            threading.Event().wait(POLL_SECONDS)


def play(folder: Path, scene: Callable[[Stage], Any], *, complaints: bool = False, **sandbox: Any) -> None:
    """Play a scene on a fresh stage; nothing that Discord would have refused may have happened."""

    async def perform() -> None:
        # Stages edit fifty times as often as the real bot, so Discord's fifty requests a second would be in the way.
        lifted: dict[str, Any] = {"rate_limits": {}, "requests_per_second": 1000}
        async with Sandbox(self_check=False, **lifted | sandbox) as discord:
            stage = Stage(folder, discord)
            await scene(stage)
            assert complaints or not discord.complaints, discord.complaints
        await asyncio.sleep(0.01)  # events that came at the very end are let through, or Python complains of them

    asyncio.run(perform())


def forge(message: Message, button: str, custom_id: str) -> None:
    """Give a button another custom id, as one that another version of the bot has sent."""
    part = message.find(button)
    part["custom_id"] = custom_id
