"""Patterns of a bar as text, one sign per step, how they are read, and those that chords are struck in.

Does not know chords, drums or programs.

In every pattern `.` is silence and `-` goes on; `/` parts the bars of a pattern that is longer than one. A bar is cut into
as many equal steps as it has signs: eight signs of 4/4 are eighths, sixteen are sixteenths. Chord patterns: `B` the whole
chord, accented; `b` the whole chord; `h` the chord without its lowest note; digits single notes from below, going on an
octave up where the chord has no more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from engine.music.score import TICKS_PER_QUARTER, TimeSignature

EIGHTH_TICKS = TICKS_PER_QUARTER // 2

BarPatterns = Mapping[str, str]  # time signature -> one sign per step of the bar, or of several bars

CHORD_PATTERNS: dict[str, BarPatterns] = {
    "pulse": {"4/4": "B---b---", "3/4": "B---b-", "6/8": "B--b--", "2/4": "B-b-"},
    "quarters": {"4/4": "B-b-B-b-", "3/4": "B-b-b-", "6/8": "B--b-b", "2/4": "B-b-"},
    "eighths": {"4/4": "BbbbBbbb", "3/4": "Bbbbbb", "6/8": "BbbBbb", "2/4": "BbBb"},
    "push": {"4/4": "B--b--b-", "3/4": "B--b--", "6/8": "B--b-b", "2/4": "B--b"},
    "charleston": {"4/4": "B..b..../..b....b", "3/4": "B..b../..b...", "6/8": "B..b..", "2/4": "B..b"},
    "comping": {"4/4": "...b..b./B....b..", "3/4": "..b..b/B..b..", "6/8": "..b..b/B....b", "2/4": "...b/B..."},
    "arpeggio": {"4/4": "01230121", "3/4": "012321", "6/8": "012321", "2/4": "0121"},
    "rolling": {"4/4": "0-123-21", "3/4": "0-1-2-", "6/8": "0-21-2", "2/4": "0-12"},
    "picking": {"4/4": "0-2-1-2-", "3/4": "0-2-1-", "6/8": "012121", "2/4": "0-21"},
    "travis": {"4/4": "0-21021-", "3/4": "0-2121", "6/8": "0-21-2", "2/4": "021-"},
    "strum": {"4/4": "B-b.bb-b", "3/4": "B-b.bb", "6/8": "B-bb-b", "2/4": "B-bb"},
    "strum_two": {"4/4": "B-bb-bbb", "3/4": "B-bbbb", "6/8": "B-bbbb", "2/4": "Bbbb"},
    "after_beat": {"4/4": "..h...h.", "3/4": "..h-h-", "6/8": ".hh.hh", "2/4": ".h.h"},
    "after_beat_two": {"4/4": "..h...hh", "3/4": "..hhh-", "6/8": ".h-.hh", "2/4": ".hhh"},
    "boogie": {"4/4": "B.bb.bb.", "3/4": "B.bb.b", "6/8": "B.bB.b", "2/4": "B.bb"},
    "hymnal": {"4/4": "B---b---", "3/4": "B---b-", "6/8": "B--b--", "2/4": "B---"},
    "chorale": {"4/4": "B-b-b-b-", "3/4": "B-b-b-", "6/8": "B--b--", "2/4": "B-b-"},
    "chorale_two": {"4/4": "B-b-b-bb", "3/4": "B-b-bb", "6/8": "B--b-b", "2/4": "B-bb"},
    "long": {"4/4": "B-------", "3/4": "B-----", "6/8": "B-----", "2/4": "B---"},
    "gilberto": {"4/4": "B..b..b./..b..b..", "3/4": "B..b../..b.b.", "6/8": "B..b.b", "2/4": "B..b..b./..b..b.."},
    "gilberto_two": {"4/4": "b..b.b../.b..b.b.", "3/4": "b.b..b/.b.b..", "6/8": "b.bb..", "2/4": "b..b.b../.b..b.b."},
    "keys": {"4/4": "B-----....b-..../B---........b---", "3/4": "B---....b-..", "6/8": "B---..b---..", "2/4": "B-.....b"},
    "keys_two": {
        "4/4": "B--b--....b-..../..b-..b-....b-b-", "3/4": "B--b--..b-..", "6/8": "B--b--..b-..", "2/4": "B--b--b-",
    },
    "stabs": {"4/4": "B..b..b.B..b..b.", "3/4": "B..b..b..b..", "6/8": "B..b..B..b..", "2/4": "B..b..b."},
    "off_beat": {"4/4": "..b-..b-..b-..b-", "3/4": "..b-..b-..b-", "6/8": "..b-....b-..", "2/4": "..b-..b-"},
    "sequence": {"4/4": "0213021302130213", "3/4": "021302130213", "6/8": "012321012321", "2/4": "02130213"},
    "guzheng": {"4/4": "0-1-2-3-4---2---", "3/4": "0-1-2-3-4---", "6/8": "0-1-2-3-2-1-", "2/4": "0-1-2-3-"},
    "guzheng_two": {"4/4": "01234---2-1-2---", "3/4": "01234---2-1-", "6/8": "012343--2-1-", "2/4": "01234---"},
}  # fmt: skip


@dataclass(frozen=True)
class Stroke:
    """One sign of a pattern: where in the bar, how long, and which sign."""

    offset_ticks: int
    duration_ticks: int
    sign: str


def strokes(pattern: str, bar_ticks: int) -> tuple[Stroke, ...]:
    """Read the pattern of one bar into strokes in order: "R-F." of a bar of 2/4 is a quarter on R and an eighth on F."""
    found: list[Stroke] = []
    step_ticks = bar_ticks // len(pattern)
    for position, sign in enumerate(pattern):
        if sign not in ".-":
            found.append(Stroke(position * step_ticks, step_ticks, sign))
        elif sign == "-" and found:
            last = found[-1]
            found[-1] = Stroke(last.offset_ticks, last.duration_ticks + step_ticks, last.sign)
    return tuple(found)


@lru_cache(maxsize=1024)
def bar_strokes(pattern: str, bar: int, bar_ticks: int) -> tuple[Stroke, ...]:
    """Return the strokes of a bar, counted from 0, of a pattern that goes round."""
    bars = pattern.split("/")
    return strokes(bars[bar % len(bars)], bar_ticks)


def bar_pattern(patterns: BarPatterns, time_signature: TimeSignature) -> str:
    """Return the pattern of a time signature; one that is not in the table holds the first sign of 4/4 for a bar."""
    eighths = max(1, time_signature.bar_ticks // EIGHTH_TICKS)
    return patterns.get(str(time_signature)) or patterns["4/4"].lstrip(".")[0] + "-" * (eighths - 1)
