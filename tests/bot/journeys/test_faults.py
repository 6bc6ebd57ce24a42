"""Discord at its worst, and a database that is away: nothing is lost, nothing comes twice."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.bot.journeys.brought import EDITS, FIRST_ANSWERS, Books, deliverer_of, results
from tests.bot.stage import Stage, finished, play
from tests.discord_sandbox import Message
from tests.worker.echo_song import EchoSong
from worker.store.database import StoreError

WHOLE_SONG = EchoSong(lines=5, seconds_per_line=0.06)


@pytest.fixture(autouse=True)
def quick_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let bots look often, for a test has no quarter of a second to lose."""
    monkeypatch.setattr("bot.deliverer.LOOK_SECONDS", 0.03)


def test_429_on_every_edit_delays_the_result_and_no_more(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        books = Books(stage)
        stage.sandbox.fault(EDITS, status=429, retry_after=0.05, times=14)
        async with stage.bot() as bot:
            deliverer_of(bot).first_retry_seconds = 0.1
            await stage.song(theme="rain")
            with stage.worker(WHOLE_SONG):
                message = await books.brought_once(stage, "original")
            assert finished(message)
            assert stage.sandbox.faults[0].times == 0

    play(tmp_path, scene)


def test_429_on_the_result_for_longer_than_discord_py_tries_is_tried_later(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        books = Books(stage)
        async with stage.bot() as bot:
            deliverer_of(bot).first_retry_seconds = 0.1
            reply = await stage.song(theme="rain")
            await reply.final()
            stage.sandbox.fault(EDITS, status=429, retry_after=0.02, times=12)
            with stage.worker():
                await books.brought_once(stage, "original")
            assert "429" in (books.deliveries()[0].failure or "")

    play(tmp_path, scene)


@pytest.mark.parametrize("after", [False, True])
def test_500_on_the_result_brings_it_later_and_once(tmp_path: Path, after: bool) -> None:
    async def scene(stage: Stage) -> None:
        books = Books(stage)
        async with stage.bot():
            reply = await stage.song(theme="rain")
            await reply.final()
            stage.sandbox.fault(EDITS, status=500, after=after)
            with stage.worker():
                await books.brought_once(stage, "original")

    play(tmp_path, scene)


def test_three_times_500_and_a_cut_line_on_a_new_message_make_one_message(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        books = Books(stage)
        async with stage.bot() as bot:
            deliverer_of(bot).first_retry_seconds = 0.1
            reply = await stage.song(theme="rain")
            await books.asked_for()
            assert reply.original is not None
            await stage.sandbox.delete(reply.original)
            stage.sandbox.fault("POST /channels/*", status=500, after=True)
            stage.sandbox.fault("POST /channels/*", drop=True, after=True)
            with stage.worker():
                await books.brought_once(stage, "channel")
            assert len(stage.sandbox.requests("POST /channels/*")) == 3

    play(tmp_path, scene, complaints=True)


@pytest.mark.parametrize("after", [False, True])
def test_500_on_the_first_answer_is_made_good(tmp_path: Path, after: bool) -> None:
    async def scene(stage: Stage) -> None:
        books = Books(stage)
        stage.sandbox.fault(FIRST_ANSWERS, status=500, after=after)
        async with stage.bot():
            reply = await stage.sandbox.slash(stage.ada, stage.room, "/song", theme="rain")
            with stage.worker():
                assert await books.brought_once(stage, "original") is reply.original
            assert len(books.jobs()) == 1

    play(tmp_path, scene, complaints=after)


def test_500_on_the_first_answer_until_it_is_too_late_brings_a_new_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.commands.asking.FIRST_ANSWER_SECONDS", 0.3)

    async def scene(stage: Stage) -> None:
        books = Books(stage)
        stage.sandbox.fault(FIRST_ANSWERS, status=500, times=9)
        async with stage.bot():
            reply = await stage.sandbox.slash(stage.ada, stage.room, "/song", theme="rain")
            with stage.worker():
                message = await books.brought_once(stage, "channel")
            assert reply.original is None
            assert message.channel is stage.room

    play(tmp_path, scene, complaints=True)


@pytest.mark.parametrize("after", [False, True])
def test_a_line_that_is_cut_on_the_first_answer_is_made_good(tmp_path: Path, after: bool) -> None:
    async def scene(stage: Stage) -> None:
        books = Books(stage)
        stage.sandbox.fault(FIRST_ANSWERS, drop=True, after=after)
        async with stage.bot():
            reply = await stage.song(theme="rain")
            with stage.worker():
                assert await books.brought_once(stage, "original") is reply.original

    play(tmp_path, scene, complaints=after)


def test_an_answer_that_was_lost_is_found_again_for_when_the_token_is_over(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        books = Books(stage)
        stage.sandbox.fault(FIRST_ANSWERS, drop=True, after=True)
        async with stage.bot():
            reply = await stage.song(theme="rain")
            await reply.final()
            reply.expire()
            with stage.worker():
                assert await books.brought_once(stage, "edit") is reply.original

    play(tmp_path, scene, complaints=True)


def test_a_first_answer_that_is_too_late_brings_a_new_message(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        books = Books(stage)
        stage.sandbox.fault(FIRST_ANSWERS, delay=0.5)
        async with stage.bot():
            await stage.sandbox.slash(stage.ada, stage.room, "/song", theme="rain")
            with stage.worker():
                await books.brought_once(stage, "channel")

    play(tmp_path, scene, complaints=True, ack_deadline=0.3)


def test_a_slow_discord_gets_its_songs(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        books = Books(stage)
        async with stage.bot():
            stage.sandbox.latency = 0.5
            reply = await stage.song(theme="rain")
            with stage.worker(WHOLE_SONG):
                assert await books.brought_once(stage, "original") is reply.original
            assert reply.acked_after is not None
            assert reply.acked_after < 1.0
            stage.sandbox.latency = 0.0

    play(tmp_path, scene)


TROUBLES = ("reconnect", "close 1000", "close 4000", "cut", "invalid", "invalid for good")


async def trouble(stage: Stage, kind: str) -> None:
    gateway = stage.sandbox.gateway
    match kind:
        case "reconnect":
            await gateway.reconnect()
        case "cut":
            await gateway.drop()
        case "invalid":
            await gateway.invalidate(resumable=True)
        case "invalid for good":
            await gateway.invalidate()
        case _:
            await gateway.drop(int(kind.split()[1]))


@pytest.mark.parametrize("kind", TROUBLES)
def test_what_happens_to_the_gateway_does_not_happen_to_songs(tmp_path: Path, kind: str) -> None:
    async def scene(stage: Stage) -> None:
        books = Books(stage)
        async with stage.bot():
            await stage.song(theme="rain")
            with stage.worker(WHOLE_SONG):
                await trouble(stage, kind)
                await books.brought_once(stage, "original")
                before = {message.id for message in results(stage)}
                await back(stage)
                again = await stage.song(theme="wind")
                await books.closed(count=2)
                assert {message.id for message in results(stage)} - before == {again.original and again.original.id}

    play(tmp_path, scene)


async def back(stage: Stage) -> None:
    """Wait until the bot has a session again, new or old."""
    sandbox = stage.sandbox

    def returned() -> bool:
        return bool(sandbox.events("gateway_resumed")) or len(sandbox.events("gateway_ready")) > 1

    await sandbox.until(returned, 15)


def test_a_zombie_connection_is_noticed_and_left(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        books = Books(stage)
        async with stage.bot() as bot:
            connection: Any = bot.ws
            connection._keep_alive.heartbeat_timeout = 0.8  # discord.py waits for a minute
            await stage.song(theme="rain")
            stage.sandbox.gateway.silent = True
            with stage.worker(WHOLE_SONG):
                await books.brought_once(stage, "original")
            await stage.sandbox.until(lambda: len(stage.sandbox.events("gateway_closed")) > 0, 15)
            stage.sandbox.gateway.silent = False
            await back(stage)
            with stage.worker():
                await stage.song(theme="wind")
                await books.closed(count=2)
            assert len(results(stage)) == 2

    play(tmp_path, scene, heartbeat=0.3)


@contextlib.asynccontextmanager
async def locked(stage: Stage) -> AsyncIterator[None]:
    """Keep everybody else from writing into the database."""
    connection = sqlite3.connect(stage.folder / "songwright.sqlite3", isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")
        connection.close()


def test_a_database_that_is_busy_for_seconds_delays_a_command_and_a_result(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        books = Books(stage)
        async with stage.bot():
            async with locked(stage):
                reply = await stage.song(theme="rain")
                await asyncio.sleep(0.5)
                assert books.deliveries() == []
            await books.asked_for()
            with stage.worker():
                await books.made()
                async with locked(stage):
                    await asyncio.sleep(0.5)
                assert await books.brought_once(stage, "original") is reply.original

    play(tmp_path, scene)


def test_a_database_that_is_away_at_a_command_is_said(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        books = Books(stage)
        async with stage.bot() as bot:
            client: Any = deliverer_of(bot).backend.client
            real, client.submit_for = client.submit_for, away
            reply = await stage.song(theme="rain")
            message = await reply.final()
            assert "does not answer at the moment" in message.text
            client.submit_for = real
            with stage.worker():
                await stage.song(theme="wind")
                await books.closed()
            assert len(results(stage)) == 1

    play(tmp_path, scene)


def away(*_: object, **__: object) -> None:
    """Stand for a call while the database is away."""
    raise StoreError("the database is away", passing=True)


def test_a_database_that_is_away_while_songs_are_made_loses_none(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        books = Books(stage)
        async with stage.bot() as bot:
            door: Any = deliverer_of(bot).backend.client.deliveries
            reply = await stage.song(theme="rain")
            await reply.final()
            real, door.pending = door.pending, away
            with stage.worker():
                await books.made()
            await asyncio.sleep(0.5)
            assert results(stage) == []
            door.pending = real
            await books.brought_once(stage, "original")

    play(tmp_path, scene)


def test_a_host_who_changes_the_token_loses_no_result(tmp_path: Path) -> None:
    """401 for the bot is the host's to mend; results wait instead of being given up."""

    async def scene(stage: Stage) -> None:
        books = Books(stage)
        async with stage.bot() as bot:
            deliverer_of(bot).first_retry_seconds = 0.05
            reply = await stage.song(theme="rain")
            await books.asked_for()
            reply.expire()
            stage.sandbox.fault("PATCH /channels/*", status=401, times=3)
            with stage.worker():
                message: Message = await books.brought_once(stage, "edit")
            assert message is reply.original

    play(tmp_path, scene, complaints=True)
