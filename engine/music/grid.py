"""Notes on a grid as columns of whole numbers: what the representations of music make of a Score, all notes at once.

Does not know ids, bars or files.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from operator import attrgetter

import numpy as np
from numpy.typing import NDArray

from engine.music.score import Note, Track

_COLUMNS = attrgetter("onset_ticks", "pitch", "duration_ticks", "velocity")

Column = NDArray[np.int64]  # (N,)


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


def grid_notes(tracks: Sequence[Track], step_ticks: int, *, merged: bool = False) -> GridNotes:
    """Return the notes with onset and end at the nearest step, at least one step long.

    merged: as of one track. Of notes of one track that come to one onset and pitch the longest stays, of those the
    loudest.
    """
    notes = [note for track in tracks for note in track.notes]
    rows = np.fromiter(chain.from_iterable(map(_COLUMNS, notes)), np.int64, 4 * len(notes)).reshape(-1, 4)
    onset_ticks, pitch, duration_ticks, velocity = rows.T
    counts = [len(track.notes) for track in tracks]
    track_of = np.zeros(len(notes), np.int64) if merged else np.repeat(np.arange(len(tracks)), counts)
    return columns_on_grid(track_of, onset_ticks, pitch, duration_ticks, velocity, step_ticks)


def columns_on_grid(
    track: Column, onset_ticks: Column, pitch: Column, duration_ticks: Column, velocity: Column, step_ticks: int
) -> GridNotes:
    """Return columns of notes in ticks, in any order, on the grid; as `grid_notes`, for readers that have columns."""
    onset = (2 * onset_ticks + step_ticks) // (2 * step_ticks)
    end = (2 * (onset_ticks + duration_ticks) + step_ticks) // (2 * step_ticks)
    duration = np.maximum(end - onset, 1)
    order = np.lexsort((-velocity, -duration, -pitch, track, onset))
    columns = [column[order] for column in (track, onset, pitch, duration, velocity)]
    is_first = np.ones(len(order), np.bool_)
    is_first[1:] = (np.diff(columns[0]) != 0) | (np.diff(columns[1]) != 0) | (np.diff(columns[2]) != 0)
    return GridNotes(*(column[is_first] for column in columns))


def notes_of(grid: GridNotes, track: int, step_ticks: int) -> tuple[Note, ...]:
    """Return the notes of a track in the order of a Score, in ticks."""
    mine = grid.track == track
    rows = zip(
        (grid.onset[mine] * step_ticks).tolist(),
        grid.pitch[mine].tolist(),
        (grid.duration[mine] * step_ticks).tolist(),
        grid.velocity[mine].tolist(),
        strict=True,
    )
    return tuple(sorted(Note(*row) for row in rows))


Piece = tuple[Column, Column]  # keys and ids: where ids belong in a sequence, and they themselves


def in_order(pieces: Sequence[Piece]) -> list[int]:
    """Return the ids of all pieces by their keys; of equal keys the order stays."""
    keys = np.concatenate([keys for keys, _ in pieces])
    ids = np.concatenate([ids for _, ids in pieces])
    ordered: list[int] = ids[np.argsort(keys, kind="stable")].tolist()
    return ordered
