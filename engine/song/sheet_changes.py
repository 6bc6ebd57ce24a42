"""Lead sheets that follow an edit of the score: other pitches, other places of notes, other chords. Does not know models."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import groupby, pairwise

from engine.music.lead_sheet import ChordSpan, LeadSheet, SungNote
from engine.music.score import Note
from engine.song.piece_of_score import chords_between


def with_pitches_of(sheet: LeadSheet, line: Sequence[Note]) -> LeadSheet:
    """Return the sheet with the pitches of a line that has as many notes."""
    paired = zip(sheet.notes, line, strict=True)
    return replace(sheet, notes=tuple(replace(note, pitch=other.pitch) for note, other in paired))


def with_places(sheet: LeadSheet, places: Mapping[int, tuple[int, int]]) -> LeadSheet:
    """Return the sheet with the n-th notes at (onset, duration) in ticks; their words go with them."""
    moved = [
        replace(note, onset_ticks=places[n][0], duration_ticks=places[n][1]) if n in places else note
        for n, note in enumerate(sheet.notes)
    ]
    return replace(sheet, notes=one_after_another(moved))


def with_notes_between(sheet: LeadSheet, notes: Iterable[Note], start: int, end: int) -> LeadSheet:
    """Return the sheet of a tune without words with other notes from one tick to another."""
    new = [SungNote(n.onset_ticks, n.duration_ticks, n.pitch, None) for n in notes if start <= n.onset_ticks < end]
    kept = [note for note in sheet.notes if not start <= note.onset_ticks < end]
    return replace(sheet, notes=one_after_another(sorted([*kept, *new], key=lambda note: note.onset_ticks)))


def one_after_another(notes: Sequence[SungNote]) -> tuple[SungNote, ...]:
    """Return notes in order, each ended where the next begins at the latest."""
    cut = [replace(a, duration_ticks=min(a.duration_ticks, b.onset_ticks - a.onset_ticks)) for a, b in pairwise(notes)]
    return (*(note for note in cut if note.duration_ticks > 0), *notes[-1:])


def with_chords_between(
    chords: Sequence[ChordSpan], new: Sequence[ChordSpan], start: int, end: int
) -> tuple[ChordSpan, ...]:
    """Return chords with others from one tick to another; each lasts to the next, and the first begins there.

    Without new chords they stay as they are.
    """
    inside = chords_between(new, start, end)
    if not inside:
        return tuple(chords)
    bounds = [start, *(chord.onset_ticks for chord in inside[1:]), end]
    filled = [ChordSpan(a, b - a, chord.symbol) for (a, b), chord in zip(pairwise(bounds), inside, strict=True)]
    length = max((chord.onset_ticks + chord.duration_ticks for chord in chords), default=end)
    return joined([*chords_between(chords, 0, start), *filled, *chords_between(chords, end, max(length, end))])


def joined(chords: Iterable[ChordSpan]) -> tuple[ChordSpan, ...]:
    """Return chords with equal neighbours made one."""
    found = []
    for symbol, same in groupby(chords, key=lambda chord: chord.symbol):
        together = list(same)
        end = together[-1].onset_ticks + together[-1].duration_ticks
        found.append(ChordSpan(together[0].onset_ticks, end - together[0].onset_ticks, symbol))
    return tuple(found)
