"""The plan of Chinese lyrics: sections and their lines, by a tune pattern or by a form. Does not know models."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from engine.contract import LyricRequest
from engine.errors import RequestError
from engine.lyrics.chinese.prompt import PlannedLine, WantedLine
from engine.lyrics.chinese.tokenizer import FREE, LETTERS
from engine.lyrics.chinese.tunes import TunePattern
from engine.song.form import SUNG_KINDS, SectionKind, parse_form, parse_rhyme, parse_syllables

T = TypeVar("T")

USUAL_FORM, USUAL_LENGTHS, USUAL_SCHEME = "VCVC", (7, 7, 7, 7), "AAXA"
LABELS = {"verse": "主歌", "prechorus": "导歌", "chorus": "副歌", "bridge": "桥段"}
UPPER, LOWER = "上片", "下片"
FURTHER_PART = re.compile("第[三四五六七八九十]+片")
_HALVES = (0.38, 0.62)  # of the characters: where the second half of a tune may begin
_PART_OF_KIND = {"verse": 0, "prechorus": 0, "chorus": 1, "bridge": 2}


@dataclass(frozen=True)
class ChineseSection:
    """label: as printed, "" for none. lines: to write. words_of: index of an earlier section that is sung again."""

    label: str
    lines: tuple[PlannedLine, ...]
    words_of: int | None = None


def find_tune(name: str, tunes: Mapping[str, TunePattern]) -> TunePattern:
    """Return the tune of that name; RequestError names the nearest known ones."""
    wanted = "".join(name.split())
    if wanted in tunes:
        return tunes[wanted]
    near = difflib.get_close_matches(wanted, tunes, n=3, cutoff=0.3)
    hint = f"did you mean {', '.join(near)}?" if near else f"known are {', '.join(usual_tunes(tunes)[:8])} ..."
    raise RequestError(f"tune {name[:20]!r} is not among the {len(tunes)} tunes whose lines are known; {hint}")


def usual_tunes(tunes: Mapping[str, TunePattern]) -> list[str]:
    """Return the names of the tunes, those with most texts first."""
    return sorted(tunes, key=lambda name: (-tunes[name].texts, name))


def tune_sections(tune: TunePattern) -> tuple[ChineseSection, ...]:
    """Return the halves of a tune, or all of it where it has no halves."""
    cut = second_half(tune.lines)
    if cut is None:
        return (ChineseSection("", tune.lines),)
    return ChineseSection(UPPER, tune.lines[:cut]), ChineseSection(LOWER, tune.lines[cut:])


def second_half(lines: Sequence[PlannedLine]) -> int | None:
    """Return the index of the line that opens the second half, None for a tune of one part.

    The printed corpus does not say. Both halves of a tune end alike, so it is the end of a sentence near the middle
    before which and at the end of the tune most lines have the same lengths.
    """
    total = sum(line.length for line in lines)
    found: list[tuple[int, float, int]] = []
    for index in range(1, len(lines)):
        before = sum(line.length for line in lines[:index]) / total
        if lines[index - 1].mark in "。！？" and _HALVES[0] <= before <= _HALVES[1]:
            same = _common_end([line.length for line in lines[:index]], [line.length for line in lines[index:]])
            found.append((same, -abs(before - 0.5), index))
    return max(found)[2] if found and max(found)[0] >= 1 else None


def form_sections(request: LyricRequest) -> tuple[ChineseSection, ...]:
    """Return the sections of a form; what is typed for the verse holds where nothing else is typed. RequestError."""
    kinds = [kind for kind in parse_form(request.form or USUAL_FORM) if kind in SUNG_KINDS]
    typed = parse_syllables(request.syllables) if request.syllables else ()
    # Of a range the middle: lines of one section are sung alike, and Chinese lines are all content.
    rows = [tuple((one.fewest + one.most) // 2 for one in row) for row in typed] or [USUAL_LENGTHS]
    typed_schemes = parse_rhyme(request.rhyme) if request.rhyme else ("",)
    schemes = [scheme or USUAL_SCHEME for scheme in typed_schemes]
    sections: list[ChineseSection] = []
    first_of: dict[SectionKind, int] = {}
    verses = 0
    for kind in kinds:
        part = _PART_OF_KIND[kind]
        lines = _lines(_of_part(rows, part), _of_part(schemes, part))
        verses += kind == "verse"
        label = f"{LABELS[kind]}{verses}" if kind == "verse" and kinds.count("verse") > 1 else LABELS[kind]
        again = first_of.get(kind) if kind != "verse" else None
        first_of.setdefault(kind, len(sections))
        sections.append(ChineseSection(label, lines, again))
    return tuple(sections)


def with_own_rhymes(sections: Sequence[ChineseSection]) -> list[WantedLine]:
    """Return the lines of all sections that are written, in order, the rhyme letters of each part for itself.

    Of a tune the letters hold for all of it; of a form each section starts anew, so its letters are moved on.
    """
    written = [section for section in sections if section.words_of is None]
    found: list[WantedLine] = []
    for number, section in enumerate(written):
        own = sorted({line.rhyme for line in section.lines} - {FREE})
        moved = {letter: LETTERS[(number * 2 + place) % len(LETTERS)] for place, letter in enumerate(own)}
        if all(map(is_of_tune, (one.label for one in written))):
            moved = {letter: letter for letter in own}
        found += [_wanted(line, moved.get(line.rhyme, FREE), number) for line in section.lines]
    return found


def is_of_tune(label: str) -> bool:
    """Return whether a label names a part of a tune, all of which share their rhymes."""
    return label in (UPPER, LOWER, "") or bool(FURTHER_PART.fullmatch(label))


def _wanted(line: PlannedLine, rhyme: str, section: int) -> WantedLine:
    if isinstance(line, WantedLine):
        return replace(line, rhyme=rhyme, section=section)
    return WantedLine(line.length, rhyme, line.mark, line.tones, section=section)


def _lines(lengths: tuple[int, ...], scheme: str) -> tuple[PlannedLine, ...]:
    count = len(lengths) if scheme == FREE or len(lengths) > 1 else len(scheme)
    if scheme != FREE and count % len(scheme) and len(scheme) % count:
        raise RequestError(
            f"rhyme scheme {scheme} has {len(scheme)} lines but syllables name {count}; "
            "give as many numbers as letters, or one number for all lines"
        )
    count = max(count, 4 if scheme == FREE and len(lengths) == 1 else len(scheme))
    letters = (scheme * count)[:count] if scheme != FREE else FREE * count
    marks = ["，" if place % 2 == 0 and place + 1 < count else "。" for place in range(count)]
    alone = {letter for letter in letters if letters.count(letter) < 2}
    return tuple(
        PlannedLine(lengths[place % len(lengths)], FREE if letters[place] in alone else letters[place], marks[place])
        for place in range(count)
    )


def _of_part(parts: Sequence[T], part: int) -> T:
    return parts[part] if part < len(parts) else parts[0]


def _common_end(first: Sequence[int], second: Sequence[int]) -> int:
    same = 0
    for a, b in zip(reversed(first), reversed(second), strict=False):
        if a != b:
            break
        same += 1
    return same


def sentences(text: Sequence[str]) -> list[str]:
    """Join lines with their marks into printed lines, one sentence each."""
    return [part for part in re.split(r"(?<=[。！？])", "".join(text)) if part]
