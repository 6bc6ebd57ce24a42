"""Promises of phrases: every note is in one, none is too long to sing, and rests part them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from engine.music.phrases import MOST_NOTES, TimedNote, cut_into_phrases


def notes_of(*steps: tuple[int, int]) -> list[TimedNote]:
    """Return notes given as (ticks to the next, duration)."""
    notes, onset = [], 0
    for step, duration in steps:
        notes.append(TimedNote(onset, duration))
        onset += step
    return notes


@given(st.lists(st.tuples(st.sampled_from([60, 120, 240, 480, 960, 1920]), st.floats(0.1, 1.0)), max_size=80))
def test_every_note_is_in_one_phrase_of_at_most_fourteen_syllables(steps: list[tuple[int, float]]) -> None:
    notes = notes_of(*((step, max(1, int(step * share))) for step, share in steps))
    phrases = cut_into_phrases(notes)
    assert [n for phrase in phrases for n in phrase.notes] == list(range(len(notes)))
    for phrase in phrases:
        assert 1 <= phrase.syllables <= MOST_NOTES
        assert phrase.held <= set(phrase.notes[1:])


def test_rests_and_long_notes_end_phrases() -> None:
    rest, held = (
        notes_of(*[(480, 480)] * 5, (1440, 480), *[(480, 480)] * 6),
        notes_of(*[(480, 480)] * 5, (1920, 1920), *[(480, 480)] * 6),
    )
    for notes in (rest, held):
        assert [len(phrase.notes) for phrase in cut_into_phrases(notes)] == [6, 6]


def test_a_long_run_is_cut_at_its_longest_gap_and_evenly_without_one() -> None:
    gap = notes_of(*[(480, 480)] * 9, (600, 600), *[(480, 480)] * 8)
    assert [len(phrase.notes) for phrase in cut_into_phrases(gap)] == [10, 8]
    assert [len(phrase.notes) for phrase in cut_into_phrases(notes_of(*[(480, 480)] * 20))] == [10, 10]


def test_a_short_breath_does_not_part_two_notes_from_the_rest() -> None:
    notes = notes_of((480, 480), (1440, 480), *[(480, 480)] * 8)
    assert [len(phrase.notes) for phrase in cut_into_phrases(notes)] == [10]
