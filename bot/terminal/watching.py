"""Looking again and again at what is going on, until Ctrl-C. Does not know what is looked at."""

from __future__ import annotations

import itertools
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import click

from bot.terminal.shown import screen

if TYPE_CHECKING:
    from rich.console import RenderableType

every_option = click.option(
    "--every", type=click.FloatRange(0.1, 3600), default=1.0, show_default=True, help="seconds between looks"
)
times_option = click.option("--times", type=click.IntRange(1), default=None, help="looks, then stop  [until Ctrl-C]")


Look = Callable[[], tuple[str, "RenderableType"]]


def watch(look: Look, *, every: float, times: int | None, sleep: Callable[[float], None] = time.sleep) -> None:
    """Show what a look finds: a table that changes in its place, or, where that goes to a file, a line for each look.

    look: returns the line and the table. Ctrl-C ends it quietly: nothing is cut off by it.
    """
    with suppress(KeyboardInterrupt), _place() as show:
        for number in itertools.count() if times is None else range(times):
            if number:
                sleep(every)
            show(*look())


@contextmanager
def _place() -> Iterator[Callable[[str, RenderableType], None]]:
    """Give what shows a look."""
    if not sys.stdout.isatty():
        yield lambda line, table: click.echo(line)
        return
    from rich.live import Live

    with Live(console=screen(), auto_refresh=False) as live:
        yield lambda line, table: live.update(table, refresh=True)
