"""Remixes of a voice: other pitches in its rhythm, or its pitches in another rhythm. Does not know how they are found."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import replace

from engine.errors import RequestError
from engine.music.bars import first_bar
from engine.music.lead_sheet import LeadSheet
from engine.music.part_vocabulary import STEP_TICKS
from engine.music.piece import Bar
from engine.music.score import Note, Track
from engine.music_edit_requests import AMOUNT_RANGE, REMIXES, RemixRequest
from engine.song.composing import (
    asked_of,
    checked_amount,
    chosen_bars,
    composed,
    composer_of,
    is_own_melody,
    need_notes,
    with_track,
)
from engine.song.edits import source_and_score
from engine.song.making import MadeSong, Making
from engine.song.new_lines import followed_by_sheet, with_other_pitches
from engine.song.note_room import ended, with_words_moved
from engine.song.piece_of_score import Moment, ScorePiece, moments_of, piece_of_source
from engine.song.sheet_changes import with_places

LONGER_REST_TICKS = 240  # than the longest that was there
Places = dict[int, tuple[int, int]]  # onset of a moment -> its new onset and duration, in ticks


def remix(request: RemixRequest, making: Making) -> MadeSong:
    """Give a voice other pitches, with every onset and duration kept, or another rhythm, with the order of pitches kept.

    Notes stay in their bars, words with their notes, and all other tracks as they are.
    """
    with making.stage("plan"):
        composer_of(making)
        if request.what not in REMIXES:
            raise RequestError(f"what must be pitch or rhythm, got {request.what[:20]!r}")
        amount = checked_amount(request.amount, AMOUNT_RANGE)
        source, score = source_and_score(making)
        told = piece_of_source(source, request.track)
        bars = chosen_bars(request.bars, score)
        need_notes(told.lead_track.notes, *told.span(bars))
        is_own = is_own_melody(source, told)
    with making.stage("compose"):
        if request.what == "pitch":
            track = with_other_pitches(told, bars, making, amount=amount)
            sheet = followed_by_sheet(source, told, track, bars, pitches_only=True)
        else:
            places = _places(told, bars, making, amount)
            track = moved(told.lead_track, places, score.length_ticks)
            sheet = _sheet_with(source.sheet, told.lead_track, track, places) if is_own else source.sheet
    return composed(request, source, with_track(score, told.tracks[told.lead], track), sheet, making)


def _places(told: ScorePiece, bars: tuple[int, int], making: Making, amount: int) -> Places:
    """Return where the moments of some bars go; those of bars that keep their rhythm, or must, are left out."""
    by_bar = [_in_bar(told, bar) for bar in told.piece.bars[bars[0] : bars[1] + 1]]
    for number, (bar, here) in enumerate(zip(told.piece.bars[bars[0] :], by_bar, strict=False), start=bars[0]):
        if len(here) > bar.duration_ticks // STEP_TICKS:
            raise RequestError(
                f"bar {number + first_bar(told.score)} has {len(here)} notes, too many for another rhythm; name other bars"
            )
    piece, inside = told.around(bars)
    found = composer_of(making).other_rhythm(piece, told.lead, inside, asked_of(making, amount=amount))
    starts = [bar.onset_ticks for bar in piece.bars]
    longest = _longest_rest(told, bars) + LONGER_REST_TICKS
    held = _Held(told.lead_track, told.span(bars)[0], longest)
    places: Places = {}
    for number, here in enumerate(by_bar, start=inside[0]):
        new = [note for note in found if bisect_right(starts, note.onset_ticks) - 1 == number]
        spots = [(note.onset_ticks, note.duration_ticks) for note in new]
        bar = piece.bars[number]
        end = min(bar.end_ticks, told.score.length_ticks)
        if _is_another(here, spots, bar.onset_ticks, end) and held.leaves_room(here, spots):
            places |= {moment.onset_ticks: spot for moment, spot in zip(here, spots, strict=True)}
            held.take_moved()
        else:
            held.take(here)
    return _without_holes(told, places, longest)


def _longest_rest(told: ScorePiece, bars: tuple[int, int]) -> int:
    """Return how long the voice is silent at most where it plays in these bars, in ticks, up to the note after them."""
    start, end = told.span(bars)
    line = [moment for moment in moments_of(told.lead_track) if moment.onset_ticks < end]
    ends = [*(moment.onset_ticks for moment in moments_of(told.lead_track)[1:]), told.score.length_ticks]
    rests = [after - m.top.end_ticks for m, after in zip(line, ends, strict=False) if after > start]
    return max([0, *rests])


def _without_holes(told: ScorePiece, places: Places, longest: int) -> Places:
    """Return the places with notes held on where silence after them would be longer than that."""
    moments = moments_of(told.lead_track)
    onsets = [places.get(moment.onset_ticks, (moment.onset_ticks, 0))[0] for moment in moments]
    found = dict(places)
    for moment, following in zip(moments, [*onsets[1:], told.score.length_ticks], strict=True):
        if moment.onset_ticks in places:
            onset, duration = places[moment.onset_ticks]
            found[moment.onset_ticks] = onset, max(duration, following - longest - onset)
    return found


def _in_bar(told: ScorePiece, bar: Bar) -> list[Moment]:
    inside = told.moments[told.lead].values()
    here = [moment for moment in inside if bar.onset_ticks <= moment.onset_ticks < bar.end_ticks]
    return sorted(here, key=lambda moment: moment.onset_ticks)


def _is_another(here: Sequence[Moment], spots: Sequence[tuple[int, int]], start: int, end: int) -> bool:
    """Return whether places are another rhythm for as many notes, each at a place of its own between two ticks."""
    onsets = [onset for onset, _ in spots]
    if len(here) != len(spots) or len(set(onsets)) < len(onsets) or max(onsets, default=0) >= end:
        return False

    def step(onset: int) -> int:
        return round((onset - start) / STEP_TICKS)

    return [step(moment.onset_ticks) for moment in here] != [step(onset) for onset in onsets]


class _Held:
    """What sounds on when a bar begins: a voice does not begin a note earlier than it did while it holds another.

    longest: how long it may be silent after a note that stays as it is, in ticks.
    """

    def __init__(self, track: Track, start: int, longest: int) -> None:
        self._until: dict[int, int] = {}
        self._longest = longest
        self._line_until = 0
        self.take([moment for moment in moments_of(track) if moment.onset_ticks < start])

    def take(self, moments: Sequence[Moment]) -> None:
        """Take note of moments that stay as they are."""
        for moment in moments:
            for note in moment.notes:
                self._until[note.pitch] = max(self._until.get(note.pitch, 0), note.end_ticks)
            self._line_until = moment.top.end_ticks

    def take_moved(self) -> None:
        """Take note of a bar that has moved: its last notes end where the next begin."""
        self._line_until = 0

    def leaves_room(self, here: Sequence[Moment], spots: Sequence[tuple[int, int]]) -> bool:
        if spots and spots[0][0] < min(self._line_until, here[0].onset_ticks):
            return False
        if spots and self._line_until and spots[0][0] - self._line_until > self._longest:
            return False
        pairs = [(note, onset) for moment, (onset, _) in zip(here, spots, strict=True) for note in moment.notes]
        return all(self._until.get(note.pitch, 0) <= onset for note, onset in pairs)


def moved(track: Track, places: Mapping[int, tuple[int, int]], length_ticks: int) -> Track:
    """Return the track with some moments at other places, each ended where the next begins; words go with their notes."""
    moments = moments_of(track)
    onsets = [places.get(m.onset_ticks, (m.onset_ticks, 0))[0] for m in moments]
    notes: list[Note] = []
    for moment, onset, following in zip(moments, onsets, [*onsets[1:], length_ticks], strict=True):
        if moment.onset_ticks not in places:
            notes += moment.notes
            continue
        duration = places[moment.onset_ticks][1]
        notes += [ended(replace(n, onset_ticks=onset, duration_ticks=duration), following) for n in moment.notes]
    words = with_words_moved(track.lyrics, {old: new for old, (new, _) in places.items()})
    return replace(track, notes=tuple(sorted(notes)), lyrics=words)


def _sheet_with(sheet: LeadSheet | None, before: Track, after: Track, places: Places) -> LeadSheet | None:
    """Return the lead sheet with the notes where they went."""
    assert sheet is not None, "the track is the melody of a lead sheet"
    pairs = enumerate(zip(moments_of(before), moments_of(after), strict=True))
    changed = {n: (new.onset_ticks, new.top.duration_ticks) for n, (old, new) in pairs if old.onset_ticks in places}
    return with_places(sheet, changed)
