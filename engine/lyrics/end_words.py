"""Which words may end the next line: they fit it, rhyme as asked, and are as new to the song as can be.

Does not know models: which of these words it is, the model says.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property

import numpy as np

from engine.errors import RequestError
from engine.lyrics.draft import Draft
from engine.lyrics.lexicon import Lexicon, Rows, Word
from engine.lyrics.metre import MetreRows
from engine.lyrics.rhyme import FREE

FEWEST_RHYMES = 6  # a line that others must rhyme with ends in a word with at least this many rhymes
FEWEST_NEW_RHYMES = 3  # rather so many of a family that is new to the song than more of one that it has
USUAL_END = 60  # uses in the training texts
Lines = Sequence[tuple[int, str]]


class EndWords:
    """Chooses among the words of a lexicon. metre: of the same lexicon; every line keeps it."""

    def __init__(self, lexicon: Lexicon, metre: MetreRows | None = None) -> None:
        self._lexicon, self._metre = lexicon, metre

    @cached_property
    def usual(self) -> Rows:
        """The words that end a line without sounding far-fetched."""
        return usual_ends(self._lexicon)

    def fitting(self, syllables: int) -> Rows:
        """Return the words that may end a line of so many syllables."""
        return self._lexicon.syllables <= syllables if self._metre is None else self._metre.rows(syllables)

    def of_line(self, lines: Lines, index: int, draft: Draft, *, inner_rhyme: bool = False) -> Rows:
        """Return the words that may end a line of the section under way; lines: (syllables, rhyme letter) each.

        The strictest choice that leaves any: of rhyme families and stems that the song has not had; then of those it
        has; then, where a song runs out of words, end words of other sections again. RequestError for none.
        """
        for rows, few in self._choices(lines[index], draft):
            found = self._rhyming(rows, lines, index, draft, few, inner_rhyme=inner_rhyme)
            if found.any():
                return found
        raise RequestError(
            f"no word is left to end a line of {lines[index][0]} syllables; ask for fewer lines, or fewer that rhyme"
        )

    def _choices(self, line: tuple[int, str], draft: Draft) -> Iterator[tuple[Rows, int]]:
        """Yield choices of words, each with how many rhymes a line still to come is to have, the best choice first."""
        syllables, letter = line
        fitting = self.fitting(syllables)
        free = fitting & ~self._lexicon.spelled(draft.end_words)
        new = free & self.usual & self._new(draft, draft.rhyme_words.get(letter) if letter != FREE else None)
        yield from ((new, few) for few in (FEWEST_RHYMES, FEWEST_NEW_RHYMES))
        for refused in (draft.end_words, draft.end_words_of_section()):
            free = fitting & ~self._lexicon.spelled(refused)
            yield from ((rows, few) for few in (FEWEST_RHYMES, 1) for rows in (free & self.usual, free))

    def _new(self, draft: Draft, partner: Word | None) -> Rows:
        """Return the words whose stem has ended no line yet, and whose family no line but those of the same letter.

        A rhyme on the same consonant (light, delight) is the partner's word once more, and not new.
        """
        key = partner.rhyme_key if partner is not None else None
        new: Rows = ~self._lexicon.with_rhyme_keys({line.rhyme_key_found for line in draft.lines()} - {key})
        new &= ~self._lexicon.with_lemmas(draft.end_words)
        if partner is not None:
            onsets = {onset(line.words[-1]) for line in draft.sections[-1] if line.rhyme_key_found == key}
            for row in np.flatnonzero(new & self._lexicon.rhymes_with(partner)):
                new[row] = onset(self._lexicon.words[row]) not in onsets
        return new

    def _rhyming(self, rows: Rows, lines: Lines, index: int, draft: Draft, few: int, *, inner_rhyme: bool) -> Rows:
        """Return those of `rows` that rhyme as asked, or leave `few` rhymes or more for each later line of the letter."""
        letter = lines[index][1]
        if letter != FREE and letter in draft.rhyme_words:
            return rows & self._lexicon.rhymes_with(draft.rhyme_words[letter])
        others = [word.rhyme_key for other, word in draft.rhyme_words.items() if other != FREE]
        rows = rows & ~self._lexicon.with_rhyme_keys(others)
        later = [syllables for syllables, other in lines[index + 1 :] if other == letter and letter != FREE]
        if inner_rhyme:  # a word of one syllable fits wherever it is due
            rows = rows & self._lexicon.in_families(self._lexicon.syllables == 1, more_than=len(later) + few)
        if not later:
            return rows
        rhymes = rows & np.logical_and.reduce([self.fitting(syllables) for syllables in later])
        return rows & self._lexicon.in_families(rhymes, more_than=few * len(later))


def usual_ends(lexicon: Lexicon) -> Rows:
    """Return the words that end a line without sounding far-fetched: frequent ones, no contractions; and the theme's."""
    whole = np.array(["'" not in word.text for word in lexicon.words], dtype=bool)
    return (whole & (lexicon.counts >= USUAL_END)) | (lexicon.counts == 0)


def onset(word: Word) -> str:
    """Return the phoneme before the rhyme, without stress: light, delight -> "L"; "" for none."""
    before = word.sound[: -len(word.rhyme_key.split())]
    return before[-1].rstrip("012") if before else ""
