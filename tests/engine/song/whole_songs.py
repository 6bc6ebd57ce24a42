"""Songs made with the tiny models, to be looked at and edited. Knows nothing of what is tested with them."""

from __future__ import annotations

from engine.contract import Request
from engine.music.lead_sheet import LeadSheet, check
from engine.music.score import Note, Score
from engine.song.making import MadeSong, Making, Models, SourceSong
from engine.verbs import carry_out

SYMBOLIC = ("mid", "txt", "musicxml", "lrc")


def make(request: Request, models: Models, source: SourceSong | None = None, seed: int = 5) -> MadeSong:
    """Carry out a request without sound and picture, and check the laws of what comes out."""
    made = carry_out(request, Making(seed=seed, models=models, source=source, outputs=SYMBOLIC))
    if made.sheet is not None:
        check(made.sheet)
    return made


def source_of(made: MadeSong) -> SourceSong:
    """Return a made song as what an edit is given."""
    return SourceSong(made.report.title, made.lyrics_text, made.score, made.sheet, made.report)


def upload_of(made: MadeSong) -> SourceSong:
    """Return the music of a song alone."""
    return SourceSong("an upload", "", made.score)


def notes_of(score: Score | None, name: str) -> tuple[Note, ...]:
    """Return the notes of a track; none where there is no such track."""
    assert score is not None
    return next((track.notes for track in score.tracks if track.name == name), ())


def tune(sheet: LeadSheet, label: str, place: int = 0) -> list[tuple[int, int, int]]:
    """Return onset within the section, duration and pitch of what is sung in the n-th section of a label."""
    spans = [span for span in sheet.sections if span.label == label]
    index = sheet.sections.index(spans[place])
    sung = [i for i, span in enumerate(sheet.sections) if lines_in(sheet, i)]
    at = sung.index(index)
    first = sum(lines_in(sheet, i) for i in sung[:at])
    lines = range(first, first + lines_in(sheet, index))
    onset = spans[place].onset_ticks
    return [
        (note.onset_ticks - onset, note.duration_ticks, note.pitch)
        for note in sheet.notes
        if note.syllable is not None and note.syllable.line in lines
    ]


def lines_in(sheet: LeadSheet, section: int) -> int:
    """Return how many lines end in a section."""
    span = sheet.sections[section]
    end = span.onset_ticks + span.duration_ticks
    return sum(
        note.syllable.line_end
        for note in sheet.notes
        if note.syllable is not None and span.onset_ticks <= note.onset_ticks < end
    )
