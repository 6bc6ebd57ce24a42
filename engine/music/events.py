"""Music as events: what every vocabulary and its grammar offer, the registry of vocabularies, and grammars in decoding.

Does not know how a vocabulary works: its module is imported when it is first opened.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from functools import cache
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from engine.errors import RequestError
from engine.music.score import Score
from engine.sampling import Mask


class EventGrammar(Protocol):
    """Which id may follow in one sequence; made for each sequence and cheap to copy.

    A walk of allowed ids from the start id to the end id always decodes to a Score, and encoding that (with the chords,
    where the vocabulary has them) gives the walk: there is one way to write a piece.
    """

    def allowed(self) -> Mask:
        """Return which ids may follow (V,); it belongs to the grammar and is not to be written to. Empty after the end."""

    def advance(self, token_id: int) -> None:
        """Take the id that follows; ValueError where it is not allowed, which leaves the grammar as it was."""

    def copy(self) -> Self:
        """Return a grammar in the same state that goes its own way."""


class EventVocabulary(Protocol):
    """A Score as ids on a grid of `steps_per_quarter`, and back. size: how many ids there are, V.

    `encode` quantises to the grid; what is on the grid, and of the kinds that the vocabulary keeps, comes back exactly.
    """

    name: str
    size: int
    pad_id: int
    start_id: int
    end_id: int
    steps_per_quarter: int

    def id_of(self, token: str) -> int:
        """Return the id of a token; KeyError for one that is not there."""

    def token_of(self, token_id: int) -> str:
        """Return the token of an id, 0 to size - 1."""

    def quantise(self, score: Score) -> Score:
        """Return the score as it comes back from its ids."""

    def encode(self, score: Score) -> list[int]:
        """Return the ids of a score from the start id to the end id."""

    def decode(self, ids: Sequence[int]) -> Score:
        """Return the score of ids that the grammar accepts; a sequence may stop early, even inside a note.

        ValueError for ids that no grammar accepts.
        """

    def transpose(self, ids: Sequence[int], semitones: int) -> list[int]:
        """Return ids with every pitch but those of drums moved; ValueError where one leaves 0-127."""

    def onsets(self, ids: Sequence[int]) -> NDArray[np.int64]:
        """Return the grid step at which each id stands (T,), counted from the start of the score."""

    def grammar(self) -> EventGrammar:
        """Return a grammar that expects the start id."""


# Where each vocabulary's class is, as "module:name".
EVENT_VOCABULARIES: dict[str, str] = {
    "note-events": "engine.music.note_events:NoteEvents",
    "multitrack-events": "engine.music.multitrack_events:MultitrackEvents",
}


@cache
def open_vocabulary(name: str) -> EventVocabulary:
    """Return the vocabulary of a name in EVENT_VOCABULARIES, always the same object; RequestError names those there are."""
    if name not in EVENT_VOCABULARIES:
        raise RequestError(f"there is no event vocabulary {name!r}; use {' or '.join(EVENT_VOCABULARIES)}")
    module, _, class_name = EVENT_VOCABULARIES[name].partition(":")
    vocabulary: EventVocabulary = getattr(importlib.import_module(module), class_name)()
    return vocabulary


class Narrowing(Protocol):
    """What one sequence may choose of what the grammar allows: an edit's wishes, step by step."""

    def allowed(self) -> Mask | int | None:
        """Return the ids wished for next (V,), the one id that must come, or None for any."""

    def advance(self, token_id: int) -> None:
        """Take note of the id that was chosen."""


class Template:
    """A narrowing by a list: for every id to come the id itself, a mask (V,) of its choice, or None for any.

    Behind its last entry anything may follow. An edit of pitches, for one, gives every id but those of the pitches.
    """

    def __init__(self, entries: Sequence[Mask | int | None]) -> None:
        self._entries, self._place = entries, 0

    def allowed(self) -> Mask | int | None:
        return self._entries[self._place] if self._place < len(self._entries) else None

    def advance(self, token_id: int) -> None:
        self._place += 1


class GrammarConstraint:
    """A grammar as a constraint of `engine.decoding`: sampling cannot leave it, and the end id finishes the sequence.

    grammar: at the end of the prompt; it is copied. narrowing: what more is wished for; where that and the grammar have
    nothing in common, the sequence ends as stuck.
    """

    def __init__(self, grammar: EventGrammar, end_id: int, narrowing: Narrowing | None = None) -> None:
        self.grammar, self._end_id, self._narrowing = grammar.copy(), end_id, narrowing

    def allowed(self) -> Mask:
        """Return the ids that may come next (V,)."""
        mask = self.grammar.allowed()
        wished = self._narrowing.allowed() if self._narrowing is not None else None
        if wished is None:
            return mask
        if isinstance(wished, np.ndarray):
            return mask & wished
        only = np.zeros_like(mask)
        only[wished] = mask[wished]
        return only

    def accept(self, chosen: int) -> bool:
        """Take the chosen id; True where it is the end."""
        self.grammar.advance(chosen)
        if self._narrowing is not None:
            self._narrowing.advance(chosen)
        return chosen == self._end_id


def grammar_after(grammar: EventGrammar, prompt: Sequence[int]) -> EventGrammar:
    """Return a grammar that has taken a prompt as well; ValueError where it does not allow it."""
    after = grammar.copy()
    for token_id in prompt:
        after.advance(token_id)
    return after
