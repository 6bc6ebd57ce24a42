"""Form, rhyme scheme and syllables as people type them, read into sections and line plans.

Does not know chords, bars or tempo.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import cycle, islice
from typing import Literal

from engine.contract import SYLLABLES_RANGE
from engine.errors import RequestError
from engine.lyrics.metre import Metre
from engine.lyrics.rhyme import FREE, LETTERS
from engine.song.named_forms import find_named_form, parts_of
from engine.song.styles import Style

SectionKind = Literal["intro", "verse", "prechorus", "chorus", "bridge", "instrumental", "outro"]

MOST_SECTIONS = 24
_LONG_LINE = 8  # syllables: a metre makes no line longer that has as many
LINES_RANGE = (2, 8)
KIND_OF_LETTER: dict[str, SectionKind] = {
    "I": "intro", "V": "verse", "P": "prechorus", "C": "chorus", "B": "bridge", "N": "instrumental", "O": "outro",
}  # fmt: skip
_OTHER_NAMES: dict[str, SectionKind] = {
    "refrain": "chorus", "hook": "chorus", "solo": "instrumental", "interlude": "instrumental", "break": "instrumental",
    "middle": "bridge", "ending": "outro", "coda": "outro", "stanza": "verse",
}  # fmt: skip
_KIND_OF_NAME: dict[str, SectionKind] = {kind: kind for kind in KIND_OF_LETTER.values()} | _OTHER_NAMES
SUNG_KINDS: tuple[SectionKind, ...] = ("verse", "prechorus", "chorus", "bridge")
_PARTS = ("verse", "chorus", "bridge")
_SCHEME_OF_LENGTH = {2: "AA", 3: "AAA", 4: "AABB", 5: "AABBA", 6: "AABCCB", 7: "ABABCCB", 8: "ABABCDCD"}
_FORM_HELP = (
    "write letters such as VCVCBC (Verse, Pre-chorus, Chorus, Bridge, Intro, Outro, N instrumental), "
    "or AABA, strophic, through-composed, blues, verse-chorus or ballad"
)
_RHYME_HELP = "write one letter per line, such as ABAB, or ABAB/AABB for verse and chorus"
_SYLLABLES_HELP = (
    "write one number such as 8, a range such as 7-9, one per line such as 8,6,8,6, or 8,6/7,7 for verse and chorus"
)
_INNER = re.compile(r"\b(?:with\s+)?(?:internal|inner)(?:\s+rhymes?)?\b", re.IGNORECASE)
_LENGTH = re.compile(r"[0-9]{1,9}(?:-[0-9]{1,9})*")


@dataclass(frozen=True)
class LinePlan:
    """One line of words. syllables: exact number. rhyme: letter of the scheme within the section, "X" for none.

    inner_rhyme: whether a word inside it rhymes with its last. repeats: an earlier line of the section whose words it has.
    """

    syllables: int
    rhyme: str
    inner_rhyme: bool = False
    repeats: int | None = None


@dataclass(frozen=True)
class LineLength:
    """How many syllables a line may have, 3-14: fewest to most, both included."""

    fewest: int
    most: int


def parse_form(text: str) -> tuple[SectionKind, ...]:
    """Read "VCVCBC", "V C V C", "verse, chorus, verse" or "AABA" into 1-24 sections, of which one at least is sung."""
    if named := find_named_form(text):
        return tuple(KIND_OF_LETTER[part[0]] for part in parts_of(named.sections))
    plain = re.sub(r"pre[\s-]*chorus", "prechorus", text.lower())
    kinds: list[SectionKind] = []
    for word in re.findall(r"[^\s,;|/>\[\]()\d.+-]+", plain):
        if word in _KIND_OF_NAME:
            kinds.append(_KIND_OF_NAME[word])
        elif all(letter.upper() in KIND_OF_LETTER for letter in word):
            kinds += [KIND_OF_LETTER[letter.upper()] for letter in word]
        else:
            raise RequestError(f"form {_cut(text)!r} is not understood at {_cut(word)!r}; {_FORM_HELP}")
    if not 1 <= len(kinds) <= MOST_SECTIONS:
        raise RequestError(f"form must have 1-{MOST_SECTIONS} sections, got {len(kinds)}; {_FORM_HELP}")
    if not set(kinds) & set(SUNG_KINDS):
        raise RequestError(f"form {_cut(text)!r} has nothing to sing, and needs a verse or a chorus; {_FORM_HELP}")
    return tuple(kinds)


def parse_rhyme(text: str) -> tuple[str, ...]:
    """Read "ABAB" or "ABAB/AABB" (verse/chorus/bridge) into 1-3 schemes of 2-8 letters; "X" alone is no rhyme.

    The scheme of a part that is "internal" alone is "": that of the style. See `inner_rhymes`.
    """
    parts = text.split("/")
    schemes = tuple(re.sub(r"[\s,.+-]+", "", _INNER.sub(" ", part)).upper() for part in parts)
    schemes = tuple(FREE if scheme in ("FREE", "NONE") else scheme for scheme in schemes)
    if len(schemes) > len(_PARTS):
        raise RequestError(f"rhyme has at most 3 parts (verse/chorus/bridge), got {len(schemes)}; {_RHYME_HELP}")
    for part, scheme in zip(parts, schemes, strict=True):
        if not scheme and _INNER.search(part):
            continue
        if not re.fullmatch("[A-Z]+", scheme):
            raise RequestError(f"rhyme scheme {_cut(text)!r} must be letters A-Z; {_RHYME_HELP}")
        if scheme != FREE and not LINES_RANGE[0] <= len(scheme) <= LINES_RANGE[1]:
            raise RequestError(f"a rhyme scheme has 2-8 letters, got {len(scheme)} in {_cut(scheme)!r}; {_RHYME_HELP}")
    return schemes


def inner_rhymes(text: str) -> tuple[bool, ...]:
    """Return for each part of a rhyme as typed whether it asks for rhymes inside the lines: "AABB internal/ABAB"."""
    return tuple(_INNER.search(part) is not None for part in text.split("/"))


def parse_syllables(text: str) -> tuple[tuple[LineLength, ...], ...]:
    """Read "8", "7-9", "8,6,8,6" or "8,6/7,7" (verse/chorus/bridge) into 1-3 rows of 1-8 lengths of 3-14.

    Two numbers with a dash are a range unless the first is larger; other dashes part numbers: "8-6-8-6" is "8,6,8,6".
    """
    low, high = SYLLABLES_RANGE
    rows = []
    for part in text.split("/"):
        plain = re.sub(r"\s*(?:[-–—]|\bto\b)\s*", "-", part.strip(" ,.;-\t\n"), flags=re.IGNORECASE)
        words = re.split(r"[\s,.;]+", plain)
        if not all(_LENGTH.fullmatch(word) for word in words):
            raise RequestError(f"syllables {_cut(text)!r} must be numbers of {low}-{high}; {_SYLLABLES_HELP}")
        row = tuple(length for word in words for length in _lengths(word))
        for number in (number for length in row for number in (length.fewest, length.most)):
            if not low <= number <= high:
                raise RequestError(f"syllables must be {low}-{high} per line, got {number}; {_SYLLABLES_HELP}")
        if len(row) > LINES_RANGE[1]:
            raise RequestError(f"syllables name at most 8 lines of a section, got {len(row)}; {_SYLLABLES_HELP}")
        rows.append(row)
    if len(rows) > len(_PARTS):
        raise RequestError(f"syllables have at most 3 parts (verse/chorus/bridge), got {len(rows)}; {_SYLLABLES_HELP}")
    return tuple(rows)


def _lengths(word: str) -> tuple[LineLength, ...]:
    numbers = [int(number) for number in word.split("-")]
    if len(numbers) == 2 and numbers[0] <= numbers[1]:
        return (LineLength(*numbers),)
    return tuple(LineLength(number, number) for number in numbers)


def canonical_scheme(scheme: str) -> str:
    """Name the rhymes A, B ... in the order they come; a letter that occurs once becomes X: ABCB -> XAXA."""
    counts = Counter(scheme)
    names: dict[str, str] = {}
    for letter in scheme:
        if letter != FREE and counts[letter] > 1:
            names.setdefault(letter, LETTERS[len(names)])
    return "".join(names.get(letter, FREE) for letter in scheme)


def plan_lines(
    style: Style, rhyme: str | None, syllables: str | None, metre: Metre | None = None, seed: int = 0
) -> dict[SectionKind, tuple[LinePlan, ...]]:
    """Return the lines of each kind of sung section.

    In a range the seed chooses, one length for all lines of a section that rhyme; with a metre, one that ends on a
    strong syllable if there is one, and a style's own lengths are changed to such.

    What is typed for fewer than three parts holds for the verse, and the verse's for what is not named. The
    pre-chorus is like the verse where a scheme was typed, else a couplet of the bridge's lines.
    """
    schemes = parse_rhyme(rhyme) if rhyme is not None else ()
    inner = inner_rhymes("/".join(style.rhyme) if rhyme is None else rhyme)
    rows = parse_syllables(syllables) if syllables is not None else ()
    lines: dict[SectionKind, tuple[LinePlan, ...]] = {}
    for index, kind in enumerate(_PARTS):
        typed_scheme = schemes[index if index < len(schemes) else 0] if schemes else None
        typed_row = rows[index if index < len(rows) else 0] if rows else None
        asked = _section_lines(style, index, typed_scheme or None, typed_row, metre)
        rng = random.Random(f"syllables of {index}: {seed}")
        has_inner = inner[index if index < len(inner) else 0]
        lines[kind] = _chosen(asked, metre, rng, has_inner=has_inner)  # type: ignore[index]  # parts are kinds
    lines["prechorus"] = lines["verse"] if schemes else _couplet(lines["bridge"])
    return lines


def couplets(lines: dict[SectionKind, tuple[LinePlan, ...]]) -> dict[SectionKind, tuple[LinePlan, ...]]:
    """Return the same sections with two rhyming lines each, for songs too short for more."""
    return {kind: _couplet(section) for kind, section in lines.items()}


def with_second_line_repeated(lines: tuple[LinePlan, ...]) -> tuple[LinePlan, ...]:
    """Return a section whose second line has the words of the first, as in a blues.

    One of two lines stays as it is, and one whose first two lines shall not be alike in rhyme and length.
    """
    first, second = lines[:2]
    if len(lines) == LINES_RANGE[0] or first.rhyme == FREE or first != second:
        return lines
    return first, replace(first, rhyme=FREE, repeats=0), *lines[2:]


def doubled(lines: dict[SectionKind, tuple[LinePlan, ...]]) -> dict[SectionKind, tuple[LinePlan, ...]]:
    """Return the same sections with twice the lines, which rhyme among themselves as the first half does.

    A section that would have more lines than one can have stays as it is.
    """
    return {
        kind: (*section, *map(_with_other_letter, section)) if 2 * len(section) <= LINES_RANGE[1] else section
        for kind, section in lines.items()
    }


def _with_other_letter(line: LinePlan) -> LinePlan:
    other = FREE if line.rhyme == FREE else LETTERS[LETTERS.index(line.rhyme) + LINES_RANGE[1] // 2]
    return replace(line, rhyme=other)


def _couplet(lines: tuple[LinePlan, ...]) -> tuple[LinePlan, ...]:
    return tuple(LinePlan(line.syllables, LETTERS[0], line.inner_rhyme) for line in lines[:2])


def _chosen(
    asked: Sequence[tuple[LineLength, str]], metre: Metre | None, rng: random.Random, *, has_inner: bool
) -> tuple[LinePlan, ...]:
    """Return the lines with one length each: equal ranges with one letter get the same."""
    chosen: dict[tuple[LineLength, str], int] = {}
    for length, letter in asked:
        if (length, letter) not in chosen:
            numbers = range(length.fewest, length.most + 1)
            fitting = [n for n in numbers if metre is None or metre.ends_strong(n)]
            chosen[length, letter] = rng.choice(fitting or numbers) if len(numbers) > 1 else length.fewest
    return tuple(LinePlan(chosen[one], one[1], has_inner) for one in asked)


def _in_metre(row: tuple[LineLength, ...], metre: Metre) -> tuple[LineLength, ...]:
    """Return the nearest lengths that end on a strong syllable; of two as near, that which keeps long lines longer."""
    longest = max(length.fewest for length in row)
    ending = [n for n in range(SYLLABLES_RANGE[0], SYLLABLES_RANGE[1] + 1) if metre.ends_strong(n)]

    def nearest(number: int) -> int:
        grows = number == longest < _LONG_LINE
        return min(ending, key=lambda n: (abs(n - number), n < number if grows else n > number))

    return tuple(LineLength(n, n) for n in (nearest(length.fewest) for length in row))


def _section_lines(
    style: Style, part: int, scheme: str | None, row: tuple[LineLength, ...] | None, metre: Metre | None
) -> list[tuple[LineLength, str]]:
    usual_row = parse_syllables(style.syllables[part])[0]
    if metre is not None:
        usual_row = _in_metre(usual_row, metre)
    usual_scheme = parse_rhyme(style.rhyme[part])[0]
    if scheme is None or scheme == FREE:
        fits = row is None or len(usual_scheme) % len(row) == 0
        length = len(usual_scheme) if row is None or fits else len(row)
        scheme = FREE * length if scheme == FREE else usual_scheme if fits else _SCHEME_OF_LENGTH[length]
    if row is not None and len(scheme) % len(row):
        raise RequestError(
            f"rhyme scheme {scheme} has {len(scheme)} lines but syllables name {len(row)}; "
            "give as many numbers as letters, or one number for all lines"
        )
    syllables = islice(cycle(row or usual_row), len(scheme))
    return list(zip(syllables, canonical_scheme(scheme), strict=True))


def _cut(text: str) -> str:
    return text if len(text) <= 40 else text[:37] + "..."
