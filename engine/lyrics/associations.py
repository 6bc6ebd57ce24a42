"""Which words belong together: vectors of content words learned from the training texts. Does not know lines or models."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

import numpy as np

MOST_THEMES = 8  # whose cosines are kept


class Associations:
    """Unit vectors of lower-case words: float32 (words, dimensions). Cosines near 1 mean that words keep company."""

    def __init__(self, words: list[str], vectors: np.ndarray) -> None:
        self._index = {word: i for i, word in enumerate(words)}
        self._words = words
        self._vectors = vectors.astype(np.float32)
        self._cosines: dict[frozenset[str], np.ndarray] = {}  # of the latest themes and moods

    @classmethod
    def open(cls, path: Path) -> Associations:
        """Read an .npz with `words` (one text, a word per line) and `vectors` int8 (words, dimensions)."""
        with np.load(path) as arrays:
            words = bytes(arrays["words"]).decode().split("\n")
            vectors = arrays["vectors"].astype(np.float32)
        return cls(words, vectors / np.linalg.norm(vectors, axis=1, keepdims=True))

    def save(self, path: Path | BinaryIO) -> None:
        """Write what `open` reads; vectors are rounded to int8."""
        scaled = np.round(self._vectors * 127 / np.abs(self._vectors).max(axis=1, keepdims=True)).astype(np.int8)
        np.savez_compressed(path, words=np.frombuffer("\n".join(self._words).encode(), np.uint8), vectors=scaled)

    def __contains__(self, word: str) -> bool:
        return word in self._index

    @property
    def words(self) -> list[str]:
        """All words that have a vector, the commonest first."""
        return list(self._words)

    def known(self, words: Iterable[str]) -> list[str]:
        """Return those of some words that have a vector."""
        return [word for word in words if word in self._index]

    def vectors(self, words: Iterable[str]) -> np.ndarray:
        """Return the unit vectors of known words: float32 (words, dimensions)."""
        return self._vectors[[self._index[word] for word in words]]

    def rank(self, word: str) -> int:
        """Return how many known words are commoner in the training texts: 0 for the commonest."""
        return self._index[word]

    @property
    def dimensions(self) -> int:
        """How many values a vector has."""
        return int(self._vectors.shape[1])

    def nearness(self, word: str, theme: Iterable[str]) -> float:
        """Return the highest cosine of a word with a theme word: 1 for a theme word itself, 0 where nothing is known."""
        theme = frozenset(theme)
        if word in theme:
            return 1.0
        return float(self._cosines_with(theme)[self._index[word]]) if word in self._index else 0.0

    def _cosines_with(self, theme: frozenset[str]) -> np.ndarray:
        """Return the highest cosine of every word with a word of the theme: (words,). Songs in several threads ask."""
        best = self._cosines.get(theme)
        if best is None:
            known = [self._index[t] for t in theme if t in self._index]
            best = (self._vectors @ self._vectors[known].T).max(axis=1) if known else np.zeros(len(self._words))
            latest = list(self._cosines.items())[1 - MOST_THEMES :]
            self._cosines = {**dict(latest), theme: best}
        return best

    def nearest(self, theme: Iterable[str], most: int) -> list[str]:
        """Return the words nearest to any theme word, the nearest first, without the theme words themselves."""
        theme = set(theme)
        known = [self._index[t] for t in theme if t in self._index]
        if not known:
            return []
        cosines = (self._vectors @ self._vectors[known].T).max(axis=1)
        order = (self._words[i] for i in np.argsort(-cosines, kind="stable")[: most + len(theme)])
        return [word for word in order if word not in theme][:most]
