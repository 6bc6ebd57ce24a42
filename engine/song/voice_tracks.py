"""What a composer wrote, put into the tracks of a score; other tracks follow with their own patterns. Does not know models."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from engine.music.piece import Piece, Voice
from engine.music.score import Note, Track
from engine.music.theory import Key
from engine.song.note_room import Occupied, held_until, sounding_between, written_anew
from engine.song.piece_of_score import ScorePiece
from engine.song.revoicing import ChordLine, revoiced

DOUBLED = 0.1  # share of a voice's notes beside its line from which on they go on as well


def with_voice(told: ScorePiece, voice: Voice, notes: Iterable[Note], bars: tuple[int, int]) -> Track:
    """Return the track of a voice with these notes in some bars, as loud as it usually is, after what it still holds."""
    track = told.score.tracks[told.tracks[voice]]
    start, end = told.span(bars)
    new = sounding_from(as_loud_as(track, notes), held_until(track.notes, start))
    return replace(track, notes=written_anew(track.notes, new, start, min(end, told.score.length_ticks)))


def with_voice_and_rest(
    told: ScorePiece, voice: Voice, answer: Piece, bars: tuple[int, int], chords: tuple[ChordLine, ChordLine]
) -> Track:
    """Return the track of a voice with its new notes; where it has others beside its line, they go to the new chords.

    chords: those before and after.
    """
    track = with_voice(told, voice, answer.parts.get(voice, ()), bars)
    start, end = told.span(bars)
    inside = [note for note in rest_of(told, voice) if start <= note.onset_ticks < end]
    if not inside:
        return track
    new = [note for note in track.notes if start <= note.onset_ticks < end]
    others = revoiced(inside, *chords, told.key, occupied=Occupied(sounding_between(track.notes, start, end)))
    was = told.score.tracks[told.tracks[voice]].notes
    return replace(track, notes=written_anew(was, [*new, *others], start, min(end, told.score.length_ticks)))


def rest_of(told: ScorePiece, voice: Voice) -> list[Note]:
    """Return the notes of a voice's track that are not of its line; none where they are few."""
    rest = [note for moment in told.moments[voice].values() for note in moment.notes[:-1]]
    return rest if len(rest) >= DOUBLED * len(told.score.tracks[told.tracks[voice]].notes) else []


def over_chords(track: Track, start: int, end: int, chords: tuple[ChordLine, ChordLine], key: Key) -> Track:
    """Return a track with its own pattern between two ticks, moved from its chords to others."""
    inside = [note for note in track.notes if start <= note.onset_ticks < end]
    if not inside:
        return track
    kept = [note for note in track.notes if not start <= note.onset_ticks < end]
    occupied = Occupied(sounding_between(kept, start, max(note.end_ticks for note in inside)))
    return replace(track, notes=tuple(sorted([*kept, *revoiced(inside, *chords, key, occupied=occupied)])))


def sounding_from(notes: Iterable[Note], begins: int) -> list[Note]:
    """Return the notes that sound after a tick, cut there: one voice does not begin a note while it holds another."""
    return [
        n if n.onset_ticks >= begins else replace(n, onset_ticks=begins, duration_ticks=n.end_ticks - begins)
        for n in notes
        if n.end_ticks > begins
    ]


def as_loud_as(track: Track, notes: Iterable[Note]) -> list[Note]:
    """Return the notes as loud as those of a track usually are; as they are for a track without notes."""
    loud = sorted(note.velocity for note in track.notes)
    return [replace(note, velocity=loud[len(loud) // 2]) for note in notes] if loud else list(notes)


def in_range(notes: Iterable[Note], limits: tuple[int, int]) -> list[Note]:
    """Return the notes in the octave that lies within limits, or as near above as there is one."""
    low, high = limits
    return [replace(note, pitch=_octave_within(note.pitch, low, high)) for note in notes]


def _octave_within(pitch: int, low: int, high: int) -> int:
    while pitch > high and pitch >= 12:
        pitch -= 12
    while pitch < low and pitch + 12 <= 127:
        pitch += 12
    return pitch
