"""The deliverer on a real store, with a ladder that does as told: who waits for whom, who holds what, what it costs."""

from __future__ import annotations

import asyncio
import contextlib
import statistics
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import discord
import pytest

from bot import deliverer as module
from bot.backend import Backend
from bot.deliverer import Deliverer
from bot.ladder import Brought, Outgoing, Sent
from engine.contract import SongRequest
from tests.worker.echo_song import EchoSong
from worker.client import Client
from worker.settings import Settings
from worker.store.deliveries import Delivery, NewDelivery
from worker.store.pending import Pending
from worker.tasks import run_next_job

APPLICATION = "7"
FAST = {"seconds_between_edits": 0.02, "first_retry_seconds": 0.02}


class PlainAnswers:
    """Says how many jobs there are."""

    async def progress(self, pending: Pending) -> Outgoing:
        return Outgoing(str([job.status for job in pending.jobs]))

    def worker_away(self, pending: Pending) -> Outgoing:
        return Outgoing("away")

    async def result(self, pending: Pending) -> Outgoing:
        return Outgoing("done")

    def apology(self, pending: Pending) -> Outgoing:
        return Outgoing("sorry")


class Bench:
    """A store with requests in it, and deliverers on it."""

    def __init__(self, folder: Path) -> None:
        values = {"SONGWRIGHT_DATABASE_URL": f"sqlite:///{folder / 'songs.sqlite3'}", "XDG_DATA_HOME": str(folder)}
        self.settings = Settings.from_environment(values)
        self.client = Client(self.settings)

    def ask(self, count: int = 1) -> list[str]:
        """Write requests down, each of a member of its own; return their deliveries' ids."""
        new = [NewDelivery(APPLICATION, "song", f"member {number}", channel_id="1") for number in range(count)]
        requests = [SongRequest(theme="rain")]
        return [self.client.submit_for(requests, one, per_day=9, waiting=9)[0].id for one in new]

    def sing(self, count: int = 1) -> None:
        """Carry so many requests out."""
        for _ in range(count):
            assert run_next_job(self.client.store, EchoSong(), self.settings) is not None

    def find(self, delivery_id: str) -> Delivery:
        found = self.client.deliveries.find(delivery_id)
        assert found is not None
        return found

    async def until(self, test: Callable[[], object]) -> None:
        async with asyncio.timeout(5):
            while not test():
                await asyncio.sleep(0.01)

    @contextlib.asynccontextmanager
    async def deliverer(self, **options: Any) -> AsyncIterator[Deliverer]:
        discord_client: Any = SimpleNamespace(application_id=int(APPLICATION))
        backend = Backend(Client(self.settings))
        deliverer = Deliverer(discord_client, backend, PlainAnswers(), **(FAST | options))
        deliverer.start()
        try:
            yield deliverer
        finally:
            await deliverer.stop()
            backend.close()


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """Return a bench whose ladder brings everything at once, unless a test puts another in its place."""
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.02)
    monkeypatch.setattr(module, "show", Ladder())
    monkeypatch.setattr(module, "climb", Ladder())
    return Bench(tmp_path)


class Ladder:
    """Stands for `show` and `climb`: counts, and for some deliveries waits or fails first."""

    def __init__(self, seconds: float = 0.0, fault: Exception | None = None) -> None:
        self.seconds, self.fault, self.sent = seconds, fault, list[tuple[str, str | None]]()

    async def __call__(self, _: object, delivery: Delivery, outgoing: Outgoing, now: object) -> Any:
        self.sent.append((delivery.id, outgoing.content))
        await asyncio.sleep(self.seconds)
        if self.fault is not None:
            raise self.fault
        return Brought("channel", Sent("1", "2")) if outgoing.content in ("done", "sorry") else Sent("1", "2")


def is_delivered(bench: Bench, delivery_id: str) -> Callable[[], bool]:
    return lambda: bench.find(delivery_id).status == "delivered"


