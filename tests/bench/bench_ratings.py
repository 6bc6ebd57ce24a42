"""From stars to the next version and back, as one run: buttons, snapshot, tuning, gate, trial, promotion, roll-back.

Run by hand: `python -m tests.bench.bench_ratings --json`; not a test. The bot, the worker, the models, the store and the
terminal are the real ones; Discord is the sandbox of the tests, and the members are simulated, with hidden tastes that no
model, judge or store knows. Every stage keeps what it has in --folder, and a second call goes on where the first ended.

Two things are not as with people: members press as fast as they can, and the ratings are looked at after every song, as
every worker does once a minute, so that the number of ratings that decided is exact.

With --random the ratings are chance instead, run after run on the songs of the chain (see `tests.bench.chance_runs`); with
--interactive the seconds of songs are measured beside a tuning run on its ratings (see `tests.bench.beside_tuning`).
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import click

from tests.bench.beside_tuning import beside_tuning
from tests.bench.chance_runs import chance_runs
from tests.bench.rating_chain import Chain
from tests.bench.rating_hall import hall
from tests.bench.rating_plan import Plan
from tests.bench.unheard_prompts import held_out

DEFAULTS = Plan()


async def chain(plan: Plan, folder: Path) -> dict[str, Any]:
    """Carry out the stages that have not ended yet, and return the figures of all."""
    async with hall(folder, plan.members) as place:
        under_way = Chain(plan, place)
        figures = {
            "asked": await under_way.stage("asked", under_way.asked),
            "rated": await under_way.stage("rated", under_way.rated),
            "tuned": await under_way.stage("tuned", under_way.tuned),
            "trial": await under_way.stage("trial", under_way.trial),
            "held out": await under_way.stage("held-out", lambda: unheard(under_way)),
            "withdrawn": await under_way.stage("withdrawn", under_way.withdrawn),
            "worse": await under_way.stage(f"worse-{plan.noise:g}", under_way.worse),
        }
        return figures | {"complaints of Discord": len(place.sandbox.complaints)}


async def by_chance(plan: Plan, folder: Path, runs: int, whole: int) -> dict[str, Any]:
    """Ask for the songs of the chain if that has not been done, and rate them by chance."""
    async with hall(folder, plan.members) as place:
        under_way = Chain(plan, place)
        await under_way.stage("asked", under_way.asked)
        return await chance_runs(under_way, runs, whole)


async def interactive(plan: Plan, folder: Path, rounds: int, songs: int) -> dict[str, Any]:
    """Carry out the first stages of the chain if that has not been done, and measure songs beside a run on its ratings."""
    async with hall(folder, plan.members) as place:
        under_way = Chain(plan, place)
        await under_way.stage("asked", under_way.asked)
        await under_way.stage("rated", under_way.rated)
    return await beside_tuning(plan.role, folder, rounds, songs)


async def unheard(under_way: Chain) -> dict[str, Any]:
    """Return what the tuned version is worth on prompts that nobody asked for."""
    version = under_way.version()
    if version is None:
        return {"why": "there is no version"}
    plan, tuned, folder = under_way.plan, Path(version.path), under_way.hall.folder
    return await asyncio.to_thread(held_out, plan, tuned, under_way.crowd, folder)


@click.command()
@click.option("--folder", type=click.Path(path_type=Path), default=Path("out/bench_ratings"), show_default=True)
@click.option("--role", type=click.Choice(["lyrics", "melody"]), default=DEFAULTS.role, show_default=True)
@click.option("--members", default=DEFAULTS.members, show_default=True)
@click.option("--prompts", default=DEFAULTS.prompts, show_default=True, help="that members ask for, in two takes each")
@click.option("--ratings", default=DEFAULTS.ratings, show_default=True, help="stars, before the version is tuned")
@click.option(
    "--most-ratings", default=DEFAULTS.most_ratings, show_default=True, help="in a trial, and until a roll-back"
)
@click.option("--held-out", default=DEFAULTS.held_out, show_default=True, help="prompts that nobody asks for")
@click.option("--share", default=DEFAULTS.share, show_default=True, help="of the songs, for the trial; at most 0.5")
@click.option("--noise", default=DEFAULTS.noise, show_default=True, help="on the weights of the worse version")
@click.option("--people", type=click.Path(path_type=Path), default=None,
              help="works of people for the gate: a JSON-lines corpus, or a folder of lead sheets")  # fmt: skip
@click.option("--seed", default=DEFAULTS.seed, show_default=True, help="of the prompts and of the members")
@click.option("--random", "chance", is_flag=True, help="rate by chance, and hold the gate, --runs times")
@click.option("--runs", default=20, show_default=True)
@click.option("--whole", default=0, show_default=True, help="of these runs, that are tuned as usual in any case")
@click.option("--interactive", "beside", is_flag=True, help="time songs beside a tuning run, in --rounds of --songs")
@click.option("--rounds", default=4, show_default=True)
@click.option("--songs", default=5, show_default=True)
@click.option("--json", "as_json", is_flag=True)
def main(
    folder: Path,
    chance: bool,
    runs: int,
    whole: int,
    beside: bool,
    rounds: int,
    songs: int,
    as_json: bool,
    **given: Any,
) -> None:
    """Carry out the chain, or what is left of it, and print the figures."""
    plan = Plan(**given)
    if chance:
        figures = asyncio.run(by_chance(plan, folder, runs, whole))
    elif beside:
        figures = asyncio.run(interactive(plan, folder, rounds, songs))
    else:
        figures = asyncio.run(chain(plan, folder))
    if as_json:
        print(json.dumps(figures, indent=2))
        return
    for stage, found in figures.items():
        print(f"{stage}: {json.dumps(found)}")


if __name__ == "__main__":
    main()
