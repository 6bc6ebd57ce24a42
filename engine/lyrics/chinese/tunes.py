"""Tune patterns (cipai): which lines a tune has, how long each is, what closes it and which rhyme. Does not know models.

Patterns are counted from the texts to each tune: the commonest form, and for each two of its lines whether they rhyme far
more often than by chance. A tune had several forms and old sounds; what ships is what counting found.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.lyrics.chinese.prompt import PlannedLine
from engine.lyrics.chinese.rhyme import EITHER
from engine.lyrics.chinese.tokenizer import FREE, LETTERS

FEWEST_TEXTS = 12  # of a form
# Two lines rhyme by chance in about an eighth of the texts. Where a tune wants rhymes that were lost since (those of the
# entering tone) a third of its texts still rhyme today.
RHYMES_IN = 0.3
TONE_IN = 0.7  # of the texts: today's readings have lost the entering tone, so that no place is kept by all
UNKNOWN_TUNE = "失调名"


@dataclass(frozen=True)
class TunePattern:
    """name: the usual one. lines: in order. texts: how many of this form were counted."""

    name: str
    lines: tuple[PlannedLine, ...]
    texts: int

    def as_json(self) -> dict[str, Any]:
        lines = [[line.length, line.rhyme, line.mark, *filter(None, [line.tones])] for line in self.lines]
        return {"name": self.name, "texts": self.texts, "lines": lines}

    @classmethod
    def from_json(cls, row: dict[str, Any]) -> TunePattern:
        return cls(row["name"], tuple(PlannedLine(*line) for line in row["lines"]), row["texts"])


def tune_names(printed: str) -> tuple[str, ...]:
    """Return the names of a tune as printed, "望江南・忆江南", the usual one first: ("忆江南", "望江南"). ("",) for none."""
    names = [name.strip() for name in printed.replace("·", "・").split("・") if name.strip()]
    return tuple(reversed(names)) if names and names != [UNKNOWN_TUNE] else ("",)


def learn_patterns(texts: Sequence[tuple[str, Sequence[PlannedLine]]]) -> tuple[TunePattern, ...]:
    """Return a pattern for every tune whose commonest form has 12 texts or more, by name; texts: (tune, plan) each."""
    by_tune: dict[str, list[Sequence[PlannedLine]]] = defaultdict(list)
    for tune, plan in texts:
        by_tune[tune].append(plan)
    found = []
    for tune, plans in sorted(by_tune.items()):
        forms = Counter(tuple(line.length for line in plan) for plan in plans)
        form, count = min(forms.items(), key=lambda item: (-item[1], item[0]))
        if count >= FEWEST_TEXTS:
            same = [plan for plan in plans if tuple(line.length for line in plan) == form]
            found.append(TunePattern(tune, _usual(same), count))
    return tuple(found)


def open_patterns(path: Path) -> dict[str, TunePattern]:
    """Return the patterns of a file by name."""
    rows = json.loads(path.read_text(encoding="utf-8"))
    return {row["name"]: TunePattern.from_json(row) for row in rows}


def _usual(plans: Sequence[Sequence[PlannedLine]]) -> tuple[PlannedLine, ...]:
    """Return the plan that texts of one form share: the usual mark of each line, and lines joined that rhyme by intent."""
    size = len(plans[0])
    group = list(range(size))
    for a in range(size):
        for b in range(a):
            together = sum(p[a].rhyme == p[b].rhyme != FREE for p in plans)
            if together > RHYMES_IN * len(plans):
                old, new = group[a], group[b]
                group = [new if one == old else one for one in group]
    letters: dict[int, str] = {}
    lines = []
    for place in range(size):
        mark = Counter(plan[place].mark for plan in plans).most_common(1)[0][0]
        alone = group.count(group[place]) < 2
        letter = FREE if alone else letters.setdefault(group[place], LETTERS[min(len(letters), len(LETTERS) - 1)])
        tones = _usual_tones([plan[place].tones for plan in plans])
        lines.append(PlannedLine(plans[0][place].length, letter, mark, tones))
    return tuple(lines)


def _usual_tones(found: Sequence[str]) -> str:
    """Return for each place the tone that most texts have there, ？ where they differ; "" where no place has one."""
    signs = []
    for column in zip(*found, strict=False):
        tone, count = Counter(column).most_common(1)[0]
        signs.append(tone if count >= TONE_IN * len(found) else EITHER)
    return "".join(signs) if set(signs) - {EITHER} else ""
