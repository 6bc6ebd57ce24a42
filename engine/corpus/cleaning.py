"""Cleaning of song texts from the web and from books: markup, chords, addresses, what a page wrote around the words.

All rules are about forms, none is a list of names. Does not know labels, records or files.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

_BREAK = re.compile(r"(?i)<\s*(?:br|/?p|/?div|/?li|hr)\b[^<>]{0,200}>")
_TAG = re.compile(r"(?i)</?[a-z][a-z0-9]{0,15}(?:\s[^<>]{0,300})?/?>|<!--.*?-->")
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e"
    "\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufe0e\ufe0f\ufeff\ufff9-\ufffb]"
)
_CHARACTERS = str.maketrans(
    {"’": "'", "‘": "'", "`": "'", "´": "'", "ʼ": "'", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "…": "...",
     "\u00a0": " ", "\u3000": " ", "\t": " "}
)  # fmt: skip
_CHORD = r"[A-G](?:#|b|♯|♭)?(?:maj|min|m|M|dim|aug|sus|add|°|\+)?\d{0,2}(?:(?:sus|add|maj|b|#)\d{1,2}){0,2}(?:/[A-G](?:#|b)?)?"
_CHORD_IN_BRACKETS = re.compile(rf"\[\s*{_CHORD}\s*\]")
_CHORD_TOKEN = re.compile(rf"^\(?{_CHORD}\)?$")
_SURE_CHORD = re.compile(r"^[A-G](?:[#♯♭]|.*\d|.*/|(?:b?(?:maj|min|dim|aug|sus)))")
_TABLATURE = re.compile(r"^\s*(?:[A-Ga-g][#b]?\s?)?\|?(?=.*--)(?:[-|\d/\\~hpbxr. ]){6,}\|?\s*$")
_ADDRESS = re.compile(
    r"(?i)\b(?:https?://|www\.)\S+|\b[\w.+-]+@[\w-]+\.[a-z]{2,}\b|\b[\w-]+\.(?:com|org|net)/\S*|"
    r"^\W*[\w-]+\.(?:com|org|net|co\.uk)\W*$"
)
_STUCK_BUTTON = re.compile(
    r"(?<=[a-z.!?,'\")\]])(?:\d{1,5}[A-Z][a-z]+|\d*Embed)$|^\d*Embed$|^You might also like(?=\S|$)"
)
_PAGE = re.compile(
    r"(?i)\ball rights reserved\W*$|^\W*(?:\(c\)|©|copyright\b)|\blyrics (?:are )?(?:provided|powered|licensed|submitted|"
    r"transcribed|courtesy|©)|\b(?:submit|correct|add|print|translate|copy)\w* (?:these |the |this )?(?:lyrics|corrections)\b|"
    r"^\W*(?:thanks|thank you) to\b.{1,80}\bfor\b.{0,40}\blyrics\b|^\W*\d+\s+contributors?\b"
)
_RULE = re.compile(r"^[^\w]*$")
EMPHASIS = re.compile(r"(?<!\w)_+(?=\w)|(?<=[\w,.!?'])_+(?!\w)|\*+")
CLOSING = str.maketrans({"<": "", ">": "", "[": "(", "]": ")", "{": "(", "}": ")", "|": " "})

FEWEST_SONGS, LEAST_SHARE, FEWEST_WORDS = 20, 0.05, 3


@dataclass
class Dropped:
    """Lines that were left out, by reason, with the first few of each."""

    counts: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=dict)

    def note(self, why: str, line: str) -> None:
        self.counts[why] += 1
        kept = self.examples.setdefault(why, [])
        if len(kept) < 5:
            kept.append(line.strip()[:60])


def without_markup(text: str) -> str:
    """Return a text without HTML tags and entities, invisible characters, typographic quotes and chords in brackets."""
    for _ in range(2):  # a text may be escaped twice
        text = html.unescape(text)
    text = _TAG.sub("", _BREAK.sub("\n", text.replace("\r\n", "\n").replace("\r", "\n")))
    text = _INVISIBLE.sub("", unicodedata.normalize("NFC", text.translate(_CHARACTERS)))
    return _CHORD_IN_BRACKETS.sub("", text)


def is_chord_line(line: str) -> bool:
    """Return whether a line is chord symbols alone: two or more, or one that cannot be a word."""
    tokens = re.sub(r"[|\-–.]+(?=\s|$)|(?<=\s)[|\-–.]+", " ", line).split()
    if not tokens or not all(_CHORD_TOKEN.match(token) for token in tokens):
        return False
    return len(tokens) > 1 or bool(_SURE_CHORD.match(tokens[0].strip("()")))


def not_words(line: str) -> str:
    """Return why a line is no line of words, or ""."""
    if _TABLATURE.match(line):
        return "tablature"
    if is_chord_line(line):
        return "chords"
    if _ADDRESS.search(line):
        return "address"
    if _PAGE.search(line):
        return "text of the page"
    return ""


def clean_lines(text: str, boilerplate: frozenset[str], dropped: Dropped) -> str:
    """Return a text without markup and without lines that are no words; blank lines and labels stay."""
    kept: list[str] = []
    for line in without_markup(text).split("\n"):
        line = " ".join(_STUCK_BUTTON.sub("", line.strip()).split())
        why = not_words(line) if line else ""
        if not why and line.lower() in boilerplate:
            why = "the same line in many songs"
        if why:
            dropped.note(why, line)
        else:
            kept.append(line)
    return "\n".join(kept)


def clean_words(line: str) -> str:
    """Return a line of words as it is kept: no emphasis signs, no brackets that could open a label; "" if no word is left."""
    line = " ".join(EMPHASIS.sub("", line.translate(CLOSING)).split())
    return "" if _RULE.match(line) else line


def frequent_lines(texts: Iterable[str]) -> frozenset[str]:
    """Return lines, in lower case, that stand in so many texts that a page wrote them and not a poet.

    In one text of twenty and in twenty texts at least, three words or more: no song has that with so many others.
    """
    counts: Counter[str] = Counter()
    total = 0
    for text in texts:
        total += 1
        counts.update({" ".join(line.split()).lower() for line in without_markup(text).split("\n")})
    fewest = max(FEWEST_SONGS, LEAST_SHARE * total)
    return frozenset(
        line
        for line, n in counts.items()
        if n >= fewest and len(line.split()) >= FEWEST_WORDS and not line.startswith(("[", "("))
    )
