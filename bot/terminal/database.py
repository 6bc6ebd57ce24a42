"""`songwright db`: bring the database up to date, look after it, back it up. Does not know what is in the tables."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from engine.errors import EngineError, RequestError
from worker.clock import utc_now
from worker.settings import Settings
from worker.store.artifact_moves import Moved
from worker.store.database import HEAD_REVISION, Store, current_revision, open_store, shown_url, upgrade

REPORT_SECONDS = 1.0


@click.group()
def db() -> None:
    """Create, upgrade, check and back up the database. Songs create and upgrade it by themselves."""


@db.command("upgrade")
def upgrade_command() -> None:
    """Bring the tables up to date; what is in them is kept."""
    url = Settings.from_environment(os.environ).database_url
    upgrade(url)
    click.echo(f"{shown_url(url)} is at revision {HEAD_REVISION}.")


@db.command("current", short_help="Print the revision of the tables.")
def current_command() -> None:
    """Print the revision of the tables and the newest one; change nothing."""
    url = Settings.from_environment(os.environ).database_url
    revision = current_revision(url)
    state = "not made yet" if revision is None else f"at revision {revision}"
    hint = "" if revision == HEAD_REVISION else f"; the newest is {HEAD_REVISION}, `songwright db upgrade` gets there"
    click.echo(f"{shown_url(url)} is {state}{hint}.")


@db.command("backup", short_help="Write the whole database into a new file.")
@click.argument("file", type=click.Path(path_type=Path))
def backup_command(file: Path) -> None:
    """Write the whole database into a new FILE; bot and workers may go on meanwhile."""
    from worker.store.backup import back_up

    settings = Settings.from_environment(os.environ)
    made = back_up(settings.database_url, file)
    click.echo(f"{file} holds {shown_url(settings.database_url)}, {made.size_bytes / 1e6:.1f} MB.")
    if made.files_outside:
        click.echo(f"{made.files_outside} files of songs lie outside the database: copy their place too, after this.")


@db.command("restore", short_help="Make the database as it was in a backup.")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--replace", is_flag=True, help="put it in the place of what is in the database now")
@click.option(
    "--bring-open",
    is_flag=True,
    help="nothing was made since the backup (a move to another machine): bring what was not brought then",
)
def restore_command(file: Path, replace: bool, bring_open: bool) -> None:
    """Make the database as it was when FILE was written. Stop bot and workers before, start them after."""
    from worker.store.backup import restore

    settings = Settings.from_environment(os.environ)
    made = restore(settings.database_url, file, now=utc_now(), replace=replace, bring_open=bring_open)
    click.echo(f"{shown_url(settings.database_url)} has {made.jobs} jobs; {made.unfinished} of them will run now.")
    if made.closed:
        click.echo(f"{made.closed} results may have been brought already and are left for /history to show.")
    if made.files_outside:
        click.echo(
            f"{made.files_outside} files of songs lie outside; `songwright db check` says whether they are there."
        )
    click.echo("Members who had their data deleted since the backup are back in it: delete it again.")


@db.command("check", short_help="Read everything and say what is damaged.")
@click.option("--remove-orphans", is_flag=True, help="remove the files outside that no song in this database has")
def check_command(remove_orphans: bool) -> None:
    """Read everything, the files of all songs too, and say what is damaged or missing. Exit code 1 if anything is."""
    from worker.store.integrity import check

    with _opened() as store:
        with _progress("files read") as report:
            findings = check(store, report)
        rows = ", ".join(f"{name} {count}" for name, count in sorted(findings.rows.items()) if count)
        click.echo(f"rows: {rows or 'none'}")
        click.echo(f"files: {findings.files} read, {findings.outside} of them outside the database")
        if remove_orphans:
            _remove_orphans(store)
    for fault in findings.faults:
        click.echo(fault)
    if findings.faults:
        more = f" and {findings.faults_left_out} more" if findings.faults_left_out else ""
        raise EngineError(
            f"faults were found: {len(findings.faults)}{more}; set what they name, or restore from a backup"
        )
    click.echo("All is well.")


@db.command("move-files", short_help="Move the files of songs out of the database.")
def move_files_command() -> None:
    """Move the files of songs from the database to the place that SONGWRIGHT_ARTIFACTS_URL names."""
    from worker.store.artifact_moves import move_out

    with _opened() as store:
        if not store.files.go_outside:
            raise RequestError(
                "SONGWRIGHT_ARTIFACTS_URL does not name a folder or bucket first; set it to file:///folder or s3://bucket/x"
            )
        with _progress("songs moved") as report:
            moved = move_out(store, report)
        _say(moved, "have their files in the place that SONGWRIGHT_ARTIFACTS_URL names")
        store.erase_traces()  # SQLite's file shrinks only when it is written anew


@db.command("collect-files", short_help="Bring the files of songs back into it.")
def collect_files_command() -> None:
    """Bring the files of songs that lie outside into the database, and remove them there."""
    from worker.store.artifact_moves import collect

    with _opened() as store:
        with _progress("songs collected") as report:
            moved = collect(store, report)
        if store.files.go_outside:
            click.echo(
                "New songs still go outside: unset SONGWRIGHT_ARTIFACTS_URL, restart the workers, run this again."
            )
        _say(moved, "have their files in the database now")


@contextmanager
def _opened() -> Iterator[Store]:
    settings = Settings.from_environment(os.environ)
    store = open_store(settings.database_url, settings.artifacts_url)
    try:
        yield store
    finally:
        store.close()


@contextmanager
def _progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """Give a function that says on standard error how far it is, once a second at most."""
    said_at = time.monotonic()

    def report(done: int, total: int) -> None:
        nonlocal said_at
        if time.monotonic() - said_at >= REPORT_SECONDS:
            said_at = time.monotonic()
            click.echo(f"{done} of {total} {what}", err=True)

    yield report


def _say(moved: Moved, done: str) -> None:
    click.echo(f"{moved.songs} songs {done}.")
    for song_id, why in moved.left.items():
        click.echo(f"song {song_id} was left as it is: {why}")
    if moved.left:
        raise EngineError(f"{len(moved.left)} songs were left as they are; see above")


def _remove_orphans(store: Store) -> None:
    from worker.store.artifact_sweep import remove_orphans

    click.echo(f"{remove_orphans(store, utc_now())} songs' files without a song were removed.")
