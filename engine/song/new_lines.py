"""A voice written anew in some bars: its pitches alone where words are sung, or all of its notes. Does not know requests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from engine.music.lead_sheet import LeadSheet
from engine.music.piece import Piece
from engine.music.score import Note, Track
from engine.song.composing import TRIES, asked_of, composer_of, is_own_melody, line_range
from engine.song.making import Making, SourceSong
from engine.song.note_room import held_until, repitched, written_anew
from engine.song.piece_of_score import ScorePiece, moments_of
from engine.song.sheet_changes import with_notes_between, with_pitches_of
from engine.song.voice_tracks import as_loud_as, sounding_from

WORDS_STAY = "the words stay sung, so the melody keeps its rhythm and has new pitches"
_LEAP = 12  # semitones; a way of joining on is judged by its leaps, in octaves


def with_other_pitches(
    told: ScorePiece, bars: tuple[int, int], making: Making, *, amount: int = 100, shown: Piece | None = None
) -> Track:
    """Return the track that is meant with other pitches in some bars, in its own range; its rhythm stays.

    amount: percent of its notes that may change. shown: the music around it, where other voices have changed.
    """
    composer = composer_of(making)
    piece, inside = told.around(bars)
    if shown is not None:
        piece = replace(shown, parts={**shown.parts, told.lead: piece.parts[told.lead]})
    asked = asked_of(making, amount=amount, limits=line_range(told))
    found = composer.other_pitches(piece, told.lead, inside, asked)
    moments = told.moments[told.lead]
    pitches = {moments[note.onset_ticks].onset_ticks: note.pitch for note in found}
    return repitched(told.lead_track, pitches, told.key)


def with_new_line(told: ScorePiece, bars: tuple[int, int], making: Making) -> Track:
    """Return the track that is meant with new notes in some bars, over the chords that are there and in its own range.

    Of a few lines that is taken which joins best on the notes before and after, and has about as many notes as they.
    """
    track, (start, end) = told.lead_track, told.span(bars)
    piece, inside = told.around(bars)
    asked = [asked_of(making, limits=line_range(told), salt=n) for n in range(TRIES)]
    begins = held_until(track.notes, start)
    lines = [composer_of(making).melody_for(piece, inside, how) for how in asked]
    found = [sounding_from(as_loud_as(track, line), begins) for line in lines]
    best = min(found, key=lambda line: _strangeness(line, track, start, end))
    return replace(track, notes=written_anew(track.notes, best, start, min(end, told.score.length_ticks)))


def followed_by_sheet(
    source: SourceSong, told: ScorePiece, track: Track, bars: tuple[int, int], *, pitches_only: bool
) -> LeadSheet | None:
    """Return the lead sheet with the changed track, if that is its melody; the sheet as it was otherwise."""
    if source.sheet is None or not is_own_melody(source, told):
        return source.sheet
    if pitches_only:
        return with_pitches_of(source.sheet, [moment.top for moment in moments_of(track)])
    return with_notes_between(source.sheet, track.notes, *told.span(bars))


def _strangeness(line: Sequence[Note], track: Track, start: int, end: int) -> float:
    """Return how badly a line joins its neighbours: its leaps at both ends, and how far its number of notes is from theirs."""
    before = [note for note in track.notes if note.onset_ticks < start]
    after = [note for note in track.notes if note.onset_ticks >= end]
    if not line:
        return 100.0
    leaps = [abs(line[0].pitch - before[-1].pitch)] if before else []
    leaps += [abs(after[0].pitch - line[-1].pitch)] if after else []
    here = sum(start <= note.onset_ticks < end for note in track.notes)
    there = abs(len(line) - here) / here if here else 0.0
    return sum(leaps) / _LEAP + there
