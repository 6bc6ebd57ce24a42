"""Note events: the golden line, round trips of anything on the grid, long notes and rests, transposition."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.music.midi_file import midi_to_score, score_to_midi
from engine.music.note_events import STEP_TICKS, NoteEvents
from engine.music.score import Note, Score, Track
from tests.engine.music.event_scores import accepts, arranged, scores

few = settings(max_examples=25)
VOCABULARY = NoteEvents()
GOLDEN = "xxbos xxpad n60 d4 n52 d8 n45 d8 xxsep d4 n62 d4"
SIXTEENTH = 120


def score_of(*notes: tuple[int, int, int], length: int = 0) -> Score:
    """Return a score of (onset, pitch, duration) in sixteenths."""
    made = tuple(sorted(Note(onset * SIXTEENTH, pitch, steps * SIXTEENTH) for onset, pitch, steps in notes))
    length = max([length, *(onset + steps for onset, _, steps in notes)])
    return Score((Track("", 0, made),) if made else (), length * SIXTEENTH)


def line(score: Score) -> str:
    return VOCABULARY.text(VOCABULARY.encode(score))


def test_the_golden_line_comes_out_and_goes_in() -> None:
    score = score_of((0, 60, 4), (0, 52, 8), (0, 45, 8), (4, 62, 4))
    assert line(score) == GOLDEN + " xxeos"
    assert VOCABULARY.decode(VOCABULARY.ids(GOLDEN)) == score


def test_the_golden_line_four_semitones_up() -> None:
    moved = VOCABULARY.transpose(VOCABULARY.ids(GOLDEN), 4)
    assert VOCABULARY.text(moved) == "xxbos xxpad n64 d4 n56 d8 n49 d8 xxsep d4 n66 d4"


@few
@given(scores())
def test_what_is_quantised_comes_back(score: Score) -> None:
    quantised = VOCABULARY.quantise(score)
    assert VOCABULARY.decode(VOCABULARY.encode(quantised)) == quantised
    assert VOCABULARY.quantise(quantised) == quantised
    assert VOCABULARY.encode(score) == VOCABULARY.encode(quantised)


@few
@given(scores(step_ticks=STEP_TICKS, most_tracks=1))
def test_nothing_of_pitches_and_times_on_the_grid_is_lost(score: Score) -> None:
    expected = {
        (note.onset_ticks, note.pitch, note.duration_ticks)
        for track in score.tracks
        if not track.is_drum
        for note in track.notes
    }
    longest = {key: max(d for *other, d in expected if tuple(other) == key) for key in {e[:2] for e in expected}}
    decoded = VOCABULARY.decode(VOCABULARY.encode(score))
    found = {(n.onset_ticks, n.pitch): n.duration_ticks for track in decoded.tracks for n in track.notes}
    assert found == longest


@few
@given(scores())
def test_the_grammar_accepts_every_score(score: Score) -> None:
    assert accepts(VOCABULARY, VOCABULARY.encode(score))


@few
@given(scores(most_tracks=2))
def test_times_move_to_the_nearest_sixteenth(score: Score) -> None:
    quantised = VOCABULARY.quantise(score)
    onsets = [note.onset_ticks for track in score.tracks if not track.is_drum for note in track.notes]
    for track in quantised.tracks:
        for note in track.notes:
            assert min(abs(note.onset_ticks - onset) for onset in onsets) <= SIXTEENTH // 2


def test_long_notes_and_rests_go_on_in_further_durations() -> None:
    score = score_of((0, 60, 130), (300, 62, 128), (300, 50, 256), length=700)
    expected = "xxbos xxpad n60 d128 d2 xxsep d128 d128 d44 n62 d128 n50 d128 d128 xxsep d128 d128 d128 d16 xxeos"
    assert line(score) == expected
    assert VOCABULARY.decode(VOCABULARY.ids(expected)) == score


def test_leading_and_trailing_silence_is_kept() -> None:
    score = score_of((2, 60, 4), length=16)
    assert line(score) == "xxbos xxpad xxsep d2 n60 d4 xxsep d14 xxeos"
    assert VOCABULARY.decode(VOCABULARY.encode(score)) == score


def test_no_notes_make_a_line_as_well() -> None:
    assert line(Score((), 0)) == "xxbos xxpad xxeos"
    assert line(Score((), 480)) == "xxbos xxpad xxsep d4 xxeos"
    assert VOCABULARY.decode(VOCABULARY.encode(Score((), 480))) == Score((), 480)


def test_drums_are_left_out_and_tracks_merged() -> None:
    drums = Track("", 0, (Note(0, 36, 120),), is_drum=True)
    high, low = Track("", 73, (Note(0, 72, 480),)), Track("", 32, (Note(0, 48, 240), Note(0, 72, 960)))
    assert line(Score((drums, high, low), 960)) == "xxbos xxpad n72 d8 n48 d2 xxeos"


@few
@given(scores(), st.integers(-127, 127))
def test_transposing_up_then_down_is_identity(score: Score, semitones: int) -> None:
    ids = VOCABULARY.encode(score)
    pitches = [note.pitch for track in VOCABULARY.decode(ids).tracks for note in track.notes]
    if pitches and not 0 <= min(pitches) + semitones <= max(pitches) + semitones <= 127:
        with pytest.raises(ValueError, match="out of 0-127"):
            VOCABULARY.transpose(ids, semitones)
        return
    moved = VOCABULARY.transpose(ids, semitones)
    assert [n.pitch - semitones for t in VOCABULARY.decode(moved).tracks for n in t.notes] == pitches
    assert VOCABULARY.transpose(moved, -semitones) == ids


@few
@given(scores())
def test_notes_stand_at_their_onsets(score: Score) -> None:
    ids = VOCABULARY.encode(score)
    onsets = VOCABULARY.onsets(ids)
    standing = [int(step) for token, step in zip(ids, onsets, strict=True) if VOCABULARY.token_of(token)[0] == "n"]
    notes = [n.onset_ticks // STEP_TICKS for track in VOCABULARY.decode(ids).tracks for n in track.notes]
    assert standing == sorted(notes)
    assert (np.diff(onsets) >= 0).all()


def test_onsets_of_the_golden_line() -> None:
    assert VOCABULARY.onsets(VOCABULARY.ids(GOLDEN)).tolist() == [0] * 10 + [4, 4]
    assert VOCABULARY.onsets([]).tolist() == []


@few
@given(scores(), st.data())
def test_a_sequence_may_stop_anywhere(score: Score, data: st.DataObject) -> None:
    ids = VOCABULARY.encode(score)
    begun = VOCABULARY.decode(ids[: data.draw(st.integers(0, len(ids)))])
    assert {n.onset_ticks for t in begun.tracks for n in t.notes} <= {
        n.onset_ticks for t in VOCABULARY.decode(ids).tracks for n in t.notes
    }


@pytest.mark.parametrize("wrong", ["xxbos n60", "xxbos xxpad d4", "xxbos xxpad n60 d4 n62", "xxbos xxpad xxmask"])
def test_ids_out_of_order_are_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match="does not allow"):
        VOCABULARY.decode(VOCABULARY.ids(wrong))


def test_a_song_through_a_midi_file_keeps_its_sixteenths() -> None:
    song, _ = arranged()
    read = midi_to_score(score_to_midi(song))
    quantised = VOCABULARY.quantise(read)
    assert VOCABULARY.decode(VOCABULARY.encode(read)) == quantised
    assert quantised.length_ticks == song.length_ticks
    assert len(quantised.tracks[0].notes) > 100
