"""Multitrack events: bars, positions, tempos, chords and the notes of up to 64 tracks, on a grid of 24 steps a quarter.

Knows no words, names, keys or markers. Drums are one kit: a drum track's program is not kept. Velocities are kept to 32,
tempos to 65 (4.4 % apart), chords to their root and one of 12 qualities. Notes that come to one onset and pitch in a track
are one. The piece ends with a whole bar; a bar that is cut short by a change of time signature gets its own.

After REMI (Huang and Yang, 2020), written anew: MidiTok, which has the like of it, is one more thing to install, wants the
time signatures and program changes that it can hold listed beforehand, and merges the tracks of one program. Here any
time signature of 1-32 beats comes back, each track stays in its place, and every onset and duration on the grid is exact,
however long.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from engine.music import multitrack_vocabulary as vocab
from engine.music.bar_lines import BarLines, bar_lines
from engine.music.grid import notes_of
from engine.music.lead_sheet import ChordSpan
from engine.music.multitrack_grammar import Limits, MultitrackGrammar
from engine.music.multitrack_pieces import ids_of, quantised
from engine.music.note_columns import Column, ColumnScore, columns_of
from engine.music.score import Note, Score, TempoChange, TimeSignature, TimeSignatureChange, Track

STEP_TICKS = vocab.STEP_TICKS


_DEFAULT_TEMPO, _FOUR_FOUR = vocab.tempo_id(120.0), TimeSignature(4, 4)  # of ids that stop before they say it


class MultitrackEvents:
    """The vocabulary `multitrack-events`."""

    name = "multitrack-events"
    size = vocab.SIZE
    pad_id, start_id, end_id, mask_id = vocab.PAD, vocab.START, vocab.END, vocab.MASK
    steps_per_quarter = vocab.STEPS_PER_QUARTER

    def __init__(self) -> None:
        self._tokens = vocab.tokens()
        self._ids = {token: token_id for token_id, token in enumerate(self._tokens)}

    def id_of(self, token: str) -> int:
        return self._ids[token]

    def token_of(self, token_id: int) -> str:
        return self._tokens[token_id]

    def quantise(self, score: Score) -> Score:
        """Return the score as it comes back from its ids; RequestError for more than 64 tracks."""
        music = quantised(columns_of(score))
        notes = notes_of(music.notes, len(music.tracks), STEP_TICKS)
        return _score(music.tracks, notes, music.tempos, music.bars)

    def encode(self, score: Score, chords: Sequence[ChordSpan] = ()) -> list[int]:
        """Return the ids of a score, with chords in order where they are known; RequestError for more than 64 tracks."""
        return self.encode_columns(columns_of(score), chords)

    def encode_columns(self, score: ColumnScore, chords: Sequence[ChordSpan] = ()) -> list[int]:
        """Return the ids of a score whose notes are columns, as `midi_reading.midi_to_columns` reads them."""
        return ids_of(quantised(score), chords)

    def decode(self, ids: Sequence[int]) -> Score:
        grammar, notes = MultitrackGrammar(Limits()), dict[int, list[Note]]()
        tempos, signatures = {0: _DEFAULT_TEMPO}, {0: _FOUR_FOUR}
        for token_id in ids:
            grammar.advance(token_id)
            if token_id >= vocab.DURATION:
                notes.setdefault(grammar.track, []).append(_note(grammar))
            elif vocab.TEMPO <= token_id < vocab.CHORD:
                tempos[grammar.step] = token_id
            elif vocab.TIME_SIGNATURE <= token_id < vocab.POSITION:
                signatures[grammar.step] = vocab.TIME_SIGNATURES[token_id - vocab.TIME_SIGNATURE]
        ends = [note.end_ticks for track in notes.values() for note in track]
        changes = [TimeSignatureChange(step * STEP_TICKS, signature) for step, signature in signatures.items()]
        bars = bar_lines(changes, max([grammar.end_step * STEP_TICKS, *ends]))
        return _score(
            grammar.tracks, [tuple(sorted(notes.get(n, ()))) for n in range(len(grammar.tracks))], tempos, bars
        )

    def chords(self, ids: Sequence[int]) -> tuple[ChordSpan, ...]:
        """Return the chords of ids, each up to the next one or the end of the last bar; none where there are none."""
        grammar, changes = MultitrackGrammar(Limits()), list[tuple[int, int]]()
        for token_id in ids:
            grammar.advance(token_id)
            if vocab.CHORD <= token_id < vocab.PROGRAM:
                changes.append((grammar.step, token_id))
        ends = [*(step for step, _ in changes), grammar.end_step][1:]
        return tuple(
            ChordSpan(step * STEP_TICKS, (end - step) * STEP_TICKS, vocab.chord_symbol(chord))
            for (step, chord), end in zip(changes, ends, strict=True)
            if chord != vocab.CHORD
        )

    def transpose(self, ids: Sequence[int], semitones: int) -> list[int]:
        array = np.array(ids, np.int64)
        is_pitch = (array >= vocab.PITCH) & (array < vocab.DRUM_PITCH)
        moved = array[is_pitch] + semitones
        if moved.size and not vocab.PITCH <= moved.min() <= moved.max() < vocab.DRUM_PITCH:
            raise ValueError(f"{semitones} semitones move a pitch out of 0-127")
        array[is_pitch] = moved
        is_chord = (array > vocab.CHORD) & (array < vocab.PROGRAM)
        first, qualities = vocab.CHORD + 1, len(vocab.CHORD_QUALITIES)
        array[is_chord] = first + (array[is_chord] - first + qualities * semitones) % (12 * qualities)
        result: list[int] = array.tolist()
        return result

    def onsets(self, ids: Sequence[int]) -> NDArray[np.int64]:
        """Return the step of each id: its bar's beginning up to the first position, then the last position's.

        A sequence may begin anywhere: its first id is at step 0, and its bars are of 4/4 up to the first time signature.
        """
        array, places = np.array(ids, np.int64), np.arange(len(ids))
        is_bar, is_later = array == vocab.BAR, array == vocab.LATER
        is_position = (array >= vocab.POSITION) & (array < vocab.TEMPO)
        before = _last(places, ~(is_later | is_position))  # the last id before a position and its Later
        laters = np.cumsum(is_later)
        laters -= laters[before]
        offsets = np.where(is_position, array - vocab.POSITION + vocab.POSITIONS * laters, 0)
        starts = _bar_starts(array, np.flatnonzero(is_bar))
        return starts[np.cumsum(is_bar)] + offsets[_last(places, is_position | is_bar)]

    def grammar(self, limits: Limits | None = None) -> MultitrackGrammar:
        """Return a grammar that expects the start id, held to limits."""
        return MultitrackGrammar(limits or Limits())


def _last(places: Column, which: NDArray[np.bool_]) -> Column:
    """Return for each place the last one up to it that is of those; 0 before the first."""
    return np.maximum.accumulate(np.where(which, places, 0))


def _bar_starts(array: Column, bars: Column) -> Column:
    """Return the steps at which the bars begin whose ids are at the places `bars`, behind a 0 for what precedes them."""
    following = array[np.minimum(bars + 1, len(array) - 1)]
    is_new = (following >= vocab.TIME_SIGNATURE) & (following < vocab.POSITION)
    signatures = np.concatenate([[vocab.time_signature_id(_FOUR_FOUR)], np.where(is_new, following, 0)])
    in_force = signatures[_last(np.arange(len(signatures)), np.concatenate([[True], is_new]))]
    ends = np.cumsum(vocab.BAR_STEPS[in_force[1:] - vocab.TIME_SIGNATURE])
    return np.concatenate([[0, 0], ends])[: len(bars) + 1]


def _note(grammar: MultitrackGrammar) -> Note:
    """Return the note that the grammar has read last."""
    velocity = vocab.velocity_of(grammar.velocity_id)
    return Note(grammar.step * STEP_TICKS, grammar.pitch, grammar.duration * STEP_TICKS, velocity)


def _score(
    tracks: Sequence[int], notes: Sequence[tuple[Note, ...]], tempos: Mapping[int, int], bars: BarLines
) -> Score:
    """Return a score; tracks: the ids of their programs. tempos: ids by step."""
    return Score(
        tracks=tuple(
            Track("", 0 if track == vocab.DRUMS else track - vocab.PROGRAM, played, is_drum=track == vocab.DRUMS)
            for track, played in zip(tracks, notes, strict=True)
        ),
        length_ticks=bars.length_ticks,
        tempos=tuple(TempoChange(step * STEP_TICKS, vocab.tempo_of(tempo)) for step, tempo in tempos.items()),
        time_signatures=bars.changes,
    )
