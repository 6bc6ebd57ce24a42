"""The words that the lyric model may write, sorted by their token ids, with syllables and rhyme families.

Does not know lines, songs or models.
"""

from __future__ import annotations

import gzip
from collections.abc import Collection, Iterable, Sequence
from copy import copy
from dataclasses import dataclass
from itertools import chain
from operator import attrgetter
from pathlib import Path

import numpy as np

from engine.lyrics.lemmas import lemma
from engine.lyrics.prompt import is_archaic
from engine.lyrics.pronunciation import pronounce
from engine.lyrics.prosody import rhyme_key_of, syllables_in
from engine.lyrics.tokenizer import LyricTokenizer

WORD_END = -1  # stands after the last id of a word; sorts before every id
Rows = np.ndarray  # bool (W,): a choice among the words of a lexicon


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


@dataclass(frozen=True)
class Beginning:
    """The words that begin with the same `depth` ids: rows `first` to `stop` - 1 of a lexicon."""

    first: int
    stop: int
    depth: int


class Lexicon:
    """All words in the order of their ids (W,), so that the words with the same beginning stand together.

    syllables, counts: int64 (W,). ids: int64 (W, longest + 1), WORD_END after the last id of a word.
    """

    def __init__(self, words: Iterable[Word], vocab_size: int) -> None:
        self.words: list[Word] = sorted(words, key=attrgetter("ids"))
        self.vocab_size = vocab_size
        self.ids = _table([word.ids for word in self.words])
        self.syllables = np.array([word.syllables for word in self.words], np.int64)
        self.counts = np.array([word.count for word in self.words], np.int64)
        self._spellings, self._spelling = _numbered(word.text.lower() for word in self.words)
        self._rhyme_keys, self._family = _numbered(word.rhyme_key for word in self.words)
        self._sounds, self._sound = _numbered(word.sound for word in self.words)
        self._lemmas, self._lemma = _numbered(lemma(word.text) for word in self.words)
        self._first = _beginnings(self.ids)
        self._start_masks: dict[int, np.ndarray] = {}

    @classmethod
    def from_entries(cls, entries: Sequence[Entry], tokenizer: LyricTokenizer) -> Lexicon:
        encoded = tokenizer.encode_batch([f" {entry.text}" for entry in entries])
        return cls(
            [make_word(entry, tuple(ids)) for entry, ids in zip(entries, encoded, strict=True)], tokenizer.vocab_size
        )

    @classmethod
    def open(cls, path: Path, tokenizer: LyricTokenizer, *, archaic: bool) -> Lexicon:
        """Read a word list; with `archaic` false the words of long ago (thee, hath, o'er) are left out."""
        entries = [e for e in read_words(path) if archaic or not is_archaic(e.text.lower())]
        return cls.from_entries(entries, tokenizer)

    def __len__(self) -> int:
        return len(self.words)

    def __contains__(self, text: str) -> bool:
        """Return whether a word is here, in whatever case, or was left out, so that no theme brings it back."""
        return text.lower() in self._spellings

    def with_words(self, texts: Iterable[str], tokenizer: LyricTokenizer) -> Lexicon:
        """Return a lexicon that also has `texts` (the words of a theme); this one if it has them already, in any case."""
        missing = list(dict.fromkeys(text for text in texts if text not in self))
        if not missing:
            return self
        added = [make_word(Entry(text, 0, pronounce(text)), tuple(tokenizer.encode(f" {text}"))) for text in missing]
        return Lexicon([*self.words, *added], self.vocab_size)

    def with_names(self, names: Iterable[str], tokenizer: LyricTokenizer) -> Lexicon:
        """Return a lexicon that writes `names` as they are typed: with "May" the word "may" is only the month."""
        as_typed = {name.lower(): name for name in names}
        alike = [self.words[row] for row in np.flatnonzero(self.spelled(as_typed))]
        other = [word for word in alike if word.text != as_typed[word.text.lower()]]
        if not other:
            return self
        named = [(as_typed[word.text.lower()], word) for word in other]
        renamed = [make_word(Entry(name, w.count, w.sound), tuple(tokenizer.encode(f" {name}"))) for name, w in named]
        return Lexicon([*(word for word in self.words if word not in other), *renamed], self.vocab_size)

    def without(self, texts: Collection[str]) -> Lexicon:
        """Return a lexicon that lacks `texts` (lower case), alone, with "'s" and in words with a hyphen; this one for none.

        Rows are taken out of the tables as they are, which takes a few milliseconds where building takes a second.
        """
        avoided = frozenset(texts)
        left_out = [text for text in self._spellings if avoided.intersection(_parts(str(text)))] if avoided else []
        if not left_out:
            return self
        kept = ~self.spelled([str(text) for text in left_out])
        fewer = copy(self)
        fewer.words = [word for word, is_kept in zip(self.words, kept.tolist(), strict=True) if is_kept]
        for name in ("ids", "syllables", "counts", "_spelling", "_family", "_sound", "_lemma"):
            setattr(fewer, name, getattr(self, name)[kept])
        fewer._first, fewer._start_masks = _beginnings(fewer.ids), {}
        return fewer

    def starts(self, rows: Rows) -> np.ndarray:
        """Return which ids can start one of the words: bool (V,)."""
        mask = np.zeros(self.vocab_size, dtype=bool)
        mask[self.ids[rows, 0]] = True
        return mask

    def start_mask(self, syllables: int) -> np.ndarray:
        """Return which ids can start a word of at most `syllables` syllables: bool (V,), not to be changed."""
        if syllables not in self._start_masks:
            self._start_masks[syllables] = self.starts(self.syllables <= syllables)
        return self._start_masks[syllables]

    def beginning(self, token_id: int, after: Beginning | None = None) -> Beginning | None:
        """Return the words that begin with the ids of `after` (none at first) and this one; None where there are none."""
        if after is None:
            return self._first.get(token_id)
        column = self.ids[after.first : after.stop, after.depth]
        if len(column) == 1:
            return Beginning(after.first, after.stop, after.depth + 1) if column[0] == token_id else None
        left, right = column.searchsorted((token_id, token_id + 1))
        return Beginning(after.first + int(left), after.first + int(right), after.depth + 1) if left < right else None

    def spelled(self, texts: Collection[str]) -> Rows:
        """Return the words that are spelled like one of `texts`, in whatever case."""
        known = [self._spellings[text.lower()] for text in texts if text.lower() in self._spellings]
        return _any_of(self._spelling, known, len(self._spellings))

    def with_lemmas(self, texts: Collection[str]) -> Rows:
        """Return the words that are forms of one of `texts`: of "rained", rain and rains and raining too."""
        known = [self._lemmas[stem] for stem in map(lemma, texts) if stem in self._lemmas]
        return _any_of(self._lemma, known, len(self._lemmas))

    def with_rhyme_keys(self, keys: Collection[str]) -> Rows:
        """Return the words of these families."""
        known = [self._rhyme_keys[key] for key in keys if key in self._rhyme_keys]
        return _any_of(self._family, known, len(self._rhyme_keys))

    def rhymes_with(self, word: Word) -> Rows:
        """Return the words that rhyme with `word`: same rhyme key, another sound and another spelling."""
        same = self._sound == self._sounds.get(word.sound, -1)
        return self.with_rhyme_keys([word.rhyme_key]) & ~same & ~self.spelled([word.text])

    def in_families(self, rows: Rows, *, more_than: int) -> Rows:
        """Return the words whose family has more than so many different sounds among `rows`."""
        _, first_row = np.unique(self._sound[rows], return_index=True)
        sizes = np.bincount(self._family[rows][first_row], minlength=len(self._rhyme_keys))
        return (sizes > more_than)[self._family]


