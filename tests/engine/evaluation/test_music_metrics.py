"""Figures of a few bars, on music small enough to count by hand, and laws that hold for any."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.evaluation.music_metrics import (
    FIGURES,
    Passage,
    chord_tone_share,
    empty_beat_rate,
    groove_consistency,
    music_figures,
    pitch_class_entropy,
    polyphony,
    scale_consistency,
)
from engine.music.lead_sheet import ChordSpan
from engine.music.score import Note, TimeSignature

FOUR, THREE, SIX = TimeSignature(4, 4), TimeSignature(3, 4), TimeSignature(6, 8)
BAR = FOUR.bar_ticks


def line(*pitches: int, duration_ticks: int = 480) -> list[Note]:
    """Return notes one after another."""
    return [Note(n * duration_ticks, pitch, duration_ticks) for n, pitch in enumerate(pitches)]


notes_of_two_bars = st.lists(
    st.builds(
        Note,
        onset_ticks=st.integers(0, 2 * BAR - 1),
        pitch=st.integers(12, 115),
        duration_ticks=st.integers(1, 960),
    ),
    min_size=1,
    max_size=12,
).map(lambda notes: [replace(n, duration_ticks=min(n.duration_ticks, 2 * BAR - n.onset_ticks)) for n in notes])


@pytest.mark.parametrize(
    ("pitches", "bits"),
    [((60, 72, 48), 0.0), ((60, 62), 1.0), ((60, 60, 62, 64), 1.5), (tuple(range(60, 72)), math.log2(12))],
)
def test_entropy_is_that_of_pitch_classes_in_bits(pitches: tuple[int, ...], bits: float) -> None:
    assert pitch_class_entropy(line(*pitches)) == pytest.approx(bits)


def test_scale_consistency_takes_the_best_scale() -> None:
    assert scale_consistency(line(62, 64, 66, 67, 69, 71, 73)) == 1.0  # D major
    assert scale_consistency(line(57, 59, 60, 62, 64, 65, 67)) == 1.0  # A natural minor
    assert scale_consistency(line(57, 59, 60, 62, 64, 65, 68)) == pytest.approx(6 / 7)  # A harmonic minor
    assert scale_consistency(line(*range(60, 72))) == pytest.approx(7 / 12)


def test_groove_counts_the_places_that_differ() -> None:
    same = [*line(60, 62, 64, 65), *(replace(n, onset_ticks=n.onset_ticks + BAR) for n in line(72, 71, 69, 67))]
    assert groove_consistency(same, FOUR, 2) == 1.0
    # The second bar has its last onset an eighth later: 2 of the 96 places of a bar differ.
    moved = [*same[:-1], replace(same[-1], onset_ticks=same[-1].onset_ticks + 240, duration_ticks=240)]
    assert groove_consistency(moved, FOUR, 2) == pytest.approx(1 - 2 / 96)
    # An empty third bar differs from the second in 4 places: 4 of the 192 of two comparisons.
    assert groove_consistency(same, FOUR, 3) == pytest.approx(1 - 4 / 192)
    assert groove_consistency([Note(0, 60, 480)], THREE, 2) == pytest.approx(1 - 1 / 72)


def test_polyphony_is_over_the_time_in_which_something_sounds() -> None:
    assert polyphony(line(60, 62, 64)) == 1.0
    # C for two beats, E in the second, a rest, then G: 4 beats of pitches in 3 beats of sound.
    assert polyphony([Note(0, 60, 960), Note(480, 64, 480), Note(1440, 67, 480)]) == pytest.approx(4 / 3)
    assert polyphony([Note(0, 60, 480), Note(0, 60, 480), Note(240, 60, 240)]) == 1.0


def test_empty_beats_are_those_in_which_nothing_sounds() -> None:
    # A half note fills two beats and ends where the third begins; an eighth fills part of the fourth.
    assert empty_beat_rate([Note(0, 60, 960), Note(1680, 60, 240)], FOUR, 1) == pytest.approx(1 / 4)
    assert empty_beat_rate([Note(0, 60, 960)], FOUR, 2) == pytest.approx(6 / 8)
    assert empty_beat_rate([Note(0, 60, 720)], SIX, 1) == pytest.approx(3 / 6)  # a beat of 6/8 is an eighth


def test_chord_tones_are_counted_on_strong_beats_alone() -> None:
    chords = [ChordSpan(0, BAR, "C"), ChordSpan(BAR, BAR // 2, "G7/A"), ChordSpan(BAR + BAR // 2, BAR // 2, "N.C.")]
    first = [Note(0, 64, 480), Note(480, 61, 480), Note(960, 62, 480), Note(1440, 61, 480)]  # E on 1, D on 3
    second = [Note(BAR, 57, 960), Note(BAR + 960, 61, 960)]  # A, the bass, on 1; no chord on 3
    assert chord_tone_share(first, chords, FOUR) == 1 / 2
    assert chord_tone_share([*first, *second], chords, FOUR) == pytest.approx(2 / 3)
    assert math.isnan(chord_tone_share([Note(960, 62, 480)], chords, THREE))  # 3/4 is strong on 1 alone
    assert math.isnan(chord_tone_share(first, [], FOUR))
    assert math.isnan(chord_tone_share(first, [ChordSpan(BAR, BAR, "C")], FOUR))  # begins later


def test_without_notes_there_is_no_figure() -> None:
    silent = Passage((), (ChordSpan(0, BAR, "C"),), FOUR, 8)
    assert all(math.isnan(value) for value in music_figures(silent).values())
    assert math.isnan(groove_consistency(line(60), FOUR, 1))
    assert len(FIGURES) == 6


@given(notes_of_two_bars, st.integers(-12, 12))
def test_transposing_notes_and_chords_changes_no_figure(notes: list[Note], semitones: int) -> None:
    names = ("C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B")

    def figures(shift: int) -> dict[str, float]:
        moved = tuple(replace(note, pitch=note.pitch + shift) for note in notes)
        return music_figures(Passage(moved, (ChordSpan(0, 2 * BAR, names[shift % 12] + "m7"),), FOUR, 2))

    assert figures(semitones) == pytest.approx(figures(0), nan_ok=True)


@given(notes_of_two_bars, st.randoms())
def test_the_order_of_notes_does_not_matter_and_every_figure_is_in_its_range(notes: list[Note], rng: object) -> None:
    shuffled = list(notes)
    rng.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis gives a random.Random
    chords = (ChordSpan(0, 2 * BAR, "F"),)
    found = music_figures(Passage(tuple(notes), chords, FOUR, 2))
    assert found == pytest.approx(music_figures(Passage(tuple(shuffled), chords, FOUR, 2)), nan_ok=True)
    assert 0 <= found["pitch-class entropy (bits)"] <= math.log2(12) + 1e-9
    assert 1 <= found["polyphony"] <= len(notes)
    shares = ("scale consistency", "groove consistency", "empty-beat rate", "chord tones on strong beats")
    assert all(0 <= found[name] <= 1 for name in shares if not math.isnan(found[name]))
