"""The legal spellings nearest to a mistyped name: what to ask "did you mean ...?". Does not know chords or keys."""

from __future__ import annotations

from collections.abc import Iterable

MOST_SHOWN = 3


def nearest(typed: str, spellings: Iterable[tuple[str, str]], most: int = MOST_SHOWN) -> list[str]:
    """Return the names whose spellings need the fewest typing errors to become what was typed, equals in their order.

    spellings: (how it may be written, the name to show). Empty where more than half of what was typed would be wrong.

    >>> nearest("Cmjor7", [("Cmajor7", "Cmaj7"), ("Cm7", "Cm7")])
    ['Cmaj7']
    """
    allowed = len(typed) // 2
    fewest, found = allowed, dict[str, int]()
    for written, name in spellings:
        if abs(len(written) - len(typed)) <= fewest:
            errors = typing_errors(typed, written)
            if errors < fewest:
                fewest, found = errors, {}
            if errors == fewest:
                found[name] = found.get(name, 0) + 1
    # A name that several of its spellings lead to is the likelier one: "sus5" is near to "sus" and "sus4", both sus4.
    return sorted(found, key=lambda name: -found[name])[:most]


def typing_errors(typed: str, written: str) -> int:
    """Return how many letters are left out, put in, changed or swapped with their neighbour from one to the other.

    Optimal string alignment distance; a letter in the wrong case counts as changed.
    """
    last: list[int] = []
    before: list[int] = []
    row = list(range(len(written) + 1))
    for i, letter in enumerate(typed, start=1):
        last, before, row = before, row, [i]
        for j, other in enumerate(written, start=1):
            best = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == written[j - 2] and typed[i - 2] == other:
                best = min(best, last[j - 2] + 1)
            row.append(best)
    return row[-1]
