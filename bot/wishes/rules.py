"""The rules that read options and changes out of a message: keys, tempos, rhymes, parts. Knows no requests or songs."""

from __future__ import annotations

import re
from functools import cache

from bot.wishes.keys import FOLLOWS, key_of, key_rules
from bot.wishes.music_rules import instrument_rule
from bot.wishes.reading import FILLER, Rule, any_word, lookup, rule, vocabulary_rules, words_rule
from bot.wishes.words import (
    CHINESE_FILLERS,
    END,
    FILLERS,
    GERMAN_FILLERS,
    KINDS,
    METERS,
    METRE_WORDS,
    MODES,
    MOODS,
    MORE_MOODS,
    NOT_FOLLOWED,
    NUMBER,
    OTHER_STYLES,
    OTHER_STYLES_CHINESE,
    PACES,
    PART_WORDS,
    RHYME_WORDS,
    SECTION_LETTERS,
    STYLE_WORDS,
    VOICE_WORDS,
    number,
)
from engine.errors import RequestError
from engine.music.theory import Chord

_SCHEME = r"(?:[A-Z]{2,8}|X)(?:/(?:[A-Z]{2,8}|X)){0,2}"
_STOP = (
    r"(?!(?:about|with|in|at|on|for|rhym\w*|and|please|as|but|über|mit|bitte|instead|songs?|then|to|slow|fast|"
    r"make|und|im)\b)"
)
_NOT_A_NAME = r"(?!(?:a|an|the|my|this|that|it|your|our|his|her|some|no|ein|eine|der|die|das|to|you|i|we)\b)"
_NAME = rf"{_NOT_A_NAME}(?P<name>(?:{_STOP}(?:[a-z]\.\s*|[^\W\d_][\w'’-]*\s*)){{1,5}})"
_LENGTH = (
    rf"(?:(?P<m>\d{{1,2}}):(?P<s>[0-5]\d)(?:[ -]?(?:minutes?|min|minuten))?"
    rf"|(?P<minutes>{NUMBER})[ -]*(?:minutes?{END}|mins?{END}|minuten?{END}|分钟|分)(?P<half>半)?"
    rf"(?:[ ,]*(?:and |und )?(?P<seconds>\d{{1,3}})[ -]*(?:seconds?{END}|secs?{END}|sekunden?{END}|秒))?"
    rf"|(?P<only>\d{{1,6}}s{END}|{NUMBER}[ -]*(?:seconds?{END}|secs?{END}|sekunden?{END}|秒钟?)))"
)
ABOUT = r"(?:about |around |roughly |approximately |etwa |ungefähr |ca\.? |大约|大概)?"
_CHORD_WORD = r"(?:(?:with |on |over |using )?(?:the )?chords?|(?:mit (?:den )?)?akkorden?|和弦)"
_CHORD = r"[A-G](?:#|b|♯|♭)?(?:maj|min|m|dim|aug|sus|add|[#b]?\d|°|ø|\+)*(?:/[A-G](?:#|b)?)?(?![A-Za-z0-9#'])"
_SECTION = any_word(SECTION_LETTERS)
PART = any_word(PART_WORDS)


def _seconds(found: re.Match[str]) -> float:
    if found["m"]:
        return 60 * int(found["m"]) + int(found["s"])
    if found["only"]:
        return number(re.sub(r"[ -]*(?:s|seconds?|secs?|sekunden?|秒钟?)$", "", found["only"], flags=re.IGNORECASE))
    return 60 * number(found["minutes"]) + (30 if found["half"] else 0) + int(found["seconds"] or 0)


def _scheme(found: re.Match[str]) -> str | None:
    """Return a rhyme scheme in capitals; None for a word: small letters must bring each letter after the one before."""
    text = found["scheme"]
    if text != text.upper() and not all(map(_in_order, text.upper().split("/"))):
        return None
    return text.upper()


def _bare_scheme(found: re.Match[str]) -> str | None:
    text = found["scheme"].upper()
    return text if all(map(_in_order, text.split("/"))) and len(set(text)) < len(text) else None


def _in_order(scheme: str) -> bool:
    letters = [letter for letter in dict.fromkeys(scheme) if letter != "X"]
    return letters == list("ABCDEFGH"[: len(letters)])


