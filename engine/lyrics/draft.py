"""Lyrics under way: the lines written so far and what the next line must know of them. Does not choose anything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

from engine.lyrics.lexicon import Word
from engine.lyrics.prosody import Syllable, syllables_of
from engine.lyrics.rhyme import near_family


@dataclass(frozen=True)
class WrittenLine:
    """text: as printed. words: in order. rhyme_key_asked: the key to be met, or None."""

    text: str
    words: tuple[Word, ...]
    rhyme_key_asked: str | None
    rhyme_key_found: str

    @cached_property
    def syllables(self) -> tuple[Syllable, ...]:
        return syllables_of(self.text)


@dataclass
class Draft:
    """What has been written so far, and what the next line must know of it.

    theme: what it is about. must: words of the theme of which the song is to have one, all if empty. hook: of which
    every chorus is to have one. kin: words that keep the theme company though they need not come.
    """

    theme: frozenset[str]
    sections: list[list[WrittenLine]] = field(default_factory=list)
    used: Counter[str] = field(default_factory=Counter)
    rhyme_words: dict[str, Word] = field(default_factory=dict)  # letter -> last word of its latest line, this section
    end_words: set[str] = field(default_factory=set)
    texts: list[list[str]] = field(default_factory=list)  # the words of every line, in lower case
    near_families: set[str] = field(default_factory=set)  # of their rhymes
    pairs: set[tuple[str, str]] = field(default_factory=set)  # of words that stand side by side in them
    must: frozenset[str] = frozenset()
    hook: frozenset[str] = frozenset()
    kin: frozenset[str] = frozenset()

    def add(self, line: WrittenLine, letter: str) -> None:
        self.sections[-1].append(line)
        texts = [word.text.lower() for word in line.words]
        self.texts.append(texts)
        self.pairs.update(pairwise(texts))
        self.used.update(texts)
        self.end_words.add(texts[-1])
        self.near_families.add(near_family(line.rhyme_key_found))
        self.rhyme_words[letter] = line.words[-1]

    def missing(self, *, in_chorus: bool) -> frozenset[str]:
        """Return the words of which one is to come now; none where that is done.

        A chorus is to have a word of the hook, or of the theme where there is no hook; the song one of the theme.
        """
        theme = self.must or self.theme
        if in_chorus and not self._says(self.hook or theme, self.sections[-1]):
            return self.hook or theme
        if (self.hook or not in_chorus) and not self._says(theme, self.lines()):
            return theme
        return frozenset()

    def section_says(self, words: frozenset[str]) -> bool:
        """Return whether the section under way has one of these words."""
        return self._says(words, self.sections[-1])

    def _says(self, words: frozenset[str], lines: Sequence[WrittenLine]) -> bool:
        return any(word.text.lower() in words for line in lines for word in line.words)

    def end_words_of_section(self) -> set[str]:
        """Return the last words of the lines written in this section, in lower case."""
        return {line.words[-1].text.lower() for line in self.sections[-1]}

    def lines(self) -> list[WrittenLine]:
        return [line for section in self.sections for line in section]
