"""Bytes of a Standard MIDI File to timed events and back. Knows nothing of notes, channels, keys or lyrics.

Written here and not left to mido because uploads come from strangers: mido keeps every event (380 MB for a file of
4 MiB), stops at lengths that are merely wrong, and decodes text by a setting that all threads share.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from engine.errors import FileFormatError, OutputError

META = 0xFF
END_OF_TRACK = 0x2F

_DATA_BYTES = [0] * 0x80 + [2] * 0x40 + [1] * 0x20 + [2] * 0x10 + [0] * 0x10  # of a channel message, by its status
_MICROSECONDS_PER_MINUTE = 60_000_000
_LONGEST_WRAPPER = 1024  # bytes before the header: RIFF and MacBinary files carry some


class Event(NamedTuple):
    """One event. tick: absolute, in the file's own resolution. meta_type: 0-127 where status is META, else -1."""

    tick: int
    status: int
    data: bytes
    meta_type: int = -1


@dataclass(frozen=True)
class Header:
    """file_type: 0, 1 or 2. ticks_per_quarter: 1-32767."""

    file_type: int
    ticks_per_quarter: int


def read_header(data: bytes) -> Header:
    """Return what the file's header says; FileFormatError if there is none or it counts in SMPTE frames."""
    start = data.find(b"MThd", 0, _LONGEST_WRAPPER)
    if start < 0 or len(data) < start + 14:
        raise FileFormatError("this is not a MIDI file: it has no MThd header; send a .mid file")
    file_type, _, division = struct.unpack_from(">HHH", data, start + 8)
    if division & 0x8000:
        raise FileFormatError("the MIDI file counts time in SMPTE frames; save it again with ticks per quarter note")
    if division == 0 or file_type > 2:
        raise FileFormatError(f"the MIDI header is damaged: type {file_type}, {division} ticks per quarter note")
    return Header(file_type, division)


def read_chunks(data: bytes) -> Iterator[Iterator[Event]]:
    """Yield each track chunk as its events; take one chunk wholly before asking for the next.

    A chunk's declared length is believed where it leads to another chunk or the end of the file; otherwise the chunk
    goes on to its end-of-track event, and the next one is looked for from there.
    """
    start = data.find(b"MThd", 0, _LONGEST_WRAPPER)
    position = _declared_end(data, start) or start + 14
    while (position := _next_track(data, position)) >= 0:
        declared = _declared_end(data, position)
        end = [declared or position + 8]
        yield _read_events(data, position + 8, declared or len(data), end)
        position = end[0]


def _next_track(data: bytes, position: int) -> int:
    """Return where the next track chunk begins, from a chunk of any kind or from a place between chunks; or -1."""
    while _is_chunk(data, position) and data[position : position + 4] != b"MTrk":
        position = _declared_end(data, position) or position + 4
    found = data.find(b"MTrk", position)
    return found if found + 8 <= len(data) else -1


def _declared_end(data: bytes, position: int) -> int:
    """Return where a chunk says that it ends, or 0 if that is neither another chunk nor the end of the file."""
    declared = position + 8 + int.from_bytes(data[position + 4 : position + 8])
    return declared if declared == len(data) or _is_chunk(data, declared) else 0


def _is_chunk(data: bytes, position: int) -> bool:
    tag = data[position : position + 4]
    return len(tag) == 4 and tag.isalnum() and position + 8 <= len(data)


def _read_events(data: bytes, position: int, limit: int, end: list[int]) -> Iterator[Event]:
    """Yield the events up to the end-of-track event or `limit`; leave in `end` where the chunk ended."""
    tick = running_status = 0
    while position < limit:
        delta = data[position]
        position += 1
        if delta >= 0x80:
            delta, position = _read_number(data, position - 1)
        tick += delta
        status = data[position] if position < limit else _cut_off(position)
        if status >= 0x80:
            position += 1
        else:
            status = running_status
        meta_type = -1
        if size := _DATA_BYTES[status]:
            running_status = status
        elif status == META and position < limit:
            meta_type = data[position]
            size, position = _read_number(data, position + 1)
        elif status in (0xF0, 0xF7):
            size, position = _read_number(data, position)
        else:
            raise FileFormatError(f"the MIDI file is damaged at byte {position}: {status:#04x} begins no event")
        next_position = position + size
        if next_position > limit:
            _cut_off(position)
        yield Event(tick, status, data[position:next_position], meta_type)
        position = next_position
        if meta_type == END_OF_TRACK:
            break
    end[0] = max(end[0], position)


def _read_number(data: bytes, position: int) -> tuple[int, int]:
    """Return a variable-length number (at most 4 bytes) and the position after it."""
    value = 0
    for offset, byte in enumerate(data[position : position + 4]):
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, position + offset + 1
    return _cut_off(position), position


def _cut_off(position: int) -> int:
    raise FileFormatError(f"the MIDI file is cut off or damaged at byte {position}; export it again")


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
    head = struct.pack(">4sIHHH", b"MThd", 6, header.file_type, len(written), header.ticks_per_quarter)
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
