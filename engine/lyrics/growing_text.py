"""Text that grows id by id, as ids become whole characters. Does not know what the text says."""

from __future__ import annotations

from collections.abc import Sequence

from engine.lyrics.text_models import TextTokenizer

LOST = "\ufffd"  # what decoders write for bytes that are no character, or not one yet
READ_BEFORE = 12  # ids before the first new one: some tokenizers strip the space from the very first
MOST_UNSETTLED = 8  # ids; the longest character has four bytes
MOST_WINDOW = 64  # ids


class GrowingText:
    """Turns ids into pieces of text: together they are the text of all ids, less bytes that are no character."""

    def __init__(self, tokenizer: TextTokenizer, before: Sequence[int] = ()) -> None:
        """before: the ids that the text goes on from, which gives no pieces."""
        self._tokenizer = tokenizer
        self._ids = list(before[-READ_BEFORE:])
        self._known = self._tokenizer.decode(self._ids)
        self._unsettled = 0

    def add(self, chosen: int) -> str:
        """Return what an id adds: "" for a mark, or while a character is not whole."""
        self._ids.append(chosen)
        text = self._tokenizer.decode(self._ids)
        self._unsettled += 1
        if text.endswith(LOST) and self._unsettled < MOST_UNSETTLED:
            return ""
        piece = text[len(self._known) :].replace(LOST, "")
        self._known, self._unsettled = text, 0
        if len(self._ids) > MOST_WINDOW:
            self._ids = self._ids[-READ_BEFORE:]
            self._known = self._tokenizer.decode(self._ids)
        return piece
