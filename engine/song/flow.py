"""The flow of one rapped line: each syllable on a slot of the bar, at the least cost over all ways. Does not know models.

Dynamic programming, exact: after each syllable only the last slot and the number of weak syllables that fell on beats
since the last stressed one decide what the rest costs. Slots count from the first of the line's bar; see flow_patterns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from engine.music.flow_patterns import SLOTS, SLOTS_PER_BEAT
from engine.song.line_frame import SyllableFrame

LONGEST_IN_WORD = 4  # slots from one syllable to the next of its word, which sounds until then
MOST_WEAK_BEATS = 2
# What a syllable costs on a beat, on an eighth between beats, on a sixteenth between those.
_STRESSED, _SECONDARY, _WEAK, _EITHER = (0.0, 1.0, 9.0), (0.3, 0.5, 2.0), (4.0, 0.6, 0.0), (1.5, 0.3, 0.2)
_OFF_HIT, _MISSED_HIT, _OFF_ACCENT = 0.9, 0.4, 0.3
_TOO_MANY_WEAK = 60.0
_SHORT_STRESSED = 0.4
_HURRIED = (0.0, 1.5, 3.0)  # no slot left free at a comma, at a stop
_LATE_SLOT = 0.25  # of a start after the first beat
_EARLY_SLOT = 0.5  # of a pickup

_Path = tuple[float, tuple[int, ...]]  # cost, slots


@dataclass(frozen=True)
class FlowLine:
    """What a line must keep to.

    syllables: as spoken. rhyme: index of the syllable that the rhyme begins with. rhyme_slots: where it may fall, with what
    each costs; all are beats. first, last: slots that may be used, both included. hits: slots that syllables had better fall
    on. accents: those of the stressed ones.
    """

    syllables: tuple[SyllableFrame, ...]
    rhyme: int
    rhyme_slots: Mapping[int, float]
    first: int
    last: int
    hits: frozenset[int] = field(default=frozenset())
    accents: frozenset[int] = field(default=frozenset())


def place_line(line: FlowLine) -> tuple[int, ...] | None:
    """Return the slot of every syllable, rising, at the least cost; of equals the earliest. None where there is no room."""
    paths: dict[tuple[int, int], _Path] = {}
    for slot in _slots(line, 0):
        weak = _weak_beats(line.syllables[0], slot, 0)
        start = _LATE_SLOT * max(0, slot) + _EARLY_SLOT * max(0, -slot)
        paths[slot, weak] = (start + _at(line, 0, slot, weak), (slot,))
    for index in range(1, len(line.syllables)):
        paths = _next(line, index, paths)
    return min(paths.values())[1] if paths else None


def _next(line: FlowLine, index: int, paths: Mapping[tuple[int, int], _Path]) -> dict[tuple[int, int], _Path]:
    """Return the best way to each slot of a syllable from the best ways to those of the one before."""
    syllable, found = line.syllables[index], dict[tuple[int, int], _Path]()
    befores = {before for before, _ in paths}
    for slot in _slots(line, index):
        ways = {
            before: _between(line, index, before, slot)
            for before in befores
            if before < slot and (not syllable.goes_on or slot - before <= LONGEST_IN_WORD)
        }
        here = [_at(line, index, slot, weak) for weak in range(MOST_WEAK_BEATS + 2)]
        for (before, weak_before), (cost, slots) in paths.items():
            if before not in ways:
                continue
            weak = _weak_beats(syllable, slot, weak_before)
            path = (cost + here[weak] + ways[before], (*slots, slot))
            if (slot, weak) not in found or path < found[slot, weak]:
                found[slot, weak] = path
    return found


def _slots(line: FlowLine, index: int) -> Sequence[int]:
    """Return the slots of a syllable that leave one to each of the others."""
    after = len(line.syllables) - 1 - index
    room = range(line.first + index, line.last - after + 1)
    return [slot for slot in room if slot in line.rhyme_slots] if index == line.rhyme else room


def level(slot: int) -> int:
    """Return 0 on a beat, 1 on an eighth between two, 2 on a sixteenth between those."""
    return 0 if slot % SLOTS_PER_BEAT == 0 else 1 if slot % (SLOTS_PER_BEAT // 2) == 0 else 2


def _weak_beats(syllable: SyllableFrame, slot: int, before: int) -> int:
    """Return how many weak syllables in a row have fallen on beats; one more than allowed stands for all beyond."""
    if level(slot):
        return before
    return min(before + 1, MOST_WEAK_BEATS + 1) if syllable.stress == 0 else 0


def _at(line: FlowLine, index: int, slot: int, weak: int) -> float:
    """Return what a syllable costs on a slot."""
    syllable, where = line.syllables[index], level(slot)
    if index == line.rhyme:
        cost = line.rhyme_slots[slot]
    else:
        by_level = _STRESSED if syllable.stress == 1 else _SECONDARY if syllable.stress else _WEAK
        cost = (_EITHER if syllable.may_be_heavy and not syllable.stress else by_level)[where]
        cost += _TOO_MANY_WEAK * (weak > MOST_WEAK_BEATS and where == 0 and syllable.stress == 0)
    inside = slot % SLOTS
    cost += _OFF_HIT * (bool(line.hits) and inside not in line.hits)
    return cost + _OFF_ACCENT * (syllable.stress == 1 and bool(line.accents) and inside not in line.accents)


def _between(line: FlowLine, index: int, before: int, slot: int) -> float:
    """Return what the way from the syllable before costs: hits without a syllable, gaps, hurried stops."""
    gap, last = slot - before, line.syllables[index - 1]
    cost = _MISSED_HIT * sum(between % SLOTS in line.hits for between in range(before + 1, slot))
    if gap == 1:
        cost += _HURRIED[last.breath] + _SHORT_STRESSED * (last.stress == 1)
    elif gap > 2 and not last.breath:
        cost += (1.2 if line.syllables[index].goes_on else 0.5) * (gap - 2)
    return cost
