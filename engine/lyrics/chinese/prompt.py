"""What the Chinese lyric model is told: kind, tune, theme, author, and of each line its length, rhyme and closing mark.

A sequence reads
    <bos> <ci> <tune> 浣溪沙 <theme> 春风 明月 <author> 晏殊 <words> <n7，><rA>杯一酒词新曲一 <n7。><rA> ...
Each line is announced by its number of characters, the mark that closes it and the letter of its rhyme, and is written
from its last character to its first, so that the rhyme is chosen first and the line leads up to it. With all that said
beforehand nothing has to end a line: it is whole when it has its characters. Does not know ids or models.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from engine.lyrics.chinese.rhyme import is_hanzi
from engine.lyrics.chinese.tokenizer import BOS, FREE, LETTERS, MARKS, MOST_CHARACTERS, ChineseTokenizer

_SAME_MARK = str.maketrans(
    {",": "，", ".": "。", ";": "，", "；": "，", "：": "，", ":": "，", "!": "！", "?": "？", "．": "。"}
)
_LINE = re.compile(f"([^{MARKS}\\s]+)([{MARKS}])")


@dataclass(frozen=True)
class ChineseLine:
    """characters: of the line, without its mark. mark: what closes it."""

    characters: str
    mark: str


@dataclass(frozen=True)
class PlannedLine:
    """A line to write. length: characters, 1-16. rhyme: A-H, or X for none. mark: what closes it.

    tones: a sign per character, 平 level, 仄 oblique or ？ for either; "" where nothing is known of them.
    """

    length: int
    rhyme: str
    mark: str
    tones: str = ""


@dataclass(frozen=True)
class WantedLine(PlannedLine):
    """A line of a text under way. given: its characters where it stands already, "" where it is to be written.

    refused: characters that must not end it. section: which part of the text it is in, counted from 0.
    """

    given: str = ""
    refused: str = ""
    section: int = 0


@dataclass(frozen=True)
class ChinesePrompt:
    """What the whole text shall be like. kind: ci, qu, shi or old. tune, author: "" where there is none."""

    kind: str = "ci"
    tune: str = ""
    theme: Sequence[str] = ()
    author: str = ""

    def ids(self, tokenizer: ChineseTokenizer) -> list[int]:
        """Return the ids of the prompt, up to the first line."""
        found = [tokenizer.id_of(BOS), tokenizer.id_of(f"<{self.kind}>")]
        for field, text in (("tune", self.tune), ("theme", " ".join(self.theme)), ("author", self.author)):
            if text:
                found += [tokenizer.id_of(f"<{field}>"), *tokenizer.encode(text)]
        return [*found, tokenizer.id_of("<words>")]


def plan_ids(line: PlannedLine, tokenizer: ChineseTokenizer) -> list[int]:
    """Return the ids that announce a line."""
    return [tokenizer.id_of(f"<n{line.length}{line.mark}>"), tokenizer.id_of(f"<r{line.rhyme}>")]


def lines_of(text: str) -> list[ChineseLine] | None:
    """Return the lines of a text by its punctuation; None where it has other signs, or a line over 16 characters."""
    text = text.translate(_SAME_MARK)
    found = [ChineseLine(characters, mark) for characters, mark in _LINE.findall(text)]
    whole = "".join(line.characters + line.mark for line in found) == re.sub(r"\s", "", text)
    fit = all(len(line.characters) <= MOST_CHARACTERS and all(map(is_hanzi, line.characters)) for line in found)
    return found if found and whole and fit else None


def letters_of(classes: Sequence[int | None]) -> str:
    """Return a rhyme letter for each line by the class of its last character: A, B, ... in order, X where no other has it."""
    letters: dict[int, str] = {}
    found = []
    for rhyme in classes:
        if rhyme is None or sum(other == rhyme for other in classes) < 2:
            found.append(FREE)
            continue
        if rhyme not in letters and len(letters) == len(LETTERS):
            found.append(FREE)
            continue
        found.append(letters.setdefault(rhyme, LETTERS[min(len(letters), len(LETTERS) - 1)]))
    return "".join(found)
