"""A song on the terminal while it is written: whole lines stay, the line under way is shown over itself. Knows no models."""

from __future__ import annotations

import shutil
import sys
import unicodedata
from collections.abc import Callable

import click

ERASED_LINE = "\r\x1b[K"  # ECMA-48: to the first column, and erase to the end of the line


class GrowingSong:
    """Shows one song, or several one after another. Where nothing that was shown can be taken back, whole lines alone."""

    def __init__(self) -> None:
        self._is_terminal = sys.stdout.isatty()
        self._begun = ""  # of a line that is certain: a start text may end within one

    @property
    def glimpse(self) -> Callable[[str], None] | None:
        """Return what shows the line under way, word by word."""
        return self._show_line if self._is_terminal else None

    def report(self, number: int, text: str) -> None:
        """Show what the song has grown by, at once."""
        _print(f"{ERASED_LINE}{self._begun}{text}" if self._is_terminal else text)
        self._begun = (self._begun + text).rpartition("\n")[2]

    def _show_line(self, line: str) -> None:
        _print(ERASED_LINE + shown_end(line or self._begun, shutil.get_terminal_size().columns - 1))


def shown_end(line: str, columns: int) -> str:
    """Return as much of the end of a line as has room in one row of the terminal; signs of Chinese take two columns."""
    used, at = 0, len(line)
    while at:
        used += 2 if unicodedata.east_asian_width(line[at - 1]) in "WF" else 1
        if used > columns:
            break
        at -= 1
    return line[at:]


def _print(text: str) -> None:
    click.echo(text, nl=False)
    sys.stdout.flush()
