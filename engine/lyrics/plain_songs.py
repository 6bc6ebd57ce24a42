"""A song as plain labelled text, the way lyric sites and the field's fine-tuned models write it. Does not know models.

    <<Robert Burns - A Red, Red Rose>>
    [Verse 1]
    O my love is like a red, red rose
    That's newly sprung in June

    [Chorus]
    ...

Every family that is trained on plain text reads and writes this form, so that all are measured alike. `engine.lyrics.text`
reads the same headings and labels with stanzas between them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

UNKNOWN_ARTIST = "Unknown"
HEADING = re.compile(r"^<<\s*(?P<artist>.*?)\s+-\s+(?P<title>.*?)\s*>>$")
MOST_LABEL_CHARACTERS = 80
LABEL = re.compile(rf"^\[(?P<label>[^\[\]\n]{{1,{MOST_LABEL_CHARACTERS}}})\]$")


@dataclass(frozen=True)
class Heading:
    """artist, title: as printed, either may be ""."""

    artist: str
    title: str


@dataclass(frozen=True)
class Label:
    """name: "Verse 1: Ann" of [Verse 1: Ann]."""

    name: str


def marked_lines(text: str) -> Iterator[Heading | Label | str]:
    """Yield each line of a text without the space around it: a heading, a label, or words; "" for a blank one."""
    for line in map(str.strip, text.splitlines()):
        if found := HEADING.match(line):
            yield Heading(found["artist"], found["title"])
        elif found := LABEL.match(line):
            yield Label(found["label"].strip())
        else:
            yield line


@dataclass(frozen=True)
class PlainSection:
    """label: as printed, without brackets and numbers of its own choosing ("Verse 2", "Chorus"), or "" for none."""

    label: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class PlainSong:
    """artist, title: "" where unknown. sections: in order, a repeated chorus as often as it is printed."""

    artist: str
    title: str
    sections: tuple[PlainSection, ...]

    @property
    def lines(self) -> tuple[str, ...]:
        """All lines in order."""
        return tuple(line for section in self.sections for line in section.lines)

    def heading(self) -> str:
        """Return the first line of its text."""
        return heading(self.artist, self.title)

    def text(self) -> str:
        """Return the whole text; it ends in a newline."""
        return self.heading() + "\n" + self.body()

    def body(self) -> str:
        """Return the text below the heading."""
        return "\n".join(section_text(section) for section in self.sections)


def heading(artist: str, title: str) -> str:
    """Return `<<Artist - Title>>`; signs that could close it or open another are left out."""
    return f"<<{_name(artist) or UNKNOWN_ARTIST} - {_inside(title) or 'Untitled'}>>"


def body_start(text: str) -> int:
    """Return how many characters of a song's text are its heading and the newline after it; 0 where it has none."""
    first, newline, _ = text.partition("\n")
    return len(first) + len(newline) if HEADING.match(first) else 0


def section_text(section: PlainSection) -> str:
    """Return the label and the lines, each closed by a newline; a line that reads as a heading or label loses its brackets."""
    label = _inside(section.label)[:MOST_LABEL_CHARACTERS].strip()
    lines = [line for line in map(_line, section.lines) if line.strip()]  # a blank one would end the section
    return (f"[{label}]\n" if label else "") + "".join(f"{line}\n" for line in lines)


def read_plain_song(text: str) -> PlainSong:
    """Return the song in a text, whatever it lacks: lines before any label are a section without one.

    A second heading ends the song, as does the end of the text. Empty text gives a song without sections.
    """
    artist = title = label = ""
    sections: list[PlainSection] = []
    lines: list[str] = []
    begun = False
    for line in marked_lines(text):
        if isinstance(line, Heading):
            if begun:
                break
            artist, title, begun = line.artist, line.title, True
            artist = "" if artist == UNKNOWN_ARTIST else artist
        elif isinstance(line, Label) or not line:
            _close(sections, label, lines)
            label, lines = (line.name if isinstance(line, Label) else ""), []
        else:
            begun = True
            lines.append(line)
    _close(sections, label, lines)
    return PlainSong(artist, title, tuple(sections))


def numbered(sections: Iterable[PlainSection]) -> tuple[PlainSection, ...]:
    """Return sections whose verses are counted, "Verse 1", "Verse 2"; sections without a label count as verses."""
    found, verses = [], 0
    for section in sections:
        if section.label and not re.fullmatch(r"(?i)verse(\s+\d+)?", section.label):
            found.append(section)
            continue
        verses += 1
        found.append(PlainSection(f"Verse {verses}", section.lines))
    return tuple(found)


def _close(sections: list[PlainSection], label: str, lines: list[str]) -> None:
    if lines:
        sections.append(PlainSection(label, tuple(lines)))


def _inside(name: str) -> str:
    return " ".join(re.sub(r"[<>\[\]\n]", " ", name).split())


def _name(artist: str) -> str:
    """Return an artist without the dash between spaces that would part another title from it."""
    return " ".join(word for word in _inside(artist).split() if word != "-")


def _line(line: str) -> str:
    """Return a line that is read back as one line, and as nothing else."""
    whole = " ".join(line.splitlines())
    return _inside(whole) if HEADING.match(whole.strip()) or LABEL.match(whole.strip()) else whole
