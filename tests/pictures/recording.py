"""Records scenes: the real bot and a real worker with the starter models, on the local Discord. Draws nothing.

A recording is plain data: what readers had before them in certain moments, with the files beside it.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, asynccontextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

from bot.app import SongwrightBot
from tests.discord_sandbox import Channel, Interaction, Message, Sandbox, User, running, transcript
from worker.settings import hosting_settings

WAIT_SECONDS = 60
WORKER_READY = b"is ready"
RECORDED = "recorded.json"
# How long a slow computer works and rests: words are written in a second here, and a message changes every 2.5.
WORKS_SECONDS, RESTS_SECONDS = 0.05, 0.35
WISH = "another verse, about the stars"
# Which take of each request is shown: with the starter models that ship, these have words that make sense.
STARS_SEED, MOON_SEED, VERSE_SEED, SEA_SEED, TRAIN_SEED = 4, 7, 2, 13, 9


@dataclass(frozen=True)
class Moment:
    """What is before a reader. at: Unix time of it. entries: as `transcript` has them, oldest first."""

    at: float
    entries: list[dict[str, Any]]


@dataclass(frozen=True)
class Recording:
    """channel, people: names by id, as clients show them. names: of the commands in Chinese. moments: by name."""

    channel: str
    people: dict[str, str]
    names: dict[str, str]
    moments: dict[str, Moment] = field(default_factory=dict)


def write(recording: Recording, folder: Path) -> None:
    """Keep a recording beside its files."""
    text = json.dumps(asdict(recording), ensure_ascii=False, indent=1)
    (folder / RECORDED).write_text(text, encoding="utf-8")


def read(folder: Path) -> Recording:
    """Return the recording that `write` has kept in a folder."""
    kept = json.loads((folder / RECORDED).read_text(encoding="utf-8"))
    moments = {name: Moment(**moment) for name, moment in kept.pop("moments").items()}
    return Recording(**kept, moments=moments)


def record(folder: Path) -> Recording:
    """Play all scenes and return what was seen; the attachments are written into the folder."""
    return asyncio.run(_record(folder))


@dataclass
class _Stage:
    sandbox: Sandbox
    folder: Path
    worker: asyncio.subprocess.Process
    moments: dict[str, Moment] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.sandbox.bot.name = "songwright"
        self.ada, self.bob, self.cleo = (self.sandbox.user(name) for name in ("ada", "bob", "cleo"))
        self.ming = self.sandbox.user("小明", locale="zh-CN")
        members = (self.ada, self.bob, self.cleo, self.ming)
        self.room: Channel = self.sandbox.guild("Band room", *members).channel("songs")

    def keep(self, name: str, *messages: Message) -> None:
        """Keep what is before the readers of the channel now, of these messages only."""
        shown = [message.id for message in messages]
        entries = [entry for entry in transcript(self.room, self.folder) if entry["id"] in shown]
        self.moments[name] = Moment(time.time(), json.loads(json.dumps(entries)))

    async def ask(self, user: User, command: str, **options: Any) -> Interaction:
        reply = await self.sandbox.slash(user, self.room, command, **options)
        await reply.ack()
        return reply

    async def song(self, user: User, **options: Any) -> Message:
        """Ask for a song and wait for it."""
        reply = await self.ask(user, "/song", **options)
        return await reply.final(timeout=WAIT_SECONDS, until=is_finished)

    async def rate(self, message: Message, **stars: int) -> None:
        """Let members rate a song, by name."""
        for name, given in stars.items():
            user = next(user for user in self.sandbox.users.values() if user.name == name)
            await (await self.sandbox.press(user, message, f"★{given}")).followup()

    async def answer(self, said: Message) -> Message:
        """Return the bot's reply to a message."""
        return await self.sandbox.next_message(self.room, after=said, until=lambda answer: answer.reply_to is said)

    async def seen(self, message: Callable[[], Message | None]) -> Message:
        return await self.sandbox.until(message, WAIT_SECONDS, "moment")


def is_finished(message: Message) -> bool:
    """Return whether a message shows a song with its files."""
    return bool(message.attachments)


def is_writing(message: Message | None) -> bool:
    """Return whether a message shows some lines of a song, and more are to come."""
    return message is not None and "Writing the words" in message.content and message.content.count("\n> ") >= 4


def is_next(message: Message | None) -> bool:
    """Return whether a message shows a request that comes next."""
    return message is not None and "Place 1" in message.content


