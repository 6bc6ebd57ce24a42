"""Piano rolls: any roll is a score and back, and with onsets any score of one voice per key on the grid of frames is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from engine.music.midi_file import midi_to_score, score_to_midi
from engine.music.piano_roll import roll_to_score, score_to_onsets, score_to_roll
from engine.music.score import Note, Score, Track
from tests.engine.music.event_scores import arranged, scores

few = settings(max_examples=25)
rolls = st.tuples(st.integers(0, 20), st.integers(1, 12)).flatmap(
    lambda shape: arrays.arrays(np.uint8, shape, elements=st.integers(0, 1))
)
frames = st.sampled_from([1, 60, 120, 160, 480])


@few
@given(rolls, frames, st.integers(0, 116))
def test_a_roll_comes_back_from_its_score(roll: np.ndarray, frame_ticks: int, lowest_pitch: int) -> None:
    score = roll_to_score(roll, frame_ticks, lowest_pitch=lowest_pitch)
    assert score.length_ticks == len(roll) * frame_ticks
    again = score_to_roll(score, frame_ticks, lowest_pitch=lowest_pitch, keys=roll.shape[1])
    assert (again == roll).all()


@few
@given(rolls, rolls, frames)
def test_with_onsets_every_score_of_one_voice_per_key_comes_back(
    roll: np.ndarray, other: np.ndarray, frame_ticks: int
) -> None:
    onsets = np.resize(other, roll.shape)
    score = roll_to_score(roll, frame_ticks, onsets=onsets)
    keys = roll.shape[1]
    back = roll_to_score(
        score_to_roll(score, frame_ticks, keys=keys),
        frame_ticks,
        onsets=score_to_onsets(score, frame_ticks, keys=keys),
    )
    assert back == score


@few
@given(scores(), frames.filter(lambda ticks: ticks >= 60))
def test_what_sounds_on_the_grid_of_frames_is_exact(score: Score, frame_ticks: int) -> None:
    roll = score_to_roll(score, frame_ticks, lowest_pitch=0, keys=128)
    onsets = score_to_onsets(score, frame_ticks, lowest_pitch=0, keys=128)
    assert (onsets <= roll).all()
    sounding = np.zeros_like(roll)
    for track in score.tracks:
        for note in () if track.is_drum else track.notes:
            first = (2 * note.onset_ticks + frame_ticks) // (2 * frame_ticks)
            last = max(first + 1, (2 * note.end_ticks + frame_ticks) // (2 * frame_ticks))
            sounding[first:last, note.pitch] = 1
    assert (roll == sounding).all()
    again = roll_to_score(roll, frame_ticks, lowest_pitch=0, onsets=onsets)
    assert (score_to_roll(again, frame_ticks, lowest_pitch=0, keys=128) == roll).all()


def test_a_repeated_note_is_two_with_onsets_and_one_without() -> None:
    score = Score((Track("", 0, (Note(0, 60, 240), Note(240, 60, 240))),), 480)
    roll, onsets = score_to_roll(score, 120), score_to_onsets(score, 120)
    assert roll.shape == (4, 88)
    assert roll[:, 60 - 21].tolist() == [1, 1, 1, 1]
    assert onsets[:, 60 - 21].tolist() == [1, 0, 1, 0]
    assert roll_to_score(roll, 120, onsets=onsets) == score
    assert roll_to_score(roll, 120).tracks[0].notes == (Note(0, 60, 480),)


def test_a_chorale_frame_of_a_quarter_is_a_chord() -> None:
    score = Score((Track("", 0, tuple(Note(0, pitch, 480) for pitch in (48, 55, 64, 72))),), 480)
    assert (np.flatnonzero(score_to_roll(score, 480)[0]) + 21).tolist() == [48, 55, 64, 72]


def test_drums_and_pitches_beyond_the_keys_are_left_out() -> None:
    drums = Track("", 0, (Note(0, 60, 120),), is_drum=True)
    score = Score((drums, Track("", 0, (Note(0, 5, 120), Note(0, 60, 120)))), 120)
    assert score_to_roll(score, 120).sum() == 1
    assert score_to_roll(score, 120, lowest_pitch=0, keys=128).sum() == 2
    assert score_to_roll(Score((), 0), 120).shape == (0, 88)


def test_rolls_beyond_the_pitches_are_refused() -> None:
    with pytest.raises(ValueError, match="no roll"):
        roll_to_score(np.zeros((4, 120)), 120, lowest_pitch=21)
    with pytest.raises(ValueError, match="beyond pitches"):
        score_to_roll(Score((), 0), 120, lowest_pitch=100, keys=88)
    with pytest.raises(ValueError, match="1 tick"):
        roll_to_score(np.zeros((4, 88)), 0)


def test_a_song_through_a_midi_file_and_a_roll_of_sixteenths() -> None:
    song, _ = arranged()
    read = midi_to_score(score_to_midi(song))
    roll, onsets = score_to_roll(read, 120), score_to_onsets(read, 120)
    assert len(roll) == song.length_ticks // 120
    back = roll_to_score(roll, 120, onsets=onsets)
    assert (score_to_roll(back, 120) == roll).all()
    assert (score_to_onsets(back, 120) == onsets).all()
