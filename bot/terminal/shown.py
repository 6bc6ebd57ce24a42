"""How the commands of a host show what they found: tables, pairs, JSON, times. Does not know what is shown."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.console import Console, Group, RenderableType
    from rich.table import Table

    from worker.client import Client
    from worker.owner import Owner

WIDTH_IN_FILES = 132  # columns, where a table goes to a pipe
NONE = "-"
as_json_option = click.option("--json", "as_json", is_flag=True, help="print one JSON object and nothing else")


@contextmanager
def hosts_client() -> Iterator[Client]:
    """Open the store that this machine's bot and workers use, with their broker to ring."""
    import os

    from worker.client import Client
    from worker.settings import hosting_settings

    client = Client(hosting_settings(os.environ))
    try:
        yield client
    finally:
        client.close()


def print_json(found: Mapping[str, Any]) -> None:
    """Print one JSON object; times are written as ISO 8601 in UTC."""
    click.echo(json.dumps(found, indent=2, ensure_ascii=False, default=_plain))


def print_shown(*parts: RenderableType) -> None:
    """Print tables and lines to standard output, whole where that is not a terminal."""
    console = screen()
    for part in parts:
        console.print(part, highlight=False)


def screen() -> Console:
    """Return standard output for tables."""
    from rich.console import Console

    console = Console()
    return console if console.is_terminal else Console(width=WIDTH_IN_FILES)


def table(
    columns: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[str] = (), title: str = ""
) -> Table:
    """Return rows under a head. right: the columns that hold numbers. What people wrote is shown as it is."""
    from rich.markup import escape
    from rich.table import Table

    made = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for number, column in enumerate(columns):
        justify = "right" if column in right else "left"
        made.add_column(column, justify=justify, no_wrap=number == 0, overflow="fold")  # type: ignore[arg-type]
    for row in rows:
        made.add_row(*(escape(cell) for cell in row))
    return made


def pairs(rows: Mapping[str, str]) -> Table:
    """Return names with what they are, one per line."""
    made = table(("", " "), list(rows.items()))
    made.show_header = False
    return made


def group(*parts: RenderableType) -> Group:
    """Return several parts as one, each on lines of its own."""
    from rich.console import Group

    return Group(*parts)


def section(title: str, part: RenderableType) -> Group:
    """Return a part under its title, with an empty line after it."""
    from rich.text import Text

    return group(Text(title, style="bold"), part, "")


def seconds_text(seconds: float | None) -> str:
    """Return a stretch of time as people say it: 0.4 s, 12 s, 5 min, 3 h, 2 days."""
    if seconds is None:
        return NONE
    for above, unit, name in ((172800, 86400, "days"), (7200, 3600, "h"), (120, 60, "min")):
        if seconds >= above:
            return f"{seconds / unit:.0f} {name}"
    return f"{max(seconds, 0.0):.1f} s" if seconds < 10 else f"{seconds:.0f} s"


def ago(moment: datetime | None, now: datetime) -> str:
    """Return how long ago a moment was, "-" if it was not."""
    return NONE if moment is None else f"{seconds_text((now - moment).total_seconds())} ago"


def time_text(moment: datetime | None) -> str:
    """Return a moment to the second, in UTC."""
    return NONE if moment is None else f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def count_text(count: int, thing: str) -> str:
    """Return "1 job", "2 jobs"."""
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"


def share_text(share: float) -> str:
    """Return a share as "10 %", "2.5 %"."""
    return f"{share * 100:g} %"


def process_text(owner: Owner) -> str:
    """Return a process with its machine's name, without what tells that machine from others of the same name."""
    return f"process {owner.pid} on {owner.machine.partition('/')[0]}"


def bytes_text(size: int) -> str:
    """Return a size in megabytes or gigabytes."""
    return f"{size / 1e6:.1f} MB" if size < 1e9 else f"{size / 1e9:.1f} GB"


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else str(value)
