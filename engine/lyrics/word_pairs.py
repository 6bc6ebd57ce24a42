"""Which words stand side by side in the training texts, small enough to ship beside a model: a filter of pairs.

That two words never met says nothing of rare ones; of common ones it says that they do not go together ("until was"). So
only pairs are kept that chance alone would have brought together now and then. Does not know models or whole lines.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from engine.lyrics.filter_file import filter_bytes, read_filter
from engine.lyrics.fuse_filter import FuseFilter
from engine.lyrics.lexicon import Word
from engine.lyrics.memory_filter import run_hashes, word_hash

PAIRS_FILE = "pairs.npz"  # beside the weights of a lyric model
# Meetings by chance: uses of the first word x uses of the second / all words. Judged from twice as many on as are kept, as a
# lexicon need not count just the texts that the pairs are of.
KEPT_FROM, JUDGED_FROM = 0.1, 0.2


@dataclass(frozen=True)
class WordPairs:
    """pairs: those that stand in a line of the training texts, by the hash of their words. words: how many these have.

    Of the pairs that they do not have, 1 in 256 is taken for one of theirs.
    """

    pairs: FuseFilter
    words: int

    def to_bytes(self) -> bytes:
        """Return what `read` reads: the same bytes for the same pairs."""
        return filter_bytes(self.pairs, self.words)

    @classmethod
    def read(cls, path: Path) -> WordPairs:
        """Read a file of pairs; CheckpointError where it is none, or of another format."""
        return cls(*read_filter(path))

    def oddness(self, line: Sequence[Word], spared: Collection[str] = ()) -> float:
        """Return how surely neighbours in a line do not go together: 0 for none, up to 1 for each pair never seen.

        spared: words in lower case whose pairs are not judged: those that have to come, whatever they stand beside.

        A pair counts with the probability that chance would have brought it about at least once, e.g. "sweet me" 1.0,
        "lovers fair" 0.8, and nothing where one of its words is rare or, as a theme of today, not known at all.
        """
        uses = [0 if word.text.lower() in spared else word.count for word in line]
        chances = np.array([a * b / self.words for a, b in pairwise(uses)])
        judged = chances >= JUDGED_FROM
        if not judged.any():
            return 0.0
        hashes = np.array([word_hash(word.text.lower()) for word in line], np.uint64)
        unseen = judged & ~self.pairs.has(run_hashes(hashes, 2))
        return -float(np.expm1(-chances[unseen]).sum())
