"""The bot's health and metrics: a real bot on a local Discord, asked over HTTP while members use it."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from structlog.contextvars import merge_contextvars

from bot import operation
from bot.app import SongwrightBot
from bot.errors import outcome_of
from bot.operation import BotWatch, against_life
from engine.errors import EngineError, FileFormatError, RequestError
from tests.bot.stage import Stage, play
from tests.discord_sandbox import running
from worker.settings import Settings
from worker.store.database import StoreError

ANY_PORT = "127.0.0.1:0"
THEME = "xylophonic zeppelins"


def _got(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as answer:
        with answer:
            return answer.code, answer.read().decode()


async def got(url: str) -> tuple[int, str]:
    """Ask beside the event loop, which answers some of the questions."""
    return await asyncio.to_thread(_got, url)


def figures(text: str) -> dict[str, float]:
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in text.splitlines() if line[0] != "#"}


@asynccontextmanager
async def watched_bot(stage: Stage) -> AsyncIterator[str]:
    """Run the bot as `songwright bot` does, and give the address of its health."""
    settings = stage.settings.model_copy(update={"metrics_address": ANY_PORT})
    watch = BotWatch(settings)
    bot = SongwrightBot(settings, connector=stage.sandbox.connector(), edit_seconds=0.05, observer=watch.observer)
    with watch.serving(bot) as server:
        assert server is not None
        status, text = await got(f"{server.url}/ready")
        assert status == 503
        assert operation.NOT_CONNECTED in json.loads(text)["reasons"]
        async with running(bot, stage.sandbox, "song", timeout=30):
            await asyncio.wait_for(bot.wait_until_ready(), 30)
            yield server.url


async def until(true: Callable[[], Any]) -> None:
    async with asyncio.timeout(30):
        while not await true():
            await asyncio.sleep(0.02)


@pytest.fixture
def records() -> Iterator[list[dict[str, Any]]]:
    """Collect every record as the process log shows it."""
    found: list[dict[str, Any]] = []

    class Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            names = {name: getattr(record, name) for name in ("job_id", "delivery_id") if hasattr(record, name)}
            found.append(merge_contextvars(None, "", {}) | names | {"event": record.getMessage()})

    collector, root = Collector(), logging.getLogger("bot")
    level = root.level
    root.addHandler(collector)
    root.setLevel(logging.INFO)
    yield found
    root.removeHandler(collector)
    root.setLevel(level)


def test_a_bot_tells_of_commands_deliveries_and_its_connection(tmp_path: Path, records: list[dict[str, Any]]) -> None:
    async def scene(stage: Stage) -> None:
        async with watched_bot(stage) as url:
            assert await got(f"{url}/live") == (200, '{"status": "ok", "reasons": []}\n')

            async def ready() -> bool:
                return (await got(f"{url}/ready"))[0] == 200

            await until(ready)  # it remembers for some seconds that there were no tables
            with stage.worker():
                song = await stage.finished_song(theme=THEME)
                await stage.pressed(stage.bob, song, "★4")
                await stage.answer(stage.ada, "/history")
                refused = await stage.answer(stage.ada, "/song-info", song="nosuchsong")
                assert "nosuchsong" in refused.text

            async def counted() -> bool:
                found = figures((await got(f"{url}/metrics"))[1])
                return found.get('songwright_deliveries_total{rung="original"}') == 1

            await until(counted)
            text = (await got(f"{url}/metrics"))[1]
            found = figures(text)
            assert found['songwright_commands_total{command="song",outcome="ok"}'] == 1
            assert found['songwright_commands_total{command="song-info",outcome="refused"}'] == 1
            assert found['songwright_commands_total{command="history",outcome="ok"}'] == 1
            presses = {name: count for name, count in found.items() if 'command="press ' in name}
            assert sum(presses.values()) == 1, presses
            assert not [name for name in presses if "unknown" in name]
            assert found["songwright_first_answer_seconds_count"] == 4
            assert found["songwright_delivery_seconds_count"] == 1
            assert found["songwright_delivery_retries_total"] == 0
            assert found["songwright_gateway_ready"] == 1
            assert found["songwright_gateway_shards"] == 1
            assert found["songwright_servers"] == 1
            assert found["songwright_database_up"] == 1
            for secret in (stage.ada.id, stage.bob.id, stage.guild.id, "zeppelin", song.id):
                assert secret not in text
        about = [record for record in records if record["event"].startswith("delivery ")]
        assert {"asked for", "brought by original"} <= {record["event"].partition(": ")[2] for record in about}
        client = stage.client()
        (job_id,) = {record.get("job_id") for record in about}
        assert client.job(str(job_id)).status == "done"
        client.close()
        assert all(record["delivery_id"] in record["event"] for record in about)

    play(tmp_path, scene)


def test_a_bot_without_an_address_counts_and_serves_nothing(tmp_path: Path) -> None:
    async def scene() -> None:
        watch = BotWatch(Settings(database_url=f"sqlite:///{tmp_path}/x", models_dir=Path()))
        with watch.serving(None) as server:  # type: ignore[arg-type]  # nobody asks it
            assert server is None

    asyncio.run(scene())


def test_a_loop_that_stands_still_is_not_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operation, "LOOP_SECONDS", 0.05)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    go_on = threading.Event()
    try:
        loop.call_soon_threadsafe(go_on.wait, 30)
        assert against_life(loop) == [operation.LOOP_STANDS]
        go_on.set()
        monkeypatch.setattr(operation, "LOOP_SECONDS", 30)
        assert against_life(loop) == []
    finally:
        go_on.set()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
    assert against_life(loop) == [operation.ENDED]


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (RequestError("bars must be 4-64"), "refused"),
        (FileFormatError("no MIDI file"), "refused"),
        (StoreError("away"), "away"),
        (EngineError("out of memory"), "away"),
        (ConnectionResetError(), "away"),
        (KeyError("x"), "bug"),
    ],
)
def test_what_a_member_met_is_one_word(error: Exception, outcome: str) -> None:
    assert outcome_of(error) == outcome
