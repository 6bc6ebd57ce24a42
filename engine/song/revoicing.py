"""Notes of a part moved from the chords that they were played over to others; their rhythm stays. Does not know models."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import replace

from engine.music.lead_sheet import ChordSpan
from engine.music.score import Note
from engine.music.theory import Chord, Key, read_symbol
from engine.song.note_room import Occupied

LOWEST_CHORD_PITCH = 50  # below it the bass of a chord goes to the bass of the next


class ChordLine:
    """The chords of some music, to be asked which one sounds at a tick."""

    def __init__(self, spans: Sequence[ChordSpan]) -> None:
        self._starts = [span.onset_ticks for span in spans]
        self._chords = [read_symbol(span.symbol) for span in spans]

    def at(self, tick: int) -> Chord | None:
        """Return the chord at a tick, the first one before any; None without chords, or where none is played."""
        if not self._chords:
            return None
        return self._chords[max(0, bisect_right(self._starts, tick) - 1)]


def revoiced(
    notes: Iterable[Note],
    before: ChordLine,
    after: ChordLine,
    key: Key,
    *,
    later_ticks: int = 0,
    occupied: Occupied | None = None,
) -> list[Note]:
    """Return notes of a part that was played over some chords, moved to others and later by some ticks.

    A tone of the old chord goes to the nearest tone of the new one that is free, its bass to the new bass; other tones stay
    where they are in the key. Notes for which nothing is free are left out.
    """
    taken = occupied if occupied is not None else Occupied()
    found = []
    for note in sorted(notes):
        moved = replace(note, onset_ticks=note.onset_ticks + later_ticks)
        pitches = _choices(note.pitch, before.at(note.onset_ticks), after.at(moved.onset_ticks), key)
        fitted = taken.fitted(moved, pitches)
        if fitted is not None:
            found.append(fitted)
    return found


def _choices(pitch: int, old: Chord | None, new: Chord | None, key: Key) -> list[int]:
    """Return the pitches that a note may go to, the best first."""
    if old is None or new is None or old == new:
        return [pitch, pitch + 12, pitch - 12]
    is_chord_tone = pitch % 12 in old.pitch_classes
    tones = set(new.pitch_classes)
    if pitch % 12 == old.bass_pitch_class and pitch < LOWEST_CHORD_PITCH:
        tones = {new.bass_pitch_class}
    elif not is_chord_tone and (pitch % 12 in key.scale or pitch % 12 in tones):
        return [pitch, *_nearest(pitch, tones)]
    return _nearest(pitch, tones)


def _nearest(pitch: int, classes: set[int]) -> list[int]:
    inside = [near for near in range(max(0, pitch - 16), min(127, pitch + 16) + 1) if near % 12 in classes]
    return sorted(inside, key=lambda near: (abs(near - pitch), near))