def test_a_result_does_not_wait_for_the_progress_of_others(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    hanging = Ladder(seconds=3600)
    monkeypatch.setattr(module, "show", hanging)

    async def scene() -> None:
        first, *_ = bench.ask(module.AT_ONCE + 5)
        async with bench.deliverer():
            await bench.until(lambda: len(hanging.sent) == module.AT_ONCE)
            monkeypatch.setattr(module, "LATE_EDIT_SECONDS", 0.05)
            bench.sing()
            await bench.until(is_delivered(bench, first))

    asyncio.run(scene())


def test_an_edit_that_waits_for_its_turn_does_not_delay_its_own_result(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "AT_ONCE", 1)
    hanging = Ladder(seconds=3600)
    monkeypatch.setattr(module, "show", hanging)

    async def scene() -> None:
        bench.ask()
        async with bench.deliverer() as deliverer:
            await bench.until(lambda: hanging.sent)
            (second,) = bench.ask()
            await bench.until(lambda: second in deliverer._followed)
            bench.sing(2)
            await bench.until(is_delivered(bench, second))
            assert second not in [id_ for id_, _ in hanging.sent]

    asyncio.run(scene())


def test_housekeeping_that_hangs_holds_nothing_up(bench: Bench) -> None:
    async def hang() -> None:
        await asyncio.sleep(3600)

    async def scene() -> None:
        (delivery,) = bench.ask()
        async with bench.deliverer(housekeeping=hang):
            bench.sing()
            await bench.until(is_delivered(bench, delivery))

    asyncio.run(scene())


def test_a_slow_upload_keeps_its_hold(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = Ladder(seconds=0.6)
    monkeypatch.setattr(module, "climb", slow)

    async def scene() -> None:
        (delivery,) = bench.ask()
        bench.sing()
        async with bench.deliverer(hold_seconds=0.15), bench.deliverer(hold_seconds=0.15):
            await bench.until(is_delivered(bench, delivery))
        assert len(slow.sent) == 1, "another took it from the one that was at it"

    asyncio.run(scene())


def test_a_bot_that_stops_lets_go_of_what_it_held(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    hanging = Ladder(seconds=3600)
    monkeypatch.setattr(module, "climb", hanging)
    monkeypatch.setattr(module, "STOPPING_SECONDS", 0.02)

    async def scene() -> None:
        (delivery,) = bench.ask()
        bench.sing()
        async with bench.deliverer():
            await bench.until(lambda: hanging.sent)
            assert bench.find(delivery).holder is not None
        assert bench.find(delivery).holder is None
        assert bench.find(delivery).status == "open"

    asyncio.run(scene())


def test_stopping_works_at_any_moment(bench: Bench) -> None:
    async def scene() -> None:
        bench.ask()
        for pauses in range(30):
            async with asyncio.timeout(2), bench.deliverer() as deliverer:
                for _ in range(pauses):
                    await asyncio.sleep(0.001)
                    deliverer.wake()

    asyncio.run(scene())


@pytest.mark.parametrize(("status", "tries"), [(404, 1), (403, 1)])
def test_progress_that_cannot_be_shown_is_not_tried_for_ever(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, status: int, tries: int
) -> None:
    response: Any = SimpleNamespace(status=status, reason="")
    refused = Ladder(fault=discord.HTTPException(response, {"code": 10008, "message": ""}))
    monkeypatch.setattr(module, "show", refused)

    async def scene() -> None:
        bench.ask()
        async with bench.deliverer():
            await bench.until(lambda: refused.sent)
            bench.ask()
            await bench.until(lambda: len(refused.sent) == 2)
            await asyncio.sleep(0.2)
        assert len(refused.sent) == 2 * tries

    asyncio.run(scene())


def test_bugs_in_a_row_end_in_an_apology(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    class Buggy(Ladder):
        async def __call__(self, _: object, delivery: Delivery, outgoing: Outgoing, now: object) -> Any:
            self.fault = None if outgoing.content == "sorry" else ZeroDivisionError()
            return await super().__call__(_, delivery, outgoing, now)

    buggy = Buggy()
    monkeypatch.setattr(module, "climb", buggy)

    async def scene() -> None:
        (delivery,) = bench.ask()
        bench.sing()
        async with bench.deliverer():
            await bench.until(is_delivered(bench, delivery))
        assert [content for _, content in buggy.sent] == ["done"] * module.MOST_BUGS + ["sorry"]

    asyncio.run(scene())


def test_faults_that_pass_are_waited_out_longer_and_longer(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    faulty = Ladder(fault=TimeoutError())
    monkeypatch.setattr(module, "climb", faulty)

    async def scene() -> None:
        (delivery,) = bench.ask()
        bench.sing()
        async with bench.deliverer(first_retry_seconds=0.01):
            await bench.until(lambda: len(faulty.sent) == 3)
            assert bench.find(delivery).failure == "TimeoutError"
            faulty.fault = None
            await bench.until(is_delivered(bench, delivery))

    asyncio.run(scene())


def test_two_hundred_open_deliveries_cost_little(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = Ladder()
    monkeypatch.setattr(module, "show", shown)

    async def scene() -> None:
        bench.ask(200)
        async with bench.deliverer(seconds_between_edits=30.0) as deliverer:
            await bench.until(lambda: len(shown.sent) == 200)
            looks = []
            for _ in range(9):
                began = time.perf_counter()
                await deliverer._look()
                looks.append(time.perf_counter() - began)
            assert statistics.median(looks) < 0.1, "a look at four a second takes too much of a second"
            assert len(shown.sent) == 200, "nothing had changed"

    asyncio.run(scene())


def test_without_a_worker_it_is_said_once_that_the_request_is_kept(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = Ladder()
    monkeypatch.setattr(module, "show", shown)
    monkeypatch.setattr("bot.following.STALLED_SECONDS", 0.15)

    async def scene() -> None:
        first, second = bench.ask(2)
        async with bench.deliverer():
            await bench.until(lambda: shown.sent.count((second, "away")))
            bench.ask()
            await asyncio.sleep(0.2)
            assert shown.sent.count((first, "away")) == 1
            before = len(shown.sent)
            bench.sing()
            await bench.until(lambda: (second, "['queued']") in shown.sent[before:])

    asyncio.run(scene())
