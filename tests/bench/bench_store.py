"""Times what the bot and the workers ask of a store with many songs, on SQLite or PostgreSQL.

    python -m tests.bench.bench_store --songs 100000 --database postgresql

Run by `make bench`; not a test. The functions are those that the bot and the workers call; the rows are synthetic, see
`large_store`. On SQLite a second process writes all the while. Times are those of one caller on this machine.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import click
import psycopg
from sqlalchemy import make_url, text

from engine.contract import SongReport, SongRequest
from tests.bench.large_store import (
    APPLICATION,
    FAILED,
    RUNNING,
    SERVERS,
    LargeStore,
    fill,
    member,
    message,
    row_id,
    server,
)
from worker.client import Client
from worker.clock import utc_now
from worker.owner import this_process
from worker.settings import Settings
from worker.store import jobs, retention
from worker.store.database import open_store
from worker.store.deliveries import NewDelivery
from worker.store.retention import Retention
from worker.store.songs import GeneratedSong

BAR_MILLISECONDS = 50.0
POSTGRES = "postgresql+psycopg://postgres@127.0.0.1:5432/test"
REQUEST = SongRequest(theme="rain over the harbour")
PLENTY = 10**6
LEASE_SECONDS = 600.0
Act = Callable[[], object]


class Acts:
    """The acts that are timed, each with what it needs drawn at random beforehand."""

    def __init__(self, client: Client, contents: LargeStore, seed: int = 3) -> None:
        self.client, self.contents = client, contents
        self.drawn = random.Random(seed)
        self.asked = list(contents.asked())
        self.songs = self.asked[: contents.songs]
        self.queued = [row_id(0, one.number) for one in self.asked[contents.songs + FAILED + RUNNING :]]
        self.claimed: list[Any] = []
        self.pages = {who: 1 + count // 10 for who, count in self._songs_of_members().items()}

    def all(self) -> dict[str, Callable[[], Act]]:
        """Return the acts by name; each is called for one thing to do, which then is timed."""
        return {
            "history, first page": lambda: self._history(first=True),
            "history, any page": lambda: self._history(first=False),
            "library search, a word": lambda: self._search(self._word()),
            "library search, two words": lambda: self._search(f"{self._word()} {self._word()}"),
            "library, no words": lambda: self._search(None),
            "favourites": lambda: partial(self.client.library.favourites, self._one().member),
            "titles as typed": self._titles,
            "top, first page": lambda: self._top(1),
            "top, any page": lambda: self._top(self.drawn.randint(1, 30)),
            "poll": lambda: partial(self.client.deliveries.pending, APPLICATION),
            "place in the queue": lambda: partial(self.client.position, self.drawn.choice(self.queued)),
            "submit": self._submit,
            "claim": lambda: self._claim,
            "progress": self._progress,
            "finish": self._finish,
            "rate": self._rate,
            "song of a message": self._song_of_message,
            "find a song": lambda: partial(self.client.song, row_id(1, self._one().number)),
            "statistics of a server": lambda: partial(self.client.servers.statistics, self._server()),
            "housekeeping": lambda: self._keep_house,
            "retention": lambda: self._retain,
        }

    def _songs_of_members(self) -> dict[str, int]:
        counts: dict[str, int] = {}
        for one in self.songs:
            counts[one.member] = counts.get(one.member, 0) + 1
        return counts

    def _one(self) -> Any:
        return self.drawn.choice(self.songs)  # so the busiest members and servers come as often as they do

    def _server(self) -> str:
        return self._one().server or server(self.drawn.randrange(SERVERS))

    def _word(self) -> str:
        return self.drawn.choice(self.contents.vocabulary)

    def _history(self, *, first: bool) -> Act:
        who = self._one().member
        page = 1 if first else self.drawn.randint(1, self.pages[who])
        return lambda: self.client.library.history(who, page)

    def _search(self, words: str | None) -> Act:
        who, where = self._one().member, self._server()
        page = 1 if words else self.drawn.randint(1, 30)
        return lambda: self.client.library.search(where, who, words=words, page=page)

    def _titles(self) -> Act:
        who, where, typed = self._one().member, self._server(), self._word()[:3]
        return lambda: self.client.library.own_titles(who, where, typed)

    def _top(self, page: int) -> Act:
        where = self._server()
        return lambda: self.client.library.top(where, page)

    def _submit(self) -> Act:
        one = self._one()
        new = NewDelivery(application_id="another", layout="song", member=one.member, server=one.server)
        return lambda: self.client.submit_for([REQUEST], new, per_day=PLENTY, waiting=PLENTY)

    def _claim(self) -> object:
        with self.client.store.writing() as session:
            job = jobs.claim(session, owner=this_process(), now=utc_now(), lease_seconds=LEASE_SECONDS)
        assert job is not None
        self.claimed.append(job)
        return job

    def _progress(self) -> Act:
        job = self.drawn.choice(self.claimed)

        def write() -> None:
            with self.client.store.writing() as session:
                jobs.progress(
                    session,
                    job.id,
                    job.lease_token,
                    stage="lyrics",
                    done=3,
                    total=24,
                    words="la " * 300,
                    now=utc_now(),
                    lease_seconds=LEASE_SECONDS,
                )

        return write

    def _finish(self) -> Act:
        job = self.claimed.pop()
        report = SongReport(title="Rain", request=job.request, sections=(), style="pop", seed=1)
        song = GeneratedSong(title="Rain", lyrics_text="la la la\n" * 100, report=report, score={"ticks": [480] * 3000})

        def end() -> None:
            with self.client.store.writing() as session:
                jobs.finish(session, job.id, job.lease_token, song, now=utc_now())

        return end

    def _rate(self) -> Act:
        song, rater = row_id(1, self._one().number), member(self.drawn.randrange(1000))
        return lambda: self.client.rate(song, rater=rater, stars=4)

    def _song_of_message(self) -> Act:
        number = self._one().number
        return lambda: self.client.song_of_message(message(number))

    def _keep_house(self) -> None:
        month = timedelta(days=30)
        self.client.deliveries.erase_expired_tokens()
        self.client.members.stale_memberships(timedelta(days=1), 20)
        self.client.servers.forget_removed(month)
        self.client.members.forget_absent(month)
        self.client.uploads.forget_old(timedelta(days=7))
        self.client.members.forget_old_uses()
        self.client.privacy.erase_if_due()

    def _retain(self) -> None:
        with self.client.store.writing() as session:
            retention.forget_old(session, utc_now(), Retention(keep=timedelta(days=1)), at_most=50)


def timed(make: Callable[[], Act], calls: int) -> dict[str, float]:
    """Return p50, p95 and max in milliseconds, and this process's CPU time for one call."""
    for _ in range(3):
        make()()
    seconds, cpu = [], 0.0
    for _ in range(calls):
        act = make()
        began, cpu_began = time.perf_counter(), time.process_time()
        act()
        seconds.append(time.perf_counter() - began)
        cpu += time.process_time() - cpu_began
    ordered = sorted(1000 * one for one in seconds)
    found = {
        "p50": ordered[len(ordered) // 2],
        "p95": ordered[int(len(ordered) * 0.95)],
        "max": ordered[-1],
        "cpu": 1000 * cpu / calls,
    }
    return {name: round(value, 2) for name, value in found.items()}


@contextmanager
def database(which: str, folder: Path) -> Iterator[str]:
    """Return the URL of a fresh database: a file here, one on the local PostgreSQL that is dropped again, or a given one."""
    if which == "sqlite":
        yield f"sqlite:///{folder / 'large.sqlite3'}"
        return
    if which != "postgresql":
        yield which
        return
    url, name = make_url(POSTGRES), f"songwright_bench_{uuid.uuid4().hex[:8]}"
    at = url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(at, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"'.encode())
        try:
            yield url.set(database=name).render_as_string(hide_password=False)
        finally:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


WRITER = """
import sys, time
from worker.store.database import open_store
from worker.store import members
from worker.clock import utc_now
store = open_store(sys.argv[1])
print("writing", flush=True)
while True:
    with store.writing() as session:
        members.see(session, "81", "71", utc_now())
    time.sleep(0.02)
"""


@contextmanager
def another_writer(url: str) -> Iterator[None]:
    """Let a second process write fifty times a second."""
    process = subprocess.Popen([sys.executable, "-c", WRITER, url], stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        process.stdout.readline()
        yield
    finally:
        process.kill()
        process.wait()


@click.command()
@click.option("--songs", default=100_000, show_default=True, type=click.IntRange(100))
@click.option("--database", "which", default="sqlite", show_default=True, help="sqlite, postgresql, or a URL")
@click.option("--calls", default=300, show_default=True, type=click.IntRange(10))
@click.option("--only", default="", help="acts whose name holds this")
@click.option("--json", "as_json", is_flag=True)
def main(songs: int, which: str, calls: int, only: str, as_json: bool) -> None:
    """Fill a store, time every act, and say what takes longer than it may."""
    with tempfile.TemporaryDirectory() as folder, database(which, Path(folder)) as url:
        store = open_store(url)
        contents = LargeStore(songs, utc_now() - timedelta(days=1))
        with store.reading() as session:
            filled = bool(session.execute(text("SELECT 1 FROM jobs LIMIT 1")).all())
        began = time.perf_counter()
        rows = {} if filled else fill(store, contents)
        filling = time.perf_counter() - began
        if store.engine.dialect.name == "postgresql":  # as autovacuum does within minutes of so many new rows
            with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.execute(text("VACUUM ANALYZE"))
        client = Client(Settings(database_url=url, models_dir=Path(folder)), store=store)
        with another_writer(url):
            acts = {name: act for name, act in Acts(client, contents).all().items() if only in name}
            times = {name: timed(act, calls) for name, act in acts.items()}
        store.close()
    slow = [name for name, one in times.items() if one["p95"] > BAR_MILLISECONDS]
    if as_json:
        print(json.dumps({"database": which, "songs": songs, "rows": rows, "milliseconds": times, "slow": slow}))
        return
    print(f"{songs} synthetic songs in {make_url(url).get_backend_name()}, filled in {filling:.0f} s")
    print(f"{'milliseconds':28} {'p50':>8} {'p95':>8} {'max':>8} {'cpu':>8}")
    for name, one in times.items():
        print(f"{name:28} {one['p50']:8.1f} {one['p95']:8.1f} {one['max']:8.1f} {one['cpu']:8.1f}")
    print(f"p95 over {BAR_MILLISECONDS:.0f} ms: {', '.join(slow) or 'nothing'}")


if __name__ == "__main__":
    main()
