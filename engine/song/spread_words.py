"""Own words spread over a length: tempo, parts without words, and what is sung again. Does not know notes or chords."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from engine.errors import RequestError
from engine.song import length
from engine.song.draft import bars_in, check_length
from engine.song.form import SectionKind
from engine.song.length import Block
from engine.song.plan_for_lines import FIXED_BARS, Frame, bars_of_line

MOST_SECTIONS = 60
MOST_CHORUSES_MORE = 2
_COST_OF_CHORUS, _COST_OF_ROUND = 4, 8  # in bars of padding, see `length.fit`


@dataclass(frozen=True)
class Part:
    """A section of the words. index: its place among them, or None for one that was added. bars: of one without words."""

    kind: SectionKind
    bars: int
    index: int | None = None


def spread(
    kinds: Sequence[SectionKind], syllables: Sequence[Sequence[int]], frame: Frame, seconds: float
) -> tuple[Frame, list[Part]]:
    """Return the frame with the tempo, and the parts in the order sung, that last so long to within half a bar.

    The tempo is the one typed, or one of the style's. If intro, outro and breaks are not enough, the chorus is sung once or
    twice more at the end, and then all the words again. RequestError for a length that cannot be.
    """
    check_length(seconds)
    found: list[tuple[float, Frame, Sequence[int], Sequence[Block]]] = []
    shortest, longest = float("inf"), 0.0
    for order, cost_of_order in _orders(kinds):
        if found and min(cost for cost, *_ in found) <= cost_of_order:
            continue
        for tempo in frame.tempos:
            there = replace(frame, tempo_qpm=tempo)
            bars = [_bars(kind, row, there) for kind, row in zip(kinds, syllables, strict=True)]
            blocks = _blocks(order, kinds, bars, frame)
            unit = length.bar_unit(frame.time_signature)
            target = bars_in(seconds, frame.time_signature, tempo)
            if fitted := length.fit(blocks, target, unit):
                found.append((fitted[1] + cost_of_order, there, order, fitted[0]))
            bar = length.bar_seconds(frame.time_signature, tempo)
            low, high = length.widest_range(blocks, unit)
            shortest, longest = min(shortest, low * bar), max(longest, high * bar)
    if not found:
        raise RequestError(
            f"these words last {shortest:.0f}-{longest:.0f} seconds as a song, got length {seconds:g}; "
            "ask for another length or tempo, or for more or fewer words"
        )
    best = min(found, key=lambda one: one[0])  # of equals the first: nearest to the seed's choice
    return best[1], list(_parts(best[2], best[3]))


def _orders(kinds: Sequence[SectionKind]) -> Iterator[tuple[Sequence[int], float]]:
    """Yield what is sung in which order, by place among the words, and what each costs: as typed, then ever longer."""
    once = list(range(len(kinds)))
    ends = once[-1:] if kinds[-1] == "outro" else []
    body = once[: len(once) - len(ends)]
    last_chorus = [index for index in body if kinds[index] == "chorus"][-1:]
    again = [index for index in body if kinds[index] != "intro"]
    rounds = max(1, (MOST_SECTIONS - len(once)) // max(1, len(again)) + 1)
    for times in range(rounds):
        for choruses in range(1 + (MOST_CHORUSES_MORE if last_chorus else 0)):
            order = body + again * times + last_chorus * choruses + ends
            yield order, _COST_OF_ROUND * times + _COST_OF_CHORUS * choruses


def _bars(kind: SectionKind, syllables: Sequence[int], frame: Frame) -> int:
    return len(syllables) * bars_of_line(kind, syllables, frame) or FIXED_BARS[kind]


def _blocks(order: Sequence[int], kinds: Sequence[SectionKind], bars: Sequence[int], frame: Frame) -> list[Block]:
    blocks = [Block(kinds[index], bars[index]) for index in order]
    if {"intro", "outro"} & set(kinds):
        return blocks
    return [Block("intro", frame.intro_bars, is_added=True), *blocks, Block("outro", frame.outro_bars, is_added=True)]


def _parts(order: Sequence[int], blocks: Sequence[Block]) -> Iterator[Part]:
    left = iter(order)
    for block in blocks:
        yield Part(block.kind, block.bars, None if block.is_added else next(left))
