"""How long members wait for a song while the same machine tunes: idle and busy phases by turns, in one worker.

The worker is `songwright worker --tuning` on the rated database of the chain; songs go through its queue, and the tuning run
is queued as a host would and cancelled at the end of each busy phase. Every other run is one without a judge, which takes its
first step at once, so that both parts of a run are there: the writing anew and the steps.
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from statistics import median
from typing import Any

from engine.contract import SongRequest
from tests.bench.bench_load import TICKS, fields_of, lasted
from tests.bench.rating_hall import environment, told, working
from tests.bench.rating_plan import DATABASE, RATED, copy_database
from worker.client import Client
from worker.clock import utc_now
from worker.settings import hosting_settings
from worker.snapshots import make_snapshot
from worker.store import tunings
from worker.store.tunings import Tuning
from worker.tuning import LOCK
from worker.tuning_schedule import start

SONG = SongRequest(theme="rain over the harbour")
BEGUN_SECONDS = 10.0  # of processor time, after which a run is past its imports
LOOK_SECONDS, MOST_SECONDS = 0.1, 300.0
STEPS = 10_000  # more than a busy phase can take
BAR = 2.0


class Beside:
    """A worker under way and what waits for it."""

    def __init__(self, folder: Path) -> None:
        self._settings = hosting_settings(environment(folder))
        self.client = Client(self._settings)
        self._snapshot = make_snapshot(self.client.store, self._settings.snapshots_dir, now=utc_now())
        self._seed = 0

    async def songs(self, count: int) -> list[float]:
        """Ask for songs one after the other and return the seconds from asking to the end of each."""
        found = []
        for _ in range(count):
            self._seed += 1
            asked = SONG.model_copy(update={"seed": self._seed})
            job_id = self.client.submit(asked, requested_by="a member", server="bench")
            while not (job := self.client.job(job_id)).ended:
                await asyncio.sleep(LOOK_SECONDS)
            if job.status != "done":
                raise SystemExit(f"the song is {job.status}: {job.error}")
            found.append(lasted(job))
        return found

    async def begun(self, role: Any, *, judged: bool) -> tuple[Tuning, int]:
        """Queue a tuning run and wait until it is past its imports; return it with the id of its process."""
        options = {"steps": STEPS} | ({} if judged else {"judged": 0})
        run = start(self.client.store, self._settings, role, self._snapshot, now=utc_now(), options=options)
        until = time.monotonic() + MOST_SECONDS
        while time.monotonic() < until:
            await asyncio.sleep(LOOK_SECONDS)
            lock = Path(run.folder) / LOCK
            owner = lock.read_text(encoding="utf-8").split() if lock.is_file() else []
            if len(owner) == 2 and processor_seconds(int(owner[1])) > BEGUN_SECONDS:
                return run, int(owner[1])
        raise SystemExit("the tuning run did not begin")

    async def ended(self, run: Tuning, process: int) -> None:
        """Cancel a run and wait until its process is gone; SystemExit where it had ended by itself."""
        with self.client.store.writing() as session:
            if tunings.get(session, run.id).status != "running":
                raise SystemExit(f"the run {run.id} was over before the songs were")
            tunings.cancel(session, run.id, now=utc_now())
        while Path(f"/proc/{process}").exists():
            await asyncio.sleep(LOOK_SECONDS)


def processor_seconds(process: int) -> float:
    """Return what a process has used; 0 for one that is gone."""
    try:
        return sum(map(int, fields_of(process)[11:13])) / TICKS
    except FileNotFoundError:
        return 0.0


async def beside_tuning(role: Any, folder: Path, rounds: int, songs: int) -> dict[str, Any]:
    """Return the seconds of songs with an idle worker and beside a tuning run, and how many times as long they took."""
    place = folder / "interactive"
    if not (place / DATABASE).is_file():
        copy_database(folder / RATED, place / DATABASE)
    beside, idle, busy, shares = Beside(place), [], [], []
    async with working(place, "--tuning"):
        await beside.songs(1)
        for number in range(rounds):
            idle += await beside.songs(songs)
            run, process = await beside.begun(role, judged=number % 2 == 0)
            used, began = processor_seconds(process), time.monotonic()
            busy += await beside.songs(songs)
            shares.append((processor_seconds(process) - used) / (time.monotonic() - began))
            await beside.ended(run, process)
            told(f"round {number + 1} of {rounds}: {median(idle):.1f} s idle, {median(busy):.1f} s beside tuning")
    beside.client.close()
    return {
        "songs of each": len(idle),
        "idle median seconds": round(median(idle), 2),
        "idle worst seconds": round(max(idle), 2),
        "beside tuning median seconds": round(median(busy), 2),
        "beside tuning worst seconds": round(max(busy), 2),
        "times as long": round(median(busy) / median(idle), 2),
        "bar": BAR,
        "processors that the tuning used meanwhile": [round(share, 2) for share in shares],
    }
