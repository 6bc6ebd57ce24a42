"""Files of many songs under `<<Artist - Title>>` headings. Labels inside a song stay. Does not know what labels mean."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from engine.corpus.importers.raw_songs import BadRow, RawSong, checked
from engine.corpus.song_files import BytesRead, no_report, text_lines

HEADING = re.compile(r"^\s*<<\s*(?P<name>.*?)\s*>>\s*$")
PARTED = re.compile(r"\s+[-–—]\s+")


def begins_song(line: str) -> bool:
    """Return whether a line is a heading."""
    return HEADING.match(line) is not None


def artist_and_title(name: str) -> tuple[str, str]:
    """Return both parts of "Artist - Title"; a name without a dash is a title."""
    artist, _, title = (PARTED.sub("\0", name, count=1)).rpartition("\0")
    return ("" if artist.lower() == "unknown" else artist.strip()), title.strip()


def labelled_songs(path: Path, report: BytesRead = no_report) -> Iterator[RawSong | BadRow]:
    """Give the songs of a file."""
    return songs_in(text_lines(path, report), path.name)


def songs_in(lines: Iterable[str], file: str) -> Iterator[RawSong | BadRow]:
    """Give the songs in lines. What stands before the first heading is a bad row, and so is a song whose heading is cut."""
    head, start, body = "", 1, []  # type: str, int, list[str]
    for number, line in enumerate(lines, 1):
        if line.lstrip().startswith("<<"):
            yield from _song(file, start, head, body)
            head, start, body = line.strip(), number, []
        else:
            if not head and not body:
                start = number
            body.append(line)
    yield from _song(file, start, head, body)


def _song(file: str, start: int, head: str, body: list[str]) -> Iterator[RawSong | BadRow]:
    text = "\n".join(body)
    if found := HEADING.match(head):
        yield checked(RawSong(*artist_and_title(found["name"]), text, file, start))
    elif head:
        yield BadRow.of(file, start, head, "its heading is not closed by >>")
    elif text.strip():
        yield BadRow.of(file, start, text, "it stands before the first <<Artist - Title>>")
