"""Finds what a text shares word for word with the training texts. Does not know models or how texts are made.

The training words lie in one array; a second array holds their positions, sorted by the nine words that start there. So
the longest shared run is found exactly, by binary search and extension, for runs of every length.
"""

from __future__ import annotations

import hashlib
import math
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import cast

import numpy as np

from engine.corpus.records import read_jsonl, split_of
from engine.evaluation.lyric_metrics import plain_words

WORDS_PER_KEY, KEYS = 3, 3  # three ids of 21 bits in a key of 64
SORTED_WORDS = WORDS_PER_KEY * KEYS
BITS = 21
USUAL_USES = 3  # METRICS 3, real-word rate
BOUNDARY, UNKNOWN = 0, 2**BITS - 1
LONGEST_RUN_ALLOWED, LONGEST_LINE_ALLOWED = 7, 4  # words; METRICS 3


@dataclass(frozen=True)
class TrainingText:
    """words: uint32 (N,), ids of the training words, BOUNDARY between texts. order: uint32 (N,), sorted positions.

    line_hashes: uint64, ascending, of whole lines. vocabulary: word of id i + 1.
    """

    words: np.ndarray
    order: np.ndarray
    line_hashes: np.ndarray
    vocabulary: tuple[str, ...]

    @classmethod
    def build(cls, texts: Iterable[Iterable[str]]) -> TrainingText:
        """Index texts given as lines; 15 million words take about half a minute and a gigabyte while they are sorted."""
        ids: dict[str, int] = {}
        words = array("I", [BOUNDARY])
        hashes: set[int] = set()
        for lines in texts:
            for line in lines:
                found = plain_words(line)
                words.extend([ids.setdefault(word, len(ids) + 1) for word in found])
                hashes.add(line_hash(found))
            words.append(BOUNDARY)
        if len(ids) >= UNKNOWN:
            raise ValueError(f"{len(ids)} different words do not fit {BITS} bits")
        flat = np.frombuffer(words, np.uint32)
        ordered = np.sort(np.fromiter(hashes, np.uint64, len(hashes)))
        return cls(flat, sort_positions(flat), ordered, tuple(ids))

    @classmethod
    def of_corpus(cls, path: Path, report: Callable[[int], None] = lambda records: None) -> TrainingText:
        """Index the train split of a JSON-lines corpus. report: called with the records read, now and then."""

        def texts() -> Iterable[list[str]]:
            for number, row in enumerate(read_jsonl(path), 1):
                if number % 2000 == 0:
                    report(number)
                if split_of(row.get("work") or row["id"]) == "train":
                    yield str(row["text"]).splitlines()

        return cls.build(texts())

    def save(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        vocabulary = np.frombuffer("\n".join(self.vocabulary).encode(), np.uint8)
        draft = path.with_name(f".{path.name}")
        with draft.open("wb") as file:
            np.savez(file, words=self.words, order=self.order, line_hashes=self.line_hashes, vocabulary=vocabulary)
        draft.replace(path)

    @classmethod
    def open(cls, path: Path) -> TrainingText:
        with np.load(path) as arrays:
            vocabulary = tuple(arrays["vocabulary"].tobytes().decode().split("\n"))
            return cls(arrays["words"], arrays["order"], arrays["line_hashes"], vocabulary)

    @cached_property
    def _ids(self) -> dict[str, int]:
        return {word: i for i, word in enumerate(self.vocabulary, 1)}

    @cached_property
    def usual_words(self) -> frozenset[str]:
        """Return the words used three times or more."""
        counts = np.bincount(self.words, minlength=len(self.vocabulary) + 1)[1:]
        return frozenset(self.vocabulary[i] for i in np.flatnonzero(counts >= USUAL_USES))

    def _starting_at(self, position: int) -> list[int]:
        return cast("list[int]", self.words[position : position + SORTED_WORDS].tolist())

    def longest_run(self, lines: Iterable[str]) -> tuple[int, str]:
        """Return how many words in a row, over line ends too, stand so in one training text, and those words."""
        words = [word for line in lines for word in plain_words(line)]
        ids = [self._ids.get(word, UNKNOWN) for word in words]
        best, at = 0, 0
        for start in range(len(ids)):
            if len(ids) - start <= best:
                break
            length = self._run_from(ids, start)
            if length > best:
                best, at = length, start
        return best, " ".join(words[at : at + best])

    def _run_from(self, ids: Sequence[int], start: int) -> int:
        """Return the longest run that starts at `start`: among neighbours in the order, or all that share nine words."""
        wanted = list(ids[start : start + SORTED_WORDS])
        order = cast("Sequence[int]", self.order)
        low = bisect_left(order, wanted, key=self._starting_at)
        if low < len(order) and self._starting_at(order[low])[: len(wanted)] == wanted:
            high = bisect_right(order, wanted, lo=low, key=lambda p: self._starting_at(p)[: len(wanted)])
            places = self.order[low:high]
        else:
            places = self.order[max(0, low - 1) : low + 1]
        return max((self._common(ids, start, int(place)) for place in places), default=0)

    def _common(self, ids: Sequence[int], start: int, place: int) -> int:
        length = 0
        while (
            start + length < len(ids)
            and place + length < len(self.words)
            and ids[start + length] == self.words[place + length]
        ):
            length += 1
        return length

    def has_line(self, line: str) -> bool:
        """Return whether a training text has this very line, whatever its case and punctuation."""
        wanted = line_hash(plain_words(line))
        at = int(np.searchsorted(self.line_hashes, np.uint64(wanted)))
        return at < len(self.line_hashes) and int(self.line_hashes[at]) == wanted

    def verbatim_line_share(self, lines: Iterable[str], *, fewest_words: int = LONGEST_LINE_ALLOWED + 1) -> float:
        """Return the share of lines that have `fewest_words` or more and are found verbatim; NaN for no lines."""
        found = [len(plain_words(line)) >= fewest_words and self.has_line(line) for line in lines]
        return sum(found) / len(found) if found else math.nan


def sort_positions(words: np.ndarray) -> np.ndarray:
    """Return all positions of `words` (N,), sorted by the nine ids that start there: uint32 (N,)."""
    padded = np.concatenate([words, np.zeros(SORTED_WORDS, words.dtype)])
    keys = []
    for key in range(KEYS):
        packed = np.zeros(len(words), np.uint64)
        for place in range(key * WORDS_PER_KEY, (key + 1) * WORDS_PER_KEY):
            packed = (packed << np.uint64(BITS)) | padded[place : place + len(words)].astype(np.uint64)
        keys.append(packed)
    return np.lexsort(keys[::-1]).astype(np.uint32)


def line_hash(words: Sequence[str]) -> int:
    """Return 64 bits that stand for a line's words, the same in every process."""
    return int.from_bytes(hashlib.blake2b(" ".join(words).encode(), digest_size=8).digest(), "big")
