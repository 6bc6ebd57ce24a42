"""The bytes of a MIDI file as a Score: what is read of its events, and up to where. Knows no seconds; writes nothing.

The notes stay columns of numbers until the end, for a file of 1 MiB may hold 300,000 of them. symusic is faster still,
but does not say where a chunk ends (a piece loses the rests at its end), drops notes that nothing ends, lets the tracks
of a type 2 file sound together, and gives up at a wrong chunk length or at time in SMPTE frames.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from engine.errors import FileFormatError
from engine.music import midi_scan
from engine.music.midi_bytes import (
    KEY_SIGNATURE,
    LYRIC,
    MARKER,
    NAME,
    TEMPO,
    TEXT,
    TIME_SIGNATURE,
    Header,
    chunk_limit,
    decoded,
    decoded_tempo,
    first_chunk,
    next_chunk,
    read_header,
)
from engine.music.midi_lyrics import KARAOKE_MARK, lyric_events, with_lyrics
from engine.music.score import (
    TICKS_PER_QUARTER,
    LyricEvent,
    Marker,
    Note,
    Score,
    TempoChange,
    TimeSignature,
    TimeSignatureChange,
    Track,
)
from engine.music.theory import Key

LARGEST_FILE_BYTES = 4 * 1024 * 1024
MOST_NOTES = 500_000
MOST_CHUNKS = 1024
MOST_METAS = 100_000  # texts, lyrics, and changes of tempo, key and time signature
LONGEST_TICKS = 10_000_000  # pretty_midi's limit, about three hours at 120 quarter notes per minute
DRUM_CHANNEL = 9

# A note as one number that sorts as a Note does: 24 bits of onset, 7 of pitch, 24 of duration, 7 of velocity.
_ONSET_BIT, _PITCH_BIT, _DURATION_BIT = 38, 31, 7
_FEWEST_NOTE_BYTES, _FEWEST_META_BYTES = 3, 5

Ticks = NDArray[np.int64]


@dataclass
class _Reading:
    """What has been read so far. Ticks are the score's."""

    header: Header
    programs: NDArray[np.int64]  # last program of each channel, over all chunks
    start_ticks: int = 0  # of the chunk being read: 0, but in type 2 files the chunks follow one another
    length_ticks: int = 0
    note_count: int = 0
    meta_count: int = 0
    is_karaoke: bool = False
    title: str = ""
    key_name: str | None = None
    tracks: list[Track] = field(default_factory=list)
    orphans: list[LyricEvent] = field(default_factory=list)  # lyrics of chunks without notes
    tempos: dict[int, float] = field(default_factory=dict)
    time_signatures: dict[int, TimeSignature] = field(default_factory=dict)
    markers: list[Marker] = field(default_factory=list)

    def ticks(self, file_ticks: Ticks) -> Ticks:
        """Return the nearest ticks of the score, the later one of two as near."""
        quarter, parts = self.header.ticks_per_quarter.numerator, self.header.ticks_per_quarter.denominator
        return (2 * TICKS_PER_QUARTER * parts * file_ticks + quarter) // (2 * quarter) + self.start_ticks

    def last_file_tick(self) -> int:
        """Return the last tick of the chunk being read that is not later than LONGEST_TICKS."""
        quarter, parts = self.header.ticks_per_quarter.numerator, self.header.ticks_per_quarter.denominator
        room = LONGEST_TICKS - self.start_ticks
        return ((2 * room + 1) * quarter - 1) // (2 * TICKS_PER_QUARTER * parts)


