"""A Score on the grid of multitrack events, and its ids: all of a kind are made at once and then put in order.

Does not know how ids are read, nor which may follow which.

Where an id belongs is a number, its key: first its step, then 0 for what belongs to all tracks or 1 + the track, then
from high to low the pitch, then its slot, one of those below.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from engine.errors import RequestError
from engine.music import multitrack_vocabulary as vocab
from engine.music.bar_lines import BarLines, bar_lines
from engine.music.grid import Column, GridNotes, Piece, grid_notes, in_order, nearest_step
from engine.music.lead_sheet import ChordSpan
from engine.music.score import Score, TempoChange, Track

_SLOTS, _PITCHES, _TRACKS = 8, 256, 128  # room in a key; powers of two
_BAR, _TIME_SIGNATURE, _LATER, _POSITION, _TEMPO, _CHORD = range(6)
_PROGRAM, _VOICE = range(2)
_PITCH, _VELOCITY, _LONGEST, _LONG, _DURATION = range(5)


@dataclass(frozen=True, eq=False)
class Quantised:
    """A score on the grid. tracks: ids of their programs. tempos: ids by step in order, each another than the one before."""

    tracks: tuple[int, ...]
    notes: GridNotes
    bars: BarLines
    tempos: Mapping[int, int]


def quantised(score: Score) -> Quantised:
    """Return a score on the grid; RequestError for more tracks than there can be."""
    if len(score.tracks) > vocab.MOST_TRACKS:
        raise RequestError(
            f"the music has {len(score.tracks)} tracks; at most {vocab.MOST_TRACKS} can be worked with, so leave some out"
        )
    notes = grid_notes(score.tracks, vocab.STEP_TICKS)
    notes = replace(notes, velocity=vocab.VELOCITIES[vocab.velocity_ids(notes.velocity) - vocab.VELOCITY])
    length_ticks = max(nearest_step(score.length_ticks, vocab.STEP_TICKS), notes.last_end) * vocab.STEP_TICKS
    bars = bar_lines(score.time_signatures, length_ticks)
    tempos = _tempo_ids(score.tempos, bars.length_ticks // vocab.STEP_TICKS)
    return Quantised(tuple(_program_id(track) for track in score.tracks), notes, bars, tempos)


def ids_of(music: Quantised, chords: Sequence[ChordSpan] = ()) -> list[int]:
    """Return the ids of a score on the grid, with its chords in order where they are known."""
    chord_ids = _chord_ids(chords, music.bars.length_ticks // vocab.STEP_TICKS)
    bars = music.bars.onsets_ticks() // vocab.STEP_TICKS
    of_all = np.array([*music.tempos, *chord_ids], np.int64)
    moments = np.unique(np.concatenate([music.notes.onset, of_all]))
    signatures = {
        change.onset_ticks // vocab.STEP_TICKS: vocab.time_signature_id(change.time_signature)
        for change in music.bars.changes
    }
    pieces = [
        _same(_key(bars, slot=_BAR), vocab.BAR),
        _of_all(signatures, _TIME_SIGNATURE),
        *_positions(moments, bars),
        _of_all(music.tempos, _TEMPO),
        _of_all(chord_ids, _CHORD),
        *_programs(music.notes, music.tracks),
        *_notes(music.notes, music.tracks),
    ]
    return [vocab.START, *music.tracks, *in_order(pieces), vocab.END]


def _program_id(track: Track) -> int:
    return vocab.DRUMS if track.is_drum else vocab.PROGRAM + track.program


def _tempo_ids(tempos: Sequence[TempoChange], length_steps: int) -> dict[int, int]:
    at_step = {0: vocab.tempo_id(120.0)}
    at_step |= {nearest_step(t.onset_ticks, vocab.STEP_TICKS): vocab.tempo_id(t.tempo_qpm) for t in tempos}
    return _changes(at_step, length_steps, before=0)


def _chord_ids(chords: Sequence[ChordSpan], length_steps: int) -> dict[int, int]:
    """Return the ids of chords by step; no chord follows one that ends before the next begins."""
    at_step: dict[int, int] = {}
    for span in chords:
        at_step[nearest_step(span.onset_ticks, vocab.STEP_TICKS)] = vocab.chord_id(span.symbol)
    for span in chords:
        at_step.setdefault(nearest_step(span.onset_ticks + span.duration_ticks, vocab.STEP_TICKS), vocab.CHORD)
    return _changes(at_step, length_steps, before=vocab.CHORD)


def _changes(at_step: Mapping[int, int], length_steps: int, before: int) -> dict[int, int]:
    """Return in order the ids before the end that are others than the one before them; before: that of the first."""
    changes: dict[int, int] = {}
    for step in sorted(at_step):
        if step < length_steps and at_step[step] != before:
            changes[step] = before = at_step[step]
    return changes


def _key(step: Column, track: Column | int = -1, pitch: Column | int = 128, slot: int = 0) -> Column:
    """Return keys; track -1: of all tracks. pitch 128: of the track before its notes."""
    return ((step * _TRACKS + 1 + track) * _PITCHES + 128 - pitch) * _SLOTS + slot


def _same(keys: Column, token_id: int) -> Piece:
    return keys, np.full(len(keys), token_id)


def _of_all(at_step: Mapping[int, int], slot: int) -> Piece:
    steps, ids = np.array([*at_step], np.int64), np.array([*at_step.values()], np.int64)
    return _key(steps, slot=slot), ids


def _positions(moments: Column, bars: Column) -> list[Piece]:
    in_bar = moments - bars[np.searchsorted(bars, moments, side="right") - 1]
    later = np.repeat(moments, in_bar // vocab.POSITIONS)
    return [
        _same(_key(later, slot=_LATER), vocab.LATER),
        (_key(moments, slot=_POSITION), vocab.POSITION + in_bar % vocab.POSITIONS),
    ]


def _programs(notes: GridNotes, tracks: Sequence[int]) -> list[Piece]:
    """Return the program, and where it is not the first of its program the voice, of each track that begins notes."""
    voices = np.array([tracks[:place].count(track) for place, track in enumerate(tracks)], np.int64)
    begins = np.ones(len(notes), np.bool_)
    begins[1:] = (np.diff(notes.onset) != 0) | (np.diff(notes.track) != 0)
    onset, track = notes.onset[begins], notes.track[begins]
    further = voices[track] > 0
    voice_keys = _key(onset[further], track[further], slot=_VOICE)
    return [
        (_key(onset, track, slot=_PROGRAM), np.array(tracks, np.int64)[track]),
        (voice_keys, vocab.VOICE - 1 + voices[track[further]]),
    ]


def _notes(notes: GridNotes, tracks: Sequence[int]) -> list[Piece]:
    is_drum = (np.array(tracks, np.int64) == vocab.DRUMS)[notes.track]
    keys = _key(notes.onset, notes.track, notes.pitch)
    longs, rest = np.divmod(notes.duration - 1, vocab.LONG_STEPS)
    longest, long = np.divmod(longs, vocab.LONGEST)
    return [
        (keys + _PITCH, np.where(is_drum, vocab.DRUM_PITCH, vocab.PITCH) + notes.pitch),
        (keys + _VELOCITY, vocab.velocity_ids(notes.velocity)),
        _same(np.repeat(keys + _LONGEST, longest), vocab.LONG + vocab.LONGEST - 1),
        (keys[long > 0] + _LONG, vocab.LONG - 1 + long[long > 0]),
        (keys + _DURATION, vocab.DURATION + rest),
    ]
