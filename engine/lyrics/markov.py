"""A Markov chain over ids, every order mixed with the shorter ones. Does not know texts, files or training loops.

It is the yardstick of all other families: what counting alone knows of the next character. Counts are exact for any
vocabulary: a context is named by its rank among those of its length, so that a name never outgrows 63 bits.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.lyrics.characters import END

ORDERS = (-1, 12)  # least and most; beyond that a corpus is all but quoted
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class _Counts:
    """Of one order k.

    contexts: ascending, rank of the context of k - 1 x choices + the id before it; a context's rank is its place. codes:
    ascending, rank x choices + the id that came next; times: how often. starts: where the codes of each context begin,
    and their end. totals: how often each context was seen.
    """

    contexts: Ints
    codes: Ints
    times: NDArray[np.int32]
    starts: Ints
    totals: Ints

    @classmethod
    def of(cls, contexts: Ints, codes: Ints, times: NDArray[np.int32], choices: int) -> _Counts:
        """Return counts with what follows from them."""
        starts = np.searchsorted(codes, np.arange(len(contexts) + 1) * choices)
        totals = np.add.reduceat(times, starts[:-1], dtype=np.int64) if len(times) else np.zeros(0, np.int64)
        return cls(contexts, codes, times, starts, totals)

    def ranks(self, codes: Ints) -> Ints:
        """Return the rank of each context, -1 where it was never seen."""
        found = _place(self.contexts, codes)
        return np.where(found < len(self.contexts), found, -1)

    def mix(self, ranks: Ints, codes: Ints, shorter: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return probabilities (N,) of this order mixed with those of the order below; unseen contexts leave them as is."""
        place = _place(self.codes, codes)
        seen = np.append(self.times, 0)[place]
        total, kinds = np.append(self.totals, 0)[ranks], np.append(np.diff(self.starts), 0)[ranks]
        mixed = (seen + kinds * shorter) / np.maximum(total + kinds, 1)
        return np.where(ranks >= 0, mixed, shorter)


@dataclass(frozen=True)
class MarkovChain:
    """choices: how many ids there are. counts[k]: those after k ids; none at all is the uniform chain.

    Probabilities are Witten-Bell's interpolation (Bell and Witten, 1991):
    P_k(c | h) = (n(h c) + kinds(h) P_{k-1}(c | h')) / (n(h) + kinds(h)), and P_{-1} is uniform over the choices. No text is
    remembered across END, which opens and closes every text.
    """

    choices: int
    counts: tuple[_Counts, ...]

    @classmethod
    def learn(cls, ids: NDArray[Any], order: int, choices: int) -> MarkovChain:
        """Learn from END, text, END, text, ... END. order: ids of context, -1 (uniform), 0 (unigram) to 12."""
        if not ORDERS[0] <= order <= ORDERS[1]:
            raise ValueError(f"order must be {ORDERS[0]} to {ORDERS[1]}, got {order}")
        following = ids[1:].astype(np.int64)
        ranks, counts = np.zeros(len(following), np.int64), []
        for before in _lags(ids, order):
            if before is None:
                contexts = np.zeros(min(1, len(following)), np.int64)
            else:
                contexts, ranks = np.unique(ranks * choices + before, return_inverse=True)
            codes, times = np.unique(ranks * choices + following, return_counts=True)
            counts.append(_Counts.of(contexts, codes, times.astype(np.int32), choices))
        return cls(choices, tuple(counts))

    @property
    def order(self) -> int:
        return len(self.counts) - 1

    def bits(self, ids: NDArray[Any], order: int | None = None) -> NDArray[np.float64]:
        """Return the bits of each id but the first, float64 (N - 1,). order: -1 (uniform) up to the chain's, its default."""
        following = ids[1:].astype(np.int64)
        ranks, probabilities = np.zeros(len(following), np.int64), np.full(len(following), 1 / self.choices)
        depth = self.order if order is None else order
        for counts, before in zip(self.counts, _lags(ids, depth), strict=False):
            if before is not None:
                ranks = counts.ranks(np.where(ranks >= 0, ranks * self.choices + before, -1))
            probabilities = counts.mix(ranks, ranks * self.choices + following, probabilities)
        return -np.log2(probabilities)

    def probabilities(self, history: Sequence[int]) -> NDArray[np.float64]:
        """Return the probability of every next id after the ids of a text so far, float64 (choices,)."""
        found = np.full(self.choices, 1 / self.choices)
        rank = 0
        for counts, before in zip(self.counts, _backwards(history), strict=False):
            if before is not None:
                code = rank * self.choices + before
                rank = int(np.searchsorted(counts.contexts, code))
                if rank == len(counts.contexts) or counts.contexts[rank] != code:
                    break
            if not len(counts.contexts):
                break
            span = slice(int(counts.starts[rank]), int(counts.starts[rank + 1]))
            kinds, total = span.stop - span.start, int(counts.totals[rank])
            found *= kinds / (total + kinds)
            found[counts.codes[span] - rank * self.choices] += counts.times[span] / (total + kinds)
        return found

    def tensors(self) -> dict[str, NDArray[Any]]:
        """Return what a checkpoint keeps."""
        names = ("contexts", "codes", "times")
        return {f"{k}.{name}": getattr(counts, name) for k, counts in enumerate(self.counts) for name in names}

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, NDArray[Any]], choices: int, order: int) -> MarkovChain:
        """Return the chain that `tensors` came from; KeyError where one is missing."""
        each = [(tensors[f"{k}.contexts"], tensors[f"{k}.codes"], tensors[f"{k}.times"]) for k in range(order + 1)]
        return cls(choices, tuple(_Counts.of(*parts, choices) for parts in each))


def _lags(ids: NDArray[Any], order: int) -> Iterator[Ints | None]:
    """Give None for no context, then for each lag 1..`order` the id so far before every id but the first, (N - 1,).

    Once END is reached on the way back, everything before it is END too.
    """
    if order >= 0:
        yield None
    wide = ids.astype(np.int64)
    inside = np.ones(len(wide) - 1, bool)
    for lag in range(1, order + 1):
        before = np.full(len(wide) - 1, END, np.int64)
        reach = max(0, len(wide) - lag)
        before[len(before) - reach :] = wide[:reach]
        before[~inside] = END
        inside &= before != END
        yield before


def _backwards(history: Sequence[int]) -> Iterator[int | None]:
    """Give None for no context, then the ids of a text from the last to the first, and END for ever."""
    yield None
    for place in range(len(history) - 1, -1, -1):
        if history[place] == END:
            break
        yield int(history[place])
    while True:
        yield END


def _place(names: Ints, wanted: Ints) -> Ints:
    """Return where each wanted name is in ascending `names`; their number where it is missing."""
    at = np.searchsorted(names, wanted)
    if not len(names):
        return at
    return np.where(names[np.minimum(at, len(names) - 1)] == wanted, at, len(names))
