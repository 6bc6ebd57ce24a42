"""What becomes of ratings that are pure chance: the chain up to the gate's verdict, again and again on the same songs.

The songs are those that members asked for through the bot; the stars are written by the store's own function, since the
buttons are proven by the chain itself. The gate's first line asks whether the ratings can be learned, and does not look at
the candidate; so a run is tuned a few steps first, and tuned whole, and gated again, only where that line lets it pass, or
where it is asked for; of those the gate measures all lines, too, as if the first had been passed.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import time
from collections import Counter
from pathlib import Path
from typing import Any

from engine.evaluation.gate_lines import CHANCE
from tests.bench.rating_chain import Chain, about_run
from tests.bench.rating_hall import ROOT, environment, told
from tests.bench.rating_plan import ASKED, DATABASE, copy_database, spread
from tests.bench.simulated_members import random_raters
from worker.client import Client
from worker.clock import utc_now
from worker.settings import hosting_settings
from worker.snapshots import StoredSnapshot, make_snapshot
from worker.store.tunings import Tuning
from worker.tuning import CHECKPOINT, NOT_PASSED, PROGRAM, Tuner
from worker.tuning_schedule import start

FEW = {"steps": 5, "judged": 0}
FIRST_LINE = "ratings can be learned"
FIRST_SEED = 1000  # of the stars: those of the chain are others


class ChanceRun:
    """One run: its own copy of the database at the end of the asking, and its own stars."""

    def __init__(self, chain: Chain, number: int) -> None:
        self._chain, self._seed = chain, FIRST_SEED + number
        self._folder = chain.hall.folder / f"chance-{number:02}"
        self._environ = environment(self._folder)
        people = (
            {} if chain.plan.people is None else {"gate_lyrics": chain.plan.people, "gate_tunes": chain.plan.people}
        )
        self._settings = hosting_settings(self._environ).model_copy(update=people)

    def figures(self, *, whole: bool) -> dict[str, Any]:
        """Return how the run went; that of an earlier call where it has ended. whole: tune as usual in any case."""
        kept = self._folder / f"figures{'-whole' if whole else ''}.json"
        if not kept.is_file():
            if not (self._folder / DATABASE).is_file():
                copy_database(self._chain.hall.folder / ASKED, self._folder / DATABASE)
            client, began = Client(self._settings), time.monotonic()
            self._rate(client)
            snapshot = make_snapshot(client.store, self._settings.snapshots_dir, now=utc_now())
            found = about_run(self._carried_out(client, snapshot, {} if whole else FEW))
            if not whole and FIRST_LINE not in found["not passed"]:
                told("the ratings pass for ones that can be learned: tuned whole")
                found = about_run(self._carried_out(client, snapshot, {}))
            if whole:
                found["all lines"] = self._all_lines(Path(found["folder"]), snapshot)
            client.close()
            found["seconds"] = round(time.monotonic() - began)
            kept.write_text(json.dumps(found, indent=1), encoding="utf-8")
        read: dict[str, Any] = json.loads(kept.read_text(encoding="utf-8"))
        return read

    def _all_lines(self, folder: Path, snapshot: StoredSnapshot) -> list[str]:
        """Return the lines that the candidate does not pass where the gate goes on after the first (songwright gate --all)."""
        gate = ["gate", str(folder / CHECKPOINT), "--snapshot", snapshot.path, "--all", "--json"]
        ended = subprocess.run(
            [*PROGRAM, *gate], cwd=ROOT, env=self._environ, capture_output=True, text=True, check=False
        )
        if ended.returncode not in (0, NOT_PASSED):
            raise SystemExit(f"the gate failed: {ended.stderr[-400:]}")
        return [line["sentence"] for line in json.loads(ended.stdout)["lines"] if not line["passed"]]

    def _rate(self, client: Client) -> None:
        plan, takes = self._chain.plan, {take.id: take for take in self._chain.takes}
        raters = random_raters(list(takes.values()), count=plan.members, seed=self._seed)
        songs = [(song, self._chain.hall.asker(song)) for song in takes]
        for member, song in spread(plan.members, songs, plan.ratings, self._seed):
            stars = raters[member].stars(takes[song])
            client.ratings.rate(song, rater=self._chain.hall.members[member].id, stars=stars)

    def _carried_out(self, client: Client, snapshot: StoredSnapshot, options: dict[str, int]) -> Tuning:
        start(client.store, self._settings, self._chain.plan.role, snapshot, now=utc_now(), options=options)
        ended = Tuner(client.store, self._settings, environ=self._environ).run_next()
        if ended is None or ended.status != "done":
            raise SystemExit(f"the run did not end with a candidate: {ended}")
        return ended


async def chance_runs(chain: Chain, runs: int, whole: int) -> dict[str, Any]:
    """Return in how many runs the gate refused, and at which line. whole: so many of the runs are tuned as usual, too."""
    found: list[dict[str, Any]] = []
    for number in range(runs):
        run = ChanceRun(chain, number)
        found.append(await asyncio.to_thread(run.figures, whole=False))
        told(f"chance run {number + 1} of {runs}: {found[-1]['verdict']} {found[-1]['lines'].get(FIRST_LINE)}")
    fully = [await asyncio.to_thread(ChanceRun(chain, number).figures, whole=True) for number in range(whole)]
    lines: Counter[str] = Counter(line for one in found for line in one["not passed"])
    return {
        "ratings of a run": chain.plan.ratings,
        "runs": runs,
        "refused": sum(not one["passed"] for one in found),
        "at the line": dict(lines),
        "judge right": [one["lines"].get(FIRST_LINE) for one in found],
        "chance is": CHANCE,
        "tuned with": FEW,
        "tuned whole, for the first line let them pass": sum(not one["options"] for one in found),
        "median seconds": sorted(one["seconds"] for one in found)[len(found) // 2],
        "of these again, tuned whole": [
            {name: one[name] for name in ("passed", "verdict", "all lines", "seconds")} for one in fully
        ],
    }