def midi_to_score(data: bytes) -> Score:
    """Return the score that a MIDI file of type 0, 1 or 2 holds; a file without notes gives a score without tracks.

    Notes of one chunk, channel and program make a track. Controllers and pitch bends are left out. Time in SMPTE frames
    is read at 120 quarter notes per minute. FileFormatError for what is no MIDI file, is damaged, or is larger than the
    limits above.
    """
    if len(data) > LARGEST_FILE_BYTES:
        raise FileFormatError(f"the MIDI file has {len(data)} bytes; at most {LARGEST_FILE_BYTES} can be read")
    reading = _Reading(read_header(data), np.zeros(16, np.int64))
    scan = midi_scan.scan_for(len(data))
    chunk_count, position = 0, first_chunk(data)
    while (position := next_chunk(data, position)) >= 0:
        if chunk_count == MOST_CHUNKS:
            raise FileFormatError(f"the MIDI file has more than {MOST_CHUNKS} tracks; merge some and send it again")
        if reading.header.file_type == 2:
            reading.start_ticks = reading.length_ticks
        position = _read_chunk(reading, scan, data, position, is_first=chunk_count == 0)
        chunk_count += 1
    return _finished(reading)


def _read_chunk(reading: _Reading, scan: midi_scan.Scan, data: bytes, position: int, *, is_first: bool) -> int:
    """Take in the chunk whose events begin at a position; return where it ends."""
    limit, declared = chunk_limit(data, position)
    room = limit - position
    notes = np.empty((min(room // _FEWEST_NOTE_BYTES, MOST_NOTES - reading.note_count), 6), np.int32)
    metas = np.empty((min(room // _FEWEST_META_BYTES, MOST_METAS - reading.meta_count), 4), np.int32)
    ending, end, last_tick, note_count, meta_count = scan(
        data, position, limit, reading.last_file_tick(), reading.programs, notes, metas
    )
    if ending != midi_scan.WHOLE:
        _refuse(ending, end, data)
    reading.note_count += note_count
    reading.meta_count += meta_count
    reading.length_ticks = max(reading.length_ticks, int(reading.ticks(np.array(last_tick))))
    name, texts = _read_metas(reading, data, metas[:meta_count])
    if name and is_first and (reading.header.file_type == 0 or not note_count):
        reading.title = name
    tracks = _tracks(reading, notes[:note_count], name if reading.header.file_type else "")
    lyrics = lyric_events(texts)
    reading.tracks += with_lyrics(tracks, lyrics)
    reading.orphans += lyrics if not tracks else []
    return max(end, declared)


def _refuse(ending: int, position: int, data: bytes) -> NoReturn:
    """Raise what is wrong with a chunk whose scan did not end well."""
    if ending == midi_scan.NO_EVENT:
        raise FileFormatError(f"the MIDI file is damaged at byte {position}: {data[position]:#04x} begins no event")
    if ending == midi_scan.ABOVE_127:
        raise FileFormatError("the MIDI file is damaged: a pitch, velocity or program is above 127")
    if ending == midi_scan.TOO_LONG:
        quarters = LONGEST_TICKS // TICKS_PER_QUARTER
        raise FileFormatError(f"the MIDI file is longer than {quarters} quarter notes; send a shorter piece")
    if ending == midi_scan.TOO_MANY_NOTES:
        raise FileFormatError(f"the MIDI file has more than {MOST_NOTES} notes; send a shorter piece")
    if ending == midi_scan.TOO_MANY_METAS:
        raise FileFormatError(
            f"the MIDI file has more than {MOST_METAS} texts and changes of tempo; send one with fewer"
        )
    raise FileFormatError(f"the MIDI file is cut off or damaged at byte {position}; export it again")


def _tracks(reading: _Reading, rows: midi_scan.Rows, name: str) -> list[Track]:
    """Return a track for each voice of a chunk, in the order in which they begin."""
    if not len(rows):
        return []
    onsets = reading.ticks(rows[:, midi_scan.ONSET].astype(np.int64))
    ends = np.maximum(reading.ticks(rows[:, midi_scan.END].astype(np.int64)), onsets + 1)
    reading.length_ticks = max(reading.length_ticks, int(ends.max()))
    packed = onsets << _ONSET_BIT | (ends - onsets) << _DURATION_BIT | rows[:, midi_scan.VELOCITY]
    packed |= rows[:, midi_scan.PITCH].astype(np.int64) << _PITCH_BIT
    voices = rows[:, midi_scan.VOICE]
    if (voices == voices[0]).all():
        return [_track(name, int(voices[0]), packed)]
    order = np.argsort(voices, kind="stable")
    starts = np.flatnonzero(np.diff(voices[order], prepend=-1))
    groups = np.split(order, starts[1:])
    groups.sort(key=lambda group: int(group[0]))
    return [_track(name, int(voices[group[0]]), packed[group]) for group in groups]


def _track(name: str, voice: int, packed: Ticks) -> Track:
    channel, program = divmod(voice, 128)
    packed.sort()
    notes = map(
        Note,
        (packed >> _ONSET_BIT).tolist(),
        (packed >> _PITCH_BIT & 127).tolist(),
        (packed >> _DURATION_BIT & (1 << 24) - 1).tolist(),
        (packed & 127).tolist(),
    )
    return Track(name, program, tuple(notes), is_drum=channel == DRUM_CHANNEL)


def _read_metas(reading: _Reading, data: bytes, rows: midi_scan.Rows) -> tuple[str, list[tuple[int, str]]]:
    """Take in the meta events of a chunk; return its name and its texts that are sung, by tick."""
    name: str | None = None
    lyrics, texts = list[tuple[int, str]](), list[tuple[int, str]]()
    ticks = reading.ticks(rows[:, midi_scan.TICK].astype(np.int64)).tolist()
    for tick, (_, meta_type, start, size) in zip(ticks, rows.tolist(), strict=True):
        content = data[start : start + size]
        if meta_type == NAME:
            name = decoded(content) if name is None else name
        elif meta_type == LYRIC:
            lyrics.append((tick, decoded(content)))
        elif meta_type == TEXT:
            texts.append((tick, decoded(content)))
        else:
            _read_change(reading, tick, meta_type, content)
    reading.is_karaoke |= any(text.startswith(KARAOKE_MARK) for _, text in texts)
    if reading.is_karaoke and not lyrics:
        lyrics = [(tick, text) for tick, text in texts if not text.startswith("@")]
    return name or "", lyrics


def _read_change(reading: _Reading, tick: int, meta_type: int, content: bytes) -> None:
    """Take in a marker or a change; one that is too short or out of range says nothing and is passed over."""
    if meta_type == MARKER:
        reading.markers.append(Marker(tick, decoded(content)))
    elif meta_type == TEMPO and len(content) >= 3 and any(content[:3]) and not reading.header.counts_frames:
        reading.tempos[tick] = decoded_tempo(content[:3])
    elif meta_type == TIME_SIGNATURE and len(content) >= 2 and 1 <= content[0] <= 32 and content[1] <= 5:
        reading.time_signatures[tick] = TimeSignature(content[0], 2 ** content[1])
    elif meta_type == KEY_SIGNATURE and len(content) >= 2 and reading.key_name is None:
        fifths = (content[0] + 128) % 256 - 128
        if -7 <= fifths <= 7 and content[1] <= 1:
            reading.key_name = str(Key.of_signature(fifths, "minor" if content[1] else "major"))


def _finished(reading: _Reading) -> Score:
    tempos = {0: 120.0, **reading.tempos}
    signatures = {0: TimeSignature(4, 4), **reading.time_signatures}
    return Score(
        tracks=tuple(with_lyrics(reading.tracks, reading.orphans)),
        length_ticks=reading.length_ticks,
        tempos=tuple(TempoChange(tick, tempos[tick]) for tick in sorted(tempos)),
        time_signatures=tuple(TimeSignatureChange(tick, signatures[tick]) for tick in sorted(signatures)),
        key_name=reading.key_name,
        markers=tuple(sorted(reading.markers, key=lambda marker: marker.onset_ticks)),
        title=reading.title,
    )
