"""Scores and lead sheets as JSON values and back, for storing. Does not know where they are stored.

Notes are lists, so that a song takes some tens of kilobytes. What is read back equals what was written.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from engine.errors import FileFormatError
from engine.music.lead_sheet import ChordSpan, LeadSheet, SectionSpan, SungNote, SungSyllable
from engine.music.score import (
    LyricEvent,
    Marker,
    Note,
    Score,
    TempoChange,
    TimeSignature,
    TimeSignatureChange,
    Track,
)

VERSION = 1
_SYLLABLE_VALUES = 6
_T = TypeVar("_T")


def score_to_json(score: Score) -> dict[str, Any]:
    """Return the score as JSON values; a note is [onset, pitch, duration, velocity]."""
    return {
        "version": VERSION,
        "tracks": [_track_to_json(track) for track in score.tracks],
        "length_ticks": score.length_ticks,
        "tempos": [[change.onset_ticks, change.tempo_qpm] for change in score.tempos],
        "time_signatures": [
            [c.onset_ticks, c.time_signature.numerator, c.time_signature.denominator] for c in score.time_signatures
        ],
        "key_name": score.key_name,
        "markers": [[marker.onset_ticks, marker.text] for marker in score.markers],
        "title": score.title,
    }


def score_from_json(data: dict[str, Any]) -> Score:
    """Return the score that `score_to_json` wrote; FileFormatError for anything else."""
    return _read("score", data, _score)


def lead_sheet_to_json(sheet: LeadSheet) -> dict[str, Any]:
    """Return the lead sheet as JSON values; a note is [onset, duration, pitch], its syllable's values, True if spoken."""
    return {
        "version": VERSION,
        "title": sheet.title,
        "key_name": sheet.key_name,
        "time_signature": [sheet.time_signature.numerator, sheet.time_signature.denominator],
        "tempo_qpm": sheet.tempo_qpm,
        "length_ticks": sheet.length_ticks,
        "notes": [_sung_to_json(note) for note in sheet.notes],
        "chords": [[chord.onset_ticks, chord.duration_ticks, chord.symbol] for chord in sheet.chords],
        "sections": [[part.label, part.onset_ticks, part.duration_ticks] for part in sheet.sections],
        "is_sung": sheet.is_sung,
    }


def lead_sheet_from_json(data: dict[str, Any]) -> LeadSheet:
    """Return the lead sheet that `lead_sheet_to_json` wrote; FileFormatError for anything else."""
    return _read("lead sheet", data, _lead_sheet)


def _read(what: str, data: dict[str, Any], read: Callable[[dict[str, Any]], _T]) -> _T:
    version = data.get("version") if isinstance(data, dict) else None
    if version != VERSION:
        raise FileFormatError(f"the stored {what} is of version {version}, and this program reads version {VERSION}")
    try:
        return read(data)
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise FileFormatError(f"the stored {what} is damaged; ask for the song again") from error


def _track_to_json(track: Track) -> dict[str, Any]:
    return {
        "name": track.name,
        "program": track.program,
        "is_drum": track.is_drum,
        "notes": [[note.onset_ticks, note.pitch, note.duration_ticks, note.velocity] for note in track.notes],
        "lyrics": [[lyric.onset_ticks, lyric.text] for lyric in track.lyrics],
    }


def _score(data: dict[str, Any]) -> Score:
    return Score(
        tracks=tuple(_track(track) for track in data["tracks"]),
        length_ticks=data["length_ticks"],
        tempos=tuple(TempoChange(*change) for change in data["tempos"]),
        time_signatures=tuple(
            TimeSignatureChange(onset, TimeSignature(numerator, denominator))
            for onset, numerator, denominator in data["time_signatures"]
        ),
        key_name=data["key_name"],
        markers=tuple(Marker(*marker) for marker in data["markers"]),
        title=data["title"],
    )


def _track(data: dict[str, Any]) -> Track:
    notes = tuple(Note(*note) for note in data["notes"])
    lyrics = tuple(LyricEvent(*lyric) for lyric in data["lyrics"])
    return Track(data["name"], data["program"], notes, data["is_drum"], lyrics)


def _sung_to_json(note: SungNote) -> list[Any]:
    place = [note.onset_ticks, note.duration_ticks, note.pitch]
    sung = note.syllable
    if sung is None:
        return place
    values = [*place, sung.text, sung.stress, sung.word_position, sung.line, sung.line_end, sung.section_end]
    return [*values, True] if note.is_spoken else values  # sheets from before there was rap have no such value


def _sung(onset_ticks: int, duration_ticks: int, pitch: int, *syllable: Any) -> SungNote:
    sung, spoken = syllable[:_SYLLABLE_VALUES], syllable[_SYLLABLE_VALUES:]
    return SungNote(onset_ticks, duration_ticks, pitch, SungSyllable(*sung) if sung else None, bool(*spoken))


def _lead_sheet(data: dict[str, Any]) -> LeadSheet:
    return LeadSheet(
        title=data["title"],
        key_name=data["key_name"],
        time_signature=TimeSignature(*data["time_signature"]),
        tempo_qpm=data["tempo_qpm"],
        length_ticks=data["length_ticks"],
        notes=tuple(_sung(*note) for note in data["notes"]),
        chords=tuple(ChordSpan(*chord) for chord in data["chords"]),
        sections=tuple(SectionSpan(*part) for part in data["sections"]),
        is_sung=data["is_sung"],
    )
