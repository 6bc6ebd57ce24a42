"""A Score as the bytes of a MIDI file, and its seconds; reading is in `midi_reading`. Knows no lead sheet.

Lyrics are lyric events (FF 05) in UTF-8, written just before the note that sings them: a syllable that goes on in the
next event ends in "-", any other ends in a space, so that a player that strings the events together shows words.
Readers that expect Latin-1 (mido and pretty_midi, unless given charset="utf-8") show ASCII text as it is.

A MIDI file cannot tell notes of one pitch apart that overlap in a track: writing ends the earlier one where the later
begins, and keeps the longest of those that begin together.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import groupby

from engine.music.midi_bytes import (
    END_OF_TRACK,
    KEY_SIGNATURE,
    LYRIC,
    MARKER,
    META,
    NAME,
    TEMPO,
    TIME_SIGNATURE,
    Event,
    Header,
    encoded,
    encoded_tempo,
    write_file,
)
from engine.music.midi_reading import DRUM_CHANNEL, LARGEST_FILE_BYTES, midi_to_score
from engine.music.score import TICKS_PER_QUARTER, Note, Score, Track
from engine.music.theory import Key

__all__ = ["LARGEST_FILE_BYTES", "length_seconds", "midi_to_score", "score_to_midi", "seconds_at"]

_MELODIC_CHANNELS = tuple(channel for channel in range(16) if channel != DRUM_CHANNEL)
_NOTE_OFF, _NOTE_ON, _PROGRAM = 0x80, 0x90, 0xC0


def score_to_midi(score: Score) -> bytes:
    """Return the score as a type 1 MIDI file at 480 ticks per quarter; the same score gives the same bytes.

    OutputError where the score holds what no MIDI file can say: a tempo below 3.58 qpm.
    """
    return chunks_to_midi([conductor_events(score), *tracks_events(score)], score.length_ticks)


def chunks_to_midi(chunks: Sequence[Sequence[Event]], length_ticks: int) -> bytes:
    """Return a type 1 file of chunks whose events are in order; each is ended where the longest ends."""
    length = max([length_ticks, *(events[-1].tick for events in chunks if events)])
    ended = [[*events, Event(length, META, b"", END_OF_TRACK)] for events in chunks]
    return write_file(Header(1, Fraction(TICKS_PER_QUARTER)), ended)


def tracks_events(score: Score) -> list[list[Event]]:
    """Return the events of each track, in order."""
    return [_track_events(track, channel) for track, channel in zip(score.tracks, _channels(score.tracks), strict=True)]


def _channels(tracks: tuple[Track, ...]) -> list[int]:
    """Give each melodic track a channel of its own; from 16 on, tracks of one program share, then any tracks do."""
    melodic = [track for track in tracks if not track.is_drum]
    voices = list(range(len(melodic))) if len(melodic) <= len(_MELODIC_CHANNELS) else [t.program for t in melodic]
    order = {voice: index for index, voice in enumerate(dict.fromkeys(voices))}
    of_melodic = iter(_MELODIC_CHANNELS[order[voice] % len(_MELODIC_CHANNELS)] for voice in voices)
    return [DRUM_CHANNEL if track.is_drum else next(of_melodic) for track in tracks]


def conductor_events(score: Score) -> list[Event]:
    """Return title, key, tempos, time signatures and markers: all that belongs to no track."""
    events = [text_event(0, NAME, score.title)] if score.title else []
    if score.key_name:
        key = Key.parse(score.key_name)
        events.append(Event(0, META, bytes([key.fifths % 256, key.mode == "minor"]), KEY_SIGNATURE))
    for change in score.time_signatures:
        signature = change.time_signature
        # 24 MIDI clocks per metronome click and 8 thirty-seconds per quarter: the standard's defaults.
        data = bytes([signature.numerator, signature.denominator.bit_length() - 1, 24, 8])
        events.append(Event(change.onset_ticks, META, data, TIME_SIGNATURE))
    for tempo in score.tempos:
        events.append(Event(tempo.onset_ticks, META, encoded_tempo(tempo.tempo_qpm), TEMPO))
    events += [text_event(marker.onset_ticks, MARKER, marker.text) for marker in score.markers]
    return sorted(events, key=lambda event: event.tick)


def _track_events(track: Track, channel: int) -> list[Event]:
    """Return a track's events in order; at one tick notes end first, then comes the lyric, then notes begin."""
    events = [(0, 0, text_event(0, NAME, track.name))] if track.name else []
    events.append((0, 0, Event(0, _PROGRAM | channel, bytes([track.program]))))
    for note in _without_overlaps(track.notes):
        off = Event(note.end_ticks, _NOTE_OFF | channel, bytes([note.pitch, 0]))
        events.append(
            (note.onset_ticks, 3, Event(note.onset_ticks, _NOTE_ON | channel, bytes([note.pitch, note.velocity])))
        )
        events.append((note.end_ticks, 1, off))
    for lyric in track.lyrics:
        ending = "" if lyric.text.endswith("-") else " "
        events.append((lyric.onset_ticks, 2, text_event(lyric.onset_ticks, LYRIC, lyric.text + ending)))
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


def text_event(tick: int, meta_type: int, text: str) -> Event:
    return Event(tick, META, encoded(text), meta_type)


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
