"""`songwright tunings`: runs that tune the model in use on what members said. Does not know how they are carried out."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from bot.terminal.shown import NONE, as_json_option, hosts_client, pairs, print_json, print_shown, table, time_text
from engine.errors import RequestError

if TYPE_CHECKING:
    from worker.client import Client
    from worker.snapshots import StoredSnapshot
    from worker.store.tunings import Tuning

SHOWN_RUNS = 20


@click.group()
def tunings() -> None:
    """Tune the model in use on what members said; one run at a time, by a worker with --tuning.

    \b
    A run freezes what members said (songwright snapshots), tunes, and holds the gate (songwright gate). A candidate that
    passes makes a tenth of the songs (SONGWRIGHT_TUNE_SHARE), and the ratings decide the rest; one that does not pass
    stays a candidate with its report. With SONGWRIGHT_TUNE_AFTER=200 a run begins by itself after as many new judgements.

    \b
      songwright worker --tuning           carries runs out, beside its songs
      songwright tunings start lyrics
      songwright tunings list
      songwright tunings show ID
    """


@tunings.command("list")
@as_json_option
def list_command(as_json: bool) -> None:
    """Print the last runs, the newest first, and how much was said since the last one."""
    from worker.store import tunings as stored
    from worker.store.new_judgements import new_judgements

    with hosts_client() as client, client.store.reading() as session:
        found, new = stored.all_of(session, SHOWN_RUNS), new_judgements(session)
    if as_json:
        print_json({"tunings": [_as_object(run) for run in found], "new_judgements": new})
        return
    rows = [
        [run.id, run.role, run.status, _progress(run), _verdict(run), run.version_id or NONE, time_text(run.created_at)]
        for run in found
    ]
    if rows:
        print_shown(table(["id", "role", "status", "steps", "gate", "candidate", "begun"], rows), "")
    for line in _remarks(found):
        click.echo(line)
    click.echo(_new_text(new, begun=bool(rows)))


def _remarks(runs: Sequence[Tuning]) -> Iterator[str]:
    """Yield why runs failed, and what those that wait are waiting for."""
    for run in runs:
        if run.error is not None:
            yield f"{run.id} failed: {run.error}\n"
    if any(run.status == "queued" for run in runs) and not any(run.status == "running" for run in runs):
        yield "What is queued begins as soon as a worker that tunes is free: songwright worker --tuning\n"


def _new_text(new: int, *, begun: bool) -> str:
    """Return how much was said that nothing was tuned on yet, and when that begins a run."""
    from worker.settings import hosting_settings

    after = hosting_settings(os.environ).tune_after
    said = "1 judgement is" if new == 1 else f"{new} judgements are"
    since = "new since the last run" if begun else "there, and no run was begun yet"
    when = f"{after} begin a run by themselves" if after else "runs begin by hand (SONGWRIGHT_TUNE_AFTER is not set)"
    return f"{said} {since}; {when}."


@tunings.command()
@click.argument("run_id", metavar="ID")
@as_json_option
def show(run_id: str, as_json: bool) -> None:
    """Print all about a run: what it tunes, how far it is, what the gate said, where its report lies."""
    from worker.store import tunings as stored

    with hosts_client() as client, client.store.reading() as session:
        run = stored.get(session, run_id)
    if as_json:
        print_json(_as_object(run))
        return
    gate = run.gate or {}
    about = {
        "id": run.id, "role": run.role, "status": run.status, "steps": _progress(run), "attempts": str(run.attempts),
        "snapshot": run.snapshot_id or "made when it begins", "parent": run.parent_digest, "folder": run.folder,
        "options": ", ".join(f"{name} {value}" for name, value in run.request.items()) or NONE,
        "begun": time_text(run.created_at), "ended": time_text(run.finished_at), "candidate": run.version_id or NONE,
        "gate": str(gate.get("verdict") or _verdict(run)), "report": str(gate.get("report") or NONE), "error": run.error or NONE,
    }  # fmt: skip
    print_shown(pairs(about))


@tunings.command()
@click.argument("role", type=click.Choice(["lyrics", "melody"]))
@click.option(
    "--snapshot", "named", default=None, metavar="ID", help="tune on this one  [a new one of what is there now]"
)
@click.option(
    "--objective", type=click.Choice(["kto", "dpo", "sft"]), default=None, help="how  [as songwright finetune]"
)
@click.option("--steps", type=click.IntRange(1), default=None, help="updates, at most  [as songwright finetune]")
@as_json_option
def start(role: Any, named: str | None, objective: str | None, steps: int | None, as_json: bool) -> None:
    """Queue a run; the next worker with --tuning carries it out."""
    from worker.clock import utc_now
    from worker.settings import hosting_settings
    from worker.tuning_schedule import start as start_run

    options = {name: value for name, value in (("objective", objective), ("steps", steps)) if value is not None}
    settings = hosting_settings(os.environ)
    with hosts_client() as client:
        snapshot = _snapshot(client, named)
        run = start_run(client.store, settings, role, snapshot, now=utc_now(), options=options)
    if as_json:
        print_json(_as_object(run))
    else:
        click.echo(f"The run {run.id} waits for a worker that tunes: songwright worker --tuning")


@tunings.command()
@click.argument("run_id", metavar="ID")
@as_json_option
def cancel(run_id: str, as_json: bool) -> None:
    """End a run that waits or runs; what it has learned so far is kept in its folder."""
    from worker.clock import utc_now
    from worker.store import tunings as stored

    with hosts_client() as client, client.store.writing() as session:
        run = stored.cancel(session, run_id, now=utc_now())
    if as_json:
        print_json(_as_object(run))
    else:
        click.echo(f"The run {run.id} is cancelled.")


def _snapshot(client: Client, named: str | None) -> StoredSnapshot:
    """Return the snapshot of this id, or a new one of what is there now."""
    from worker.clock import utc_now
    from worker.settings import hosting_settings
    from worker.snapshots import all_of, make_snapshot

    if named is None:
        return make_snapshot(client.store, hosting_settings(os.environ).snapshots_dir, now=utc_now())
    with client.store.reading() as session:
        for one in all_of(session):
            if named in (one.id, one.digest):
                return one
    raise RequestError(f"there is no snapshot {named[:40]!r}; songwright snapshots list lists them")


def _progress(run: Tuning) -> str:
    return f"{run.done} of {run.total}" if run.total else str(run.done) if run.done else NONE


def _verdict(run: Tuning) -> str:
    return NONE if run.gate is None else "passed" if run.gate.get("passed") else "not passed"


def _as_object(run: Tuning) -> dict[str, Any]:
    names = (name for name in run.__dataclass_fields__ if name != "lease_token")
    return {name: getattr(run, name) for name in names}
