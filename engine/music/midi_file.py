"""A Score as the bytes of a MIDI file, and back; the only place that knows channels and seconds. Knows no lead sheet.

Lyrics are lyric events (FF 05) in UTF-8, written just before the note that sings them: a syllable that goes on in the
next event ends in "-", any other ends in a space, so that a player that strings the events together shows words.
Readers that expect Latin-1 (mido and pretty_midi, unless given charset="utf-8") show ASCII text as it is.

A MIDI file cannot tell notes of one pitch apart that overlap in a track: writing ends the earlier one where the later
begins, and keeps the longest of those that begin together.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import groupby

from engine.errors import FileFormatError
from engine.music.midi_bytes import (
    END_OF_TRACK,
    META,
    Event,
    Header,
    decoded,
    decoded_tempo,
    encoded,
    encoded_tempo,
    read_chunks,
    read_header,
    write_file,
)
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
MOST_NOTES = 1_000_000
MOST_CHUNKS = 1024
LONGEST_TICKS = 10_000_000  # pretty_midi's limit, about three hours at 120 quarter notes per minute

_DRUM_CHANNEL = 9
_MELODIC_CHANNELS = tuple(channel for channel in range(16) if channel != _DRUM_CHANNEL)
_NAME, _LYRIC, _MARKER, _TEMPO, _TIME_SIGNATURE, _KEY_SIGNATURE = 0x03, 0x05, 0x06, 0x51, 0x58, 0x59
_NOTE_OFF, _NOTE_ON, _PROGRAM = 0x80, 0x90, 0xC0
_READ_KINDS = (_NOTE_ON, _NOTE_OFF, _PROGRAM)


def score_to_midi(score: Score) -> bytes:
    """Return the score as a type 1 MIDI file at 480 ticks per quarter; the same score gives the same bytes.

    OutputError where the score holds what no MIDI file can say: a tempo below 3.58 qpm.
    """
    channels = _channels(score.tracks)
    chunks = [_conductor_events(score)]
    chunks += [_track_events(track, channel) for track, channel in zip(score.tracks, channels, strict=True)]
    length = max([score.length_ticks, *(events[-1].tick for events in chunks if events)])
    ended = [[*events, Event(length, META, b"", END_OF_TRACK)] for events in chunks]
    return write_file(Header(1, TICKS_PER_QUARTER), ended)


def _channels(tracks: tuple[Track, ...]) -> list[int]:
    """Give each melodic track a channel of its own; from 16 on, tracks of one program share, then any tracks do."""
    melodic = [track for track in tracks if not track.is_drum]
    voices = list(range(len(melodic))) if len(melodic) <= len(_MELODIC_CHANNELS) else [t.program for t in melodic]
    order = {voice: index for index, voice in enumerate(dict.fromkeys(voices))}
    of_melodic = iter(_MELODIC_CHANNELS[order[voice] % len(_MELODIC_CHANNELS)] for voice in voices)
    return [_DRUM_CHANNEL if track.is_drum else next(of_melodic) for track in tracks]


def _conductor_events(score: Score) -> list[Event]:
    """Return title, key, tempos, time signatures and markers: all that belongs to no track."""
    events = [_text(0, _NAME, score.title)] if score.title else []
    if score.key_name:
        key = Key.parse(score.key_name)
        events.append(Event(0, META, bytes([key.fifths % 256, key.mode == "minor"]), _KEY_SIGNATURE))
    for change in score.time_signatures:
        signature = change.time_signature
        # 24 MIDI clocks per metronome click and 8 thirty-seconds per quarter: the standard's defaults.
        data = bytes([signature.numerator, signature.denominator.bit_length() - 1, 24, 8])
        events.append(Event(change.onset_ticks, META, data, _TIME_SIGNATURE))
    for tempo in score.tempos:
        events.append(Event(tempo.onset_ticks, META, encoded_tempo(tempo.tempo_qpm), _TEMPO))
    events += [_text(marker.onset_ticks, _MARKER, marker.text) for marker in score.markers]
    return sorted(events, key=lambda event: event.tick)


def _track_events(track: Track, channel: int) -> list[Event]:
    """Return a track's events in order; at one tick notes end first, then comes the lyric, then notes begin."""
    events = [(0, 0, _text(0, _NAME, track.name))] if track.name else []
    events.append((0, 0, Event(0, _PROGRAM | channel, bytes([track.program]))))
    for note in _without_overlaps(track.notes):
        off = Event(note.end_ticks, _NOTE_OFF | channel, bytes([note.pitch, 0]))
        events.append(
            (note.onset_ticks, 3, Event(note.onset_ticks, _NOTE_ON | channel, bytes([note.pitch, note.velocity])))
        )
        events.append((note.end_ticks, 1, off))
    for lyric in track.lyrics:
        ending = "" if lyric.text.endswith("-") else " "
        events.append((lyric.onset_ticks, 2, _text(lyric.onset_ticks, _LYRIC, lyric.text + ending)))
    return [event for _, _, event in sorted(events, key=lambda ranked: ranked[:2])]


