"""Laws of progressions that the chord model writes: phrases close where they should, and the seed decides. Knows no words."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.music.roman_numerals import chord_of_degree
from engine.music.theory import Key, Mode
from engine.song.chord_writer import MODELLED_STYLES, write_palette
from engine.song.progressions import Palette, lay_lines
from engine.song.styles import STYLES

seeds = st.integers(0, 2**31 - 1)
modes = st.sampled_from(["major", "minor"])


def written(style: str, mode: Mode, seed: int) -> Palette:
    return write_palette(STYLES[style].palettes[mode], style, mode, random.Random(seed))


@pytest.mark.parametrize("style", sorted(MODELLED_STYLES))
@given(mode=modes, seed=seeds)
@settings(max_examples=12, deadline=None)
def test_phrases_close_where_they_should(style: str, mode: Mode, seed: int) -> None:
    palette, key = written(style, mode, seed), Key(0, mode)
    for part, closes in (("verse", 0), ("chorus", 0), ("bridge", 7), ("prechorus", 7)):
        (progression,) = getattr(palette, part)
        cells = lay_lines(progression, lines=4, bars_per_line=2)
        assert sum(cell.bars for cell in cells) == 8
        chords = [chord_of_degree(key, cell.numeral) for cell in cells]
        assert chords[-1].root == closes
        assert closes == 7 or chords[-2].root in (5, 7)
        half_close = chord_of_degree(key, progression.split("|")[1].split()[-1].split(".")[-1])
        assert half_close.root != 0
        assert len(set(chords)) >= 3
        tonics = [chord for chord in chords if chord.root == 0]
        assert all(chord.has_minor_third == (mode == "minor") for chord in tonics)
    assert palette.verse != palette.chorus


@given(modes, seeds)
@settings(max_examples=5, deadline=None)
def test_the_seed_decides(mode: Mode, seed: int) -> None:
    assert written("pop", mode, seed) == written("pop", mode, seed)


def test_songs_differ_from_one_another() -> None:
    assert len({written("pop", "major", seed).verse for seed in range(20)}) > 12