def _chords(found: re.Match[str]) -> str | None:
    """Return the chord symbols of a match, which is cut to them: RequestError is for the engine to raise."""
    symbols = re.split(r"[\s,|–-]+", found["chords"].strip(" ,|-–"))
    try:
        for symbol in symbols:
            Chord.parse(symbol)
    except RequestError:
        return None
    return " ".join(symbol[0].upper() + symbol[1:] for symbol in symbols)


def _syllables(found: re.Match[str]) -> str:
    numbers = re.sub(r"\s+", "", found["numbers"]).replace("，", ",").replace("、", ",")
    fewest, dash, most = numbers.partition("-")
    is_range = dash and most.isdigit() and fewest.isdigit() and int(fewest) < int(most)
    return numbers if is_range else numbers.replace("-", ",")


def _form_of_letters(found: re.Match[str]) -> str | None:
    letters = found["letters"].upper()
    return letters if set(letters) <= set("VPCBINO") and "V" in letters + "C" else None


def _form_of_names(found: re.Match[str]) -> str:
    """Return VCV for "verse, chorus, verse"."""
    names = re.finditer(any_word(SECTION_LETTERS), found[0], re.IGNORECASE)
    return "".join(lookup(SECTION_LETTERS, name[0]) or "" for name in names)


def _form_of_counts(found: re.Match[str]) -> str | None:
    """Return VCVC for "two verses and a chorus", VCVCBC with a bridge, VVV for "three verses"."""
    verses = number(found["count"])
    if verses not in range(1, 9):
        return None
    rest = found["rest"] or ""
    form = ("VC" if re.search("chorus(?:es)?|refrain|副歌", rest, re.IGNORECASE) else "V") * int(verses)
    bridge = re.search("bridge|brücke|桥段", rest, re.IGNORECASE)
    return (form + ("BC" if form.endswith("C") else "B")) if bridge else form


def _style_named(found: re.Match[str]) -> str | None:
    return lookup(STYLE_WORDS, found["style"])


