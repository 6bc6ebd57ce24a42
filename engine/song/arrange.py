"""The same melody and chords with the band of another style. Does not know models: bands play by patterns."""

from __future__ import annotations

from dataclasses import replace

from engine.contract import SongReport
from engine.music_edit_requests import ArrangeRequest
from engine.song.band_of_score import band_plays, replaced_notice, with_new_tracks
from engine.song.edits import edited, source_and_score
from engine.song.making import MadeSong, Making, SourceSong
from engine.song.piece_of_score import piece_of_source
from engine.song.styles import find_style


def arrange(request: ArrangeRequest, making: Making) -> MadeSong:
    """Let the band of a style play to the melody, in the meter that it has; the melody stays as it is, as do others.

    Tracks of the same name have the new notes and instrument; a notice names the other accompaniment, which goes.
    RequestError where no band plays in this meter.
    """
    with making.stage("plan"):
        style = find_style(request.style)
        source, score = source_and_score(making)
        told = piece_of_source(source, request.track)
    with making.stage("band"):
        new = band_plays(told, source, told.piece.chords, style.band, making.seed)
        whole = [(0, score.length_ticks)]
        changed, left_out = with_new_tracks(told, new, whole, drums=True, programs=True)
    if left_out:
        making.notices.append(replaced_notice(left_out))
    return edited(request, _in_style(source, style.name, making), changed, source.sheet, making)


def _in_style(source: SourceSong, style: str, making: Making) -> SourceSong:
    told = source.report or SongReport(title=source.title, request={}, sections=(), style="", seed=making.seed)
    return replace(source, report=told.model_copy(update={"style": style}))
