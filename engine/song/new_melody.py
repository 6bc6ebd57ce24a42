"""A new melody over the chords that are there; every other track stays. Does not know how notes are found."""

from __future__ import annotations

from engine.errors import RequestError
from engine.music_edit_requests import NewMelodyRequest
from engine.song.composing import chosen_bars, composed, composer_of, is_own_melody, is_sung, need_notes, with_track
from engine.song.edits import source_and_score
from engine.song.making import MadeSong, Making
from engine.song.new_lines import WORDS_STAY, followed_by_sheet, with_new_line, with_other_pitches
from engine.song.piece_of_score import piece_of_source


def new_melody(request: NewMelodyRequest, making: Making) -> MadeSong:
    """Write the melody anew in the bars that are named, in its range and on its instrument.

    Where it sings words its rhythm stays, so that each syllable keeps its note. RequestError where there is no melody.
    """
    with making.stage("plan"):
        composer_of(making)
        source, score = source_and_score(making)
        told = piece_of_source(source, request.track)
        bars = chosen_bars(request.bars, score)
        sung = is_sung(source, told, bars)
        is_own_melody(source, told)
        if sung:
            need_notes(told.lead_track.notes, *told.span(bars))
    with making.stage("compose"):
        track = with_other_pitches(told, bars, making) if sung else with_new_line(told, bars, making)
    if not track.notes:
        raise RequestError("no melody was found for these bars; try again, or name more bars")
    if sung:
        making.notices.append(WORDS_STAY)
    sheet = followed_by_sheet(source, told, track, bars, pitches_only=sung)
    return composed(request, source, with_track(score, told.tracks[told.lead], track), sheet, making)
