"""Whatever is restarted, at whatever moment: a result comes, and comes once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from engine.contract import Progress, Request
from tests.bot.journeys.brought import (
    Books,
    deliverer_of,
    dies_between_sending_and_writing_down,
    killed,
    results,
)
from tests.bot.stage import Stage, finished, play
from tests.discord_sandbox import Interaction
from tests.worker.echo_song import EchoSong
from worker.clock import utc_now
from worker.owner import this_process
from worker.store import jobs
from worker.store.database import StoreError
from worker.store.songs import GeneratedSong
from worker.tasks import run_next_job

SENDING_RUNGS = ("original", "edit", "channel", "direct")
SHORT_HOLD_SECONDS = 0.3


@pytest.fixture(autouse=True)
def quick_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let bots look often, for a test has no quarter of a second to lose."""
    monkeypatch.setattr("bot.deliverer.LOOK_SECONDS", 0.03)


async def leave_only(stage: Stage, reply: Interaction, rung: str) -> None:
    """Make everything impossible that is better than this rung of the ladder."""
    if rung == "original":
        return
    message = reply.original
    assert message is not None
    reply.expire()
    if rung == "channel":
        await stage.sandbox.delete(message)
    if rung in ("direct", "history"):
        await stage.sandbox.delete_channel(stage.room)
    if rung == "history":
        stage.ada.dms_open = False


@pytest.mark.parametrize("rung", SENDING_RUNGS)
def test_a_restart_of_the_bot_between_command_and_result_loses_nothing(tmp_path: Path, rung: str) -> None:
    async def scene(stage: Stage) -> None:
        books = Books(stage)
        async with stage.bot():
            reply = await stage.song(theme="rain")
            await books.asked_for()
        await leave_only(stage, reply, rung)
        with stage.worker():
            await books.made()
        async with stage.bot():
            await books.brought_once(stage, rung)

    play(tmp_path, scene, complaints=rung != "original")


@pytest.mark.parametrize("rung", SENDING_RUNGS)
def test_a_bot_killed_between_sending_and_writing_down_does_not_send_twice(tmp_path: Path, rung: str) -> None:
    async def scene(stage: Stage) -> None:
        books = Books(stage)
        async with stage.bot() as bot:
            deliverer_of(bot).hold_seconds = SHORT_HOLD_SECONDS
            sent = dies_between_sending_and_writing_down(bot)
            reply = await stage.song(theme="rain")
            await books.asked_for()
            await leave_only(stage, reply, rung)
            with stage.worker():
                await asyncio.wait_for(sent.wait(), 10)
            await killed(bot)
        assert len(results(stage)) == 1
        assert books.deliveries()[0].status == "open"
        await asyncio.sleep(SHORT_HOLD_SECONDS)
        async with stage.bot():
            await books.brought_once(stage, rung)

    play(tmp_path, scene, complaints=rung != "original")


@pytest.mark.parametrize("rung", [*SENDING_RUNGS, "history"])
def test_a_result_that_cannot_be_written_down_at_once_is_sent_once(tmp_path: Path, rung: str) -> None:
    async def scene(stage: Stage) -> None:
        books = Books(stage)
        async with stage.bot() as bot:
            deliverer_of(bot).first_retry_seconds = 0.1
            door = deliverer_of(bot).backend.client.deliveries
            failing_once(door, "mark_delivered")
            failing_once(door, "give_up")
            reply = await stage.song(theme="rain")
            await books.asked_for()
            await leave_only(stage, reply, rung)
            with stage.worker():
                if rung == "history":
                    await books.closed()
                    assert books.deliveries()[0].status == "undeliverable"
                    assert results(stage) == []
                    return
                message = await books.brought_once(stage, rung)
        assert not any(old.attachments for old in message.history), "sent again, only because it was not written down"

    play(tmp_path, scene, complaints=rung != "original")


def failing_once(door: Any, name: str) -> None:
    """Let the first call of a method fail as when the database is away."""
    real: Callable[..., Any] = getattr(door, name)

    def call(*arguments: Any, **options: Any) -> Any:
        setattr(door, name, real)
        raise StoreError("the database is away", passing=True)

    setattr(door, name, call)


class WorkerDied(BaseException):
    """Ends a worker's thread where it stands; no row is changed by it."""