def _without_overlaps(notes: Iterable[Note]) -> list[Note]:
    kept: list[Note] = []
    for _, same_pitch in groupby(sorted(notes, key=lambda note: (note.pitch, note)), key=lambda note: note.pitch):
        by_onset = {note.onset_ticks: note for note in same_pitch}  # of one onset the longest comes last
        onsets = [*by_onset, None]
        for note, following in zip(by_onset.values(), onsets[1:], strict=True):
            room = note.duration_ticks if following is None else following - note.onset_ticks
            kept.append(note if note.duration_ticks <= room else replace(note, duration_ticks=room))
    return sorted(kept)


def _text(tick: int, meta_type: int, text: str) -> Event:
    return Event(tick, META, encoded(text), meta_type)


@dataclass
class _Reading:
    """What has been read so far. Ticks are the score's."""

    ticks_per_quarter: int
    start_ticks: int = 0  # of the chunk being read: 0, but in type 2 files the chunks follow one another
    length_ticks: int = 0
    note_count: int = 0
    title: str = ""
    key_name: str | None = None
    tracks: list[Track] = field(default_factory=list)
    tempos: dict[int, float] = field(default_factory=dict)
    time_signatures: dict[int, TimeSignature] = field(default_factory=dict)
    markers: list[Marker] = field(default_factory=list)
    programs: dict[int, int] = field(default_factory=dict)  # last program of each channel, over all chunks

    def ticks(self, file_tick: int) -> int:
        scaled = (2 * file_tick * TICKS_PER_QUARTER + self.ticks_per_quarter) // (2 * self.ticks_per_quarter)
        if scaled + self.start_ticks > LONGEST_TICKS:
            quarters = LONGEST_TICKS // TICKS_PER_QUARTER
            raise FileFormatError(f"the MIDI file is longer than {quarters} quarter notes; send a shorter piece")
        return scaled + self.start_ticks


@dataclass
class _Chunk:
    """The notes, names and lyrics of one chunk; notes by (channel, program) as (onset, pitch, end, velocity)."""

    name: str | None = None
    lyrics: list[tuple[int, str]] = field(default_factory=list)
    notes: dict[tuple[int, int], list[tuple[int, int, int, int]]] = field(default_factory=dict)


def midi_to_score(data: bytes) -> Score:
    """Return the score that a MIDI file of type 0, 1 or 2 holds; a file without notes gives a score without tracks.

    Notes of one chunk, channel and program make a track. Controllers and pitch bends are left out. FileFormatError
    for what is no MIDI file, is damaged, counts in SMPTE frames, or is larger than the limits above.
    """
    if len(data) > LARGEST_FILE_BYTES:
        raise FileFormatError(f"the MIDI file has {len(data)} bytes; at most {LARGEST_FILE_BYTES} can be read")
    header = read_header(data)
    reading = _Reading(header.ticks_per_quarter)
    orphans: list[LyricEvent] = []
    for index, events in enumerate(read_chunks(data)):
        if index == MOST_CHUNKS:
            raise FileFormatError(f"the MIDI file has more than {MOST_CHUNKS} tracks; merge some and send it again")
        if header.file_type == 2:
            reading.start_ticks = reading.length_ticks
        chunk = _read_chunk(reading, events)
        if chunk.name and index == 0 and (header.file_type == 0 or not chunk.notes):
            reading.title = chunk.name
        lyrics = _lyric_events(chunk.lyrics)
        tracks = _tracks(chunk, named=header.file_type != 0)
        reading.tracks += _with_lyrics(tracks, lyrics) if tracks else []
        orphans += lyrics if not tracks else []
    return _finished(reading, orphans)


def _finished(reading: _Reading, orphans: list[LyricEvent]) -> Score:
    tempos = {0: 120.0, **reading.tempos}
    signatures = {0: TimeSignature(4, 4), **reading.time_signatures}
    return Score(
        tracks=tuple(_with_lyrics(reading.tracks, orphans)),
        length_ticks=reading.length_ticks,
        tempos=tuple(TempoChange(tick, tempos[tick]) for tick in sorted(tempos)),
        time_signatures=tuple(TimeSignatureChange(tick, signatures[tick]) for tick in sorted(signatures)),
        key_name=reading.key_name,
        markers=tuple(sorted(reading.markers, key=lambda marker: marker.onset_ticks)),
        title=reading.title,
    )


