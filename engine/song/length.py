"""How many bars each section takes, and which sections fill a length. Does not know words, keys or chords."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from engine.music.score import TICKS_PER_QUARTER, TimeSignature
from engine.song.form import KIND_OF_LETTER, SUNG_KINDS, SectionKind

EIGHTHS_PER_SYLLABLE = 1.25  # room for a melody that is not all eighths
BREATH_EIGHTHS = 2
SECONDS_PER_SYLLABLE = 0.2  # faster than five syllables a second is patter, not song
MOST_LADDER_SECTIONS = 400
_USUAL_FILL_BARS = 4
_FILL_LIMITS: dict[SectionKind, tuple[int, int]] = {"intro": (1, 16), "outro": (1, 16), "instrumental": (2, 48)}


@dataclass(frozen=True)
class Block:
    """A section as a length in bars. is_added: an intro or outro that nobody typed, which may go."""

    kind: SectionKind
    bars: int
    is_added: bool = False


def bar_seconds(time_signature: TimeSignature, tempo_qpm: float) -> float:
    """Return how long a bar lasts, in seconds."""
    return time_signature.bar_ticks / TICKS_PER_QUARTER * 60 / tempo_qpm


def bars_for_line(syllables: int, usual_bars: int, time_signature: TimeSignature, tempo_qpm: float) -> int:
    """Return the usual bars of a line, doubled until the syllables have room and the singer can breathe."""
    bars = usual_bars
    while (
        bars * time_signature.bar_ticks < (EIGHTHS_PER_SYLLABLE * syllables + BREATH_EIGHTHS) * TICKS_PER_QUARTER / 2
        or bars * bar_seconds(time_signature, tempo_qpm) < SECONDS_PER_SYLLABLE * syllables
    ):
        bars *= 2
    return bars


def total_bars(blocks: Sequence[Block]) -> int:
    return sum(block.bars for block in blocks)


def fill_with_form(form: str, sung_bars: Mapping[SectionKind, int], target_bars: int) -> tuple[Block, ...] | None:
    """Return as much of a form as fits, with intro, outro and instrumental, `target_bars` long; None if none fits."""
    best: list[Block] | None = None
    for kinds in _ladder(form):
        blocks = [Block(kind, sung_bars[kind]) for kind in kinds]
        room = target_bars - total_bars(blocks)
        if room < 0 or (best is not None and room < _USUAL_FILL_BARS):
            break
        best = blocks
    return None if best is None else _fill(best, target_bars - total_bars(best))


def _ladder(form: str) -> Iterator[tuple[SectionKind, ...]]:
    """Yield ever longer songs of a form: V, VC, VCC, VCVC, VCVCC, VCVCBC ... and round again."""
    close = "C" if "C" in form else form[-1]
    if close != form[0]:
        yield (KIND_OF_LETTER[form[0]],)
    endless = form * (MOST_LADDER_SECTIONS // len(form))
    for end in range(1, len(endless)):
        if endless[end - 1] == close:
            kinds = tuple(KIND_OF_LETTER[letter] for letter in endless[:end])
            yield kinds
            if close == "C" and endless[end] != close:
                yield (*kinds, "chorus")


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


def stretch(blocks: Sequence[Block], target_bars: int) -> tuple[Block, ...] | None:
    """Lengthen or shorten intro, outro and instrumentals, a bar at a time, to `target_bars`; None where they cannot."""
    stretched = list(blocks)
    while (missing := target_bars - total_bars(stretched)) != 0:
        step = 1 if missing > 0 else -1
        movable = [index for index, block in enumerate(stretched) if _may_move(block, step)]
        if not movable:
            return None
        bars = [stretched[index].bars for index in movable]
        at = movable[bars.index(min(bars) if step > 0 else max(bars))]
        stretched[at] = replace(stretched[at], bars=stretched[at].bars + step)
    return tuple(block for block in stretched if block.bars)


def bars_range(blocks: Sequence[Block]) -> tuple[int, int]:
    """Return the fewest and most bars to which `stretch` can bring the blocks."""
    lows = [_limits(block)[0] for block in blocks]
    highs = [_limits(block)[1] for block in blocks]
    return sum(lows), sum(highs)


def longest_padding_bars(blocks: Sequence[Block]) -> int:
    """Return the bars of the longest intro or outro; 0 without one."""
    return max((block.bars for block in blocks if block.kind in ("intro", "outro")), default=0)


def _may_move(block: Block, step: int) -> bool:
    low, high = _limits(block)
    return low <= block.bars + step <= high


def _limits(block: Block) -> tuple[int, int]:
    if block.kind in SUNG_KINDS:
        return block.bars, block.bars
    low, high = _FILL_LIMITS[block.kind]
    return (0, high) if block.is_added else (low, high)
