"""How good a Chinese candidate line is beside its likelihood: theme, mood, repetition, tones. Does not know the model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from engine.lyrics.chinese.manner import PLAIN, ChineseManner
from engine.lyrics.chinese.prompt import WantedLine
from engine.lyrics.chinese.rhyme import is_level, tones_kept
from engine.lyrics.chinese.tokenizer import FREE
from engine.lyrics.insults import holds_chinese_insult

LIKELY_ENOUGH = -2.0  # nats per character; what is likelier is a commonplace and earns nothing more
THEME, REPEATED, TWICE_IN_LINE, REPEATED_PAIR, OTHER_TONE = 0.6, 0.22, 0.35, 0.5, 0.3
MOOD, AGAINST, PERSON, TONES = 0.9, 0.7, 0.6, 1.5
LAST_CHANCE = 20.0  # times THEME
MOOD_SHARE = 0.4  # of the lines; past it a mood is not told but counted off
USUAL = frozenset("不人一无有来何去是自")  # characters that no poet counts


@dataclass
class ChineseDraft:
    """A text under way. theme: words of which it is to have one; theme_anew: the lines written now are to have one.

    lines: all of it, "" where one is still to be written. rhymes: by letter the last characters of its lines. written:
    the lines written now, in order.
    """

    wanted: Sequence[WantedLine]
    theme: Sequence[str]
    theme_anew: bool
    manner: ChineseManner = PLAIN
    lines: list[str] = field(default_factory=list)
    rhymes: dict[str, list[str]] = field(default_factory=dict)
    written: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.lines = [one.given for one in self.wanted]
        for one in self.wanted:
            if one.given:
                self._rhyme(one, one.given)

    def add(self, index: int, text: str) -> None:
        """Take in a line that was written."""
        self.lines[index] = text
        self.written.append(index)
        self._rhyme(self.wanted[index], text)

    def _rhyme(self, wanted: WantedLine, text: str) -> None:
        if wanted.rhyme != FREE:
            self.rhymes.setdefault(wanted.rhyme, []).append(text[-1])

    @property
    def said(self) -> list[str]:
        """All lines that stand."""
        return [line for line in self.lines if line]

    def missing(self) -> list[str]:
        """Return the words of the theme that are still to come."""
        where = "".join(self.lines[index] for index in self.written) if self.theme_anew else "".join(self.lines)
        return [word for word in self.theme if word not in where]

    def lines_untold(self, section: int) -> int:
        """Return how many lines a section has that does not say who tells it, counting the next; 0 where it does."""
        here = [line for line, one in zip(self.lines, self.wanted, strict=True) if one.section == section and line]
        told = not self.manner.person or any(word in line for line in here for word in self.manner.person)
        return 0 if told else len(here) + 1

    def mood_owed(self) -> float:
        """Return how many lines more should sound of the mood by the end of the next; 0 where enough do, or none must."""
        if not self.manner.mood:
            return 0.0
        said = self.said
        moody = sum(any(word in line for word in self.manner.mood) for line in said)
        return max(0.0, MOOD_SHARE * (len(said) + 1) - moody)


def score_line(text: str, log_probability: float, index: int, draft: ChineseDraft) -> float:
    """Return how good a candidate for a line is, in nats per character; minus infinity for a line that is there."""
    said, wanted = draft.said, draft.wanted[index]
    if text in said or holds_chinese_insult(text):
        return -np.inf
    score = min(LIKELY_ENOUGH, log_probability / len(text))
    score += _theme(text, draft) + _manner(text, wanted, draft)
    score -= _repetition(text, said, draft)
    first = draft.rhymes.get(wanted.rhyme)
    score -= OTHER_TONE if first and is_level(first[0]) != is_level(text[-1]) else 0.0
    kept, asked = tones_kept(text, wanted.tones)
    return score + TONES * kept / max(1, asked)


def _theme(text: str, draft: ChineseDraft) -> float:
    missing = draft.missing()
    # The longer the theme is not there, the more it is wanted: some words are unlikely wherever they come.
    wish = 2.0 + len(draft.written) if len(missing) == len(draft.theme) else 1.0
    if draft.theme_anew and draft.lines.count("") == 1 and len(missing) == len(draft.theme):
        wish = LAST_CHANCE  # somebody asked for it in this very line
    return THEME * wish * any(word in text for word in missing)


def _manner(text: str, wanted: WantedLine, draft: ChineseDraft) -> float:
    manner = draft.manner
    score = -AGAINST * sum(word in text for word in manner.against)
    if any(word in text for word in manner.mood):
        score += MOOD * draft.mood_owed()
    if any(word in text for word in manner.person):
        score += PERSON * draft.lines_untold(wanted.section)  # the later, the more it is wanted
    return score


def _repetition(text: str, said: Sequence[str], draft: ChineseDraft) -> float:
    """Return what a line loses for characters and pairs that are there already."""
    used = Counter("".join(said))
    lost = REPEATED * sum(min(used[c], 2) for c in set(text) - USUAL if not any(c in word for word in draft.theme))
    doubled = sum(a == b for a, b in pairwise(text))  # 寻寻觅觅 is an ornament, 月明月下月 is not
    lost += TWICE_IN_LINE * (len(text) - len(set(text)) - doubled + max(0, doubled - 2))
    pairs = {a + b for line in said for a, b in pairwise(line)} - set(draft.theme)
    return lost + REPEATED_PAIR * sum(a + b in pairs for a, b in pairwise(text))
