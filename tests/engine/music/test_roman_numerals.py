"""Laws of Roman numerals, there and back, then those that a musician would check."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import RequestError
from engine.music.qualities import QUALITIES
from engine.music.roman_numerals import chord_of_degree, degree_of_chord
from engine.music.theory import Chord, Key, all_keys

pitch_classes = st.integers(0, 11)
signatures = st.builds(Key.of_signature, st.integers(-7, 7), st.sampled_from(["major", "minor"]))
chords = st.builds(Chord, pitch_classes, st.sampled_from(sorted(QUALITIES)), st.none() | pitch_classes)


def test_every_chord_of_every_key_is_read_back_from_its_numeral() -> None:
    for key in (Key.parse("C"), Key.parse("Am"), Key.parse("F#"), Key.parse("Ebm")):
        for root in range(12):
            for quality in QUALITIES:
                for bass in (None, *range(12)):
                    chord = Chord(root, quality, bass)
                    assert chord_of_degree(key, degree_of_chord(key, chord)) == chord, degree_of_chord(key, chord)


@given(st.sampled_from(all_keys()), chords, st.integers(-20, 20))
def test_roman_numerals_do_not_change_when_all_is_transposed(key: Key, chord: Chord, semitones: int) -> None:
    moved = degree_of_chord(key.transpose(semitones), chord.transpose(semitones))
    assert moved == degree_of_chord(key, chord)


@given(st.text(alphabet="IViv#bo+ø°/67543maj sus", max_size=12), signatures)
def test_any_text_is_a_numeral_or_is_refused_with_a_sentence(text: str, key: Key) -> None:
    with contextlib.suppress(RequestError):
        chord = chord_of_degree(key, text)
        assert chord == chord_of_degree(key, f" {text} ")
        assert chord_of_degree(key, degree_of_chord(key, chord)) == chord


@pytest.mark.parametrize(
    ("key", "numeral", "symbol"),
    [("C", "vi7", "Am7"), ("C", "V7/V", "D7"), ("C", "bVII", "Bb"), ("C", "I/3", "C/E"), ("C", "vii°", "Bdim"),
     ("G", "IVmaj7", "Cmaj7"), ("Am", "VI", "F"), ("Am", "V7", "E7"), ("Am", "#viio7", "G#dim7"), ("Am", "bVII", "G"),
     ("Am", "viio7", "G#dim7"), ("Am", "VII", "G"), ("Am", "bviio", "Gdim"), ("Eb", "iii", "Gm"), ("F#m", "V", "C#"),
     ("C", "V65", "G7/B"), ("C", "V6/5", "G7/B"), ("C", "I6", "C/E"), ("C", "I6/4", "C/G"), ("C", "V42", "G7/F"),
     ("C", "viio6", "Bdim/D"), ("C", "iiø65", "Dm7b5/F"), ("C", "Iadd6", "C6"), ("Am", "ivadd6", "Dm6"),
     ("C", "V65/ii", "A7/C#"), ("Am", "bII6", "Bb/D"), ("C", "vi/2", "Am/D"), ("C", "I6/9", "C69")],
)  # fmt: skip
def test_roman_numerals_as_people_write_them(key: str, numeral: str, symbol: str) -> None:
    assert chord_of_degree(Key.parse(key), numeral).symbol_in(Key.parse(key)) == symbol


@pytest.mark.parametrize(
    ("key", "symbol", "numeral"),
    [("C", "G7/B", "V65"), ("C", "D7", "V7/V"), ("C", "E7/G#", "V65/vi"), ("C", "Bb", "bVII"), ("C", "Dm7", "ii7"),
     ("Am", "B7", "V7/V"), ("Am", "G", "VII"), ("Am", "G#dim7", "viio7"), ("Am", "E7", "V7"), ("C", "C7", "I7"),
     ("Eb", "Ab/C", "IV6"), ("C", "C/D", "I/2"), ("Am", "F", "VI"), ("C", "Fm", "iv"), ("C", "A", "V/ii")],
)  # fmt: skip
def test_chords_are_named_as_an_analyst_would(key: str, symbol: str, numeral: str) -> None:
    assert degree_of_chord(Key.parse(key), Chord.parse(symbol)) == numeral


@pytest.mark.parametrize(
    ("text", "near"), [("iiv7", "vii7|iii7|ii7|iv7"), ("V77", "V7"), ("IIX", "II|III"), ("bVIII", "bIII or bVII")]
)
def test_a_mistyped_numeral_is_answered_with_the_nearest(text: str, near: str) -> None:
    with pytest.raises(RequestError, match=rf"is not a Roman numeral; did you mean ({near})\b"):
        chord_of_degree(Key(0), text)
