"""Learns `engine.song.likeness_metric` from the halves of people's tunes, in seconds. Does not know how songs are compared.

The halves of one tune are alike by nature. Each group of numbers is projected so that how they differ has unit size in every
direction: what changes within a tune counts little, and what marks a tune counts much. To leave out the directions in which
tunes differ no more than their halves was tried as well, and found fewer halves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import numpy as np

from engine.errors import RequestError
from engine.music.lead_sheet import LeadSheet
from engine.song.likeness_features import chord_vector, tune_vector
from engine.song.likeness_metric import LikenessMetric, Projection

FEWEST_TUNES = 50
SHRINKAGE = 0.1  # of the scatter within tunes towards its mean size, as its smallest directions are guessed from few
# Tempo and key are the same in both halves, and so are only brought to one size: (mean, size) of what people wrote is
# unknown for tempo, which printed music lacks, and so is set: an octave of tempo counts as much as another mode.
GIVEN = Projection(np.array([0.0, 0.4, 0.3, 0.1]), np.diag([1.0, 1.0, 1.0, 1.0]))

Vector = Callable[[LeadSheet], np.ndarray | None]


def learn(sheets: Sequence[LeadSheet]) -> LikenessMetric:
    """Return the metric; RequestError for fewer than fifty tunes that can be halved."""
    halves = [pair for sheet in sheets if (pair := halves_of(sheet)) is not None]
    if len(halves) < FEWEST_TUNES:
        raise RequestError(f"{len(halves)} tunes can be halved, and {FEWEST_TUNES} are needed; name a folder with more")
    return LikenessMetric(
        {"tune": project(halves, tune_vector), "chords": project(halves, chord_vector), "given": GIVEN}
    )


def halves_of(sheet: LeadSheet) -> tuple[LeadSheet, LeadSheet] | None:
    """Return a tune cut at its middle bar; None where a half would have fewer than eight notes."""
    bar = sheet.time_signature.bar_ticks
    middle = (sheet.length_ticks // bar // 2) * bar
    first = tuple(note for note in sheet.notes if note.onset_ticks < middle)
    second = tuple(note for note in sheet.notes if note.onset_ticks >= middle)
    if min(len(first), len(second)) < 8:
        return None
    return (
        replace(sheet, notes=first, chords=tuple(c for c in sheet.chords if c.onset_ticks < middle)),
        replace(sheet, notes=second, chords=tuple(c for c in sheet.chords if c.onset_ticks >= middle)),
    )


def project(halves: Iterable[tuple[LeadSheet, LeadSheet]], vector: Vector) -> Projection:
    """Return the projection of one group, by the pairs that have it."""
    found = [(vector(one), vector(other)) for one, other in halves]
    pairs = np.array([(a, b) for a, b in found if a is not None and b is not None])  # (N, 2, F)
    whole = pairs.mean(axis=1)  # (N, F)
    apart = (pairs[:, 0] - pairs[:, 1]) / np.sqrt(2)
    within = apart.T @ apart / len(apart)
    # The last term is for tunes whose halves are the same in everything.
    within += (SHRINKAGE * np.trace(within) / len(within) + 1e-6) * np.eye(len(within))
    values, vectors = np.linalg.eigh(within)
    return Projection(whole.mean(axis=0), vectors / np.sqrt(values))
