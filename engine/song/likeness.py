"""Which songs are alike, and in what: nearest neighbours over words, tune, chords and tempo. Does not know who may see what.

Songs are compared by the groups that both have, so that words alone and music alone find their like too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from engine.lyrics.associations import Associations
from engine.music.as_json import lead_sheet_from_json
from engine.song.likeness_features import (
    SongFeatures,
    chord_vector,
    given_vector,
    telling_words,
    tune_vector,
    word_vector,
)
from engine.song.likeness_metric import LikenessMetric, shipped_metric

WEIGHTS = {"words": 1.5, "tune": 1.0, "chords": 0.5, "given": 0.5}
ALIKE = 0.4  # a cosine from which on a group is named as a reason
NEAR_TEMPO = 1.08
TELLING_RANK = 300  # commoner words, "love" and "heart", are in most songs and tell little
MOST_SHARED_WORDS = 3
MOST_KEPT = 5000  # songs whose features are held in memory, some 2 kB each


@dataclass(frozen=True)
class Compared:
    """A song as it is compared. lead_sheet: as JSON, None where none is known; the rest as its report says."""

    id: str
    lyrics_text: str
    lead_sheet: dict[str, Any] | None
    key_name: str | None
    tempo_qpm: float | None
    time_signature: str | None
    style: str


@dataclass(frozen=True)
class Reason:
    """One thing in which two songs are alike: same_key, near_tempo, same_meter, same_style, shared_words, near_words,
    tune or chords; values: what its sentence names."""

    kind: str
    values: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Neighbour:
    """A song that is near. likeness: -1 to 1, where 1 is the same in all that can be compared."""

    id: str
    likeness: float
    reasons: tuple[Reason, ...]


class Likeness:
    """Compares songs; remembers the features of those it has seen, which never change."""

    def __init__(self, associations: Associations, metric: LikenessMetric | None = None) -> None:
        self._associations, self._metric = associations, metric or shipped_metric()
        self._common = common_vector(associations)
        self._kept: dict[str, SongFeatures] = {}

    @classmethod
    def open(cls, associations: Path) -> Likeness:
        """Read the word vectors of a lyric model and the shipped metric."""
        return cls(Associations.open(associations))

    def unknown(self, ids: Iterable[str]) -> list[str]:
        """Return those of some songs whose features are not held."""
        return [song_id for song_id in ids if song_id not in self._kept]

    def learn(self, songs: Iterable[Compared]) -> None:
        """Find the features of some songs and hold them; the first held go first when there are too many."""
        for song in songs:
            self._kept[song.id] = self.features(song)
        for song_id in list(self._kept)[: max(0, len(self._kept) - MOST_KEPT)]:
            del self._kept[song_id]

    def nearest(self, asked: Compared, among: Sequence[str], count: int) -> list[Neighbour]:
        """Return the nearest of some songs that were learned, the nearest first; those with nothing in common are left out."""
        mine = self.features(asked)
        found = []
        for song_id in among:
            theirs = self._kept.get(song_id)
            likeness = self._likeness(mine, theirs) if theirs is not None and song_id != asked.id else None
            if likeness is not None:
                found.append((likeness, song_id))
        best = sorted(found, key=lambda pair: (-pair[0], pair[1]))[:count]
        return [
            Neighbour(song_id, round(likeness, 3), self._reasons(mine, self._kept[song_id]))
            for likeness, song_id in best
        ]

    def features(self, song: Compared) -> SongFeatures:
        """Return the vectors of one song, each of unit length."""
        told = telling_words(song.lyrics_text)
        words = word_vector(told, self._associations)
        sheet = lead_sheet_from_json(song.lead_sheet) if song.lead_sheet is not None else None
        vectors = {
            "tune": tune_vector(sheet) if sheet is not None else None,
            "chords": chord_vector(sheet) if sheet is not None else None,
            "given": given_vector(song.key_name, song.tempo_qpm, song.time_signature),
        }
        placed = {g: None if v is None else self._metric.projections[g](v) for g, v in vectors.items()}
        rare = sorted(self._associations.known(told), key=self._associations.rank, reverse=True)
        return SongFeatures(
            words=None if words is None else _unit(words - self._common),
            told=tuple(rare), key_name=song.key_name, tempo_qpm=song.tempo_qpm, time_signature=song.time_signature,
            style=song.style, **placed,
        )  # fmt: skip

    def _likeness(self, one: SongFeatures, other: SongFeatures) -> float | None:
        """Return the weighed mean of the cosines of what both have; None where they share no group.

        What the asked song has and the other lacks counts as neither near nor far, so that little in common is no advantage.
        """
        found = {group: cosine for group in WEIGHTS if (cosine := cosine_of(group, one, other)) is not None}
        # Tempo and key alone say too little: songs without any words or tune in common are not compared.
        if not found.keys() - {"given"}:
            return None
        had = sum(weight for group, weight in WEIGHTS.items() if getattr(one, group) is not None)
        return sum(WEIGHTS[group] * cosine for group, cosine in found.items()) / had

    def _reasons(self, one: SongFeatures, other: SongFeatures) -> tuple[Reason, ...]:
        reasons = [*_given_reasons(one, other), *self._word_reasons(one, other)]
        reasons += [Reason(group) for group in ("tune", "chords") if (cosine_of(group, one, other) or 0.0) >= ALIKE]
        if one.style and one.style == other.style and one.tempo_qpm and other.tempo_qpm:
            reasons.append(Reason("same_style", {"style": one.style}))
        return tuple(reasons)

    def _word_reasons(self, one: SongFeatures, other: SongFeatures) -> list[Reason]:
        shared = [
            word for word in one.told if word in set(other.told) and self._associations.rank(word) >= TELLING_RANK
        ]
        if shared:
            return [Reason("shared_words", {"words": ", ".join(shared[:MOST_SHARED_WORDS])})]
        if (cosine_of("words", one, other) or 0.0) < ALIKE:
            return []
        mine = [word for word in one.told if self._associations.rank(word) >= TELLING_RANK]
        theirs = [word for word in other.told if self._associations.rank(word) >= TELLING_RANK]
        if not mine or not theirs:
            return []
        cosines = self._associations.vectors(mine) @ self._associations.vectors(theirs).T
        row, column = np.unravel_index(int(cosines.argmax()), cosines.shape)
        return [Reason("near_words", {"one": mine[int(row)], "other": theirs[int(column)]})]


def cosine_of(group: str, one: SongFeatures, other: SongFeatures) -> float | None:
    """Return the cosine of a group of two songs, -1 to 1; None where one of them lacks it."""
    a, b = getattr(one, group), getattr(other, group)
    return None if a is None or b is None else float(a @ b)


def common_vector(associations: Associations) -> np.ndarray:
    """Return what all texts have in common: the mean of all words' vectors, weighed as in a text of all of them, (D,)."""
    words = associations.words
    weights = np.log(2.0 + np.arange(len(words))) / (
        10.0 + np.arange(len(words))
    )  # by Zipf's law, as often as they come
    return np.asarray(weights @ associations.vectors(words) / weights.sum(), dtype=np.float64)


def _given_reasons(one: SongFeatures, other: SongFeatures) -> list[Reason]:
    reasons = []
    if one.key_name and one.key_name == other.key_name:
        reasons.append(Reason("same_key", {"key": one.key_name}))
    if one.tempo_qpm and other.tempo_qpm and 1 / NEAR_TEMPO <= one.tempo_qpm / other.tempo_qpm <= NEAR_TEMPO:
        reasons.append(Reason("near_tempo", {"tempo": f"{other.tempo_qpm:g}"}))
    if one.time_signature and one.time_signature == other.time_signature != "4/4":
        reasons.append(Reason("same_meter", {"meter": one.time_signature}))
    return reasons


def _unit(vector: np.ndarray) -> np.ndarray:
    length = float(np.linalg.norm(vector))
    return np.asarray(vector / length if length else vector)
