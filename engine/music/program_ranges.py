"""The pitches that instruments have, by General MIDI program. Does not know scores that leave them."""

from __future__ import annotations

PIANO = (21, 108)
# First and last program, and the sounding range that orchestration books give for the usual player, as MIDI pitches.
_RANGES: tuple[tuple[int, int, int, int], ...] = (
    (9, 9, 79, 108), (11, 11, 53, 89), (12, 12, 45, 96), (13, 13, 65, 108), (24, 31, 40, 88), (32, 39, 28, 67),
    (40, 40, 55, 103), (41, 41, 48, 91), (42, 42, 36, 76), (43, 43, 28, 67), (46, 46, 24, 103), (52, 54, 36, 84),
    (56, 56, 54, 86), (57, 57, 40, 72), (58, 58, 28, 58), (59, 59, 54, 86), (60, 60, 34, 77), (64, 64, 56, 88),
    (65, 65, 49, 81), (66, 66, 44, 76), (67, 67, 36, 69), (68, 68, 58, 91), (69, 69, 52, 81), (70, 70, 34, 75),
    (71, 71, 50, 94), (72, 72, 74, 108), (73, 73, 60, 96), (74, 74, 60, 98), (105, 105, 48, 86), (106, 106, 45, 86),
    (107, 107, 38, 86), (110, 110, 55, 103),
)  # fmt: skip


def range_of(program: int) -> tuple[int, int]:
    """Return the lowest and highest pitch of a program (0-127); the piano's where an instrument has no bounds of its own.

    >>> range_of(40)
    (55, 103)
    """
    found = (bounds for first, last, *bounds in _RANGES if first <= program <= last)
    low, high = next(found, PIANO)
    return low, high
