"""Progressions of one song by the chord model, in the form of a palette. Does not know keys, ticks or words.

The model has learnt from songs of the charts and of the song sheets, so it writes for the styles that come from there. The
laws of phrases are kept by masks: the second line stays open, a verse and a chorus close on the tonic after a dominant or
a subdominant, a bridge and a pre-chorus on the dominant.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby

import numpy as np

from engine.music.chord_model import (
    IDS,
    NO_CHORD_ID,
    QUALITIES,
    ChordModel,
    Floats,
    id_of,
    numeral_of,
    root_of,
    shipped_chord_model,
)
from engine.music.roman_numerals import chord_of_degree
from engine.music.theory import Key, Mode
from engine.song.progressions import Palette

MODELLED_STYLES = frozenset({"pop", "rock", "ballad", "folk", "country"})
PLAIN_STYLES = frozenset({"folk", "country", "rock"})  # triads, and sevenths only on dominants
SLOTS = 16  # four lines of two cells of two slots, see `progressions`
LINE = 4
MOST_TRIES = 12
FEWEST_CHORDS, FEWEST_CHANGES, LONGEST_HELD = 3, 5, 4  # of four lines; a chord is held for four slots, a line, at most
TEMPERATURE = 0.9
LEAST_SHARE = 0.01  # of all chords of the mode: rarer ones are not written
_TONIC, _SUBDOMINANT, _DOMINANT = 0, 5, 7


def write_palette(palette: Palette, style: str, mode: Mode, rng: random.Random) -> Palette:
    """Return a palette with one progression of the model per kind of section; what surrounds them is the style's."""
    writer = _Writer(shipped_chord_model(), palette, mode, _allowed(style, mode), rng)
    verse = writer.progression("verse")
    chorus = writer.progression("chorus", other_than=verse)
    return replace(
        palette,
        verse=(verse,),
        chorus=(chorus,),
        bridge=(writer.progression("bridge"),),
        prechorus=(writer.progression("prechorus"),),
        vamps=(_vamp(chorus, palette, mode),),
    )


class _Writer:
    """Writes progressions for one song. allowed: (IDS,) of True for chords that may be written."""

    def __init__(
        self, model: ChordModel, palette: Palette, mode: Mode, allowed: Sequence[bool], rng: random.Random
    ) -> None:
        self.model, self.palette, self.mode, self.rng = model, palette, mode, rng
        self.allowed = np.array(allowed)
        self.roots = np.array([root_of(id_) for id_ in range(IDS)])

    def progression(self, kind: str, other_than: str = "") -> str:
        """Return the first progression drawn that moves enough for four lines; the style's own if none does."""
        for _ in range(MOST_TRIES):
            ids = self._draw(kind)
            if _moves(ids) and (text := _as_text(ids, self.mode)) != other_than:
                return text
        return self.rng.choice([one for one in getattr(self.palette, kind) if one != other_than])

    def _draw(self, kind: str) -> list[int]:
        ids: list[int] = []
        for slot in range(SLOTS):
            odds = self.model.next_chord(ids, self.mode, kind)
            mask = self._mask(kind, slot, ids)
            ids.append(self._choose(odds * mask))
        return ids

    def _mask(self, kind: str, slot: int, ids: Sequence[int]) -> Floats:
        """Return 1 for the chords that may sound in a slot."""
        ends_open = kind in ("bridge", "prechorus")
        if slot >= SLOTS - 2:
            return self._only(self.palette.dominant if ends_open else self._tonic)
        mask = self.allowed.astype(float)
        if slot % 2:
            same_root = self.roots == root_of(ids[-1])
            mask[same_root] = 0.0  # a chord does not change its quality within a cell
            mask[ids[-1]] = 1.0
        if slot == SLOTS - 3:
            mask[(self.roots == _DOMINANT) if ends_open else ~np.isin(self.roots, (_SUBDOMINANT, _DOMINANT))] = 0.0
        if slot == 2 * LINE - 1:
            mask[self.roots == _TONIC] = 0.0
        return mask

    @property
    def _tonic(self) -> str:
        return self.palette.amens[0].split()[-1]

    def _only(self, numeral: str) -> Floats:
        mask = np.zeros(IDS)
        mask[_id_of_numeral(numeral, self.mode)] = 1.0
        return mask

    def _choose(self, odds: Floats) -> int:
        sharp = odds ** (1 / TEMPERATURE)
        return int(np.searchsorted(np.cumsum(sharp), self.rng.random() * sharp.sum(), side="right").clip(0, IDS - 1))


def _allowed(style: str, mode: Mode) -> list[bool]:
    """Return which chords a style may have: no silence, nothing that songs of the mode hardly ever have."""
    shares = shipped_chord_model().shares(mode)
    return [
        share >= LEAST_SHARE and id_ != NO_CHORD_ID and _suits(id_, style, mode) for id_, share in enumerate(shares)
    ]


def _suits(id_: int, style: str, mode: Mode) -> bool:
    degree, quality = id_ // len(QUALITIES), QUALITIES[id_ % len(QUALITIES)]
    if degree == _TONIC and quality not in (("m", "m7") if mode == "minor" else ("maj", "maj7", "7")):
        return False  # the tonic of the other mode would be another key
    return not (style in PLAIN_STYLES and quality in ("maj7", "m7", "sus4"))


def _moves(ids: Sequence[int]) -> bool:
    """Return whether a progression has enough chords and changes, and holds none of them too long."""
    held = [len(list(group)) for _, group in groupby(ids)]
    return len(set(ids)) >= FEWEST_CHORDS and len(held) > FEWEST_CHANGES and max(held) <= LONGEST_HELD


def _id_of_numeral(numeral: str, mode: Mode) -> int:
    return id_of(chord_of_degree(Key(0, mode), numeral), 0)


def _as_text(ids: Sequence[int], mode: Mode) -> str:
    """Return slots as a progression: `I V | vi.IV V | ...`."""
    cells = []
    for place in range(0, len(ids), 2):
        one, other = (numeral_of(id_, mode) for id_ in ids[place : place + 2])
        cells.append(one if one == other else f"{one}.{other}")
    phrases = [" ".join(cells[place : place + 2]) for place in range(0, len(cells), 2)]
    return " | ".join(phrases)


def _vamp(chorus: str, palette: Palette, mode: Mode) -> str:
    """Return the first two lines of the chorus as a vamp if they begin at home, else one of the style's."""
    cells = chorus.replace("|", " ").split()[:4]
    at_home = chord_of_degree(Key(0, mode), cells[0].split(".")[0]).root == _TONIC
    return " ".join(cells) if at_home else palette.vamps[0]
