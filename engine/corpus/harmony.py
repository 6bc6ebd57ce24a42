"""Harmony told from notes: the chord of a few voices, the mode of a melody. Does not know files or models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

TEMPLATES: dict[str, tuple[int, ...]] = {
    "major": (0, 4, 7), "minor": (0, 3, 7), "dominant": (0, 4, 7, 10), "minor7": (0, 3, 7, 10),
    "major7": (0, 4, 7, 11), "diminished": (0, 3, 6), "augmented": (0, 4, 8), "suspended": (0, 5, 7),
}  # fmt: skip
# What a template must win by, so that a passing note does not make a seventh chord.
COST = {"major": 0.0, "minor": 0.0, "dominant": 0.08, "diminished": 0.1, "minor7": 0.15, "major7": 0.2}
# How well each degree of the major scale fits, from the tonic up (Krumhansl and Kessler 1982), for major and minor.
MAJOR_PROFILE = (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88)
MINOR_PROFILE = (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17)


def infer_chord(weights: Mapping[int, float], bass: int) -> tuple[int, str]:
    """Return root pitch class and quality of the template that covers most of the weighted pitch classes.

    weights: pitch class -> time sounded. bass: pitch class of the lowest note, which counts for the root.
    """
    total = sum(weights.values()) or 1.0

    def fit(root: int, quality: str) -> float:
        members = {(root + interval) % 12 for interval in TEMPLATES[quality]}
        inside = sum(weight for pitch_class, weight in weights.items() if pitch_class in members) / total
        missing = sum(pitch_class not in weights for pitch_class in members)
        return inside - 0.12 * missing - COST[quality] + 0.15 * (root == bass) + 0.05 * (weights.get(root, 0.0) > 0)

    return max(((root, quality) for root in range(12) for quality in COST), key=lambda chord: fit(*chord))


def mode_of(notes: Sequence[tuple[int, float]], major_tonic: int, last_root: int) -> Literal["major", "minor"]:
    """Return the mode that notes (pitch, duration) under a key signature suggest; the last root weighs most."""
    minor_tonic = (major_tonic + 9) % 12
    total = sum(duration for _, duration in notes) or 1.0
    major = sum(MAJOR_PROFILE[(pitch - major_tonic) % 12] * duration for pitch, duration in notes) / total
    minor = sum(MINOR_PROFILE[(pitch - minor_tonic) % 12] * duration for pitch, duration in notes) / total
    major += last_root == major_tonic
    minor += last_root == minor_tonic
    return "minor" if minor > major else "major"
