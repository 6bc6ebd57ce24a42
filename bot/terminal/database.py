"""`songwright db`: bring the database up to date, and say where it stands. Does not know what is in the tables."""

from __future__ import annotations

import os

import click

from worker.settings import Settings
from worker.store.database import HEAD_REVISION, current_revision, shown_url, upgrade


@click.group()
def db() -> None:
    """Create or upgrade the database. Songs do this by themselves; hosts may want to do it beforehand."""


@db.command("upgrade")
def upgrade_command() -> None:
    """Bring the tables up to date; what is in them is kept."""
    url = Settings.from_environment(os.environ).database_url
    upgrade(url)
    click.echo(f"{shown_url(url)} is at revision {HEAD_REVISION}.")


@db.command("current")
def current_command() -> None:
    """Print the revision of the tables and the newest one; change nothing."""
    url = Settings.from_environment(os.environ).database_url
    revision = current_revision(url)
    state = "not made yet" if revision is None else f"at revision {revision}"
    hint = "" if revision == HEAD_REVISION else f"; the newest is {HEAD_REVISION}, `songwright db upgrade` gets there"
    click.echo(f"{shown_url(url)} is {state}{hint}.")
