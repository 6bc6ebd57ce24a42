"""Piano rolls: which keys sound in each frame of a stated length, from a Score and back.

Knows no programs, velocities, tempos or drums: a roll has pitches and times. By itself it cannot tell a note that is
struck again from one that goes on; beside the matrix of onsets it can, and then nothing is lost of a track on the grid of
frames in which no pitch sounds twice at once.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.music.grid import GridNotes, merged_on_grid, nearest_step
from engine.music.note_columns import columns_of
from engine.music.score import Note, Score, Track

PIANO_KEYS, LOWEST_PIANO_PITCH = 88, 21
VELOCITY = 80

Roll = NDArray[np.uint8]  # (T, K) of 0 and 1; column 0 is the lowest pitch


def score_to_roll(
    score: Score, frame_ticks: int, *, lowest_pitch: int = LOWEST_PIANO_PITCH, keys: int = PIANO_KEYS
) -> Roll:
    """Return the frames (T, keys) of a score: 1 where a pitch of any track but drums sounds; (0, keys) for length 0.

    Notes begin and end at the nearest frame and last one at least; pitches beyond the keys are left out.
    """
    notes, frames = _on_grid(score, frame_ticks)
    changes = np.zeros((frames + 1, 128), np.int32)
    np.add.at(changes, (notes.onset, notes.pitch), 1)
    np.add.at(changes, (notes.end, notes.pitch), -1)
    return _keys(np.cumsum(changes[:-1], axis=0) > 0, lowest_pitch, keys)


def score_to_onsets(
    score: Score, frame_ticks: int, *, lowest_pitch: int = LOWEST_PIANO_PITCH, keys: int = PIANO_KEYS
) -> Roll:
    """Return the onsets (T, keys) of a score, as `score_to_roll`: 1 where a note begins."""
    notes, frames = _on_grid(score, frame_ticks)
    begins = np.zeros((frames, 128), np.bool_)
    begins[notes.onset, notes.pitch] = True
    return _keys(begins, lowest_pitch, keys)


def roll_to_score(
    roll: ArrayLike,
    frame_ticks: int,
    *,
    lowest_pitch: int = LOWEST_PIANO_PITCH,
    onsets: ArrayLike | None = None,
    program: int = 0,
    velocity: int = VELOCITY,
) -> Score:
    """Return a roll (T, K), of 0 and anything else, as a score of one track with T frames; no track where nothing sounds.

    onsets: (T, K), where notes begin; without it a key that sounds in frames that follow one another is one note. An
    onset where nothing sounds does not count. ValueError for other shapes, and for keys beyond pitches 0-127.
    """
    sounds = np.asarray(roll) != 0
    begins = np.zeros_like(sounds) if onsets is None else np.asarray(onsets) != 0
    if sounds.ndim != 2 or begins.shape != sounds.shape or not 0 <= lowest_pitch <= 128 - sounds.shape[1]:
        raise ValueError(f"no roll: {sounds.shape} with onsets {begins.shape} from pitch {lowest_pitch}")
    if frame_ticks < 1:
        raise ValueError(f"a frame lasts 1 tick or more, not {frame_ticks}")
    before = np.zeros_like(sounds)
    before[1:] = sounds[:-1]
    begins = sounds & (begins | ~before)
    notes = [
        Note(onset * frame_ticks, lowest_pitch + key, (end - onset) * frame_ticks, velocity)
        for key, onset, end in _runs(sounds, begins)
    ]
    tracks = (Track("", program, tuple(sorted(notes))),) if notes else ()
    return Score(tracks, len(sounds) * frame_ticks)


def _runs(sounds: NDArray[np.bool_], begins: NDArray[np.bool_]) -> list[tuple[int, int, int]]:
    """Return (key, first frame, frame behind the last) of every note: up to the next onset or silence of its key."""
    T = len(sounds) + 1  # each key is followed by a frame of silence
    stops = np.ones((sounds.shape[1], T), np.bool_)
    stops[:, :-1] = (begins | ~sounds).T
    starts = np.zeros_like(stops)
    starts[:, :-1] = begins.T
    first, stop = np.flatnonzero(starts), np.flatnonzero(stops)
    end = stop[np.searchsorted(stop, first, side="right")]
    return list(zip((first // T).tolist(), (first % T).tolist(), (end - first + first % T).tolist(), strict=True))


def _on_grid(score: Score, frame_ticks: int) -> tuple[GridNotes, int]:
    notes = merged_on_grid(columns_of(score).melodic_notes(), frame_ticks)
    return notes, max(nearest_step(score.length_ticks, frame_ticks), notes.last_end)


def _keys(pitches: NDArray[np.bool_], lowest_pitch: int, keys: int) -> Roll:
    if not 0 <= lowest_pitch <= lowest_pitch + keys <= 128:
        raise ValueError(f"{keys} keys from pitch {lowest_pitch} on go beyond pitches 0-127")
    return pitches[:, lowest_pitch : lowest_pitch + keys].astype(np.uint8)