def _table(sequences: Sequence[Sequence[int]]) -> np.ndarray:
    """Return int64 (W, longest + 1), each row filled up with WORD_END."""
    lengths = np.array([len(ids) for ids in sequences], np.int64)
    table = np.full((len(sequences), int(lengths.max(initial=0)) + 1), WORD_END, np.int64)
    table[np.arange(table.shape[1]) < lengths[:, None]] = np.fromiter(chain.from_iterable(sequences), np.int64)
    return table


def _beginnings(ids: np.ndarray) -> dict[int, Beginning]:
    """Return for each id that starts a word the words that it starts; ids: (W, longest + 1) in order."""
    first_ids, starts = np.unique(ids[:, 0], return_index=True)
    stops = [*starts[1:].tolist(), len(ids)]
    places = zip(first_ids.tolist(), starts.tolist(), stops, strict=True)
    return {i: Beginning(first, stop, 1) for i, first, stop in places}


def _parts(text: str) -> set[str]:
    """Return a word, the same without "'s", and the parts that hyphens join."""
    return {text, text.removesuffix("'s"), *(part.removesuffix("'s") for part in text.split("-"))}


def _numbered(values: Iterable[object]) -> tuple[dict[object, int], np.ndarray]:
    """Return a number for each different value, and the numbers of `values` in order: int64 (W,)."""
    numbers: dict[object, int] = {}
    return numbers, np.array([numbers.setdefault(value, len(numbers)) for value in values], np.int64)


def _any_of(numbers: np.ndarray, wanted: Sequence[int], size: int) -> Rows:
    """Return where `numbers` (each under `size`) is one of `wanted`."""
    chosen = np.zeros(size, dtype=bool)
    chosen[list(wanted)] = True
    return chosen[numbers]


def make_word(entry: Entry, ids: tuple[int, ...]) -> Word:
    sound = entry.sound
    return Word(entry.text, ids, syllables_in(sound), rhyme_key_of(sound), sound, entry.count)


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
