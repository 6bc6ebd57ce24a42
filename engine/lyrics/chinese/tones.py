"""Mandarin tones as they are said in a line, and the way that they ask a melody to move. Does not know notes or pitches.

A tone is 1-4, 5 where it is neutral, 0 where a sign has none. Heights are those of Chao's five levels, 1 low to 5 high.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import groupby, pairwise

from engine.lyrics.chinese.rhyme import is_hanzi

NEUTRAL = 5
# Where a tone begins and ends; the third one as it is said before others, low and falling.
_TARGETS = {1: (5, 5), 2: (3, 5), 3: (2, 1), 4: (5, 1)}
_NEUTRAL_AFTER = {1: 2, 2: 3, 3: 4, 4: 1}  # how high a neutral tone is, by the tone before it
_LOW = 2
_GLIDES = {2: 1, 3: -1, 4: -1}


@lru_cache(maxsize=4096)
def said_tones(text: str) -> tuple[int, ...]:
    """Return the tone of every sign of a text as it is said beside its neighbours.

    Words decide between readings (银行, 行走), a third tone before another is a second, 一 and 不 change as they do.
    """
    tones: list[int] = []
    for is_chinese, run in groupby(text, is_hanzi):
        signs = "".join(run)
        tones += _tones_of_run(signs) if is_chinese else [0] * len(signs)
    return tuple(tones)


def _tones_of_run(characters: str) -> list[int]:
    sounds = _sounds(characters)
    if len(sounds) != len(characters):
        sounds = [sound for character in characters for sound in _sounds(character)[:1] or [""]]
    return [int(sound[-1]) if sound[-1:].isdigit() else 0 for sound in sounds]


def _sounds(characters: str) -> list[str]:
    from pypinyin import Style, lazy_pinyin

    return lazy_pinyin(characters, style=Style.TONE3, tone_sandhi=True, neutral_tone_with_five=True)


def movements(tones: Sequence[int]) -> tuple[int, ...]:
    """Return for each syllable the way from the one before it: 1 up, -1 down, 0 where either way will do.

    Two tones ask for a way if neither their beginnings nor their ends say otherwise: from the first (high, level) to the
    fourth (high, falling) it is down; from the second (rising) to the fourth it is either.
    """
    targets: list[tuple[int, int] | None] = []
    before = 0
    for tone in tones:
        height = _NEUTRAL_AFTER.get(before, _LOW)
        targets.append((height, height) if tone == NEUTRAL else _TARGETS.get(tone))
        before = before if tone == NEUTRAL else tone
    return (0, *(_way(a, b) for a, b in pairwise(targets)))[: len(targets)]


def _way(before: tuple[int, int] | None, after: tuple[int, int] | None) -> int:
    if before is None or after is None:
        return 0
    start, end = (_sign(b - a) for a, b in zip(before, after, strict=True))
    return 0 if start * end < 0 else _sign(start + end)


def glide(tone: int) -> int:
    """Return the way that a tone goes by itself: 1 rising, -1 falling, 0 level or without a tone."""
    return _GLIDES.get(tone, 0)


def _sign(number: int) -> int:
    return (number > 0) - (number < 0)
