"""The mask of one Chinese line: so many characters, the last one first, from those that rhyme. Does not know the model."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from engine.lyrics.chinese.tokenizer import ChineseTokenizer


@dataclass(frozen=True)
class WishedCharacters:
    """ids: of a word, last character first. after: how many characters stand behind it in the line, 0 or more."""

    ids: Sequence[int]
    after: int


class AvoidedWords:
    """Words that are not written, hundreds of them if need be: found by the characters that would follow."""

    def __init__(self, tokenizer: ChineseTokenizer, words: Iterable[str] = ()) -> None:
        # A word is complete with its first character, as lines are written from their end.
        self._firsts: dict[tuple[int, ...], list[int]] = {}
        for word in words:
            if word and (ids := _known_ids(word, tokenizer)):
                self._firsts.setdefault(tuple(ids[1:]), []).append(ids[0])
        self._lengths = sorted({len(rest) for rest in self._firsts})

    def completing(self, following: Sequence[int]) -> list[int]:
        """Return the ids that would complete a word before the ids that follow, in reading order."""
        found: list[int] = []
        for length in self._lengths:
            if length <= len(following):
                found += self._firsts.get(tuple(following[:length]), ())
        return found


class ChineseLineConstraint:
    """Allows Chinese characters alone, `length` of them (1 or more), the first to be written from `ends`, bool (V,).

    A wished word that does not fit into the line, or would end it without a rhyme, is let go. avoid: words that are not
    written, and no wish brings them.
    """

    def __init__(
        self,
        tokenizer: ChineseTokenizer,
        length: int,
        ends: np.ndarray,
        wish: WishedCharacters | None = None,
        avoid: AvoidedWords | None = None,
    ) -> None:
        self._hanzi, self._ends, self._length = tokenizer.hanzi, ends, length
        self._wished = _places(wish, length, ends)
        self._avoid = avoid
        self._written: list[int] = []

    def allowed(self) -> np.ndarray:
        """Return the ids allowed next: bool (V,), not to be changed."""
        place = len(self._written)
        completing = self._avoid.completing(self._written[::-1]) if self._avoid is not None else []
        if place in self._wished and self._wished[place] not in completing:
            only = np.zeros_like(self._hanzi)
            only[self._wished[place]] = True
            return only
        usual = self._ends if place == 0 else self._hanzi
        if not completing:
            return usual
        mask = usual.copy()
        mask[completing] = False
        return mask

    def accept(self, chosen: int) -> bool:
        """Take the chosen id; True when the line has all its characters."""
        self._written.append(chosen)
        return len(self._written) == self._length


def _known_ids(word: str, tokenizer: ChineseTokenizer) -> list[int]:
    """Return the ids of a word; none where a character of it is never written."""
    return [tokenizer.id_of(one) for one in word] if all(map(tokenizer.knows, word)) else []


def _places(wish: WishedCharacters | None, length: int, ends: np.ndarray) -> dict[int, int]:
    """Return the id wished for at each place, counted from the line's end."""
    if wish is None or wish.after + len(wish.ids) > length or (wish.after == 0 and not ends[wish.ids[0]]):
        return {}
    return {wish.after + offset: int(one) for offset, one in enumerate(wish.ids)}
