"""The control prompt of the lyric model: marks for style, theme, sections and lines. Does not know the tokenizer or the model.

A sequence reads
    <bos> <song> <plain> <late> <author> Robert Burns <theme> rain harbour <title> Rain over the harbour <words>
    <verse> <s6> <rA> .harbour the over rain\n ... <eos>
Each line is announced by its number of syllables and the letter of its rhyme, and is written from its last word to its
first. So the rhyme word is chosen first, by a mask, and the rest of the line leads up to it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from engine.lyrics.rhyme import FREE, LETTERS

PAD, BOS, EOS, NEWLINE = "<pad>", "<bos>", "<eos>", "\n"
KINDS = ("song", "hymn", "ballad", "nursery", "poem")
REGISTERS = ("plain", "archaic")
ERAS = ("early", "middle", "late", "undated")
FIELDS = ("author", "theme", "title", "words")
SECTIONS = ("verse", "chorus", "bridge")
MAX_SYLLABLES = 16

# One piece is a word with the space and the apostrophes that belong to it, a number, or a run of punctuation.
PIECE_PATTERN = r" ?'?[A-Za-z]+(?:['-][A-Za-z]+)*'?| ?[0-9]+| ?[^\sA-Za-z0-9]+|\n|\s+"
PIECE = re.compile(PIECE_PATTERN)
WORD_OR_MARKS = re.compile(r" ?[^\s,.!?]+|[,.!?]+|\s+")

ARCHAIC_WORDS = frozenset(
    """
    thee thou thy thine thyself ye hath doth dost hast wilt shalt canst art wert didst hadst wouldst shouldst
    couldst 'tis 'twas 'twere 'twill o'er ne'er e'er e'en oft ere whence thence hence hither thither whither
    wherefore methinks nay yea verily forsooth prithee anon betwixt 'neath 'gainst 'mid 'mong th' quoth spake bade
    smote wast saith cometh goeth lo behold beneath-thee
    """.split()
)
ARCHAIC_ENDING = re.compile(r"^[a-z']{2,}(?:eth|'st)$|^[a-z]{3,}'d$")
NOT_ARCHAIC = frozenset(
    """
    teeth elizabeth nazareth macbeth kenneth gareth twentieth thirtieth fortieth fiftieth sixtieth seventieth eightieth
    ninetieth you'd they'd she'd who'd there'd that'd what'd how'd where'd
    """.split()
)


def special_tokens() -> list[str]:
    """Return every mark, in the order of their ids from 0 on."""
    marks = [*KINDS, *REGISTERS, *ERAS, *FIELDS, *SECTIONS]
    marks += [f"s{n}" for n in range(1, MAX_SYLLABLES + 1)] + [f"r{letter}" for letter in (*LETTERS, FREE)]
    return [PAD, BOS, EOS, *(f"<{mark}>" for mark in marks)]


def is_archaic(word: str) -> bool:
    """Return whether a lower-case word belongs to verse of long ago: thee, hath, o'er, singeth, lov'd."""
    return word in ARCHAIC_WORDS or (bool(ARCHAIC_ENDING.match(word)) and word not in NOT_ARCHAIC)


def reverse_line(line: str) -> str:
    """Turn " rain on the sea," into ", sea the on rain": the same words and marks, last first.

    Its own inverse on a cleaned line with a space before every word: no mark stands between two words without a space.
    """
    return "".join(reversed(WORD_OR_MARKS.findall(line)))


def line_marks(syllables: int, letter: str) -> str:
    """Announce a line: its syllables (1-16) and the letter of its rhyme (A-F, or X for none)."""
    return f"<s{min(max(syllables, 1), MAX_SYLLABLES)}><r{letter}>"


@dataclass(frozen=True)
class ControlPrompt:
    """What the whole text shall be like. kind, register and era: one of the tuples above.

    company: words told as of the theme though the text need not have them, such as those of a mood.
    """

    kind: str = "song"
    register: str = "plain"
    era: str = "late"
    theme_words: Sequence[str] = ()
    author: str = ""
    title: str = ""
    company: Sequence[str] = ()

    def text(self) -> str:
        """Return the prompt as text with marks, up to the first section; what was typed has none of its own."""
        parts = [f"{BOS}<{self.kind}><{self.register}><{self.era}>"]
        if self.author:
            parts.append(f"<author> {_markless(self.author)}")
        if self.theme_words or self.company:
            parts.append("<theme> " + _markless(" ".join((*self.theme_words, *self.company))))
        if self.title:
            parts.append(f"<title> {_markless(self.title)}")
        return "".join(parts) + "<words>"


def _markless(text: str) -> str:
    """Return what people typed so that it opens no mark and ends no line, whatever cleaned it before."""
    return re.sub(r"[<>\s]+", " ", text)
