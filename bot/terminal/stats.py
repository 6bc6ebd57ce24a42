"""`songwright stats`: one view of what is going on. Does not know how the numbers are found."""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from bot.terminal.shown import (
    NONE,
    ago,
    as_json_option,
    bytes_text,
    count_text,
    group,
    hosts_client,
    pairs,
    print_json,
    print_shown,
    process_text,
    seconds_text,
    section,
    share_text,
    table,
)
from bot.terminal.watching import every_option, times_option, watch
from worker.settings import hosting_settings

if TYPE_CHECKING:
    from rich.console import RenderableType

    from worker.store.overview import LastHour, Overview, Spread

PRIORITIES = {0: "interactive", 1: "bulk", 2: "training"}


@click.command()
@click.option("--watch", "watched", is_flag=True, help="look again every few seconds, until Ctrl-C")
@every_option
@times_option
@as_json_option
def stats(watched: bool, every: float, times: int | None, as_json: bool) -> None:
    """Print what is going on: the queue, the workers, the last hour, what is stored.

    \b
    "waiting" is the time from asking to the (last) beginning of the work, over the jobs asked for within the hour;
    "p95" is what 95 of 100 stay under. No member or server is named. `songwright jobs` shows single jobs.
    """
    keep_days = hosting_settings(os.environ).keep_days
    with hosts_client() as client:
        if watched and not as_json:
            watch(lambda: _look(client.jobs.overview(keep_days=keep_days)), every=every, times=times)
            return
        found = client.jobs.overview(keep_days=keep_days)
    if as_json:
        print_json(as_object(found))
    else:
        print_shown(_whole(found))


def as_object(found: Overview) -> dict[str, Any]:
    """Return the overview as JSON can hold it, with the counts of the queue in lists instead of by pairs."""
    made = asdict(found)
    queue = made["queue"]
    for name in ("queued", "running"):
        counts = getattr(found.queue, name)
        queue[name] = [{"priority": p, "kind": kind, "count": count} for (p, kind), count in sorted(counts.items())]
    made["models"] = [
        {"id": v.id, "role": v.role, "digest": v.digest, "state": v.state, "share": v.trial_share,
         "server": v.server} for v in found.models
    ]  # fmt: skip
    return made


def _look(found: Overview) -> tuple[str, RenderableType]:
    queue, hour = found.queue, found.last_hour
    line = (
        f"{sum(queue.queued.values())} queued, {sum(queue.running.values())} running, "
        f"{len(found.workers)} workers, {hour.asked.get('done', 0)} done and {hour.asked.get('failed', 0)} failed "
        f"of the last hour's, waiting {_spread(hour.waiting)}"
    )
    return line, _whole(found)


def _whole(found: Overview) -> RenderableType:
    return group(
        section("queue", pairs(_queue(found))),
        section("workers", _workers(found)),
        section("asked for within the hour", pairs(_last_hour(found.last_hour))),
        section("stored", pairs(_stored(found))),
    )


def _queue(found: Overview) -> dict[str, str]:
    queue = found.queue
    by_priority = {
        name: ", ".join(f"{n} {kind}" for (p, kind), n in sorted(queue.queued.items()) if p == priority)
        for priority, name in PRIORITIES.items()
    }
    waiting = {f"  {name}": kinds for name, kinds in by_priority.items() if kinds}
    total = sum(queue.queued.values())
    oldest = f", the oldest for {seconds_text(queue.oldest_queued_seconds)}" if total else ""
    running = ", ".join(f"{n} {kind}" for (_, kind), n in sorted(queue.running.items()))
    results = f"{queue.open_deliveries} not brought yet"
    return {"waiting": f"{total}{oldest}", **waiting, "running": running or "0", "results": results}


def _workers(found: Overview) -> RenderableType:
    if not found.workers:
        way_out = (
            "no worker has shown itself within 30 s (one does once its models are open); start one: songwright worker"
        )
        return pairs({"none": way_out})
    now = max(worker.seen_at for worker in found.workers)
    rows = [
        [process_text(worker.owner), worker.device, f"{worker.running} of {worker.slots}",
         ", ".join(f"{role} {version}" for role, version in worker.model_versions.items() if version) or NONE,
         ago(worker.started_at, now)]
        for worker in found.workers
    ]  # fmt: skip
    return table(["process", "device", "running", "models", "started"], rows)


def _last_hour(hour: LastHour) -> dict[str, str]:
    if not hour.asked:
        return {"jobs": "none"}
    asked = ", ".join(f"{count} {status}" for status, count in sorted(hour.asked.items()))
    failures = ", ".join(f"{count} {kind}" for kind, count in sorted(hour.failures.items()))
    seconds = {f"  {kind}": _spread(found) for kind, found in hour.seconds.items()}
    work = {"work, by kind": "", **seconds} if seconds else {}
    return {"jobs": asked, "failures": failures or "none", "waiting": _spread(hour.waiting), **work}


def _stored(found: Overview) -> dict[str, str]:
    queue, storage = found.queue, found.storage
    mean = f", {queue.ratings.mean_stars:.2f} stars on average" if queue.ratings.mean_stars is not None else ""
    overdue = f", {count_text(storage.overdue, 'job')} overdue: no worker has swept lately" if storage.overdue else ""
    models = [f"{v.role} {v.digest} {'promoted' if v.trial_share is None else f'on trial for {share_text(v.trial_share)}'}"
              f"{f' in the server {v.server}' if v.server else ''}" for v in found.models]  # fmt: skip
    return {
        "songs": str(queue.songs),
        "ratings": f"{queue.ratings.count}{mean}",
        "models": ", ".join(models) or "the starters",
        "database": bytes_text(storage.database_bytes),
        "kept": f"jobs without a song for {storage.keep_days} days{overdue}",
    }


def _spread(found: Spread | None) -> str:
    if found is None:
        return NONE
    return f"p50 {seconds_text(found.p50)}, p95 {seconds_text(found.p95)} ({count_text(found.count, 'job')})"
