"""`songwright snapshots`: freeze what members said about songs, look at it, hand it out. Does not know what learns from it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bot.terminal.server_option import server_option
from bot.terminal.shown import NONE, as_json_option, hosts_client, pairs, print_json, print_shown, table, time_text
from engine.errors import RequestError

if TYPE_CHECKING:
    from worker.client import Client
    from worker.snapshots import StoredSnapshot

COUNTS = ("judgements", "raters", "takes")


@click.group()
def snapshots() -> None:
    """Freeze what members said about songs; models are tuned on snapshots.

    \b
    In a snapshot is what members who said yes to training (/privacy training) said about songs of members who did:
    stars, preferences of /compare, words that were replaced, favourites, other takes, files fetched. Whoever withdraws
    is in no later one. A snapshot is a folder that never changes, with its statistics and a picture of them.

    \b
      songwright snapshots make            freeze what is there now; with --server ID of the songs of one server
      songwright snapshots list
      songwright snapshots show ID
      songwright snapshots export ID out.jsonl
    """


@snapshots.command()
@click.option("--fewest-raters", type=click.IntRange(1, 50), default=1, show_default=True,
              help="leave out the stars of songs that fewer have rated")  # fmt: skip
@click.option("--unweighted", is_flag=True, help="let everybody count the same, also those who vote in step")
@server_option("only songs that were asked for in this Discord server, to tune an adapter for it")
@as_json_option
def make(fewest_raters: int, unweighted: bool, server: str | None, as_json: bool) -> None:
    """Freeze what members have said until now.

    Those who vote in step count together as one, nobody counts more than three times as often as usual, and whoever
    gives the same stars to everything counts little. With --server the same rules hold for the songs of one server; its id
    is not in the snapshot.
    """
    from engine.corpus.snapshots import Rules
    from worker.clock import utc_now
    from worker.settings import hosting_settings
    from worker.snapshots import make_snapshot

    rules = Rules(fewest_raters=fewest_raters, weighted=not unweighted)
    with hosts_client() as client:
        folder = hosting_settings(os.environ).snapshots_dir
        made = make_snapshot(client.store, folder, now=utc_now(), rules=rules, server=server)
    _print(made, as_json)


@snapshots.command("list")
@as_json_option
def list_command(as_json: bool) -> None:
    """Print the snapshots, the oldest first."""
    with hosts_client() as client:
        found = all_snapshots(client)
    if as_json:
        print_json({"snapshots": [_as_object(one) for one in found]})
        return
    if not found:
        click.echo("No snapshot was made yet; songwright snapshots make makes one.")
        return
    rows = [
        [one.id, time_text(one.created_at), one.server or NONE, *(str(one.statistics[name]) for name in COUNTS)]
        for one in found
    ]
    print_shown(table(["id", "made", "server", *COUNTS], rows, right=COUNTS))


@snapshots.command()
@click.argument("snapshot_id", metavar="ID")
@as_json_option
def show(snapshot_id: str, as_json: bool) -> None:
    """Print the statistics of a snapshot and where it lies; its folder has them as a picture, too."""
    with hosts_client() as client:
        found = find_snapshot(client, snapshot_id)
    _print(found, as_json)


@snapshots.command()
@click.argument("snapshot_id", metavar="ID")
@click.argument("out", type=click.Path(path_type=Path, dir_okay=False))
def export(snapshot_id: str, out: Path) -> None:
    """Write a snapshot as JSON lines: a judgement each, with the take or the two takes that it is about."""
    from engine.corpus.snapshots import export_lines, open_snapshot

    with hosts_client() as client:
        found = find_snapshot(client, snapshot_id)
    count = export_lines(open_snapshot(Path(found.path)), out)
    click.echo(f"{count} judgements are in {out}.")


def all_snapshots(client: Client) -> tuple[StoredSnapshot, ...]:
    """Return all snapshots, the oldest first."""
    from worker import snapshots as stored

    with client.store.reading() as session:
        return stored.all_of(session)


def find_snapshot(client: Client, snapshot_id: str) -> StoredSnapshot:
    """Return the snapshot of an id, a digest or a folder's name; RequestError if there is none."""
    for one in all_snapshots(client):
        if snapshot_id in (one.id, one.digest, Path(one.path).name):
            return one
    raise RequestError(f"there is no snapshot {snapshot_id[:40]!r}; songwright snapshots list lists them")


def _print(one: StoredSnapshot, as_json: bool) -> None:
    if as_json:
        print_json(_as_object(one))
        return
    about = {"id": one.id, "made": time_text(one.created_at), "server": one.server or NONE, "digest": one.digest,
             "folder": one.path}  # fmt: skip
    about |= {name: _text(value) for name, value in one.statistics.items()}
    print_shown(pairs(about))


def _text(value: Any) -> str:
    return (
        ", ".join(f"{name or 'none'}: {count}" for name, count in value.items())
        if isinstance(value, dict)
        else str(value)
    )


def _as_object(one: StoredSnapshot) -> dict[str, Any]:
    return {"id": one.id, "made": one.created_at, "server": one.server, "digest": one.digest, "path": one.path,
            "statistics": one.statistics}  # fmt: skip
