"""A lead sheet as written notes and rests, cut at bar lines, tied and slurred. Does not know any file format."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from engine.music.lead_sheet import LeadSheet, SungNote
from engine.output.note_values import Piece, written_pieces

Edge = Literal["start", "stop"]


@dataclass(frozen=True)
class Written:
    """A piece of a note, or of a rest where `note` is None; the pieces of a note are tied to each other.

    slur: where a melisma starts and stops. goes_on: the syllable is sung on in the next note.
    """

    piece: Piece
    note: SungNote | None = None
    is_first: bool = True
    is_last: bool = True
    slur: Edge | None = None
    goes_on: bool = False


def write_out(sheet: LeadSheet) -> list[Written]:
    """Return notes and rests in order, without gaps, from tick 0 to the end of the last bar."""
    bar_ticks = sheet.time_signature.bar_ticks
    written: list[Written] = []
    cursor = 0
    for index, note in enumerate(sheet.notes):
        after = sheet.notes[index + 1] if index + 1 < len(sheet.notes) else None
        written += write_rest(cursor, note.onset_ticks, bar_ticks)
        pieces = write_note(note, after, bar_ticks)
        written += pieces if sheet.is_sung else [replace(piece, slur=None, goes_on=False) for piece in pieces]
        cursor = note.onset_ticks + note.duration_ticks
    end = -(-max(cursor, sheet.length_ticks, 1) // bar_ticks) * bar_ticks
    return written + write_rest(cursor, end, bar_ticks)


def write_note(note: SungNote, after: SungNote | None, bar_ticks: int) -> list[Written]:
    pieces = written_pieces(note.onset_ticks, note.duration_ticks, bar_ticks)
    goes_on = after is not None and after.syllable is None
    last = len(pieces) - 1
    return [
        Written(
            piece,
            note,
            is_first=index == 0,
            is_last=index == last,
            slur=slur_edge(note, goes_on=goes_on, is_first=index == 0, is_last=index == last),
            goes_on=goes_on,
        )
        for index, piece in enumerate(pieces)
    ]


def slur_edge(note: SungNote, *, goes_on: bool, is_first: bool, is_last: bool) -> Edge | None:
    """Return "start" for the first piece of a melisma's first note and "stop" for the last piece of its last."""
    if note.syllable is not None:
        return "start" if goes_on and is_first else None
    return "stop" if not goes_on and is_last else None


def write_rest(start_ticks: int, end_ticks: int, bar_ticks: int) -> list[Written]:
    """Return the rests between two ticks; a bar of silence is one rest of its own, whatever its length."""
    written: list[Written] = []
    while start_ticks < end_ticks:
        bar_end = (start_ticks // bar_ticks + 1) * bar_ticks
        stop = min(bar_end, end_ticks)
        if stop - start_ticks == bar_ticks:
            written.append(Written(Piece(start_ticks, bar_ticks, None)))
        else:
            written += [Written(piece) for piece in written_pieces(start_ticks, stop - start_ticks, bar_ticks)]
        start_ticks = stop
    return written
