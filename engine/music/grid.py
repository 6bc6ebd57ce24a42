"""Notes on a grid as columns of whole numbers: what the representations of music make of a Score, all notes at once.

Does not know ids, bars or files.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from engine.music.note_columns import Column, NoteColumns, notes_by_track
from engine.music.score import Note


@dataclass(frozen=True, eq=False)
class GridNotes:
    """N notes by onset, then track, then from high to low, no two of one onset, track and pitch.

    track: index in the score. onset, duration (1 or more): in steps of the grid. velocity: 1-127.
    """

    track: Column
    onset: Column
    pitch: Column
    duration: Column
    velocity: Column

    def __len__(self) -> int:
        return len(self.onset)

    @property
    def end(self) -> Column:
        return self.onset + self.duration

    @property
    def last_end(self) -> int:
        """The step at which the last note ends; 0 without notes."""
        return int(self.end.max(initial=0))


def nearest_step(ticks: int, step_ticks: int) -> int:
    """Return the nearest step of a tick, the later one of two as near."""
    return (2 * ticks + step_ticks) // (2 * step_ticks)


def _nearest_steps(ticks: Column, step_ticks: int) -> Column:
    return (2 * ticks + step_ticks) // (2 * step_ticks)


def on_grid(notes: NoteColumns, step_ticks: int) -> GridNotes:
    """Return the notes with onset and end at the nearest step, at least one step long.

    Of notes of one track that come to one onset and pitch the longest stays, of those the loudest.
    """
    onset = _nearest_steps(notes.onset_ticks, step_ticks)
    end = _nearest_steps(notes.onset_ticks + notes.duration_ticks, step_ticks)
    duration = np.maximum(end - onset, 1)
    order = np.lexsort((-notes.velocity, -duration, -notes.pitch, notes.track, onset))
    columns = [column[order] for column in (notes.track, onset, notes.pitch, duration, notes.velocity)]
    is_first = np.ones(len(order), np.bool_)
    track, onset, pitch = columns[:3]
    is_first[1:] = (track[1:] != track[:-1]) | (onset[1:] != onset[:-1]) | (pitch[1:] != pitch[:-1])
    return GridNotes(*(column[is_first] for column in columns))


def merged_on_grid(notes: NoteColumns, step_ticks: int) -> GridNotes:
    """Return the notes of all tracks on the grid as of one track."""
    return on_grid(replace(notes, track=np.zeros_like(notes.track)), step_ticks)


def notes_of(grid: GridNotes, tracks: int, step_ticks: int) -> list[tuple[Note, ...]]:
    """Return the notes of so many tracks in the order of a Score, in ticks."""
    onset_ticks, duration_ticks = grid.onset * step_ticks, grid.duration * step_ticks
    return notes_by_track(NoteColumns(grid.track, onset_ticks, grid.pitch, duration_ticks, grid.velocity), tracks)
