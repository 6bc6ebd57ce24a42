"""Laws of keys and chords, then examples a musician would check."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import RequestError
from engine.music.qualities import QUALITIES
from engine.music.theory import (
    SCALES,
    VOICES,
    Chord,
    Key,
    all_keys,
    nearest_pitch,
    scale_pitch_classes,
    voice_range,
)

pitch_classes = st.integers(0, 11)
signatures = st.builds(Key.of_signature, st.integers(-7, 7), st.sampled_from(["major", "minor"]))
chords = st.builds(Chord, pitch_classes, st.sampled_from(sorted(QUALITIES)), st.none() | pitch_classes)


@given(signatures)
def test_a_key_is_read_back_from_each_of_its_names(key: Key) -> None:
    assert Key.parse(str(key)) == Key.parse(key.short) == Key.of_signature(key.fifths, key.mode) == key


@given(signatures)
def test_relative_keys_share_pitch_classes_and_parallel_keys_the_tonic(key: Key) -> None:
    assert set(key.relative.scale) == set(key.scale)
    assert key.relative.relative == key
    assert key.parallel.tonic == key.tonic
    assert key.parallel.mode != key.mode


@given(st.sampled_from(all_keys()), st.integers(-40, 40))
def test_transposing_up_then_down_is_identity(key: Key, semitones: int) -> None:
    assert key.transpose(semitones).transpose(-semitones) == key


@given(signatures)
def test_a_scale_is_spelled_with_each_letter_once(key: Key) -> None:
    assert sorted(key.spell(pitch_class)[0] for pitch_class in key.scale) == list("ABCDEFG")


@given(signatures, pitch_classes)
def test_a_spelled_pitch_class_is_read_as_itself(key: Key, pitch_class: int) -> None:
    assert Chord.parse(key.spell(pitch_class)).root == pitch_class


@given(chords, signatures)
def test_a_chord_is_read_back_from_its_symbol_in_any_key(chord: Chord, key: Key) -> None:
    assert Chord.parse(chord.symbol) == Chord.parse(chord.symbol_in(key)) == chord


@given(pitch_classes, st.integers(0, 127))
def test_the_nearest_pitch_is_within_a_tritone(pitch_class: int, near: int) -> None:
    pitch = nearest_pitch(pitch_class, near, low=-12, high=140)
    assert pitch % 12 == pitch_class
    assert abs(pitch - near) <= 6


@given(pitch_classes, st.integers(0, 127), st.sampled_from(sorted(VOICES)))
def test_every_voice_can_sing_every_pitch_class(pitch_class: int, near: int, voice: str) -> None:
    low, high = voice_range(voice)
    assert low <= nearest_pitch(pitch_class, near, low, high) <= high


@given(st.text(max_size=40))
def test_any_text_is_a_key_or_is_refused_with_a_sentence(text: str) -> None:
    for parse in (Key.parse, Chord.parse):
        with contextlib.suppress(RequestError):
            assert parse(text) == parse(f" {text} ")


@pytest.mark.parametrize(
    ("text", "name", "fifths"),
    [("F#m", "F# minor", 3), ("eb minor", "Eb minor", -6), ("C", "C major", 0), ("b flat major", "Bb major", -2),
     ("Gb", "Gb major", -6), ("F# major", "F# major", 6), ("G# major", "Ab major", -4), ("B♭m", "Bb minor", -5)],
)  # fmt: skip
def test_keys_as_people_write_them(text: str, name: str, fifths: int) -> None:
    assert (str(Key.parse(text)), Key.parse(text).fifths) == (name, fifths)


def test_the_key_decides_the_spelling() -> None:
    assert Key.parse("Am").spell(8) == "G#"
    assert Key.parse("Eb").spell(8) == "Ab"
    assert [Key.parse("F#").spell(p) for p in Key.parse("F#").scale] == ["F#", "G#", "A#", "B", "C#", "D#", "E#"]


@pytest.mark.parametrize(
    ("symbol", "pitch_classes", "bass"),
    [("Am7/G", (9, 0, 4, 7), 7), ("C", (0, 4, 7), 0), ("CM7", (0, 4, 7, 11), 0), ("Cm7", (0, 3, 7, 10), 0),
     ("CMaj7", (0, 4, 7, 11), 0), ("F#ø7", (6, 9, 0, 4), 6), ("Bb7sus", (10, 3, 5, 8), 10), ("C+", (0, 4, 8), 0),
     ("Co7", (0, 3, 6, 9), 0), ("D7(b9)", (2, 6, 9, 0, 3), 2), ("C6/9", (0, 4, 7, 9, 2), 0), ("G/B", (7, 11, 2), 11),
     ("Am(maj7)", (9, 0, 4, 8), 9), ("A♭5", (8, 3), 8), ("Dadd9", (2, 6, 9, 4), 2), ("Esus2", (4, 6, 11), 4)],
)  # fmt: skip
def test_chord_symbols_as_people_write_them(symbol: str, pitch_classes: tuple[int, ...], bass: int) -> None:
    chord = Chord.parse(symbol)
    assert (chord.pitch_classes, chord.bass_pitch_class) == (pitch_classes, bass)


@pytest.mark.parametrize(
    ("text", "near"),
    [("Am77", "Am7"), ("Csus5", "Csus4"), ("G7b99", "G7b9"), ("H7", "B7"), ("Cmjor7", "Cmaj7"), ("Abmin77", "Abm7"),
     ("G/H", "G/B"), ("fmni7", "Fm7")],
)  # fmt: skip
def test_a_mistyped_chord_is_answered_with_the_nearest(text: str, near: str) -> None:
    with pytest.raises(RequestError, match=rf"did you mean {near}[? ]"):
        Chord.parse(text)


def test_a_mistyped_key_is_answered_with_the_nearest_and_long_text_is_cut() -> None:
    with pytest.raises(RequestError, match="F# minor"):
        Key.parse("F# minro")
    with pytest.raises(RequestError) as refused:
        Chord.parse("C" * 5000)
    assert len(str(refused.value)) < 120


def test_an_unknown_voice_is_refused_with_the_known_ones() -> None:
    assert voice_range(" Tenor ") == VOICES["tenor"]
    with pytest.raises(RequestError, match="soprano, alto, tenor, bass, child"):
        voice_range("robot")


def test_values_that_are_no_key_or_chord_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="tonic"):
        Key(12)
    with pytest.raises(ValueError, match="fifths"):
        Key(0, "major", fifths=3)
    with pytest.raises(ValueError, match="quality"):
        Chord(0, "grand")
    assert Chord(0, "") == Chord(0, "maj", bass=0)


@pytest.mark.parametrize("scale", sorted(SCALES))
def test_scales_rise_within_the_octave(scale: str) -> None:
    assert list(scale_pitch_classes(0, scale)) == sorted(set(scale_pitch_classes(0, scale)))


@pytest.mark.parametrize(("typed", "low", "high"), [("G3-D5", 55, 74), ("bb2 - f4", 46, 65), ("C4 to C5", 60, 72)])
def test_a_voice_may_be_typed_as_a_range(typed: str, low: int, high: int) -> None:
    assert voice_range(typed) == (low, high)


@pytest.mark.parametrize("typed", ["D5-G3", "C4-D4", "C0-C3", "C4-C9", "C2-C6"])
def test_a_range_that_nobody_sings_is_refused_with_one_that_is_sung(typed: str) -> None:
    with pytest.raises(RequestError, match="try G3-D5"):
        voice_range(typed)
