"""Chinese lines that a member typed, read into stanzas, or refused. Does not know plans, rhymes or models."""

from __future__ import annotations

import re

from engine.errors import RequestError
from engine.lyrics.chinese.prompt import ChineseLine
from engine.lyrics.chinese.rhyme import is_hanzi
from engine.lyrics.chinese.tokenizer import MARKS, MOST_CHARACTERS
from engine.lyrics.insults import holds_chinese_insult
from engine.lyrics.own_words import MOST_CHARACTERS as MOST_TYPED
from engine.lyrics.own_words import MOST_LINES

_SAME_MARK = str.maketrans(
    {",": "，", ".": "。", "．": "。", ";": "，", "；": "，", ":": "，", "：": "，", "!": "！", "?": "？"}
)
_STANZA, _LINE = re.compile(r"\n\s*\n|//"), re.compile(r"[\n/]")
_PIECE = re.compile(f"([^{MARKS}\\s]+)\\s*([{MARKS}]?)")
_SILENT = re.compile(r"[\s\"'“”‘’「」『』《》〈〉（）()…—~*_#>-]+")


def read_chinese_lines(text: str) -> list[list[ChineseLine]]:
    """Return the lines of each stanza; a line without a mark gets a comma or, every second and at the end, a full stop.

    Lines are parted by marks, line breaks and " / ", stanzas by blank lines. RequestError for other letters, lines over 16
    characters, more than 80 lines, and insults.
    """
    if len(text) > MOST_TYPED:
        raise RequestError(f"the words must be 1-{MOST_TYPED} characters, got {len(text)}; leave some verses out")
    if holds_chinese_insult(text):
        raise RequestError("the words hold one that is not sung here; say it in other words")
    typed = [_pieces(stanza) for stanza in _STANZA.split(text.replace("\r\n", "\n").translate(_SAME_MARK))]
    stanzas = [stanza for stanza in typed if stanza]
    count = sum(map(len, stanzas))
    if count > MOST_LINES:
        raise RequestError(f"the words fill {count} lines, and a song has at most {MOST_LINES}; leave some verses out")
    return [_with_marks(stanza) for stanza in stanzas]


def _pieces(stanza: str) -> list[tuple[str, str]]:
    """Return (characters, mark or "") of each line."""
    found = []
    for raw in _LINE.split(stanza):
        for characters, mark in _PIECE.findall(_SILENT.sub(" ", raw)):
            if other := next((sign for sign in characters if not is_hanzi(sign)), ""):
                raise RequestError(
                    f"Chinese lines have Chinese characters and marks alone, got {other!r}; leave other letters and signs out"
                )
            if len(characters) > MOST_CHARACTERS:
                raise RequestError(
                    f"a Chinese line has 1-{MOST_CHARACTERS} characters, got {len(characters)}; part it with commas"
                )
            found.append((characters, mark))
    return found


def _with_marks(stanza: list[tuple[str, str]]) -> list[ChineseLine]:
    last = len(stanza) - 1
    return [
        ChineseLine(text, mark or ("。" if n % 2 or (n == last and n) else "，"))
        for n, (text, mark) in enumerate(stanza)
    ]
