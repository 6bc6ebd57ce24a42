"""What importers give: songs as they stood in their source, and rows that are none. Does not know any format."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

SHOWN = 60  # characters of a bad row
LONGEST_TEXT = 200_000  # characters of one song
UNREADABLE = "it has bytes that are no text"


@dataclass(frozen=True)
class RawSong:
    """artist, title: "" where unknown. text: with its labels and blank lines. facts: what else the source says of it.

    file, line: where it begins, counted from 1.
    """

    artist: str
    title: str
    text: str
    file: str
    line: int
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class BadRow:
    """A row that is no song. line: where it begins, counted from 1. start: its first 60 characters. why: the reason."""

    file: str
    line: int
    start: str
    why: str

    @classmethod
    def of(cls, file: str, line: int, text: str, why: str) -> BadRow:
        readable = text[: 4 * SHOWN].replace("\x00", "\ufffd").encode(errors="replace").decode()
        return cls(file, line, " ".join(readable.split())[:SHOWN], why)


def checked(song: RawSong) -> RawSong | BadRow:
    """Return the song, or why it is none: no words, unreadable, too long."""
    if not any(c.isalpha() for c in song.text):
        return BadRow.of(song.file, song.line, f"{song.artist}, {song.title}: {song.text}", "it has no words")
    if _is_unreadable("\n".join((song.artist, song.title, song.text, *map(str, song.facts.values()), *song.facts))):
        return BadRow.of(song.file, song.line, f"{song.artist}, {song.title}: {song.text}", UNREADABLE)
    if len(song.text) > LONGEST_TEXT:
        return BadRow.of(song.file, song.line, song.text, f"it is longer than {LONGEST_TEXT:,} characters")
    return song


def _is_unreadable(text: str) -> bool:
    """Return whether a text has NUL, a character that replaced bytes without meaning, or half of a surrogate pair."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return "\x00" in text or "\ufffd" in text


def first_of(row: Mapping[str, Any], names: Iterable[str]) -> Any:
    """Return the first value that is there among several names of one field; "" for none."""
    return next((row[name] for name in names if row.get(name) not in (None, "")), "")


ARTIST = ("artist", "author", "artist_name", "singer", "band", "performer")
TITLE = ("title", "song", "song_name", "track", "track_name", "name")
TEXT = ("text", "lyrics", "lyric", "words")
