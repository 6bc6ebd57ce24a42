"""Accompaniment patterns, one character per eighth note of a bar, and how they are read.

Does not know chords or programs.

In every pattern `.` is silence and `-` goes on. Chord patterns: `B` the whole chord, accented; `b` the whole chord; `h`
the chord without its lowest note; digits 0-3 single notes from below. Bass patterns: `R` root, `F` fifth, `T` third,
`O` root an octave up, `A` a step that leads to the next bass note. Drum patterns: `X` loud, `x` plain, `o` soft, one
line per drum.
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.music.score import TICKS_PER_QUARTER, TimeSignature

EIGHTH_TICKS = TICKS_PER_QUARTER // 2

KICK, SIDE_STICK, SNARE, LOW_TOM, CLOSED_HAT, MID_TOM, HIGH_TOM = 36, 37, 38, 45, 42, 47, 50
CRASH, RIDE, TAMBOURINE, SHAKER = 49, 51, 54, 70

BarPatterns = dict[str, str]  # time signature -> one character per eighth of the bar
DrumPatterns = dict[str, dict[int, str]]  # time signature -> pitch of the drum map -> pattern

CHORD_PATTERNS: dict[str, BarPatterns] = {
    "pulse": {"4/4": "B---b---", "3/4": "B---b-", "6/8": "B--b--", "2/4": "B-b-"},
    "quarters": {"4/4": "B-b-B-b-", "3/4": "B-b-b-", "6/8": "B--b-b", "2/4": "B-b-"},
    "eighths": {"4/4": "BbbbBbbb", "3/4": "Bbbbbb", "6/8": "BbbBbb", "2/4": "BbBb"},
    "push": {"4/4": "B--b--b-", "3/4": "B--b--", "6/8": "B--b-b", "2/4": "B--b"},
    "charleston": {"4/4": "B..b....", "3/4": "B..b..", "6/8": "B..b..", "2/4": "B..b"},
    "arpeggio": {"4/4": "01230121", "3/4": "012321", "6/8": "012321", "2/4": "0121"},
    "rolling": {"4/4": "0-123-21", "3/4": "0-1-2-", "6/8": "0-21-2", "2/4": "0-12"},
    "picking": {"4/4": "0-2-1-2-", "3/4": "0-2-1-", "6/8": "012121", "2/4": "0-21"},
    "strum": {"4/4": "B-b.bb-b", "3/4": "B-b.bb", "6/8": "B-bb-b", "2/4": "B-bb"},
    "after_beat": {"4/4": "..h...h.", "3/4": "..h-h-", "6/8": ".hh.hh", "2/4": ".h.h"},
    "hymnal": {"4/4": "B---b---", "3/4": "B---b-", "6/8": "B--b--", "2/4": "B---"},
}

BASS_PATTERNS: dict[str, BarPatterns] = {
    "long": {"4/4": "R-------", "3/4": "R-----", "6/8": "R-----", "2/4": "R---"},
    "two": {"4/4": "R---F---", "3/4": "R---F-", "6/8": "R--F--", "2/4": "R-F-"},
    "quarters": {"4/4": "R-R-F-R-", "3/4": "R---R-", "6/8": "R--R--", "2/4": "R-F-"},
    "eighths": {"4/4": "RRRRRRRR", "3/4": "RRRRRR", "6/8": "R-RR-R", "2/4": "RRRR"},
    "push": {"4/4": "R--RR-F-", "3/4": "R--RF-", "6/8": "R--R-F", "2/4": "R--R"},
    "walk": {"4/4": "R-T-F-A-", "3/4": "R-F-A-", "6/8": "R-TF-A", "2/4": "R-A-"},
}

DRUM_PATTERNS: dict[str, DrumPatterns] = {
    "soft": {
        "4/4": {KICK: "x.....o.", SIDE_STICK: "....x...", CLOSED_HAT: "x.o.x.o."},
        "3/4": {KICK: "x.....", SIDE_STICK: "....x.", CLOSED_HAT: "x.o.o."},
        "6/8": {KICK: "x.....", SIDE_STICK: "...x..", CLOSED_HAT: "x.ox.o"},
        "2/4": {KICK: "x...", SIDE_STICK: "..x.", CLOSED_HAT: "x.o."},
    },
    "backbeat": {
        "4/4": {KICK: "x...x.x.", SNARE: "..x...x.", CLOSED_HAT: "xoxoxoxo"},
        "3/4": {KICK: "x.....", SNARE: "..o.x.", CLOSED_HAT: "xoxoxo"},
        "6/8": {KICK: "x....o", SNARE: "...x..", CLOSED_HAT: "xooxoo"},
        "2/4": {KICK: "x..o", SNARE: "..x.", CLOSED_HAT: "xoxo"},
    },
    "drive": {
        "4/4": {KICK: "X..xX...", SNARE: "..X...X.", CLOSED_HAT: "XxXxXxXx"},
        "3/4": {KICK: "X..x..", SNARE: "..x.X.", CLOSED_HAT: "XxXxXx"},
        "6/8": {KICK: "X.x..x", SNARE: "...X..", CLOSED_HAT: "XxxXxx"},
        "2/4": {KICK: "X..x", SNARE: "..X.", CLOSED_HAT: "XxXx"},
    },
    "brushes": {
        "4/4": {KICK: "o...o...", SNARE: "..o...o.", SHAKER: "o.o.o.o."},
        "3/4": {KICK: "o.....", SNARE: "..o.o."},
        "6/8": {KICK: "o.....", SNARE: "...o..", SHAKER: "o.oo.o"},
        "2/4": {KICK: "o...", SNARE: "..o.", SHAKER: "o.o."},
    },
    "train": {
        "4/4": {KICK: "x...x...", SNARE: "oxooXxoX", CLOSED_HAT: "..x...x."},
        "3/4": {KICK: "x.....", SNARE: "ooxoxo"},
        "6/8": {KICK: "x..x..", SNARE: "ooxoox"},
        "2/4": {KICK: "x...", SNARE: "ooXo"},
    },
    "ride": {
        "4/4": {KICK: "o.......", CLOSED_HAT: "..x...x.", RIDE: "x.xox.xo"},
        "3/4": {KICK: "o.....", CLOSED_HAT: "..x.x.", RIDE: "x.xox."},
        "6/8": {KICK: "o.....", CLOSED_HAT: "...x..", RIDE: "x.ox.o"},
        "2/4": {KICK: "o...", CLOSED_HAT: "..x.", RIDE: "x.xo"},
    },
}
FILLS: DrumPatterns = {
    "4/4": {SNARE: "....xox.", HIGH_TOM: ".....x..", MID_TOM: "......x.", LOW_TOM: ".......x", KICK: "x......."},
    "3/4": {SNARE: "..xx..", HIGH_TOM: "...x..", MID_TOM: "....x.", LOW_TOM: ".....x", KICK: "x....."},
    "6/8": {SNARE: "...x..", HIGH_TOM: "...x..", MID_TOM: "....x.", LOW_TOM: ".....x", KICK: "x....."},
    "2/4": {SNARE: "..x.", HIGH_TOM: "..x.", LOW_TOM: "...x", KICK: "x..."},
}


@dataclass(frozen=True)
class Stroke:
    """One sign of a pattern: where in the bar, how long, and which sign."""

    offset_ticks: int
    duration_ticks: int
    sign: str


def strokes(pattern: str) -> tuple[Stroke, ...]:
    """Read a pattern into strokes in order: "R-F." is a quarter on R and an eighth on F."""
    found: list[Stroke] = []
    for position, sign in enumerate(pattern):
        if sign not in ".-":
            found.append(Stroke(position * EIGHTH_TICKS, EIGHTH_TICKS, sign))
        elif sign == "-" and found:
            last = found[-1]
            found[-1] = Stroke(last.offset_ticks, last.duration_ticks + EIGHTH_TICKS, last.sign)
    return tuple(found)


def bar_pattern(patterns: BarPatterns, time_signature: TimeSignature) -> str:
    """Return the pattern of a time signature; one that is not in the table holds the first sign of 4/4 for a bar."""
    eighths = max(1, time_signature.bar_ticks // EIGHTH_TICKS)
    return patterns.get(str(time_signature)) or patterns["4/4"].lstrip(".")[0] + "-" * (eighths - 1)


def bar_drums(patterns: DrumPatterns, time_signature: TimeSignature) -> dict[int, str]:
    """Return the drums of a time signature; one that is not in the table gets the kick on the first beat alone."""
    return patterns.get(str(time_signature)) or {KICK: "x"}
