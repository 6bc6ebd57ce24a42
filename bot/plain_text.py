"""Text from people and models made safe to show in Discord: as typed, without markup, pings or tricks of Unicode.

Knows nothing of messages or embeds, only of characters and limits. `shown` is for places that render markdown
(messages, embed titles, descriptions and fields); `label` is for those that do not (buttons, choices, footers, modals).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import pairwise

ELLIPSIS = "…"
MOST_MARKS = 2  # combining marks on one letter: Vietnamese and Thai need two
_LINE_ENDS = re.compile(r"\r\n|[\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_JOINERS = re.compile("[\u200c\u200d]+")
# Letters and marks without a shape of their own: they make a text look empty, or like another.
_BLANKS = "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0"
# The server looks for these in the raw text, so a backslash does not help; nothing can be seen of the space.
_PING = re.compile(r"@(?=everyone|here)", re.IGNORECASE)
_ZERO_WIDTH_SPACE = "\u200b"
# A colon begins :emoji: or ://, a slash after a letter an invite such as discord.gg/...
_SIGNS = re.compile(r"[\\*_~|`<>\[\]@#]|:(?=\S)|(?<=[^\W\d_])/")
_LIST_MARK = re.compile(r"^(\s*)([-+])|^(\s*\d+)(\.)", re.MULTILINE)
_MODIFIERS = range(0x1F3FB, 0x1F400)  # skin tones
_REGIONAL = range(0x1F1E6, 0x1F200)  # two of them are a flag


def shown(text: str, most_characters: int) -> str:
    """Return the text cleaned and escaped, at most so many characters long, cut with an ellipsis where it is longer."""
    return cut(escaped(cleaned(text)), most_characters)


def shown_lines(text: str) -> list[str]:
    """Return the lines of a text, cleaned and escaped, "" between stanzas; empty for a text without any sign."""
    plain = cleaned(text)
    return escaped(plain).split("\n") if plain else []


def one_line(text: str) -> str:
    """Return the text cleaned, with single spaces for line ends; not escaped: `shown(one_line(theme), 100)`."""
    return cleaned(" ".join(cleaned(text).split()))


def label(text: str, most_characters: int) -> str:
    """Return the text for a place that shows no markdown: cleaned, on one line, pings broken, cut, not escaped."""
    return cut(_PING.sub("@" + _ZERO_WIDTH_SPACE, one_line(text)), most_characters)


def cleaned(text: str) -> str:
    """Return the text without control and bidirectional marks, piled-up accents, and more than one empty line in a row.

    Letters of every script stay, as do the joiners inside words and emoji. Cleaning twice changes nothing.
    """
    text = unicodedata.normalize("NFC", _LINE_ENDS.sub("\n", text).replace("\t", " "))
    text = "".join(filter(_is_kept, text))
    text = _JOINERS.sub(_joiner, text)
    text = _without_piled_marks(unicodedata.normalize("NFC", text))
    lines = [line.rstrip() for line in text.strip().split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines))


def escaped(text: str) -> str:
    """Return cleaned text so that Discord shows it as it is: no markdown, mention, link, emoji, timestamp or ping."""
    text = _LIST_MARK.sub(
        lambda found: f"{found[1] or found[3] or ''}\\{found[2] or found[4]}", _SIGNS.sub(r"\\\g<0>", text)
    )
    return _PING.sub("@" + _ZERO_WIDTH_SPACE, text)


def cut(text: str, most_characters: int) -> str:
    """Return escaped or plain text of at most so many characters; what is longer ends in an ellipsis.

    Neither a character with its marks nor an escape is torn. Empty where there is room for nothing.
    """
    if len(text) <= most_characters:
        return text
    kept, room = [], most_characters - len(ELLIPSIS)
    for piece in _pieces(text):
        room -= len(piece)
        if room < 0:
            break
        kept.append(piece)
    return "".join(kept).rstrip() + ELLIPSIS if most_characters > 0 else ""


def split_lines(lines: Sequence[str], most_characters: int) -> list[str]:
    """Return blocks of whole lines (as `shown_lines` gives them), each at most so many characters long.

    A stanza is kept together where a block can hold it. A line that is longer than a block is cut with an ellipsis.
    Empty lines at the edges of blocks are left out; empty list where there is nothing to show.
    """
    blocks: list[str] = []
    for stanza in _stanzas(lines):
        whole = "\n".join(stanza)
        if blocks and len(blocks[-1]) + 2 + len(whole) <= most_characters:
            blocks[-1] += "\n\n" + whole
        elif len(whole) <= most_characters:
            blocks.append(whole)
        else:
            blocks += _blocks_of_stanza(stanza, most_characters)
    return blocks


def _blocks_of_stanza(stanza: Sequence[str], most_characters: int) -> list[str]:
    blocks: list[str] = []
    for line in (cut(line, most_characters) for line in stanza):
        if blocks and len(blocks[-1]) + 1 + len(line) <= most_characters:
            blocks[-1] += "\n" + line
        else:
            blocks.append(line)
    return blocks


def _stanzas(lines: Sequence[str]) -> Iterator[list[str]]:
    stanza: list[str] = []
    for line in (*lines, ""):
        if line.strip():
            stanza.append(line)
        elif stanza:
            yield stanza
            stanza = []


@cache
def _is_kept(character: str) -> bool:
    """Line ends, joiners, and all that is neither control, format, private nor half of a surrogate pair."""
    if character in "\n\u200c\u200d":
        return True
    return unicodedata.category(character) not in ("Cc", "Cf", "Co", "Cs") and character not in _BLANKS


def _joiner(found: re.Match[str]) -> str:
    """Keep one joiner between two letters or emoji, where scripts and emoji need it; none elsewhere."""
    before, after = found.string[found.start() - 1 : found.start()], found.string[found.end() : found.end() + 1]
    if not before or not after:
        return ""
    joins = unicodedata.category(before)[0] in "LM" or unicodedata.category(before) in ("So", "Sk")
    return found[0][0] if joins and (after.isalpha() or unicodedata.category(after) == "So") else ""


def _without_piled_marks(text: str) -> str:
    """Leave at most MOST_MARKS marks on a character, and none where there is nothing to carry them."""
    kept, marks = [], MOST_MARKS
    for character in text:
        if unicodedata.category(character) in ("Mn", "Me"):
            marks += 1
            if marks > MOST_MARKS:
                continue
        else:
            marks = MOST_MARKS if character.isspace() else 0
        kept.append(character)
    return "".join(kept)


def _pieces(text: str) -> Iterator[str]:
    """Give the characters as people see them, each with its marks and its escape."""
    starts = [0, *(index for index in range(1, len(text)) if _begins_piece(text, index)), len(text)]
    piece = ""
    for start, end in pairwise(starts):
        piece += text[start:end]
        if piece != "\\":
            yield piece
            piece = ""


def _begins_piece(text: str, index: int) -> bool:
    before, character = text[index - 1], text[index]
    if unicodedata.category(character)[0] == "M" or character in "\u200c\u200d" or ord(character) in _MODIFIERS:
        return False
    if before == "\u200d" or _continues_hangul(before, character):
        return False
    return not (ord(character) in _REGIONAL and _regional_before(text, index) % 2)


def _continues_hangul(before: str, character: str) -> bool:
    """Vowels and finals written as single jamo belong to the syllable that they follow."""
    return "\u1161" <= character <= "\u11ff" and ("\u1100" <= before <= "\u11ff" or "\uac00" <= before <= "\ud7a3")


def _regional_before(text: str, index: int) -> int:
    count = 0
    while count < index and ord(text[index - 1 - count]) in _REGIONAL:
        count += 1
    return count
