"""Byte-level BPE whose pieces never cross a word. Does not know what the marks mean."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from pathlib import Path

import numpy as np

from engine.lyrics.prompt import PIECE_PATTERN, special_tokens


class LyricTokenizer:
    """Text to ids and back. Marks such as <verse> are single ids; every word starts a new piece."""

    def __init__(self, tokenizer_json: str) -> None:
        from tokenizers import Tokenizer

        self._tokenizer = Tokenizer.from_str(tokenizer_json)

    @classmethod
    def open(cls, path: Path) -> LyricTokenizer:
        return cls(path.read_text(encoding="utf-8"))

    def encode(self, text: str) -> list[int]:
        return list(self._tokenizer.encode(text).ids)

    def encode_batch(self, texts: list[str]) -> list[list[int]]:
        return [encoding.ids for encoding in self._tokenizer.encode_batch_fast(texts)]

    def decode(self, ids: Iterable[int]) -> str:
        return str(self._tokenizer.decode([int(i) for i in ids], skip_special_tokens=False))

    def id_of(self, mark: str) -> int:
        """Return the id of a mark such as "<verse>"; KeyError for an unknown one."""
        found = self._tokenizer.token_to_id(mark)
        if found is None:
            raise KeyError(mark)
        return int(found)

    @property
    def vocab_size(self) -> int:
        return int(self._tokenizer.get_vocab_size())

    @cached_property
    def newline_id(self) -> int:
        (found,) = self.encode("\n")
        return found

    def to_json(self) -> str:
        return str(self._tokenizer.to_str())

    def mark_ids(self) -> np.ndarray:
        """Return the ids of all marks, ascending: int64 (number of marks,)."""
        return np.array([self.id_of(mark) for mark in special_tokens()], dtype=np.int64)


def train_tokenizer(texts: Iterable[str], vocab_size: int = 4096) -> LyricTokenizer:
    """Train on `texts`; deterministic for the same texts in the same order."""
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(PIECE_PATTERN), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        min_frequency=2,
        show_progress=False,
        special_tokens=[AddedToken(mark, normalized=False, special=True) for mark in special_tokens()],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )
    tokenizer.train_from_iterator(texts, trainer)
    return LyricTokenizer(tokenizer.to_str())
