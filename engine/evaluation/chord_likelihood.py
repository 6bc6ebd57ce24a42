"""How well chord models foresee the chords of held-out songs, in bits. Does not know how songs are read or models learn.

Bits per slot: minus log2 of what the model gave the chord that came, averaged over all slots (half bars of 4/4 and 6/8, bars
of 3/4 and 2/4) of the test songs; a section is begun anew. Bits per chord: the same bits shared out among the chords as
they change. A model that has learnt from some songs is measured on songs of other titles alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from engine.corpus.chord_sequences import SectionChords, SongChords
from engine.music.chord_model import IDS, ChordModel, Floats, id_of
from engine.music.roman_numerals import chord_of_degree
from engine.music.theory import Key, Mode
from engine.song.progressions import lay_lines
from engine.song.styles import STYLES
from engine.training.chord_model import learn, slots_of

NextChord = Callable[[Sequence[int], Mode, str], Floats]


@dataclass(frozen=True)
class ChordFigures:
    """bits_per_slot, bits_per_chord: NaN without songs. slots, chords: how many there were."""

    bits_per_slot: float
    bits_per_chord: float
    slots: int
    chords: int


def measure(next_chord: NextChord, songs: Sequence[SongChords]) -> ChordFigures:
    """Return the figures of a model that gives the odds of the next chord, on songs."""
    bits = [-np.log2(next_chord(before, mode, kind)[id_]) for before, mode, kind, id_ in slots_of(songs)]
    chords = sum(len(list(groupby(section.ids))) for song in songs for section in song.sections)
    total = float(np.sum(bits))
    nothing = float("nan")
    return ChordFigures(
        total / len(bits) if bits else nothing, total / chords if chords else nothing, len(bits), chords
    )


def measure_ladder(songs: Sequence[SongChords], shipped: ChordModel) -> dict[str, ChordFigures]:
    """Return the figures of baselines and of the model on the test songs, the baselines learnt from the training songs.

    The palettes are our hand-written progressions, read as songs and learnt from in the same way as from real ones.
    """
    train, valid, test = ([song for song in songs if song.split == split] for split in ("train", "valid", "test"))
    uniform = np.full(IDS, 1 / IDS)
    models: dict[str, NextChord] = {
        "all chords alike": lambda before, mode, kind: uniform,
        "unigram": learn(train, valid, levels=1, repeats=False).next_chord,
        "Markov": learn(train, valid, levels=2, repeats=False).next_chord,
        "our palettes": learn(palette_songs(), valid).next_chord,
        "the model without repeats": shipped.new_chord,
        "the model": shipped.next_chord,
    }
    return {name: measure(model, test) for name, model in models.items()}


def palette_songs() -> list[SongChords]:
    """Return every progression of every style's palettes as a section of four lines of four slots."""
    songs = []
    for style in STYLES.values():
        for mode, palette in style.palettes.items():
            sections = [
                SectionChords(kind, _ids(progression, mode))
                for kind in ("verse", "chorus", "bridge", "prechorus")
                for progression in getattr(palette, kind)
            ]
            songs.append(SongChords(style.name, "billboard", mode, tuple(sections)))
    return songs


def _ids(progression: str, mode: Mode) -> tuple[int, ...]:
    ids: list[int] = []
    for cell in lay_lines(progression, lines=4, bars_per_line=2):
        chord = chord_of_degree(Key(0, mode), cell.numeral)
        ids += [id_of(chord, 0)] * int(cell.bars * 2)
    return tuple(ids)
