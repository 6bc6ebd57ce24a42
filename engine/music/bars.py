"""The bars of a score as people count them: where each lies, which is a pickup, and which ones a text like 5-8 means.

Knows no notes but the first, and no grid: bars are where the time signatures of the file put them.
"""

from __future__ import annotations

import re

from engine.errors import RequestError
from engine.music.piece import Bar
from engine.music.score import TICKS_PER_QUARTER, Score, TimeSignature

SHORTEST_BAR_TICKS = TICKS_PER_QUARTER // 8  # what a change of time signature cuts off below this is a rounding
SHOWN_CHARACTERS = 20
_RANGE = re.compile(r"(?:bars? ?)?(?:([0-9]{1,6})|([0-9]{0,6}) ?- ?([0-9]{0,6}))")


def bars_of(score: Score) -> tuple[Bar, ...]:
    """Return the bars from tick 0 to the end of the music, the last one filled; at least one.

    Each change of time signature begins a bar, so the bar before it may be shorter than its time signature says.
    """
    changes = [change for change in score.time_signatures if change.onset_ticks < max(1, score.length_ticks)]
    bars: list[Bar] = []
    for n, change in enumerate(changes):
        bar_ticks, is_last = change.time_signature.bar_ticks, n + 1 == len(changes)
        end = max(score.length_ticks, change.onset_ticks + 1) if is_last else changes[n + 1].onset_ticks
        for onset in range(change.onset_ticks, end, bar_ticks):
            length = bar_ticks if is_last else min(bar_ticks, end - onset)
            if bars and length < SHORTEST_BAR_TICKS:
                before = bars.pop()
                bars.append(Bar(before.onset_ticks, before.duration_ticks + length, before.time_signature))
            else:
                bars.append(Bar(onset, length, change.time_signature))
    return tuple(bars)


def bar_spans(score: Score) -> list[tuple[int, int]]:
    """Return where each bar begins and ends, in ticks; the first is number `first_bar(score)`."""
    return [(bar.onset_ticks, bar.end_ticks) for bar in bars_of(score)]


def pickup_ticks(score: Score) -> int:
    """Return where the first full bar begins if a pickup comes before it; 0 if there is none.

    A pickup is a first bar that a change of time signature makes shorter than the bars that follow, or one that is
    silent for half its length or more before its first note. Where a file has a pickup but counts its bars from the first
    note on, nothing in it says so, and 0 is returned.
    """
    bars = bars_of(score)
    if len(bars) < 2:
        return 0
    first, second = bars[:2]
    begins = min((t.notes[0].onset_ticks for t in score.tracks if t.notes), default=0)
    is_short = first.duration_ticks < second.time_signature.bar_ticks
    is_silent_at_first = first.duration_ticks <= 2 * begins < 2 * first.duration_ticks
    return second.onset_ticks if is_short or is_silent_at_first else 0


def first_bar(score: Score) -> int:
    """Return the number of the first bar: 0 for a pickup, else 1."""
    return 0 if pickup_ticks(score) else 1


def bar_range(text: str, score: Score) -> tuple[int, int]:
    """Return the first and last index into `bars_of(score)` that a text means, both included.

    text: 9, 5-8, 5- (to the end), -8 (from the beginning, with the pickup), or empty for all. Bar 1 is the first full
    bar and a pickup is bar 0. RequestError for another text, and for bars that the music does not have.
    """
    first, last = first_bar(score), first_bar(score) + len(bars_of(score)) - 1
    plain = re.sub("[\u2010-\u2015\uff0d~\uff5e]", "-", " ".join(text.split())).lower()
    found = _RANGE.fullmatch(plain)
    if found is None or not any(found.groups()):
        if plain:
            raise RequestError(f"bars are written as 9, 5-8 or 5- (to the end), got {text[:SHOWN_CHARACTERS]!r}")
        return 0, last - first
    low, high = int(found[1] or found[2] or first), int(found[1] or found[3] or last)
    if not first <= low <= high <= last:
        raise RequestError(
            f"this music has bars {first} to {last}, got {text[:SHOWN_CHARACTERS]!r}; name the first and the last in order"
        )
    return low - first, high - first


def main_time_signature(score: Score) -> TimeSignature:
    """Return the time signature that holds for the most ticks; the first of equals."""
    held: dict[TimeSignature, int] = {}
    ends = [*(change.onset_ticks for change in score.time_signatures[1:]), score.length_ticks]
    for change, end in zip(score.time_signatures, ends, strict=True):
        held[change.time_signature] = held.get(change.time_signature, 0) + max(0, end - change.onset_ticks)
    return max(held, key=lambda signature: held[signature])
