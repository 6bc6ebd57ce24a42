"""A piece that a model of events writes, with its ids gathered into notes and other events. Does not know how a model works.

Bars and places are in steps of the vocabulary's grid. Note events know no bars: theirs are those of 4/4.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from engine.checkpoint import Checkpoint
from engine.contract import Sampling
from engine.errors import RequestError
from engine.music.multitrack_events import MultitrackEvents
from engine.music.part_vocabulary import STEPS_PER_QUARTER as PART_STEPS_PER_QUARTER
from engine.music.part_vocabulary import VOCABULARY as PARTS
from engine.music.part_vocabulary import chord_symbol
from engine.music.theory import Key

MOST_EVENTS = 640  # ids of a piece: eight bars of a chorale are 400
COMPOSER_BARS = 8  # what the composer writes at once
QUARTERS = 4  # of a bar of 4/4
MELODY_RANGE = (60, 79)
_NOTE = re.compile(r"(?:n|Pitch_|DrumPitch_|pitch:)(\d+)")
_DURATION = re.compile(r"(?:d|Duration_|Long_|duration:)(\d+)")
_SAID_BEFORE = re.compile(r"xxpad|Velocity_\d+")  # belongs to the event before it, and adds nothing to its name
_LETTERS = "C C# D D# E F F# G G# A A# B".split()
_NAMES = {"xxbos": "start", "xxeos": "end", "xxsep": "move", "<start>": "start", "<end>": "end"}


@dataclass(frozen=True)
class Event:
    """Ids first to stop - 1, which say one thing. step: where it stands. pitch: None for what is no note.

    steps: how long a note is, or how far a move goes; 0 for other events.
    """

    first: int
    stop: int
    name: str
    step: int
    pitch: int | None = None
    steps: int = 0


@dataclass(frozen=True)
class MusicWithIds:
    """bar_starts: the step of each bar, and of the end behind the last."""

    ids: tuple[int, ...]
    steps: tuple[int, ...]  # of each id
    events: tuple[Event, ...]
    bar_starts: tuple[int, ...]
    steps_per_quarter: int

    @property
    def bars(self) -> int:
        return len(self.bar_starts) - 1

    def bar_of(self, step: int) -> int:
        """Return the number of the bar, from 1, that a step lies in."""
        return min(int(np.searchsorted(self.bar_starts, step, side="right")), self.bars)

    def up_to(self, bar: int) -> MusicWithIds:
        """Return the piece up to the end of a bar, 1 or more; RequestError where it has fewer, or the bar is empty."""
        if not 1 <= bar <= self.bars:
            raise RequestError(
                f"--bar must be 1-{self.bars}, for so long is this piece, got {bar}; or try another --seed"
            )
        events = tuple(event for event in self.events if self.bar_of(event.step) <= bar)
        if self.bar_of(events[-1].step) < bar or events[-1].first == 0:
            raise RequestError(f"nothing is written in bar {bar} of this piece; choose another --bar or another --seed")
        stop = events[-1].stop
        return replace(
            self, ids=self.ids[:stop], steps=self.steps[:stop], events=events, bar_starts=self.bar_starts[: bar + 1]
        )


def written_by(checkpoint: Checkpoint, seed: int) -> MusicWithIds:
    """Return a piece that a checkpoint writes from nothing; the same seed gives the same."""
    return _composed(checkpoint, seed) if "event_vocabulary" not in checkpoint.config else _of_events(checkpoint, seed)


def _of_events(checkpoint: Checkpoint, seed: int) -> MusicWithIds:
    from engine.music.event_model import open_event_model

    model = open_event_model(checkpoint.directory)
    vocabulary, most = model.vocabulary, min(MOST_EVENTS, model.model.context_length)
    ids = model.write([seed], most_events=most, sampling=Sampling(temperature=0.9, top_p=0.95))[0].ids
    steps = vocabulary.onsets(ids).tolist()
    names = [vocabulary.token_of(token) for token in ids]
    if isinstance(vocabulary, MultitrackEvents):
        starts = [step for step, name in zip(steps, names, strict=True) if name == "Bar"]
        starts.append(max(steps[-1] + 1, 2 * starts[-1] - starts[-2] if len(starts) > 1 else 0))
    else:
        bar_steps = QUARTERS * vocabulary.steps_per_quarter
        starts = list(range(0, steps[-1] + bar_steps + 1, bar_steps))
    return gathered(ids, names, steps, starts, vocabulary.steps_per_quarter)


def _composed(checkpoint: Checkpoint, seed: int) -> MusicWithIds:
    """Return eight bars of melody and chords in C major by the composer, whose task is to go on from nothing."""
    from engine.decoding import Sequence as Wanted
    from engine.decoding import decode
    from engine.music.part_events import prefix
    from engine.music.part_grammar import StreamGrammar
    from engine.music.piece_grid import GridBar
    from engine.song.models import open_music_model

    model = open_music_model(checkpoint.directory).model
    bar_steps = QUARTERS * PART_STEPS_PER_QUARTER
    bars = [GridBar(0, bar_steps, "4/4") for _ in range(COMPOSER_BARS)]
    prompt = prefix("continue", "song", minor=False)
    grammar = StreamGrammar(bars, ("melody",), chords=True, ranges={"melody": MELODY_RANGE})
    wanted = Wanted(prompt, Sampling(temperature=0.9, top_p=0.95), seed, model.context_length - len(prompt), grammar)
    ids = [*prompt, *decode(model, [wanted])[0].ids]
    steps, bar, place = [], -1, 0
    for token in ids:
        if PARTS.kind(token) == "bar":
            bar, place = bar + 1, 0
        elif PARTS.kind(token) == "position":
            place = PARTS.value(token)
        steps.append(max(bar, 0) * bar_steps + place)
    starts = list(range(0, (max(bar, 0) + 2) * bar_steps, bar_steps))
    return gathered(ids, [_part_name(token) for token in ids], steps, starts, PART_STEPS_PER_QUARTER)


def _part_name(token: int) -> str:
    return f"chord {chord_symbol(token, 0, Key.parse('C'))}" if PARTS.kind(token) == "chord" else PARTS.names[token]


def gathered(
    ids: Sequence[int], names: Sequence[str], steps: Sequence[int], bar_starts: Sequence[int], steps_per_quarter: int
) -> MusicWithIds:
    """Return ids with their names and steps as notes and other events; bar_starts: as of `MusicWithIds`."""
    events: list[Event] = []
    for place, (name, step) in enumerate(zip(names, steps, strict=True)):
        duration, is_more = _DURATION.fullmatch(name), _SAID_BEFORE.fullmatch(name)
        if events and (duration or is_more):
            more = int(duration[1]) if duration else 0
            events[-1] = replace(events[-1], stop=place + 1, steps=events[-1].steps + more)
            continue
        note = _NOTE.fullmatch(name)
        pitch = int(note[1]) if note else None
        events.append(Event(place, place + 1, _shown(name, pitch), step, pitch))
    named = (replace(event, name=f"move {event.steps}") if event.name == "move" else event for event in events)
    return MusicWithIds(tuple(ids), tuple(steps), tuple(named), tuple(bar_starts), steps_per_quarter)


def _shown(name: str, pitch: int | None) -> str:
    """Return a name for people: "C4", "position 12", "chord Am"."""
    if name.startswith("DrumPitch_"):
        return f"drum {pitch}"
    if name[:5] in ("chord", "Chord"):
        return f"chord {name[6:]}"
    if pitch is not None:
        return f"{_LETTERS[pitch % 12]}{pitch // 12 - 1}"
    return _NAMES.get(name) or re.sub("[_:]", " ", name).strip("<>").lower()
