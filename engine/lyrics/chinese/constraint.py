"""The mask of one Chinese line: so many characters, the last one first, from those that rhyme. Does not know the model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.lyrics.chinese.tokenizer import ChineseTokenizer


@dataclass(frozen=True)
class WishedCharacters:
    """ids: of a word, last character first. after: how many characters stand behind it in the line, 0 or more."""

    ids: Sequence[int]
    after: int


class ChineseLineConstraint:
    """Allows Chinese characters alone, `length` of them (1 or more), the first to be written from `ends`, bool (V,).

    A wished word that does not fit into the line, or would end it without a rhyme, is let go.
    """

    def __init__(
        self, tokenizer: ChineseTokenizer, length: int, ends: np.ndarray, wish: WishedCharacters | None = None
    ) -> None:
        self._hanzi, self._ends, self._length = tokenizer.hanzi, ends, length
        self._wished = _places(wish, length, ends)
        self._written: list[int] = []

    def allowed(self) -> np.ndarray:
        """Return the ids allowed next: bool (V,), not to be changed."""
        place = len(self._written)
        if place in self._wished:
            only = np.zeros_like(self._hanzi)
            only[self._wished[place]] = True
            return only
        return self._ends if place == 0 else self._hanzi

    def accept(self, chosen: int) -> bool:
        """Take the chosen id; True when the line has all its characters."""
        self._written.append(chosen)
        return len(self._written) == self._length


def _places(wish: WishedCharacters | None, length: int, ends: np.ndarray) -> dict[int, int]:
    """Return the id wished for at each place, counted from the line's end."""
    if wish is None or wish.after + len(wish.ids) > length or (wish.after == 0 and not ends[wish.ids[0]]):
        return {}
    return {wish.after + offset: int(one) for offset, one in enumerate(wish.ids)}
