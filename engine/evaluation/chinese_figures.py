"""How Chinese lyrics are measured: lengths, rhymes, theme, variety, lines learned by heart. Does not know files or models.

Figures are shares of 0-1 unless their docstring says otherwise, and NaN where there is nothing to count. A text is its
lines, without marks. Rhymes are those of today's Mandarin (`engine.lyrics.chinese.rhyme`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from engine.lyrics.chinese.prompt import PlannedLine
from engine.lyrics.chinese.rhyme import is_hanzi, lines_rhyme, tones_kept
from engine.lyrics.chinese.tokenizer import FREE

LEAST_VERBATIM = 5  # characters: shorter lines are often idioms


@dataclass(frozen=True)
class ChineseSong:
    """plan: what was asked for. lines: what was written, a line for each of the plan where all went well. theme: words."""

    plan: Sequence[PlannedLine]
    lines: Sequence[str]
    theme: Sequence[str]


def length_accuracy(songs: Iterable[ChineseSong]) -> float:
    """Return the share of lines with exactly the characters asked for; a line that is missing, or too many, is wrong."""
    right = total = 0
    for song in songs:
        total += max(len(song.plan), len(song.lines))
        right += sum(
            len(line) == wanted.length and all(map(is_hanzi, line))
            for wanted, line in zip(song.plan, song.lines, strict=False)
        )
    return right / total if total else math.nan


def rhyme_accuracy(songs: Iterable[ChineseSong]) -> float:
    """Return the share of line pairs that rhyme, of those that must: each line with the last one before it of its letter.

    Two lines rhyme when their last characters differ and are of one rhyme class.
    """
    found: list[bool] = []
    for song in songs:
        last: dict[str, str] = {}
        for wanted, line in zip(song.plan, song.lines, strict=False):
            if wanted.rhyme != FREE:
                if wanted.rhyme in last:
                    found.append(lines_rhyme(last[wanted.rhyme], line))
                last[wanted.rhyme] = line
    return sum(found) / len(found) if found else math.nan


def tone_accuracy(songs: Iterable[ChineseSong]) -> float:
    """Return the share of places with a usual tone in their tune, level or oblique, at which a line has it.

    By today's sounds, of lines that have the pattern's length.
    """
    kept = asked = 0
    for song in songs:
        for wanted, line in zip(song.plan, song.lines, strict=False):
            if len(line) == wanted.length:
                right, of = tones_kept(line, wanted.tones)
                kept, asked = kept + right, asked + of
    return kept / asked if asked else math.nan


def theme_hit(songs: Iterable[ChineseSong]) -> float:
    """Return the share of songs with a theme in which one of its words stands."""
    found = [any(word in line for word in song.theme for line in song.lines) for song in songs if song.theme]
    return sum(found) / len(found) if found else math.nan


def distinct_pairs(texts: Iterable[Sequence[str]]) -> float:
    """Return the mean over texts of their different pairs of neighbouring characters in a line over all such pairs."""
    shares = []
    for lines in texts:
        pairs = [a + b for line in lines for a, b in pairwise(line)]
        if pairs:
            shares.append(len(set(pairs)) / len(pairs))
    return sum(shares) / len(shares) if shares else math.nan


@dataclass(frozen=True)
class ReadBefore:
    """The training texts: all runs of eight characters inside them, across lines, and all whole lines."""

    runs: frozenset[str]
    lines: frozenset[str]
    length: int = 8

    @classmethod
    def of(cls, texts: Iterable[Sequence[str]], length: int = 8) -> ReadBefore:
        runs: set[str] = set()
        lines: set[str] = set()
        for text in texts:
            lines.update(line for line in text if len(line) >= LEAST_VERBATIM)
            whole = "".join(text)
            runs.update(whole[place : place + length] for place in range(len(whole) - length + 1))
        return cls(frozenset(runs), frozenset(lines), length)

    def verbatim_line_share(self, texts: Iterable[Sequence[str]]) -> float:
        """Return the share of lines of five characters or more that stand so in a training text."""
        lines = [line for text in texts for line in text if len(line) >= LEAST_VERBATIM]
        return sum(line in self.lines for line in lines) / len(lines) if lines else math.nan

    def share_with_run(self, texts: Iterable[Sequence[str]]) -> float:
        """Return the share of texts with a run of eight characters or more, over line ends too, from one training text."""
        found = []
        for text in texts:
            whole = "".join(text)
            places = range(len(whole) - self.length + 1)
            found.append(any(whole[place : place + self.length] in self.runs for place in places))
        return sum(found) / len(found) if found else math.nan
