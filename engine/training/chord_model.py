"""Learns `engine.music.chord_model` from the chords of real songs, in seconds, with numpy alone. Does not know songs' words.

Counts come from the training songs; how much each level trusts the one below it, and how often songs repeat themselves, from
the validation songs.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from engine.corpus.chord_sequences import SongChords
from engine.music.chord_model import IDS, LAGS, LEVELS, ChordModel, Floats, Table, contexts, repeating
from engine.music.theory import Mode

WEIGHTS = tuple(2.0**power for power in range(12))
FEWEST = 2  # how often a context of the two finest levels must have been met to be kept
STEPS = 12
STATES = 3 ** len(LAGS)

Slot = tuple[tuple[int, ...], Mode, str, int]  # the section so far, mode, kind, the chord that follows


def learn(
    train: Sequence[SongChords], valid: Sequence[SongChords], *, levels: int = LEVELS, repeats: bool = True,
    say: Callable[[str], None] = lambda line: None,
) -> ChordModel:  # fmt: skip
    """Return a model of so many levels, 1-5. repeats: whether it also learns how songs repeat themselves."""
    tables = count(train, levels)
    some = list(slots_of(valid))
    weights: list[float] = []
    odds = np.full(len(some), 1 / IDS)  # of the chord that follows, for each slot
    for level, table in enumerate(tables):
        seen = np.array([_seen(table, contexts(before, mode, kind)[level], id_) for before, mode, kind, id_ in some])
        tried = {weight: (seen[:, 0] + weight * odds) / (seen[:, 1] + weight) for weight in WEIGHTS}
        weights.append(min(WEIGHTS, key=lambda weight: _bits(tried[weight])))
        odds = tried[weights[-1]]
        say(f"level {level}: weight {weights[-1]:g}, {_bits(odds):.3f} bits per slot of the validation songs")
    model = ChordModel(tables, tuple(weights), np.zeros((0, 1 + len(LAGS))))
    return replace(model, copying=_copying(odds, some)) if repeats else model


def count(songs: Iterable[SongChords], levels: int) -> tuple[Table, ...]:
    """Return how often each chord followed each context, rare contexts of the finest levels left out."""
    found: list[dict[int, Counter[int]]] = [defaultdict(Counter) for _ in range(levels)]
    for before, mode, kind, id_ in slots_of(songs):
        for level, context in enumerate(contexts(before, mode, kind)[:levels]):
            found[level][context][id_] += 1
    return tuple(_table(table, FEWEST if level >= 3 else 1) for level, table in enumerate(found))


def _table(found: dict[int, Counter[int]], fewest: int) -> Table:
    """Return the counts of the contexts that were met so often."""
    rows = [
        (context, id_, often)
        for context, chords in sorted(found.items())
        if chords.total() >= fewest
        for id_, often in sorted(chords.items())
    ]
    contexts_, ids, counts = (np.array(column) for column in zip(*rows, strict=True))
    return Table(contexts_.astype(np.int64), ids.astype(np.int64), counts.astype(np.float64))


def slots_of(songs: Iterable[SongChords]) -> Iterator[Slot]:
    """Yield every slot of songs with what comes before it in its section."""
    for song in songs:
        for section in song.sections:
            for slot, id_ in enumerate(section.ids):
                yield section.ids[:slot], song.mode, section.kind, id_


def _seen(table: Table, context: int, id_: int) -> tuple[float, float]:
    """Return how often a chord followed a context, and how often any did."""
    ids, counts = table.of(context)
    return float(counts[ids == id_].sum()), float(counts.sum())


def _bits(odds: Floats) -> float:
    return -float(np.log2(odds).mean())


def _copying(likely: Floats, slots: Sequence[Slot]) -> Floats:
    """Return the odds of a new chord and of each lag, by expectation maximisation, for each state of repeating.

    likely: how likely the model without repeats takes the chord of each slot.
    """
    seen = [repeating(before) for before, *_ in slots]
    states = np.array([state for state, _ in seen])
    experts = np.array(
        [
            [new, *(float(id_ == lag) for lag in lags)]
            for new, (_, lags), (*_, id_) in zip(likely, seen, slots, strict=True)
        ]
    )  # (slots, 1 + lags)
    there = np.array([[True, *(lag is not None for lag in lags)] for _, lags in seen])
    odds = np.full((STATES, 1 + len(LAGS)), 1 / (1 + len(LAGS)))
    for _ in range(STEPS):
        share = odds[states] * there
        share = share / share.sum(axis=1, keepdims=True) * experts
        share = share / share.sum(axis=1, keepdims=True)
        for state in range(STATES):
            odds[state] = (share[states == state].sum(axis=0) + 1) / (np.sum(states == state) + 1 + len(LAGS))
    return odds
