"""What is sung of one typed English word: numbers, signs and abbreviations as words. Does not know lines or syllables.

"1984" -> "nineteen eighty four", "Mr." -> "mister", "NYC" -> "N Y C", "#LoveIsLove" -> "Love Is Love".
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from engine.errors import RequestError
from engine.lyrics.number_words import cardinal_words, number_words, ordinal_words
from engine.lyrics.pronouncing_dictionary import look_up
from engine.lyrics.pronunciation import POETIC
from engine.lyrics.prosody import WORD, syllables_of
from engine.lyrics.stretched import plain_spelling

LONGEST_DIGITS = 15
LONGEST_SPELLED = 5
_QUOTES = str.maketrans({"’": "'", "‘": "'", "ʼ": "'"})
_SIGNS = {"&": " and ", "%": " percent ", "+": " plus ", "=": " equals ", "@": " at ", "°": " degrees ", "¢": " cents ",
          "×": " times ", "/": " ", "_": " ", "•": " "}  # fmt: skip
_HALVES = {"½": "one half", "¼": "one quarter", "¾": "three quarters", "⅓": "one third", "⅔": "two thirds"}
_COINS = {"$": "dollar", "£": "pound", "€": "euro", "¥": "yen"}
_SCALES = {"k": "thousand", "m": "million", "b": "billion", "bn": "billion"}
_EMOTICON = re.compile(r"[<>]?[:;=8xX][-'^o]?[()\[\]DPpOo/\\|3*]+|<+/?3+|\^_*\^|[-o>]_+[-o<]|¯.*¯")
# Without a full stop at the end, in lower case.
_SHORT = {
    "mr": "mister", "mrs": "missus", "ms": "miz", "jr": "junior", "sr": "senior", "vs": "versus", "etc": "et cetera",
    "prof": "professor", "capt": "captain", "sgt": "sergeant", "lt": "lieutenant", "mt": "mount", "ave": "avenue",
    "blvd": "boulevard", "feat": "featuring", "w/": "with", "w/o": "without", "b/c": "because", "ok": "okay",
    "gr8": "great", "b4": "before", "l8r": "later", "m8": "mate", "h8": "hate", "2nite": "tonight", "2day": "today",
    "2morrow": "tomorrow", "4ever": "forever", "4eva": "forever", "pls": "please", "plz": "please", "thx": "thanks",
    "ppl": "people", "24/7": "twenty four seven", "9/11": "nine eleven", "7-11": "seven eleven", "xoxo": "X O X O",
    "'n": "'n'", "n'": "'n'",
    "rock'n'roll": "rock 'n' roll", "r&b": "R and B", "c/o": "care of",
}  # fmt: skip
_ONLY_WITH_A_STOP = frozenset({"feat", "mt", "ave", "lt", "prof", "jr", "sr", "ms"})
_BEFORE_NAMES = {"st": ("saint", "street"), "dr": ("doctor", "drive")}
_SPELLED = frozenset("US UK EU UN LA DC PM PC ID IQ AI MC NBA NFL UFO SOS USA FBI CIA DNA GPS VIP RIP".split())
_AROUND = '"()[]{}*~`|,;:!?…—–.><'

_FRACTION = re.compile(r"(?<![\d/])(\d{1,2})[/⁄](\d{1,2})(?![\d/])")
_PARTS = {2: "half", 3: "third", 4: "quarter", 5: "fifth", 8: "eighth", 10: "tenth"}
_TIME = re.compile(r"(?<!\d)(\d{1,2}):([0-5]\d)(?!\d)(?:([ap])\.?m\b\.?)?", re.IGNORECASE)
_HOUR = re.compile(r"(?<!\d)(\d{1,2})([ap])\.?m\b\.?", re.IGNORECASE)
_MONEY = re.compile(r"([$£€¥])(\d[\d,]*)(?:\.(\d\d))?(bn|[kmb])?(?![a-z\d])", re.IGNORECASE)
_PHONE = re.compile(r"(?<!\d)(?:\d{3}-)?\d{3}-\d{4}(?!\d)")
_RANGE = re.compile(r"(?<=\d)[-–](?=\d)")
_DECADE = re.compile(r"'?(?<!\d)([2-9]0)'?s\b")
_DECIMAL = re.compile(r"(?<!\d)(\d*)\.(\d+)(?!\d)")
_THOUSANDS = re.compile(r"(?<!\d)\d{1,3}(?:,\d{3})+(?!\d)")
_NUMBER = re.compile(r"(\d+)(st|nd|rd|th|'?s)?(?![a-z])|(\d+)", re.IGNORECASE)
_DOTTED = re.compile(r"(?:[A-Za-z]\.){2,}[A-Za-z]?")
_HASHTAG = re.compile(r"#(?=\w)")
_HUMPS = re.compile(r"(?<=[a-z\d])(?=[A-Z])|(?<=[A-Za-z])(?=\d)")
_ROMAN = {"II": "two", "III": "three", "IV": "four", "VI": "six", "VII": "seven", "VIII": "eight", "IX": "nine"}
_DASH = re.compile(r"\s*(?:[—–]|--+)\s*")


def said(word: str, following: str = "", *, shouted: bool = False) -> str:
    """Return what is sung of a typed word, "" for what has no sound.

    following: the next word, which may be a name. shouted: whether all of its line is in capitals, where US is us.
    """
    word = _plain(word)
    if _EMOTICON.fullmatch(word):
        return ""
    front, core, back = _parted(word)
    if found := _short(core, back, following):
        return " ".join((front + found + back.replace(".", "", 1)).split())
    for pattern, read in _READINGS:
        core = pattern.sub(read, core)
    if not front.endswith("#"):
        core = re.sub(r"^-(?=\d)", "minus ", core)
    core = _NUMBER.sub(_said_number, core)
    for sign, read_as in _SIGNS.items():
        core = core.replace(sign, read_as)
    text = _DASH.sub("— ", front + core + back)
    kept = "".join(c if _is_sung(c) or c in "'-—…,.;:!?\"()" else " " for c in text)
    parts = [_spelled(part, shouted=shouted) for part in kept.split() if WORD.search(part)]
    return " ".join(_with_a_letter_each(part) for whole in parts for part in whole.split())


def _plain(word: str) -> str:
    """Return a word with plain signs: quotes, digits and letters of every width as those of a keyboard."""
    for sign, name in _HALVES.items():
        word = re.sub(rf"(?<=\d){sign}", f" and {name} ", word).replace(sign, f" {name} ")
    word = unicodedata.normalize("NFKC", word.translate(_QUOTES))
    return "".join(str(n) if (n := unicodedata.decimal(c, None)) is not None else c for c in word)


def _parted(word: str) -> tuple[str, str, str]:
    """Return the marks before a word, the word, and the marks behind it."""
    core = word.strip(_AROUND)
    if core[:1].isdigit() and word[: word.find(core)].endswith("."):
        core = "." + core  # .5
    at = word.find(core)
    return word[:at], core, word[at + len(core) :]


def _short(core: str, back: str, following: str) -> str:
    """Return what an abbreviation stands for; "" for other words."""
    plain, has_stop = core.lower(), back.startswith(".")
    if plain in _BEFORE_NAMES and (has_stop or core[:1].isupper()):
        return _BEFORE_NAMES[plain][0 if following[:1].isupper() else 1]
    if plain == "no" and has_stop and following[:1].isdigit():
        return "number"
    if plain in _ONLY_WITH_A_STOP and not has_stop:
        return ""
    if core in _ROMAN:
        return _ROMAN[core]
    if _DOTTED.fullmatch(core + ("." if has_stop else "")):
        return " ".join(letter.upper() for letter in core if letter.isalpha())
    return _SHORT.get(plain, "")


def _is_sung(character: str) -> bool:
    """Return whether a character is a letter of the Latin script or a mark on one."""
    name = unicodedata.name(character, "")
    is_latin = name.startswith(("LATIN", "FEMININE ORDINAL", "MASCULINE ORDINAL"))
    return bool((character.isalpha() and is_latin) or unicodedata.combining(character))


def _spelled(part: str, *, shouted: bool) -> str:
    """Return a word letter by letter where it is an abbreviation: in capitals and no word, or without a vowel."""
    word = re.sub(r"[^\w]", "", part)
    plural = re.fullmatch(r"([A-Z]{2,5})s", word)
    letters = plural[1] if plural else word
    if not 2 <= len(letters) <= LONGEST_SPELLED or not letters.isascii() or "'" in part.strip("'\""):
        return part
    is_known = bool(look_up(letters.lower())) or plain_spelling(letters.lower()) in POETIC
    has_vowel = bool(re.search(r"[aeiouy]", letters.lower()))
    is_spelled = bool(plural) or (letters in _SPELLED and not (shouted and is_known))
    if not is_spelled and (is_known or (has_vowel and not letters.isupper())):
        return part
    if not is_spelled and plain_spelling(letters.lower()) != letters.lower():
        return part
    at = part.find(word)
    return part[:at] + " ".join(letters) + ("'s" if plural else "") + part[at + len(word) :]


def _with_a_letter_each(word: str) -> str:
    """Return a word in which every syllable has a letter: "www" is sung as "double-u double-u double-u"."""
    if all(any(c.isalpha() for c in syllable.text) for syllable in syllables_of(word)):
        return word
    return " ".join("double-u" if letter == "w" else letter for letter in word.lower() if letter.isalpha())


def _said_number(found: re.Match[str]) -> str:
    digits, ending = found[1] or found[3], (found[2] or "").lower().strip("'")
    if len(digits) > LONGEST_DIGITS:
        raise RequestError(f"the number {digits[:LONGEST_DIGITS]}... is too long to be sung; write it in words")
    words = ordinal_words(digits) if ending in ("st", "nd", "rd", "th") else number_words(digits)
    return _spaced([*words[:-1], _plural(words[-1])] if ending == "s" else words)


def _plural(word: str) -> str:
    return word[:-1] + "ies" if word.endswith("y") else word + "es" if word.endswith("x") else word + "s"


def _spaced(words: list[str]) -> str:
    return " " + " ".join(words) + " "


def _fraction(found: re.Match[str]) -> str:
    top, bottom = int(found[1]), int(found[2])
    if 0 < top < bottom and bottom in _PARTS:
        part = _PARTS[bottom] if top == 1 else {2: "halves"}.get(bottom, _PARTS[bottom] + "s")
        return _spaced([*cardinal_words(found[1]), part])
    return _spaced([*number_words(found[1]), *number_words(found[2])])


def _time(found: re.Match[str]) -> str:
    minutes = int(found[2])
    words = number_words(str(int(found[1])))
    if minutes:
        words += ["oh", *number_words(str(minutes))] if minutes < 10 else number_words(found[2])
    elif not found[3]:
        words.append("o'clock")
    return _spaced([*words, *([found[3].upper(), "M"] if found[3] else [])])


def _hour(found: re.Match[str]) -> str:
    return _spaced([*number_words(str(int(found[1]))), found[2].upper(), "M"])


def _money(found: re.Match[str]) -> str:
    whole = found[2].replace(",", "")
    coin = _COINS[found[1]]
    scale = _SCALES.get((found[4] or "").lower())
    coins = coin if coin == "yen" or (whole == "1" and not scale and not found[3]) else coin + "s"
    words = [*_short_enough(whole), *([scale] if scale else []), coins]
    return _spaced([*words, *(number_words(str(int(found[3]))) if found[3] and int(found[3]) else [])])


def _short_enough(digits: str) -> list[str]:
    if len(digits) > LONGEST_DIGITS:
        raise RequestError(f"the number {digits[:LONGEST_DIGITS]}... is too long to be sung; write it in words")
    return cardinal_words(digits)


def _phone(found: re.Match[str]) -> str:
    digits = (number_words(digit)[0] for digit in found[0] if digit.isdigit())
    return _spaced(["oh" if digit == "zero" else digit for digit in digits])


def _decade(found: re.Match[str]) -> str:
    return _spaced([_plural(number_words(found[1])[0])])


def _decimal(found: re.Match[str]) -> str:
    whole = _short_enough(found[1]) if found[1] else []
    return _spaced([*whole, "point", *(number_words(digit)[0] for digit in found[2][:LONGEST_DIGITS])])


def _thousands(found: re.Match[str]) -> str:
    return _spaced(_short_enough(found[0].replace(",", "")))


_READINGS: tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...] = (
    (re.compile(r"#(?=\d)"), "number "),
    (re.compile(r"^@(?=\w)"), ""),
    (re.compile(r"(?<=\w)\.(?=(?:com|org|net|edu|gov|io|uk|de|cn)\b)"), " dot "),
    (re.compile(r"(?<=#)\w+"), lambda found: _HUMPS.sub(" ", found[0])),
    (_HASHTAG, " "),
    (_FRACTION, _fraction),
    (_TIME, _time),
    (_HOUR, _hour),
    (_MONEY, _money),
    (_PHONE, _phone),
    (_RANGE, " to "),
    (_DECADE, _decade),
    (_THOUSANDS, _thousands),
    (_DECIMAL, _decimal),
)
