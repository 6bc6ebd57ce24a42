"""How full each section of a song is played, and its bars: what all the players of a band go by. Does not know programs.

A section that comes again is a passage of its own, with its number and level, so that a band never plays it as before.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from engine.music.lead_sheet import SectionSpan

SPARSE, QUIET, FULL, FULLEST = range(4)
_USUAL_LEVEL = {"intro": SPARSE, "pre-chorus": QUIET, "bridge": QUIET, "instrumental": FULL, "outro": QUIET}


@dataclass(frozen=True)
class Passage:
    """A section as the band sees it. nth: which of its kind, from 0. level: 0 sparse, 1 quiet, 2 full, 3 the fullest."""

    kind: str
    onset_ticks: int
    end_ticks: int
    nth: int
    level: int

    def rise(self, ticks: int) -> float:
        """Return how far a tick is through the passage, 0 to 1."""
        return (ticks - self.onset_ticks) / max(1, self.end_ticks - self.onset_ticks)


@dataclass(frozen=True)
class PlayedBar:
    """A bar of a passage before the held ending. index: from 0 in its passage. closes: it is the passage's last."""

    onset_ticks: int
    end_ticks: int
    index: int
    closes: bool
    passage: Passage
    before: Passage | None
    following: Passage | None


def section_kind(section: SectionSpan) -> str:
    """Return the first word of a label in lower case: "Verse 2" -> "verse". A theme is a verse without words."""
    kind = section.label.lower().split(" ")[0]
    return "verse" if kind == "theme" else kind


def passages_of(sections: Sequence[SectionSpan]) -> tuple[Passage, ...]:
    """Return the sections with their levels: the first verse is sparse, and the last chorus (or verse) is the fullest."""
    kinds = [section_kind(section) for section in sections]
    many, seen = Counter(kinds), Counter[str]()
    passages = []
    for section, kind in zip(sections, kinds, strict=True):
        end = section.onset_ticks + section.duration_ticks
        level = _level(kind, seen[kind], many[kind], has_chorus="chorus" in many)
        passages.append(Passage(kind, section.onset_ticks, end, seen[kind], level))
        seen[kind] += 1
    return tuple(passages)


def _level(kind: str, nth: int, of: int, *, has_chorus: bool) -> int:
    if kind == "chorus":
        return FULLEST if nth == of - 1 and of > 1 else FULL
    if kind in _USUAL_LEVEL:
        return _USUAL_LEVEL[kind]
    if has_chorus:
        return SPARSE if nth == 0 else QUIET
    if nth == of - 1 and of > 2:
        return FULLEST
    return min(nth, FULL)


def played_bars(passages: Sequence[Passage], bar_ticks: int, until_ticks: int) -> tuple[PlayedBar, ...]:
    """Return the bars of all passages up to a tick; the last of a passage may be cut short."""
    bars: list[PlayedBar] = []
    for n, passage in enumerate(passages):
        end = min(passage.end_ticks, until_ticks)
        for index, onset in enumerate(range(passage.onset_ticks, end, bar_ticks)):
            closes = onset + bar_ticks >= end
            before = passages[n - 1] if n else None
            following = passages[n + 1] if n + 1 < len(passages) else None
            bars.append(PlayedBar(onset, min(onset + bar_ticks, end), index, closes, passage, before, following))
    return tuple(bars)
