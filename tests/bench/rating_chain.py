"""The stages of the chain from stars to the next version and back, each kept in its folder when it has ended.

    asked       members agree to training and ask for songs, two takes of each prompt
    rated       they press the stars of songs of others
    tuned       a worker with --tuning makes the snapshot, tunes and holds the gate
    trial       members go on asking and rating until the ratings decide
    withdrawn   a member says no to training: before and after in the snapshots
    worse       a version with noise on its weights is promoted by hand, and the ratings take it back

What is measured apart from the bot, on prompts that nobody asked for, is in `unheard_prompts`.
"""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from statistics import fmean
from typing import Any

from engine.corpus.snapshots import Take, open_snapshot
from tests.bench.bench_promotion import noisy_copy
from tests.bench.rating_hall import Hall, terminal, told, working
from tests.bench.rating_plan import ASKED, DATABASE, RATED, Plan, copy_database, spread
from tests.bench.simulated_members import Crowd, crowd
from worker import trials
from worker.clock import utc_now
from worker.loaded_models import promoted_paths
from worker.store import model_versions, tunings
from worker.store.model_versions import ModelVersion
from worker.store.tunings import Tuning
from worker.trial_watch import watches

TAKES, RATERS, AT_ONCE = 2, 4, 4
LOOK_SECONDS = 1.0


