"""A Score on the grid of multitrack events: its notes, bars, tempos and chords in steps, and from these its ids.

Does not know how ids are read, nor which may follow which.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from engine.errors import RequestError
from engine.music import multitrack_vocabulary as vocab
from engine.music.bar_lines import BarLines, bar_lines
from engine.music.grid import GridNotes, nearest_step, on_grid
from engine.music.lead_sheet import ChordSpan
from engine.music.multitrack_layout import LAY_OUT, Kinds
from engine.music.note_columns import Column, ColumnScore
from engine.music.score import TempoChange

_KINDS = Kinds(
    bar=vocab.BAR,
    later=vocab.LATER,
    position=vocab.POSITION,
    positions=vocab.POSITIONS,
    drums=vocab.DRUMS,
    voice=vocab.VOICE,
    pitch=vocab.PITCH,
    drum_pitch=vocab.DRUM_PITCH,
    long=vocab.LONG,
    longest=vocab.LONGEST,
    duration=vocab.DURATION,
    long_steps=vocab.LONG_STEPS,
)


@dataclass(frozen=True, eq=False)
class Quantised:
    """A score on the grid. tracks: ids of their programs. tempos: ids by step in order, each another than the one before."""

    tracks: tuple[int, ...]
    notes: GridNotes
    bars: BarLines
    tempos: Mapping[int, int]


def quantised(score: ColumnScore) -> Quantised:
    """Return a score on the grid; RequestError for more tracks than there can be."""
    if len(score.programs) > vocab.MOST_TRACKS:
        raise RequestError(
            f"the music has {len(score.programs)} tracks; at most {vocab.MOST_TRACKS} can be worked with, "
            "so leave some out"
        )
    notes = on_grid(score.notes, vocab.STEP_TICKS)
    notes = replace(notes, velocity=vocab.VELOCITIES[vocab.velocity_ids(notes.velocity) - vocab.VELOCITY])
    length_ticks = max(nearest_step(score.length_ticks, vocab.STEP_TICKS), notes.last_end) * vocab.STEP_TICKS
    bars = bar_lines(score.time_signatures, length_ticks)
    tempos = _tempo_ids(score.tempos, bars.length_ticks // vocab.STEP_TICKS)
    tracks = tuple(vocab.DRUMS if program is None else vocab.PROGRAM + program for program in score.programs)
    return Quantised(tracks, notes, bars, tempos)


def ids_of(music: Quantised, chords: Sequence[ChordSpan] = ()) -> list[int]:
    """Return the ids of a score on the grid, with its chords in order where they are known."""
    notes, end = music.notes, music.bars.length_ticks // vocab.STEP_TICKS
    # At one step the tempo comes before the chord, as its ids are lower.
    changes = np.array(sorted([*music.tempos.items(), *_chord_ids(chords, end).items()])).reshape(-1, 2)
    signatures = _signatures(music.bars)
    voices = [music.tracks[:place].count(track) for place, track in enumerate(music.tracks)]
    ids = np.empty(_most_ids(music, len(changes), signatures), np.int16)
    count = LAY_OUT.for_size(len(notes))(
        (notes.track, notes.onset, notes.pitch, notes.duration, vocab.velocity_ids(notes.velocity)),
        np.array([music.tracks, voices]),
        changes,
        signatures,
        end,
        _KINDS,
        ids,
    )
    return [vocab.START, *music.tracks, *ids[:count].tolist(), vocab.END]


def _signatures(bars: BarLines) -> Column:
    """Return for each time signature its step, its id and the steps of its bars (S, 3)."""
    ids = [vocab.time_signature_id(change.time_signature) for change in bars.changes]
    steps = [change.onset_ticks // vocab.STEP_TICKS for change in bars.changes]
    return np.array([steps, ids, vocab.BAR_STEPS[np.array(ids) - vocab.TIME_SIGNATURE]]).T


def _most_ids(music: Quantised, changes: int, signatures: Column) -> int:
    """Return how many ids there can be at most between the tracks and the end."""
    shortest_bar, longest_bar = int(signatures[:, 2].min()), int(signatures[:, 2].max())
    of_bars = music.bars.length_ticks // vocab.STEP_TICKS // shortest_bar + len(signatures)
    of_places = (len(music.notes) + changes) * (1 + longest_bar // vocab.POSITIONS)
    of_notes = 6 * len(music.notes)  # program, voice, pitch, velocity, long, duration
    further_longs = int((music.notes.duration // (vocab.LONGEST * vocab.LONG_STEPS)).sum())
    return of_bars + of_places + changes + of_notes + further_longs


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
