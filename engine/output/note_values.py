"""Lengths of time as written notes: which note values, dots, triplets and ties. Does not know pitches or files."""

from __future__ import annotations

from dataclasses import dataclass

from engine.music.score import TICKS_PER_QUARTER

NAMES = ("whole", "half", "quarter", "eighth", "16th", "32nd")
SHORTEST_TICKS = 4 * TICKS_PER_QUARTER >> (len(NAMES) - 1)


@dataclass(frozen=True)
class NoteValue:
    """A written note value. name: as MusicXML has it. dots: 0 or 1. A triplet value lasts two thirds of it."""

    name: str
    dots: int = 0
    is_triplet: bool = False


@dataclass(frozen=True)
class Piece:
    """A part of a note or rest that one note value can write. value: None where no value fits (odd ticks)."""

    onset_ticks: int
    duration_ticks: int
    value: NoteValue | None


def value_table() -> dict[int, NoteValue]:
    """Return the note value of every length in ticks that has one; plain before dotted before triplet."""
    plain = {4 * TICKS_PER_QUARTER >> power: name for power, name in enumerate(NAMES)}
    table = {ticks: NoteValue(name) for ticks, name in plain.items()}
    for ticks, name in plain.items():
        if name != NAMES[-1]:
            table.setdefault(ticks * 3 // 2, NoteValue(name, dots=1))
        if name != NAMES[0]:
            table.setdefault(ticks * 2 // 3, NoteValue(name, is_triplet=True))
    return table


VALUES = value_table()


def written_pieces(onset_ticks: int, duration_ticks: int, bar_ticks: int) -> list[Piece]:
    """Return the pieces, tied or in a row, that write a length of time; each stays within its bar.

    onset_ticks counts from a bar line. The pieces add up to duration_ticks.
    """
    pieces: list[Piece] = []
    end = onset_ticks + duration_ticks
    while onset_ticks < end:
        bar_end = (onset_ticks // bar_ticks + 1) * bar_ticks
        ticks = next_piece_ticks(onset_ticks % bar_ticks, min(end, bar_end) - onset_ticks)
        pieces.append(Piece(onset_ticks, ticks, VALUES.get(ticks)))
        onset_ticks += ticks
    return pieces


def next_piece_ticks(position_ticks: int, remaining_ticks: int) -> int:
    """Return how long the next piece is: all if one value writes it, else up to the next quarter, else the longest."""
    if fits_at(position_ticks, remaining_ticks):
        return remaining_ticks
    to_quarter = TICKS_PER_QUARTER - position_ticks % TICKS_PER_QUARTER
    if to_quarter < min(remaining_ticks, TICKS_PER_QUARTER):
        return next_piece_ticks(position_ticks, to_quarter)
    # Within a quarter, what is off the grid of 32nds is cut along triplets, so that the rest stays one.
    is_triplet = remaining_ticks < TICKS_PER_QUARTER and remaining_ticks % SHORTEST_TICKS != 0
    fitting = (t for t, value in VALUES.items() if t <= remaining_ticks and value.is_triplet == is_triplet)
    return max(fitting, default=remaining_ticks)


def fits_at(position_ticks: int, duration_ticks: int) -> bool:
    """Say whether one value writes the length there; a triplet is a third of its group or within a quarter."""
    value = VALUES.get(duration_ticks)
    if value is None or not value.is_triplet:
        return value is not None
    first, last = position_ticks, position_ticks + duration_ticks - 1
    return position_ticks % duration_ticks == 0 or first // TICKS_PER_QUARTER == last // TICKS_PER_QUARTER