@cache
def keyword_rules() -> tuple[Rule, ...]:
    """Rules that say what they mean by a number or a keyword, so that they count within a theme as well."""
    return (
        *key_rules(),
        rule(
            "tempo_qpm",
            rf"{ABOUT}(?:at |at a )?(?:tempo|速度)?[:=]?\s*(?P<n>\d{{1,6}}(?:\.\d+)?)\s*(?:bpm|qpm|beats (?:per|"
            rf"a) minute){END}",
            _number,
        ),
        rule(
            "tempo_qpm",
            r"(?:at )?(?:a )?(?:tempo|速度|tempo auf|mit tempo)(?: of| auf)?\s*[:=]?\s*(?P<n>\d{1,6})(?![\w/])",
            _number,
        ),
        rule("tempo_qpm", rf"(?:at|auf)\s+{ABOUT}(?P<n>\d{{2,6}})(?![\w/%:]){FOLLOWS}", _number),
        rule("tempo_qpm", r"(?:速度|tempo)?(?:调到|调成|改为|改成|设为|设成|到)\s*(?P<n>\d{2,6})(?![\d/])", _number),
        rule("tempo_qpm", r"每分钟(?P<n>\d{1,6})拍", _number),
        rule(
            "time_signature",
            r"(?:in|im|time signature|meter|metre)\s+(?P<n>\d{1,2}/\d{1,2})(?:[ -]?(?:time|takt))?(?![\w/])",
            _text,
        ),
        rule("time_signature", r"(?P<n>\d{1,2}/\d{1,2})\s*(?:[ -]?(?:time|takt|meter)(?!\w)|拍)", _text),
        rule(
            "rhyme",
            rf"(?:rhym(?:e|es|ed|ing)|reim(?:t|en|e|schema)?|gereimt)(?: scheme| pattern)?(?: it| sich|"
            rf" them)?(?: as| in| like)?\s*[:=]?\s*[\"“]?(?P<scheme>{_SCHEME})(?![\w/])[\"”]?",
            _scheme,
        ),
        rule("rhyme", rf"(?:in |with )?(?P<scheme>{_SCHEME})[ -](?:rhym(?:es?|ing)(?: scheme)?|reim){END}", _scheme),
        rule("rhyme", rf"(?:押韵|韵式|押)(?:是|为|用|成)?\s*[:：]?\s*(?P<scheme>{_SCHEME})(?![A-Za-z/])韵?", _scheme),
        rule(
            "syllables",
            r"(?:每行|每句)?(?P<numbers>\d{1,9}(?:\s*[,/，、-]\s*\d{1,9}){0,20})\s*-?\s*(?:syllables?|silben|"
            r"个?音节)(?: (?:per|a|in each) line| each| pro zeile)?",
            _syllables,
        ),
        rule(
            "syllables",
            r"(?:syllables|silben|音节)\s*[:=]?\s*(?P<numbers>\d{1,9}(?:\s*[,/，、-]\s*\d{1,9}){0,20})(?!\w)",
            _syllables,
        ),
        rule("form", r"(?:form|form:|曲式[:：]?)\s*[\"“]?(?P<letters>[VPCBINO]{1,24})(?!\w)[\"”]?", _form_of_letters),
        rule("form", rf"{_SECTION}(?:\s*[,/-]?\s*(?:and |then )?{_SECTION}){{2,23}}", _form_of_names),
        rule("length_seconds", rf"(?:lasting|length:?|dauert|länge:?)\s*{ABOUT}{_LENGTH}", _seconds),
        rule("length_seconds", rf"{ABOUT}{_LENGTH}(?:[ -]?(?:long|lang){END}| in length|长)", _seconds),
        rule(
            "voice",
            rf"(?:(?:for|sung by|by|für|von) )(?:an? |einen? |einem )?(?P<voice>sopranos?|sopran|altos?|alt|"
            rf"tenors?|bass){END}(?! (?:line|guitar|drum|player))(?: voice)?",
            _voice,
        ),
        rule("chords", rf"{_CHORD_WORD}\s*[:=]?\s*(?P<chords>{_CHORD}(?:[\s,|–-]+{_CHORD}){{0,63}})", _chords),
        rule(
            "style",
            rf"(?:in the style of|im stil von|im stil eine[sr]) (?:an? |the )?(?P<style>{any_word(STYLE_WORDS)})",
            _style_named,
        ),
        rule("artist", rf"(?:in the (?:style|manner) of|in the voice of|im stil von|à la|a la) {_NAME}", _name),
        rule("artist", r"(?:像|模仿|仿)(?P<name>[A-Za-z][A-Za-z .'-]{1,60})(?:的风格|那样|一样)?", _name),
        rule(
            "seed",
            r"(?:with |use |mit )?(?:the )?(?:seed|种子)\s*[:=]?\s*(?P<n>\d{1,20})(?!\w)",
            lambda found: int(found["n"]),
        ),
        rule(
            "inner_rhyme",
            rf"(?:(?:(?:with |and )?(?:internal|inner) rhym(?:es?|ing)|(?:mit )?binnenreim(?:en?)?){END}|句中韵)"
            rf"(?:\s*[:,]?\s*(?P<scheme>{_SCHEME})(?![\w/]))?",
            lambda found: _scheme(found) if found["scheme"] else "",
        ),
        rule("bars", r"(?P<n>\d{1,6})[ -]?(?:bars?|measures?|takte|小节)(?![a-z])", lambda found: int(found["n"])),
    )  # fmt: skip


@cache
def title_rules() -> tuple[Rule, ...]:
    """The rule of a title in quotation marks, which counts beside a theme only: alone it is the theme."""
    return (
        rule(
            "title",
            r"(?:called|titled|entitled|with the title|namens|mit dem titel|歌名|题为|名为|叫)(?:是|为)?\s*[:：]?\s*"
            r"[\"“„«《](?P<n>[^\"”“»》\n]{1,80})[\"”“»》]",
            _text,
        ),
    )  # fmt: skip


def _number(found: re.Match[str]) -> float:
    return float(found["n"])


def _text(found: re.Match[str]) -> str:
    return found["n"]


def _name(found: re.Match[str]) -> str | None:
    return found["name"].strip() or None


def _voice(found: re.Match[str]) -> str | None:
    return lookup(VOICE_WORDS, found["voice"]) or ("bass" if found["voice"].lower() == "bass" else None)


