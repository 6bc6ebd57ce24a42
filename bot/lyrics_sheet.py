"""The words of a song as escaped lines for an embed, and their beginning where not all of them fit.

Knows nothing of embeds or languages, only of lines and characters.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, chain

from bot.plain_text import cleaned, cut, escaped, one_line, shown
from engine.lyrics.chinese.marks import MARKS
from engine.lyrics.chinese.rhyme import is_hanzi
from engine.lyrics.text import Section, parse_lyrics

LINE_CHARACTERS = 1000  # a line of a song has fewer than a hundred
LABEL_CHARACTERS = 100
NUMBERED_CHARACTERS, NUMBERED_LINE_CHARACTERS = 3500, 80
_CHINESE_LINE = re.compile(f"[^{MARKS}]+[{MARKS}]?")


@dataclass(frozen=True)
class LyricsSheet:
    """lines: ready to show, "" between stanzas. *_ends: after how many lines one ends. torn: a line was too long."""

    lines: tuple[str, ...]
    section_ends: tuple[int, ...]
    stanza_ends: tuple[int, ...]
    line_ends: tuple[int, ...]
    torn: bool

    @property
    def characters(self) -> int:
        """How long the lines are with their line ends."""
        return sum(map(len, self.lines)) + len(self.lines)

    def fits(self, most_characters: int) -> bool:
        """Return whether all of the words can be shown whole."""
        return not self.torn and self.characters <= most_characters

    def beginning(self, most_characters: int) -> tuple[str, ...]:
        """Return as many lines as fit, up to the end of a section; of a stanza or line where little would be left."""
        sizes = list(accumulate((len(line) + 1 for line in self.lines), initial=0))
        end = 0
        for ends in (self.section_ends, self.stanza_ends, self.line_ends):
            end = max((end for end in ends if sizes[end] <= most_characters), default=0)
            if 2 * sizes[end] >= most_characters:
                break
        return self.lines[:end]


def lyrics_sheet(title: str, lyrics_text: str) -> LyricsSheet:
    """Return the words as they are stored, with bold labels and without the title that they begin with."""
    lines: list[str] = []
    section_ends: list[int] = []
    stanza_ends: list[int] = []
    line_ends: list[int] = []
    torn = False
    for section in _sections(title, lyrics_text):
        name = shown(one_line(section.label), LABEL_CHARACTERS)
        for index, stanza in enumerate(section.stanzas):
            whole = [escaped(cleaned(line)) for line in stanza]
            torn = torn or any(len(line) > LINE_CHARACTERS for line in whole)
            kept = [cut(line, LINE_CHARACTERS) for line in whole if line]
            if not kept:
                continue
            lines += [""] if lines else []
            lines += [f"-# **{name}**"] if name and index == 0 else []
            line_ends += range(len(lines) + 1, len(lines) + len(kept) + 1)
            lines += kept
            stanza_ends.append(len(lines))
        section_ends.append(len(lines))
    return LyricsSheet(tuple(lines), tuple(section_ends), tuple(stanza_ends), tuple(line_ends), torn)


def numbered_lines(title: str, lyrics_text: str) -> str:
    """Return the lines with the numbers that edits call them by, escaped; as many as a form has room for."""
    shown_lines = []
    number, room = 0, NUMBERED_CHARACTERS
    for section in _sections(title, lyrics_text):
        for line in chain.from_iterable(map(_counted, section.lines)):
            number += 1
            shown_lines.append(f"-# {number} · {cut(escaped(cleaned(line)), NUMBERED_LINE_CHARACTERS)}")
            room -= len(shown_lines[-1]) + 1
            if room < 0:
                return "\n".join([*shown_lines[:-1], "-# …"])
    return "\n".join(shown_lines)


def _counted(printed: str) -> list[str]:
    """Return the lines that edits count in a printed one: in Chinese a sentence is printed as one and is several."""
    return _CHINESE_LINE.findall(printed) if any(map(is_hanzi, printed)) else [printed]


def _sections(title: str, lyrics_text: str) -> Sequence[Section]:
    sections = parse_lyrics(lyrics_text).sections
    if sections and not sections[0].label and sections[0].stanzas[0] == (title.strip(),):
        return [Section("", sections[0].stanzas[1:]), *sections[1:]]
    return sections
