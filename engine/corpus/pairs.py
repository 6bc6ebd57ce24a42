"""The pairs of words in the lines of a corpus, put into one small file that tells a writer what goes together.

Texts of the train split count, as `engine.corpus.memory` reads them. Does not know models.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from engine.corpus.memory import training_texts
from engine.errors import RequestError
from engine.lyrics.fuse_filter import FuseFilter
from engine.lyrics.memory_filter import run_hashes, word_hash
from engine.lyrics.prosody import plain_words
from engine.lyrics.word_pairs import KEPT_FROM, WordPairs

_LINE_END = 0  # stands between lines, so that no pair reaches over it


def remember_pairs(corpus: Path, report: Callable[[str], None] = lambda line: None) -> bytes:
    """Return the file of word pairs of a JSON-lines corpus of lyrics, or of a prepared folder; equal corpora, equal bytes.

    16 million words take half a minute and 0.6 GB, and give 1.7 MB. RequestError where the corpus has no training text.
    """
    pairs = pairs_of_texts(training_texts(corpus, report))
    if not pairs.words:
        raise RequestError(f"{corpus.name} has no text to train on; name a corpus of songs")
    written = pairs.to_bytes()
    report(f"{pairs.pairs.size} pairs of words kept, {len(written) / 1e6:.1f} MB")
    return written


def pairs_of_texts(texts: Iterable[Iterable[str]]) -> WordPairs:
    """Return the word pairs of texts given as lines."""
    ids: dict[str, int] = {}
    flat = array("I")
    for lines in texts:
        for line in lines:
            flat.extend([ids.setdefault(word, len(ids) + 1) for word in plain_words(line)])
            flat.append(_LINE_END)
    words = np.frombuffer(flat, np.uint32)
    uses = np.bincount(words, minlength=len(ids) + 1)
    total = len(words) - int(uses[_LINE_END])
    met = np.unique(words[:-1].astype(np.uint64) << np.uint64(32) | words[1:])
    first, second = met >> np.uint64(32), met & np.uint64(0xFFFFFFFF)
    by_chance = uses[first].astype(np.float64) * uses[second] / max(total, 1)
    kept = (first != _LINE_END) & (second != _LINE_END) & (by_chance >= KEPT_FROM)
    hashes = np.array([0, *map(word_hash, ids)], np.uint64)
    pairs = np.stack([hashes[first[kept]], hashes[second[kept]]], axis=-1)  # (pairs, 2)
    return WordPairs(FuseFilter.build(run_hashes(pairs, 2)[:, 0]), total)
