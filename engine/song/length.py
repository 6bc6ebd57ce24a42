"""How many bars each section takes, and which sections fill a length. Does not know words, keys or chords."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from engine.music.flow_patterns import DOUBLE_TIME_QPM
from engine.music.score import TICKS_PER_QUARTER, TimeSignature
from engine.song.form import KIND_OF_LETTER, SUNG_KINDS, SectionKind

EIGHTHS_PER_SYLLABLE = 1.25  # room for a melody that is not all eighths
BREATH_EIGHTHS = 2
SECONDS_PER_SYLLABLE = 0.2  # faster than five syllables a second is patter, not song
MOST_RAPPED_IN_ONE_BAR = 12  # syllables
MOST_LADDER_SECTIONS = 400
_USUAL_FILL_BARS = 4
_FILL_LIMITS: dict[SectionKind, tuple[int, int]] = {"intro": (1, 16), "outro": (1, 16), "instrumental": (2, 48)}
_BREAK_LIMITS = (4, 16)  # of an instrumental break that nobody typed
_BREAK_COST = 6  # in bars of padding that one break more is worth
MOST_BREAKS = 5


@dataclass(frozen=True)
class Block:
    """A section as a length in bars.

    is_added: an intro, outro or break that nobody typed. verse: whose words a verse has, 1-9; 0 for the next.
    """

    kind: SectionKind
    bars: int
    is_added: bool = False
    verse: int = 0


def bar_seconds(time_signature: TimeSignature, tempo_qpm: float) -> float:
    """Return how long a bar lasts, in seconds."""
    return time_signature.bar_ticks / TICKS_PER_QUARTER * 60 / tempo_qpm


def bar_unit(time_signature: TimeSignature) -> int:
    """Return how many bars are about as long as one of 4/4: two of 2/4, else one."""
    return 2 if time_signature.numerator == 2 else 1


def bars_for_line(syllables: int, usual_bars: int, time_signature: TimeSignature, tempo_qpm: float) -> int:
    """Return the usual bars of a line, doubled until the syllables have room and the singer can breathe."""
    bars = usual_bars
    while (
        bars * time_signature.bar_ticks < (EIGHTHS_PER_SYLLABLE * syllables + BREATH_EIGHTHS) * TICKS_PER_QUARTER / 2
        or bars * bar_seconds(time_signature, tempo_qpm) < SECONDS_PER_SYLLABLE * syllables
    ):
        bars *= 2
    return bars


def bars_for_rapped_lines(syllables: int, tempo_qpm: float) -> int:
    """Return the bars of 4/4 for each line of a rapped section by its longest line: one, or two for a long one and when fast."""
    return 1 if syllables <= MOST_RAPPED_IN_ONE_BAR and tempo_qpm <= DOUBLE_TIME_QPM else 2


def total_bars(blocks: Sequence[Block]) -> int:
    return sum(block.bars for block in blocks)


def fill_with_form(
    form: Iterable[Sequence[str]], sung_bars: Mapping[SectionKind, int], target_bars: int
) -> tuple[Block, ...] | None:
    """Return as much of a form as fits, with intro, outro and instrumental, `target_bars` long; None if none fits.

    form: ever longer songs, each as letters of sections with the number of a verse after it or none, such as "V1".
    """
    best: list[Block] | None = None
    for parts in form:
        blocks = [block_of(part, sung_bars) for part in parts]
        room = target_bars - total_bars(blocks)
        if room < 0 or (best is not None and room < _USUAL_FILL_BARS):
            break
        best = blocks
    return None if best is None else _fill(best, target_bars - total_bars(best))


def block_of(part: str, bars: Mapping[SectionKind, int]) -> Block:
    """Return the section that a letter stands for, such as "C" or "V2"."""
    kind = KIND_OF_LETTER[part[0]]
    return Block(kind, bars[kind], verse=int(part[1:] or 0))


def ladder(form: str) -> Iterator[tuple[str, ...]]:
    """Yield ever longer songs of a form: V, VC, VCC, VCVC, VCVCC, VCVCBC ... and round again."""
    close = "C" if "C" in form else form[-1]
    if close != form[0]:
        yield (form[0],)
    endless = form * (MOST_LADDER_SECTIONS // len(form))
    for end in range(1, len(endless)):
        if endless[end - 1] == close:
            yield tuple(endless[:end])
            if close == "C" and endless[end] != close:
                yield (*endless[:end], "C")


def _fill(blocks: list[Block], room: int) -> tuple[Block, ...]:
    """Put `room` bars before, after and, from 12 on, within the sung blocks."""
    instrumental = room - 8 if room >= 12 else 0
    around = room - instrumental
    intro = 2 * (around // 4) if around != 3 else 2
    at = max(1, len(blocks) - 1)
    filled = [
        Block("intro", intro, is_added=True),
        *blocks[:at],
        Block("instrumental", instrumental),
        *blocks[at:],
        Block("outro", around - intro, is_added=True),
    ]
    return tuple(block for block in filled if block.bars)


def fit(blocks: Sequence[Block], target_bars: int, unit: int = 1) -> tuple[tuple[Block, ...], int] | None:
    """Return the blocks at exactly `target_bars` bars and what that costs, or None where they cannot be.

    Intro, outro and instrumentals are lengthened or shortened; if that is not enough, and no such part was typed,
    instrumental breaks part the sung sections, the first of them before the last. The cost is what is padded beyond 8 bars
    in any part, and 6 for each break. unit: bars that are as long as one of 4/4, see `bar_unit`.
    """
    typed = any(block.kind in _FILL_LIMITS and not block.is_added for block in blocks)
    found: list[tuple[int, tuple[Block, ...]]] = []
    for breaks in range(1 if typed else MOST_BREAKS + 1):
        parted = with_breaks(blocks, breaks)
        if parted is None:
            break
        if stretched := stretch(parted, target_bars, unit):
            found.append((padding(stretched, unit) + _BREAK_COST * breaks, stretched))
    if not found:
        return None
    cost, best = min(found, key=lambda one: one[0])
    return best, cost


def with_breaks(blocks: Sequence[Block], breaks: int) -> list[Block] | None:
    """Return the blocks with breaks between sung sections, spread evenly from the last on; None if there is no room."""
    gaps = [
        index + 1
        for index, (one, other) in enumerate(pairwise(blocks))
        if one.kind in SUNG_KINDS and other.kind in SUNG_KINDS
    ]
    if breaks > len(gaps):
        return None
    chosen = {gaps[len(gaps) - 1 - index * len(gaps) // breaks] for index in range(breaks)}
    parted: list[Block] = []
    for index, block in enumerate(blocks):
        if index in chosen:
            parted.append(Block("instrumental", 8, is_added=True))
        parted.append(block)
    return parted


def padding(blocks: Sequence[Block], unit: int) -> int:
    """Return by how many bars as long as one of 4/4 the parts without words are longer than 8, in all."""
    return sum(max(0, block.bars // unit - 8) for block in blocks if block.kind in _FILL_LIMITS)


def stretch(blocks: Sequence[Block], target_bars: int, unit: int = 1) -> tuple[Block, ...] | None:
    """Lengthen the shortest of intro, outro and instrumentals, or shorten the longest, to `target_bars` in all.

    None where they cannot be so long or so short.
    """
    low, high = bars_range(blocks, unit)
    if not low <= target_bars <= high:
        return None
    limits = [_limits(block, unit) for block in blocks]
    at_level = _grown if target_bars > total_bars(blocks) else _shrunk
    first, last = 0, max(high, *(most for _, most in limits))
    while first < last:  # the lowest level at which there are as many bars as wanted, or more
        level = (first + last) // 2
        first, last = (first, level) if sum(at_level(blocks, limits, level)) >= target_bars else (level + 1, last)
    bars, below = at_level(blocks, limits, first), at_level(blocks, limits, first - 1)
    over = sum(bars) - target_bars
    for index in reversed(range(len(bars))) if at_level is _grown else range(len(bars)):
        if over and bars[index] > below[index]:
            bars[index], over = bars[index] - 1, over - 1
    return tuple(replace(block, bars=count) for block, count in zip(blocks, bars, strict=True) if count)


def _grown(blocks: Sequence[Block], limits: Sequence[tuple[int, int]], level: int) -> list[int]:
    """Return the bars of blocks that are lengthened to a level where they are shorter, as far as they may."""
    return [min(most, max(block.bars, level, least)) for block, (least, most) in zip(blocks, limits, strict=True)]


def _shrunk(blocks: Sequence[Block], limits: Sequence[tuple[int, int]], level: int) -> list[int]:
    """Return the bars of blocks that are shortened to a level where they are longer, as far as they may."""
    return [max(least, min(block.bars, level, most)) for block, (least, most) in zip(blocks, limits, strict=True)]


def bars_range(blocks: Sequence[Block], unit: int = 1) -> tuple[int, int]:
    """Return the fewest and most bars to which `stretch` can bring the blocks."""
    lows = [_limits(block, unit)[0] for block in blocks]
    highs = [_limits(block, unit)[1] for block in blocks]
    return sum(lows), sum(highs)


def widest_range(blocks: Sequence[Block], unit: int = 1) -> tuple[int, int]:
    """Return the fewest and most bars to which `fit` can bring the blocks."""
    typed = any(block.kind in _FILL_LIMITS and not block.is_added for block in blocks)
    low, high = bars_range(blocks, unit)
    for breaks in range(1, 1 if typed else MOST_BREAKS + 1):
        if parted := with_breaks(blocks, breaks):
            high = bars_range(parted, unit)[1]
    return low, high


def _limits(block: Block, unit: int) -> tuple[int, int]:
    if block.kind in SUNG_KINDS:
        return block.bars, block.bars
    is_break = block.is_added and block.kind == "instrumental"
    low, high = _BREAK_LIMITS if is_break else _FILL_LIMITS[block.kind]
    return (0 if block.is_added and not is_break else low), high * unit
