"""Some bars written anew between what is before and what comes after; everything outside them stays.

Does not know how notes are found.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from engine.music.lead_sheet import ChordSpan, LeadSheet
from engine.music.piece import Piece, Voice
from engine.music.score import Score, Track
from engine.music_edit_requests import InfillRequest
from engine.song.composing import (
    asked_of,
    chosen_bars,
    composed,
    composer_of,
    is_own_melody,
    is_sung,
    line_range,
    need_notes,
    with_track,
)
from engine.song.edits import source_and_score
from engine.song.making import MadeSong, Making, SourceSong
from engine.song.new_lines import WORDS_STAY, followed_by_sheet, with_new_line, with_other_pitches
from engine.song.note_room import spliced
from engine.song.piece_of_score import ScorePiece, is_single, piece_of_source
from engine.song.revoicing import ChordLine, revoiced
from engine.song.sheet_changes import with_chords_between
from engine.song.voice_tracks import in_range, over_chords, with_voice, with_voice_and_rest

UNDER: tuple[Voice, ...] = ("alto", "tenor", "bass")


def infill(request: InfillRequest, making: Making) -> MadeSong:
    """Write some bars anew: all tracks but the drums, or one. Notes that begin before the bars and sound on stay.

    Where words are sung the melody keeps its rhythm. RequestError where there is nothing to go by.
    """
    with making.stage("plan"):
        composer_of(making)
        source, score = source_and_score(making)
        bars = chosen_bars(request.bars, score)
        told = piece_of_source(source, request.track, split=True)
        start, end = told.span(bars)
        sung, is_own = is_sung(source, told, bars), is_own_melody(source, told)
        sings = sung and any(start <= note.onset_ticks < end for note in told.lead_track.notes)
        if sung and request.track is not None:
            need_notes(told.lead_track.notes, start, end)
    with making.stage("compose"):
        if request.track is not None:
            track = _one_track(told, bars, making, sung=sung)
            score = with_track(score, told.tracks[told.lead], track)
            sheet = followed_by_sheet(source, told, track, bars, pitches_only=sung) if is_own else source.sheet
        else:
            score, sheet = _all_tracks(source, told, bars, making, sung=sung)
    if sings:
        making.notices.append(WORDS_STAY)
    return composed(request, source, score, sheet, making)


def _one_track(told: ScorePiece, bars: tuple[int, int], making: Making, *, sung: bool) -> Track:
    """Return one track written anew over the chords that are there."""
    if sung:
        return with_other_pitches(told, bars, making)
    if not is_single(told.lead_track):
        return _patterned(told.lead_track, told, bars)
    piece, inside = told.around(bars)
    if told.lead in UNDER and (piece.parts.get("melody") or piece.parts.get("soprano")):
        asked = asked_of(making, limits=line_range(told))
        found = composer_of(making).voices_for(piece, inside, asked)[told.lead]
        return with_voice(told, told.lead, in_range(found, line_range(told)), bars)
    return with_new_line(told, bars, making)


def _all_tracks(
    source: SourceSong, told: ScorePiece, bars: tuple[int, int], making: Making, *, sung: bool
) -> tuple[Score, LeadSheet | None]:
    """Return the score with the bars written anew in every pitched track, and the lead sheet that follows."""
    piece, inside = told.around(bars)
    answer = composer_of(making).infill(piece, inside, asked_of(making))
    start, end = told.span(bars)
    chords = with_chords_between(told.piece.chords, answer.chords, start, end)
    before, after = ChordLine(told.piece.chords), ChordLine(chords)
    tracks = list(told.score.tracks)
    voices = {place: voice for voice, place in told.tracks.items()}
    for place, track in enumerate(tracks):
        if place in voices and not (sung and voices[place] == told.lead):
            tracks[place] = with_voice_and_rest(told, voices[place], answer, bars, (before, after))
        elif place not in voices and not track.is_drum:
            tracks[place] = over_chords(track, start, end, (before, after), told.key)
    sheet = source.sheet
    if sheet is not None:
        sheet = replace(sheet, chords=chords)
    lead = _sung_over(told, piece, answer, chords, bars, making) if sung else tracks[told.tracks[told.lead]]
    tracks[told.tracks[told.lead]] = lead
    changed = replace(source, sheet=sheet)
    return (
        replace(told.score, tracks=tuple(tracks)),
        followed_by_sheet(changed, told, lead, bars, pitches_only=sung),
    )


def _sung_over(
    told: ScorePiece, piece: Piece, answer: Piece, chords: Sequence[ChordSpan], bars: tuple[int, int], making: Making
) -> Track:
    """Return the melody with other pitches over what was written around it; a bar without a note of it stays empty."""
    start, end = told.span(bars)
    if not any(start <= note.onset_ticks < end for note in told.lead_track.notes):
        return told.lead_track
    parts = {
        voice: tuple(sorted([*(n for n in part if not start <= n.onset_ticks < end), *answer.parts.get(voice, ())]))
        for voice, part in piece.parts.items()
    }
    return with_other_pitches(told, bars, making, shown=replace(piece, parts=parts, chords=tuple(chords)))


def _patterned(track: Track, told: ScorePiece, bars: tuple[int, int]) -> Track:
    """Return a track of chords with the pattern of the bars before in some bars, or of those after, over their chords."""
    start, end = told.span(bars)
    length = end - start
    chords = ChordLine(told.piece.chords)
    for moved in (length, -length):
        source = [n for n in track.notes if start - moved <= n.onset_ticks < end - moved]
        if source and start - moved >= 0:
            new = revoiced(source, chords, chords, told.key, later_ticks=moved)
            return replace(track, notes=spliced(track.notes, new, start, min(end, told.score.length_ticks)))
    return track
