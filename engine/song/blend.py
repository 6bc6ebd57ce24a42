"""The way from one melody to another: melodies in between, of 2 to 16 bars each. Does not know how the model finds them.

The model of two bars goes the way of every two bars by itself: what it remembers of 16 bars at once is not near enough yet.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from engine.contract import Artifact
from engine.errors import RequestError
from engine.music.bars import bars_of
from engine.music.heard import find_melody, melody_line
from engine.music.key_finding import key_of_score
from engine.music.melody_bars import STEP_TICKS, Symbols, is_whole, silent_bars, to_notes, to_symbols
from engine.music.midi_file import score_to_midi
from engine.music.music_vae import MusicVae, open_music_vae
from engine.music.score import Marker, Score, TempoChange, Track
from engine.music_edit_requests import BLEND_STEPS_RANGE, BlendRequest
from engine.song.edits import edited, main_tempo, source_and_score
from engine.song.files import slug
from engine.song.making import MadeSong, Making, SourceSong
from engine.song.parts import part_of

STARTER = Path(__file__).parents[1] / "starter" / "blend"
LENGTHS = (16, 8, 4, 2)  # bars
LONGEST_NAME = 36  # characters of each title in the title of both


@lru_cache
def starter_model() -> MusicVae:
    """Open the model of two bars that comes with the engine, once."""
    return open_music_vae(STARTER)


def blend(request: BlendRequest, making: Making, open_model: Callable[[], MusicVae] = starter_model) -> MadeSong:
    """Return the melodies on the way, one after another with markers 1, 2, ..., and each as a MIDI file of its own.

    The first and the last are those of the two songs as they are, on the grid of sixteenths. RequestError where a song
    has no melody, or no 2 bars of 4/4 of it.
    """
    low, high = BLEND_STEPS_RANGE
    if not low <= request.steps <= high:
        raise RequestError(f"steps must be {low}-{high}, got {request.steps}")
    if request.bars not in (None, *LENGTHS):
        raise RequestError(f"bars must be {', '.join(map(str, LENGTHS))}, got {request.bars}")
    with making.stage("edit"):
        ends = source_and_score(making), source_and_score(replace(making, source=making.other))
        first, last = _melodies(ends, request.bars)
    with making.stage("melody"):
        model = open_model()
        way = _way(model, first, last, request.steps, making.seed)
        (one, score), (other, _) = ends
        title = f"{_short(one.title)} → {_short(other.title)}"
        blended = _in_a_row(way, score, title)
        steps = [_in_a_row(way[n : n + 1], score, f"{title} ({n + 1})") for n in range(len(way))]
    made = edited(request, SourceSong(title, "", blended), blended, None, making)
    made = replace(made, report=made.report.model_copy(update={"model_versions": {"blend": model.version}}))
    if making.outputs is not None and "mid" not in making.outputs:
        return made
    files = (Artifact(f"{slug(title)}-{n}.mid", "audio/midi", score_to_midi(step)) for n, step in enumerate(steps, 1))
    return replace(made, artifacts=(*files, *made.artifacts))  # the whole way last, which is what a folder is told by


def _way(model: MusicVae, first: Symbols, last: Symbols, steps: int, seed: int) -> Symbols:
    """Return the melodies on the way (steps, S), found for as many bars at once as the model has."""
    count = len(first) // model.shape.steps
    pairs = zip(np.split(first, count), np.split(last, count), strict=True)
    return np.concatenate([model.interpolate(a, b, steps, seed=seed) for a, b in pairs], 1)


def _melodies(ends: tuple[tuple[SourceSong, Score], ...], asked: int | None) -> tuple[Symbols, Symbols]:
    """Return a melody of each song, as many bars long as both have, or as was asked for."""
    lengths = LENGTHS if asked is None else (asked,)
    for bars in lengths:
        first, last = (_melody(score, bars) for _, score in ends)
        if first is not None and last is not None:
            return first, last
    short = ends[0][0].title if first is None else ends[1][0].title
    raise RequestError(
        f"{_short(short)!r} has no melody of {lengths[-1]} bars of 4/4 in a row; blend music in 4/4, or fewer bars of it"
    )


def _melody(score: Score, bars: int) -> Symbols | None:
    """Return so many 4/4 bars of the melody: those with the fewest silent bars, the earliest of equals; None without any.

    At most every second bar may be silent: songs breathe between their lines, and an intro is no melody.
    """
    line, all_bars = melody_line(_melody_track(score)), bars_of(score)
    best: tuple[int, Symbols] | None = None
    for first in range(len(all_bars) - bars + 1):
        if all(map(is_whole, all_bars[first : first + bars])):
            try:
                symbols = to_symbols(line, bars, all_bars[first].onset_ticks)
            except ValueError:  # beyond the keys of a piano
                continue
            silent = silent_bars(symbols)
            if silent <= bars // 2 and (best is None or silent < best[0]):
                best = silent, symbols
    return None if best is None else best[1]


def _in_a_row(way: Symbols, like: Score, title: str) -> Score:
    """Return melodies (N, S) as one score: the track, tempo and program of the first song's melody."""
    length = way.shape[1] * STEP_TICKS
    notes = tuple(note for n, symbols in enumerate(way) for note in to_notes(symbols, n * length))
    score = Score(
        tracks=(Track("Melody", _melody_track(like).program, notes),),
        length_ticks=len(way) * length,
        tempos=(TempoChange(0, main_tempo(like)),),
        markers=tuple(Marker(n * length, str(n + 1)) for n in range(len(way))),
        title=title,
    )
    return replace(score, key_name=str(key_of_score(score)))


def _melody_track(score: Score) -> Track:
    return score.tracks[find_melody(score, None, [part_of(track) == "melody" for track in score.tracks])]


def _short(title: str) -> str:
    return title if len(title) <= LONGEST_NAME else title[: LONGEST_NAME - 1].rstrip() + "…"
