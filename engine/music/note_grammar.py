"""The ids of note events and which may follow which. Does not know Scores.

A sequence: `xxbos xxpad`, then the notes of an onset from high to low, each with its duration, then `xxsep` with a
duration that moves on. Behind the longest duration another one may follow, which goes on with it. `xxeos` ends the
sequence; right before it an `xxsep` stands only where silence follows the last note.
"""

from __future__ import annotations

from typing import Self

import numpy as np
from numpy.typing import NDArray

LONGEST_DURATION = 128  # steps
MARKS = ("xxbos", "xxpad", "xxeos", "xxmask", "xxmelody", "xxchords", "xxsep")
START, PAD, END, MASK, MELODY, CHORDS, SEPARATOR = range(len(MARKS))  # mask, melody and chords: for tasks of training
FIRST_PITCH = len(MARKS)
LAST_PITCH = FIRST_PITCH + 127
# The id of a duration is LAST_PITCH + steps.
SIZE = LAST_PITCH + LONGEST_DURATION + 1
_UNLIMITED = 2**62


# What came last; a note is whole with its duration.
_NOTHING, _START, _PREFIX, _PITCH, _SEPARATOR, _NOTE, _MOVED, _END = range(8)


class NoteGrammar:
    """Which note event may follow; pitches within a range, 0-127.

    length_steps: where the piece ends exactly; None leaves that free.
    """

    def __init__(self, lowest_pitch: int = 0, highest_pitch: int = 127, length_steps: int | None = None) -> None:
        if not 0 <= lowest_pitch <= highest_pitch <= 127 or (length_steps or 0) < 0:
            raise ValueError(f"no piece has pitches {lowest_pitch}-{highest_pitch} and {length_steps} steps")
        self._lowest, self._highest = lowest_pitch, highest_pitch
        self._length = _UNLIMITED if length_steps is None else length_steps
        self._is_limited = length_steps is not None
        self._state = _NOTHING
        self._mask: NDArray[np.bool_] | None = None
        self._step = 0  # where the next note begins
        self._last_end = 0  # of all notes
        self._pitch = highest_pitch + 1  # the last one of this onset
        self._end = 0  # of what the last durations have reached
        self._goes_on = False  # whether the last duration was the longest

    def allowed(self) -> NDArray[np.bool_]:
        if self._mask is None:
            self._mask = np.zeros(SIZE, np.bool_)
            self._fill(self._mask)
        return self._mask

    def advance(self, token_id: int) -> None:
        if not 0 <= token_id < SIZE or not self.allowed()[token_id]:
            raise ValueError(f"the grammar of note events does not allow id {token_id} here")
        self._mask = None
        if token_id > LAST_PITCH:
            self._take_duration(token_id - LAST_PITCH)
        elif token_id >= FIRST_PITCH:
            self._state, self._pitch, self._end, self._goes_on = _PITCH, token_id - FIRST_PITCH, self._step, False
        elif token_id == SEPARATOR:
            self._state, self._end, self._goes_on = _SEPARATOR, self._step, False
        else:
            self._state = {START: _START, PAD: _PREFIX, END: _END}[token_id]

    def copy(self) -> Self:
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__)
        return other

    def _fill(self, mask: NDArray[np.bool_]) -> None:
        """Set what may follow in a mask of nothing."""
        if self._state in (_NOTHING, _START):
            mask[START if self._state == _NOTHING else PAD] = True
        elif self._state != _END:
            mask[END] = self._may_end()
            mask[SEPARATOR] = self._may_move()
            mask[LAST_PITCH + 1 : LAST_PITCH + 1 + self._longest_duration()] = True
            mask[FIRST_PITCH + self._lowest : FIRST_PITCH + self._pitches_below()] = True

    def _take_duration(self, steps: int) -> None:
        self._end += steps
        self._goes_on = steps == LONGEST_DURATION
        if self._state in (_PITCH, _NOTE):
            self._state, self._last_end = _NOTE, max(self._last_end, self._end)
        else:
            self._state, self._step, self._pitch = _MOVED, self._end, self._highest + 1

    def _pitches_below(self) -> int:
        """Return what the pitches that may follow are below; the lowest pitch of all where none may."""
        may_follow = self._state in (_PREFIX, _NOTE, _MOVED) and self._step < self._length
        return max(self._pitch, self._lowest) if may_follow else self._lowest

    def _longest_duration(self) -> int:
        """Return the longest duration that may follow, 0 where none may."""
        if self._state not in (_PITCH, _SEPARATOR) and not self._goes_on:
            return 0
        is_note = self._state in (_PITCH, _NOTE)
        return min((self._length if is_note else self._last_step()) - self._end, LONGEST_DURATION)

    def _last_step(self) -> int:
        """Return the last step to move on to: right at the end of the piece no note begins, only silence ends there."""
        return self._length - (self._last_end == self._length)

    def _may_move(self) -> bool:
        return self._state in (_PREFIX, _NOTE) and self._step < self._last_step()

    def _may_end(self) -> bool:
        if self._state == _MOVED:
            reached = self._step if self._step > self._last_end else -1
        else:
            reached = self._last_end if self._state in (_PREFIX, _NOTE) else -1
        return reached == self._length if self._is_limited else reached >= 0
