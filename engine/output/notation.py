"""A lead sheet as written notes and rests, cut at bar lines, tied and slurred. Does not know any file format."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median
from typing import Literal

from engine.music.lead_sheet import LeadSheet, SungNote
from engine.music.score import TICKS_PER_QUARTER, TimeSignature
from engine.output.note_values import VALUES, NoteValue, Piece, pulse_ticks, written_pieces

Edge = Literal["start", "stop"]


LOWEST_TREBLE_PITCH, LOWEST_TENOR_PITCH = 60, 53  # of the median note; see clef_of


@dataclass(frozen=True)
class Clef:
    """sign: of the note that the clef names. line: where that stands, 1-5 from below. octaves: how much it sounds higher."""

    sign: Literal["G", "F"]
    line: int
    octaves: int = 0


TREBLE, TENOR, BASS = Clef("G", 2), Clef("G", 2, -1), Clef("F", 4)


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

    def cut_at(self, ticks: Sequence[int]) -> list[Written]:
        """Return the piece cut at those of the ticks that lie within it; the parts of a note are tied."""
        start, end = self.piece.onset_ticks, self.piece.onset_ticks + self.piece.duration_ticks
        bounds = [start, *sorted({tick for tick in ticks if start < tick < end}), end]
        if len(bounds) == 2:
            return [self]
        pieces = [Piece(a, b - a, VALUES.get(b - a)) for a, b in pairwise(bounds)]
        last = len(pieces) - 1
        return [
            replace(self, piece=piece, is_first=self.is_first and n == 0, is_last=self.is_last and n == last)
            for n, piece in enumerate(pieces)
        ]


@dataclass(frozen=True)
class WrittenBar:
    """What stands in one bar. number: as people count; 0 for a pickup, which begins with its first note.

    chords: (tick, symbol) of those that begin here. label: of the section that begins here, or "".
    """

    number: int
    onset_ticks: int
    end_ticks: int
    pieces: tuple[Written, ...]
    chords: tuple[tuple[int, str], ...] = ()
    label: str = ""
    label_ticks: int = 0


def written_bars(sheet: LeadSheet) -> list[WrittenBar]:
    """Return the bars in order, at least one; together they hold every note, chord and label of the sheet."""
    bar_ticks, pickup = sheet.time_signature.bar_ticks, pickup_onset(sheet)
    inside: dict[int, list[Written]] = {}
    for part in write_out(sheet):
        if pickup is None or part.piece.onset_ticks >= pickup:
            inside.setdefault(part.piece.onset_ticks // bar_ticks, []).append(part)
    bars = []
    for index, pieces in inside.items():
        start, end = pieces[0].piece.onset_ticks, (index + 1) * bar_ticks
        starts = [(max(chord.onset_ticks, start), chord) for chord in sheet.chords]
        chords = tuple(
            (at, chord.symbol)
            for at, chord in starts
            if start <= at < end
            and chord.onset_ticks + chord.duration_ticks > at
            and chord.onset_ticks >= index * bar_ticks
        )
        section = next((s for s in sheet.sections if index * bar_ticks <= s.onset_ticks < end), None)
        # An introduction of the pickup alone is none.
        named = section is not None and not (start == pickup and section.duration_ticks <= bar_ticks)
        label, at = (section.label, max(start, section.onset_ticks)) if section is not None and named else ("", start)
        bars.append(WrittenBar(index + (pickup is None), start, end, tuple(pieces), chords, label, at))
    return bars


def pickup_onset(sheet: LeadSheet) -> int | None:
    """Return where a pickup begins: the first note, if the first half of the first bar or more is silent before it."""
    if not sheet.notes:
        return None
    onset, bar_ticks = sheet.notes[0].onset_ticks, sheet.time_signature.bar_ticks
    return onset if bar_ticks <= 2 * onset < 2 * bar_ticks else None


def write_out(sheet: LeadSheet) -> list[Written]:
    """Return notes and rests in order, without gaps, from tick 0 to the end of the last bar."""
    signature = sheet.time_signature
    bar_ticks = signature.bar_ticks
    written: list[Written] = []
    cursor = 0
    for index, note in enumerate(sheet.notes):
        after = sheet.notes[index + 1] if index + 1 < len(sheet.notes) else None
        written += write_rest(cursor, note.onset_ticks, signature)
        pieces = write_note(note, after, signature)
        written += pieces if sheet.is_sung else [replace(piece, slur=None, goes_on=False) for piece in pieces]
        cursor = note.onset_ticks + note.duration_ticks
    end = -(-max(cursor, sheet.length_ticks, 1) // bar_ticks) * bar_ticks
    return written + write_rest(cursor, end, signature)


def write_note(note: SungNote, after: SungNote | None, signature: TimeSignature) -> list[Written]:
    pieces = written_pieces(note.onset_ticks, note.duration_ticks, signature)
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


def write_rest(start_ticks: int, end_ticks: int, signature: TimeSignature) -> list[Written]:
    """Return the rests between two ticks; a bar of silence is one rest of its own, whatever its length."""
    written: list[Written] = []
    bar_ticks = signature.bar_ticks
    while start_ticks < end_ticks:
        bar_end = (start_ticks // bar_ticks + 1) * bar_ticks
        stop = min(bar_end, end_ticks)
        if stop - start_ticks == bar_ticks:
            written.append(Written(Piece(start_ticks, bar_ticks, None)))
        else:
            pieces = written_pieces(start_ticks, stop - start_ticks, signature, is_rest=True)
            written += [Written(piece) for piece in pieces]
        start_ticks = stop
    return written


def metronome_mark(sheet: LeadSheet) -> tuple[NoteValue, float]:
    """Return the note value that is counted and how many of it there are in a minute, to a hundredth."""
    beat = pulse_ticks(sheet.time_signature)
    value = VALUES[beat]
    return value, round(sheet.tempo_qpm * TICKS_PER_QUARTER / beat, 2)


def clef_of(sheet: LeadSheet) -> Clef:
    """Return the clef with few ledger lines: treble, one that sounds an octave lower for tenors, or bass."""
    middle = median(note.pitch for note in sheet.notes) if sheet.notes else LOWEST_TREBLE_PITCH
    return TREBLE if middle >= LOWEST_TREBLE_PITCH else TENOR if middle >= LOWEST_TENOR_PITCH else BASS
