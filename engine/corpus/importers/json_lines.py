"""Songs as JSON lines: an object per line with text (or lyrics), title and artist. Does not know what becomes of them."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from engine.corpus.importers.raw_songs import ARTIST, TEXT, TITLE, BadRow, RawSong, checked, first_of
from engine.corpus.song_files import BytesRead, no_report, text_lines
from engine.errors import FileFormatError

OWN_FIELDS = frozenset((*ARTIST, *TITLE, *TEXT)) - {"name"}


def json_line_songs(path: Path, report: BytesRead = no_report) -> Iterator[RawSong | BadRow]:
    """Give the songs of a file. Everything else that an object says, such as its licence, becomes the song's facts."""
    for number, line in enumerate(text_lines(path, report), 1):
        if number == 1 and line.strip() == "[":
            raise FileFormatError(f"{path.name} is one JSON list; write one object per line instead")
        if line.strip():
            yield _song(path.name, number, line)


def _song(file: str, number: int, line: str) -> RawSong | BadRow:
    try:
        row: Any = json.loads(line)
    except (ValueError, RecursionError):
        return BadRow.of(file, number, line, "it is not JSON")
    if not isinstance(row, dict):
        return BadRow.of(file, number, line, "it is not a JSON object")
    text = first_of(row, TEXT)
    if isinstance(text, list) and all(isinstance(part, str) for part in text):
        text = "\n".join(text)
    artist, title = first_of(row, ARTIST), first_of(row, TITLE)
    if not all(isinstance(value, str) for value in (text, artist, title)):
        return BadRow.of(file, number, line, "its artist, title or text is not text")
    facts = {name: value for name, value in row.items() if name not in OWN_FIELDS and _plain(value)}
    return checked(RawSong(artist.strip(), title.strip(), text, file, number, facts))


def _plain(value: Any) -> bool:
    """Return whether a fact is kept: a text, number or truth value; NaN and infinity are not."""
    return isinstance(value, (str, int)) or (isinstance(value, float) and math.isfinite(value))
