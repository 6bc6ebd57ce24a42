"""A server on the local Discord with simulated members, the real bot on it and real workers beside it, kept in a folder.

What members see outlives the process: a second call finds the same people, the same database and the messages under whose
stars they press. Knows nothing of tastes, nor of what is learned from ratings.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import click

from bot.app import SongwrightBot
from bot.terminal.supervisor import SUPERVISED
from engine.contract import LyricRequest
from engine.corpus.snapshots import Take
from tests.discord_sandbox import Channel, Message, Sandbox, User, running
from worker.client import Client
from worker.settings import Settings, hosting_settings
from worker.store.songs import Song

ROOT = Path(__file__).resolve().parents[2]
EDIT_SECONDS = 0.25  # between edits of a message: ten times as often as usual, for nobody here reads them
SONG_SECONDS, READY_SECONDS, LOOK_SECONDS = 300.0, 300.0, 0.1
PEOPLE, MESSAGES, OUTPUT = "people.json", "messages.jsonl", "worker.log"


def told(text: str) -> None:
    """Say how far it is."""
    click.echo(text, err=True)


def environment(folder: Path, **more: str) -> dict[str, str]:
    """Return the environment of a host whose data lies in a folder."""
    without = {name: value for name, value in os.environ.items() if not name.startswith("SONGWRIGHT_")}
    return without | {"XDG_DATA_HOME": str(folder.resolve()), "OMP_NUM_THREADS": "1", **more}


def has_stars(message: Message) -> bool:
    """Return whether a message shows a song that can be rated."""
    return any(name.startswith("sw:rate:") for name in message.controls)


def take_of(song: Song) -> Take:
    """Return a stored song as it would be in a snapshot."""
    return Take(
        id=song.id, request=song.request, seed=song.report.seed, versions=dict(song.model_versions), title=song.title,
        text=song.lyrics_text, sections=song.report.sections, sheet=song.lead_sheet,
    )  # fmt: skip


@dataclass
class Hall:
    """The people and what they were brought. songs: ids by the name that the bench gave to each asking."""

    folder: Path
    sandbox: Sandbox
    members: list[User]
    room: Channel
    settings: Settings
    songs: dict[str, str] = field(default_factory=dict)
    messages: dict[str, Message] = field(default_factory=dict)

    @cached_property
    def client(self) -> Client:
        """A client of the same store, to look behind the scenes."""
        return Client(self.settings)

    def take(self, song_id: str) -> Take:
        """Return a song as it would be in a snapshot."""
        return take_of(self.client.song(song_id))

    def asker(self, song_id: str) -> int:
        """Return the number of the member who asked for a song."""
        ids = [user.id for user in self.members]
        return ids.index(str(self.client.song(song_id).requested_by))

    async def allow_training(self, member: int, on: bool) -> None:
        """Let a member say with the bot's command whether it agrees to training; SystemExit where the bot says otherwise."""
        reply = await self.sandbox.slash(self.members[member], self.room, "/privacy training", on=on)
        said = (await reply.final()).text
        if self.client.members.training(self.members[member].id)[0] is not on:
            raise SystemExit(f"the bot did not write down what a member decided: {said}")

    async def ask(self, member: int, name: str, request: LyricRequest, seed: int) -> str:
        """Let a member ask for a song by the slash command of its kind and wait for it; return its id.

        What was asked for under this name before is not asked for again.
        """
        if name in self.songs:
            return self.songs[name]
        asked: dict[str, Any] = {"theme": request.theme, "style": request.style, "form": request.form, "seed": seed}
        reply = await self.sandbox.slash(self.members[member], self.room, f"/{request.kind}", **asked)
        message = await reply.final(timeout=SONG_SECONDS, until=has_stars)
        song = next(part.split(":")[2] for part in message.controls if part.startswith("sw:rate:"))
        row = {"name": name, "song": song, "id": message.id, "components": message.components}
        with (self.folder / MESSAGES).open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        self.songs[name], self.messages[song] = song, message
        return song

    async def press(self, member: int, song_id: str, stars: int) -> None:
        """Let a member press a star below a song; SystemExit where the bot does not say that it is written down."""
        press = await self.sandbox.press(self.members[member], self.messages[song_id], f"★{stars}")
        await press.ack()
        said = (await press.followup()).text
        if f"You gave {stars} of 5" not in said:
            raise SystemExit(f"the bot did not take {stars} stars: {said}")

    def rated(self, member: int, song_id: str) -> int | None:
        """Return the stars that a member has given a song, None for none."""
        return self.client.ratings.of(self.members[member].id, song_id)


