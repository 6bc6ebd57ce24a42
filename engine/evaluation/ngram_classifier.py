"""Tells kinds of text apart by counted n-grams: multinomial naive Bayes over characters. Does not know what the kinds are."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

BUCKETS = 2**18  # n-grams are hashed into as many counts
SHORTEST, LONGEST = 2, 5  # characters in an n-gram
SMOOTHING = 0.1  # added to every count; characters with 0.1 told real songs apart best, words of 1-2 a little less well


@dataclass(frozen=True)
class NgramClassifier:
    """names: of the classes. log_shares: float32 (classes, BUCKETS), the log share of each n-gram in its class."""

    names: tuple[str, ...]
    log_shares: np.ndarray

    @classmethod
    def learn(cls, texts: Mapping[str, Sequence[str]]) -> NgramClassifier:
        """Count the n-grams of each class; every class is as likely, however many texts it has. At least two classes.

        A text counts an n-gram once, however often it has it.
        """
        assert len(texts) > 1
        counts = np.full((len(texts), BUCKETS), SMOOTHING, np.float64)
        for row, examples in enumerate(texts.values()):
            for text in examples:
                counts[row, ngrams_of(text)] += 1
        shares = counts / counts.sum(axis=1, keepdims=True)
        return cls(tuple(texts), np.log(shares).astype(np.float32))

    def name(self, text: str) -> str:
        """Return the likeliest class of a text; the first of `names` for an empty one."""
        return self.names[int(self.log_shares[:, ngrams_of(text)].sum(axis=1).argmax())]


def ngrams_of(text: str) -> np.ndarray:
    """Return the buckets of the character n-grams in a text, each once, ascending: int64 (n,)."""
    padded = f" {text} ".encode()
    found = {
        zlib.crc32(padded[start : start + n]) % BUCKETS
        for n in range(SHORTEST, LONGEST + 1)
        for start in range(len(padded) - n + 1)
    }
    return np.array(sorted(found), np.int64)


def mean_recall(classifier: NgramClassifier, texts: Mapping[str, Sequence[str]]) -> float:
    """Return the share of texts that are named rightly, of each class that has texts, and then the mean over classes.

    So a class counts as much as another, however many texts it has, and guessing gives 1 / classes. NaN for no texts.
    """
    shares = [
        np.mean([classifier.name(text) == name for text in examples]) for name, examples in texts.items() if examples
    ]
    return float(np.mean(shares)) if shares else float("nan")
