"""Nats per note of melodies under a model and under counting baselines, same factorisation. Does not know training.

Nats per note is the sum of three losses (position, pitch, duration), averaged over all notes of a split. Words, line
lengths and chords are given to the model; the baselines see only earlier notes (METRICS 2).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from engine.corpus.lead_sheets import SungWork
from engine.music.melody_tokens import (
    HEADER_TOKENS,
    HIGHEST_PITCH,
    LONGEST_DURATION_STEPS,
    LOWEST_PITCH,
    TOKENS_PER_NOTE,
    Melody,
    encode,
)

WINDOW_NOTES = 72
CHOSEN = ("position", "pitch", "duration")
CHOSEN_PLACES = (3, 5, 6)
SMOOTHINGS = (0.01, 0.03, 0.1, 0.3, 1.0)


@dataclass(frozen=True)
class NoteLoss:
    """Nats of one note's three choices."""

    position: float
    pitch: float
    duration: float

    @property
    def total(self) -> float:
        return self.position + self.pitch + self.duration


def note_losses(model: Any, melody: Melody) -> list[NoteLoss]:
    """Return the loss of every note, in windows of 72 notes of which the first half is only context."""
    import torch

    ids, _ = encode(melody)
    notes, start = (len(ids) - HEADER_TOKENS) // TOKENS_PER_NOTE, 0
    losses: list[NoteLoss] = []
    while len(losses) < notes:
        first = HEADER_TOKENS + start * TOKENS_PER_NOTE
        window = ids[:HEADER_TOKENS] + ids[first : first + WINDOW_NOTES * TOKENS_PER_NOTE]
        with torch.no_grad():
            logits = model(input_ids=torch.tensor([window])).logits[0, :-1].float()  # (T, V)
        nats = torch.nn.functional.cross_entropy(logits, torch.tensor(window[1:]), reduction="none").tolist()
        for note in range(len(losses) - start, (len(window) - HEADER_TOKENS) // TOKENS_PER_NOTE):
            place = HEADER_TOKENS + note * TOKENS_PER_NOTE - 1
            losses.append(NoteLoss(*(nats[place + chosen] for chosen in CHOSEN_PLACES)))
        start += WINDOW_NOTES // 2
    return losses


def mean_nats_per_note(model: Any, melodies: Iterable[Melody]) -> dict[str, float]:
    """Return the mean nats per note over all notes, whole and by choice; NaN if there are no notes."""
    return _mean([loss for melody in melodies for loss in note_losses(model, melody)])


def baseline_nats_per_note(
    train: Sequence[Melody], melodies: Sequence[Melody], *, order: int, add: float
) -> dict[str, float]:
    """Return nats per note of counts with add-k smoothing. order 0: unigram; order 1: given the previous note.

    At order 1 a pitch is given the previous pitch and the mode, a duration the previous duration, and a position the
    time signature and where in the bar the previous note ends.
    """
    counts: dict[Hashable, Counter[int]] = {}
    totals: Counter[Hashable] = Counter()
    for context, value, _ in (event for melody in train for event in _events(melody, order)):
        counts.setdefault(context, Counter())[value] += 1
        totals[context] += 1

    def nats(context: Hashable, value: int, size: int) -> float:
        seen = counts[context][value] if context in counts else 0
        return -math.log((seen + add) / (totals[context] + add * size))

    losses = []
    for melody in melodies:
        values = [nats(*event) for event in _events(melody, order)]
        losses += [NoteLoss(*values[place : place + 3]) for place in range(0, len(values), 3)]
    return _mean(losses)


def _events(melody: Melody, order: int) -> Iterator[tuple[Hashable, int, int]]:
    """Yield (context, value, number of values) of each note's position, pitch and duration."""
    bar = melody.bar_steps
    previous = None
    for note in melody.notes:
        known: tuple[Hashable, ...] = (
            (previous.end % bar, previous.pitch, previous.duration) if previous else (None,) * 3
        )
        place, pitch, duration = known if order else (None, None, None)
        signature = melody.time_signature if order else ""
        yield ("position", signature, place), note.onset % bar, 72
        yield ("pitch", melody.mode if order else "", pitch), note.pitch, HIGHEST_PITCH - LOWEST_PITCH + 1
        yield ("duration", duration), note.duration, LONGEST_DURATION_STEPS
        previous = note


def evaluate_splits(model: Any, splits: dict[str, list[SungWork]]) -> dict[str, Any]:
    """Return nats per note of model and baselines on valid and test, the model's also by source.

    The smoothing is chosen on valid.
    """
    train = [melody for work in splits["train"] for melody in work.melodies]
    of_split = {name: [work.melodies[0] for work in splits[name]] for name in ("valid", "test")}
    found: dict[str, Any] = {
        f"{name} notes": sum(len(m.notes) for m in melodies) for name, melodies in of_split.items()
    }
    for order, label in ((0, "unigram"), (1, "first-order Markov")):
        on_valid = {add: baseline_nats_per_note(train, of_split["valid"], order=order, add=add) for add in SMOOTHINGS}
        _, add = min((losses["total"], add) for add, losses in on_valid.items())
        for name, melodies in of_split.items():
            found[f"{name} {label}"] = baseline_nats_per_note(train, melodies, order=order, add=add)
    for name in of_split:
        losses = {work.id: note_losses(model, work.melodies[0]) for work in splits[name]}
        found[f"{name} model"] = _mean([loss for of_work in losses.values() for loss in of_work])
        for source in sorted({work.source for work in splits[name]}):
            of_source = [loss for work in splits[name] if work.source == source for loss in losses[work.id]]
            found[f"{name} model, {source}"] = _mean(of_source)
    return found


def _mean(losses: Sequence[NoteLoss]) -> dict[str, float]:
    count = len(losses)
    parts = {name: sum(getattr(loss, name) for loss in losses) / count if count else math.nan for name in CHOSEN}
    return {**parts, "total": sum(parts.values())}
