"""What a song is to be about, and words to be sung, found in a message. Knows no requests and no songs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bot.wishes.reading import FILLER, Found, Reading, Rule
from bot.wishes.rules import closing_rules, connecting_rules

SING = re.compile(
    r"(?:\bsing(?:e|t)?(?: (?:this|these|it|the following|my|the|words|lyrics|own|text|das|dies|diese|"
    r"folgendes|meine|worte))*|唱(?:这首歌|这首|这段|这个|一下)?)"
    r"\s*(?:[:：]|\n)[ \t]*\n*",
    re.IGNORECASE,
)
WORDS = re.compile(
    r"(?:(?:with |use |mit )?(?:(?:the|these|my|different|other|new|own|following|neuer|neuem|anderer|anderem|"
    r"meinem) )*"
    r"\b(?:words|lyrics|text|liedtext)|(?:新|换)?歌词)\s*[:：]\s*",
    re.IGNORECASE,
)
_THING = (
    r"(?:songs?|tunes?|music|waltz|ballad|hymn|lullaby|blues|poem|lyrics|words|track|something|piece|verse|"
    r"stanza|lied|strophe|gedicht|walzer|ballade|wiegenlied)"
)
_STARTER = rf"\b{_THING}\b|\b(?:please|make|write|give|sing|bitte|mach\w*|schreib\w*)\b|[写做来唱首请]"
_ABOUT = re.compile(
    r"(?<!how )(?<!what )\b(?:about|regarding|concerning|on the (?:theme|subject|topic) of|(?:the )?(?:theme|"
    r"topic)\s*:)(?![\w'])"
    r"|\b(?:change |make )?(?:the )?(?:theme|topic|subject) to(?!\w)"
    r"|\b(?:über|ueber|zum thema|thema\s*:)(?!\w)|(?:关于|有关|主题是|主题[:：])"
    rf"|(?P<thing>\b{_THING})(?P<on>\s+(?:on|of|for|to|von|für)(?: the (?:theme|subject|topic) of)?(?!\w)|\s*:)",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"[\"“„«「《]([^\"“”„«»「」《》\x00]*\w[^\"“”„«»「」《》\x00]*)[\"”“»」》]")
_BEFORE_A_VALUE = re.compile(
    r"(?:rhym\w*|scheme|form|chords?|key|style|style of|like|by|von|wie|syllables)\s*[:=]?\s*$", re.IGNORECASE
)
_BOUNDARY = re.compile(r"(?:[,;](?!\d)|[.!?](?=\s|$)|\n|[，。；！？]|\s[-–—]\s|\s(?:but|aber)\s)")
_AND = re.compile(r"\s(?:and|und)\s|然后|并且", re.IGNORECASE)
_TAIL = re.compile(r"(?<!\w)(?:as|als|for|für|lasting|with|mit|(?P<inside>in|im))\s", re.IGNORECASE)
EDGES = ' \t\r\n,.;:!?…，。；：！？、"“”„«»「」《》-–—\x00'


@dataclass(frozen=True)
class Theme:
    """text: "" where there is none. source: its words with those that announce it."""

    text: str = ""
    source: str = ""


def own_words(reading: Reading, announcement: re.Pattern[str]) -> tuple[str, str] | None:
    """Claim "sing: ..." up to the end and return the words and their source; None where there are none."""
    match = announcement.search(reading.left)
    if match is None or _ABOUT.search(reading.left[: match.start()]):
        return None
    source = reading.text[match.start() :]
    reading.claim([Found("own_words", True, match.start(), len(reading.text))])
    return reading.text[match.end() :].strip(), source


def quoted_theme(reading: Reading, announced_only: bool = False) -> Theme | None:
    """Claim a theme in quotation marks, with what announces it."""
    for match in _QUOTED.finditer(reading.left):
        before = reading.left[: match.start()]
        about = [found for found in _ABOUT.finditer(before) if not before[found.end() :].strip()]
        if _BEFORE_A_VALUE.search(before) or (announced_only and not about):
            continue
        start = about[-1].start("on") if about and about[-1]["on"] else about[-1].start() if about else match.start()
        reading.claim([Found("theme", True, start, match.end())])
        return Theme(reading.text[match.start(1) : match.end(1)].strip(EDGES), reading.text[start : match.end()])
    return None


def announced_theme(reading: Reading, rules: Sequence[Rule], after_and: Sequence[Rule] = ()) -> Theme | None:
    """Claim the theme after "about" up to the first clause that says something else; None where nothing announces one."""
    match = _announcement(reading, rules)
    if match is None:
        return None
    begin, end = match.end(), len(reading.text)
    start = match.start("on") if match["on"] else match.start()
    reading.claim(reading.scan(0, start, [rule for rule in rules if rule.field != FILLER]))
    _claim_clauses(reading, begin, end, rules, after_and)
    if match[0] in ("关于", "有关"):
        _claim_after_de(reading, begin, rules)
    return _theme_of(reading, start, begin, end)


def _announcement(reading: Reading, rules: Sequence[Rule]) -> re.Match[str] | None:
    """Return what announces the theme; "about" rather than "for" in "words for a lullaby about stars"."""
    matches = [match for match in _ABOUT.finditer(reading.left) if _announces(reading, match, rules)]
    if len(matches) > 1 and matches[0]["on"]:
        limit = matches[1].start("on") if matches[1]["on"] else matches[1].start()
        if reading.whole(matches[0].end(), limit, rules):
            return matches[1]
    return matches[0] if matches else None


def _announces(reading: Reading, match: re.Match[str], rules: Sequence[Rule]) -> bool:
    """ "Of" announces a theme in "a quiet song of rain", not in "how I lost the song of birds"."""
    if not match["thing"]:
        return True
    known = reading.scan(0, match.start(), rules)
    unknown = list(reading.left[: match.start()])
    for one in known:
        unknown[one.start : one.end] = " " * (one.end - one.start)
    return len(re.findall(r"\w+", "".join(unknown))) <= 1


def _claim_clauses(
    reading: Reading, start: int, end: int, rules: Sequence[Rule], after_and: Sequence[Rule] = ()
) -> None:
    """Claim each clause after the first, and the tail of each, that has a meaning from end to end.

    after_and: what may follow an "and"; in "about the sea and jazz", jazz is a part of the theme.
    """
    left = reading.left
    limits = [(found.start(), found.end(), rules) for found in _BOUNDARY.finditer(left, start, end)]
    limits += [(found.start(), found.end(), after_and) for found in _AND.finditer(left, start, end) if after_and]
    but_styles = [rule for rule in rules if rule.field != "style"]  # "a girl in blues" may be what it is about
    for found in _TAIL.finditer(left, start + 1, end):
        limits.append((found.start(), found.start(), but_styles if found["inside"] else rules))
    edges = sorted({limit[0] for limit in limits} | {end})
    claimed = start
    for clause_start, after, known in sorted(limits, key=lambda limit: limit[:2]):
        edge = next(edge for edge in edges if edge > clause_start)
        whole = reading.whole(after, edge, known) if clause_start >= claimed else None
        if whole:
            joint = [Found(FILLER, True, clause_start, after)] if re.search(r"\w", left[clause_start:after]) else []
            reading.claim([*joint, *whole])
            claimed = edge


def _claim_after_de(reading: Reading, start: int, rules: Sequence[Rule]) -> None:
    """In 关于大海的华尔兹 the theme ends at the first 的 after which everything has a meaning."""
    clause = re.compile(r"[^，。；！？,.;!?\n\x00]*").match(reading.left, start)
    end = clause.end() if clause else start
    for position in range(start, end):
        if reading.left[position] != "的":
            continue
        found = reading.scan(position, end, rules)
        if sum(len(reading.source(one)) for one in found) == len("".join(reading.left[position:end].split())):
            reading.claim(found)
            return


def _theme_of(reading: Reading, start: int, begin: int, end: int) -> Theme:
    """Return what is left of a part as the theme, without the words that join it to what was understood."""
    texts = []
    for piece_start, piece_end in list(reading.pieces(begin, end)):
        closing = [*closing_rules(), *(connecting_rules() if piece_end < end else ())]
        first = piece_start
        if piece_start > begin:
            joints, first = reading.leading(piece_start, piece_end, connecting_rules())
            reading.claim(joints)
        last = reading.without_tail(first, piece_end, closing)
        if (text := reading.text[first:last].strip(EDGES)) and re.search(r"\w", text):
            texts.append(text)
            reading.claim([Found("theme", True, first, last)])
    announcement = reading.text[start:begin].strip()
    if announcement:
        reading.claim([Found("theme", True, start, begin)])
    return Theme(" ".join(texts), " ".join([announcement, *texts]).strip())


def bare_theme(reading: Reading, rules: Sequence[Rule]) -> Theme:
    """Return what is left of a message that announces no theme: "a slow waltz, rain over the harbour"."""
    end = len(reading.text)
    found, stop = reading.leading(0, end, rules)
    announces = re.search(_STARTER, reading.text[:stop], re.IGNORECASE)
    if found and (announces or stop == end or _BOUNDARY.search(reading.left, found[-1].end, stop)):
        reading.claim(found)
    else:
        stop = 0
    _claim_clauses(reading, stop, end, rules)
    _claim_noun(reading, rules)
    return _theme_of(reading, stop, stop, end)


def _claim_noun(reading: Reading, rules: Sequence[Rule]) -> None:
    """Take "a" and "song" off "a love song", where a message says no more of its theme."""
    match = re.search(
        rf"^\W*(?:<@\S+\W*)?(?:\w+ ){{0,3}}?(?P<first>(?:an?|some|eine?) )?(?:\w+ ){{1,3}}(?P<noun>{_THING})"
        r"(?=[\s,.;!?…。！？，]*(?:$|\x00))",
        reading.left,
    )
    for name in ("noun", "first") if match else ():
        start, end = match.span(name) if match else (0, 0)
        reading.claim(reading.scan(start, end, rules) if end > start >= 0 else [])
