"""The bytes of a MIDI file as a Score: what is read of its events, and up to where. Knows no seconds; writes nothing.

The notes stay columns of numbers, for a file of 1 MiB may hold 300,000 of them. symusic is faster still,
but does not say where a chunk ends (a piece loses the rests at its end), drops notes that nothing ends, lets the tracks
of a type 2 file sound together, and gives up at a wrong chunk length or at time in SMPTE frames.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NoReturn

import numpy as np

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
from engine.music.midi_lyrics import KARAOKE_MARK, karaoke_syllables, lyric_events, with_lyrics
from engine.music.note_columns import Column, ColumnScore, NoteColumns, notes_by_track
from engine.music.score import (
    TICKS_PER_QUARTER,
    LyricEvent,
    Marker,
    Score,
    TempoChange,
    TimeSignature,
    TimeSignatureChange,
    Track,
)
from engine.music.theory import Key

LARGEST_FILE_BYTES = 4 * 1024 * 1024
MOST_NOTES = 500_000
MOST_CHUNKS = 2049  # one of tempos, and one for every channel and program
MOST_METAS = 100_000  # texts, lyrics, and changes of tempo, key and time signature
LONGEST_TICKS = 10_000_000  # pretty_midi's limit, about three hours at 120 quarter notes per minute
DRUM_CHANNEL = 9

_EMPTY_FILE = b"MThd\0\0\0\6\0\0\0\1\1\xe0MTrk\0\0\0\4\0\xff\x2f\0"
_FEWEST_NOTE_BYTES, _FEWEST_META_BYTES = 3, 5


@dataclass
class _Reading:
    """What has been read so far. Ticks are the score's."""

    header: Header
    programs: Column  # last program of each channel, over all chunks
    start_ticks: int = 0  # of the chunk being read: 0, but in type 2 files the chunks follow one another
    length_ticks: int = 0
    note_count: int = 0
    meta_count: int = 0
    is_karaoke: bool = False
    title: str = ""
    key: Key | None = None
    tracks: list[Track] = field(default_factory=list)  # still without notes and words
    notes: list[Column] = field(default_factory=list)  # of each chunk: onset, end, pitch, velocity, track (5, N)
    sung: list[tuple[slice, list[tuple[int, str]]]] = field(default_factory=list)  # tracks of a chunk, and its words
    tempos: dict[int, float] = field(default_factory=dict)
    time_signatures: dict[int, TimeSignature] = field(default_factory=dict)
    markers: list[Marker] = field(default_factory=list)

    def clock(self) -> midi_scan.Clock:
        """Return how the chunk being read counts, its last file tick the last that is not later than LONGEST_TICKS."""
        quarter, parts = self.header.ticks_per_quarter.numerator, self.header.ticks_per_quarter.denominator
        scale, room = TICKS_PER_QUARTER * parts, LONGEST_TICKS - self.start_ticks
        return ((2 * room + 1) * quarter - 1) // (2 * scale), scale, quarter, self.start_ticks


def midi_to_score(data: bytes) -> Score:
    """Return the score that a MIDI file of type 0, 1 or 2 holds; a file without notes gives a score without tracks.

    Notes of one chunk, channel and program make a track. Controllers and pitch bends are left out. Time in SMPTE frames
    is read at 120 quarter notes per minute. FileFormatError for what is no MIDI file, is damaged, or is larger than the
    limits above.
    """
    reading = _read(data)
    columns = _columns(reading)
    return Score(
        tracks=tuple(_tracks(reading, columns.notes)),
        length_ticks=columns.length_ticks,
        tempos=columns.tempos,
        time_signatures=columns.time_signatures,
        key_name=str(reading.key) if reading.key else None,
        markers=tuple(sorted(reading.markers, key=lambda marker: marker.onset_ticks)),
        title=reading.title,
    )


def midi_to_columns(data: bytes) -> ColumnScore:
    """Return what is tokenised of a MIDI file, soon and without a Note for each note; errors as in `midi_to_score`."""
    return _columns(_read(data))


def compile_reading() -> None:
    """Compile the scan now, or load it as it was compiled before, so that no file waits a second for that."""
    midi_scan.SCAN.compiled()
    midi_to_columns(_EMPTY_FILE)


def _read(data: bytes) -> _Reading:
    if len(data) > LARGEST_FILE_BYTES:
        raise FileFormatError(f"the MIDI file has {len(data)} bytes; at most {LARGEST_FILE_BYTES} can be read")
    reading = _Reading(read_header(data), np.zeros(16, np.int64))
    scan = midi_scan.SCAN.for_size(len(data))
    chunk_count, position = 0, first_chunk(data)
    while (position := next_chunk(data, position)) >= 0:
        if chunk_count == MOST_CHUNKS:
            raise FileFormatError(f"the MIDI file has more than {MOST_CHUNKS} tracks; merge some and send it again")
        if reading.header.file_type == 2:
            reading.start_ticks = reading.length_ticks
        position = _read_chunk(reading, scan, data, position, is_first=chunk_count == 0)
        chunk_count += 1
    if (
        len(reading.tracks) >= MOST_CHUNKS
    ):  # a chunk may hold several, and each is written as a chunk, after one of tempos
        raise FileFormatError(f"the MIDI file has more than {MOST_CHUNKS} tracks; merge some and send it again")
    return reading


