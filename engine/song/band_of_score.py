"""A band for music that is there: a lead sheet of it, and the tracks of a band put in the place of others.

Does not know models or requests.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from engine.errors import RequestError
from engine.music.arranger import arrange
from engine.music.bands import Band
from engine.music.heard import melody_line
from engine.music.lead_sheet import ChordSpan, LeadSheet, SectionSpan, SungNote
from engine.music.score import Score, TimeSignature, Track
from engine.song.edits import main_tempo
from engine.song.making import SourceSong
from engine.song.note_room import spliced
from engine.song.piece_of_score import ScorePiece

Spans = Sequence[tuple[int, int]]  # from tick to tick, in order
# Which pattern plays a time signature: one of the same length, or one that fits into it twice.
_PLAYED_AS = {
    "4/4": "4/4", "3/4": "3/4", "6/8": "6/8", "2/4": "2/4", "2/2": "4/4", "4/2": "4/4", "4/8": "2/4", "6/4": "3/4",
    "12/8": "6/8",
}  # fmt: skip
SHOWN_NAME = 20


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
            "the meter of this music changes on the way, and a band plays in one meter; harmonise it with chords or choir"
        )
    if whole[0] not in _PLAYED_AS:
        raise RequestError(
            f"no band plays in {whole[0]}; they play in {', '.join(_PLAYED_AS)}; harmonise it with chords or choir instead"
        )
    return TimeSignature(*map(int, _PLAYED_AS[whole[0]].split("/"))), bars[first].onset_ticks


def with_new_tracks(
    score: Score, lead: int, new: Iterable[Track], spans: Spans, *, drums: bool = False, programs: bool = False
) -> tuple[Score, tuple[str, ...]]:
    """Return the score with new tracks instead of all but the lead in some spans, and the names of what was left out.

    A track of the same name has the new notes there; one that is left with nothing goes. drums: drums are replaced as well.
    programs: tracks of the same name also get the new instrument.
    """
    spans = [(start, min(end, score.length_ticks)) for start, end in spans]
    waiting = {(track.name, track.is_drum): track for track in new if drums or not track.is_drum}
    tracks, left_out = list[Track](), list[str]()
    for place, track in enumerate(score.tracks):
        if place == lead or not track.notes or (track.is_drum and not drums):
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


def replaced_notice(names: Collection[str]) -> str:
    """Return the sentence that says which tracks went."""
    return f"replaced: {', '.join(names)}"
