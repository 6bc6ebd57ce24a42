"""What songs are compared by: a vector of the words, and numbers of tune, chords and tempo that do not depend on the key.

Does not know other songs, nor how numbers are weighed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from engine.lyrics.prosody import plain_words
from engine.lyrics.theme_words import FUNCTION_WORDS
from engine.music.lead_sheet import LeadSheet, SungNote
from engine.music.score import TICKS_PER_QUARTER
from engine.music.theory import Key, read_symbol

if TYPE_CHECKING:
    from engine.lyrics.associations import Associations

INTERVAL_BINS = (-7, -4, -2, 0, 1, 3, 5, 8)  # below the first: a leap of a fifth or more down, and so on
DURATION_BINS = (0.3, 0.6, 0.9, 1.2, 1.8, 2.4)  # quarters
_read = lru_cache(maxsize=4096)(read_symbol)  # songs repeat their chords, and reading one takes long
FEWEST_NOTES, FEWEST_CHORDS, FEWEST_WORDS = 8, 3, 5


@dataclass(frozen=True)
class SongFeatures:
    """Vectors by group; a group that a song lacks is None. words: unit length. told: its telling words, the rarest first."""

    words: np.ndarray | None
    tune: np.ndarray | None
    chords: np.ndarray | None
    given: np.ndarray | None
    told: tuple[str, ...] = ()
    key_name: str | None = None
    tempo_qpm: float | None = None
    time_signature: str | None = None
    style: str = ""


def word_vector(words: Sequence[str], associations: Associations) -> np.ndarray | None:
    """Return the mean of the words' vectors, (D,), rare words weighing more; None for fewer than five known ones."""
    known = associations.known(words)
    if len(known) < FEWEST_WORDS:
        return None
    weights = np.log(2.0 + np.array([associations.rank(word) for word in known]))
    mean = weights @ associations.vectors(known) / weights.sum()
    return np.asarray(mean, dtype=np.float64)


def telling_words(text: str) -> list[str]:
    """Return the words of a text that mean something by themselves, each once."""
    words = (word for line in text.splitlines() if not line.startswith("[") for word in plain_words(line))
    return [word for word in dict.fromkeys(words) if word not in FUNCTION_WORDS and len(word) > 2]


def tune_vector(sheet: LeadSheet) -> np.ndarray | None:
    """Return scale degrees, intervals, durations, density, off-beat share, range and repetition of a melody: (32,).

    None for fewer than eight notes.
    """
    notes = sheet.notes
    if len(notes) < FEWEST_NOTES:
        return None
    tonic = Key.parse(sheet.key_name).tonic
    degrees = _shares(((note.pitch - tonic) % 12, note.duration_ticks) for note in notes)
    moves = [b.pitch - a.pitch for a, b in pairwise(notes)]
    intervals = _histogram(moves, INTERVAL_BINS)
    quarters = [note.duration_ticks / TICKS_PER_QUARTER for note in notes]
    durations = _histogram(quarters, DURATION_BINS)
    off_beat = np.mean([note.onset_ticks % sheet.time_signature.beat_ticks > 0 for note in notes])
    span = (max(n.pitch for n in notes) - min(n.pitch for n in notes)) / 12
    others = [_density(notes), float(off_beat), span, _turns(moves)]
    return np.concatenate([degrees, intervals, durations, others])


def chord_vector(sheet: LeadSheet) -> np.ndarray | None:
    """Return degrees of the roots by time, the ways from root to root, shares of minor chords and of rich ones: (26,).

    None for fewer than three chords.
    """
    tonic = Key.parse(sheet.key_name).tonic
    chords = [(chord, span.duration_ticks) for span in sheet.chords if (chord := _read(span.symbol)) is not None]
    if len(chords) < FEWEST_CHORDS:
        return None
    roots = _shares(((chord.root - tonic) % 12, ticks) for chord, ticks in chords)
    ways = _shares(((b.root - a.root) % 12, 1) for (a, _), (b, _) in pairwise(chords))
    minor = np.mean([chord.has_minor_third for chord, _ in chords])
    rich = np.mean([len(chord.pitch_classes) > 3 for chord, _ in chords])
    return np.concatenate([roots, ways, [float(minor), float(rich)]])


def given_vector(key_name: str | None, tempo_qpm: float | None, time_signature: str | None) -> np.ndarray | None:
    """Return tempo in octaves of 100, minor or not, in threes or not, compound or not: (4,); None without music."""
    if not key_name or not tempo_qpm or not time_signature:
        return None
    numerator, _, denominator = time_signature.partition("/")
    threes = int(numerator) % 3 == 0
    minor = Key.parse(key_name).mode == "minor"
    return np.array([np.log2(tempo_qpm / 100), float(minor), float(threes), float(threes and denominator == "8")])


def _shares(found: Iterable[tuple[int, int]]) -> np.ndarray:
    """Return the shares of twelve classes, weighed: (12,)."""
    counts = np.zeros(12)
    for which, weight in found:
        counts[which] += weight
    return counts / max(1.0, counts.sum())


def _histogram(values: Sequence[float], edges: Sequence[float]) -> np.ndarray:
    """Return the shares of values below the first edge, between the edges, and from the last on: (edges + 1,)."""
    counts = np.bincount(np.searchsorted(np.array(edges), np.array(values), side="right"), minlength=len(edges) + 1)
    return counts / max(1, len(values))


def _density(notes: Sequence[SungNote]) -> float:
    """Return the notes per quarter from the first to the end of the last."""
    ticks = notes[-1].onset_ticks + notes[-1].duration_ticks - notes[0].onset_ticks
    return len(notes) * TICKS_PER_QUARTER / max(1, ticks)


def _turns(moves: Sequence[int]) -> float:
    """Return the share of moves that turn back on the one before."""
    pairs = list(pairwise(moves))
    return sum(a * b < 0 for a, b in pairs) / max(1, len(pairs))