@cache
def option_rules() -> tuple[Rule, ...]:
    """Rules of single words that may as well belong to a theme: they count beside it only."""
    return (
        *vocabulary_rules("style", STYLE_WORDS),
        words_rule("other_style", True, OTHER_STYLES, OTHER_STYLES_CHINESE),
        *vocabulary_rules("voice", VOICE_WORDS),
        *vocabulary_rules("time_signature", METERS),
        *vocabulary_rules("rhyme", RHYME_WORDS),
        *vocabulary_rules("metre", METRE_WORDS),
        words_rule("limerick", True, "limericks?"),
        words_rule("syllables", "8,6,8,6", "(?:in )?common met(?:er|re)"),
        rule("syllables", r"(?P<numbers>\d{1,2}(?:[,-]\d{1,2}){3,7})(?!\w)", _syllables),
        rule("time_signature", r"(?P<n>\d{1,2}/\d{1,2})(?![\w/])", _text),
        rule("rhyme", rf"(?P<scheme>[A-HX]{{4,8}}(?:/[A-HX]{{2,8}}){{0,2}}){END}", _bare_scheme),
        rule(
            "form",
            rf"(?P<letters>[IVC]{{1,2}}[VPCBINO]{{2,22}}){END}", lambda found: _form_of_letters(found) if {"V",
            "C"} <= set(found[0].upper()) else None,
        ),
        rule("form", rf"{_SECTION}(?:\s*[,/-]?\s*(?:and |then )?{_SECTION})+", _form_of_names),
        rule(
            "form",
            rf"(?:with |mit )?(?P<count>{NUMBER})\s*(?:verses?|strophen?|段主歌)(?P<rest>(?:[ ,]*(?:and|with|und|mit|"
            rf"[和加]|\s)*\s*(?:a |an |one |two |three |eine[nmr]? |the )?(?:chorus(?:es)?|refrains?|bridge|brücke|"
            rf"副歌|桥段))*){END}",
            _form_of_counts,
        ),
        rule("form", r"(?:with|mit) (?:a |an |einer )?(?:bridge|brücke)(?!\w)", lambda found: "VCVCBC"),
        rule("form", r"(?:with no|without(?: an?| the)?|no|ohne) (?:chorus(?:es)?|refrain)(?!\w)", lambda found: "VVV"),
        rule("length_seconds", rf"(?:for |of )?{ABOUT}{_LENGTH}{NOT_FOLLOWED}", _seconds),
        rule("artist", rf"(?:like|wie) {_NAME}", _name),
        instrument_rule(),
        rule("key", rf"(?P<tonic>a)(?P<accidental>)[ -]*(?P<mode>major|minor)(?P<m>)(?:[ -]key)?{END}", key_of),
    )  # fmt: skip


@cache
def request_rules() -> tuple[Rule, ...]:
    """What only a new request can say in single words: mood, pace, words alone or music alone."""
    return (
        *vocabulary_rules("mood", MOODS), *vocabulary_rules("mode", MODES), *vocabulary_rules("words_mood", MORE_MOODS),
        *vocabulary_rules("pace", PACES),
        *vocabulary_rules("kind", KINDS),
        words_rule("length_seconds", 60.0, "short|kurze?[nrsm]?", "短"),
        words_rule("length_seconds", 240.0, "long(?= )|lange?[nrsm]?", "长"),
        refusal_rule(),
    )  # fmt: skip


def refusal_rule() -> Rule:
    """What is asked not to be done is not guessed at, up to the end of its clause."""
    parts = rf"(?:\s*(?:use|play|want|need|include|have|the|any|要)?)*\s*{PART}"
    return rule(
        "refusal",
        rf"(?:(?:don't|do not|dont|never|not|nicht){END}|别|不要|不用)(?!\s+(?:so|too)\s)(?!{parts})[^,.;!?\n\x00，。；！？]*",
    )


@cache
def filler_rules(german: bool) -> tuple[Rule, ...]:
    """Words that change nothing. german: whether the message is German."""
    latin = FILLERS + ("|" + GERMAN_FILLERS if german else "")
    return (words_rule(FILLER, True, latin, CHINESE_FILLERS), rule(FILLER, r"<@!?\d+>"))


@cache
def closing_rules() -> tuple[Rule, ...]:
    """What may follow a theme without belonging to it."""
    return (
        words_rule(FILLER, True, "please|pls|instead|thanks|thank you|bitte|danke|stattdessen|doch", "吧|谢谢|好吗"),
    )


@cache
def connecting_rules() -> tuple[Rule, ...]:
    """What joins a theme with an option: "the sea *with* rhyme ABAB"."""
    return (
        words_rule(FILLER, True, "and|with|in|at|for|but|a|an|the|mit|und|im|please|bitte|instead|then", "和|用|并"),
    )
