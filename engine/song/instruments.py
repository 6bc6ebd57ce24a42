"""The same notes on another instrument. Does not know models, and changes no note."""

from __future__ import annotations

from dataclasses import replace

from engine.errors import RequestError
from engine.music.heard import find_melody
from engine.music.programs import program_named
from engine.music.score import Score
from engine.music_edit_requests import InstrumentRequest
from engine.song.edits import edited, source_and_score
from engine.song.making import MadeSong, Making
from engine.song.parts import part_of


def change_instrument(request: InstrumentRequest, making: Making) -> MadeSong:
    """Let another instrument play the melody, a part or a track. RequestError where there is none, or both are named."""
    with making.stage("edit"):
        source, score = source_and_score(making)
        program = program_named(request.instrument)
        places = _places(request, score)
        tracks = tuple(replace(t, program=program) if n in places else t for n, t in enumerate(score.tracks))
    return edited(request, source, replace(score, tracks=tracks), source.sheet, making)


def _places(request: InstrumentRequest, score: Score) -> set[int]:
    """Return which tracks are meant."""
    if request.part is not None and request.track is not None:
        raise RequestError("name a part of the band or a track; one of the two")
    called = [part_of(track) == "melody" for track in score.tracks]
    if request.part is None:
        return {find_melody(score, request.track, called)}
    pitched = {n: part_of(track) for n, track in enumerate(score.tracks) if track.notes and not track.is_drum}
    wanted = request.part.strip().lower()
    found = {n for n, part in pitched.items() if part == wanted}
    if not found:
        there = ", ".join(dict.fromkeys(pitched.values())) or "none that has a name"
        raise RequestError(f"there is no part {request.part[:20]!r} in this music; it has: {there}")
    return found
