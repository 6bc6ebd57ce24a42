"""A band for music that is there: a lead sheet of it, and the tracks of a band put in the place of others.

Does not know models or requests.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from engine.errors import RequestError
from engine.music.arranger import arrange
from engine.music.bands import Band
from engine.music.heard import ONE_AT_A_TIME, find_melody, melody_line
from engine.music.lead_sheet import ChordSpan, LeadSheet, SectionSpan, SungNote
from engine.music.score import Score, TimeSignature, Track
from engine.song.edits import main_tempo
from engine.song.making import SourceSong
from engine.song.note_room import spliced
from engine.song.parts import part_of
from engine.song.piece_of_score import ScorePiece

Spans = Sequence[tuple[int, int]]  # from tick to tick, in order
# Which pattern plays a time signature: one of the same length, or one that fits into it twice.
_PLAYED_AS = {
    "4/4": "4/4", "3/4": "3/4", "6/8": "6/8", "2/4": "2/4", "2/2": "4/4", "4/2": "4/4", "4/8": "2/4", "6/4": "3/4",
    "12/8": "6/8",
}  # fmt: skip
SHOWN_NAME, MOST_NAMED = 20, 16
LOWER_VOICES = ("alto", "tenor", "bass")
MELODIC = ("melody", "second voice", "solo")  # parts that stay, unless the new band plays them


def band_plays(told: ScorePiece, source: SourceSong, chords: Sequence[ChordSpan], band: Band, seed: int) -> list[Track]:
    """Return what a band plays to the melody and these chords, without the melody.

    RequestError where the meter changes on the way, or no pattern plays it.
    """
    notes = melody_line(told.lead_track)
    sung = tuple(SungNote(note.onset_ticks, note.duration_ticks, note.pitch, None) for note in notes)
    signature, first = _meter(told)
    sections = source.sheet.sections if source.sheet is not None else ()
    sections = sections or (SectionSpan("Verse", first, told.score.length_ticks - first),)
    sheet = LeadSheet(
        "", str(told.key), signature, main_tempo(told.score), told.score.length_ticks, sung, tuple(chords), sections,
        is_sung=False,
    )  # fmt: skip
    return list(arrange(sheet, band, seed).tracks[1:])


def _meter(told: ScorePiece) -> tuple[TimeSignature, int]:
    """Return the meter that a band plays, and where its first whole bar begins.

    The first bar may be a pickup, and the last may lack what the pickup has.
    """
    bars = told.piece.bars
    whole = Counter((str(bar.time_signature), bar.duration_ticks) for bar in bars).most_common(1)[0][0]
    inside = [n for n, bar in enumerate(bars) if (str(bar.time_signature), bar.duration_ticks) == whole]
    first, last = inside[0], inside[-1]
    if first > 1 or last < len(bars) - 2 or len(inside) <= last - first:
        raise RequestError(
            "the meter of this music changes on the way, and a band plays in one meter; use /harmonize with --voices chords"
        )
    if whole[0] not in _PLAYED_AS:
        raise RequestError(
            f"no band plays in {whole[0]}; they play in {', '.join(_PLAYED_AS)}; use /harmonize with --voices chords"
        )
    return TimeSignature(*map(int, _PLAYED_AS[whole[0]].split("/"))), bars[first].onset_ticks


def accompaniment_of(told: ScorePiece) -> set[int]:
    """Return which tracks go with the one that is meant: chords, bass, pads, a choir's lower voices; no other melody."""
    lower = {n for voice, n in told.tracks.items() if voice in LOWER_VOICES}
    melodies = {n for n, track in enumerate(told.score.tracks) if _is_melody(track)} | _heard_melody(told.score)
    others = {n for n, track in enumerate(told.score.tracks) if not track.is_drum} - melodies
    return (others | lower) - {told.tracks[told.lead]}


def _heard_melody(score: Score) -> set[int]:
    """Return which track is heard as the melody where none is named; none where no track is one."""
    try:
        return {find_melody(score, None, [part_of(track) == "melody" for track in score.tracks])}
    except RequestError:
        return set()


def _is_melody(track: Track) -> bool:
    """Return whether a track is a melody by what it is called or plays, one note at a time but for double stops."""
    return part_of(track) in MELODIC and len(melody_line(track)) >= ONE_AT_A_TIME[-1] * len(track.notes)


def with_new_tracks(
    told: ScorePiece, new: Iterable[Track], spans: Spans, *, drums: bool = False, programs: bool = False
) -> tuple[Score, tuple[str, ...]]:
    """Return the score with new tracks instead of its accompaniment in some spans, and the names of what was left out.

    A track of the same name has the new notes there; one that is left with nothing goes. drums: drums are replaced as well.
    programs: tracks of the same name also get the new instrument.
    """
    score, going = told.score, accompaniment_of(told)
    spans = [(start, min(end, score.length_ticks)) for start, end in spans]
    waiting = {(track.name, track.is_drum): track for track in new if drums or not track.is_drum}
    played = {n for n, track in enumerate(score.tracks) if (track.name, track.is_drum) in waiting}
    going |= played - {told.tracks[told.lead]}
    tracks, left_out = list[Track](), list[str]()
    for place, track in enumerate(score.tracks):
        if not track.notes or not (drums if track.is_drum else place in going):
            tracks.append(track)
            continue
        mine = waiting.pop((track.name, track.is_drum), None)
        changed = _with_notes(track, mine, spans)
        if mine is not None and programs:
            changed = replace(changed, program=mine.program)
        if mine is None and len(changed.notes) < len(track.notes):
            left_out.append(" ".join(track.name.split())[:SHOWN_NAME] or f"track {place + 1}")
        if changed.notes or changed.lyrics:
            tracks.append(changed)
    added = [_with_notes(replace(track, notes=()), track, spans) for track in waiting.values()]
    return replace(score, tracks=(*tracks, *(track for track in added if track.notes))), tuple(left_out)


def _with_notes(track: Track, mine: Track | None, spans: Spans) -> Track:
    notes = track.notes
    for start, end in spans:
        inside = [] if mine is None else [note for note in mine.notes if start <= note.onset_ticks < end]
        notes = spliced(notes, inside, start, end)
    return replace(track, notes=notes)


def replaced_notice(names: Sequence[str]) -> str:
    """Return the sentence that says which tracks went, as many as can be read."""
    more = " ..." if len(names) > MOST_NAMED else ""
    return f"replaced: {', '.join(names[:MOST_NAMED])}{more}"
