"""A model of which chord follows which: counts of degrees in real songs, smoothed, and how songs repeat themselves.

Time is in slots: half a bar of 4/4 and 6/8, a bar of 3/4 and 2/4, so that a line of words has four of them. Does not know
keys, styles or how it was trained (see `engine.training.chord_model`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.music.roman_numerals import degree_of_chord
from engine.music.theory import Chord, Key, Mode

FILE = Path(__file__).with_name("chord_model.npz")
KINDS = ("verse", "prechorus", "chorus", "bridge", "intro", "instrumental", "outro", "song")
MODES: tuple[Mode, ...] = ("major", "minor")
QUALITIES = ("maj", "m", "7", "maj7", "m7", "sus4", "dim", "m7b5", "dim7", "aug")
NO_CHORD_ID = 12 * len(QUALITIES)
IDS = NO_CHORD_ID + 1  # degree in semitones above the tonic * qualities + quality, and silence
NONE = IDS  # what comes before the first chord of a section
LAGS = (4, 8, 16)  # slots after which songs repeat themselves: one line, two lines, four
LEVELS = 5
MOST_REMEMBERED = 4096  # of 1 KB each
_RUN = 4
_RADIX = IDS + 1

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Table:
    """How often which chord followed which context. contexts: (N,) ascending, one row per context and chord."""

    contexts: NDArray[np.int64]
    ids: NDArray[np.int64]
    counts: Floats

    def of(self, context: int) -> tuple[NDArray[np.int64], Floats]:
        """Return the chords that followed a context, and how often each did; empty for one that was never met."""
        first, last = np.searchsorted(self.contexts, (context, context + 1))
        return self.ids[first:last], self.counts[first:last]


@dataclass(frozen=True)
class ChordModel:
    """tables: counts per level, from the mode alone to all of the context. weights: of a level against the one below it.

    copying: (27, 4): by how long the section has been repeating itself at each lag, the odds of a new chord and of the one
    at each lag.
    """

    tables: tuple[Table, ...]
    weights: tuple[float, ...]
    copying: Floats
    remembered: dict[tuple[int, int], Floats] = field(default_factory=dict, repr=False, compare=False)

    def shares(self, mode: Mode) -> Floats:
        """Return the share (IDS,) of each chord among all those of a mode."""
        return self._at_level(0, contexts((), mode, KINDS[0]))

    def next_chord(self, before: Sequence[int], mode: Mode, kind: str) -> Floats:
        """Return the probability (IDS,) of each chord after those of the section so far, its first slot being 0."""
        odds = self.new_chord(before, mode, kind)
        if not len(self.copying):
            return odds
        state, lagged = repeating(before)
        new, *again = self.copying[state]
        kept = new + sum(share for share, id_ in zip(again, lagged, strict=True) if id_ is not None)
        odds = odds * (new / kept)
        for share, id_ in zip(again, lagged, strict=True):
            if id_ is not None:
                odds[id_] += share / kept
        return odds

    def new_chord(self, before: Sequence[int], mode: Mode, kind: str) -> Floats:
        """Return the same without looking for repeats."""
        return self._at_level(len(self.tables) - 1, contexts(before, mode, kind))

    def _at_level(self, level: int, looked_at: Sequence[int]) -> Floats:
        """Return the odds by a level and those below it, of which each context is worked out once."""
        if level < 0:
            return np.full(IDS, 1 / IDS)
        place = (level, looked_at[level])
        if place not in self.remembered:
            odds, weight = self._at_level(level - 1, looked_at), self.weights[level]
            ids, counts = self.tables[level].of(looked_at[level])
            odds = odds * (weight / (counts.sum() + weight))
            odds[ids] += counts / (counts.sum() + weight)
            if len(self.remembered) >= MOST_REMEMBERED:
                self.remembered.clear()
            self.remembered[place] = odds
        return self.remembered[place]

    def save(self, path: Path) -> None:
        """Write the model as one .npz file."""
        arrays: dict[str, NDArray[np.generic]] = {
            "weights": np.array(self.weights), "copying": self.copying.astype(np.float32),
        }  # fmt: skip
        for level, table in enumerate(self.tables):
            arrays[f"contexts{level}"] = np.diff(table.contexts, prepend=0)  # small numbers, which pack well
            arrays[f"ids{level}"] = table.ids.astype(np.uint8)
            arrays[f"counts{level}"] = table.counts.astype(np.uint16)
        np.savez_compressed(path, **arrays)  # type: ignore[arg-type]  # its stub takes no mapping of mixed arrays

    @classmethod
    def open(cls, path: Path = FILE) -> ChordModel:
        with np.load(path, allow_pickle=False) as arrays:
            tables = tuple(
                Table(
                    np.cumsum(arrays[f"contexts{level}"]),
                    arrays[f"ids{level}"].astype(np.int64),
                    arrays[f"counts{level}"].astype(np.float64),
                )
                for level in range(len(arrays["weights"]))
            )
            copying = arrays["copying"].astype(np.float64)
            return cls(tables, tuple(map(float, arrays["weights"])), copying)


@cache
def shipped_chord_model() -> ChordModel:
    """Return the model beside this file, opened once."""
    return ChordModel.open()


def contexts(before: Sequence[int], mode: Mode, kind: str) -> tuple[int, ...]:
    """Return what each level looks at, as one number: the mode; and the chord before; and the other chord before that;
    and the place in the line, with how long the chord has been held; and the kind of section.
    """
    slot = len(before)
    last = before[-1] if slot else NONE
    run = next((n for n in range(1, slot) if before[-1 - n] != last), slot)
    other = before[-1 - run] if run < slot else NONE
    first = MODES.index(mode)
    second = (first * _RADIX + last) * 2 + slot % 2
    third = second * _RADIX + other
    fourth = ((third * 4 + slot % 4) * 2 + slot // 4 % 2) * (_RUN + 1) + min(run, _RUN)
    return first, second, third, fourth, fourth * len(KINDS) + KINDS.index(kind)


def repeating(before: Sequence[int]) -> tuple[int, list[int | None]]:
    """Return how well the section has repeated itself so far, 0-26, and the chord at each lag, None before the section.

    Per lag 0-2: the last chord was another one, or the last one to three were the same, or more.
    """
    slot, state, lagged = len(before), 0, []  # type: int, int, list[int | None]
    for lag in LAGS:
        same = 0
        while same < 4 and slot - 1 - same - lag >= 0 and before[slot - 1 - same] == before[slot - 1 - same - lag]:
            same += 1
        state = state * 3 + (0 if same == 0 else 1 if same < 4 else 2)
        lagged.append(before[slot - lag] if slot >= lag else None)
    return state, lagged


def id_of(chord: Chord | None, tonic: int) -> int:
    """Return the id of a chord over a tonic, of the nearest quality that the model tells apart; None is silence."""
    if chord is None:
        return NO_CHORD_ID
    return (chord.root - tonic) % 12 * len(QUALITIES) + QUALITIES.index(_plain_quality(chord.quality))


def numeral_of(id_: int, mode: Mode) -> str:
    """Return the Roman numeral of an id that is not silence: "V7", "bVII"."""
    degree, quality = divmod(id_, len(QUALITIES))
    key = Key(0, mode)
    return degree_of_chord(key, Chord(degree, QUALITIES[quality]))


def root_of(id_: int) -> int:
    """Return the semitones of a chord's root above the tonic; -1 for silence."""
    return -1 if id_ == NO_CHORD_ID else id_ // len(QUALITIES)


@cache
def _plain_quality(quality: str) -> str:
    if quality in QUALITIES:
        return quality
    if quality in ("7sus4", "9sus4"):
        return "sus4"
    if quality in ("9", "7b5", "7b9", "7#9", "7#11", "11", "13"):
        return "7"
    if quality in ("maj9", "maj7#11", "maj13"):
        return "maj7"
    if quality in ("m9", "m11", "m13"):
        return "m7"
    if quality.startswith("aug"):
        return "aug"
    return "m" if quality.startswith("m") and not quality.startswith("maj") else "maj"
