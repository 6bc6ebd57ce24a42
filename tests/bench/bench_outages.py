"""Times what happens when a broker or the database is away for half a minute: what members are told, when all is back.

Run by hand: `python -m tests.bench.bench_outages`; not a test, though `tests/flows/test_outages.py` runs short ones. The
worker's pace is the usual one; its songs are echoes of a tenth of a second.
"""

from __future__ import annotations

import json
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

import click

from tests.bench.bench_kills import broker_at, database_at
from tests.flows.crew import crew
from tests.flows.outages import Outcome, run
from tests.servers.cut_off import behind_proxy
from worker.worker_process import Pace

AWAY = ("rabbitmq", "redis", "postgresql")


def measured(away: str, seconds: float) -> Outcome:
    """Cut one of the servers off for so long. The others: PostgreSQL where it is a broker, else RabbitMQ."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        database_url = stack.enter_context(database_at("postgresql", folder))
        broker_url = stack.enter_context(broker_at("rabbitmq" if away == "postgresql" else away, folder))
        if away == "postgresql":
            database_url, proxy = stack.enter_context(behind_proxy(database_url))
        else:
            broker_url, proxy = stack.enter_context(behind_proxy(broker_url))
        pace = Pace()
        workers = stack.enter_context(
            crew(
                database_url,
                broker_url,
                folder,
                sweep_seconds=pace.sweep_seconds,
                retry_seconds=pace.retry_seconds,
            )
        )
        workers.start()
        workers.start()
        return run(workers, proxy, seconds, before_seconds=5.0, after_seconds=20.0)


@click.command()
@click.option("--seconds", default=30.0, show_default=True, help="how long the server is away")
@click.option("--away", type=click.Choice([*AWAY, "all"]), default="all", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="print one JSON object a server")
def main(seconds: float, away: str, as_json: bool) -> None:
    """Print what became of the jobs; exit 1 where one was lost or has two songs."""
    kept = True
    for name in AWAY if away == "all" else (away,):
        outcome = measured(name, seconds)
        kept = kept and outcome.promise_kept
        if as_json:
            print(json.dumps({"away": name} | outcome.figures()), flush=True)
            continue
        print(
            f"{name} away {seconds:g} s: {outcome.promised} jobs promised, {outcome.done} done once, {outcome.failed} "
            f"failed, {outcome.lost} lost, {outcome.double} double; {outcome.refused} members told to try again; "
            f"waits (median, longest) before {outcome.waits_before}, during {outcome.waits_during}, after "
            f"{outcome.waits_after} s; back after {outcome.back_after_seconds} s",
            flush=True,
        )
    sys.exit(0 if kept else 1)


if __name__ == "__main__":
    main()
