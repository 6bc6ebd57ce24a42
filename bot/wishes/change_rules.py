"""The rules that only a reply to a song needs: faster, higher, without drums, another verse, again. Knows no songs."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

from bot.wishes.keys import FOLLOWS, MODE, NOTE, key_of
from bot.wishes.line_rules import line_rules
from bot.wishes.music_rules import music_rules
from bot.wishes.reading import Rule, lookup, rule, vocabulary_rules, words_rule
from bot.wishes.rules import ABOUT, PART, refusal_rule
from bot.wishes.words import (
    AGAIN,
    AGAIN_CHINESE,
    END,
    INTERVALS,
    LENGTH_CHANGES,
    MOOD_CHANGES,
    MOODS,
    NUMBER,
    PART_WORDS,
    SEMITONE_CHANGES,
    TEMPO_CHANGES,
    number,
)

_PERCENT = r"(?:%|percent|per cent|prozent)"
_INTERVAL = (
    "(?P<interval>"
    + "|".join(sorted(INTERVALS, key=len, reverse=True))
    + r"|semitones|tones|steps|octaves|oktaven|half tones|half steps)"
)


def _semitones(found: re.Match[str]) -> int | None:
    groups = found.groupdict()
    name = (groups["interval"] or "semitone").lower()
    size = INTERVALS.get(name) or INTERVALS.get(name.removesuffix("s")) or INTERVALS.get(name.removesuffix("n")) or 1
    count = number(groups["count"]) if groups["count"] else 1
    down = re.search(r"down|lower|deeper|tiefer|runter|herunter|降|低", found[0], re.IGNORECASE)
    semitones = round(count * size) * (-1 if down else 1)
    return semitones or None


def _percent(found: re.Match[str]) -> int:
    change = number(found["count"])
    slower = re.search(r"slow|langsamer|慢", found[0], re.IGNORECASE)
    return round(100 - change if slower else 100 + change)


def _qpm_change(found: re.Match[str]) -> float:
    return float(found["n"]) * (-1 if found["way"].lower() in ("slower", "langsamer") else 1)


def _part(found: re.Match[str]) -> str | None:
    return lookup(PART_WORDS, found["part"])


@cache
def change_rules() -> tuple[Rule, ...]:
    """What only a reply to a song can say: faster, higher, without drums, another verse, again."""
    without = (
        r"(?:without|no|mute|drop|remove|leave out|take out|cut|delete|turn off|silence|don't (?:use|play|want)|"
        r"do not (?:use|play|want)|ohne|kein(?:e[nmrs]?)?|lass)"
    )
    article = r"(?:\s+(?:the|any|its|das|die|den|der))?"
    up_down = r"(?:up|down|higher|lower|höher|tiefer|rauf|runter|hoch|herunter)"
    return (
        *vocabulary_rules("percent", TEMPO_CHANGES), *vocabulary_rules("semitones", SEMITONE_CHANGES),
        *vocabulary_rules("length_factor", LENGTH_CHANGES), *vocabulary_rules("new_mode", MOOD_CHANGES),
        words_rule("percent", "112", "fast|quick|schnell", "快"), words_rule("percent", "89", "langsam", "慢"),
        *(Rule("new_mode", one.pattern, _mode_of(one)) for one in vocabulary_rules("mood", MOODS)),
        rule(
            "percent_exact",
            rf"{ABOUT}(?:by )?(?P<count>\d{{1,4}})\s*{_PERCENT}\s*(?:faster|slower|quicker|schneller|langsamer)",
            _percent,
        ),
        rule(
            "percent_exact",
            rf"(?:faster|slower|quicker|schneller|langsamer) (?:by|um) {ABOUT}(?P<count>\d{{1,4}})\s*{_PERCENT}",
            _percent,
        ),
        rule("percent_exact", rf"(?:speed|slow) (?:it )?(?:up|down) by (?P<count>\d{{1,4}})\s*{_PERCENT}", _percent),
        rule("percent_exact", r"[快慢](?P<count>\d{1,4})%", _percent),
        rule(
            "qpm_change",
            r"(?:by )?(?P<n>\d{1,4}) (?:bpm|qpm) (?P<way>faster|slower|schneller|langsamer)",
            _qpm_change,
        ),
        rule(
            "semitones",
            rf"(?:(?:move|transpose|shift|take|bring)?\s*(?:it )?)?{up_down}\s+(?:by |"
            rf"um )?(?:(?P<count>{NUMBER})\s+)?{_INTERVAL}{END}",
            _semitones,
        ),
        rule("semitones", rf"(?:(?P<count>{NUMBER})\s*)?{_INTERVAL}\s+{up_down}{END}", _semitones),
        rule("semitones", r"(?:up|down) (?:by )?(?P<count>\d{1,3})(?P<interval>)(?![\w%])", _semitones),
        rule("semitones", rf"[升降高低](?P<count>{NUMBER})?个?{_INTERVAL}", _semitones),
        rule("part", rf"{without}{article}\s+(?P<part>{PART})(?: weg| aus)?", _part),
        rule(
            "part",
            rf"(?:and|or|und|oder|,)\s*(?:{without}\s+)?(?:the )?(?P<part>{PART})(?=\s*(?:$|[.,!?\x00]|and|und|"
            rf"please|bitte))",
            _part,
        ),
        rule("part", rf"(?:和|、)(?P<part>{PART})(?=[，。]|$)", _part),
        rule("part", rf"(?:不要|去掉|没有|关掉|静音|删掉|别用|拿掉|不用)(?P<part>{PART})", _part),
        rule(
            "verse",
            rf"(?:(?:add|with|write) )?(?:another|one more|an? (?:new|extra|additional|further|second|third|"
            rf"fourth)|a|new|extra|more) (?:verse|stanza){END}",
        ),
        rule("verse", rf"(?:noch |und )?(?:eine )?(?:weitere |neue |zusätzliche )?strophe{END}(?: mehr)?"),
        rule("verse", r"(?:再来|再加|再写|再添|增加|加|多来|多写|添|再)(?:上)?一(?:段|节)(?:主歌|歌词)?"),
        *line_rules(), *music_rules(),
        words_rule("again", True, AGAIN, AGAIN_CHINESE),
        rule("key", rf"(?:to|nach) (?:the key of )?{NOTE}{MODE}{FOLLOWS}", key_of),
        refusal_rule(),
    )  # fmt: skip


def _mode_of(one: Rule) -> Callable[[re.Match[str]], str]:
    return lambda found: "minor" if str(one.value(found)).endswith("minor") else "major"