@dataclass
class DyingOnce:
    """Sings like EchoSong, but the first time it hangs in the middle until the lease is over, like a worker that is gone."""

    attempts: list[int] = field(default_factory=list)

    def __call__(
        self, request: Request, seed: int, report: Callable[[Progress], None], cancelled: Callable[[], bool]
    ) -> GeneratedSong:
        self.attempts.append(seed)
        if len(self.attempts) == 1:
            report(Progress(stage="lyrics", done=1, total=3, text="half a song\n"))
            raise WorkerDied
        return EchoSong()(request, seed, report, cancelled)


def test_a_stopped_worker_is_followed_by_another_and_the_song_comes_once(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        books, generate = Books(stage), DyingOnce()
        async with stage.bot():
            await stage.song(theme="rain")
            with pytest.raises(WorkerDied):
                await asyncio.to_thread(work_once, stage, generate)
            with stage.worker(generate):
                await books.brought_once(stage, "original")
        assert len(generate.attempts) == 2
        assert len(set(generate.attempts)) == 1, "another seed, so another song than the one that was begun"

    play(tmp_path, scene)


def work_once(stage: Stage, generate: Any) -> None:
    """Run one job in this thread, and let through what ends it."""
    client = stage.client()
    try:
        while run_next_job(client.store, generate, stage.settings) is None:
            pass
    finally:
        client.close()


def test_a_worker_that_vanished_is_replaced_when_its_lease_ends(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        stage.settings = stage.settings.model_copy(update={"lease_seconds": 0.6, "heartbeat_seconds": 0.3})
        books = Books(stage)
        async with stage.bot():
            reply = await stage.song(theme="rain")
            await books.asked_for()
            claim_and_vanish(stage)
            with stage.worker():
                await books.brought_once(stage, "original")
            assert reply.original is not None

    play(tmp_path, scene)


def claim_and_vanish(stage: Stage) -> None:
    """Take the job as a worker on another machine would that loses power at once."""
    client = stage.client()
    elsewhere = replace(this_process(), machine="elsewhere")
    with client.store.writing() as session:
        lease_seconds = stage.settings.lease_seconds
        assert jobs.claim(session, owner=elsewhere, now=utc_now(), lease_seconds=lease_seconds) is not None
    client.close()


def test_bot_and_worker_restarted_together_lose_nothing(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        stage.settings = stage.settings.model_copy(update={"lease_seconds": 0.6, "heartbeat_seconds": 0.3})
        books = Books(stage)
        async with stage.bot() as bot:
            await stage.song(theme="rain")
            await books.asked_for()
            claim_and_vanish(stage)
            await killed(bot)
        with stage.worker():
            async with stage.bot():
                await books.brought_once(stage, "original")

    play(tmp_path, scene)


def test_a_bot_that_is_told_to_stop_lets_a_result_through(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        books = Books(stage)
        async with stage.bot():
            await stage.song(theme="rain")
            await books.asked_for()
            await stage.sandbox.until(lambda: stage.sandbox.requests("PATCH /webhooks/*", status=200))
            stage.sandbox.fault("PATCH /webhooks/*", delay=0.5)
            with stage.worker():
                await books.until(lambda: books.deliveries()[0].holder)
        await books.brought_once(stage, "original")

    play(tmp_path, scene)


def test_two_bot_processes_bring_one_result(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        books = Books(stage)
        async with stage.bot(), stage.bot():
            reply = await stage.song(theme="rain")
            await reply.final()
            with stage.worker():
                await books.brought_once(stage, "original")
            await asyncio.sleep(1.0)  # the second looks whether the first has it
        assert len(books.jobs()) == 1, "both answered the member, and both wrote the request down"
        assert len(results(stage)) == 1

    play(tmp_path, scene, complaints=True)


@pytest.mark.parametrize("rung", ["channel", "direct"])
def test_two_bot_processes_send_one_new_message(tmp_path: Path, rung: str) -> None:
    async def scene(stage: Stage) -> None:
        books = Books(stage)
        async with stage.bot():
            reply = await stage.song(theme="rain")
            await books.asked_for()
        await leave_only(stage, reply, rung)
        with stage.worker():
            await books.made()
        async with stage.bot() as one, stage.bot() as other:
            assert deliverer_of(one).holder != deliverer_of(other).holder
            message = await books.brought_once(stage, rung)
            assert finished(message)

    play(tmp_path, scene, complaints=True)
