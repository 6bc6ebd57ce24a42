"""The key of notes: of a whole piece, and bar by bar where it modulates. Does not know files, chords or lead sheets.

A key is scored by profiles (`key_profiles`): how much a pitch class on each degree speaks for it by the time that it
sounds, by being there at all, and as the last and the first bass note. The profiles were learnt from melodies and
chorales of known keys (`engine.training.key_profiles`) and score shares of time, so that they serve one voice and many.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.music.key_profiles import BIAS, PROFILES
from engine.music.score import Note, Score
from engine.music.sounding import Sounding
from engine.music.theory import Key, Mode

MODES: tuple[Mode, Mode] = ("major", "minor")
KEYS = tuple(Key(tonic, mode) for mode in MODES for tonic in range(12))
WINDOW_BARS = 2  # on either side of a bar, told together with it
PER_BAR = 0.4  # weight of a bar's window; windows overlap, so that a bar is heard several times
CHANGE = 5.0  # what a modulation must win by, in nats, and for each fifth between the signatures
CHANGE_PER_FIFTH = 0.4
MOST_BARS = 20_000  # more are told in longer stretches


@dataclass(frozen=True)
class KeySpan:
    """A key that holds for `duration_ticks` from `onset_ticks` on."""

    onset_ticks: int
    duration_ticks: int
    key: Key


def key_of_notes(notes: Iterable[Note]) -> Key:
    """Return the key that the notes are most likely in; C major without any."""
    sounding = Sounding.of(notes)
    return KEYS[int(np.argmax(scores(features(sounding))))] if len(sounding.onsets) else Key(0)


def key_of_score(score: Score) -> Key:
    """Return the key that all pitched notes of a score are most likely in; C major without any."""
    return key_of_notes(note for track in score.tracks if not track.is_drum for note in track.notes)


def key_spans(score: Score, bar_ticks: int) -> tuple[KeySpan, ...]:
    """Return the keys of a score from its start to its end, changed only where a few bars speak for another.

    The likeliest way through all bars (Viterbi). bar_ticks: the step in which keys may change.
    """
    step = max(bar_ticks, -(-score.length_ticks // MOST_BARS))
    bounds = np.append(np.arange(0, max(score.length_ticks, 1), step), max(score.length_ticks, 1))
    sounding = Sounding.of_score(score)
    local = _local_scores(sounding.shares(bounds))  # (bars, 24)
    local += PER_BAR * scores(features(sounding))[None, :] / 4 if len(sounding.onsets) else 0.0
    path = _likeliest_path(local, _changes())
    starts = [0, *(bar for bar in range(1, len(path)) if path[bar] != path[bar - 1])]
    return tuple(
        KeySpan(int(bounds[start]), int(bounds[end] - bounds[start]), KEYS[path[start]])
        for start, end in zip(starts, [*starts[1:], len(path)], strict=True)
    )


def features(sounding: Sounding) -> NDArray[np.float64]:
    """Return what the profiles look at, by pitch class: (12, 4)."""
    found = np.zeros((12, PROFILES.shape[2]))
    lengths = np.bincount(sounding.pitches % 12, weights=sounding.ends - sounding.onsets, minlength=12)
    found[:, 0] = lengths / lengths.sum()
    found[:, 1] = np.sqrt(found[:, 0])
    for column, onset in ((2, sounding.onsets[-1]), (3, sounding.onsets[0])):
        found[sounding.pitches[sounding.onsets == onset].min() % 12, column] = 1.0
    return found


def scores(found: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the log-odds of the 24 keys of `KEYS` from features (12, F)."""
    turned = np.stack([np.roll(found, -tonic, axis=0) for tonic in range(12)])  # (tonic, degree, F)
    return (np.einsum("tdf,mdf->mt", turned, PROFILES[:, :, : found.shape[1]]) + BIAS[:, None]).reshape(24)


def _local_scores(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the weighted scores of every bar, heard with its neighbours; 0 where nothing sounds: (bars, 24)."""
    bars = len(shares)
    until = np.concatenate([np.zeros((1, 12)), np.cumsum(shares, axis=0)])
    first = np.maximum(np.arange(bars) - WINDOW_BARS, 0)
    last = np.minimum(np.arange(bars) + WINDOW_BARS + 1, bars)
    heard = until[last] - until[first]  # (bars, 12)
    total = heard.sum(axis=1, keepdims=True)
    heard = np.divide(heard, total, out=np.zeros_like(heard), where=total > 0)
    found = np.stack([heard, np.sqrt(heard)], axis=2)  # (bars, 12, 2)
    turned = np.stack([np.roll(found, -tonic, axis=1) for tonic in range(12)], axis=1)  # (bars, tonic, degree, 2)
    local = np.einsum("btdf,mdf->bmt", turned, PROFILES[:, :, :2]) + BIAS[None, :, None]
    return np.where(total > 0, PER_BAR * local.reshape(bars, 24), 0.0)


def _changes() -> NDArray[np.float64]:
    """Return the cost of going from each key to each other: (24, 24)."""
    fifths = np.array([key.fifths for key in KEYS])
    apart = np.abs(fifths[:, None] - fifths[None, :]) % 12
    costs = CHANGE + CHANGE_PER_FIFTH * np.minimum(apart, 12 - apart)
    np.fill_diagonal(costs, 0.0)
    return costs


def _likeliest_path(local: NDArray[np.float64], costs: NDArray[np.float64]) -> list[int]:
    best = local[0]
    came_from = np.zeros(local.shape, dtype=np.int64)
    for bar in range(1, len(local)):
        reached = best[:, None] - costs  # (from, to)
        came_from[bar] = reached.argmax(axis=0)
        best = reached.max(axis=0) + local[bar]
    path = [int(best.argmax())]
    for bar in range(len(local) - 1, 0, -1):
        path.append(int(came_from[bar, path[-1]]))
    return path[::-1]
