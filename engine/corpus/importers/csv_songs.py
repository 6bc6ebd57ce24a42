"""Songs as a table with a head, `artist,song,link,text`, the words in quotes over many lines. Does not know labels.

A row that is broken, such as one whose quotation mark is never closed, costs itself and nothing after it: the next row is
known by how it begins. Other columns than artist, title and text become facts.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from engine.corpus.importers.raw_songs import ARTIST, TEXT, TITLE, BadRow, RawSong, checked
from engine.corpus.song_files import BytesRead, no_report, text_lines
from engine.errors import FileFormatError

LINK = ("link", "url", "href")
NEVER_CLOSED = "a quotation mark is never closed"
NOT_DOUBLED = "a quotation mark inside it is not doubled"
WRONG_COUNT = "it has not as many columns as the head"
MOST_LINES = 4000  # of one row
A_LINK = re.compile(r"^(?:https?:/)?/\S+$")


@dataclass(frozen=True)
class Table:
    """The head of a table. columns: in lower case. The others are places in a row; title, artist, link: None if absent."""

    file: str
    columns: tuple[str, ...]
    delimiter: str
    text: int
    title: int | None
    artist: int | None
    link: int | None

    def begins_row(self) -> re.Pattern[str]:
        """Match a line that opens a quoted text in its column; no line inside a quoted text can look so."""
        sign = re.escape(self.delimiter)
        return re.compile(rf'^(?:(?:[^"{sign}]*|"(?:[^"]|"")*"){sign}){{{self.text}}}"(?:"")*[^"{sign}]')


def csv_songs(path: Path, report: BytesRead = no_report) -> Iterator[RawSong | BadRow]:
    """Give the songs of a table; the delimiter is a comma, semicolon or tab. FileFormatError if it has no column of words."""
    lines = enumerate(text_lines(path, report), 1)
    head = next((line for _, line in lines if line.strip()), "")
    table = read_head(path.name, head)
    for line, row in rows_of(table, lines):
        yield row if isinstance(row, BadRow) else _song(table, line, row)


def read_head(file: str, head: str) -> Table:
    """Return what the first line says of the columns."""
    for delimiter in ",;\t":
        names = tuple(name.strip().lower() for name in next(csv.reader([head], delimiter=delimiter), []))
        text = _place(names, TEXT)
        if text is not None:
            return Table(file, names, delimiter, text, _place(names, TITLE), _place(names, ARTIST), _place(names, LINK))
    raise FileFormatError(
        f"{file} has no column of words; its first line must name the columns, such as artist,song,link,text, "
        f"and is {head[:60]!r}"
    )


def rows_of(table: Table, lines: Iterable[tuple[int, str]]) -> Iterator[tuple[int, list[str] | BadRow]]:
    """Give (line, row) for numbered lines below the head, each row with as many cells as the head."""
    begins = table.begins_row()
    buffer: list[str] = []
    start, quotes, lost = 0, 0, False  # lost: these may be the rest of a row that was broken by a quotation mark
    for number, line in lines:
        if buffer and _is_new_row(table, begins, line):
            row = _cells(table, start, buffer)
            yield start, row
            buffer, lost = [], isinstance(row, BadRow)
        if not buffer:
            if not line.strip():
                continue
            start, quotes = number, 0
        buffer.append(line)
        quotes += line.count('"')
        if quotes % 2 and len(buffer) < MOST_LINES:
            continue
        row = _cells(table, start, buffer)
        if not (lost and isinstance(row, BadRow)) or _is_new_row(table, begins, buffer[0]):
            yield start, row
        lost = isinstance(row, BadRow) and (lost or row.why != WRONG_COUNT)
        buffer = []
    if buffer:
        yield start, _cells(table, start, buffer)


def _is_new_row(table: Table, begins: re.Pattern[str], line: str) -> bool:
    """Return whether a line begins a row, although the row before it has not ended."""
    if '"' in line and begins.match(line):
        return True
    if table.link is None or line.count(table.delimiter) < len(table.columns) - 1 or line.count('"') % 2:
        return False
    cells = next(csv.reader([line], delimiter=table.delimiter))
    return len(cells) == len(table.columns) and A_LINK.match(cells[table.link]) is not None


def _cells(table: Table, start: int, buffer: list[str]) -> list[str] | BadRow:
    if buffer[-1].rstrip().endswith('"'):
        buffer = [*buffer[:-1], buffer[-1].rstrip()]  # blanks after the closing mark are no fault
    try:
        found = list(csv.reader((f"{line}\n" for line in buffer), delimiter=table.delimiter, strict=True))
    except csv.Error as error:
        why = NEVER_CLOSED if "end of data" in str(error) else NOT_DOUBLED
        return BadRow.of(table.file, start, buffer[0], f"a column is longer than {csv.field_size_limit():,} characters"
                         if "limit" in str(error) else why)  # fmt: skip
    if len(found) != 1 or len(found[0]) != len(table.columns):
        return BadRow.of(table.file, start, buffer[0], WRONG_COUNT)
    return found[0]


def _song(table: Table, line: int, row: list[str]) -> RawSong | BadRow:
    named = {table.text, table.title, table.artist}
    facts = {name: cell for place, (name, cell) in enumerate(zip(table.columns, row, strict=True))
             if place not in named and name and cell}  # fmt: skip
    artist, title = (row[place].strip() if place is not None else "" for place in (table.artist, table.title))
    return checked(RawSong(artist, title, row[table.text], table.file, line, facts))


def _place(columns: tuple[str, ...], names: Iterable[str]) -> int | None:
    return next((columns.index(name) for name in names if name in columns), None)
