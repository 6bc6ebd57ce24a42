"""A few prompts of a comparison to be looked at by people: what both models made of them, and how the judge scored it.

Knows nothing of the page that they stand on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from engine.corpus.snapshots import Take
from engine.evaluation.gate_takes import Side
from engine.music.as_json import lead_sheet_from_json

EXAMPLES = 5
TUNE_BARS = 8  # that are shown: enough to see how a tune moves


@dataclass(frozen=True)
class Tune:
    """The first bars of a tune. notes: (onset, length, pitch), in bars and MIDI numbers; bars: as long as it is, at most 8."""

    notes: tuple[tuple[float, float, int], ...]
    bars: float


@dataclass(frozen=True)
class Example:
    """The same prompt from both, with the judge's scores. tunes: of both, where it is tunes that are compared."""

    asked: str
    parent: str
    candidate: str
    scores: tuple[float, float]
    tunes: tuple[Tune, Tune] | None = None


def chosen_examples(sides: tuple[Side, Side], scores: Sequence[Sequence[float]]) -> tuple[Example, ...]:
    """Return examples spread evenly over the differences of the scores: the best for the candidate, the worst, and between."""
    order = sorted(range(len(scores[0])), key=lambda place: scores[0][place] - scores[1][place])
    chosen = (
        order
        if len(order) <= EXAMPLES
        else [order[round(k * (len(order) - 1) / (EXAMPLES - 1))] for k in range(EXAMPLES)]
    )
    return tuple(
        _example(sides[0].takes[place], sides[1].takes[place], (scores[0][place], scores[1][place])) for place in chosen
    )


def _example(parent: Take, candidate: Take, scores: tuple[float, float]) -> Example:
    return Example(_asked(parent.request), parent.text, candidate.text, scores, _tunes(parent, candidate))


def _tunes(parent: Take, candidate: Take) -> tuple[Tune, Tune] | None:
    if parent.sheet is None or candidate.sheet is None:
        return None
    return _tune(parent.sheet), _tune(candidate.sheet)


def _tune(told: dict[str, Any]) -> Tune:
    sheet = lead_sheet_from_json(told)
    bar = sheet.time_signature.bar_ticks
    notes = ((note.onset_ticks / bar, note.duration_ticks / bar, note.pitch) for note in sheet.notes)
    return Tune(tuple(note for note in notes if note[0] < TUNE_BARS), min(TUNE_BARS, sheet.length_ticks / bar))


def _asked(request: dict[str, Any]) -> str:
    """Return what was asked for in a few words."""
    more = [f"{name} {request[name]}" for name in ("form", "rhyme", "syllables", "mood", "artist") if request.get(name)]
    return ", ".join([f"“{request['theme']}”", str(request["style"]), *more])
