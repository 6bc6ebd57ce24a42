"""The lines of a song as people count them, and what is told of them when some are new. Does not know models or notes.

A line's number is its place among all printed lines, from 1 on, labels and blank lines left out. A section that comes
again word for word, such as a chorus, has numbers of its own there, but is changed wherever it comes.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

from engine.contract import LineReport, SectionReport, SongReport
from engine.errors import RequestError
from engine.lyrics.draft import WrittenLine
from engine.lyrics.open_lines import GivenLine, OpenLine, OpenSection, typed_line
from engine.lyrics.prosody import count_syllables
from engine.lyrics.rhyme import FREE, find_scheme, lines_rhyme, rhyme_pairs
from engine.song.write_words import LYRIC_KIND_OF_SECTION

Place = tuple[int, int]  # section of the report, line in it
MOST_LINES_AT_ONCE = 8
MOST_NUMBERS_CHARACTERS = 60
_NUMBERS = re.compile(r"\d{1,6}(?:-\d{1,6})?(?:,\d{1,6}(?:-\d{1,6})?)*")


def printed_places(report: SongReport) -> list[Place]:
    """Return where each printed line stands; the first is line 1."""
    return [(s, n) for s, section in enumerate(report.sections) for n in range(len(section.lines))]


def chosen_places(text: str, report: SongReport) -> list[Place]:
    """Return the lines that "3", "3-4" or "3, 7" name, in order, each where its words come first.

    RequestError where the text names none, one that is not there, or more than 8.
    """
    places = printed_places(report)
    plain = re.sub(r"\s*([-,])\s*", r"\1", re.sub("[–—]", "-", text).strip())
    plain = re.sub(r"[\s,]+(?:and\b|&|und\b)?\s*", ",", plain) if len(plain) <= MOST_NUMBERS_CHARACTERS else ""
    if not _NUMBERS.fullmatch(plain):
        raise RequestError(f"line must be a number such as 3, or 3-4 for several, got {text.strip()[:20]!r}")
    numbers: list[int] = []
    for part in plain.split(","):
        low, _, high = part.partition("-")
        first, last = int(low), int(high or low)
        for number in (first, last):
            check_number(number, len(places))
        numbers += range(min(first, last), max(first, last) + 1)
    chosen = sorted({(repeats_of(report, places[n - 1][0])[0], places[n - 1][1]) for n in numbers})
    if len(chosen) > MOST_LINES_AT_ONCE:
        raise RequestError(
            f"at most {MOST_LINES_AT_ONCE} lines can be rewritten at once, got {len(chosen)}; name fewer"
        )
    return chosen


def check_number(number: int, count: int, *, least: int = 1) -> None:
    """RequestError unless there is a line of this number."""
    if not least <= number <= count:
        raise RequestError(f"the song has {count} lines; name {least}-{count}, got {number}")


def repeats_of(report: SongReport, section: int) -> list[int]:
    """Return the sections that have the very words of this one, itself among them, in order."""
    words = [line.text for line in report.sections[section].lines]
    return [s for s, other in enumerate(report.sections) if [line.text for line in other.lines] == words]


def first_sections(report: SongReport) -> list[int]:
    """Return the sections with words that did not come before."""
    return [s for s, section in enumerate(report.sections) if section.lines and repeats_of(report, s)[0] == s]


def letters_of(section: SectionReport) -> str:
    """Return the rhyme letters of a section: those it was planned by, or else those it is found to have."""
    planned = "".join(line.rhyme for line in section.lines)
    return planned if planned.strip(FREE) else find_scheme([line.text for line in section.lines])


def kind_of(section: SectionReport) -> str:
    """Return what a section is to the lyric model: verse, chorus or bridge."""
    return LYRIC_KIND_OF_SECTION.get(section.label.lower().split(" ")[0], "verse")


def open_section(section: SectionReport, gaps: Mapping[int, OpenLine], letters: str = "") -> OpenSection:
    """Return a section with some of its lines open, by their places in it."""
    letters = letters or letters_of(section)
    lines = [
        gaps.get(n) or GivenLine(typed_line(line.text), letter)
        for n, (line, letter) in enumerate(zip(section.lines, letters, strict=True))
    ]
    return OpenSection(kind_of(section), tuple(lines))


def with_new_lines(section: SectionReport, new: Mapping[int, WrittenLine], letters: str) -> SectionReport:
    """Return what is told of a section once some lines are new; whether lines rhyme is looked at again."""
    texts = [new[n].text if n in new else line.text for n, line in enumerate(section.lines)]
    partners = {later: earlier for earlier, later in rhyme_pairs(letters)}
    lines = []
    for n, line in enumerate(section.lines):
        asked = n in partners and (line.rhymes is not None or n in new)
        rhymes = lines_rhyme(texts[partners[n]], texts[n]) if asked else line.rhymes
        line = line.model_copy(update={"rhymes": rhymes})
        lines.append(new_line(new[n], line.syllables_found, line.rhyme, rhymes) if n in new else line)
    return SectionReport(label=section.label, lines=tuple(lines))


def new_line(line: WrittenLine, syllables: int, letter: str, rhymes: bool | None) -> LineReport:
    """Return what is told of a new line, its syllables counted anew from the printed text."""
    return LineReport(
        text=line.text,
        syllables_asked=syllables,
        syllables_found=count_syllables(line.text),
        rhyme=letter,
        rhyme_key_asked=line.rhyme_key_asked,
        rhyme_key_found=line.rhyme_key_found,
        rhymes=rhymes,
    )


def rewrite_notices(report: SongReport, places: Sequence[Place], changed: Collection[Place]) -> tuple[str, ...]:
    """Say what each line was before, and which others changed with it."""
    numbers = {place: number for number, place in enumerate(printed_places(report), start=1)}
    said = [f'line {numbers[s, n]} was "{report.sections[s].lines[n].text}" before' for s, n in places]
    again = sorted(numbers[place] for place in changed if place not in places)
    if again:
        said.append(f"the same words come again, so these lines were changed as well: {listed(again)}")
    return tuple(said)


def insert_notices(reported: Sequence[SectionReport], again: Sequence[int], index: int) -> tuple[str, ...]:
    """Say which number the new line has. again: the sections that have it. index: its place in each of them."""
    before = [sum(len(section.lines) for section in reported[:s]) for s in again]
    said = [lines + index + 1 for lines in before]
    if len(said) == 1:
        return (f"the new line is line {said[0]}",)
    return (f"these words come more than once, so the new line is there each time: lines {listed(said)}",)


def new_lines_notice(before: int, total: int) -> str:
    """Say which numbers new lines have at the end of a song. before, total: how many lines it had and has."""
    return f"new lines: {before + 1}-{total}" if before + 1 < total else f"the new line is line {total}"


def listed(numbers: Sequence[int]) -> str:
    """Return line numbers as people write them: "11, 15"."""
    return ", ".join(map(str, numbers))
