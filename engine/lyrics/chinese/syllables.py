"""The syllables of a Chinese line, one to a character: tones as said, and which of them lie on a beat. Does not know tunes."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache
from itertools import accumulate

from engine.lyrics.chinese.rhyme import is_hanzi
from engine.lyrics.chinese.tones import NEUTRAL, said_tones
from engine.lyrics.prosody import Syllable, syllables_of

OPENING = "「『“‘《〈（(【"
_TOKEN = re.compile(r"[\u4e00-\u9fff]|[^\u4e00-\u9fff\s]+|\s+")
_FOOT, _LINES_OF_FEET = 2, {5: (2,), 7: (2, 2)}  # the feet of old verse, before the last three characters
# Characters that take up 儿 into their own syllable in speech. In verse it is a syllable: 月儿, 花儿, 黄莺儿.
_ROLLED = frozenset("会哪那这点玩事劲味块今明昨空样们圈边倍")
_NOT_ROLLED_BEFORE = frozenset("女子童时孙媳歌戏科郎")


@lru_cache(maxsize=4096)
def chinese_syllables(line: str) -> tuple[Syllable, ...]:
    """Return the syllables of a line with Chinese characters in it; marks belong to the one before, Latin words to themselves.

    stress: 1 where a word or a foot begins and where a phrase ends, else 0. Joined, the texts are the line without spaces.
    """
    tones = _tones_by_place(line)
    accents = _accents(line)
    found: list[Syllable] = []
    waiting = ""
    for match in _TOKEN.finditer(line):
        token, place = match.group(), match.start()
        if token.isspace():
            continue
        if is_hanzi(token):
            if _is_rolled(line, place, found) and not waiting:
                last = found[-1]
                found[-1] = replace(last, text=last.text + token, stress=max(last.stress, accents[place]))
                continue
            found.append(Syllable(waiting + token, accents[place], "single", tones[place]))
            waiting = ""
            continue
        closing, opening, words = _marks_and_words(token)
        if found:
            found[-1] = replace(found[-1], text=found[-1].text + closing)
        else:
            opening = closing + opening
        waiting += opening
        if words:
            found += syllables_of(waiting + words)
            waiting = ""
    if waiting and found:
        found[-1] = replace(found[-1], text=found[-1].text + waiting)
    return tuple(found)


def feet_of(characters: str) -> tuple[int, ...]:
    """Return how many characters each word or foot of a phrase has: 疑是地上霜 -> 2, 2, 1.

    Lines of five and seven keep the feet of old verse unless a known word lies across them; others are cut at known
    words, and what is between them in twos.
    """
    words = _known_words(characters)
    if len(characters) in _LINES_OF_FEET:
        head = _LINES_OF_FEET[len(characters)]
        ends = set(accumulate(head))
        if not any(start < end < stop for start, stop in words for end in ends):
            rest = sum(head)
            return (*head, 1, 2) if (rest + 1, rest + 3) in words else (*head, 2, 1)
    feet: list[int] = []
    at = 0
    for start, stop in [*words, (len(characters), len(characters))]:
        feet += _in_twos(start - at) + (_in_twos(stop - start) if stop - start > 3 else [stop - start])
        at = stop
    return tuple(foot for foot in feet if foot)


def _in_twos(count: int) -> list[int]:
    return [_FOOT] * (count // _FOOT) + [1] * (count % _FOOT)


def _known_words(characters: str) -> list[tuple[int, int]]:
    """Return start and end of each word of two or more characters that the dictionary of readings knows."""
    from pypinyin.seg.mmseg import seg

    words, at = [], 0
    for word in seg.cut(characters):
        if len(word) > 1:
            words.append((at, at + len(word)))
        at += len(word)
    return words


def _phrases(line: str) -> list[tuple[int, str]]:
    """Return the runs of Chinese characters in a line with their places."""
    return [(match.start(), match.group()) for match in re.finditer(r"[\u4e00-\u9fff]+", line)]


def _tones_by_place(line: str) -> dict[int, int]:
    return {at + n: tone for at, run in _phrases(line) for n, tone in enumerate(said_tones(run))}


def _accents(line: str) -> dict[int, int]:
    """Return 1 for the places where words, feet and phrases begin and where phrases end, 0 for others and light ones."""
    found: dict[int, int] = {}
    tones = _tones_by_place(line)
    for at, run in _phrases(line):
        begins = {0, *accumulate(feet_of(run)), len(run) - 1}
        found |= {at + n: int(n in begins and tones[at + n] != NEUTRAL) for n in range(len(run))}
    return found


def _is_rolled(line: str, place: int, found: list[Syllable]) -> bool:
    """Return whether the character is a 儿 that colours the one before it."""
    before, after = line[place - 1 : place], line[place + 1 : place + 2]
    return bool(line[place] == "儿" and found and before in _ROLLED and after not in _NOT_ROLLED_BEFORE)


def _marks_and_words(token: str) -> tuple[str, str, str]:
    """Return the marks of a token that close, those that open, and its words with all that follows them."""
    first = next((n for n, sign in enumerate(token) if sign.isalnum()), len(token))
    marks, words = token[:first], token[first:]
    opens = next((n for n, sign in enumerate(marks) if sign in OPENING), len(marks))
    return marks[:opens], marks[opens:], words
