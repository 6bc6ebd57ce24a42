"""A sung score as a karaoke file (.kar): MIDI whose words stand as texts in a track of their own. Does not know LRC.

So does Soft Karaoke write them, and its players read them: texts that begin with "@" tell about the file; every other text
of the track "Words" is a syllable, after "\\" where a stanza begins, after "/" where a line does, and after a space where a
word does.
"""

from __future__ import annotations

from dataclasses import replace

from engine.music.lead_sheet import LeadSheet, SungSyllable, space_between
from engine.music.midi_bytes import NAME, TEXT, Event
from engine.music.midi_file import chunks_to_midi, conductor_events, text_event, tracks_events
from engine.music.score import Score

HEADER = ("@KMIDI KARAOKE FILE", "@V0100")
LANGUAGE = "@LENGL"
STANZA, LINE = "\\", "/"
MARKS_OF_FORMAT = str.maketrans({"/": " ", "\\": " ", "@": "(at)"})  # in a title or a word they would be read as marks


def score_to_kar(score: Score, sheet: LeadSheet) -> bytes:
    """Return the score with the words of the sheet as a karaoke file; the same bytes each time. Errors as `score_to_midi`.

    The tracks keep their notes and have no lyric events, which readers would take for the same words again.
    """
    silent = replace(score, tracks=tuple(replace(track, lyrics=()) for track in score.tracks))
    about = [text_event(0, NAME, "Soft karaoke"), *(text_event(0, TEXT, text) for text in HEADER)]
    titles = (LANGUAGE, f"@T{sheet.title.translate(MARKS_OF_FORMAT)}", "@TSongwright")
    words = [text_event(0, NAME, "Words"), *(text_event(0, TEXT, text) for text in titles), *syllable_events(sheet)]
    return chunks_to_midi([conductor_events(silent), about, words, *tracks_events(silent)], score.length_ticks)


def syllable_events(sheet: LeadSheet) -> list[Event]:
    """Return a text for every syllable, at the tick of its note; what goes on over further notes is not said again."""
    events: list[Event] = []
    before: SungSyllable | None = None
    for note in sheet.notes:
        if note.syllable is not None:
            text = opening(before, note.syllable) + note.syllable.text.translate(MARKS_OF_FORMAT)
            events.append(text_event(note.onset_ticks, TEXT, text))
            before = note.syllable
    return events


def opening(before: SungSyllable | None, syllable: SungSyllable) -> str:
    """Return the mark before a syllable: of a stanza, a line or a word; nothing inside a word."""
    if before is None or before.section_end:
        return STANZA
    if before.line != syllable.line:
        return LINE
    return space_between(before.text, syllable.text) if syllable.word_position in ("single", "begin") else ""
