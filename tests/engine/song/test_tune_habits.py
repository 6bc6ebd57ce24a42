"""Habits are the seed's, and a line keeps to those that its grammar knows of, whatever the model prefers."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.music.melody_tokens import LONGEST_DURATION_STEPS
from engine.music.score import TimeSignature
from engine.song.line_frame import BREATH_STEPS, SyllableFrame
from engine.song.melody_grammar import BREATHLESS_STEPS, LineGrammar
from engine.song.tune_habits import TuneHabits
from tests.engine.song.test_placement import SIGNATURES, frame_of, sing, verses

PASSING = settings(max_examples=40, deadline=None)


@given(st.integers(0, 200), st.booleans())
def test_the_same_seed_gives_the_same_habits_and_some_seeds_others(seed: int, is_plain: bool) -> None:
    habits = TuneHabits.drawn(seed, is_plain=is_plain, in_eighths=False)
    assert habits == TuneHabits.drawn(seed, is_plain=is_plain, in_eighths=False)
    assert any(habits != TuneHabits.drawn(seed + n, is_plain=is_plain, in_eighths=False) for n in range(1, 9))


@given(st.integers(0, 200))
def test_the_last_line_of_a_section_ends_closed_and_breathes(seed: int) -> None:
    line = TuneHabits.drawn(seed, is_plain=False, in_eighths=True).of_line(random.Random(seed), is_inner=False)
    assert not line.ends_open
    assert not line.is_breathless


@PASSING
@given(verses(), SIGNATURES, st.integers(0, 9), st.sampled_from([0, 12]), st.booleans())
def test_a_last_note_is_held_until_the_rest_that_is_asked_for(
    line: list[SyllableFrame], signature: TimeSignature, seed: int, rest: int, is_breathless: bool
) -> None:
    frame = frame_of([line], signature)
    last = sing(LineGrammar(frame, rest_steps=rest, is_breathless=is_breathless), seed).notes[-1]
    assert last.end >= frame.end - rest or last.duration > LONGEST_DURATION_STEPS - BREATH_STEPS
    assert last.end <= frame.end or (is_breathless and last.duration >= BREATHLESS_STEPS)


@PASSING
@given(verses(), SIGNATURES, st.integers(0, 9))
def test_an_open_end_is_in_the_scale_and_no_semitone_above_the_chord(
    line: list[SyllableFrame], signature: TimeSignature, seed: int
) -> None:
    last = sing(LineGrammar(frame_of([line], signature), ends_open=True), seed).notes[-1]
    assert last.pitch % 12 in {0, 2, 4, 7, 9, 11}  # over C E G


@PASSING
@given(verses(), SIGNATURES, st.integers(0, 9))
def test_a_line_that_keeps_its_chords_has_their_tones_on_strong_beats(
    line: list[SyllableFrame], signature: TimeSignature, seed: int
) -> None:
    frame = frame_of([line], signature)
    notes = sing(LineGrammar(frame, keeps_chords=True), seed).notes
    assert all(note.pitch % 12 in {0, 4, 7} for note in notes if frame.weight(note.onset) >= 2)


@PASSING
@given(st.integers(4, 6), st.integers(0, 9))
def test_a_calm_line_that_costs_nothing_has_no_note_shorter_than_a_quarter(count: int, seed: int) -> None:
    frame = frame_of([[SyllableFrame(2, "single")] * count], TimeSignature(4, 4))
    notes = sing(LineGrammar(frame, is_calm=True), seed).notes
    assert min(note.duration for note in notes) >= 12