@asynccontextmanager
async def hall(folder: Path, count: int) -> AsyncIterator[Hall]:
    """Open the hall of a folder with the bot in it; people and messages are those of the call before, if there was one."""
    folder.mkdir(parents=True, exist_ok=True)
    settings = hosting_settings(environment(folder))
    # Members who press as fast as a program does would meet Discord's limits; the bot's answer to these has its own tests.
    async with Sandbox(self_check=False, rate_limits={}, requests_per_second=1000) as sandbox:
        found = _remembered(folder, sandbox, count, settings)
        bot = SongwrightBot(settings, connector=sandbox.connector(), edit_seconds=EDIT_SECONDS)
        async with running(bot, sandbox, "song", "lyrics", "privacy", timeout=60):
            yield found
            if ready := bot._connection._ready_task:
                ready.cancel()
        found.client.close()


def _remembered(folder: Path, sandbox: Sandbox, count: int, settings: Settings) -> Hall:
    kept, known = folder / PEOPLE, {}
    if kept.is_file():
        known = json.loads(kept.read_text(encoding="utf-8"))
        if len(known["members"]) != count:
            raise SystemExit(f"{folder} has {len(known['members'])} members, not {count}; name another --folder")
    ids = known.get("members") or [None] * count
    members = [sandbox.user(f"member{n}", **({"id": one} if one else {})) for n, one in enumerate(ids)]
    guild = sandbox.guild("Concert hall", *members, **_id(known, "guild"))
    room = guild.channel("songs", **_id(known, "room"))
    told_ids = {"members": [user.id for user in members], "guild": guild.id, "room": room.id}
    kept.write_text(json.dumps(told_ids), encoding="utf-8")
    found = Hall(folder, sandbox, members, room, settings)
    log = folder / MESSAGES
    for line in log.read_text(encoding="utf-8").splitlines() if log.is_file() else []:
        row = json.loads(line)
        message = Message(room, sandbox.bot, components=row["components"], id=row["id"])
        room.messages[message.id] = message
        found.songs[row["name"]], found.messages[row["song"]] = row["song"], message
    return found


def _id(known: Mapping[str, Any], name: str) -> dict[str, str]:
    return {"id": known[name]} if known else {}


@asynccontextmanager
async def working(folder: Path, *arguments: str, **more: str) -> AsyncIterator[subprocess.Popen[bytes]]:
    """Run `songwright worker` on the hall's data from when it is ready until the block ends. more: of its environment."""
    log = folder / OUTPUT
    with log.open("ab") as output:
        begun = log.stat().st_size
        process = subprocess.Popen(
            [sys.executable, "-m", "bot", "worker", *arguments], cwd=ROOT, stdout=output, stderr=subprocess.STDOUT,
            env=environment(folder, **{SUPERVISED: "1"}, **more), stdin=subprocess.PIPE,  # so that it ends with us
        )  # fmt: skip
    try:
        for _ in range(round(READY_SECONDS / LOOK_SECONDS)):
            if b"is ready" in log.read_bytes()[begun:] or process.poll() is not None:
                break
            await asyncio.sleep(LOOK_SECONDS)
        if process.poll() is not None:
            raise SystemExit(f"the worker ended; its log is {log}")
        yield process
    finally:
        process.terminate()
        while process.poll() is None:
            await asyncio.sleep(LOOK_SECONDS)


async def terminal(folder: Path, *arguments: str) -> Any:
    """Run `songwright ARGUMENTS --json` on the hall's data and return what it printed; SystemExit where it fails."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", *arguments, "--json", cwd=ROOT, env=environment(folder),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    printed, said = await process.communicate()
    if process.returncode:
        raise SystemExit(f"songwright {' '.join(arguments)} failed: {said.decode()[-400:]}")
    return json.loads(printed)
