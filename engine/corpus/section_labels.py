"""Section labels as lyric sites print them, read into stanzas: `[Verse 1: Ann]`, `(Chorus x2)`, `[Produced by Bo]`.

A label loses who sings it, and the singers are kept beside the text. A repeat is written out: a line that ends in "(x2)"
comes twice, a "[Chorus]" without lines brings the lines of the chorus before. No line of the words is lost. Reading what
was written changes nothing. Does not know markup, records or models.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from engine.lyrics.plain_songs import PlainSection, numbered, section_text

MOST_REPEATS = 8  # "x50" is a joke or a mistake
MOST_REPEATED_LINES = 400  # of one song
LONGEST_SINGER, LONGEST_ALONE = 60, 25  # characters

_CHORUS = r"(?:pre|post)[\s-]?(?:chorus|hook)|chorus|refrain|hook"
_COMMON = rf"{_CHORUS}|verse|bridge|intro|outro"
_SECTION = (
    rf"{_COMMON}|strophe|stanza|middle (?:eight|8)|introduction|interlude|break(?:down)?|instrumental(?: break)?"
    r"|(?:\w+ )?solo|skit|spoken(?: word)?|rap|coda|ending|tag|vamp|part"
)
_NUMBER = r"#?\d{1,2}[a-z]?|[ivx]{1,4}|one|two|three|four|five|six"
_TIMES = r"[x×]\s?(?P<a>\d{1,2})|(?P<b>\d{1,2})\s?[x×]|(?P<c>twice)|repeat(?:ed)?\s(?P<d>\d{1,2})(?:\stimes)?"
_NUMBERS = {"one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "i": "1", "ii": "2", "iii": "3",
            "iv": "4", "v": "5", "vi": "6", "vii": "7", "viii": "8", "ix": "9", "x": "10"}  # fmt: skip

BRACKETED = re.compile(r"^\[(?P<inside>[^\[\]]*)\][.:]?$")
PARENTHESISED = re.compile(r"^(?:\((?P<a>[^()]*)\)|\{(?P<b>[^{}]*)\}|\*+(?P<c>[^*]+)\*+)[.:]?$")
NAME = re.compile(rf"(?i)^(?:repeat\s+)?(?P<name>{_SECTION})(?![a-z'])\s*(?P<number>(?:{_NUMBER})\b)?\s*(?P<rest>.*)$")
STRICT_NAME = re.compile(rf"(?i)^(?:repeat\s+)?(?P<name>{_SECTION})(?:\s*(?P<number>{_NUMBER}))?(?P<rest>\s*:.*|)$")
UNBRACKETED = re.compile(rf"(?i)^(?P<name>{_COMMON})(?:\s*(?P<number>{_NUMBER}))?\s*:\s*(?P<words>.*)$")
ALONE = re.compile(rf"(?i)^(?:repeat\s+)?(?:(?P<name>chorus|refrain)|(?P<verse>verse)\s+(?P<number>{_NUMBER}))$")
CREDIT = re.compile(
    r"(?i)^(?:(?:co|executive)[\s-]?)?(?:prod(?:uced|ucers?|uction)?|written|mix(?:ed)?|mastered|recorded|arranged|composed)\b"
    r"\.?(?:\s+(?:and|&)\s+\w+)?\s*(?:by\b|:|\s)"
)
PRODUCED = re.compile(r"(?i)^prod(?:uced|\.)\s+by\b")
HEADING_LIKE = re.compile(r"^<<.*>>$")
REPEAT_AT_END = re.compile(rf"(?i)\s*(?:[(\[]\s*(?:{_TIMES})\s*[)\]]|(?<=\s)[x×](?P<e>[2-9]))[.]?$")
ONLY_REPEAT = re.compile(rf"(?i)^(?:[(\[]\s*(?:{_TIMES})\s*[)\]]|[x×]\s?(?P<e>[2-9])|(?P<f>[2-9])\s?[x×])$")
REPEAT_IN_LABEL = re.compile(rf"(?i)[\s,–-]+(?:{_TIMES})$|^(?P<e>\d{{1,2}})\s?[x×]\s+")


@dataclass(frozen=True)
class Stanzas:
    """stanzas: in order; label "" where the text gives none. singers: those that labels name, in order.

    credits: lines such as "[Produced by Bo]" that were left out. notes: other bracketed lines that were.
    """

    stanzas: tuple[PlainSection, ...]
    singers: tuple[str, ...] = ()
    credits: int = 0
    notes: int = 0

    def text(self) -> str:
        """Return the text: labels as `[Chorus]`, a blank line between stanzas, a newline at the end; "" for nothing."""
        return "\n".join(section_text(stanza) for stanza in self.stanzas)


def read_stanzas(text: str) -> Stanzas:
    """Read a text with labels of any of these forms."""
    reader = _Reader()
    for line in lines_of(text):
        reader.line(line)
    reader.close()
    return Stanzas(tuple(reader.stanzas), tuple(dict.fromkeys(reader.singers)), reader.credits, reader.notes)


def lines_of(text: str) -> Iterator[str]:
    """Give stripped lines; where nearly every line has a blank one after it, only two blank lines part stanzas."""
    lines = [line.strip() for line in text.splitlines()]
    blocks = [len(block.split("\n")) for block in re.split(r"\n\n+", "\n".join(lines).strip("\n"))]
    apart = len(blocks) >= 6 and sum(size == 1 for size in blocks) > 0.8 * len(blocks)
    if not apart:
        yield from lines
        return
    yield from re.sub(r"(?<!\n)\n\n(?!\n)", "\n", "\n".join(lines)).split("\n")


def sections_of(stanzas: Sequence[PlainSection]) -> tuple[PlainSection, ...]:
    """Return sections, the verses numbered.

    In a text that labels its verses, a stanza without a label goes on with the section before it. In others it is a verse,
    and a chorus if it is printed more than once.
    """
    labelled = any(stanza.label.lower().startswith("verse") for stanza in stanzas)
    unlabelled = [stanza.lines for stanza in stanzas if not stanza.label]
    often = {lines for lines in unlabelled if len(lines) > 1 and unlabelled.count(lines) > 1}
    sections: list[PlainSection] = []
    for stanza in stanzas:
        if not stanza.label and labelled and sections:
            sections[-1] = PlainSection(sections[-1].label, sections[-1].lines + stanza.lines)
        elif not stanza.label and stanza.lines in often:
            sections.append(PlainSection("Chorus", stanza.lines))
        else:
            sections.append(stanza)
    return numbered(sections)


@dataclass
class _Reader:
    """What was read so far: closed stanzas, and the one that is open."""

    stanzas: list[PlainSection] = field(default_factory=list)
    singers: list[str] = field(default_factory=list)
    credits: int = 0
    notes: int = 0
    label: str = ""
    times: int = 1
    labelled: int = 0  # where in `stanzas` the section that was labelled last begins
    lines: list[str] = field(default_factory=list)
    room: int = MOST_REPEATED_LINES

    def line(self, line: str) -> None:
        line, times = _without_repeat(line)
        if not line:
            self._repeat(times) if times > 1 else self._end_stanza()
        elif found := _label_of(line):
            label, inner, singer, words = found
            self.close()
            self.label, self.times, self.labelled = label, max(inner, times), len(self.stanzas)
            self.singers += [singer] if singer else []
            if words:
                self.line(words)
        elif self._is_note(line):
            return
        else:
            self.lines += [line] * self._affordable(times, 1)

    def close(self) -> None:
        """End the section that is open; a chorus without lines is the one before."""
        self._end_stanza()
        begun = self.stanzas[self.labelled :]
        if self.label and re.match(rf"(?i)(?:{_CHORUS})\b", self.label):
            begun = self._earlier()
            self.stanzas += begun if self._affordable(2, _size(begun)) == 2 else []
        if begun and self.times > 1:
            self.stanzas += begun * (self._affordable(self.times, _size(begun)) - 1)
        self.label, self.times = "", 1

    def _end_stanza(self) -> None:
        if self.lines:
            self.stanzas.append(PlainSection(self.label, tuple(self.lines)))
            self.lines, self.label = [], ""

    def _earlier(self) -> list[PlainSection]:
        """Return the stanzas of the last section with the label that is open; none if there is no such section."""
        places = [i for i, stanza in enumerate(self.stanzas) if stanza.label == self.label]
        return self.stanzas[places[-1] : places[-1] + 1] if places else []

    def _repeat(self, times: int) -> None:
        """Write the open stanza, or the last one, several times."""
        if self.lines:
            self.lines *= self._affordable(times, len(self.lines))
        elif self.stanzas and not self.label:
            self.stanzas += self.stanzas[-1:] * (self._affordable(times, len(self.stanzas[-1].lines)) - 1)

    def _affordable(self, times: int, lines: int) -> int:
        """Return `times`, or 1 where so many lines would be more than a song may repeat."""
        added = (times - 1) * lines
        if added > self.room:
            return 1
        self.room -= added
        return times

    def _is_note(self, line: str) -> bool:
        inside = BRACKETED.match(line)
        begun = bool(self.stanzas or self.lines)
        if (inside and CREDIT.match(inside["inside"].strip())) or (not begun and PRODUCED.match(line)):
            self.credits += 1
        elif inside or HEADING_LIKE.match(line):
            self.notes += 1
        else:
            return False
        return True


def _size(stanzas: Sequence[PlainSection]) -> int:
    return sum(len(stanza.lines) for stanza in stanzas)


def _without_repeat(line: str) -> tuple[str, int]:
    """Return a line without "(x2)" at its end, and how often it is to be written; "" for a line that is only that."""
    times = 1
    if line[-1:] not in ")].xX×23456789":  # nearly every line
        return line, times
    while found := REPEAT_AT_END.search(line):
        times *= _number_of(found)
        line = line[: found.start()].rstrip()
    if found := ONLY_REPEAT.match(line):
        line, times = "", times * _number_of(found)
    return line, min(times, MOST_REPEATS)


def _number_of(found: re.Match[str]) -> int:
    groups = found.groupdict()
    if groups.get("c"):
        return 2
    number = next((int(text) for name, text in groups.items() if name != "c" and text), 1)
    return min(max(number, 1), MOST_REPEATS)


def _label_of(line: str) -> tuple[str, int, str, str] | None:
    """Return label, times, singer and words after it on its line; None if the line is not a label."""
    if square := BRACKETED.match(line):
        return _inside_label(square["inside"], NAME)
    if round_ := PARENTHESISED.match(line):
        return _inside_label(next(text for text in round_.groups() if text is not None), STRICT_NAME)
    if ":" in line and (found := UNBRACKETED.match(line)):
        return _named(found["name"], found["number"]), 1, "", found["words"].strip()
    if len(line) < LONGEST_ALONE and (found := ALONE.match(line)):
        return _named(found["name"] or found["verse"], found["number"]), 1, "", ""
    return None


def _inside_label(inside: str, form: re.Pattern[str]) -> tuple[str, int, str, str] | None:
    inside, times = _without_repeat(inside.strip())
    if bare := REPEAT_IN_LABEL.search(inside):
        inside, times = inside[: bare.start()] + inside[bare.end() :], _number_of(bare)
    found = form.match(inside)
    if found is None:
        return None
    singer = re.sub(r"^[\s:()\-–—,|/&+.]+|[\s:()\-–—,|/]+$", "", found["rest"])
    return _named(found["name"], found["number"]), times, " ".join(singer.split())[:LONGEST_SINGER], ""


def _named(name: str, number: str | None) -> str:
    words = re.sub(r"(?i)^(pre|post)[\s-]?", r"\1-", name.strip()).lower()
    title = "-".join(part.capitalize() for part in words.split("-"))
    number = (number or "").lower().lstrip("#")
    return f"{title} {_NUMBERS.get(number, number.upper())}".strip()
