"""Moving by semitones: chord symbols keep their meaning and their spelling on the way there and back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.music.qualities import QUALITIES
from engine.music.score import Note, Score, Track
from engine.music.theory import Chord, all_keys
from engine.music.transposition import moved_key, moved_symbol, possible_semitones, transpose_score

ROOTS = [letter + accidental for letter in "ABCDEFG" for accidental in ("", "#", "b")]


@given(
    st.sampled_from(all_keys()), st.integers(-24, 24), st.sampled_from(ROOTS), st.sampled_from(list(QUALITIES)),
    st.none() | st.sampled_from(ROOTS),
)  # fmt: skip
def test_a_chord_symbol_moves_with_its_key_and_back(key, semitones, root, quality, bass) -> None:  # type: ignore[no-untyped-def]  # drawn
    symbol = root + quality + (f"/{bass}" if bass else "")
    moved = moved_key(key, semitones)
    there = moved_symbol(symbol, moved.fifths - key.fifths)
    assert Chord.parse(there) == Chord.parse(symbol).transpose(semitones)
    back = moved_symbol(there, key.fifths - moved.fifths)
    assert Chord.parse(back) == Chord.parse(symbol)


@pytest.mark.parametrize("key", all_keys())
def test_song_chords_are_spelled_as_before_after_going_up_and_down(key) -> None:  # type: ignore[no-untyped-def]  # a Key
    for semitones in range(-24, 25):
        moved = moved_key(key, semitones)
        assert moved_key(moved, -semitones) == key
        for pitch_class in key.scale:
            symbol = Chord(pitch_class, "m7").symbol_in(key)
            there = moved_symbol(symbol, moved.fifths - key.fifths)
            assert moved_symbol(there, key.fifths - moved.fifths) == symbol


@pytest.mark.parametrize(
    ("symbol", "fifths", "moved"),
    [("C", 2, "D"), ("C6/9", 2, "D6/9"), ("Amin7/G", 2, "Bmin7/A"), ("F#m7b5", -5, "Gm7b5"), ("am", 2, "bm")],
)
def test_only_root_and_bass_are_written_anew(symbol: str, fifths: int, moved: str) -> None:
    assert moved_symbol(symbol, fifths) == moved


def test_drums_stay_and_do_not_count() -> None:
    drums = Track("", 0, (Note(0, 0, 1),), is_drum=True)
    score = Score((drums, Track("", 0, (Note(0, 100, 1), Note(1, 20, 1)))), 2)
    assert possible_semitones(score) == (-20, 27)
    assert transpose_score(score, 27).tracks[0] == drums
    assert possible_semitones(Score((drums,), 1)) == (-127, 127)
