"""How soon a cancelled song stops and the next one begins, wherever in the song the cancel comes.

Run by hand: `python -m tests.bench.bench_cancel`; not a test. A real worker process with one slot and the starter models,
through the queue on SQLite and the filesystem broker. Cancels come at moments spread evenly over the life of a song;
stopped is the job's row, freed is when the next job, which waits behind it, was begun.
"""

from __future__ import annotations

import json
import statistics
import time
from collections import defaultdict
from datetime import UTC, datetime
from typing import Any

import click

from engine.contract import SongRequest
from tests.bench.bench_load import Load, load

USUAL = SongRequest(theme="rain over the harbour")
LONG = SongRequest(theme="rain over the harbour", length_seconds=180)


def life_of(bench: Load, song: SongRequest) -> float:
    """Return the seconds from asking to the end of a song that nobody takes back."""
    job = bench.wait(bench.submit(song, "whole", 0))
    assert job.finished_at is not None
    return (job.finished_at - job.created_at).total_seconds()


def cancel_at(bench: Load, song: SongRequest, seconds: float, seed: int) -> dict[str, Any] | None:
    """Cancel a song so many seconds after it was begun; None if it was done before that."""
    job_id = bench.submit(song, "who takes back", seed)
    bench.wait(job_id, lambda job: job.status != "queued")
    next_id = bench.submit(USUAL, "who waits", seed)
    time.sleep(seconds)
    stage, pressed = bench.client.job(job_id).stage, datetime.now(UTC)
    bench.client.cancel(job_id)
    stopped = bench.wait(job_id)
    begun = bench.wait(next_id, lambda job: job.status != "queued")
    bench.client.cancel(next_id)
    bench.wait(next_id)
    if stopped.status == "done":
        return None
    assert stopped.status == "cancelled", f"a song that was taken back is {stopped.status}"
    assert stopped.finished_at is not None
    assert begun.started_at is not None
    return {
        "stage": stage,
        "stopped": (stopped.finished_at - pressed).total_seconds(),
        "freed": (begun.started_at - pressed).total_seconds(),
    }


def summary(cancels: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the number of cancels, and the median and longest seconds until the stop and until the next job."""
    figures: dict[str, Any] = {"cancels": len(cancels)}
    for name in ("stopped", "freed"):
        seconds = [one[name] for one in cancels]
        figures[f"{name}_seconds"] = round(statistics.median(seconds), 2)
        figures[f"{name}_seconds_at_worst"] = round(max(seconds), 2)
    return figures


@click.command()
@click.option("--cancels", default=40, show_default=True, help="Of each of two songs, a usual and a long one.")
@click.option("--json", "as_json", is_flag=True)
def main(cancels: int, as_json: bool) -> None:
    """Measure and print."""
    found: list[dict[str, Any]] = []
    by_stage: dict[str, list[dict[str, Any]]] = defaultdict(list)
    too_late = 0
    with load(1, 1) as bench:
        for song in (USUAL, LONG):
            life_of(bench, song)  # the first one warms the worker
            life = life_of(bench, song)
            for number in range(cancels):
                one = cancel_at(bench, song, life * number / cancels, number)
                if one is None:
                    too_late += 1
                    continue
                found.append(one)
                by_stage[one["stage"]].append(one)
    figures = {
        "all": summary(found),
        "done_before_the_cancel": too_late,
        "by_stage": {stage: summary(cancels_there) for stage, cancels_there in by_stage.items()},
    }
    print(
        json.dumps(figures, indent=2) if as_json else "\n".join(f"{name}: {value}" for name, value in figures.items())
    )


if __name__ == "__main__":
    main()
