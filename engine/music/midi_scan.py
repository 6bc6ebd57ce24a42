"""The events of one chunk of a MIDI file as rows of numbers: its notes, and where its texts and changes stand.

Knows no names, keys or tempos: what the bytes of a meta event say is read elsewhere.

As plain Python a file of 350 notes takes a millisecond, compiled a fiftieth of that.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from engine.compiled import Kernel

Rows: TypeAlias = NDArray[np.int32]

ONSET, END, PITCH, VELOCITY, TRACK, NEXT = range(6)  # columns of a note's row
TICK, META_TYPE, START, SIZE = range(4)  # columns of a meta event's row
WHOLE, CUT_OFF, NO_EVENT, ABOVE_127, TOO_LONG, TOO_MANY_NOTES, TOO_MANY_METAS = range(7)  # how a scan ends
VOICES = 2048  # 128 x channel + program

PLAIN_BYTES = 1024 * 1024  # that a process reads in plain Python, a third of a second, before it compiles

Clock: TypeAlias = tuple[int, int, int, int]
Scan: TypeAlias = Callable[
    [bytes, int, int, Clock, NDArray[np.int64], Rows, Rows, Rows],
    tuple[int, int, int, int, int, int],
]


def scan_chunk(
    data: bytes,
    position: int,
    limit: int,
    clock: Clock,
    programs: NDArray[np.int64],
    notes: Rows,
    metas: Rows,
    voices: Rows,
) -> tuple[int, int, int, int, int, int]:
    """Read a chunk's events up to its end or `limit`; return how it ended, where, its last tick, and three counts.

    clock: the latest file tick that an event may have, below 2^31; then how file ticks become the score's: times the
    second over the third, to the nearest, plus the fourth. programs: of the 16 channels, brought up to date.
    notes: filled with rows of onset, end, pitch, velocity, track and a column of its own, in the order in which they
    begin; overlapping notes of one pitch end in that order too, what is not ended ends with the chunk, and none is
    shorter than a tick. metas: filled with rows of tick, type, where its bytes start, and how many they are (at least
    one). voices: filled with the voice of each track, 128 x channel + program, in the order in which they begin.
    The counts are of these three.
    """
    last_tick, scale, quarter, start_tick = clock
    first_open = np.full(2048, -1, np.int32)  # by 128 x channel + pitch, a queue linked through the NEXT column
    last_open = np.full(2048, -1, np.int32)
    track_of = np.full(VOICES, -1, np.int32)
    tick = running_status = note_count = meta_count = track_count = 0
    ending = WHOLE
    while position < limit:
        delta, after = 0, position
        while after < limit and after < position + 3 and data[after] >= 0x80:
            delta = delta << 7 | (int(data[after]) & 0x7F)
            after += 1
        if after >= limit or data[after] >= 0x80:
            ending = CUT_OFF
            break
        tick += delta << 7 | int(data[after])
        position = after + 1
        if position >= limit:
            ending = CUT_OFF
            break
        if tick > last_tick:
            ending = TOO_LONG
            break
        status = int(data[position])
        if status >= 0x80:
            position += 1
        else:
            status = running_status
        kind, meta_type, size = status & 0xF0, -1, 2
        if 0x80 <= status < 0xF0:
            running_status = status
            if kind == 0xC0 or kind == 0xD0:
                size = 1
        elif status == 0xFF or status == 0xF0 or status == 0xF7:
            if status == 0xFF and position < limit:
                meta_type = int(data[position])
                position += 1
            size, after = 0, position
            while after < limit and after < position + 3 and data[after] >= 0x80:
                size = size << 7 | (int(data[after]) & 0x7F)
                after += 1
            if after >= limit or data[after] >= 0x80:
                ending = CUT_OFF
                break
            size = size << 7 | int(data[after])
            position = after + 1
        else:
            ending = NO_EVENT
            position -= 1 if status >= 0x80 else 0
            break
        if position + size > limit:
            ending = CUT_OFF
            break
        if kind == 0x80 or kind == 0x90:
            pitch, velocity = int(data[position]), int(data[position + 1])
            if pitch > 127 or velocity > 127:
                ending = ABOVE_127
                break
            channel = status & 0x0F
            sounding = channel << 7 | pitch
            if kind == 0x90 and velocity > 0:
                if note_count == len(notes):
                    ending = TOO_MANY_NOTES
                    break
                notes[note_count, ONSET] = tick
                notes[note_count, END] = -1
                notes[note_count, PITCH] = pitch
                notes[note_count, VELOCITY] = velocity
                voice = channel << 7 | programs[channel]
                if track_of[voice] < 0:
                    track_of[voice] = track_count
                    voices[track_count] = voice
                    track_count += 1
                notes[note_count, TRACK] = track_of[voice]
                notes[note_count, NEXT] = -1
                if first_open[sounding] < 0:
                    first_open[sounding] = note_count
                else:
                    notes[last_open[sounding], NEXT] = note_count
                last_open[sounding] = note_count
                note_count += 1
            elif first_open[sounding] >= 0:
                notes[first_open[sounding], END] = tick
                first_open[sounding] = notes[first_open[sounding], NEXT]
        elif kind == 0xC0:
            if data[position] > 127:
                ending = ABOVE_127
                break
            programs[status & 0x0F] = int(data[position])
        elif size > 0 and (
            meta_type == 0x01
            or meta_type == 0x03
            or meta_type == 0x05
            or meta_type == 0x06
            or meta_type == 0x51
            or meta_type == 0x58
            or meta_type == 0x59
        ):
            if meta_count == len(metas):
                ending = TOO_MANY_METAS
                break
            metas[meta_count, TICK] = tick
            metas[meta_count, META_TYPE] = meta_type
            metas[meta_count, START] = position
            metas[meta_count, SIZE] = size
            meta_count += 1
        position += size
        if meta_type == 0x2F:
            break
    last = (2 * scale * tick + quarter) // (2 * quarter) + start_tick
    for row in range(note_count):
        end = tick if notes[row, END] < 0 else int(notes[row, END])
        onset = (2 * scale * int(notes[row, ONSET]) + quarter) // (2 * quarter) + start_tick
        end = max((2 * scale * end + quarter) // (2 * quarter) + start_tick, onset + 1)
        notes[row, ONSET], notes[row, END] = onset, end
        last = max(last, end)
    for row in range(meta_count):
        metas[row, TICK] = (2 * scale * int(metas[row, TICK]) + quarter) // (2 * quarter) + start_tick
    return ending, position, last, note_count, meta_count, track_count


SCAN: Kernel[Scan] = Kernel(scan_chunk, PLAIN_BYTES)
