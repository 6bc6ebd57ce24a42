"""Which multitrack event may follow which. Does not know Scores.

A sequence: Start, the program of every track (or Drums), then bar by bar `Bar`, a time signature where it changes, and
for each place where something happens its Position, a tempo or chord where it changes, and the notes: track by track in
the order of the beginning, each from high to low as Pitch, Velocity, Duration. End comes at the end of a bar that no
note outlasts. The first bar begins with time signature, Position_0 and tempo.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from engine.music import multitrack_vocabulary as vocab

_UNLIMITED = 2**40
# What came last. A track is chosen by its program and, unless it is the first of that program, its voice.
_NOTHING, _TRACKS, _BAR, _SIGNATURE, _LATER, _POSITION, _TEMPO, _CHORD = range(8)
_PROGRAM, _VOICE, _PITCH, _VELOCITY, _LONG, _NOTE, _END = range(8, 15)


@dataclass(frozen=True)
class Limits:
    """What a sequence is held to. Pitches, 0-127, do not count for drums.

    programs: those that tracks may have, None for any. bars: 1 or more; the piece ends exactly behind so many.
    """

    lowest_pitch: int = 0
    highest_pitch: int = 127
    programs: frozenset[int] | None = None
    has_drums: bool = True
    bars: int | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.lowest_pitch <= self.highest_pitch <= 127 or (self.bars is not None and self.bars < 1):
            raise ValueError(f"pitches must be 0-127 from low to high, and bars 1 or more: {self}")

    def track_ids(self) -> list[int]:
        """Return the ids of the programs, and of drums, that tracks may have."""
        programs = range(128) if self.programs is None else sorted(self.programs)
        return [*([vocab.DRUMS] if self.has_drums else []), *(vocab.PROGRAM + program for program in programs)]


@dataclass(frozen=True, eq=False)
class _Ensemble:
    """The tracks of a sequence. ids: of their programs. after: for -1 (at place 0) and each track, who may come next.

    voices: by program id the tracks that have it, in order.
    """

    ids: tuple[int, ...]
    after: tuple[NDArray[np.int64], ...]
    voices: dict[int, tuple[int, ...]]

    @classmethod
    def of(cls, track_ids: tuple[int, ...]) -> _Ensemble:
        voices: dict[int, tuple[int, ...]] = {}
        for track, track_id in enumerate(track_ids):
            voices[track_id] = (*voices.get(track_id, ()), track)
        after = tuple(np.array(sorted(set(track_ids[first:])), np.int64) for first in range(len(track_ids) + 1))
        return cls(track_ids, after, voices)


class MultitrackGrammar:
    """Which event may follow. What was read last can be asked for: the grammar is the reader of `multitrack_events`.

    tracks: ids of programs. step: where the current event stands. bars: how many have begun. In a note: track, pitch,
    velocity_id, and duration, which is whole after its Duration.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._state = _NOTHING
        self._mask: NDArray[np.bool_] | None = None
        self._ensemble = _Ensemble((), (), {})
        self.tracks: tuple[int, ...] = ()
        self.bars, self._bar_start, self._bar_steps, self._last_end = 0, 0, 0, 0
        self._offset = -1  # of the last position in the bar
        self._base = 0  # how far Later has reached
        self.time_signature_id, self.tempo_id, self.chord_id = 0, 0, vocab.CHORD
        self.track, self.pitch, self.velocity_id, self.duration = -1, 128, 0, 0
        self._program_id, self._track_before = 0, -1  # of the track under way; the one before it at this position
        self._goes_on = False  # whether the last event was the longest Long

    @property
    def step(self) -> int:
        """Where the current event stands: its bar's beginning or the last position."""
        return self._bar_start + max(self._offset, 0)

    @property
    def end_step(self) -> int:
        """Where the bar ends that has begun."""
        return self._bar_start + self._bar_steps

    def copy(self) -> Self:
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__)
        return other

    def allowed(self) -> NDArray[np.bool_]:
        if self._mask is None:
            self._mask = np.zeros(vocab.SIZE, np.bool_)
            self._fill(self._mask)
        return self._mask

    def advance(self, token_id: int) -> None:
        if not 0 <= token_id < vocab.SIZE or not self.allowed()[token_id]:
            raise ValueError(f"the grammar of multitrack events does not allow id {token_id} here")
        self._mask = None
        if token_id >= vocab.PITCH:
            self._take_note_event(token_id)
        elif token_id >= vocab.PROGRAM or token_id == vocab.DRUMS:
            self._take_track(token_id)
        else:
            self._take_place(token_id)

    def _take_place(self, token_id: int) -> None:
        """Take an event that says where in the piece the next ones stand, or what holds from there on."""
        if token_id >= vocab.CHORD:
            self._state, self.chord_id = _CHORD, token_id
        elif token_id >= vocab.TEMPO:
            self._state, self.tempo_id = _TEMPO, token_id
        elif token_id >= vocab.POSITION:
            self._state, self._offset, self.track = _POSITION, self._base + token_id - vocab.POSITION, -1
            self._base = 0
        elif token_id >= vocab.TIME_SIGNATURE:
            self._state, self.time_signature_id = _SIGNATURE, token_id
            self._bar_steps = int(vocab.BAR_STEPS[token_id - vocab.TIME_SIGNATURE])
        elif token_id == vocab.LATER:
            self._state, self._base = _LATER, self._base + vocab.POSITIONS
        elif token_id == vocab.BAR:
            if self.bars == 0:
                self._ensemble = _Ensemble.of(self.tracks)
            self._state, self._bar_start, self._offset = _BAR, self.end_step, -1
            self.bars += 1
        else:
            self._state = _TRACKS if token_id == vocab.START else _END

    def _take_track(self, token_id: int) -> None:
        if self._state == _TRACKS:
            self.tracks = (*self.tracks, token_id)
            return
        if token_id >= vocab.VOICE:
            self._state, voice = _VOICE, token_id - vocab.VOICE + 1
        else:
            self._state, voice = _PROGRAM, 0
            self._program_id, self._track_before, self.pitch = token_id, self.track, 128
        self.track = self._ensemble.voices[self._program_id][voice]

    def _take_note_event(self, token_id: int) -> None:
        if token_id >= vocab.DURATION:
            self._state, self.duration = _NOTE, self.duration + token_id - vocab.DURATION + 1
            self._last_end = max(self._last_end, self.step + self.duration)
        elif token_id >= vocab.LONG:
            self._state, self._goes_on = _LONG, token_id == vocab.DURATION - 1
            self.duration += vocab.LONG_STEPS * (token_id - vocab.LONG + 1)
        elif token_id >= vocab.VELOCITY:
            self._state, self.velocity_id, self.duration, self._goes_on = _VELOCITY, token_id, 0, True
        else:
            self._state, self.pitch = _PITCH, (token_id - vocab.PITCH) % 128

    def _fill(self, mask: NDArray[np.bool_]) -> None:
        """Set what may follow in a mask of nothing."""
        state = self._state
        if state == _NOTHING:
            mask[vocab.START] = True
        elif state == _TRACKS:
            mask[self.limits.track_ids() if len(self.tracks) < vocab.MOST_TRACKS else []] = True
            mask[vocab.BAR] = True
        elif state == _PITCH:
            mask[vocab.VELOCITY : vocab.LONG] = True
        elif state in (_VELOCITY, _LONG):
            self._fill_durations(mask)
        elif state in (_PROGRAM, _VOICE):
            self._fill_track(mask)
        elif self.bars == 1 and self.tempo_id == 0:
            self._fill_beginning(mask)
        elif state != _END:
            self._fill_places(mask)

    def _fill_beginning(self, mask: NDArray[np.bool_]) -> None:
        """Allow a time signature, the first position and a tempo, one after another."""
        if self._state == _BAR:
            mask[vocab.TIME_SIGNATURE : vocab.POSITION] = True
        elif self._state == _SIGNATURE:
            mask[vocab.POSITION] = True
        else:
            mask[vocab.TEMPO : vocab.CHORD] = True

    def _fill_places(self, mask: NDArray[np.bool_]) -> None:
        """Allow what may stand between two notes: another pitch or track, a position, a bar, and what they begin with."""
        state = self._state
        if state == _BAR:
            self._fill_time_signatures(mask)
        if state == _POSITION:
            mask[vocab.TEMPO : vocab.CHORD] = True
            mask[self.tempo_id] = False
        else:
            self._fill_positions(mask)
        if state in (_POSITION, _TEMPO):
            mask[vocab.CHORD : vocab.PROGRAM] = True
            mask[self.chord_id] = False
        if state in (_POSITION, _TEMPO, _CHORD, _NOTE):
            mask[self._ensemble.after[self.track + 1]] = True
        if state == _NOTE:
            self._fill_pitches(mask)
        if state not in (_POSITION, _LATER):
            is_last = self.bars == self.limits.bars
            mask[vocab.BAR] = not is_last
            mask[vocab.END] = self._last_end <= self.end_step and (is_last or self.limits.bars is None)

    def _fill_positions(self, mask: NDArray[np.bool_]) -> None:
        first, stop = max(self._offset + 1 - self._base, 0), min(self._bar_steps - self._base, vocab.POSITIONS)
        mask[vocab.POSITION + first : vocab.POSITION + max(first, stop)] = True
        mask[vocab.LATER] = max(self._offset + 1, self._base + vocab.POSITIONS) < self._bar_steps

    def _fill_time_signatures(self, mask: NDArray[np.bool_]) -> None:
        """Allow another time signature than before, of bars that leave room for the notes that still sound."""
        needed = self._last_end - self._bar_start if self.limits.bars is not None else 0
        mask[vocab.TIME_SIGNATURE : vocab.POSITION] = vocab.BAR_STEPS * self._bars_left() >= needed
        mask[self.time_signature_id] = False

    def _fill_track(self, mask: NDArray[np.bool_]) -> None:
        """Allow pitches of the track chosen; before its voice is, the voices of its program that come later as well."""
        voices = self._ensemble.voices[self._program_id]
        if self._state == _PROGRAM:
            later = [voice for voice, track in enumerate(voices) if voice and track > self._track_before]
            mask[[vocab.VOICE + voice - 1 for voice in later]] = True
        if self._state == _VOICE or voices[0] > self._track_before:
            self._fill_pitches(mask)

    def _fill_pitches(self, mask: NDArray[np.bool_]) -> None:
        if self._program_id == vocab.DRUMS:
            mask[vocab.DRUM_PITCH : vocab.DRUM_PITCH + self.pitch] = True
        else:
            stop = min(self.pitch, self.limits.highest_pitch + 1)
            mask[vocab.PITCH + self.limits.lowest_pitch : vocab.PITCH + max(stop, self.limits.lowest_pitch)] = True

    def _fill_durations(self, mask: NDArray[np.bool_]) -> None:
        """Allow durations, by Long and Duration, that end in the piece."""
        room = _UNLIMITED
        if self.limits.bars is not None:
            room = self._bar_start + self._bars_left() * self._bar_steps - self.step - self.duration
        mask[vocab.DURATION : vocab.DURATION + min(room, vocab.LONG_STEPS)] = True
        if self._goes_on:
            mask[vocab.LONG : vocab.LONG + min((room - 1) // vocab.LONG_STEPS, vocab.LONGEST)] = True

    def _bars_left(self) -> int:
        """Return how many bars are left, the one that has begun among them."""
        return _UNLIMITED if self.limits.bars is None else self.limits.bars - self.bars + 1
