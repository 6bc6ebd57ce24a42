"""Times the bot in a process of its own against the local Discord: start, first answers, whole songs, many at once.

Run by `make bench`; not a test. The bot, the worker, the models and the client library are the real ones; Discord is
the sandbox of the tests, on this machine, so the network's share of every figure is missing.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import click

from tests.discord_sandbox import Interaction, Message, Sandbox
from worker.settings import hosting_settings

BARS = {"ready_seconds": 2.0, "megabytes": 150.0, "first_answer_seconds": 0.5, "song_seconds": 10.0}
AT_ONCE, AT_ONCE_BAR_SECONDS = 200, 3.0


def environment(sandbox: Sandbox, folder: Path) -> dict[str, str]:
    """Return the environment of a host with nothing set but a token and a folder."""
    return os.environ | sandbox.environment() | {"XDG_DATA_HOME": str(folder), "SONGWRIGHT_LOG_LEVEL": "WARNING"}


@asynccontextmanager
async def process(command: list[str], environ: dict[str, str]) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a process of the project until the end of the block."""
    started = await asyncio.create_subprocess_exec(*command, env=environ, stdout=asyncio.subprocess.PIPE)
    try:
        yield started
    finally:
        if started.returncode is None:
            started.terminate()
            await asyncio.wait_for(started.wait(), 30)


def memory_megabytes(pid: int) -> float:
    """Return the most memory that a process has had in use, in MB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) / 1024


def imported(pid: int, library: str) -> bool:
    """Return whether a process has a library's shared objects in its memory."""
    return f"/{library}/" in Path(f"/proc/{pid}/maps").read_text()


def is_finished(message: Message) -> bool:
    return bool(message.attachments)


async def start_and_songs(folder: Path, count: int) -> dict[str, Any]:
    """Time the start, then songs one after the other with the starter models and everything else idle."""
    async with Sandbox(self_check=False) as sandbox:
        ada = sandbox.user("ada")
        room = sandbox.guild("Band room", ada).channel("songs")
        environ = environment(sandbox, folder)
        python = [sys.executable, "-m", "bot"]
        subprocess.run([*python, "db", "upgrade"], env=environ, check=True, capture_output=True)
        async with process([*python, "worker"], environ) as worker:
            assert worker.stdout is not None
            while b"is ready" not in await worker.stdout.readline():
                pass
            began = time.perf_counter()
            async with process([*python, "bot"], environ) as bot:
                await sandbox.ready("song", timeout=30)
                ready = time.perf_counter() - began
                idle = memory_megabytes(bot.pid)
                answers, songs = [], []
                for number in range(count):
                    reply = await sandbox.slash(ada, room, "/song", theme="rain over the harbour", seed=number)
                    began = time.perf_counter()
                    await reply.final(timeout=60, until=is_finished)
                    songs.append(time.perf_counter() - began)
                    answers.append(reply.acked_after or 0.0)
                figures = {
                    "ready_seconds": ready,
                    "first_answer_seconds": max(answers),
                    "song_seconds": max(songs),
                    "song_seconds_median": statistics.median(songs),
                    "megabytes": memory_megabytes(bot.pid),
                    "megabytes_idle": idle,
                    "torch_imported": imported(bot.pid, "torch"),
                }
        return figures | {"complaints": len(sandbox.complaints)}


async def many_at_once(folder: Path, count: int, latency_seconds: float) -> dict[str, Any]:
    """Send many commands in one moment; the worker sings echoes, for what is measured is the bot.

    latency_seconds: how late every answer of Discord is.
    """
    async with Sandbox(self_check=False, rate_limits={}, latency=latency_seconds) as sandbox:
        members = [sandbox.user(f"member{number}") for number in range(count)]
        room = sandbox.guild("Band room", *members).channel("songs")
        environ = environment(sandbox, folder)
        settings = hosting_settings(environ)
        echo = (settings.database_url, settings.broker_url or "", "3", "0", "1")
        async with (
            process([sys.executable, "-m", "tests.worker.echo_worker", *echo], environ),
            process([sys.executable, "-m", "bot", "bot"], environ) as bot,
        ):
            await sandbox.ready("song", timeout=30)
            began = time.perf_counter()
            replies = await asyncio.gather(*(sandbox.slash(member, room, "/song", theme="rain") for member in members))
            delivered = await asyncio.gather(*(_delivered(reply) for reply in replies))
            return {
                "commands": count,
                "first_answer_seconds_worst": max(reply.acked_after or 99.0 for reply in replies),
                "answered_in_time": sum((reply.acked_after or 99.0) <= AT_ONCE_BAR_SECONDS for reply in replies)
                / count,
                "delivered": sum(delivered) / count,
                "seconds_until_all_delivered": time.perf_counter() - began,
                "megabytes": memory_megabytes(bot.pid),
                "complaints": len(sandbox.complaints),
            }


async def _delivered(reply: Interaction) -> bool:
    try:
        await reply.final(timeout=120, until=is_finished)
    except AssertionError:
        return False
    return True


@click.command()
@click.option("--songs", default=5, show_default=True, help="songs made one after the other")
@click.option("--commands", default=AT_ONCE, show_default=True, help="commands sent in one moment")
@click.option("--latency", default=0.0, show_default=True, help="seconds that Discord takes to answer, for these")
@click.option("--json", "as_json", is_flag=True, help="print one JSON object")
def main(songs: int, commands: int, latency: float, as_json: bool) -> None:
    """Print the figures of the bot beside what is asked of them."""
    with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second:
        one = asyncio.run(start_and_songs(Path(first), songs))
        many = asyncio.run(many_at_once(Path(second), commands, latency))
    if as_json:
        print(json.dumps({"one_after_the_other": one, "at_once": many, "bars": BARS}, indent=2))
        return
    for name, value in one.items():
        bar = f"   (at most {BARS[name]:g})" if name in BARS else ""
        print(f"{name:32}{value:>10.3f}{bar}" if isinstance(value, float) else f"{name:32}{value!s:>10}")
    for name, value in many.items():
        print(f"at once: {name:32}{value:>10.3f}" if isinstance(value, float) else f"at once: {name:32}{value!s:>10}")


if __name__ == "__main__":
    main()
