"""Keeps bot and worker busy with a steady load and looks whether anything grows: memory, files, threads, tables.

Run by hand; not a test. Bot, worker, models and client library are the real ones, each in a process of its own; Discord
is the sandbox of the tests. Members ask for songs, rate, list, change, take back and delete.
"""

from __future__ import annotations

import asyncio
import json
import random
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
from sqlalchemy import create_engine, func, select

from tests.bench.bench_bot import environment, is_finished, process
from tests.discord_sandbox import Channel, Interaction, Message, Sandbox, User
from worker.settings import hosting_settings
from worker.store.tables import Base

MEMBERS, SERVERS = 30, 3
FLAT = 1.05  # of the first quarter after the warm-up
THEMES = ("rain", "my cat", "the last train", "snow on the hill", "two cups of tea", "harbour lights", "a red bicycle")
GROW_WITH_SONGS = frozenset(
    {"songs", "listings", "jobs", "artifacts", "deliveries", "delivery_jobs", "ratings", "favourites"}
)


@dataclass
class Sample:
    """Bot and worker at one moment. Seconds since the start; megabytes resident; open files; threads."""

    seconds: float
    megabytes: dict[str, float]
    open_files: dict[str, int]
    threads: dict[str, int]


@dataclass
class Load:
    """Members who do one thing after the other, and what came of it."""

    sandbox: Sandbox
    rooms: list[tuple[Channel, list[User]]]
    chance: random.Random
    done: Counter[str] = field(default_factory=Counter)
    waited: list[float] = field(default_factory=list)
    songs: list[tuple[User, Channel, Message]] = field(default_factory=list)

    async def act(self) -> None:
        """Let a member do something, most often ask for a song."""
        room, members = self.chance.choice(self.rooms)
        member = self.chance.choice(members)
        acts: tuple[tuple[int, Callable[[User, Channel], Coroutine[Any, Any, None]]], ...] = (
            (10, self.ask), (3, self.list_songs), (3, self.rate), (2, self.transpose), (1, self.take_back), (1, self.delete),
        )  # fmt: skip
        act = self.chance.choices([act for _, act in acts], [weight for weight, _ in acts])[0]
        try:
            await act(member, room)
            self.done[act.__name__] += 1
        except AssertionError as error:  # the sandbox's way to say that nothing came
            self.done["went wrong"] += 1
            print(f"{act.__name__}: {error}", file=sys.stderr)

    async def ask(self, member: User, room: Channel) -> None:
        """Ask for a song and wait for it."""
        began = time.perf_counter()
        reply = await self._command(member, room, "/song", theme=self.chance.choice(THEMES))
        message = await reply.final(timeout=120, until=lambda message: is_finished(message) or _is_over(message))
        if is_finished(message):
            self.waited.append(time.perf_counter() - began)
            self.songs = [*self.songs[-50:], (member, room, message)]
        else:
            self.done["refused"] += 1

    async def list_songs(self, member: User, room: Channel) -> None:
        """Look at the lists."""
        for command in ("/history", "/top"):
            await (await self._command(member, room, command)).final(timeout=30)

    async def rate(self, member: User, room: Channel) -> None:
        """Rate one of the last songs of this channel."""
        here = [message for _, where, message in self.songs if where is room]
        if here:
            stars = self.chance.randint(1, 5)
            await (await self.sandbox.press(member, self.chance.choice(here), f"★{stars}")).ack()

    async def transpose(self, member: User, room: Channel) -> None:
        """Have one of one's songs changed."""
        reply = await self._command(member, room, "/transpose", song="rain", key="D")
        await reply.final(timeout=120, until=lambda message: is_finished(message) or _is_over(message))

    async def take_back(self, member: User, room: Channel) -> None:
        """Ask for a song and cancel it."""
        reply = await self._command(member, room, "/song", theme="nothing")
        message = await reply.final(timeout=30)
        if not is_finished(message) and message.components:
            await (await self.sandbox.press(member, message, "Cancel")).ack()

    async def delete(self, member: User, room: Channel) -> None:
        """Delete the oldest song that is still to be seen."""
        if self.songs:
            owner, _, message = self.songs.pop(0)
            await (await self.sandbox.press(owner, message, "Delete")).ack()

    async def _command(self, member: User, room: Channel, name: str, **options: Any) -> Interaction:
        reply = await self.sandbox.slash(member, room, name, **options)
        await reply.ack()
        return reply


def _is_over(message: Message) -> bool:
    """Return whether a message is an answer that nothing will follow: it has no Cancel button."""
    return bool(message.text) and not message.components


def sample(began: float, pids: dict[str, int]) -> Sample:
    """Look at the processes."""
    megabytes, files, threads = {}, {}, {}
    for name, pid in pids.items():
        status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
        megabytes[name] = int(status["VmRSS"].split()[0]) / 1024
        threads[name] = int(status["Threads"])
        files[name] = sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())
    return Sample(time.monotonic() - began, megabytes, files, threads)


