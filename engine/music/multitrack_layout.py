"""The ids of multitrack events in their order: one walk over notes, changes and bars, plain or compiled.

Knows the ids only by the numbers it is given, nothing of Scores, and no start or end.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from engine.compiled import Kernel
from engine.music.note_columns import Column

PLAIN_NOTES = 100_000  # that a process lays out in plain Python, a fifth of a second, before it compiles


class Kinds(NamedTuple):
    """The first id of each kind, and how many positions, long durations and steps of these there are.

    Given to the function, as a compiled one would go on with the numbers of the day on which it was compiled.
    """

    bar: int
    later: int
    position: int
    positions: int
    drums: int
    voice: int
    pitch: int
    drum_pitch: int
    long: int
    longest: int
    duration: int
    long_steps: int


NoteRows: TypeAlias = tuple[Column, Column, Column, Column, Column]
LayOut: TypeAlias = Callable[[NoteRows, Column, Column, Column, int, Kinds, NDArray[np.int16]], int]


def lay_out(
    notes: NoteRows,
    tracks: Column,
    changes: Column,
    signatures: Column,
    end_step: int,
    kinds: Kinds,
    ids: NDArray[np.int16],
) -> int:
    """Write the ids of a piece that ends with a bar at end_step; return how many they are.

    notes: track, onset, pitch, duration (both in steps) and the id of the velocity, each (N,), in the order of GridNotes.
    tracks: their program ids, and how many tracks of that program precede each (2, K). changes: step and id, in order
    (M, 2). signatures: step, id and steps of a bar (S, 3), the first at step 0, each at the beginning of a bar. ids:
    with room for all.
    """
    note_track, note_onset, note_pitch, note_duration, note_velocity = notes
    count = note = change = signature = bar = next_bar = bar_steps = 0
    while True:
        step = end_step  # the next at which something but a bar begins
        if note < len(note_onset):
            step = min(step, note_onset[note])
        if change < len(changes):
            step = min(step, changes[change, 0])
        while next_bar <= step and next_bar < end_step:
            bar = next_bar
            ids[count] = kinds.bar
            count += 1
            if signature < len(signatures) and signatures[signature, 0] == bar:
                ids[count] = signatures[signature, 1]
                count += 1
                bar_steps = signatures[signature, 2]
                signature += 1
            next_bar = bar + bar_steps
        if step == end_step:
            return count
        for _ in range((step - bar) // kinds.positions):
            ids[count] = kinds.later
            count += 1
        ids[count] = kinds.position + (step - bar) % kinds.positions
        count += 1
        while change < len(changes) and changes[change, 0] == step:
            ids[count] = changes[change, 1]
            count += 1
            change += 1
        track = -1
        while note < len(note_onset) and note_onset[note] == step:
            if note_track[note] != track:
                track = note_track[note]
                ids[count] = tracks[0, track]
                count += 1
                if tracks[1, track] > 0:
                    ids[count] = kinds.voice + tracks[1, track] - 1
                    count += 1
            is_drum = tracks[0, track] == kinds.drums
            ids[count] = note_pitch[note] + (kinds.drum_pitch if is_drum else kinds.pitch)
            ids[count + 1] = note_velocity[note]
            count += 2
            long = (note_duration[note] - 1) // kinds.long_steps
            while long > 0:
                ids[count] = kinds.long + min(long, kinds.longest) - 1
                count += 1
                long -= kinds.longest
            ids[count] = kinds.duration + (note_duration[note] - 1) % kinds.long_steps
            count += 1
            note += 1


LAY_OUT: Kernel[LayOut] = Kernel(lay_out, PLAIN_NOTES)
