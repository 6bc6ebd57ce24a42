"""Masks that keep a line inside its plan: whole words, exact syllables, the rhyme asked for. Does not know the model."""

from __future__ import annotations

import numpy as np

from engine.lyrics.lexicon import Lexicon, Node, Word
from engine.lyrics.tokenizer import LyricTokenizer

END_MARKS = (",", ".", "!", "?")
INNER_MARKS = (",",)


class Punctuation:
    """Ids of the marks that may stand after the last word and between words. Each is one id."""

    def __init__(self, tokenizer: LyricTokenizer) -> None:
        self.end = [tokenizer.encode(mark)[0] for mark in END_MARKS]
        self.inner = [tokenizer.encode(mark)[0] for mark in INNER_MARKS]
        self.newline = tokenizer.newline_id


class LineConstraint:
    """The ids allowed next while one line is written from its last word to its first.

    syllables: exactly this many, 1 or more. end_trie: the words that may end the line (its first words here).
    The sequence is finished when the newline is accepted; `words` then holds the line's words, last first.
    """

    def __init__(self, lexicon: Lexicon, punctuation: Punctuation, *, syllables: int, end_trie: Node) -> None:
        if end_trie.fewest_syllables > syllables:
            raise ValueError(f"no word of at most {syllables} syllables may end the line")
        self._lexicon, self._punctuation = lexicon, punctuation
        self._left = syllables
        self._root = end_trie  # where the next word starts; the whole lexicon after the first word
        self._node: Node | None = None  # None between words
        self._after_mark = False
        self.words: list[Word] = []

    def allowed(self) -> np.ndarray:
        """Return the ids allowed next: bool (V,); at least one is True."""
        if self._node is None:
            mask = self._word_starts(self._left)
            if not self.words and not self._after_mark:
                mask[self._punctuation.end] = True
            return mask
        mask = np.zeros(self._lexicon.vocab_size, dtype=bool)
        mask[self._node.continuations(self._left)] = True
        word = self._node.word
        if word is not None and word.syllables <= self._left:
            left = self._left - word.syllables
            if left == 0:
                mask[self._punctuation.newline] = True
            else:
                mask |= self._lexicon.start_mask(left)
                mask[self._punctuation.inner] = True
                self._forbid_repeat(mask, word, left)
        return mask

    def accept(self, token_id: int) -> bool:
        """Take the chosen id; True when the line is whole."""
        if self._node is not None and token_id not in self._node.children:
            self._end_word()
        if token_id == self._punctuation.newline:
            return True
        if self._node is None and token_id in self._punctuation.end and token_id not in self._root.children:
            self._after_mark = True
            return False
        self._node = (self._node or self._root).children[token_id]
        self._after_mark = False
        return False

    def _word_starts(self, left: int) -> np.ndarray:
        if self._root is self._lexicon.root:
            return self._lexicon.start_mask(left).copy()
        mask = np.zeros(self._lexicon.vocab_size, dtype=bool)
        mask[self._root.continuations(left)] = True
        return mask

    def _forbid_repeat(self, mask: np.ndarray, word: Word, left: int) -> None:
        """Forbid "the the" where the word is a single id and another start remains."""
        if len(word.ids) == 1 and left >= 1:
            mask[word.ids[0]] = False

    def _end_word(self) -> None:
        assert self._node is not None and self._node.word is not None
        self.words.append(self._node.word)
        self._left -= self._node.word.syllables
        self._node, self._root = None, self._lexicon.root