def table_sizes(database_url: str) -> dict[str, int]:
    """Return how many rows each table has."""
    engine = create_engine(database_url)
    with engine.connect() as connection:
        sizes = {
            name: connection.scalar(select(func.count()).select_from(table)) or 0
            for name, table in Base.metadata.tables.items()
        }
    engine.dispose()
    return sizes


async def soak(folder: Path, minutes: float, every_seconds: float, seed: int) -> dict[str, Any]:
    """Run the load and return what was seen."""
    async with Sandbox(self_check=False) as sandbox:
        rooms = []
        for number in range(SERVERS):
            members = [sandbox.user(f"member{number}-{one}") for one in range(MEMBERS // SERVERS)]
            rooms.append((sandbox.guild(f"Server {number}", *members).channel("songs"), members))
        load = Load(sandbox, rooms, random.Random(seed))
        environ = environment(sandbox, folder)
        python = [sys.executable, "-m", "bot"]
        async with process([*python, "worker"], environ) as worker:
            assert worker.stdout is not None
            while b"is ready" not in await worker.stdout.readline():
                pass
            async with process([*python, "bot"], environ) as bot:
                await sandbox.ready("song", timeout=60)
                pids = {"bot": bot.pid, "worker": worker.pid}
                samples, tables = await _steadily(load, pids, environ, minutes * 60, every_seconds)
        return _figures(load, samples, tables, minutes) | {"complaints": len(sandbox.complaints)}


async def _steadily(
    load: Load, pids: dict[str, int], environ: dict[str, str], seconds: float, every_seconds: float
) -> tuple[list[Sample], list[dict[str, int]]]:
    url = hosting_settings(environ).database_url
    began = time.monotonic()
    samples: list[Sample] = []
    tables: list[dict[str, int]] = []
    acting: set[asyncio.Task[None]] = set()
    while (passed := time.monotonic() - began) < seconds:
        if len(tables) <= passed // 60:
            tables.append(table_sizes(url))
            print(f"{passed / 60:5.1f} min  {sample(began, pids).megabytes}  {dict(load.done)}", file=sys.stderr)
        samples.append(sample(began, pids))
        task = asyncio.create_task(load.act())
        acting.add(task)
        task.add_done_callback(acting.discard)
        await asyncio.sleep(load.chance.uniform(0.5, 1.5) * every_seconds)
    await asyncio.gather(*acting)
    tables.append(table_sizes(url))
    return samples, tables


def _figures(load: Load, samples: list[Sample], tables: list[dict[str, int]], minutes: float) -> dict[str, Any]:
    """Compare the first quarter after the warm-up (a tenth of the time) with the last one."""
    warm = [one for one in samples if one.seconds >= minutes * 6]
    quarter = max(1, len(warm) // 4)
    growth = {}
    for name in samples[0].megabytes:
        first, last = ([one.megabytes[name] for one in part] for part in (warm[:quarter], warm[-quarter:]))
        growth[name] = {
            "first_quarter_megabytes": round(statistics.median(first), 1),
            "last_quarter_megabytes": round(statistics.median(last), 1),
            "ratio": round(statistics.median(last) / statistics.median(first), 4),
            "most_megabytes": round(max(one.megabytes[name] for one in samples), 1),
            "open_files": [warm[0].open_files[name], warm[-1].open_files[name]],
            "threads": [warm[0].threads[name], warm[-1].threads[name]],
        }
    middle, end = tables[len(tables) // 2], tables[-1]
    return {
        "minutes": minutes,
        "acts": dict(load.done),
        "seconds_to_song_median": round(statistics.median(load.waited), 2) if load.waited else None,
        "seconds_to_song_worst": round(max(load.waited), 2) if load.waited else None,
        "memory": growth,
        "flat": all(one["ratio"] <= FLAT for one in growth.values()),
        "rows_at_half_time": middle,
        "rows_at_the_end": end,
        "grew_beside_songs": {
            name: [middle[name], size] for name, size in end.items() if name not in GROW_WITH_SONGS and size > middle[name]
        },
    }  # fmt: skip


@click.command()
@click.option("--minutes", default=60.0, show_default=True, help="how long")
@click.option("--every", default=5.0, show_default=True, help="seconds between two acts, on average")
@click.option("--seed", default=0, show_default=True, help="of what members do")
@click.option("--json", "as_json", is_flag=True, help="print one JSON object")
def main(minutes: float, every: float, seed: int, as_json: bool) -> None:
    """Print what grew under a steady load; exit code 1 if memory did by more than 5 %."""
    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(soak(Path(folder), minutes, every, seed))
    if as_json:
        print(json.dumps(found, indent=2))
    else:
        for name, value in found.items():
            print(f"{name:28}{value}")
    sys.exit(0 if found["flat"] else 1)


if __name__ == "__main__":
    main()
