"""`songwright up` as a host runs it: a real process tree on a local Discord, its children killed one after the other."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import select

from tests.discord_sandbox import Channel, Interaction, Message, NoResponse, Sandbox, User
from tests.discord_sandbox.spec import Spec
from worker.client import Client
from worker.settings import Settings
from worker.store import jobs
from worker.store.jobs import Job
from worker.store.tables import DeliveryRow, JobRow

pytestmark = pytest.mark.songs

MOST_SECONDS, SONG_SECONDS, STOP_SECONDS = 60, 45, 20
THEME = "xylophonic zeppelins"
SONG = {"form": "VC", "syllables": "8"}


def finished(message: Message) -> bool:
    return bool(message.attachments)


def is_there(pid: int) -> bool:
    """Return whether a process runs; one that has ended and is not yet buried does not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"


@dataclass
class House:
    """A host's machine: the processes of `songwright up`, what they print, and their database."""

    process: asyncio.subprocess.Process
    environ: dict[str, str]
    lines: list[str] = field(default_factory=list)

    @property
    def printed(self) -> str:
        return "\n".join(self.lines)

    async def read(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            self.lines.append(line.decode(errors="replace").rstrip())

    async def until(self, test: Callable[[], object], seconds: float = MOST_SECONDS) -> None:
        """Wait until something is so, for as long as the processes run."""
        try:
            async with asyncio.timeout(seconds):
                while not test():
                    assert self.process.returncode is None, self.printed
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise AssertionError(f"it did not come about in {seconds} s:\n{self.printed}") from None

    async def says(self, text: str, times: int = 1) -> None:
        await self.until(lambda: sum(text in line for line in self.lines) >= times)

    def children(self) -> dict[str, int]:
        """Return the pids of the children, by what they are: bot and worker."""
        pid = self.process.pid
        found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        told = {one: Path(f"/proc/{one}/cmdline").read_bytes().split(b"\0") for one in found}
        return {words[-2].decode(): int(one) for one, words in told.items() if len(words) > 2}  # the dead have none

    def client(self) -> Client:
        return Client(Settings.from_environment(self.environ))

    async def at_work(self) -> Job:
        """Wait until words are being written, and return the job."""
        found: list[Job] = []
        client = self.client()

        def begun() -> bool:
            found[:] = [job for job in _running(client) if job.words]
            return bool(found)

        await self.until(begun)
        client.close()
        return found[0]


def _running(client: Client) -> list[Job]:
    with client.store.reading() as session:
        ids = session.scalars(select(JobRow.id).where(JobRow.status == "running")).all()
        return [jobs.get(session, job_id) for job_id in ids]


@asynccontextmanager
async def up(sandbox: Sandbox, folder: Path) -> AsyncIterator[House]:
    """Run `songwright up` until the end of the block; nothing of it is left then."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("SONGWRIGHT_", "DISCORD_"))}
    environ |= sandbox.environment() | {"XDG_DATA_HOME": str(folder), "OMP_NUM_THREADS": "1"}
    environ["SONGWRIGHT_EDIT_SECONDS"] = "1"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "up"),
        cwd=Path(__file__).resolve().parents[2],
        env=environ,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    house = House(process, environ)
    reading = asyncio.create_task(house.read())
    try:
        yield house
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        await reading


async def ended(house: House, number: signal.Signals) -> float:
    """Send a signal to the parent alone; return after how many seconds all are gone."""
    children = house.children()
    assert set(children) == {"bot", "worker"}, house.printed
    began = time.monotonic()
    house.process.send_signal(number)
    async with asyncio.timeout(STOP_SECONDS + 5):
        code = await house.process.wait()
    assert code == 0, house.printed
    assert [name for name, pid in children.items() if is_there(pid)] == []
    return time.monotonic() - began


async def asked(sandbox: Sandbox, user: User, room: Channel, theme: str) -> Interaction:
    """Ask for a short song, and see that it is answered in time."""
    reply = await sandbox.slash(user, room, "/song", theme=theme, **SONG)
    await reply.ack()
    return reply


async def sung(house: House, reply: Interaction) -> Message:
    """Return the finished song; where none comes, say what the processes and the rows say."""
    try:
        return await reply.final(SONG_SECONDS, until=finished)
    except NoResponse as error:
        client = house.client()
        with client.store.reading() as session:
            made = [(job.status, job.stage, job.attempts) for job in session.scalars(select(JobRow))]
            deliveries = [(row.status, row.attempts, row.failure) for row in session.scalars(select(DeliveryRow))]
        raise AssertionError(f"{error}\n{made}\n{deliveries}\n{house.printed}") from error


def songs_in(sandbox: Sandbox, room: Channel) -> list[Message]:
    return [message for message in room.messages.values() if message.author is sandbox.bot and finished(message)]


def test_up_sings_and_neither_a_killed_worker_nor_a_killed_bot_loses_or_doubles_a_song(tmp_path: Path) -> None:
    async def scene() -> None:
        async with Sandbox(self_check=False) as sandbox:
            ada = sandbox.user("ada")
            room = sandbox.guild("Band room", ada).channel("songs")
            async with up(sandbox, tmp_path) as house:
                began = time.monotonic()
                await sandbox.ready("song", "privacy", "admin", timeout=MOST_SECONDS)
                await house.says("is ready after")
                told = [f"both ready {time.monotonic() - began:.1f} s"]

                reply = await asked(sandbox, ada, room, "rain")
                song = await sung(house, reply)
                told.append(f"song {reply.age:.1f} s")
                assert {file.filename.rpartition(".")[2] for file in song.attachments} >= {"mid", "ogg", "png"}
                assert song.attachments[0].data[:4] == b"MThd"

                reply = await asked(sandbox, ada, room, "snow")
                job = await house.at_work()
                os.kill(house.children()["worker"], signal.SIGKILL)
                second = await sung(house, reply)
                told.append(f"worker killed: song {reply.age:.1f} s")
                client = house.client()
                assert (client.job(job.id).status, client.job(job.id).attempts) == ("done", 2)
                assert second.id != song.id

                reply = await asked(sandbox, ada, room, "wind")
                await house.at_work()
                dead = house.children()["bot"]
                os.kill(dead, signal.SIGKILL)
                third = await sung(house, reply)
                told.append(f"bot killed: song {reply.age:.1f} s")
                assert house.children()["bot"] != dead
                pressed = await sandbox.press(ada, third, "★5")  # the buttons are those of the bot that came after
                await pressed.ack()
                await house.until(lambda: "★ 5.0 (1)" in third.text)
                await asyncio.sleep(1)
                assert len(songs_in(sandbox, room)) == 3
                assert client.library.history(ada.id).total == 3
                client.close()

                waiting = await asked(sandbox, ada, room, "moon")
                await house.at_work()
                seconds = await ended(house, signal.SIGTERM)
                told.append(f"all ended in {seconds:.1f} s")
                assert seconds < STOP_SECONDS, told
                assert not finished(await waiting.final())
                client = house.client()
                assert [row.status for row in _running(client)] == []  # it was given back, for the next start
                client.close()
                assert "Traceback" not in house.printed, house.printed
                assert ada.id not in house.printed
                assert sandbox.token not in house.printed
            assert not sandbox.complaints, told
            print("; ".join(told))  # noqa: T201

    asyncio.run(scene())


def test_a_stopped_up_goes_on_where_it_was_and_forgets_a_member_with_everything(tmp_path: Path) -> None:
    async def scene() -> None:
        async with Sandbox(self_check=False, spec=Spec(None)) as sandbox:  # as where the document is not at hand
            ada, bob = sandbox.user("ada"), sandbox.user("bob")
            room = sandbox.guild("Band room", ada, bob).channel("songs")
            async with up(sandbox, tmp_path) as house:
                await sandbox.ready("song", timeout=MOST_SECONDS)
                reply = await asked(sandbox, ada, room, THEME)  # perhaps before the worker is ready
                await house.until(lambda: set(house.children()) == {"bot", "worker"})
                assert await ended(house, signal.SIGINT) < STOP_SECONDS
            await sandbox.gone()
            async with up(sandbox, tmp_path) as house:
                song = await sung(house, reply)
                assert songs_in(sandbox, room) == [song]
                await asked(sandbox, ada, room, THEME)
                await house.at_work()
                assert found_in(tmp_path, ada)
                ask = await (await sandbox.slash(ada, room, "/privacy delete")).final()
                await sandbox.press(ada, ask, "Yes, delete")
                await house.until(lambda: "is deleted" in ask.text)
                await sung(house, await asked(sandbox, bob, room, "rain"))
                assert len(songs_in(sandbox, room)) == 2
                children = house.children()
                house.process.kill()
                await house.process.wait()
                async with asyncio.timeout(STOP_SECONDS):
                    while any(is_there(pid) for pid in children.values()):
                        await asyncio.sleep(0.05)
            assert found_in(tmp_path, ada) == []
            assert found_in(tmp_path, bob)
            assert ada.id not in house.printed
            assert "zeppelin" not in house.printed.lower()
            assert not sandbox.complaints

    asyncio.run(scene())


def found_in(folder: Path, member: User) -> list[Path]:
    """Return the files below a folder in which a member or their theme is named."""
    needles = (member.id.encode(), *([b"zeppelin"] if member.name == "ada" else []))
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [path for path in files if any(needle in path.read_bytes().lower() for needle in needles)]
