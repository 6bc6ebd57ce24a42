"""Masks that keep a line inside its plan: whole words, exact syllables, the rhyme asked for. Does not know the model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from engine.lyrics.lexicon import WORD_END, Beginning, Lexicon, Rows, Word
from engine.lyrics.metre import MetreRows
from engine.lyrics.tokenizer import LyricTokenizer

END_MARKS = (",", ".", "!", "?")
INNER_MARKS = (",",)


class Punctuation:
    """Ids of the marks that may stand after the last word and between words. Each is one id."""

    def __init__(self, tokenizer: LyricTokenizer) -> None:
        self.end = [tokenizer.encode(mark)[0] for mark in END_MARKS]
        self.inner = [tokenizer.encode(mark)[0] for mark in INNER_MARKS]
        self.newline = tokenizer.newline_id


class LineEnds:
    """The words that may end a line, made once for all its candidates.

    rows: a choice among the words of the lexicon, of which those of at most `syllables` syllables count; ValueError if
    there are none. starts: the ids that start them, bool (V,).
    """

    def __init__(self, lexicon: Lexicon, rows: Rows, syllables: int) -> None:
        self.rows = rows & (lexicon.syllables <= syllables)
        if not self.rows.any():
            raise ValueError(f"no word of at most {syllables} syllables may end the line")
        self.starts = lexicon.starts(self.rows)


@dataclass(frozen=True)
class WishedWord:
    """One of `rows` is to stand before the last `after` words, 1 or more: right before them, or where it fits next."""

    rows: Rows
    after: int


@dataclass(frozen=True)
class InnerRhyme:
    """A word of `rows` that rhymes with the line's last is to stand inside, once at most `left` syllables are to come."""

    rows: Rows
    left: int


class _Wishes(NamedTuple):
    """What of a line's wishes is open: words to rhyme inside, once the last one is known, and words wished for."""

    inner: Rows | None
    word: Rows | None


class LineConstraint:
    """The ids allowed next while one line is written from its last word to its first.

    syllables: exactly this many, 1 or more. The sequence is finished when the newline is accepted; `words` then holds
    the line's words, last first. The lexicon must have words of one syllable. Where a wished word would stand beside
    itself nothing is allowed. metre: of the same lexicon; `ends` are to fit it.
    """

    def __init__(
        self,
        lexicon: Lexicon,
        punctuation: Punctuation,
        *,
        syllables: int,
        ends: LineEnds,
        wish: WishedWord | None = None,
        inner: InnerRhyme | None = None,
        metre: MetreRows | None = None,
    ) -> None:
        self._lexicon, self._punctuation, self._ends = lexicon, punctuation, ends
        self._left, self._wish, self._inner, self._metre = syllables, wish, inner, metre
        self._wished_for = _Wishes(None, wish.rows if wish is not None else None)
        self._word: Beginning | None = None  # None between words
        self._after_mark = False
        self.words: list[Word] = []

    def allowed(self) -> np.ndarray:
        """Return the ids allowed next: bool (V,), not to be changed; at least one is True."""
        if self._word is not None:
            return self._allowed_inside(self._word)
        if self.words:  # after a comma
            return self._start_mask(self._left)
        mask = self._ends.starts.copy()
        if not self._after_mark:
            mask[self._punctuation.end] = True
        return mask

    def accept(self, token_id: int) -> bool:
        """Take the chosen id; True when the line is whole."""
        if self._word is not None:
            longer = self._lexicon.beginning(token_id, self._word)
            if longer is not None:
                self._word = longer
                return False
            self._end_word(self._word)
        if token_id == self._punctuation.newline:
            return True
        self._after_mark = token_id in self._punctuation.end
        if not self._after_mark:
            self._word = self._lexicon.beginning(token_id)
            assert self._word is not None
        return False

    def _allowed_inside(self, word: Beginning) -> np.ndarray:
        """Return the ids that go on with a word under way, and if it is whole, those that may follow it."""
        rows = slice(word.first, word.stop)
        wishes = self._wished_for
        choice = self._ends.rows if not self.words else self._wished(wishes, len(self.words), self._left)
        fitting = self._fitting(self._left, rows) if choice is None else choice[rows]
        next_ids = self._lexicon.ids[rows, word.depth][fitting]
        is_whole = next_ids[0] == WORD_END
        mask = self._after(word.first) if is_whole else self._nothing()
        mask[next_ids[int(is_whole) :]] = True
        return mask

    def _after(self, row: int) -> np.ndarray:
        """Return the ids that may follow a word that is whole."""
        word = self._lexicon.words[row]
        left = self._left - word.syllables
        if left == 0:
            mask = self._nothing()
            mask[self._punctuation.newline] = True
            return mask
        wished = self._wished(self._wishes_after(row), len(self.words) + 1, left)
        mask = self._start_mask(left).copy() if wished is None else self._lexicon.starts(wished)
        mask[self._punctuation.inner] = wished is None
        if len(word.ids) == 1:
            mask[word.ids[0]] = False  # not "the the"
        return mask

    def _wished(self, wishes: _Wishes, index: int, left: int) -> Rows | None:
        """Return the words of which one is wished for as the word at `index`, counted from the end; None for any word."""
        inner_is_due = self._inner is not None and left <= self._inner.left
        for rows, is_due in ((wishes.inner, inner_is_due), (wishes.word, self._is_time(index))):
            if rows is not None and is_due and (fitting := rows & self._fitting(left)).any():
                return fitting
        return None

    def _is_time(self, index: int) -> bool:
        return self._wish is not None and index >= self._wish.after

    def _wishes_after(self, row: int) -> _Wishes:
        """Return what is still wished for behind a word: each wish comes true once, that of a rhyme begins with the end."""
        inner, word = self._wished_for
        if not self.words:
            if self._inner is None:
                return _Wishes(None, word)
            return _Wishes(self._inner.rows & self._lexicon.rhymes_with(self._lexicon.words[row]), word)
        if inner is not None and inner[row]:
            return _Wishes(None, word)
        return _Wishes(inner, None if word is not None and self._is_time(len(self.words)) and word[row] else word)

    def _fitting(self, left: int, rows: slice = slice(None)) -> Rows:
        """Return the words that leave no syllable too many and keep the metre."""
        return self._lexicon.syllables[rows] <= left if self._metre is None else self._metre.rows(left)[rows]

    def _start_mask(self, left: int) -> np.ndarray:
        return self._lexicon.start_mask(left) if self._metre is None else self._metre.start_mask(left)

    def _nothing(self) -> np.ndarray:
        return np.zeros(self._lexicon.vocab_size, dtype=bool)

    def _end_word(self, word: Beginning) -> None:
        self._wished_for = self._wishes_after(word.first)
        self.words.append(self._lexicon.words[word.first])
        self._left -= self.words[-1].syllables
        self._word = None
