"""The words that the lyric model may write, as a trie over token ids with syllables and rhyme keys.

Does not know lines, songs or models.
"""

from __future__ import annotations

import gzip
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from engine.lyrics.prompt import is_archaic
from engine.lyrics.pronunciation import pronounce
from engine.lyrics.prosody import rhyme_key_of, syllables_in
from engine.lyrics.tokenizer import LyricTokenizer


@dataclass(frozen=True)
class Entry:
    """A line of a word list. count: how often the training texts have it. sound: phonemes."""

    text: str
    count: int
    sound: tuple[str, ...]


@dataclass(frozen=True)
class Word:
    """text: in its usual case. ids: its tokens with the space before it. sound: all its phonemes."""

    text: str
    ids: tuple[int, ...]
    syllables: int
    rhyme_key: str
    sound: tuple[str, ...]
    count: int
    is_archaic: bool


@dataclass
class Node:
    """A place in the trie: `word` if one ends here, the fewest syllables of a word at or below it."""

    children: dict[int, Node] = field(default_factory=dict)
    word: Word | None = None
    fewest_syllables: int = 99

    def add(self, word: Word) -> None:
        node = self
        node.fewest_syllables = min(node.fewest_syllables, word.syllables)
        for i in word.ids:
            node = node.children.setdefault(i, Node())
            node.fewest_syllables = min(node.fewest_syllables, word.syllables)
        node.word = word

    def continuations(self, syllables: int) -> list[int]:
        """Return the ids that lead on to a word of at most `syllables` syllables."""
        return [i for i, child in self.children.items() if child.fewest_syllables <= syllables]


def build_trie(words: Iterable[Word]) -> Node:
    root = Node()
    for word in words:
        root.add(word)
    return root


class Lexicon:
    """All words, their trie, and their families by rhyme key."""

    def __init__(self, words: Sequence[Word], vocab_size: int) -> None:
        self.words = {word.text: word for word in words}
        self.vocab_size = vocab_size
        self.root = build_trie(words)
        self.families: dict[str, list[Word]] = defaultdict(list)
        for word in words:
            self.families[word.rhyme_key].append(word)
        self._start_masks: dict[int, np.ndarray] = {}

    @classmethod
    def from_entries(cls, entries: Sequence[Entry], tokenizer: LyricTokenizer) -> Lexicon:
        encoded = tokenizer.encode_batch([f" {entry.text}" for entry in entries])
        words = [make_word(entry, tuple(ids)) for entry, ids in zip(entries, encoded, strict=True)]
        return cls(words, tokenizer.vocab_size)

    @classmethod
    def open(cls, path: Path, tokenizer: LyricTokenizer, *, archaic: bool) -> Lexicon:
        """Read a word list; with `archaic` false the words of long ago (thee, hath, o'er) are left out."""
        entries = [e for e in read_words(path) if archaic or not is_archaic(e.text.lower())]
        return cls.from_entries(entries, tokenizer)

    def with_words(self, texts: Iterable[str], tokenizer: LyricTokenizer) -> Lexicon:
        """Return a lexicon that also has `texts` (the words of a theme); this one if it has them already."""
        missing = [text for text in texts if text not in self.words]
        if not missing:
            return self
        added = [
            make_word(Entry(text, 0, pronounce(text.lower())), tuple(tokenizer.encode(f" {text}"))) for text in missing
        ]
        return Lexicon([*self.words.values(), *added], self.vocab_size)

    def start_mask(self, syllables: int) -> np.ndarray:
        """Return which ids can start a word of at most `syllables` syllables: bool (V,)."""
        if syllables not in self._start_masks:
            mask = np.zeros(self.vocab_size, dtype=bool)
            mask[self.root.continuations(syllables)] = True
            self._start_masks[syllables] = mask
        return self._start_masks[syllables]

    def rhymes_with(self, word: Word, taken: Iterable[str] = ()) -> list[Word]:
        """Return the words that rhyme with `word` and sound different, without those in `taken`."""
        refused = {text.lower() for text in taken} | {word.text.lower()}
        return [w for w in self.families[word.rhyme_key] if w.sound != word.sound and w.text.lower() not in refused]


def make_word(entry: Entry, ids: tuple[int, ...]) -> Word:
    return Word(
        text=entry.text,
        ids=ids,
        syllables=syllables_in(entry.sound),
        rhyme_key=rhyme_key_of(entry.sound),
        sound=entry.sound,
        count=entry.count,
        is_archaic=is_archaic(entry.text.lower()),
    )


def read_words(path: Path) -> list[Entry]:
    """Read `word<TAB>count<TAB>phonemes` lines, gzipped."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        rows = (line.rstrip("\n").split("\t") for line in lines)
        return [Entry(text, int(count), tuple(sound.split())) for text, count, sound in rows]


def write_words(path: Path, counts: dict[str, int]) -> None:
    """Write what `read_words` reads, the most frequent word first, without a time stamp.

    The phonemes are written down because looking up 27,000 words takes seconds, and reading them a tenth of one.
    """
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    text = "".join(f"{word}\t{n}\t{' '.join(pronounce(word.lower()))}\n" for word, n in ordered)
    path.write_bytes(gzip.compress(text.encode(), mtime=0))
