"""More bars of music: melody, bass and chords by the composer, the other tracks with their own patterns.

What is there stays as it is, to the tick. Does not know how notes are found.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from engine.contract import Request, SectionReport
from engine.errors import RequestError
from engine.music.bands import CHOIR, CLARINET, FLUTE, VOICE
from engine.music.lead_sheet import ChordSpan, LeadSheet, SectionSpan
from engine.music.piece import Bar, Piece, Voice
from engine.music.score import Marker, Note, Score, Track
from engine.music_edit_requests import MORE_BARS_RANGE, ContinueMusicRequest
from engine.song.composing import asked_of, composed, composer_of, is_own_melody
from engine.song.edits import source_and_score
from engine.song.making import MadeSong, Making, SourceSong
from engine.song.note_room import Occupied, spliced
from engine.song.piece_of_score import BARS_BEFORE, ScorePiece, chords_between, piece_of_source
from engine.song.revoicing import ChordLine, revoiced
from engine.song.sheet_changes import joined, with_chords_between, with_notes_between
from engine.song.voice_tracks import as_loud_as, rest_of

NEW_SECTION = "Instrumental"
PATTERN_BARS = 4
_PLAYED_INSTEAD = {VOICE: FLUTE, CHOIR: CLARINET}  # what plays on where a voice has no more words


def extend_music(request: ContinueMusicRequest, making: Making) -> MadeSong:
    """Go on for some bars after the last. RequestError where there is no music to go on with."""
    return go_on(request, request.bars, making)


def go_on(request: Request, bars: int, making: Making) -> MadeSong:
    """Go on for so many bars. request: what was asked for, for the report."""
    with making.stage("plan"):
        composer_of(making)
        low, high = MORE_BARS_RANGE
        if not low <= bars <= high:
            raise RequestError(f"bars must be {low}-{high}, got {bars}; continue again for more")
        source, _ = source_and_score(making)
        told = _as_it_goes_on(piece_of_source(source, split=True))
        is_own = is_own_melody(source, told)
        plan = _Plan.of(told, bars)
    with making.stage("compose"):
        answer = composer_of(making).continue_piece(plan.shown, bars, asked_of(making))
        answer = _later(answer, plan.start - plan.shown.bars[-1].end_ticks)
    chords = with_chords_between(_held(told.piece.chords, plan.start, plan.end), answer.chords, plan.start, plan.end)
    sheet = source.sheet
    is_sung = sheet is not None and sheet.is_sung and is_own
    score = _score(told, plan, answer, chords, is_sung=is_sung)
    if sheet is not None:
        tune = score.tracks[told.tracks["melody"]].notes if is_own and not is_sung else ()
        score = replace(score, markers=(*score.markers, Marker(plan.start, NEW_SECTION)))
        sheet = _sheet(sheet, tune, chords, plan)
        source = _with_section(source)
    return composed(request, source, score, sheet, making)


@dataclass(frozen=True)
class _Plan:
    """start, end: the new bars, in ticks. shown: the music up to the last bar with a melody. pattern: bars to go by."""

    start: int
    end: int
    shown: Piece
    pattern: tuple[Bar, ...]

    @classmethod
    def of(cls, told: ScorePiece, bars: int) -> _Plan:
        all_bars = told.piece.bars
        length = all_bars[-1].time_signature.bar_ticks
        start = all_bars[-1].end_ticks
        last_note = max(
            (part[-1].onset_ticks for v, part in told.piece.parts.items() if v != "bass" and part), default=0
        )
        last = max(n for n, bar in enumerate(all_bars) if n == 0 or bar.onset_ticks <= last_note)
        if all_bars[last].time_signature != all_bars[-1].time_signature:
            last = len(all_bars) - 1
        shown, _ = told.around((max(0, last - BARS_BEFORE), last))
        shown = _until(shown, all_bars[last].end_ticks)
        # The very last bar holds its notes, so that it is no pattern.
        whole = [bar for bar in all_bars[: max(1, min(last + 1, len(all_bars) - 1))] if bar.duration_ticks == length]
        return cls(start, start + bars * length, shown, tuple(whole[-PATTERN_BARS:]))


def _until(piece: Piece, end: int) -> Piece:
    bars = tuple(bar for bar in piece.bars if bar.onset_ticks < end)
    parts = {voice: tuple(n for n in part if n.onset_ticks < end) for voice, part in piece.parts.items()}
    return replace(piece, bars=bars, parts=parts, chords=chords_between(piece.chords, bars[0].onset_ticks, end))


def _as_it_goes_on(told: ScorePiece) -> ScorePiece:
    """Return the piece with what was played on before, where a song that is sung went on already, as its melody."""
    more = [note for track in told.score.tracks if track.name == NEW_SECTION for note in track.notes]
    melody = told.piece.parts.get("melody", ())
    if not more or not melody:
        return told
    line = (*melody, *(note for note in sorted(more) if note.onset_ticks >= melody[-1].end_ticks))
    return replace(told, piece=replace(told.piece, parts={**told.piece.parts, "melody": line}))


def _later(piece: Piece, ticks: int) -> Piece:
    parts = {v: tuple(replace(n, onset_ticks=n.onset_ticks + ticks) for n in part) for v, part in piece.parts.items()}
    chords = tuple(replace(chord, onset_ticks=chord.onset_ticks + ticks) for chord in piece.chords)
    return replace(piece, parts=parts, chords=chords)


def _held(chords: Sequence[ChordSpan], start: int, end: int) -> tuple[ChordSpan, ...]:
    """Return the chords with the last one held to the end of the new bars."""
    before = chords_between(chords, 0, start)
    if not before:
        return ()
    last = before[-1]
    return (*before[:-1], replace(last, duration_ticks=end - last.onset_ticks))


def _score(told: ScorePiece, plan: _Plan, answer: Piece, chords: Sequence[ChordSpan], *, is_sung: bool) -> Score:
    lines = ChordLine(told.piece.chords), ChordLine(chords)
    voices: dict[int, Voice] = {place: voice for voice, place in told.tracks.items()}
    tracks: list[Track] = []
    played: list[Track] = []
    for place, track in enumerate(told.score.tracks):
        voice = voices.get(place)
        new = as_loud_as(track, answer.parts.get(voice, ())) if voice is not None else []
        if voice == "melody" and is_sung:
            played = [_played(told.score, track, new, plan)]
            tracks.append(track)
        elif track.name == NEW_SECTION and is_sung:
            tracks.append(track)
        else:
            pattern = _pattern(told, track, voice if new else None)
            others = _patterned(pattern, new, plan, lines, told, is_drum=track.is_drum)
            tracks.append(replace(track, notes=spliced(track.notes, [*new, *others], plan.start, plan.end)))
    kept = [track for track in tracks if not (played and track.name == NEW_SECTION)]
    return replace(told.score, tracks=(*kept, *(track for track in played if track.notes)), length_ticks=plan.end)


def _played(score: Score, melody: Track, new: Sequence[Note], plan: _Plan) -> Track:
    """Return the track that plays on where the melody has no more words, which it had before if a song went on already."""
    program = _PLAYED_INSTEAD.get(melody.program, melody.program)
    usual = Track(NEW_SECTION, program, ())
    there = next((track for track in score.tracks if track.name == NEW_SECTION), usual)
    return replace(there, notes=spliced(there.notes, new, plan.start, plan.end))


def _pattern(told: ScorePiece, track: Track, voice: Voice | None) -> Sequence[Note]:
    """Return the notes of a track that make its pattern: beside a line that the composer wrote, the others alone."""
    return track.notes if voice is None else rest_of(told, voice)


def _patterned(
    notes: Sequence[Note], beside: Sequence[Note], plan: _Plan, chords: tuple[ChordLine, ChordLine], told: ScorePiece,
    *, is_drum: bool,
) -> list[Note]:  # fmt: skip
    """Return the pattern of the last bars over and over until the end, moved to the new chords unless they are drums."""
    if not plan.pattern:
        return []
    occupied, found = Occupied(beside), list[Note]()
    length = plan.pattern[0].duration_ticks
    for number, onset in enumerate(range(plan.start, plan.end, length)):
        bar = plan.pattern[number % len(plan.pattern)]
        inside = [
            replace(n, duration_ticks=min(n.duration_ticks, bar.end_ticks + length - n.onset_ticks))
            for n in notes
            if bar.onset_ticks <= n.onset_ticks < bar.end_ticks
        ]
        later = onset - bar.onset_ticks
        if is_drum:
            found += [replace(note, onset_ticks=note.onset_ticks + later) for note in inside]
        else:
            found += revoiced(inside, *chords, told.key, later_ticks=later, occupied=occupied)
    return found


def _sheet(sheet: LeadSheet, tune: Sequence[Note], chords: Sequence[ChordSpan], plan: _Plan) -> LeadSheet:
    """Return the lead sheet with a section more. tune: the melody, where it goes on in the same track."""
    grown = replace(
        sheet,
        length_ticks=plan.end,
        chords=joined(chords),
        sections=(*sheet.sections, SectionSpan(NEW_SECTION, plan.start, plan.end - plan.start)),
    )
    return with_notes_between(grown, tune, plan.start, plan.end) if tune else grown


def _with_section(source: SourceSong) -> SourceSong:
    """Return the song with the new section in its report, if that tells of sections."""
    if source.report is None:
        return source
    told = (*source.report.sections, SectionReport(label=NEW_SECTION, lines=()))
    return replace(source, report=source.report.model_copy(update={"sections": told}))
