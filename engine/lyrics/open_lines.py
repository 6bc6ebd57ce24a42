"""A text with open lines: which lines stand, which are to be written, and how well one fits its notes. Knows no models."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from engine.lyrics.draft import WrittenLine
from engine.lyrics.lexicon import Word
from engine.lyrics.pronunciation import pronounce
from engine.lyrics.prosody import Syllable, rhyme_key_of, syllables_in, words_of
from engine.lyrics.rhyme import FREE
from engine.lyrics.theme_words import FUNCTION_WORDS

STRONG = 2  # the metric weight from which on a place in the bar is heavy


@dataclass(frozen=True)
class OpenLine:
    """A line to be written. letter: lines of a section with the same letter rhyme, FREE for none.

    like: the syllables of the line sung to the same notes. weights: how heavy the place of each syllable is, 0-3, of
    notes that are there already. breaks: after how many syllables there is a rest, in which no word may be.
    refused: words that must not end it, lower case. or_free: whether it may go without a rhyme where no word has one.
    """

    syllables: int
    letter: str = FREE
    like: tuple[Syllable, ...] = ()
    weights: tuple[int, ...] = ()
    breaks: frozenset[int] = frozenset()
    refused: frozenset[str] = frozenset()
    or_free: bool = False


@dataclass(frozen=True)
class GivenLine:
    """A line that stands."""

    line: WrittenLine
    letter: str = FREE


@dataclass(frozen=True)
class OpenSection:
    """kind: verse, chorus or bridge. lines: in order, at least one of them open if anything is to be written."""

    kind: str
    lines: tuple[OpenLine | GivenLine, ...]


def typed_line(text: str) -> WrittenLine:
    """Return a line that was typed, or written before, as the lyric writer knows lines: in plain letters."""
    letters = "".join(c for c in unicodedata.normalize("NFKD", text.replace("’", "'")) if not unicodedata.combining(c))
    plain = " ".join(re.findall(r"[A-Za-z]+(?:['-][A-Za-z]+)*", letters))
    words = tuple(_word(word) for word in words_of(plain))
    return WrittenLine(plain, words, None, words[-1].rhyme_key if words else "")


def _word(text: str) -> Word:
    sound = pronounce(text)
    return Word(text, (), syllables_in(sound), rhyme_key_of(sound), sound, 0)


def split_words(syllables: Sequence[Syllable], breaks: frozenset[int]) -> int:
    """Count the words that have a rest inside. breaks: after how many syllables the rests are."""
    return sum(n in breaks for n, s in enumerate(syllables) if n and s.word_position in ("middle", "end"))


def off_the_beat(syllables: Sequence[Syllable], weights: Sequence[int]) -> float:
    """Return the share of syllables sung against their stress, 0 to 1; 0 where no weights are given.

    In words of two syllables and more the stressed one belongs on a heavy place and the others do not; of single words
    those that carry meaning do not belong off the beat, and "the" does not belong on it, which weigh half as much.
    """
    if len(weights) != len(syllables):
        return 0.0
    wrong = 0.0
    for syllable, weight in zip(syllables, weights, strict=True):
        if syllable.word_position == "single":
            is_small = re.sub(r"[^a-z']", "", syllable.text.lower()) in FUNCTION_WORDS
            wrong += 0.5 * (weight >= STRONG if is_small else weight == 0)
        else:
            wrong += weight < STRONG if syllable.stress == 1 else weight >= STRONG and syllable.stress == 0
    return wrong / len(weights) if weights else 0.0
