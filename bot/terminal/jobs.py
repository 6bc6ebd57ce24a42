"""`songwright jobs`: the queue for hosts - look at it, cancel, try again, weigh servers. Does not know how songs are made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from bot.terminal.ask import ask
from bot.terminal.shown import (
    NONE,
    ago,
    as_json_option,
    count_text,
    group,
    hosts_client,
    pairs,
    print_json,
    print_shown,
    process_text,
    seconds_text,
    table,
    time_text,
)
from bot.terminal.watching import every_option, times_option, watch
from engine.errors import RequestError

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

    from worker.client import Client
    from worker.store.job_lists import JobLine, WholeJob

STATUSES = ("queued", "running", "done", "failed", "cancelled")
RIGHT = ("place", "asked", "began after", "took", "attempts")
ROWS_WATCHED = 15  # of what waits
MEMBERS = ("requested_by", "server")  # not shown unless asked for, nor is where a result is brought
ids_option = click.option("--with-members", is_flag=True, help="also print the ids of members, servers and channels")


@click.group()
def jobs() -> None:
    """Look at the queue, ask for a song to try it, cancel a job or try it again.

    \b
    A job is queued, running, and then done, failed or cancelled; the members of one server never wait for all the
    jobs of one member. Ids are those that `list` prints; that of a song finds its job too.
    """


jobs.add_command(ask)


@jobs.command("list")
@click.option("--status", "statuses", type=click.Choice(STATUSES), multiple=True, help="only these; may be repeated")
@click.option("--kind", default=None, help="only this verb, e.g. song")
@click.option("--count", type=click.IntRange(1, 1000), default=20, show_default=True, help="lines at most")
@ids_option
@as_json_option
def list_command(statuses: tuple[Any, ...], kind: str | None, count: int, with_members: bool, as_json: bool) -> None:
    """Print jobs, those asked for last first.

    With --status queued those that are next come first, with their places.

    Example:  songwright jobs list --status failed --count 5
    """
    with hosts_client() as client:
        if set(statuses) == {"queued"}:
            lines = client.jobs.waiting(count=count, kind=kind)
        else:
            lines = client.jobs.newest(count=count, statuses=statuses, kind=kind)
    if as_json:
        print_json({"jobs": [_without(asdict(line), with_members) for line in lines]})
    elif lines:
        print_shown(_lines_table(lines, with_members))
    else:
        click.echo(f"There is no {' or '.join(statuses) or 'stored'} job{f' of kind {kind}' if kind else ''}.")


@jobs.command()
@click.argument("job_id", metavar="ID")
@ids_option
@as_json_option
def show(job_id: str, with_members: bool, as_json: bool) -> None:
    """Print all about one job.

    How far it is, its lease, its words so far, its error, its song, and how it was brought.
    """
    with hosts_client() as client:
        found = client.jobs.whole(job_id)
    if as_json:
        print_json(_as_object(found, with_members))
        return
    print_shown(pairs(_about(found, with_members)))
    if found.job.words:
        click.echo(f"\n{found.job.words.strip()}")


@jobs.command()
@click.argument("job_id", metavar="ID")
@as_json_option
def cancel(job_id: str, as_json: bool) -> None:
    """Take a job out of the queue, or stop it.

    The worker of a running one is asked to stop; one that has ended stays as it is.
    """
    with hosts_client() as client:
        before = client.jobs.whole(job_id).job
        job = client.cancel(before.id)
    if as_json:
        print_json({"id": job.id, "status": job.status, "cancel_requested": job.cancel_requested})
    elif before.ended:
        click.echo(f"Job {job.id} has ended already: it is {job.status}.")
    elif job.status == "running":
        click.echo(f"Job {job.id} is running; its worker was asked to stop.")
    else:
        click.echo(f"Job {job.id} is {job.status}.")


@jobs.command()
@click.argument("job_id", metavar="ID")
@as_json_option
def retry(job_id: str, as_json: bool) -> None:
    """Try a failed job again.

    A new job with the same request and seed; the failed one stays in the list. If the member has not been told of
    the failure yet, the song is brought instead. Otherwise nothing is posted a second time, and the member finds the
    song with /history.
    """
    with hosts_client() as client:
        retried = client.jobs.retry(job_id)
    if as_json:
        print_json({"id": retried.job.id, "retry_of": job_id, "delivered": retried.delivered})
        return
    where = "is brought to where it was asked for" if retried.delivered else "is not posted, but found with /history"
    whose = f"its song {where}" if retried.job.requested_by else "its song is stored"
    click.echo(f"Job {retried.job.id} is queued with the same request and seed; {whose}.")


@jobs.command()
@click.argument("server", metavar="SERVER")
@click.argument("weight", type=float, required=False)
@as_json_option
def weight(server: str, weight: float | None, as_json: bool) -> None:
    """Print or set the weight of a Discord server.

    A weight is 0.1 to 10, and 1 is usual. Members of a server of weight 2 come to their turn twice as often as those
    of other servers.

    Example:  songwright jobs weight 1234567890 2
    """
    with hosts_client() as client:
        if weight is not None:
            if not server.isdecimal():
                raise RequestError(f"a server's id is digits, got {server!r}; see songwright jobs list --with-members")
            client.servers.set_weight(server, weight)
        found = client.servers.weight(server)
    if as_json:
        print_json({"server": server, "weight": found})
    else:
        click.echo(f"Server {server} has the weight {found:g}.")


@jobs.command("watch")
@every_option
@times_option
def watch_command(every: float, times: int | None) -> None:
    """Show what runs and what is next, until Ctrl-C.

    It looks again every second; in a file there is a line for each look.
    """
    with hosts_client() as client:
        watch(lambda: _look(client), every=every, times=times)


def _look(client: Client) -> tuple[str, RenderableType]:
    state = client.jobs.state()
    running = client.jobs.newest(count=100, statuses=("running",))
    waiting = client.jobs.waiting(count=ROWS_WATCHED)
    queued = sum(state.queued.values())
    oldest = f", the oldest for {seconds_text(state.oldest_queued_seconds)}" if queued else ""
    workers = f"{count_text(state.workers, 'worker')} with {count_text(state.slots, 'slot')}"
    line = f"{_now():%H:%M:%S}  {len(running)} running, {queued} waiting{oldest}; {workers}"
    more = f"... and {queued - len(waiting)} more" if queued > len(waiting) else ""
    return line, group(line, _lines_table((*running, *waiting), False), more)


def _lines_table(lines: Sequence[JobLine], with_members: bool) -> Table:
    now = _now()
    columns = ["id", "kind", "place", "status", "asked", "began after", "took", "attempts", "error"]
    columns += MEMBERS if with_members else ()
    rows = []
    for line in lines:
        cells = [line.id, line.kind, str(line.place or NONE), _status(line), ago(line.created_at, now)]
        cells += [seconds_text(s) for s in _wait_and_work(line, now)] + [str(line.attempts), line.error or ""]
        rows.append(cells + ([line.requested_by or NONE, line.server or NONE] if with_members else []))
    return table(columns, rows, right=RIGHT)


def _status(line: JobLine) -> str:
    if line.status == "running":
        stopping = ", stopping" if line.cancel_requested else ""
        return f"running: {line.stage or 'begun'} {line.done}/{line.total}{stopping}"
    return f"failed: {line.error_kind}" if line.status == "failed" else line.status


def _wait_and_work(line: JobLine, now: datetime) -> tuple[float | None, float | None]:
    """Return the seconds until the (last) beginning, and those of work; None where there are none."""
    if line.started_at is None or line.status == "queued":
        return None, None
    end = line.finished_at or now
    return (line.started_at - line.created_at).total_seconds(), (end - line.started_at).total_seconds()


def _about(found: WholeJob, with_members: bool) -> dict[str, str]:
    """Return what is said of a job, by name; what there is nothing to say of is left out."""
    job, now = found.job, _now()
    lease = f"until {time_text(job.lease_expires_at)}, last sign {ago(job.heartbeat_at, now)}"
    owner = process_text(job.owner) if job.owner else ""
    stage = f"{job.stage or 'begun'} {job.done}/{job.total}"
    progress = {"queued": f"place {found.expected.position}" if found.expected else "", "running": stage}
    about = {
        "job": job.id,
        "kind": job.kind,
        "status": f"{job.status}{', asked to stop' if job.cancel_requested and not job.ended else ''}",
        "progress": progress.get(job.status, ""),
        "ready": _ready(found, now),
        "error": f"{job.error} ({job.error_kind})" if job.error else "",
        "request": _request_text(job.request),
        "seed": str(job.seed),
        "asked": time_text(job.created_at),
        "begun": f"{time_text(job.started_at)}, attempt {job.attempts}" if job.started_at else "",
        "ended": time_text(job.finished_at) if job.finished_at else "",
        "lease": lease if job.lease_expires_at else "",
        "owner": owner,
        "priority": f"{job.priority}, turn {job.turn:.3f}",
        "song": found.song_id or "",
        "delivery": _delivery(found, now),
    }
    if with_members:
        about |= {"member": job.requested_by or "", "server": job.server or "", "place of delivery": _where(found)}
    return {name: text for name, text in about.items() if text}


def _request_text(request: Mapping[str, Any]) -> str:
    """Return what was asked for, without what was left open."""
    given = {name: value for name, value in request.items() if name != "kind" and value not in (None, "", {}, [])}
    for name, value in given.items():
        if isinstance(value, Mapping):
            given[name] = " ".join(f"{part} {of_it}" for part, of_it in value.items())
    return "; ".join(f"{name}: {value}" for name, value in given.items())


def _ready(found: WholeJob, now: datetime) -> str:
    """Return when a job is expected to be ready; nothing is promised."""
    if found.expected is None:
        return ""
    seconds = (found.expected.ready_at - now).total_seconds()
    work = f"{seconds_text(found.job.cost_seconds)} of work expected"
    return f"in about {seconds_text(seconds)} ({work})" if seconds >= 0 else f"{seconds_text(-seconds)} late ({work})"


def _delivery(found: WholeJob, now: datetime) -> str:
    delivery = found.delivery
    if delivery is None:
        return f"written to files {ago(found.job.delivered_at, now)}" if found.job.delivered_at else ""
    held = ", being brought" if delivery.held_until and delivery.held_until > now else ""
    rung = f" by {delivery.rung}" if delivery.rung else ""
    failure = f", last failure: {delivery.failure}" if delivery.failure else ""
    when = f" {ago(delivery.delivered_at, now)}" if delivery.delivered_at else ""
    return f"{delivery.status}{rung}{when}{held}, {count_text(delivery.attempts, 'attempt')}{failure}"


def _where(found: WholeJob) -> str:
    delivery = found.delivery
    return "" if delivery is None else f"channel {delivery.channel_id or NONE}, message {delivery.message_id or NONE}"


def _as_object(found: WholeJob, with_members: bool) -> dict[str, Any]:
    """Return a job as JSON can hold it, without its secrets."""
    job = _without(asdict(found.job), with_members)
    del job["lease_token"]
    delivery = None
    if found.delivery is not None:
        names = ["id", "status", "rung", "layout", "attempts", "failure", "held_until", "created_at", "delivered_at"]
        names += ["member", "server", "channel_id", "message_id"] if with_members else []
        delivery = {name: getattr(found.delivery, name) for name in names}
    expected = asdict(found.expected) if found.expected else {"position": None, "ready_at": None}
    return job | expected | {"song_id": found.song_id, "delivery": delivery}


def _without(job: Mapping[str, Any], with_members: bool) -> dict[str, Any]:
    return {name: value for name, value in job.items() if with_members or name not in MEMBERS}


def _now() -> datetime:
    from worker.clock import utc_now

    return utc_now()
