"""What a member means by a sentence: a mention of the bot is a request, a reply to a song is a change of it.

Pure: knows neither Discord nor SQL. What was understood comes back to be repeated, and every other word as well.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bot.wishes.change_rules import change_rules
from bot.wishes.changes import changes
from bot.wishes.edits import SongFacts
from bot.wishes.options import REMADE, Phrase, fit_to, kind_of, options_of
from bot.wishes.reading import FILLER, Found, Reading, Rule
from bot.wishes.rules import filler_rules, keyword_rules, option_rules, request_rules, title_rules
from bot.wishes.themes import EDGES, SING, WORDS, Theme, announced_theme, bare_theme, own_words, quoted_theme
from bot.wishes.words import GERMAN
from engine.contract import MAX_THEME_CHARACTERS, STYLES, Request
from engine.errors import RequestError

ABOUT_SOMETHING = re.compile(r"\b(?:about|über)\b|关于", re.IGNORECASE)

__all__ = ["Phrase", "SongFacts", "Understood", "understand_request", "understand_wish"]


@dataclass(frozen=True)
class Understood:
    """What a message means.

    request: None where there is nothing to do. phrases: what was understood, to be repeated, or asked back. not_understood:
    the member's own words that had no meaning. later: exact changes that must wait, since a song is changed by one at a
    time. fillers: words such as "please". Every word of a message is in one of these, in `source` of the phrases.
    """

    request: Request | None
    phrases: tuple[Phrase, ...]
    not_understood: tuple[str, ...]
    later: tuple[Phrase, ...] = ()
    fillers: tuple[str, ...] = ()


def understand_request(text: str) -> Understood:
    """Read "a sad waltz about the sea in A minor, rhyme ABAB, slow, 2 minutes"; RequestError for a value out of range.

    The request is None where there is no theme, nor words to sing.
    """
    text = _without_wide_gaps(text)
    reading = _begun(text)
    fillers = filler_rules(bool(GERMAN.search(text)))
    own = own_words(reading, SING)
    if not own and ABOUT_SOMETHING.search(re.sub(r"[\"“„«《][^\"”“»》]*[\"”“»》]", "", text)):
        reading.claim(reading.scan(0, len(text), reading.present(title_rules())))
    quoted = None if own else quoted_theme(reading)
    reading.claim(reading.scan(0, len(text), reading.present(keyword_rules())))
    rules = reading.present([*option_rules(), *request_rules(), *fillers])
    theme = quoted or (Theme() if own else announced_theme(reading, rules) or bare_theme(reading, rules))
    reading.claim([one for one in reading.scan(0, len(text), rules) if one.field != FILLER])
    leftovers = _leftovers(reading, fillers)
    kind = "sing" if own else kind_of(reading.found)
    values, phrases = fit_to(kind, options_of(reading, leftovers), leftovers)
    missing = _add_subject(kind, theme, own, values, phrases, leftovers)
    request = None if missing else REMADE[kind].model_validate(values)
    return _understood(reading, request, [*phrases, *missing], leftovers)


def understand_wish(text: str, song: SongFacts) -> Understood:
    """Read a reply to a song: "faster", "in A minor", "another verse about winter", "rhyme it AABB".

    Exact changes keep everything else; what they cannot do is asked for as a new take with the song's own request.
    RequestError for a value out of range.
    """
    text = _without_wide_gaps(text)
    reading = _begun(text)
    fillers = filler_rules(bool(GERMAN.search(text)))
    own = own_words(reading, WORDS)
    exact = [*keyword_rules(), *change_rules()]
    quoted = quoted_theme(reading, announced_only=True)
    rules = reading.present([*exact, *option_rules(), *fillers])
    theme = quoted or announced_theme(reading, rules, reading.present([*exact, *fillers])) or Theme()
    reading.claim([one for one in reading.scan(0, len(text), rules) if one.field != FILLER])
    leftovers = _leftovers(reading, fillers)
    _check_theme(theme.text)
    done = changes(reading, song, (theme.text, theme.source), own, leftovers)
    return _understood(reading, done.request, done.phrases, leftovers, done.later)


def _without_wide_gaps(text: str) -> str:
    """Return a text with single blanks and at most one empty line: rules try every blank of a gap, again and again."""
    return re.sub(r"\n{3,}", "\n\n", re.sub(r"[^\S\n]+", " ", text))


def _begun(text: str) -> Reading:
    """Return the reading of a message without the mentions that it begins with."""
    reading = Reading(text.encode(errors="replace").decode())  # halves of surrogate pairs are no text
    mentions = re.match(r"(?:\s*<@[!&]?\d+>[\s,:]*)+", reading.left)
    reading.claim([Found(FILLER, True, 0, mentions.end())] if mentions else [])
    return reading


def _understood(
    reading: Reading,
    request: Request | None,
    phrases: Sequence[Phrase],
    leftovers: list[str],
    later: Sequence[Phrase] = (),
) -> Understood:
    fillers = tuple(reading.source(one) for one in reading.found if one.field == FILLER)
    for one in reading.found:
        if one.field == "other_style":
            phrases = [*phrases, Phrase("wish.other_style", {"part": reading.source(one), "styles": ", ".join(STYLES)})]
    return Understood(request, tuple(phrases), tuple(leftovers), tuple(later), fillers)


def _add_subject(
    kind: str,
    theme: Theme,
    own: tuple[str, str] | None,
    values: dict[str, object],
    phrases: list[Phrase],
    leftovers: list[str],
) -> list[Phrase]:
    """Put the theme or the own words into a request's values; return what is to be asked for where they lack."""
    if kind == "music":
        if theme.source:
            leftovers.append(theme.source)
            phrases.append(Phrase("wish.no_place.music", {"part": theme.text}))
        return []
    if kind == "sing" and own:
        if not re.search(r"\w", own[0]):
            return [Phrase("ask.words", {}, own[1])]
        values["lyrics"] = own[0]
        phrases.append(Phrase("understood.own_words", {"lines": str(len(own[0].splitlines()))}, own[1]))
        return []
    _check_theme(theme.text)
    if not theme.text:
        return [Phrase("ask.theme", {}, theme.source)]
    values["theme"] = theme.text
    phrases.insert(0, Phrase("understood.theme", {"theme": theme.text}, theme.source))
    return []


def _check_theme(theme: str) -> None:
    if len(theme) > MAX_THEME_CHARACTERS:
        raise RequestError(
            f"the theme must be 1-{MAX_THEME_CHARACTERS} characters, got {len(theme)}; say it in one or two sentences"
        )


def _leftovers(reading: Reading, fillers: Sequence[Rule]) -> list[str]:
    """Claim what is left, fillers apart, and return it piece by piece."""
    leftovers = []
    for start, end in list(reading.pieces(0, len(reading.text), signs=r",;!?\n，。；！？")):
        first, last = reading.trimmed(start, end, fillers)
        if text := reading.text[first:last].strip(EDGES):
            if re.search(r"\w", text):
                leftovers.append(text)
            reading.claim([Found("leftover", text, first, last)])
    return leftovers