@dataclass
class Chain:
    """A chain under way: its plan and the hall that it takes place in."""

    plan: Plan
    hall: Hall

    async def stage(self, name: str, work: Callable[[], Awaitable[dict[str, Any]]]) -> dict[str, Any]:
        """Return the figures of a stage: those kept of an earlier call, or those of doing it now."""
        kept = self.hall.folder / f"stage-{name}.json"
        if not kept.is_file():
            told(f"{name} ...")
            began = time.monotonic()
            figures = await work() | {"seconds": round(time.monotonic() - began)}
            kept.write_text(json.dumps(figures, indent=1, default=str), encoding="utf-8")
            told(f"{name}: {json.dumps(figures, default=str)[:400]}")
        found: dict[str, Any] = json.loads(kept.read_text(encoding="utf-8"))
        return found

    @cached_property
    def takes(self) -> list[Take]:
        """The takes of the first stage."""
        names = [name for name in self.hall.songs if name.startswith("asked ")]
        return [self.hall.take(self.hall.songs[name]) for name in sorted(names)]

    @cached_property
    def crowd(self) -> Crowd:
        """The tastes of the members, to whom the takes of the first stage are what is usual."""
        return crowd(self.takes, count=self.plan.members, seed=self.plan.seed)

    async def asked(self) -> dict[str, Any]:
        """Let everybody agree to training and ask for the prompts in turn, both takes of a prompt by the same member."""
        for member in range(self.plan.members):
            await self.hall.allow_training(member, True)
        wanted = [(place, take) for place in range(self.plan.prompts) for take in range(1, TAKES + 1)]
        async with working(self.hall.folder):
            for some in _groups(wanted):
                await asyncio.gather(
                    *(
                        self._ask(place % self.plan.members, f"asked {place:03} {take}", place, take)
                        for place, take in some
                    )
                )
                told(f"{some[-1][0] + 1} of {self.plan.prompts} prompts")
        copy_database(self.hall.folder / DATABASE, self.hall.folder / ASKED)
        return {"members": self.plan.members, "songs": len(self.takes)}

    def _ask(self, member: int, name: str, place: int, seed: int) -> Awaitable[str]:
        return self.hall.ask(member, name, self.plan.requests[place], seed)

    async def rated(self) -> dict[str, Any]:
        """Let the members press the stars of each other's songs."""
        songs = [(take.id, self.hall.asker(take.id)) for take in self.takes]
        of = {take.id: take for take in self.takes}
        given: Counter[int] = Counter()
        for number, (member, song) in enumerate(spread(self.plan.members, songs, self.plan.ratings, self.plan.seed), 1):
            stars = self.crowd.members[member].stars(of[song])
            given[stars] += 1
            if self.hall.rated(member, song) is None:
                await self.hall.press(member, song, stars)
            if number % 100 == 0:
                told(f"{number} of {self.plan.ratings} stars pressed")
        copy_database(self.hall.folder / DATABASE, self.hall.folder / RATED)
        return {"pressed": sum(given.values()), "stars": dict(sorted(given.items()))}

    async def tuned(self) -> dict[str, Any]:
        """Let a worker with --tuning do what is due: words by itself after so many ratings, tunes when a host says so."""
        people = {
            "SONGWRIGHT_GATE_LYRICS" if self.plan.role == "lyrics" else "SONGWRIGHT_GATE_TUNES": str(self.plan.people)
        }
        more = {"SONGWRIGHT_TUNE_SHARE": str(self.plan.share), **(people if self.plan.people else {})}
        if self.plan.role == "lyrics":
            more["SONGWRIGHT_TUNE_AFTER"] = str(self.plan.ratings)
        elif not self._runs():
            await terminal(self.hall.folder, "tunings", "start", self.plan.role)
        async with working(self.hall.folder, "--tuning", **more):
            before: list[Any] = []
            while not (runs := self._runs()) or any(run.status in tunings.UNDER_WAY for run in runs):
                now = [f"{run.role} {run.status} {run.done} of {run.total}" for run in runs]
                if now != before:
                    told("; ".join(before := now))
                await asyncio.sleep(LOOK_SECONDS)
        shown = await terminal(self.hall.folder, "snapshots", "list")
        return {"snapshot": shown["snapshots"][-1]["statistics"], "runs": [about_run(run) for run in runs]}

    def _runs(self) -> list[Tuning]:
        with self.hall.client.store.reading() as session:
            return list(tunings.all_of(session))

    def version(self) -> ModelVersion | None:
        """Return the version that was tuned, None where there is none."""
        done = [run for run in self._runs() if run.role == self.plan.role and run.version_id is not None]
        if not done:
            return None
        with self.hall.client.store.reading() as session:
            return model_versions.get(session, str(done[-1].version_id))

    async def trial(self) -> dict[str, Any]:
        """Let members ask and rate on until the ratings decide on the version, or there are most_ratings."""
        version = self.version()
        if version is None or version.state != "trial":
            return {"act": "none", "why": "the gate did not let it pass" if version else "there is no version"}
        return await self._until_decided("trial", version.id)

    async def worse(self) -> dict[str, Any]:
        """Promote a version with noise on its weights by hand, and let the ratings go on until it is taken back."""
        tuned = self.version()
        if tuned is not None and tuned.state == "trial":
            await terminal(self.hall.folder, "models", "trial", tuned.id, "--end")
        path = self.hall.folder / f"worse-{self.plan.noise:g}"
        if not path.is_dir():
            noisy_copy(promoted_paths(self.hall.client.store)[self.plan.role], path, noise=self.plan.noise)
        added = await terminal(self.hall.folder, "models", "add", str(path))
        if added["state"] == "candidate":
            await terminal(self.hall.folder, "models", "promote", added["id"])
        return await self._until_decided(path.name, added["id"])

    async def _until_decided(self, name: str, version_id: str) -> dict[str, Any]:
        """Ask and rate until the ratings decide on a version. Every worker looks once a minute; here after each few songs."""
        pressed, number, decided = 0, 0, None
        async with working(self.hall.folder):
            while decided is None and pressed < self.plan.most_ratings:
                asking = [self._ask_later(name, number + n) for n in range(AT_ONCE)]
                songs = await asyncio.gather(*asking)
                for song in songs:
                    pressed += await self._rate_song(song)
                    trials.decide(self.hall.client.store, now=utc_now())
                    if (decided := self._decision(version_id)) is not None:
                        break
                number += AT_ONCE
                told(
                    f"{name}: {pressed} stars pressed; {self._evidence(version_id) if decided is None else decided['act']}"
                )
        figures = {"act": "undecided", "why": self._evidence(version_id)} if decided is None else decided
        songs = [self.hall.songs[name_] for name_ in self.hall.songs if name_.startswith(f"{name} ")]
        return {**figures, "ratings": pressed, "songs": self._by_version(songs)}

    def _ask_later(self, name: str, number: int) -> Awaitable[str]:
        pool = self.plan.later if name == "trial" else self.plan.later[::-1]
        member = (number * 7) % self.plan.members if self.plan.members % 7 else number % self.plan.members
        return self.hall.ask(member, f"{name} {number:03}", pool[number % len(pool)], 1000 + number)

    async def _rate_song(self, song: str) -> int:
        take, asker = self.hall.take(song), self.hall.asker(song)
        others = [member for member in range(self.plan.members) if member != asker]
        for member in random.Random(f"raters {self.plan.seed} {take.title} {take.seed}").sample(others, RATERS):
            if self.hall.rated(member, song) is None:
                await self.hall.press(member, song, self.crowd.members[member].stars(take))
        return RATERS

    def _decision(self, version_id: str) -> dict[str, Any] | None:
        with self.hall.client.store.reading() as session:
            last = model_versions.get(session, version_id).decisions[-1:]
        return {"act": last[0]["what"], "why": last[0]["why"]} if last and last[0]["by"] == trials.BY else None

    def _evidence(self, version_id: str) -> str:
        with self.hall.client.store.reading() as session:
            found = [asdict(watch.comparison) for watch in watches(session) if watch.version.id == version_id]
        return json.dumps(found[0]) if found else "not watched"

    def _by_version(self, songs: Sequence[str]) -> dict[str, Any]:
        """Return of each version its songs, its askers, and the mean of the hidden taste and of the stars of its songs."""
        found: dict[str, dict[str, Any]] = {}
        for take in map(self.hall.take, songs):
            of = found.setdefault(take.versions[self.plan.role], {"askers": set(), "tastes": [], "stars": []})
            of["askers"].add(self.hall.asker(take.id))
            of["tastes"].append(self.crowd.taste(take))
            tally = self.hall.client.ratings.tally(take.id)
            of["stars"] += [tally.mean_stars] if tally.mean_stars is not None else []
        both = set.intersection(*(of["askers"] for of in found.values())) if len(found) > 1 else set()
        return {"askers of more than one version": len(both)} | {
            digest: {"songs": len(of["tastes"]), "askers": len(of["askers"]), "taste": round(fmean(of["tastes"]), 3),
                     "stars": round(fmean(of["stars"]), 2) if of["stars"] else None}
            for digest, of in found.items()
        }  # fmt: skip

    async def withdrawn(self) -> dict[str, Any]:
        """Let the member who rated most say no to training, and compare the snapshots before and after."""
        before = await terminal(self.hall.folder, "snapshots", "make")
        songs = sorted(self.hall.songs.values())
        said = Counter(m for song in songs for m in range(self.plan.members) if self.hall.rated(m, song) is not None)
        member = said.most_common(1)[0][0]
        own = {song for song in songs if self.hall.asker(song) == member}
        await self.hall.allow_training(member, False)
        after = await terminal(self.hall.folder, "snapshots", "make")
        found = [open_snapshot(Path(one["path"])) for one in (before, after)]
        theirs = sum(self.hall.rated(member, song) is not None for song in songs if song not in own)
        return {
            "judgements": [len(one.judgements) for one in found],
            "of the member, and of its songs": theirs + sum(one.take in own for one in found[0].judgements),
            "raters": [len({judgement.rater for judgement in one.judgements}) for one in found],
            "songs of the member": [len(own & one.takes.keys()) for one in found],
            "takes": [len(one.takes) for one in found],
        }


def about_run(run: Tuning) -> dict[str, Any]:
    """Return what is told of a tuning run."""
    gate = run.gate or {}
    assert run.finished_at is not None, "it has ended"
    return {
        "role": run.role, "status": run.status, "error": run.error, "version": run.version_id, "options": run.request,
        "seconds": round((run.finished_at - run.created_at).total_seconds()), "folder": run.folder,
        "passed": gate.get("passed"), "verdict": gate.get("verdict"),
        "not passed": [line["name"] for line in gate.get("lines", ()) if not line["passed"]],
        "lines": {line["name"]: line["sentence"] for line in gate.get("lines", ())},
    }  # fmt: skip


def _groups(wanted: Sequence[tuple[int, int]]) -> list[Sequence[tuple[int, int]]]:
    return [wanted[first : first + AT_ONCE] for first in range(0, len(wanted), AT_ONCE)]
