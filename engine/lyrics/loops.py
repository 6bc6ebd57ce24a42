"""Where a text runs in circles: a line or stanza again and again, or a word without end. Does not know models.

A song may say a line three times in a row; the fourth time is a loop. Within a line a syllable may come eight times
("na na na ..."), longer words four times, which few songs outdo.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

MOST_COPIES = 3  # of a line, or of a block of lines, in a row
LONGEST_BLOCK = 12  # lines, with blank ones and labels
MOST_SYLLABLES, MOST_WORDS = 8, 4  # copies in a row within a line
LONGEST_SYLLABLE = 6  # letters, with the space or comma after it
LONGEST_PIECE = 24  # ids


def same_line(line: str) -> str:
    """Return what lines have in common that say the same: capitals, signs and the numbers of verses left out."""
    return " ".join(re.sub(r"\d+", "#", re.sub(r"[^\w\s]", " ", line.casefold())).split())


def lines_that_loop(lines: Sequence[str]) -> list[int]:
    """Return, for every block of lines that came three times in a row, how many lines back its first line is.

    lines: as `same_line` gives them. A next line equal to one that far back would begin the fourth copy.
    """
    return [size for size in range(1, LONGEST_BLOCK + 1) if _is_repeated(lines, size, MOST_COPIES)]


def begins_a_loop(lines: Sequence[str]) -> bool:
    """Return whether the last line begins the fourth copy of what came three times in a row."""
    return bool(lines) and any(lines[-1] == lines[-1 - size] for size in lines_that_loop(lines[:-1]))


def ids_that_loop(line: Sequence[int], letters: int) -> set[int]:
    """Return the ids that would go on with a piece that has come too often in a row at the end of a line of ids.

    letters: of the whole line, which tells about how long the text of a piece is.
    """
    syllable = LONGEST_SYLLABLE * len(line) / max(1, letters)  # in ids
    return {
        line[-size]
        for size in range(1, LONGEST_PIECE + 1)
        if _is_repeated(line, size, MOST_SYLLABLES if size <= syllable else MOST_WORDS)
    }


def _is_repeated(items: Sequence[str] | Sequence[int], size: int, copies: int) -> bool:
    return len(items) >= size * copies and items[-size * (copies - 1) :] == items[-size * copies : -size]
