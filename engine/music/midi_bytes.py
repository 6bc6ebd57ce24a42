"""Bytes of a Standard MIDI File: header, chunks, texts, tempos, and events written. Knows no notes, keys or lyrics.

Written here and not left to mido because uploads come from strangers: mido keeps every event (380 MB for a file of
4 MiB), stops at lengths that are merely wrong, and decodes text by a setting that all threads share.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from engine.errors import FileFormatError, OutputError

META = 0xFF
TEXT, NAME, LYRIC, MARKER, END_OF_TRACK = 0x01, 0x03, 0x05, 0x06, 0x2F
TEMPO, TIME_SIGNATURE, KEY_SIGNATURE = 0x51, 0x58, 0x59

_FRAMES_PER_SECOND = {
    24: Fraction(24),
    25: Fraction(25),
    29: Fraction(30000, 1001),
    30: Fraction(30),
}  # as SMPTE names them
_MICROSECONDS_PER_MINUTE = 60_000_000
_LONGEST_WRAPPER = 1024  # bytes before the header: RIFF and MacBinary files carry some


class Event(NamedTuple):
    """One event to be written. tick: absolute, in the file's own resolution. meta_type: 0-127 where status is META, else -1."""

    tick: int
    status: int
    data: bytes
    meta_type: int = -1


@dataclass(frozen=True)
class Header:
    """file_type: 0, 1 or 2. ticks_per_quarter: 1 and more; where frames are counted, at 120 quarter notes per minute."""

    file_type: int
    ticks_per_quarter: Fraction
    counts_frames: bool = False  # SMPTE time: ticks are parts of a second, and tempos change nothing


def read_header(data: bytes) -> Header:
    """Return what the file's header says; FileFormatError if there is none."""
    start = data.find(b"MThd", 0, _LONGEST_WRAPPER)
    if start < 0 or len(data) < start + 14:
        raise FileFormatError("this is not a MIDI file: it has no MThd header; send a .mid file")
    file_type, _, division = struct.unpack_from(">HHH", data, start + 8)
    frames, parts = 256 - (division >> 8), division & 0xFF
    if file_type <= 2 and parts and frames in _FRAMES_PER_SECOND:
        return Header(file_type, _FRAMES_PER_SECOND[frames] * parts / 2, counts_frames=True)
    if file_type > 2 or division == 0 or division & 0x8000:
        raise FileFormatError(f"the MIDI header is damaged: type {file_type}, {division} ticks per quarter note")
    return Header(file_type, Fraction(division))


def first_chunk(data: bytes) -> int:
    """Return where the header ends."""
    start = data.find(b"MThd", 0, _LONGEST_WRAPPER)
    return _declared_end(data, start) or start + 14


def next_chunk(data: bytes, position: int) -> int:
    """Return where the events of the next track chunk begin, or -1.

    position: where a chunk of any kind begins, or somewhere between chunks.
    """
    while _is_chunk(data, position) and data[position : position + 4] != b"MTrk":
        position = _declared_end(data, position) or position + 4
    found = data.find(b"MTrk", position)
    return found + 8 if 0 <= found <= len(data) - 8 else -1


def chunk_limit(data: bytes, position: int) -> tuple[int, int]:
    """Return up to where a chunk's events may go, and where the chunk says that it ends; position: where they begin.

    A declared length is believed where it leads to another chunk or the end of the file; otherwise 0 is returned for
    it, the chunk goes on to its end-of-track event, and the next one is looked for from there.
    """
    declared = _declared_end(data, position - 8)
    return declared or len(data), declared


def _declared_end(data: bytes, position: int) -> int:
    """Return where a chunk says that it ends, or 0 if that is neither another chunk nor the end of the file."""
    declared = position + 8 + int.from_bytes(data[position + 4 : position + 8])
    return declared if declared == len(data) or _is_chunk(data, declared) else 0


def _is_chunk(data: bytes, position: int) -> bool:
    tag = data[position : position + 4]
    return len(tag) == 4 and tag.isalnum() and position + 8 <= len(data)


def encoded(text: str) -> bytes:
    """Return text as a meta event holds it, in UTF-8."""
    return text.encode("utf-8", errors="replace")


def decoded(data: bytes) -> str:
    """Return the text of a meta event: UTF-8, or Latin-1 (which older files mostly hold) where it is not UTF-8."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def encoded_tempo(tempo_qpm: float) -> bytes:
    """Return a tempo as the whole microseconds of a quarter note; OutputError below 3.58 quarter notes per minute."""
    microseconds = round(_MICROSECONDS_PER_MINUTE / tempo_qpm)
    if not 1 <= microseconds < 1 << 24:
        raise OutputError(f"a MIDI file holds tempos of 3.58 quarter notes per minute and more, got {tempo_qpm:g}")
    return microseconds.to_bytes(3)


def decoded_tempo(data: bytes) -> float:
    """Return the roundest tempo that is stored as these microseconds: 618557 is 97 qpm, not 97.00001."""
    microseconds = int.from_bytes(data)
    exact = _MICROSECONDS_PER_MINUTE / microseconds
    rounded = (round(exact, digits) for digits in range(7))
    return next((r for r in rounded if r > 0 and round(_MICROSECONDS_PER_MINUTE / r) == microseconds), exact)


def write_file(header: Header, chunks: Iterable[Iterable[Event]]) -> bytes:
    """Return the file; the events of each chunk are in order and end with its end-of-track event."""
    written = [_write_chunk(chunk) for chunk in chunks]
    head = struct.pack(">4sIHHH", b"MThd", 6, header.file_type, len(written), int(header.ticks_per_quarter))
    return head + b"".join(written)


def _write_chunk(events: Iterable[Event]) -> bytes:
    body, now = bytearray(), 0
    for event in events:
        body += _write_number(event.tick - now)
        body.append(event.status)
        if event.status == META:
            body.append(event.meta_type)
            body += _write_number(len(event.data))
        body += event.data
        now = event.tick
    return struct.pack(">4sI", b"MTrk", len(body)) + bytes(body)


def _write_number(value: int) -> bytes:
    septets = [value & 0x7F]
    while value := value >> 7:
        septets.append(value & 0x7F | 0x80)
    return bytes(reversed(septets))
