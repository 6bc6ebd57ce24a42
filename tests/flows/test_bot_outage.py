"""PostgreSQL is away under the real bot: members are told, what was promised comes, and nobody starts anything anew."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from tests.bot.stage import Stage, finished, play
from tests.flows.crew import crew
from tests.servers.cut_off import behind_proxy
from tests.servers.proxy import Proxy
from worker.settings import Settings
from worker.store.database import Store


@contextlib.contextmanager
def on_proxied_postgres(stage: Stage, database_url: str) -> Iterator[Proxy]:
    """Let a stage's bot use PostgreSQL through a proxy."""
    with behind_proxy(database_url) as (url, proxy):
        stage.url = url
        stage.settings = Settings(database_url=url, models_dir=Path())
        yield proxy


def test_a_member_is_told_and_what_was_promised_comes_when_the_database_is_back(
    tmp_path: Path, postgres_url: str, postgres_store: Store
) -> None:
    async def scene(stage: Stage) -> None:
        with (
            on_proxied_postgres(stage, postgres_url) as proxy,
            crew(stage.url, None, tmp_path, sweep_seconds=0.5) as workers,
        ):
            workers.start()
            async with stage.bot():
                promised = await stage.song(stage.bob, theme="rain takes 1.5")
                await promised.final(until=lambda message: "rain" in message.text)
                proxy.cut()
                refused = await (await stage.song(stage.ada, theme="snow takes 0.1")).final()
                assert "does not answer at the moment" in refused.text
                assert "try again" in refused.text
                proxy.restore()
                await promised.final(timeout=30, until=finished)
                await stage.finished_song(stage.ada, theme="wind takes 0.1")
            assert {job.status for job in workers.jobs()} == {"done"}
            assert len(workers.jobs()) == 2

    play(tmp_path, scene)
