"""Chinese characters as ids, one each, with the marks of the plan. Does not know tunes, rhymes or models."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from pathlib import Path

import numpy as np

from engine.lyrics.chinese.marks import MARKS as MARKS
from engine.lyrics.chinese.rhyme import is_hanzi

PAD, BOS, EOS, UNKNOWN = "<pad>", "<bos>", "<eos>", "<unk>"
KINDS = ("ci", "qu", "shi", "old")
FIELDS = ("tune", "theme", "author", "words")
MOST_CHARACTERS, LETTERS, FREE = 16, "ABCDEFGH", "X"


def special_tokens() -> list[str]:
    """Return every mark, in the order of their ids from 0 on."""
    lengths = [f"n{n}{mark}" for n in range(1, MOST_CHARACTERS + 1) for mark in MARKS]
    named = [*KINDS, *FIELDS, *lengths, *(f"r{letter}" for letter in LETTERS + FREE)]
    return [PAD, BOS, EOS, UNKNOWN, *(f"<{name}>" for name in named)]


class ChineseTokenizer:
    """A list of marks and characters; the place in it is the id. Kept as a tokenizer.json that transformers reads."""

    def __init__(self, entries: Iterable[str]) -> None:
        self.entries = tuple(entries)
        self._ids = {entry: number for number, entry in enumerate(self.entries)}

    @classmethod
    def of_characters(cls, characters: Iterable[str]) -> ChineseTokenizer:
        """Return the tokenizer of these Chinese characters, in their order; other signs among them are left out."""
        return cls([*special_tokens(), " ", *dict.fromkeys(filter(is_hanzi, characters))])

    @classmethod
    def open(cls, path: Path) -> ChineseTokenizer:
        from tokenizers import Tokenizer

        ids = Tokenizer.from_file(str(path)).get_vocab(with_added_tokens=True)
        return cls(sorted(ids, key=ids.__getitem__))

    def to_json(self) -> str:
        """Return it as the tokenizers library writes it: one word, one character."""
        from tokenizers import AddedToken, Regex, Tokenizer, models, pre_tokenizers

        tokenizer = Tokenizer(models.WordLevel(dict(self._ids), unk_token=UNKNOWN))
        tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex("[\\s\\S]"), behavior="isolated")
        tokenizer.add_special_tokens([AddedToken(mark, normalized=False, special=True) for mark in special_tokens()])
        return str(tokenizer.to_str(pretty=False))

    @property
    def vocab_size(self) -> int:
        return len(self.entries)

    def id_of(self, mark: str) -> int:
        """Return the id of a mark such as "<n7，>"; KeyError for an unknown one."""
        return self._ids[mark]

    def knows(self, character: str) -> bool:
        return character in self._ids

    def encode(self, characters: str) -> list[int]:
        """Return an id per character; nothing in the text can become a mark of the plan."""
        unknown = self._ids[UNKNOWN]
        return [self._ids.get(character, unknown) for character in characters]

    def decode(self, ids: Iterable[int]) -> str:
        """Return the characters of ids; marks give nothing."""
        return "".join(entry for i in ids if len(entry := self.entries[int(i)]) == 1)

    @cached_property
    def hanzi(self) -> np.ndarray:
        """Which ids are Chinese characters: bool (V,)."""
        return np.array([len(entry) == 1 and is_hanzi(entry) for entry in self.entries])
