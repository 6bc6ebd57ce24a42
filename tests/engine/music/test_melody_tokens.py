"""Melody tokens keep a melody exactly, on their grid."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import FileFormatError
from engine.music.melody_tokens import (
    HEADER_TOKENS,
    HIGHEST_PITCH,
    LOWEST_PITCH,
    MODES,
    QUALITIES,
    STYLES,
    TIME_SIGNATURES,
    TOKENS_PER_NOTE,
    VOCABULARY,
    WORD_POSITIONS,
    ChordDegree,
    Melody,
    MelodyNote,
    bar_steps,
    decode,
    encode,
    fold_to_grid,
    next_onset,
    split_into_lines,
)

CHORDS = st.none() | st.builds(ChordDegree, st.integers(0, 11), st.sampled_from(QUALITIES))


@st.composite
def melodies(draw: st.DrawFn) -> Melody:
    signature = draw(st.sampled_from(TIME_SIGNATURES))
    notes, now = [], draw(st.integers(0, 3 * bar_steps(signature)))
    for _ in range(draw(st.integers(1, 20))):
        now += draw(st.integers(0, bar_steps(signature) * 3))
        melisma = draw(st.booleans())
        note = MelodyNote(
            now,
            draw(st.integers(1, 96)),
            draw(st.integers(LOWEST_PITCH, HIGHEST_PITCH)),
            0 if melisma else draw(st.integers(0, 3)),
            "melisma" if melisma else draw(st.sampled_from(WORD_POSITIONS)),
            draw(st.integers(0, 2)),
            draw(CHORDS),
        )
        notes.append(note)
        now = note.end
    return Melody(draw(st.sampled_from(MODES)), signature, draw(st.sampled_from(STYLES)), tuple(notes))


@given(melodies())
def test_a_folded_melody_comes_back_from_its_tokens(melody: Melody) -> None:
    folded = fold_to_grid(melody)
    ids, _ = encode(folded)
    assert decode(ids) == folded


@given(melodies())
def test_folding_takes_out_whole_bars_of_rest_and_nothing_else(melody: Melody) -> None:
    folded = fold_to_grid(melody)
    bar = melody.bar_steps
    assert [replace(note, onset=note.onset % bar) for note in melody.notes] == [
        replace(note, onset=note.onset % bar) for note in folded.notes
    ]
    ends = [0, *(note.end for note in folded.notes)]
    assert all(0 <= note.onset - end < bar for note, end in zip(folded.notes, ends, strict=False))
    assert fold_to_grid(folded) == folded


@given(melodies())
def test_the_model_chooses_position_pitch_and_duration_alone(melody: Melody) -> None:
    ids, chosen = encode(fold_to_grid(melody))
    kinds = {VOCABULARY.names[token].split(":")[0] for token, learned in zip(ids, chosen, strict=True) if learned}
    assert kinds == {"position", "pitch", "duration"}
    assert sum(chosen) == 3 * len(melody.notes)
    assert len(ids) == HEADER_TOKENS + TOKENS_PER_NOTE * len(melody.notes)


def test_names_of_tokens_are_unique() -> None:
    assert len(set(VOCABULARY.names)) == len(VOCABULARY) < 1000
    assert VOCABULARY.names[VOCABULARY.pitch(60)] == "pitch:60"
    assert VOCABULARY.names[VOCABULARY.duration(12)] == "duration:12"
    assert VOCABULARY.names[VOCABULARY.position(7)] == "position:7"


@given(st.integers(0, 500), st.integers(0, 47))
def test_next_onset_is_the_first_at_that_position(end: int, position: int) -> None:
    onset = next_onset(end, position, 48)
    assert onset % 48 == position
    assert 0 <= onset - end < 48


def test_a_pickup_line_in_four_four_reads_as_a_musician_writes_it() -> None:
    notes = (
        MelodyNote(36, 12, 67, 0, "single", 0, ChordDegree(0, "major")),
        MelodyNote(48, 24, 72, 1, "single", 1, ChordDegree(0, "major")),
    )
    ids, _ = encode(Melody("major", "4/4", "hymn", notes))
    assert [VOCABULARY.names[token] for token in ids] == [
        "mode:major", "time:4/4", "style:hymn",
        "sung:01:single:0", "syllables:1", "eighths:10", "position:36", "chord:0:major", "pitch:67", "duration:12",
        "sung:10:single:1", "syllables:0", "eighths:8", "position:0", "chord:0:major", "pitch:72", "duration:24",
    ]  # fmt: skip


def test_lines_end_where_the_notes_say_so() -> None:
    note = MelodyNote(0, 1, 60, 0, "single")
    notes = (note, replace(note, line_break=1), note, replace(note, line_break=2), note)
    assert [len(line) for line in split_into_lines(notes)] == [2, 2, 1]


def test_ids_that_are_no_melody_are_refused() -> None:
    with pytest.raises(FileFormatError, match="7 ids per note"):
        decode([1, 2, 3, 4])
