"""Streams sampled from a checkpoint of any family of music, counted by what that family may write. Does not know how one writes.

A stream of events may be refused by its grammar. A piano roll, and a melody of MusicVAE, is refused where it comes back from
a MIDI file as another one: then it holds something that is no note.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.checkpoint import open_checkpoint
from engine.contract import Sampling
from engine.evaluation.event_streams import StreamFigures, stream_figures
from engine.music.midi_file import score_to_midi
from engine.music.midi_reading import midi_to_score
from engine.music.score import Score, Track

SEED = 0


@dataclass(frozen=True)
class Asked:
    """count: streams. events: the most of a stream, or frames of a roll. low, high: pitches, both included."""

    count: int
    events: int
    low: int
    high: int


def sampled_figures(checkpoint: Path, asked: Asked) -> tuple[str, StreamFigures]:
    """Return what wrote, for people, and the figures of what it wrote; the same checkpoint gives the same figures.

    CheckpointError for a checkpoint that writes no music.
    """
    family = open_checkpoint(checkpoint).family
    if family == "piano-roll-rnn":
        return f"{family}, frames of eighths", _roll_figures(checkpoint, asked)
    if family == "music-vae":
        return f"{family}, melodies in sixteenths", _melody_figures(checkpoint, asked)
    from engine.music.event_model import open_event_model

    model = open_event_model(checkpoint)
    written = model.write(
        range(asked.count), most_events=asked.events, sampling=Sampling(temperature=1.0, top_p=1.0),
        pitches=(asked.low, asked.high),
    )  # fmt: skip
    streams = [stream.ids for stream in written]
    return f"{family} over {model.vocabulary.name}", stream_figures(
        model.vocabulary, streams, low=asked.low, high=asked.high
    )


def _roll_figures(checkpoint: Path, asked: Asked) -> StreamFigures:
    """Return the figures of piano rolls, of as many frames each as there may be events."""
    import torch

    from engine.music.piano_roll import roll_to_score, score_to_roll
    from engine.music.piano_roll_model import EIGHTH_TICKS, open_piano_roll_rnn

    network = open_piano_roll_rnn(checkpoint)
    generator = torch.Generator().manual_seed(SEED)
    with torch.inference_mode():
        rolls = network.sample(network.new_state(asked.count), asked.events, generator).numpy()
    scores = [roll_to_score(roll, EIGHTH_TICKS) for roll in rolls]
    returned = [score_to_roll(_through_midi(score), EIGHTH_TICKS) for score in scores]
    return _figures((_is_start(back, roll) for roll, back in zip(rolls, returned, strict=True)), scores, asked)


def _melody_figures(checkpoint: Path, asked: Asked) -> StreamFigures:
    """Return the figures of melodies, of as many bars as the model has."""
    from engine.music.melody_bars import BAR_TICKS, to_notes, to_symbols
    from engine.music.music_vae import open_music_vae

    model = open_music_vae(checkpoint)
    melodies, bars = model.sample(asked.count, seed=SEED, temperature=1.0), model.shape.bars
    scores = [Score((Track("melody", 0, to_notes(melody)),), bars * BAR_TICKS) for melody in melodies]
    returned = [
        to_symbols([note for track in _through_midi(score).tracks for note in track.notes], bars) for score in scores
    ]
    return _figures((np.array_equal(a, b) for a, b in zip(melodies, returned, strict=True)), scores, asked)


def _through_midi(score: Score) -> Score:
    return midi_to_score(score_to_midi(score))


def _is_start(start: np.ndarray, roll: np.ndarray) -> bool:
    """Say whether a roll comes back as it was, but for silence at its end."""
    return np.array_equal(start, roll[: len(start)]) and not roll[len(start) :].any()


def _figures(accepted: Iterable[bool], scores: list[Score], asked: Asked) -> StreamFigures:
    refused = sum(not is_accepted for is_accepted in accepted)
    leaving = sum(
        not asked.low <= min(pitches) <= max(pitches) <= asked.high
        for score in scores
        if (pitches := [note.pitch for track in score.tracks for note in track.notes])
    )
    return StreamFigures(len(scores), refused, leaving, finished=len(scores))
