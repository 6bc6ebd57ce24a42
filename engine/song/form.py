"""Form, rhyme scheme and syllables as people type them, read into sections and line plans.

Does not know chords, bars or tempo.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Literal

from engine.contract import SYLLABLES_RANGE
from engine.errors import RequestError
from engine.lyrics.rhyme import FREE, LETTERS
from engine.song.styles import Style

SectionKind = Literal["intro", "verse", "prechorus", "chorus", "bridge", "instrumental", "outro"]

MOST_SECTIONS = 24
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
_FORM_HELP = "write letters such as VCVCBC (Verse, Pre-chorus, Chorus, Bridge, Intro, Outro, N instrumental)"
_RHYME_HELP = "write one letter per line, such as ABAB, or ABAB/AABB for verse and chorus"
_SYLLABLES_HELP = "write one number such as 8, one per line such as 8,6,8,6, or 8,6/7,7 for verse and chorus"


@dataclass(frozen=True)
class LinePlan:
    """One line of words. syllables: exact number. rhyme: letter of the scheme within the section, "X" for none."""

    syllables: int
    rhyme: str


def parse_form(text: str) -> tuple[SectionKind, ...]:
    """Read "VCVCBC", "V C V C" or "verse, chorus, verse" into 1-24 sections, of which one at least is sung."""
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
    """Read "ABAB" or "ABAB/AABB" (verse/chorus/bridge) into 1-3 schemes of 2-8 letters; "X" alone is no rhyme."""
    schemes = tuple(re.sub(r"[\s,.-]+", "", part).upper() for part in text.split("/"))
    schemes = tuple(FREE if scheme in ("FREE", "NONE") else scheme for scheme in schemes)
    if len(schemes) > len(_PARTS):
        raise RequestError(f"rhyme has at most 3 parts (verse/chorus/bridge), got {len(schemes)}; {_RHYME_HELP}")
    for scheme in schemes:
        if not re.fullmatch("[A-Z]+", scheme):
            raise RequestError(f"rhyme scheme {_cut(text)!r} must be letters A-Z; {_RHYME_HELP}")
        if scheme != FREE and not LINES_RANGE[0] <= len(scheme) <= LINES_RANGE[1]:
            raise RequestError(f"a rhyme scheme has 2-8 letters, got {len(scheme)} in {_cut(scheme)!r}; {_RHYME_HELP}")
    return schemes


def parse_syllables(text: str) -> tuple[tuple[int, ...], ...]:
    """Read "8", "8,6,8,6" or "8,6/7,7" (verse/chorus/bridge) into 1-3 rows of 1-8 numbers of 3-14."""
    low, high = SYLLABLES_RANGE
    rows = []
    for part in text.split("/"):
        words = re.split(r"[\s,.;-]+", part.strip(" ,.;-\t\n"))
        if not all(re.fullmatch(r"[0-9]{1,9}", word) for word in words):
            raise RequestError(f"syllables {_cut(text)!r} must be numbers of {low}-{high}; {_SYLLABLES_HELP}")
        row = tuple(int(word) for word in words)
        for number in row:
            if not low <= number <= high:
                raise RequestError(f"syllables must be {low}-{high} per line, got {number}; {_SYLLABLES_HELP}")
        if len(row) > LINES_RANGE[1]:
            raise RequestError(f"syllables name at most 8 lines of a section, got {len(row)}; {_SYLLABLES_HELP}")
        rows.append(row)
    if len(rows) > len(_PARTS):
        raise RequestError(f"syllables have at most 3 parts (verse/chorus/bridge), got {len(rows)}; {_SYLLABLES_HELP}")
    return tuple(rows)


def canonical_scheme(scheme: str) -> str:
    """Name the rhymes A, B ... in the order they come; a letter that occurs once becomes X: ABCB -> XAXA."""
    counts = Counter(scheme)
    names: dict[str, str] = {}
    for letter in scheme:
        if letter != FREE and counts[letter] > 1:
            names.setdefault(letter, LETTERS[len(names)])
    return "".join(names.get(letter, FREE) for letter in scheme)


def plan_lines(style: Style, rhyme: str | None, syllables: str | None) -> dict[SectionKind, tuple[LinePlan, ...]]:
    """Return the lines of each kind of sung section.

    What is typed for fewer than three parts holds for the verse, and the verse's for what is not named. The
    pre-chorus is like the verse where a scheme was typed, else a couplet of the bridge's lines.
    """
    schemes = parse_rhyme(rhyme) if rhyme is not None else ()
    rows = parse_syllables(syllables) if syllables is not None else ()
    lines: dict[SectionKind, tuple[LinePlan, ...]] = {}
    for index, kind in enumerate(_PARTS):
        typed_scheme = schemes[index if index < len(schemes) else 0] if schemes else None
        typed_row = rows[index if index < len(rows) else 0] if rows else None
        lines[kind] = _section_lines(style, index, typed_scheme, typed_row)  # type: ignore[index]  # parts are kinds
    lines["prechorus"] = lines["verse"] if schemes else _couplet(lines["bridge"])
    return lines


def couplets(lines: dict[SectionKind, tuple[LinePlan, ...]]) -> dict[SectionKind, tuple[LinePlan, ...]]:
    """Return the same sections with two rhyming lines each, for songs too short for more."""
    return {kind: _couplet(section) for kind, section in lines.items()}


def _couplet(lines: tuple[LinePlan, ...]) -> tuple[LinePlan, ...]:
    return tuple(LinePlan(line.syllables, LETTERS[0]) for line in lines[:2])


def _section_lines(style: Style, part: int, scheme: str | None, row: tuple[int, ...] | None) -> tuple[LinePlan, ...]:
    usual_row = parse_syllables(style.syllables[part])[0]
    usual_scheme = style.rhyme[part]
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
    return tuple(LinePlan(number, letter) for number, letter in zip(syllables, canonical_scheme(scheme), strict=True))


def _cut(text: str) -> str:
    return text if len(text) <= 40 else text[:37] + "..."
