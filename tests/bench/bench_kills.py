"""Counts lost and double songs while workers are killed at random, on each broker and database.

Run by hand: `python -m tests.bench.bench_kills`; not a test, though `tests/flows/test_kills.py` runs a small one. The
songs are echoes that take as long as they are told to; workers, queues and databases are the real ones.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from tests.flows.crew import crew
from tests.flows.kills import SHORT_LEASE, Outcome, Plan, run
from tests.servers.databases import filesystem_queue, fresh_database, fresh_queue
from tests.servers.kinds import POSTGRESQL, RABBITMQ, REDIS
from tests.servers.sharing import server

BROKERS = ("rabbitmq", "redis", "filesystem")
DATABASES = ("postgresql", "sqlite")
DEADLY_SHARE = 0.01


@contextmanager
def broker_at(name: str, folder: Path) -> Iterator[str]:
    """Give the URL of an empty queue."""
    if name == "filesystem":
        yield filesystem_queue(folder / "broker")
        return
    with server({"rabbitmq": RABBITMQ, "redis": REDIS}[name], folder) as url, fresh_queue(url) as queue:
        yield queue


@contextmanager
def database_at(name: str, folder: Path) -> Iterator[str]:
    """Give the URL of an empty database."""
    if name == "sqlite":
        yield f"sqlite:///{folder / 'songwright.sqlite3'}"
        return
    with server(POSTGRESQL, folder) as url, fresh_database(url) as database:
        yield database


def measured(broker: str, database: str, plan: Plan) -> Outcome:
    """Run the plan on one pair."""
    with (
        tempfile.TemporaryDirectory() as name,
        broker_at(broker, Path(name)) as broker_url,
        database_at(database, Path(name)) as database_url,
        crew(database_url, broker_url, Path(name), environ=SHORT_LEASE) as workers,
    ):
        return run(workers, plan)


@click.command()
@click.option("--jobs", default=500, show_default=True)
@click.option("--workers", default=4, show_default=True, help="processes")
@click.option("--threads", default=3, show_default=True, help="jobs that a worker runs at once")
@click.option("--every", default=2.0, show_default=True, help="seconds between kills, on average")
@click.option("--seconds", default=2.0, show_default=True, help="the most that a song takes")
@click.option("--within", default=1800.0, show_default=True, help="seconds after which a job counts as lost")
@click.option("--broker", type=click.Choice([*BROKERS, "all"]), default="all", show_default=True)
@click.option("--database", type=click.Choice([*DATABASES, "all"]), default="all", show_default=True)
@click.option("--apart", is_flag=True, help="every worker on a machine of its own: jobs come back by their lease only")
@click.option("--seed", default=0, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="print one JSON object a pair")
def main(
    jobs: int,
    workers: int,
    threads: int,
    every: float,
    seconds: float,
    within: float,
    broker: str,
    database: str,
    apart: bool,
    seed: int,
    as_json: bool,
) -> None:
    """Print what became of the jobs on each pair; exit 1 where one was lost or has two songs."""
    plan = Plan(
        jobs=jobs,
        deadly=round(jobs * DEADLY_SHARE),
        workers=workers,
        threads=threads,
        kill_every_seconds=every,
        most_seconds=seconds,
        asking_seconds=jobs * seconds / 2 / workers / threads / 2,  # half the time that the work takes
        apart=apart,
        seed=seed,
        most_total_seconds=within,
    )
    kept = True
    for broker_name in BROKERS if broker == "all" else (broker,):
        for database_name in DATABASES if database == "all" else (database,):
            outcome = measured(broker_name, database_name, plan)
            kept = kept and outcome.promise_kept
            print(_line(broker_name, database_name, outcome, as_json), flush=True)
    sys.exit(0 if kept else 1)


def _line(broker: str, database: str, outcome: Outcome, as_json: bool) -> str:
    if as_json:
        return json.dumps({"broker": broker, "database": database} | outcome.figures())
    failed = sum(outcome.failed.values())
    return (
        f"{broker:10} {database:10} {outcome.jobs} jobs, {outcome.kills} kills: {outcome.done} done once, "
        f"{failed} failed with a reason, {outcome.lost} lost, {outcome.double} double, "
        f"{outcome.sung_again} sung again, {outcome.seconds:.0f} s"
    )


if __name__ == "__main__":
    main()
