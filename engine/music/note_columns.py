"""Scores whose notes are columns of numbers: what is read and tokenised by the thousand without a Note for each.

Does not know files, grids or ids.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from operator import attrgetter

import numpy as np
from numpy.typing import NDArray

from engine.music.score import Note, Score, TempoChange, TimeSignatureChange

Column = NDArray[np.int64]  # (N,)

_FIELDS = attrgetter("onset_ticks", "pitch", "duration_ticks", "velocity")


@dataclass(frozen=True, eq=False)
class NoteColumns:
    """N notes in any order. track: index in the score. The others are as in a Note."""

    track: Column
    onset_ticks: Column
    pitch: Column
    duration_ticks: Column
    velocity: Column

    def __len__(self) -> int:
        return len(self.track)

    def where(self, which: NDArray[np.bool_] | Column) -> NoteColumns:
        """Return the notes at these places."""
        return NoteColumns(
            self.track[which],
            self.onset_ticks[which],
            self.pitch[which],
            self.duration_ticks[which],
            self.velocity[which],
        )


@dataclass(frozen=True, eq=False)
class ColumnScore:
    """What of a Score is tokenised. programs: of each track, 0-127, or None for drums. The others are as in a Score."""

    programs: tuple[int | None, ...]
    notes: NoteColumns
    length_ticks: int
    tempos: tuple[TempoChange, ...]
    time_signatures: tuple[TimeSignatureChange, ...]

    def melodic_notes(self) -> NoteColumns:
        """Return the notes of all tracks but drums."""
        if None not in self.programs:
            return self.notes
        is_melodic = np.array([program is not None for program in self.programs])
        return self.notes.where(is_melodic[self.notes.track])


def columns_of(score: Score) -> ColumnScore:
    """Return a score with its notes as columns."""
    notes = [note for track in score.tracks for note in track.notes]
    rows = np.fromiter(chain.from_iterable(map(_FIELDS, notes)), np.int64, 4 * len(notes)).reshape(-1, 4)
    track = np.repeat(np.arange(len(score.tracks)), [len(track.notes) for track in score.tracks])
    return ColumnScore(
        tuple(None if track.is_drum else track.program for track in score.tracks),
        NoteColumns(track, *np.ascontiguousarray(rows.T)),
        score.length_ticks,
        score.tempos,
        score.time_signatures,
    )


def notes_by_track(notes: NoteColumns, tracks: int) -> list[tuple[Note, ...]]:
    """Return the notes of so many tracks, each in the order of a Score."""
    order = np.lexsort((notes.velocity, notes.duration_ticks, notes.pitch, notes.onset_ticks, notes.track))
    sorted_notes = notes.where(order)
    made = tuple(
        map(
            Note,
            sorted_notes.onset_ticks.tolist(),
            sorted_notes.pitch.tolist(),
            sorted_notes.duration_ticks.tolist(),
            sorted_notes.velocity.tolist(),
        )
    )
    ends = np.searchsorted(sorted_notes.track, np.arange(tracks), side="right").tolist()
    return [made[start:end] for start, end in zip([0, *ends], ends, strict=False)]
