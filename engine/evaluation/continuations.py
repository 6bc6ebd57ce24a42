"""Bars that a composer writes after the first bars of held-out works, measured beside the bars that people wrote there.

Does not know how the composer works, nor how a figure is defined.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from engine.contract import Sampling
from engine.corpus.music_pieces import Work
from engine.errors import RequestError
from engine.evaluation.music_metrics import FIGURES, Passage, music_figures
from engine.music.lead_sheet import ChordSpan
from engine.music.piece import Asked, Bar, Composer, Piece
from engine.music.score import Note

GIVEN_BARS = 8
WRITTEN_BARS = 8
ENOUGH_INSIDE = 4  # of the six figures: the bar of METRICS 5
STARTER = Path(__file__).parents[1] / "starter" / "music"


@dataclass(frozen=True)
class Opening:
    """The first bars of a work, with a pickup where it has one, and what people wrote in the bars after them."""

    work: Work
    given: Piece
    followed_by: Passage


@dataclass(frozen=True)
class Continuation:
    """What was written after an opening; None where the composer refused to go on."""

    opening: Opening
    written: Passage | None


@dataclass(frozen=True)
class Comparison:
    """A figure: the median of ours, and the quartiles and median of people's; NaN where no passage has it.

    is_inside: the median of ours lies within people's quartiles, both included; None where one side has no figure.
    """

    ours: float
    lower_quartile: float
    people: float
    upper_quartile: float

    @property
    def is_inside(self) -> bool | None:
        if math.isnan(self.ours) or math.isnan(self.people):
            return None
        return self.lower_quartile <= self.ours <= self.upper_quartile


def openings(works: Iterable[Work]) -> list[Opening]:
    """Return the openings of the test works that have enough whole bars in one time signature, and notes in the first."""
    found = (_opening(work) for work in works if work.split == "test")
    return [opening for opening in found if opening is not None]


def write_continuations(
    composer: Composer,
    chosen: Sequence[Opening],
    count: int,
    *,
    sampling: Sampling | None = None,
    report: Callable[[int, int], None] = lambda done, total: None,
) -> Iterator[Continuation]:
    """Yield so many continuations, spread evenly over the openings, each with its own seed 0, 1, 2 ...

    sampling: the composer's own where None. RequestError where there is no opening.
    """
    if not chosen:
        raise RequestError(
            f"no held-out work has {GIVEN_BARS + WRITTEN_BARS} whole bars in one time signature; name a folder with more works"
        )
    for seed in range(count):
        report(seed, count)
        asked = Asked(seed) if sampling is None else Asked(seed, sampling=sampling)
        opening = chosen[seed * len(chosen) // count]
        yield Continuation(opening, _written(composer, opening, asked))


def compare(continuations: Sequence[Continuation]) -> dict[str, Comparison]:
    """Return each figure of what was written beside that of people, every work of theirs counted once."""
    ours = [music_figures(c.written) for c in continuations if c.written is not None]
    works = {c.opening.work.id: c.opening for c in continuations}
    people = [music_figures(opening.followed_by) for opening in works.values()]
    return {name: _compared([f[name] for f in ours], [f[name] for f in people]) for name in FIGURES}


def compare_by_style(continuations: Sequence[Continuation]) -> dict[str, dict[str, Comparison]]:
    """Return the comparison of "all", then of each style by itself, in which quartiles are narrower."""
    styles = dict.fromkeys(c.opening.work.style for c in continuations)
    by_style = {style: compare([c for c in continuations if c.opening.work.style == style]) for style in styles}
    return {"all": compare(continuations), **by_style}


def count_inside(compared: Mapping[str, Comparison]) -> int:
    """Return how many figures lie inside; at least ENOUGH_INSIDE should."""
    return sum(figure.is_inside is True for figure in compared.values())


def _opening(work: Work) -> Opening | None:
    bars = work.piece.bars
    first = next((place for place, bar in enumerate(bars) if _is_whole(bar)), len(bars))
    measured = bars[first : first + GIVEN_BARS + WRITTEN_BARS]
    if first > 1 or len(measured) < GIVEN_BARS + WRITTEN_BARS or not all(map(_is_whole, measured)):
        return None
    if len({bar.time_signature for bar in measured}) > 1:
        return None
    known, following = bars[: first + GIVEN_BARS], measured[GIVEN_BARS:]
    given = Piece(
        known,
        {voice: _cut_notes(notes, known) for voice, notes in work.piece.parts.items()},
        _cut_chords(work.piece.chords, known),
        work.piece.key,
    )
    if not any(given.parts.values()):
        return None  # songs that begin with eight bars without their singer
    return Opening(work, given, _passage(work.piece, following, work.piece.chords))


def _is_whole(bar: Bar) -> bool:
    return bar.duration_ticks == bar.time_signature.bar_ticks


def _written(composer: Composer, opening: Opening, asked: Asked) -> Passage | None:
    try:
        more = composer.continue_piece(opening.given, WRITTEN_BARS, asked)
    except RequestError:
        return None
    # The last chord that was given holds until the first that is written.
    return _passage(more, more.bars, _held_on(opening.given.chords, more))


def _held_on(given: Sequence[ChordSpan], more: Piece) -> tuple[ChordSpan, ...]:
    if not given or not more.chords:
        return more.chords
    start, first = more.bars[0].onset_ticks, more.chords[0].onset_ticks
    held = [ChordSpan(start, first - start, given[-1].symbol)] if first > start else []
    return (*held, *more.chords)


def _passage(piece: Piece, bars: Sequence[Bar], chords: Iterable[ChordSpan]) -> Passage:
    start = bars[0].onset_ticks
    notes = sorted(note for part in piece.parts.values() for note in _cut_notes(part, bars))
    return Passage(
        tuple(replace(note, onset_ticks=note.onset_ticks - start) for note in notes),
        tuple(replace(span, onset_ticks=span.onset_ticks - start) for span in _cut_chords(chords, bars)),
        bars[0].time_signature,
        len(bars),
    )


def _cut_notes(notes: Iterable[Note], bars: Sequence[Bar]) -> tuple[Note, ...]:
    """Return the notes that begin in these bars, each at most to their end.

    A note that is held into them is left out on both sides: no composer writes the end of a note that it was given.
    """
    start, end = bars[0].onset_ticks, bars[-1].end_ticks
    return tuple(
        replace(note, duration_ticks=min(note.end_ticks, end) - note.onset_ticks)
        for note in notes
        if start <= note.onset_ticks < end
    )


def _cut_chords(chords: Iterable[ChordSpan], bars: Sequence[Bar]) -> tuple[ChordSpan, ...]:
    """Return the parts of the chords that lie in these bars."""
    first, last = bars[0].onset_ticks, bars[-1].end_ticks
    ends = [(max(s.onset_ticks, first), min(s.onset_ticks + s.duration_ticks, last), s.symbol) for s in chords]
    return tuple(ChordSpan(start, end - start, symbol) for start, end, symbol in ends if end > start)


def _compared(ours: Sequence[float], people: Sequence[float]) -> Comparison:
    _, middle, _ = _quartiles(ours)
    return Comparison(middle, *_quartiles(people))


def _quartiles(values: Sequence[float]) -> tuple[float, float, float]:
    """Return the lower quartile, the median and the upper quartile of the values that are there; NaN where none is."""
    there = [value for value in values if not math.isnan(value)]
    if not there:
        return math.nan, math.nan, math.nan
    low, middle, high = np.quantile(there, (0.25, 0.5, 0.75))
    return float(low), float(middle), float(high)