def _read_chunk(reading: _Reading, events: Iterator[Event]) -> _Chunk:
    chunk = _Chunk()
    open_notes: dict[tuple[int, int], deque[tuple[int, int, int]]] = defaultdict(deque)
    file_tick, tick = 0, reading.ticks(0)
    for event_tick, status, data, meta_type in events:
        if event_tick != file_tick:
            file_tick, tick = event_tick, reading.ticks(event_tick)
        kind, channel = status & 0xF0, status & 0x0F
        if status == META:
            _read_meta(reading, chunk, meta_type, data, tick)
        elif kind in _READ_KINDS and (data[0] | data[-1]) > 127:
            raise FileFormatError("the MIDI file is damaged: a pitch, velocity or program is above 127")
        elif kind == _NOTE_ON and data[1]:
            reading.note_count += 1
            if reading.note_count > MOST_NOTES:
                raise FileFormatError(f"the MIDI file has more than {MOST_NOTES} notes; send a shorter piece")
            open_notes[channel, data[0]].append((tick, data[1], reading.programs.get(channel, 0)))
        elif kind == _PROGRAM:
            reading.programs[channel] = data[0]
        elif kind in _READ_KINDS and open_notes[channel, data[0]]:
            _close(chunk, channel, data[0], open_notes[channel, data[0]].popleft(), tick)
    for (channel, pitch), waiting in open_notes.items():
        for opened in waiting:
            _close(chunk, channel, pitch, opened, tick)
    last_end = max((note[2] for part in chunk.notes.values() for note in part), default=0)
    reading.length_ticks = max(reading.length_ticks, tick, last_end)
    return chunk


def _close(chunk: _Chunk, channel: int, pitch: int, opened: tuple[int, int, int], end: int) -> None:
    onset, velocity, program = opened
    chunk.notes.setdefault((channel, program), []).append((onset, pitch, max(end, onset + 1), velocity))


def _read_meta(reading: _Reading, chunk: _Chunk, meta_type: int, data: bytes, tick: int) -> None:
    """Take in a meta event; one that is too short or out of range says nothing and is passed over."""
    if meta_type == _NAME and chunk.name is None:
        chunk.name = decoded(data)
    elif meta_type == _LYRIC:
        chunk.lyrics.append((tick, decoded(data)))
    elif meta_type == _MARKER and data:
        reading.markers.append(Marker(tick, decoded(data)))
    elif meta_type == _TEMPO and len(data) >= 3 and any(data[:3]):
        reading.tempos[tick] = decoded_tempo(data[:3])
    elif meta_type == _TIME_SIGNATURE and len(data) >= 2 and 1 <= data[0] <= 32 and data[1] <= 5:
        reading.time_signatures[tick] = TimeSignature(data[0], 2 ** data[1])
    elif meta_type == _KEY_SIGNATURE and len(data) >= 2 and reading.key_name is None:
        fifths = (data[0] + 128) % 256 - 128
        if -7 <= fifths <= 7 and data[1] <= 1:
            reading.key_name = str(Key.of_signature(fifths, "minor" if data[1] else "major"))


def _lyric_events(raw: list[tuple[int, str]]) -> list[LyricEvent]:
    """Return the syllables stripped; where word ends are marked by spaces, those that go on get their "-"."""
    spaced = any(text.strip() and text[-1].isspace() for _, text in raw)
    events = []
    for index, (tick, text) in enumerate(raw):
        goes_on = spaced and not text[-1:].isspace() and index + 1 < len(raw) and not raw[index + 1][1][:1].isspace()
        if syllable := text.strip():
            events.append(LyricEvent(tick, syllable + "-" if goes_on and syllable[-1] != "-" else syllable))
    return events


def _tracks(chunk: _Chunk, *, named: bool) -> list[Track]:
    tracks = []
    for (channel, program), raw in chunk.notes.items():
        notes = sorted(Note(onset, pitch, end - onset, velocity) for onset, pitch, end, velocity in raw)
        name = chunk.name if named else None
        tracks.append(Track(name or "", program, tuple(notes), is_drum=channel == _DRUM_CHANNEL))
    return tracks


def _with_lyrics(tracks: list[Track], lyrics: list[LyricEvent]) -> list[Track]:
    """Give the lyrics to the track that has most notes where syllables begin; none where there is no track."""
    if not lyrics or not tracks:
        return tracks
    onsets = {lyric.onset_ticks for lyric in lyrics}
    shared = [0 if t.is_drum else len(onsets & {note.onset_ticks for note in t.notes}) for t in tracks]
    best = shared.index(max(shared))
    merged = sorted((*tracks[best].lyrics, *lyrics), key=lambda lyric: lyric.onset_ticks)
    return [replace(t, lyrics=tuple(merged)) if index == best else t for index, t in enumerate(tracks)]


def seconds_at(score: Score, tick: int) -> float:
    """Return the seconds from the start of the score to a tick (0 or more), following its tempo changes."""
    seconds, starts = 0.0, [change.onset_ticks for change in score.tempos]
    for change, end in zip(score.tempos, [*starts[1:], tick], strict=True):
        inside = min(end, tick) - change.onset_ticks
        if inside > 0:
            seconds += inside * 60.0 / (change.tempo_qpm * TICKS_PER_QUARTER)
    return seconds


def length_seconds(score: Score) -> float:
    """Return how long the score sounds, from tick 0 to its length."""
    return seconds_at(score, score.length_ticks)
