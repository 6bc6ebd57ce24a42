"""Lengths of time as written notes: which note values, dots, triplets and ties. Does not know pitches or files."""

from __future__ import annotations

from dataclasses import dataclass

from engine.music.score import TICKS_PER_QUARTER, TimeSignature

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


def written_pieces(
    onset_ticks: int, duration_ticks: int, signature: TimeSignature, *, is_rest: bool = False
) -> list[Piece]:
    """Return the pieces, tied or in a row, that write a length of time so that the beats can be seen.

    onset_ticks counts from a bar line. The pieces add up to duration_ticks, and each stays within its bar.
    """
    pieces: list[Piece] = []
    end = onset_ticks + duration_ticks
    while onset_ticks < end:
        bar_end = (onset_ticks // signature.bar_ticks + 1) * signature.bar_ticks
        position = onset_ticks % signature.bar_ticks
        ticks = next_piece_ticks(position, min(end, bar_end) - onset_ticks, signature, is_rest=is_rest)
        pieces.append(Piece(onset_ticks, ticks, VALUES.get(ticks)))
        onset_ticks += ticks
    return pieces


def pulse_ticks(signature: TimeSignature) -> int:
    """Return how long a felt beat is: a dotted quarter in 6/8, 9/8 and 12/8, a quarter in most others, an eighth in 7/8."""
    if signature.denominator >= 8 and signature.numerator % 3 == 0:
        return 3 * signature.beat_ticks
    return signature.beat_ticks if signature.bar_ticks % TICKS_PER_QUARTER else TICKS_PER_QUARTER


def next_piece_ticks(position_ticks: int, remaining_ticks: int, signature: TimeSignature, *, is_rest: bool) -> int:
    """Return how long the next piece is: all if one value writes it, else up to the next beat, else the longest value."""
    if fits_at(position_ticks, remaining_ticks, signature, is_rest=is_rest):
        return remaining_ticks
    pulse = pulse_ticks(signature)
    to_beat = pulse - position_ticks % pulse
    if to_beat < min(remaining_ticks, pulse):
        return next_piece_ticks(position_ticks, to_beat, signature, is_rest=is_rest)
    # Within a beat, what is off the grid of 32nds is cut along triplets, so that the rest stays one.
    is_triplet = remaining_ticks < TICKS_PER_QUARTER and remaining_ticks % SHORTEST_TICKS != 0
    written = [t for t, value in VALUES.items() if t <= remaining_ticks and value.is_triplet == is_triplet]
    # What more follows may not hide a beat either, so a piece is as careful as a rest.
    fitting = [t for t in written if fits_at(position_ticks, t, signature, is_rest=True)]
    return max(fitting or written, default=remaining_ticks)


def fits_at(position_ticks: int, duration_ticks: int, signature: TimeSignature, *, is_rest: bool = False) -> bool:
    """Say whether one value writes the length there without hiding a beat.

    A triplet is a third of its group or within a quarter. What begins on a beat may last over others, but over the
    middle of the bar only from its beginning, or as half a bar. Off the beat a note may last over one beat, if not over
    the middle; a rest may not.
    """
    value, pulse = VALUES.get(duration_ticks), pulse_ticks(signature)
    if value is None:
        return False
    first, last = position_ticks, position_ticks + duration_ticks - 1
    if value.is_triplet:
        return position_ticks % duration_ticks == 0 or first // TICKS_PER_QUARTER == last // TICKS_PER_QUARTER
    if first // pulse == last // pulse or duration_ticks == signature.bar_ticks:
        return True
    middle = signature.bar_ticks // 2 if signature.bar_ticks % (2 * pulse) == 0 else signature.bar_ticks
    crosses_middle = first < middle <= last
    if position_ticks % pulse:
        in_eighths = position_ticks % (TICKS_PER_QUARTER // 2) == 0 and pulse == TICKS_PER_QUARTER
        return not is_rest and in_eighths and not crosses_middle and last // pulse - first // pulse == 1
    if pulse % TICKS_PER_QUARTER:  # beats of eighths, in fives and sevens, have no middle
        return not is_rest
    if pulse > TICKS_PER_QUARTER:  # of dotted quarters, only whole ones
        return duration_ticks % pulse == 0 and (not crosses_middle or position_ticks == 0)
    if is_rest and middle == signature.bar_ticks:  # in a bar of three, a rest for each beat
        return False
    return not crosses_middle or position_ticks == 0 or (not is_rest and duration_ticks == middle)
