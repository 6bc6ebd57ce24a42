"""What comes next in words that go on: sections and lines with their syllables and rhymes. Does not know models."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle, islice

from engine.contract import SectionReport, SongReport
from engine.errors import RequestError
from engine.lyrics.open_lines import GivenLine, OpenLine, OpenSection, typed_line
from engine.lyrics.rhyme import FREE, LETTERS
from engine.song.form import canonical_scheme, parse_form
from engine.song.printed_lines import first_sections, kind_of, letters_of, open_section

Shape = tuple[tuple[int, str], ...]  # (syllables, letter) per line

MOST_MORE_SECTIONS = 6
MOST_ANSWERED = 3  # lines that do not rhyme are answered one by one, if they are no more than this
_LABELS = {"verse": "Verse", "chorus": "Chorus", "bridge": "Bridge", "prechorus": "Pre-chorus"}


@dataclass(frozen=True)
class Coming:
    """A section to come, or lines that go on with the last one.

    words_of: the section whose words come again, or None. before: for lines that go on with the last section, the
    letters of its lines as these see them; "" for a section of its own.
    """

    label: str
    kind: str
    shape: Shape = ()
    words_of: int | None = None
    before: str = ""


def coming_sections(form: str | None, lines: int | None, report: SongReport) -> list[Coming]:
    """Return what comes after a text: the sections of a form, or so many lines, or by default one more verse.

    A verse is like the last one there is. Up to three lines that do not rhyme are no verse yet: they are answered line
    by line, so that two of them become ABAB.
    """
    verse = _shape(report.sections[_model_verse(report)])
    if form is not None:
        return _named(form, report, verse)
    last = report.sections[-1]
    if len(last.lines) <= MOST_ANSWERED and letters_of(last) == FREE * len(last.lines):
        return [_answers(last, lines or len(last.lines))]
    if lines == 1:
        return [_one_more(last)]
    label = next_label("verse", [section.label for section in report.sections])
    if lines is None:
        return [Coming(label, "verse", verse)]
    return _stanzas(lines, verse, label)


def open_text(report: SongReport, coming: Sequence[Coming]) -> tuple[list[OpenSection], list[int]]:
    """Return the text with what comes as open lines, and where in it each of `coming` is; -1 for words that come again."""
    shown = first_sections(report)
    sections, places = [open_section(report.sections[s], {}) for s in shown], []
    for one in coming:
        lines = tuple(OpenLine(syllables, letter, or_free=bool(one.before)) for syllables, letter in one.shape)
        if one.words_of is not None:
            places.append(-1)
            continue
        if one.before:
            last = report.sections[-1]
            if shown[-1] == len(report.sections) - 1:
                sections.pop()
            given = (GivenLine(typed_line(a.text), letter) for a, letter in zip(last.lines, one.before, strict=True))
            sections.append(OpenSection(kind_of(last), (*given, *lines)))
        else:
            sections.append(OpenSection(one.kind, lines))
        places.append(len(sections) - 1)
    return sections, places


def next_label(kind: str, labels: Sequence[str]) -> str:
    """Return "Verse 3" after two verses, the plain name of other parts, and "" for a verse where nothing has a label."""
    if kind != "verse":
        return _LABELS[kind]
    if not any(labels):
        return ""
    return f"Verse {sum(not label or label.lower().startswith('verse') for label in labels) + 1}"


def _model_verse(report: SongReport) -> int:
    verses = [s for s in first_sections(report) if kind_of(report.sections[s]) == "verse"]
    return (verses or first_sections(report))[-1]


def _shape(section: SectionReport) -> Shape:
    letters = canonical_scheme(letters_of(section))
    return tuple((line.syllables_found, letter) for line, letter in zip(section.lines, letters, strict=True))


def _answers(last: SectionReport, count: int) -> Coming:
    letters = LETTERS[: len(last.lines)]
    answered = zip((line.syllables_found for line in last.lines), letters, strict=True)
    return Coming("", "", tuple(islice(cycle(answered), count)), before=letters)


def _one_more(last: SectionReport) -> Coming:
    """Return one line that rhymes with the last."""
    letters = letters_of(last)
    letter = letters[-1]
    if letter == FREE:
        letter = next((one for one in LETTERS if one not in letters), LETTERS[0])
    return Coming("", "", ((last.lines[-1].syllables_found, letter),), before=letters[:-1] + letter)


def _stanzas(count: int, verse: Shape, label: str) -> list[Coming]:
    """Return so many lines in verses like the one there is; what is left over rhymes in itself."""
    number = int(found[0]) if (found := re.search(r"\d+$", label)) else 0
    coming: list[Coming] = []
    while count > 0:
        taken = verse[:count]
        letters = canonical_scheme("".join(letter for _, letter in taken))
        if 1 < len(taken) < len(verse) and letters == FREE * len(taken):
            letters = LETTERS[0] * len(taken)
        pairs = zip((syllables for syllables, _ in taken), letters, strict=True)
        coming.append(Coming(f"Verse {number + len(coming)}" if number else label, "verse", tuple(pairs)))
        count -= len(taken)
    return coming


def _named(form: str, report: SongReport, verse: Shape) -> list[Coming]:
    """Return the sections of a form: a chorus that is there comes again, any other is like the one there is."""
    kinds = parse_form(form)
    if len(kinds) > MOST_MORE_SECTIONS:
        raise RequestError(
            f"at most {MOST_MORE_SECTIONS} parts can be added at once, got {len(kinds)}; continue again for more"
        )
    if silent := [kind for kind in kinds if kind not in _LABELS]:
        raise RequestError(f"words alone have no {silent[0]}; name parts with words: V, P, C or B")
    coming: list[Coming] = []
    labels = [section.label or "Verse" for section in report.sections]
    for kind in kinds:
        label = next_label(kind, labels)
        labels.append(label)
        like = next((s for s in first_sections(report) if _is(report.sections[s], kind)), None)
        if kind == "chorus" and like is not None:
            coming.append(Coming(report.sections[like].label, kind, words_of=like))
            continue
        shape = verse if like is None or kind == "verse" else _shape(report.sections[like])
        coming.append(Coming(label, "verse" if kind == "prechorus" else kind, shape))
    return coming


def _is(section: SectionReport, kind: str) -> bool:
    return section.label.lower().replace("-", "").split(" ")[0] == kind