def _read_chunk(reading: _Reading, scan: midi_scan.Scan, data: bytes, position: int, *, is_first: bool) -> int:
    """Take in the chunk whose events begin at a position; return where it ends."""
    limit, declared = chunk_limit(data, position)
    room = limit - position
    notes = np.empty((min(room // _FEWEST_NOTE_BYTES, MOST_NOTES - reading.note_count), 6), np.int32)
    metas = np.empty((min(room // _FEWEST_META_BYTES, MOST_METAS - reading.meta_count), 4), np.int32)
    voices = np.empty(midi_scan.VOICES, np.int32)
    ending, end, last_tick, note_count, meta_count, track_count = scan(
        data, position, limit, reading.clock(), reading.programs, notes, metas, voices
    )
    if ending != midi_scan.WHOLE:
        _refuse(ending, end, data)
    reading.note_count += note_count
    reading.meta_count += meta_count
    reading.length_ticks = max(reading.length_ticks, last_tick)
    name, texts = _read_metas(reading, data, metas[:meta_count])
    if name and is_first and (reading.header.file_type == 0 or not note_count):
        reading.title = name
    first_track = len(reading.tracks)
    for channel, program in (divmod(voice, 128) for voice in voices[:track_count].tolist()):
        name_of_track = name if reading.header.file_type else ""
        reading.tracks.append(Track(name_of_track, program, (), is_drum=channel == DRUM_CHANNEL))
    if texts:
        reading.sung.append((slice(first_track, len(reading.tracks)), texts))
    if note_count:
        columns = notes[:note_count, :5].T.astype(np.int64, order="C")  # a copy: there may be room for many more
        columns[midi_scan.TRACK] += first_track
        reading.notes.append(columns)
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


def _read_metas(reading: _Reading, data: bytes, rows: midi_scan.Rows) -> tuple[str, list[tuple[int, str]]]:
    """Take in the meta events of a chunk; return its name and its texts that are sung, by tick."""
    name: str | None = None
    lyrics, texts = list[tuple[int, str]](), list[tuple[int, str]]()
    for tick, meta_type, start, size in rows.tolist():
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
        lyrics = karaoke_syllables(texts)
    return name or "", lyrics


def _read_change(reading: _Reading, tick: int, meta_type: int, content: bytes) -> None:
    """Take in a marker or a change; one that is too short or out of range says nothing and is passed over."""
    if meta_type == MARKER:
        reading.markers.append(Marker(tick, decoded(content)))
    elif meta_type == TEMPO and len(content) >= 3 and any(content[:3]) and not reading.header.counts_frames:
        reading.tempos[tick] = decoded_tempo(content[:3])
    elif meta_type == TIME_SIGNATURE and len(content) >= 2 and 1 <= content[0] <= 32 and content[1] <= 5:
        reading.time_signatures[tick] = TimeSignature(content[0], 2 ** content[1])
    elif meta_type == KEY_SIGNATURE and len(content) >= 2 and reading.key is None:
        fifths = (content[0] + 128) % 256 - 128
        if -7 <= fifths <= 7 and content[1] <= 1:
            reading.key = Key.of_signature(fifths, "minor" if content[1] else "major")


def _columns(reading: _Reading) -> ColumnScore:
    tempos = {0: 120.0, **reading.tempos}
    signatures = {0: TimeSignature(4, 4), **reading.time_signatures}
    onset, end, pitch, velocity, track = np.concatenate([np.empty((5, 0), np.int64), *reading.notes], axis=1)
    return ColumnScore(
        programs=tuple(None if track.is_drum else track.program for track in reading.tracks),
        notes=NoteColumns(track, onset, pitch, end - onset, velocity),
        length_ticks=reading.length_ticks,
        tempos=tuple(TempoChange(tick, tempos[tick]) for tick in sorted(tempos)),
        time_signatures=tuple(TimeSignatureChange(tick, signatures[tick]) for tick in sorted(signatures)),
    )


def _tracks(reading: _Reading, columns: NoteColumns) -> list[Track]:
    """Return the tracks with their notes, and with the lyrics of their chunk or of one that has no tracks."""
    found = zip(reading.tracks, notes_by_track(columns, len(reading.tracks)), strict=True)
    tracks = [Track(track.name, track.program, notes, track.is_drum) for track, notes in found]
    orphans = list[LyricEvent]()
    for place, texts in reading.sung:
        lyrics = lyric_events(texts)
        orphans += lyrics if place.start == place.stop else []
        tracks[place] = with_lyrics(tracks[place], lyrics)
    return with_lyrics(tracks, orphans)
