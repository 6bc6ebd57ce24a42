"""Lyrics as ordered sections of stanzas of lines, and their text form. Does not know how they sound."""

from __future__ import annotations

import re
from dataclasses import dataclass

from engine.lyrics.plain_songs import Heading, Label, marked_lines


@dataclass(frozen=True)
class Section:
    """A labelled part. label: "Verse 1", "Chorus", or "" where the text names none. stanzas: tuples of lines."""

    label: str
    stanzas: tuple[tuple[str, ...], ...]

    @property
    def lines(self) -> tuple[str, ...]:
        return tuple(line for stanza in self.stanzas for line in stanza)

    @property
    def kind(self) -> str:
        """Return the label's first word in lower case, without number or artist: "Verse 1: Ann" -> "verse"."""
        return re.split(r"[\s:\d]", self.label.strip().lower(), maxsplit=1)[0]


@dataclass(frozen=True)
class Lyrics:
    """The words of a song. title and artist are "" where unknown."""

    sections: tuple[Section, ...]
    title: str = ""
    artist: str = ""

    @property
    def lines(self) -> tuple[str, ...]:
        return tuple(line for section in self.sections for line in section.lines)


def parse_lyrics(text: str) -> Lyrics:
    """Read `<<Artist - Title>>`, `[Verse 1]` labels and blank lines between stanzas. An empty text has no sections."""
    title = artist = ""
    sections: list[Section] = []
    label, stanzas, stanza = "", [], []  # type: str, list[tuple[str, ...]], list[str]

    def close_stanza() -> None:
        if stanza:
            stanzas.append(tuple(stanza))
            stanza.clear()

    def close_section() -> None:
        close_stanza()
        if label or stanzas:
            sections.append(Section(label, tuple(stanzas)))
            stanzas.clear()

    for line in marked_lines(text):
        if isinstance(line, Heading):
            artist, title = line.artist, line.title
        elif isinstance(line, Label):
            close_section()
            label = line.name
        elif line:
            stanza.append(line)
        else:
            close_stanza()
    close_section()
    return Lyrics(tuple(sections), title, artist)


def render_lyrics(lyrics: Lyrics) -> str:
    """Write lyrics as text that `parse_lyrics` reads back unchanged."""
    parts = [f"<<{lyrics.artist} - {lyrics.title}>>"] if lyrics.title or lyrics.artist else []
    for section in lyrics.sections:
        head = f"[{section.label}]\n" if section.label else ""
        parts.append(head + "\n\n".join("\n".join(stanza) for stanza in section.stanzas))
    return "\n\n".join(part.rstrip("\n") for part in parts) + "\n" if parts else ""
