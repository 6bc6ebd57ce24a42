"""An instrument that takes up the tune where nobody sings: instrumental sections, and at times intro and outro.

Does not know words or other players. What it plays is a variation of the chorus, or of the verse where there is none.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace

from engine.music.arrangement import Arrangement, in_order
from engine.music.dynamics import SOLO_VELOCITY, velocity
from engine.music.passages import Passage
from engine.music.program_ranges import range_of
from engine.music.score import TICKS_PER_QUARTER, Note, Track
from engine.music.theory import nearest_pitch
from engine.music.tones import local_scale
from engine.music.tune import Tune, TuneNote

_SOURCES = ("chorus", "verse", "bridge")
_QUOTED_BARS = 2
_QUOTES = 0.6  # how often an intro or an outro quotes the tune
_EIGHTH = TICKS_PER_QUARTER // 2
_ORNAMENTED, _FILLED = 0.4, 0.5  # how often a long note gets a neighbour, and a leap its passing tone


def solo_track(song: Arrangement, tune: Tune) -> Track:
    """Return the solo; without notes where there is no tune to vary, or no section without one."""
    return Track("Solo", song.band.solo_program, in_order(_notes(song, tune)))


def _notes(song: Arrangement, tune: Tune) -> Iterator[Note]:
    rng = song.rng("solo")
    for passage in song.passages:
        quotes = passage.kind in ("intro", "outro") and rng.random() < _QUOTES
        source = _source(song, tune, passage, rng)
        if source is None or not (passage.kind == "instrumental" or quotes):
            continue
        end = min(passage.end_ticks, song.hold_ticks)
        taken = _taken_up(song, tune, source, passage, end, last_bars=passage.kind == "outro")
        if quotes:
            end = min(end, passage.onset_ticks + _QUOTED_BARS * song.time_signature.bar_ticks)
        for note in _varied(song, _in_range(song, [n for n in taken if n.onset_ticks < end]), rng, plain=quotes):
            yield from _free(song, tune, passage, replace(note, end_ticks=min(note.end_ticks, end)), rng)


def _source(song: Arrangement, tune: Tune, passage: Passage, rng: random.Random) -> Passage | None:
    """Return the section whose tune is taken up: the chorus for an instrumental, any for a quotation."""
    sung = [p for p in song.passages if p.kind in _SOURCES and tune.starting_in(p.onset_ticks, p.end_ticks)]
    sung.sort(key=lambda p: (_SOURCES.index(p.kind), p.nth))
    if not sung or passage.kind == "instrumental":
        return sung[0] if sung else None
    kinds = list({p.kind: p for p in reversed(sung)}.values())
    return rng.choice(kinds)


def _taken_up(
    song: Arrangement, tune: Tune, source: Passage, passage: Passage, end: int, *, last_bars: bool
) -> list[TuneNote]:
    """Return the tune of a section laid over a passage, again and again, each note moved into the chord that it meets."""
    length = source.end_ticks - source.onset_ticks
    begins = source.onset_ticks
    if last_bars:  # an outro takes leave with the close of the tune
        begins = max(begins, source.end_ticks - _QUOTED_BARS * song.time_signature.bar_ticks)
    notes = tune.starting_in(begins, source.end_ticks)
    found = []
    for later in range(passage.onset_ticks - begins, end - begins, length):
        for note in notes:
            onset, stop = note.onset_ticks + later, min(note.end_ticks, source.end_ticks) + later
            if passage.onset_ticks <= onset < end:
                found.append(TuneNote(onset, min(stop, end), _fitted(song, note.pitch, onset, stop)))
    return found


def _fitted(song: Arrangement, pitch: int, onset: int, end: int) -> int:
    """Return the pitch, or the nearest chord tone where it is long or on a beat, and of the scale elsewhere."""
    chord = song.chord_at(onset)
    if chord is None:
        return pitch
    weighty = end - onset >= TICKS_PER_QUARTER or onset % song.time_signature.beat_ticks == 0
    classes = frozenset(chord.pitch_classes) if weighty else local_scale(chord, song.key)
    return min((nearest_pitch(pc, pitch) for pc in classes), key=lambda near: (abs(near - pitch), near))


def _in_range(song: Arrangement, notes: Sequence[TuneNote]) -> list[TuneNote]:
    """Return the notes in the octave that suits the instrument; without those that even so are outside."""
    if not notes:
        return []
    low, high = range_of(song.band.solo_program)
    middle = sum(note.pitch for note in notes) / len(notes)
    shifts = [shift for shift in (0, 12, -12, 24) if all(low <= note.pitch + shift <= high for note in notes)]
    aim = min(max(middle, low + 10), high - 10)
    shift = min(shifts or [12 * round((aim - middle) / 12)], key=abs)
    return [replace(n, pitch=n.pitch + shift) for n in notes if low <= n.pitch + shift <= high]


def _varied(song: Arrangement, notes: Sequence[TuneNote], rng: random.Random, *, plain: bool) -> Iterator[TuneNote]:
    """Yield the notes with neighbours on long ones and steps into leaps; plain: as they are."""
    low, high = range_of(song.band.solo_program)
    for n, note in enumerate(notes):
        following = notes[n + 1] if n + 1 < len(notes) else None
        length, scale = note.end_ticks - note.onset_ticks, local_scale(song.chord_at(note.onset_ticks), song.key)
        near = [p for p in (note.pitch + 1, note.pitch + 2, note.pitch - 1, note.pitch - 2) if p % 12 in scale]
        near = [p for p in near if low <= p <= high]
        leap = (
            following is not None and abs(following.pitch - note.pitch) >= 3 and following.onset_ticks == note.end_ticks
        )
        if not plain and leap and following is not None and length >= 2 * _EIGHTH and rng.random() < _FILLED:
            way = [p for p in near if (p > note.pitch) == (following.pitch > note.pitch)]
            yield replace(note, end_ticks=note.end_ticks - _EIGHTH)
            yield TuneNote(note.end_ticks - _EIGHTH, note.end_ticks, way[0] if way else note.pitch)
        elif not plain and length >= 3 * _EIGHTH and near and rng.random() < _ORNAMENTED:
            turn = note.onset_ticks + _EIGHTH
            yield replace(note, end_ticks=turn)
            yield TuneNote(turn, turn + _EIGHTH, near[0])
            yield TuneNote(turn + _EIGHTH, note.end_ticks, note.pitch)
        else:
            yield note


def _free(song: Arrangement, tune: Tune, passage: Passage, note: TuneNote, rng: random.Random) -> Iterator[Note]:
    """Yield the note where nobody sings and the band is not silent, ended where somebody begins to."""
    sung = tune.sounding_in(note.onset_ticks, note.end_ticks)
    end = min([note.end_ticks, *(other.onset_ticks for other in sung)])
    silent = song.chord_at(note.onset_ticks) is None
    index = song.chord_index(note.onset_ticks)
    if index is not None and index + 1 < len(song.chords) and song.chords[index + 1] is None:
        end = min(end, song.span_end(index))
    if end > note.onset_ticks and not silent:
        onset = min(song.band.groove.loose(note.onset_ticks, rng, on_time=True), end - 1)
        yield Note(onset, note.pitch, end - onset, velocity(SOLO_VELOCITY, passage, onset, rng))
