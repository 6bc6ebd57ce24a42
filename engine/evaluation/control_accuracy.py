"""Control accuracy of METRICS 3: can a reader of real songs tell what style or author was asked for? Does not know models.

What is told apart: pieces of 60 words in lower case, without punctuation, line ends, labels and titles, so that neither
length nor form is a clue. Kinds are those that a style can ask for: song, hymn, ballad and nursery (poems have no style).
A made song is one piece, its first 60 words, a repeated chorus once.
"""

from __future__ import annotations

import math
import random
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from engine.corpus.records import Split, parse_record, read_jsonl, split_of
from engine.evaluation.human_songs import plain_song
from engine.evaluation.lyric_metrics import words_of_lines
from engine.evaluation.ngram_classifier import NgramClassifier, mean_recall
from engine.evaluation.word_songs import AUTHORS, WrittenSong
from engine.song.styles import STYLES

PIECE_WORDS = 60
PIECES_OF_RECORD, PIECES_OF_CLASS = 6, 2000  # so that neither a long poem nor a large class outweighs the others
FEWEST_TRAINED, FEWEST_TESTED = 20, 5  # pieces; a class with fewer is left out
KINDS = tuple(dict.fromkeys(style.lyric_kind for style in STYLES.values()))
Pieces = dict[str, list[str]]


@dataclass(frozen=True)
class RealPieces:
    """Pieces of real songs by class, of works in training and of works held out."""

    train: Pieces = field(default_factory=lambda: defaultdict(list))
    held_out: Pieces = field(default_factory=lambda: defaultdict(list))

    def add(self, name: str, split: Split, pieces: Iterable[str]) -> None:
        """Put pieces into a class, on the side of their work."""
        (self.train if split == "train" else self.held_out)[name].extend(pieces)

    def only(self, names: Iterable[str]) -> tuple[Pieces, Pieces]:
        """Return both sides of those classes that have enough on both, training balanced to the smallest class."""
        kept = [
            name
            for name in names
            if len(self.train.get(name, ())) >= FEWEST_TRAINED and len(self.held_out.get(name, ())) >= FEWEST_TESTED
        ]
        most = min([PIECES_OF_CLASS, *(len(self.train[name]) for name in kept)])
        return {name: _drawn(self.train[name], most) for name in kept}, {
            name: _drawn(self.held_out[name], PIECES_OF_CLASS) for name in kept
        }


@dataclass(frozen=True)
class ControlAccuracy:
    """classes: those told apart. on_real, on_made: mean share named rightly, a class as much as another; NaN for none.

    trained, real, made: pieces.
    """

    classes: tuple[str, ...]
    on_real: float
    on_made: float
    trained: int
    real: int
    made: int

    @property
    def ratio(self) -> float:
        """Return what is to be 0.8 or more."""
        return self.on_made / self.on_real if self.on_real else math.nan


def read_real_pieces(corpus: Path) -> tuple[RealPieces, RealPieces]:
    """Return the pieces of a JSON-lines corpus by kind, and by author."""
    by_kind, by_author = RealPieces(), RealPieces()
    for row in read_jsonl(corpus):
        kind, author = row.get("kind"), row.get("author")
        if kind not in KINDS and author not in AUTHORS:
            continue
        split = split_of(row.get("work") or row["id"])
        pieces = pieces_of(words_of_lines(plain_song(parse_record(row)).lines))
        if kind in KINDS:
            by_kind.add(kind, split, pieces)
        if author in AUTHORS:
            by_author.add(author, split, pieces)
    return by_kind, by_author


def pieces_of(words: Sequence[str]) -> list[str]:
    """Cut words into pieces of 60, at most six, spread evenly; what is left over is dropped."""
    starts = range(0, len(words) - PIECE_WORDS + 1, PIECE_WORDS)
    step = max(1, math.ceil(len(starts) / PIECES_OF_RECORD))
    return [" ".join(words[start : start + PIECE_WORDS]) for start in starts[::step]]


def control_accuracy(real: RealPieces, made: Mapping[str, Sequence[WrittenSong]]) -> ControlAccuracy | None:
    """Return how often made songs are named as what was asked for, beside held-out real songs; None for under two classes.

    made: songs by the class that was asked for. Both are judged over the classes that have both real and made songs.
    """
    found = {
        name: [pieces_of(song.words)[0] for song in songs if len(song.words) >= PIECE_WORDS]
        for name, songs in made.items()
    }
    train, held_out = real.only(name for name, pieces in found.items() if pieces)
    if len(train) < 2:
        return None
    classifier = NgramClassifier.learn(train)
    judged = {name: found[name] for name in train}
    return ControlAccuracy(
        tuple(train),
        mean_recall(classifier, held_out),
        mean_recall(classifier, judged),
        *(sum(map(len, side.values())) for side in (train, held_out, judged)),
    )


def by_kind(songs: Iterable[WrittenSong]) -> dict[str, list[WrittenSong]]:
    """Return the varied songs by the kind that their style stands for."""
    found: dict[str, list[WrittenSong]] = defaultdict(list)
    for song in songs:
        if song.part == "varied":
            found[song.kind].append(song)
    return found


def by_author(songs: Iterable[WrittenSong]) -> dict[str, list[WrittenSong]]:
    """Return the songs that were asked for in an author's manner, by author."""
    found: dict[str, list[WrittenSong]] = defaultdict(list)
    for song in songs:
        if song.part == "by author" and song.author:
            found[song.author].append(song)
    return found


def _drawn(pieces: Sequence[str], most: int) -> list[str]:
    return random.Random(0).sample(list(pieces), min(most, len(pieces)))