async def _record(folder: Path) -> Recording:
    async with Sandbox(self_check=False) as sandbox:
        environ = os.environ | {"XDG_DATA_HOME": str(folder / "home"), "SONGWRIGHT_LOG_LEVEL": "WARNING"}
        python = [sys.executable, "-m", "bot"]
        subprocess.run([*python, "db", "upgrade"], env=environ, check=True, capture_output=True)
        async with _worker([*python, "worker"], environ) as worker:
            stage = _Stage(sandbox, folder, worker)
            bot = SongwrightBot(hosting_settings(environ), connector=sandbox.connector())
            async with running(bot, sandbox, "song", "top", timeout=30):
                for scene in (_song, _talk, _writing, _lists):
                    await scene(stage)
        if sandbox.complaints:
            raise AssertionError(f"Discord would have refused: {sandbox.complaints}")
        people = {user.id: user.name.title() for user in sandbox.users.values()}
        commands = [command for group in sandbox.commands.values() for command in group]
        names = {c["name"]: (c.get("name_localizations") or {}).get("zh-CN", c["name"]) for c in commands}
        return Recording(stage.room.name, people, names, stage.moments)


@asynccontextmanager
async def _worker(command: list[str], environ: dict[str, str]) -> AsyncIterator[asyncio.subprocess.Process]:
    worker = await asyncio.create_subprocess_exec(*command, env=environ, stdout=asyncio.subprocess.PIPE)
    try:
        assert worker.stdout is not None
        while WORKER_READY not in (line := await worker.stdout.readline()):
            if not line:
                raise AssertionError("the worker has ended before it was ready")
        yield worker
    finally:
        if worker.returncode is None:
            worker.terminate()
            await asyncio.wait_for(worker.wait(), WAIT_SECONDS)


@asynccontextmanager
async def _slow(worker: asyncio.subprocess.Process) -> AsyncIterator[None]:
    """Let the worker be as slow as on a small computer until the end of the block."""

    async def brake() -> None:
        while True:
            worker.send_signal(signal.SIGSTOP)
            await asyncio.sleep(RESTS_SECONDS)
            worker.send_signal(signal.SIGCONT)
            await asyncio.sleep(WORKS_SECONDS)

    braking = asyncio.create_task(brake())
    try:
        yield
    finally:
        braking.cancel()
        worker.send_signal(signal.SIGCONT)


def _drawn(seed: int) -> AbstractContextManager[Any]:
    """Let the requests that name no seed draw this one."""
    return patch("worker.store.jobs.secrets.randbelow", return_value=seed)


async def _song(stage: _Stage) -> None:
    """A song from one command, with what three members think of it."""
    stars = await stage.song(stage.ada, theme="winter stars", style="ballad", form="VC", rhyme="ABAB", seed=STARS_SEED)
    await stage.rate(stars, bob=5, cleo=5, ada=4)
    await stage.seen(lambda: stars if "(3)" in stars.text else None)
    stage.keep("finished", stars)


async def _talk(stage: _Stage) -> None:
    """A mention becomes a song, a reply to it changes it."""
    text = "a lullaby about the moon, one verse and a chorus"
    with _drawn(MOON_SEED):
        asked = await stage.sandbox.say(stage.ada, stage.room, text, mention=True)
        answer = await stage.answer(asked)
        stage.keep("asked", asked, answer)
        await stage.seen(lambda: answer if is_finished(answer) else None)
    await stage.rate(answer, bob=4, cleo=4, ada=5)
    with _drawn(VERSE_SEED):
        wish = await stage.sandbox.say(stage.bob, stage.room, WISH, reply_to=answer)
        changed = await stage.answer(wish)
        stage.keep("wished", answer, wish, changed)
        await stage.seen(lambda: changed if is_finished(changed) else None)
    stage.keep("changed", answer, wish, changed)


async def _writing(stage: _Stage) -> None:
    """A long song while it is written, and a request that waits for its turn."""
    reply = await stage.ask(stage.bob, "/song", theme="the last train home", style="country", seed=TRAIN_SEED)
    waits = await stage.ask(stage.cleo, "/song", theme="the sea", style="waltz", form="VC", seed=SEA_SEED)
    async with _slow(stage.worker):
        await stage.seen(lambda: reply.original if is_writing(reply.original) and is_next(waits.original) else None)
    assert reply.original is not None
    assert waits.original is not None
    stage.keep("writing", reply.original, waits.original)
    train = await reply.final(timeout=WAIT_SECONDS, until=is_finished)
    sea = await waits.final(timeout=WAIT_SECONDS, until=is_finished)
    await stage.rate(train, bob=3, ada=4, cleo=4)
    await stage.rate(sea, ada=4, bob=5, cleo=3)


async def _lists(stage: _Stage) -> None:
    """The best songs of the server, and all about one for a member whose client is Chinese."""
    top = await stage.ask(stage.cleo, "/top")
    stage.keep("top", await top.final())
    info = await stage.ask(stage.ming, "/song-info", song="Winter Stars")
    stage.keep("chinese", await info.final())
