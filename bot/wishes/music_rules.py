"""The rules that read changes of music out of a reply: harmonise it, another rhythm in bars 5-8, on a flute. Knows no songs."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bot.wishes import music_words as said
from bot.wishes.reading import Rule, any_word, lookup, rule
from bot.wishes.words import END, NUMBERS, PART_WORDS, STYLE_WORDS, number

LITTLE_PERCENT, HALF_PERCENT = 30, 50
_COUNTED = "|".join(sorted((word for word, n in NUMBERS.items() if n == int(n)), key=len, reverse=True))
_NUMBER = rf"(?:\d{{1,4}}|{_COUNTED})"
_FROM_TO = r"\s*(?P<joint{0}>-|–|to|through|until|bis|到|至|and|und|&|和)\s*"
_OF_NOTES = "(?: of (?:the|its) notes| der (?:noten|töne))?"
_AMOUNT = (
    rf"(?:(?:by|to|um|zu)\s+)?(?:about )?(?P<percent>\d{{1,4}})\s*(?:%|percent|per cent|prozent){_OF_NOTES}"
    rf"|(?P<half>half (?:of )?the notes{END}|(?:die )?hälfte der (?:noten|töne){END}|一半)"
    rf"|(?P<little>(?:just )?(?:a (?:little )?bit|a little|slightly){END}|(?:ein (?:wenig|bisschen)|etwas){END}"
    r"|一点儿?|稍微)"
)
_STYLE = any_word(STYLE_WORDS)
_INSTRUMENT = any_word(said.INSTRUMENT_WORDS)
_PITCHED_PART = any_word({part: words for part, words in PART_WORDS.items() if part != "drums"})


@dataclass(frozen=True)
class MusicWish:
    """What is asked of the music. value: which of the ways there are. bars: as `engine.music.bars` reads them, or None.

    percent: how far to go, None where it was not said.
    """

    value: Any = None
    bars: str | None = None
    percent: int | None = None


def music_rules() -> tuple[Rule, ...]:
    """What a reply says of notes, chords, bars and instruments."""
    harmonize = rf"(?:(?:{said.HARMONIZE}){END}|{said.HARMONIZE_CHINESE})"
    chinese = rf"{said.BLOCKS_CHINESE}|{said.CHOIR_CHINESE}"
    with_voices = rf"(?:[\s,]+(?:{said.CHOIR}|{said.BLOCKS}|with chords|mit akkorden){END}|{chinese})?"
    voices_alone = rf"(?:{said.CHOIR_ALONE}|{said.BLOCKS}){END}|{chinese}"
    return (
        _in_bars("harmonize", rf"(?:{harmonize}{with_voices}|{voices_alone})", _voices),
        _in_bars("melody", _either(said.MELODY, said.MELODY_CHINESE)),
        _in_bars("remix", _either(said.RHYTHM, said.RHYTHM_CHINESE), lambda found: "rhythm"),
        _in_bars("remix", _either(said.PITCHES, said.PITCHES_CHINESE), lambda found: "pitch"),
        _in_bars("humanize", _either(said.HUMANIZE, said.HUMANIZE_CHINESE)),
        *_infill_rules(), *_arrange_rules(), *_part_rules(), *_more_bars_rules(),
    )  # fmt: skip


def instrument_rule() -> Rule:
    """An instrument alone, which is also an option of new music: "on a flute", "用长笛"."""
    return rule(
        "instrument",
        r"(?:(?:for|on|with|played by|by|für|auf|mit|von)\s+|用|改用|换成)?"
        r"(?:(?:an?|the|solo|eine[rnm]?|ein|der|die|das|dem) ){0,3}"
        rf"(?P<n>{_INSTRUMENT})(?:来?(?:演奏|吹|弹|拉))?",
        lambda found: lookup(said.INSTRUMENT_WORDS, found["n"]),
    )


def _either(latin: str, chinese: str) -> str:
    return rf"(?:(?:{latin}){END}|{chinese})"


def _in_bars(field: str, core: str, value: Callable[[re.Match[str]], Any] = lambda found: None) -> Rule:
    """Return the rule of a change that may say in which bars, before or after, and how far to go."""
    pattern = (
        rf"(?:{_bars('1')}[\s,:，]*)?{core}(?:[\s,，]*{_bars('2')})?(?:[\s,，]*(?:{_AMOUNT}))?(?:[\s,，]*{_bars('3')})?"
    )
    return rule(field, pattern, lambda found: _wish(found, value(found)))


def _wish(found: re.Match[str], value: Any) -> MusicWish | None:
    """Return the wish of a match; None where its bars are no stretch, such as 3 and 7."""
    named = [text for tag in "123" if (text := _stretch(found, tag)) is not None]
    if "" in named or len(named) > 1:
        return None
    groups = found.groupdict()
    percent = int(groups["percent"]) if groups.get("percent") else None
    percent = HALF_PERCENT if groups.get("half") else LITTLE_PERCENT if groups.get("little") else percent
    return MusicWish(value, named[0] if named else None, percent)


def _bars(tag: str, *, bare: bool = False) -> str:
    """Return the pattern of some bars, whose groups end in a tag. bare: without a word before them."""
    to = _FROM_TO.format(tag)
    word = r"(?:bars?|measures?|takt(?:en?)?|t\.)"
    to_end = rf"\s*-|\s+on(?:wards)?{END}|\s+to the end{END}|\s+bis (?:zum )?(?:ende|schluss){END}"
    in_the = r"(?:(?:only |just )?(?:in|from|of|for|over|at|von|aus|für|ab)\s+)?(?:the |den |dem )?"
    latin = rf"{word}\s+(?P<first{tag}>{_NUMBER})(?:{to}(?:{word}\s+)?(?P<last{tag}>{_NUMBER})|(?P<on{tag}>{to_end}))?(?!\w)"
    zh_to = _FROM_TO.format(f"_zh{tag}")
    chinese = rf"第?(?P<zh_first{tag}>{_NUMBER})(?:(?:小节)?{zh_to}第?(?P<zh_last{tag}>{_NUMBER}))?个?小节的?"
    if not bare:
        latin, chinese = in_the + latin, f"(?:在|把|从)?{chinese}"
    return rf"(?:{latin}|{chinese})"


def _stretch(found: re.Match[str], tag: str) -> str | None:
    """Return "5-8", "9" or "5-" for bars of a match; None where none are named, "" where they are no stretch."""
    groups = found.groupdict()
    first = groups.get(f"first{tag}") or groups.get(f"zh_first{tag}")
    if first is None:
        return None
    last = groups.get(f"last{tag}") or groups.get(f"zh_last{tag}")
    low = int(number(first))
    if last is None:
        return f"{low}-" if groups.get(f"on{tag}") else str(low)
    high = int(number(last))
    joint = (groups.get(f"joint{tag}") or groups.get(f"joint_zh{tag}") or "").lower()
    if joint in ("and", "und", "&", "和") and high != low + 1:
        return ""
    return f"{low}-{high}"


def _voices(found: re.Match[str]) -> str:
    """Return who has the new chords, of `HARMONIES`."""
    text = found[0].lower()
    if re.search("choir|chor(?!d)|satb|part (?:harmony|voices|chorus)|vierstimmig|合唱", text):
        return "choir"
    has_blocks = re.search("block|akkordbl|柱式|块状|(?:harmoni[sz]e|harmonisier).*(?:with chords|mit akkorden)", text)
    return "chords" if has_blocks else "band"


def _infill_rules() -> tuple[Rule, ...]:
    verbs = "fill(?: in| up)?|infill|rewrite|redo|replace|recompose|compose|write|change|fülle?|schreibe?|mache?|ersetze?|ändere?"
    again = rf"(?:\s+(?:again|anew|afresh|differently|new|in|neu|aus|auf|um){END})?"
    chinese = "重新写|重写|补写|填补|填写|改写|换掉"

    def value(found: re.Match[str]) -> MusicWish | None:
        wish = _wish(found, None)
        return wish if wish is not None and wish.bars else None

    return (
        rule("infill", rf"(?:{verbs})\s+(?:(?:the|die|den|in)\s+)?{_bars('1', bare=True)}{again}", value),
        rule("infill", rf"(?:an? )?(?:new|different|neue|andere)\s+{_bars('1', bare=True)}", value),
        rule("infill", rf"{_bars('1', bare=True)}\s+(?:bitte\s+|please\s+)?(?:again|anew|new|neu|anders){END}", value),
        rule("infill", rf"(?:{chinese})(?:一下)?{_bars('1', bare=True)}", value),
        rule("infill", rf"{_bars('1')}(?:{chinese})", value),
    )  # fmt: skip


def _arrange_rules() -> tuple[Rule, ...]:
    """A style in words that mean the band alone; a style by itself may mean a new take."""
    article = r"(?:an? |the |eine[rnms]? |ein )?"
    arrange = r"(?:re-?)?arrang(?:e|ed|iere?n?|iert)(?: it| this| the song| es| das lied)?"

    def value(found: re.Match[str]) -> MusicWish:
        return MusicWish(lookup(STYLE_WORDS, found["style"]))

    return (
        rule(
            "arrange",
            rf"{arrange}(?: as| in| for| into| like| als| im| für| wie)? {article}(?P<style>{_STYLE})"
            r"(?:[ -](?:style|band|song|version|stil|lied))?",
            value,
        ),
        rule("arrange", rf"(?:in )?{article}(?P<style>{_STYLE})[ -](?:style|arrangement|band){END}", value),
        rule("arrange", rf"(?:with|by|for|mit|von|für) {article}(?P<style>{_STYLE})[ -]?band{END}", value),
        rule("arrange", rf"im (?P<style>{_STYLE})[ -]?stil{END}", value),
        rule("arrange", rf"(?:改编成|改编为|编成)(?P<style>{_STYLE})(?:风格|版|乐)?", value),
        rule("arrange", rf"用?(?P<style>{_STYLE})(?:风格的?)?(?:乐队|编曲)(?:来?演奏)?", value),
    )


def _part_rules() -> tuple[Rule, ...]:
    """ "The chords on a harp": a part of the band and what plays it."""
    article = r"(?:(?:an?|the|eine[rnm]?|ein|der|dem) )?"

    def value(found: re.Match[str]) -> MusicWish:
        part = lookup(PART_WORDS, found["part"])
        return MusicWish((part, lookup(said.INSTRUMENT_WORDS, found["n"])))

    return (
        rule(
            "part_on",
            rf"(?:(?:play|put|have|let|spiele?) )?(?:the |die |den |das )?(?P<part>{_PITCHED_PART})\s+"
            rf"(?:on|played by|by|with|to|auf|mit|von|für) {article}(?P<n>{_INSTRUMENT})",
            value,
        ),
        rule("part_on", rf"(?P<part>{_PITCHED_PART})(?:用|换成|改用|改成|由)(?P<n>{_INSTRUMENT})(?:来?(?:演奏|吹|弹|拉))?", value),
    )  # fmt: skip


def _more_bars_rules() -> tuple[Rule, ...]:
    """ "Eight more bars", and "extend it" without a number."""

    def value(found: re.Match[str]) -> MusicWish:
        return MusicWish(int(number(found["n"])) if "n" in found.groupdict() else None)

    bars, n = "(?:bars?|measures?)", rf"(?P<n>{_NUMBER})"
    go_on = r"(?:continue|go on|carry on|extend|lengthen)(?: it| the (?:music|song|tune|piece))?"
    return (
        rule(
            "more_bars",
            rf"(?:(?:add|write|play|with|another) )?{n} (?:more|extra|additional|further|new) {bars}{END}"
            rf"(?: at the end{END})?",
            value,
        ),
        rule("more_bars", rf"another {n} {bars}{END}", value),
        rule("more_bars", rf"(?:add )?{n} {bars} (?:more|longer){END}", value),
        rule("more_bars", rf"{go_on} (?:for|by|with) {n} (?:more )?{bars}{END}", value),
        rule("more_bars", rf"noch {n} takte?{END}(?: mehr{END})?", value),
        rule("more_bars", rf"(?:um )?{n} takte? (?:mehr|länger){END}", value),
        rule("more_bars", rf"(?:再(?:来|加|写|接|奏|延长)?上?|延长){n}个?小节", value),
        rule("more_bars", rf"(?:extend|lengthen)(?: it| the (?:music|song|tune|piece))?{END}", value),
        rule("more_bars", rf"verlängere?(?: es| das lied)?{END}|延长", value),
    )
