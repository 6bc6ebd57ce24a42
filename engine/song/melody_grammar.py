"""The grammar of one sung line, as a mask over melody tokens. Does not know models, sections or ranking.

Holds by construction, whatever the model prefers: one note per syllable, in order, inside the line's own time; no rest
inside a word; the last note at least as long as the line's median note, on a chord tone, with a breath after it;
pitches in the voice's range, in the scale or the chord; no leap beyond an octave. A strict grammar also keeps stress on
the beat and the pace even wherever that is possible.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.errors import RequestError
from engine.music.melody_tokens import (
    LONGEST_DURATION_STEPS,
    LOWEST_PITCH,
    STEP_TICKS,
    VOCABULARY,
    ChordDegree,
    MelodyNote,
    SungPosition,
    next_onset,
)
from engine.music.score import TimeSignature
from engine.song.alignment import metric_weight

LONGEST_REST_STEPS = 12
LONGEST_LEAP = 12
NOTE_DURATIONS = frozenset((1, 2, 3, 4, 6, 9, 12, 18, 24, 36, 48))
# Shortest note and shortest last note that are tried in turn, until the syllables fit.
PACES = ((6, 12), (6, 6), (3, 12), (3, 6), (3, 3), (2, 6), (2, 2), (1, 1))


@dataclass(frozen=True)
class SyllableFrame:
    """What of a syllable concerns its note. stress: 0-2 as sung. may_be_heavy: weak, but as good on a beat."""

    stress: int
    word_position: SungPosition
    may_be_heavy: bool = False


@dataclass(frozen=True)
class ChordFrame:
    """A chord with its pitch classes; degrees and pitch classes are those of C major or A minor."""

    degree: ChordDegree | None
    pitch_classes: frozenset[int]


@dataclass(frozen=True)
class LineFrame:
    """What a line must keep to, in steps of the song and pitches transposed to C major or A minor.

    start: first step that may be sung. end: last notes end here at the latest. following: where the next line starts.
    chord_at: the chord at a step. line_break: 1 at the end of a line, 2 at the end of a section.
    middle: the mean pitch that suits the section.
    """

    syllables: tuple[SyllableFrame, ...]
    start: int
    end: int
    following: int
    time_signature: TimeSignature
    low: int
    high: int
    scale: frozenset[int]
    tonic: int
    chord_at: Callable[[int], ChordFrame]
    line_break: int
    previous_pitch: int | None = None
    middle: float = 67.0

    @property
    def bar_steps(self) -> int:
        return self.time_signature.bar_ticks // STEP_TICKS

    def weight(self, onset: int) -> int:
        """Return the metric weight of a step, 0-3."""
        return metric_weight(onset * STEP_TICKS, self.time_signature)


def pace_of(syllables: int, steps: int) -> tuple[int, int]:
    """Return the shortest note and shortest last note with which so many syllables fit; RequestError if none does."""
    for unit, last in PACES:
        if (syllables - 1) * unit + max(unit, last) <= steps and steps % unit == 0:
            return unit, last
    quarters = steps / 12
    raise RequestError(f"{syllables} syllables do not fit into {quarters:g} quarters; give the line more bars")


class LineGrammar:
    """A constraint that lets through exactly the token sequences of well-formed lines; one per sequence."""

    def __init__(
        self, frame: LineFrame, *, strict: bool = True, rhythm: Sequence[tuple[int, int]] | None = None
    ) -> None:
        """rhythm: onsets (counted from `frame.start`) and durations to be sung, as far as they are possible."""
        self._frame = frame
        self._strict = strict
        self._rhythm = rhythm if rhythm and len(rhythm) == len(frame.syllables) else None
        self._unit, self._last_least = pace_of(len(frame.syllables), frame.end - frame.start)
        self._place = 0
        self._onset = self._pitch = 0
        self.notes: list[MelodyNote] = []
        self.ids: list[int] = []
        self._pace = (frame.end - frame.start) / (len(frame.syllables) + 1)

    def allowed(self) -> NDArray[np.bool_]:
        """Return the mask (V,) of ids that may follow."""
        mask = np.zeros(len(VOCABULARY), np.bool_)
        mask[self._next_ids()] = True
        return mask

    def accept(self, token: int) -> bool:
        """Take the id that was chosen; return whether the line is finished."""
        self.ids.append(token)
        if self._place == 3:
            self._onset = next_onset(self._from, token - VOCABULARY.first_position, self._frame.bar_steps)
        elif self._place == 5:
            self._pitch = token - VOCABULARY.first_pitch + LOWEST_PITCH
        elif self._place == 6:
            self._add_note(token - VOCABULARY.first_duration + 1)
        self._place = (self._place + 1) % 7
        return len(self.notes) == len(self._frame.syllables)

    def _add_note(self, duration: int) -> None:
        syllable = self._frame.syllables[len(self.notes)]
        line_break = 0 if self._left else self._frame.line_break
        chord = self._frame.chord_at(self._onset).degree
        self.notes.append(
            MelodyNote(self._onset, duration, self._pitch, syllable.stress, syllable.word_position, line_break, chord)
        )

    @property
    def _left(self) -> int:
        """How many syllables follow the one in hand."""
        return len(self._frame.syllables) - len(self.notes) - 1

    @property
    def _from(self) -> int:
        return self.notes[-1].end if self.notes else self._frame.start

    @property
    def _syllable(self) -> SyllableFrame:
        return self._frame.syllables[len(self.notes)]

    def _next_ids(self) -> list[int]:
        match self._place:
            case 0:
                return [self._sung_id()]
            case 1:
                return [VOCABULARY.syllables_left(self._left)]
            case 2:
                return [VOCABULARY.time_left(self._frame.following - self._from)]
            case 3:
                return [VOCABULARY.position(onset % self._frame.bar_steps) for onset in self.onsets()]
            case 4:
                return [VOCABULARY.chord(self._frame.chord_at(self._onset).degree)]
            case 5:
                return [VOCABULARY.pitch(pitch) for pitch in self.pitches()]
            case _:
                return [VOCABULARY.duration(steps) for steps in self.durations()]

    def _sung_id(self) -> int:
        syllable = self._syllable
        line_break = 0 if self._left else self._frame.line_break
        after = self._frame.syllables[len(self.notes) + 1].stress if self._left else 0
        return VOCABULARY.sung(MelodyNote(0, 1, 0, syllable.stress, syllable.word_position, line_break), after)

    def onsets(self) -> list[int]:
        """Return the steps at which the syllable in hand may start."""
        first = self._from
        latest = self._frame.end - self._room_after(None)
        if self.notes and self._syllable.word_position in ("middle", "end"):
            return [first]
        reach = LONGEST_REST_STEPS + 1 if self.notes else self._frame.bar_steps
        possible = [onset for onset in range(first, first + reach, self._unit) if onset <= latest]
        if self._rhythm:
            wanted = self._frame.start + self._rhythm[len(self.notes)][0]
            if wanted in possible:
                return [wanted]
        if self._strict:
            possible = self._keep(
                possible, lambda onset: self._frame.end - onset >= self._pace * 0.8 * (self._left + 2)
            )
            possible = self._keep_fitting(possible, self._syllable)
        return possible

    def durations(self) -> list[int]:
        """Return how many steps the note in hand may last."""
        space = self._frame.end - self._onset
        if not self._left:
            least = self._least_last([note.duration for note in self.notes])
            return list(range(least, min(space, LONGEST_DURATION_STEPS) + 1, self._unit))
        possible = [
            steps
            for steps in sorted(NOTE_DURATIONS)
            if steps % self._unit == 0 and steps + self._room_after(steps) <= space
        ]
        if self._rhythm and self._rhythm[len(self.notes)][1] in possible:
            return [self._rhythm[len(self.notes)][1]]
        if self._strict:
            end = self._frame.end
            possible = self._keep(possible, lambda d: end - self._onset - d >= self._pace * 0.75 * (self._left + 0.5))
            fitting = self._fitting(
                [self._onset + steps for steps in possible], self._frame.syllables[len(self.notes) + 1]
            )
            possible = [steps for steps in possible if self._onset + steps in fitting] or possible
        return possible

    def pitches(self) -> list[int]:
        """Return the pitches that may be sung now."""
        frame, chord = self._frame, self._frame.chord_at(self._onset)
        before = self.notes[-1].pitch if self.notes else frame.previous_pitch
        reach = range(frame.low, frame.high + 1)
        if before is not None:
            reach = range(max(frame.low, before - LONGEST_LEAP), min(frame.high, before + LONGEST_LEAP) + 1)
        tones = [pitch for pitch in reach if pitch % 12 in chord.pitch_classes]
        if not self._left and tones:
            at_home = [pitch for pitch in tones if pitch % 12 == frame.tonic]
            return at_home if frame.line_break == 2 and at_home else tones
        return [pitch for pitch in reach if pitch % 12 in frame.scale or pitch % 12 in chord.pitch_classes]

    def _room_after(self, duration: int | None) -> int:
        """Return the steps that are needed after a note of this duration, or, for None, from its onset on."""
        durations = [note.duration for note in self.notes]
        if not self._left:
            return self._least_last(durations)
        own = 0 if duration is not None else self._unit
        return own + self._unit * (self._left - 1) + self._least_last([*durations, duration or self._unit])

    def _least_last(self, durations: list[int]) -> int:
        """Return how long the last note must be: the median note (the longer of two), and a least length."""
        median = sorted(durations)[len(durations) // 2] if durations else 0
        return max(self._unit, self._last_least, median)

    def _keep_fitting(self, onsets: list[int], syllable: SyllableFrame) -> list[int]:
        fitting = self._fitting(onsets, syllable)
        return [onset for onset in onsets if onset in fitting]

    def _fitting(self, onsets: list[int], syllable: SyllableFrame) -> list[int]:
        """Return the onsets that suit a syllable's stress; the next best where none does; all where none is better."""
        weight = self._frame.weight
        if syllable.word_position == "single":
            if syllable.stress == 1:
                return self._keep(onsets, lambda onset: weight(onset) >= 1)
            return onsets if syllable.may_be_heavy else self._keep(onsets, lambda onset: weight(onset) <= 1)
        if syllable.stress == 1:
            strong = [onset for onset in onsets if weight(onset) >= 2]
            return strong or self._keep(onsets, lambda onset: weight(onset) >= 1)
        return self._keep(onsets, lambda onset: weight(onset) <= 1)

    @staticmethod
    def _keep(values: list[int], test: Callable[[int], bool]) -> list[int]:
        return [value for value in values if test(value)] or values
