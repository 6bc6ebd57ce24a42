"""Room for notes in a track: new notes put among others so that a MIDI file can hold them all. Does not know chords.

Two notes of one pitch that overlap in a track are one to a MIDI file, so what is new gives way to what stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from engine.music.score import LyricEvent, Note, Track
from engine.music.theory import Key
from engine.song.piece_of_score import moments_of

SHORTEST_TAIL_TICKS = 480


class Occupied:
    """Which pitches sound when in a track."""

    def __init__(self, notes: Iterable[Note] = ()) -> None:
        self._by_pitch: dict[int, list[tuple[int, int]]] = {}
        for note in notes:
            self.add(note)

    def add(self, note: Note) -> None:
        self._by_pitch.setdefault(note.pitch, []).append((note.onset_ticks, note.end_ticks))

    def is_free(self, note: Note) -> bool:
        """Return whether nothing of its pitch sounds during a note."""
        here = self._by_pitch.get(note.pitch, ())
        return all(end <= note.onset_ticks or onset >= note.end_ticks for onset, end in here)

    def fitted(self, note: Note, pitches: Iterable[int]) -> Note | None:
        """Return the note with the first of these pitches that is free, which then is taken; None if none is."""
        for pitch in pitches:
            if 0 <= pitch <= 127 and self.is_free(moved := replace(note, pitch=pitch)):
                self.add(moved)
                return moved
        return None


def sounding_between(notes: Iterable[Note], start: int, end: int) -> list[Note]:
    """Return the notes that sound between two ticks."""
    return [note for note in notes if note.onset_ticks < end and note.end_ticks > start]


def spliced(notes: Sequence[Note], new: Iterable[Note], start: int, end: int) -> tuple[Note, ...]:
    """Return the notes with those that begin between two ticks replaced by new ones, which end there at the latest.

    A note from before that sounds on stays, and a new one of its pitch waits for its end. Of new notes of one pitch the
    later one ends the earlier.
    """
    kept = [note for note in notes if not start <= note.onset_ticks < end]
    held: dict[int, int] = {}
    for note in sounding_between(kept, start, end):
        held[note.pitch] = max(held.get(note.pitch, 0), note.end_ticks)
    placed: dict[int, list[Note]] = {}
    for note in sorted(new):
        onset, stop = max(note.onset_ticks, held.get(note.pitch, 0)), min(note.end_ticks, end)
        if not start <= onset < stop:
            continue
        same = placed.setdefault(note.pitch, [])
        if same and same[-1].onset_ticks == onset:
            same.pop()
        elif same:
            same.append(ended(same.pop(), onset))
        same.append(replace(note, onset_ticks=onset, duration_ticks=stop - onset))
    return tuple(sorted([*kept, *(note for same in placed.values() for note in same)]))


def written_anew(notes: Sequence[Note], new: Iterable[Note], start: int, end: int) -> tuple[Note, ...]:
    """Return the notes as `spliced`, the last new one sounding on after the end for as long as the one that it replaces did.

    It has that one's pitch then, which fits what comes after; without it a held note would leave silence behind. Less than
    a quarter is a breath and stays one.
    """
    after = spliced(notes, new, start, end)
    written = [note for note in after if start <= note.onset_ticks < end]
    later = min((note.onset_ticks for note in after if note.onset_ticks >= end), default=None)
    held = max((n for n in notes if start <= n.onset_ticks < end), key=lambda n: (n.end_ticks, n.pitch), default=None)
    if held is None or not written:
        return after
    until = held.end_ticks if later is None else min(held.end_ticks, later)
    if until - end < SHORTEST_TAIL_TICKS or sounding_between(after, end, until):
        return after
    last = max(written, key=lambda note: (note.onset_ticks, note.pitch))
    tail = replace(last, pitch=held.pitch, duration_ticks=until - last.onset_ticks)
    kept = [note for note in after if note != last]
    return tuple(sorted([*kept, tail])) if Occupied(kept).is_free(tail) else after


def ended(note: Note, at: int) -> Note:
    """Return a note that ends at a tick at the latest, and lasts 1 tick at least."""
    return replace(note, duration_ticks=max(1, min(note.duration_ticks, at - note.onset_ticks)))


def held_until(notes: Iterable[Note], start: int) -> int:
    """Return when the last notes that begin before a tick have ended; 0 without any. A line goes on from there."""
    before = [note for note in notes if note.onset_ticks < start]
    last = max((note.onset_ticks for note in before), default=0)
    return max((note.end_ticks for note in before if note.onset_ticks == last), default=0)


def repitched(track: Track, pitches: Mapping[int, int], key: Key) -> Track:
    """Return the track with other pitches for the highest notes at some onsets; every onset, duration and velocity stays.

    What begins together with such a note moves as far, to the nearest tone of the key. Where a pitch would meet the same
    pitch in the track, another one near by is taken.
    """
    moments = [m for m in moments_of(track) if pitches.get(m.onset_ticks, m.top.pitch) != m.top.pitch]
    changing = {moment.onset_ticks for moment in moments}
    if not moments:
        return track
    first, last = moments[0].onset_ticks, max(note.end_ticks for moment in moments for note in moment.notes)
    kept = [note for note in track.notes if note.onset_ticks not in changing]
    occupied, new = Occupied(sounding_between(kept, first, last)), []
    for moment in moments:
        wanted = pitches[moment.onset_ticks]
        for note in reversed(moment.notes):
            goal = wanted if note is moment.top else _in_key(note.pitch + wanted - moment.top.pitch, key)
            near = sorted(range(128), key=lambda pitch: (abs(pitch - goal), pitch))
            fitted = occupied.fitted(note, (goal, note.pitch, goal - 12, goal + 12, *near))
            new.append(fitted or note)
    return replace(track, notes=tuple(sorted([*kept, *new])))


def _in_key(pitch: int, key: Key) -> int:
    return min((pitch, pitch - 1, pitch + 1), key=lambda near: near % 12 not in key.scale)


def with_words_moved(lyrics: Sequence[LyricEvent], onsets: Mapping[int, int]) -> tuple[LyricEvent, ...]:
    """Return the words at the new onsets of their notes, by their old ones; words without a note stay."""
    moved = [replace(word, onset_ticks=onsets.get(word.onset_ticks, word.onset_ticks)) for word in lyrics]
    return tuple(sorted(moved, key=lambda word: word.onset_ticks))
