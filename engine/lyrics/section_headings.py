"""The ways in which people head the sections of their words, written as "[Chorus]" on a line of its own.

Known are names with numbers, singers and "x2", in brackets, bold, or before a colon; numbered verses and lines; and rhyme
schemes noted above, which are left out. Does not know what a section is for or how it is sung.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

MOST_TIMES = 4  # that a section is sung where it says "x9"
# "break" and "solo" alone on a line may be words; a colon, a number or brackets make a heading of them.
_ALONE = r"verse|stanza|strophe|pre[\s-]?chorus|post[\s-]?chorus|chorus|refrain|bridge|hook|intro|outro|interlude|instrumental|coda"
_NAME = rf"{_ALONE}|break|solo|middle(?: (?:8|eight))?|ending|tag|breakdown|drop"
_NUMBER = r"(?:[1-9]\d?|one|two|three|four|five|six|[iv]{1,4})"
_TIMES = r"[(\[]?\s*(?:[x×]\s*(?P<after>\d)|(?P<before>\d)\s*(?:[x×]|times)|(?P<twice>twice|bis))\s*[)\]]?"
_SCHEME = r"A[A-H]{2,7}"
_HEADING = re.compile(
    rf"(?P<again>repeat\s+(?:the\s+)?)?(?P<name>(?:{_NAME})(?:\s*\#?\s*(?P<number>{_NUMBER})\b)?)(?:\s+again)?"
    rf"(?:\s*[,-]?\s*{_TIMES})?(?:\s*[(\[-]?\s*(?-i:{_SCHEME})\s*[)\]]?)?(?P<colon>\s*:)?(?P<rest>.*)",
    re.IGNORECASE,
)
_BARE = re.compile(_ALONE, re.IGNORECASE)
_BRACKETS = re.compile(r"^(?:\[(?P<square>[^\[\]]+)\]|\((?P<round>[^()]+)\)|<(?P<angle>[^<>]+)>)\s*:?$")
_AROUND = re.compile(r"^[\s#*_>~=-]+|[\s*_~=-]+$")
_SCHEME_NOTE = re.compile(rf"[(\[]?\s*(?:rhymes?(?:\s+scheme)?\s*[:=]?\s*)?(?-i:{_SCHEME})\s*[)\]]?", re.IGNORECASE)
_NUMBERED = re.compile(r"^\(?(?P<number>\d{1,2})(?P<dot>[.):])?(?:\s+|$)")


@dataclass(frozen=True)
class Heading:
    """name: of the section, with its number. times: how often it is sung, 1-4. words: typed behind it on the same line."""

    name: str
    times: int = 1
    words: str = ""


def with_bracketed_headings(text: str) -> str:
    """Return words with every heading as "[Verse 1]" on a line of its own; a section that says "x2" is headed twice."""
    found: list[str] = []
    repeats: list[str] = []
    before = ""
    for line in _numbers_as_headings([line.strip() for line in text.split("\n")]):
        if _is_scheme(line):
            continue
        heading = read_heading(line, starts=not before)
        before = line
        if heading is None:
            found.append(line)
            continue
        found += repeats
        found.append(f"[{heading.name}]")
        found += [heading.words] if heading.words else []
        repeats = [f"[{heading.name}]"] * (heading.times - 1)
    return "\n".join(found + repeats)


def read_heading(line: str, *, starts: bool = True) -> Heading | None:
    """Return the heading that a line is; None for words. starts: whether nothing stands directly above it."""
    bracketed = _BRACKETS.match(_AROUND.sub("", line))
    plain = next(filter(None, bracketed.groups())).strip() if bracketed else _AROUND.sub("", line)
    found = _HEADING.fullmatch(plain)
    if not found:
        return None
    rest = found["rest"].strip()
    named_so = bool(
        found["colon"] or found["number"] or found["again"] or _times(found) > 1 or line.lstrip().startswith("#")
    )
    if bracketed:
        is_heading = not rest or bool(found["colon"]) or rest[0] in "-–—,(" or line.lstrip("*_# ").startswith("[")
        rest = ""  # who sings it, or how
    elif rest:
        is_heading = bool(found["colon"])
    else:
        is_heading = named_so or (starts and _BARE.fullmatch(plain) is not None)
    name = " ".join(found["name"].split())
    return Heading(name[:1].upper() + name[1:], _times(found), rest) if is_heading else None


def _times(found: re.Match[str]) -> int:
    typed = found["after"] or found["before"] or ("2" if found["twice"] else "1")
    return max(1, min(MOST_TIMES, int(typed)))


def _is_scheme(line: str) -> bool:
    """Return whether a line is a rhyme scheme, such as "ABAB" or "Rhyme scheme: AABB", and no words."""
    return _SCHEME_NOTE.fullmatch(_AROUND.sub("", line)) is not None and "B" in line.split()[-1]


def _numbers_as_headings(lines: Sequence[str]) -> Iterator[str]:
    """Yield the lines without the numbers 1, 2, 3 that count them; where they count verses, each is a heading instead."""
    numbered = [place for place, line in enumerate(lines) if _NUMBERED.match(line)]
    firsts = [place for place, line in enumerate(lines) if line and not (place and lines[place - 1])]
    counts_verses = _counts(lines, [place for place in numbered if place in firsts]) and all(
        place in firsts for place in numbered
    )
    longer = all(place + 1 < len(lines) and lines[place + 1] for place in numbered)
    counts_lines = not counts_verses and _counts(lines, numbered) and all(map(_has_dot, (lines[n] for n in numbered)))
    for line in lines:
        found = _NUMBERED.match(line)
        if found and counts_verses and longer:
            yield f"[Verse {found['number']}]"
            if words := line[found.end() :]:
                yield words
        elif found and counts_lines:
            yield line[found.end() :]
        else:
            yield line


def _counts(lines: Sequence[str], places: Sequence[int]) -> bool:
    """Return whether the numbers before these lines are 1, 2 and so on."""
    numbers = [int(found["number"]) for place in places if (found := _NUMBERED.match(lines[place]))]
    return len(numbers) > 1 and numbers[0] == 1 and all(b == a + 1 for a, b in pairwise(numbers))


def _has_dot(line: str) -> bool:
    found = _NUMBERED.match(line)
    return found is not None and found["dot"] is not None
