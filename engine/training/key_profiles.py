"""Learns the profiles of `engine.music.key_finding`: `python -m engine.training.key_profiles DATA` prints the module.

Logistic regression over the 24 keys, tied over transpositions: the profile of C major, moved up, is that of G major. A
piece of which only the signature or the tonic is known counts for the two keys that it can be in (`KnownPiece.keys`).
Learns from OpenEWLD (melodies, and with their chords), the Lieder and Bach's chorales. Needs numpy alone.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.corpus.known_keys import KnownPiece, read_chorales, read_lead_sheets
from engine.music.key_finding import KEYS, features
from engine.music.score import Note
from engine.music.sounding import Sounding

STEPS, RATE, DECAY = 400, 0.1, 1e-3
# Where learning starts: how well each degree fits (Krumhansl and Kessler 1982), standardised.
_MAJOR = (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88)
_MINOR = (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17)


def with_chords(piece: KnownPiece) -> tuple[Note, ...]:
    """Return the melody with its chords held below it, bass first."""
    end = max(note.end_ticks for note in piece.notes)
    notes = list(piece.notes)
    for (onset, chord), (following, _) in pairwise((*piece.chords, (end, None))):
        if chord is not None and following > onset:
            pitches = (36 + chord.bass_pitch_class, *(48 + tone for tone in chord.pitch_classes))
            notes += [Note(onset, pitch, following - onset) for pitch in dict.fromkeys(pitches)]
    return tuple(sorted(notes))


def examples(directory: Path) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return features (N, 12, 4) and which keys are possible (N, 24) of all pieces to learn from."""
    sheets = [piece for piece in read_lead_sheets(directory) if piece.is_for_training]
    chorales = list(read_chorales(directory))
    heard = [_features(piece.notes) for piece in sheets]
    heard += [_features(with_chords(piece)) for piece in sheets if piece.chords]
    of_chorales = [_features(piece.notes) for piece in chorales]
    for found in of_chorales:
        found[:, 2:] = 0.0  # their tonic is told by the last bass note, which would be learnt as the answer
    pieces = [*sheets, *(piece for piece in sheets if piece.chords), *chorales]
    return np.stack([*heard, *of_chorales]), np.array([_possible(piece) for piece in pieces])


def learn(found: NDArray[np.float64], possible: NDArray[np.bool_]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return profiles (2, 12, F) and bias (2,) by Adam on the likelihood of the possible keys."""
    turned = np.stack([np.roll(found, -tonic, axis=1) for tonic in range(12)], axis=1)  # (N, tonic, degree, F)
    profiles, bias = np.zeros((2, 12, found.shape[2])), np.zeros(2)
    for mode, profile in enumerate((_MAJOR, _MINOR)):
        profiles[mode, :, 0] = 5 * (np.array(profile) - np.mean(profile)) / np.std(profile)
    moments = [(np.zeros_like(value), np.zeros_like(value)) for value in (profiles, bias)]
    for step in range(1, STEPS + 1):
        logits = (np.einsum("ntdf,mdf->nmt", turned, profiles) + bias[None, :, None]).reshape(len(found), 24)
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        odds /= odds.sum(axis=1, keepdims=True)
        target = odds * possible / (odds * possible).sum(axis=1, keepdims=True)
        error = ((odds - target) / len(found)).reshape(-1, 2, 12)
        slopes = (np.einsum("nmt,ntdf->mdf", error, turned) + DECAY * profiles, error.sum((0, 2)) + DECAY * bias)
        for value, slope, (mean, square) in zip((profiles, bias), slopes, moments, strict=True):
            mean += 0.1 * (slope - mean)
            square += 0.01 * (slope**2 - square)
            value -= RATE * (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.99**step)) + 1e-8)
    return profiles, bias


def module_text(profiles: NDArray[np.float64], bias: NDArray[np.float64]) -> str:
    """Return the source of `engine.music.key_profiles`."""
    rows = ["    [\n" + "".join(f"        {_row(row)},\n" for row in profile) + "    ]," for profile in profiles]
    head = (
        '"""Profiles of major and minor keys, written by `engine.training.key_profiles`. Does not know notes."""\n\n'
        "import numpy as np\n\n"
        "# (mode, degree in semitones above the tonic, feature): weights in nats of the share of time, its square root,\n"
        "# being the last bass note, being the first.\n"
    )
    values = ", ".join(f"{value:.2f}" for value in bias)
    return f"{head}PROFILES = np.array([\n" + "\n".join(rows) + f"\n])\nBIAS = np.array([{values}])\n"


def _row(row: Sequence[float]) -> str:
    return "[" + ", ".join(f"{value:.2f}" for value in row) + "]"


def _features(notes: Iterable[Note]) -> NDArray[np.float64]:
    return features(Sounding.of(notes))


def _possible(piece: KnownPiece) -> list[bool]:
    return [key in piece.keys for key in KEYS]


if __name__ == "__main__":
    print(module_text(*learn(*examples(Path(sys.argv[1])))), end="")
