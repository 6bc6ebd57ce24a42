"""The plan of a song that is there already, read back from its lead sheet and report. Does not know models or requests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from engine.contract import SectionReport, SongReport
from engine.errors import RequestError
from engine.music.lead_sheet import ChordSpan, LeadSheet, SectionSpan, SungNote
from engine.music.theory import VOICES
from engine.song.form import LinePlan, SectionKind
from engine.song.making import SourceSong
from engine.song.plan import SectionPlan, SongPlan
from engine.song.styles import STYLES

_KINDS: dict[str, SectionKind] = {
    "chorus": "chorus", "bridge": "bridge", "pre-chorus": "prechorus", "intro": "intro", "outro": "outro",
    "instrumental": "instrumental",
}  # fmt: skip
USUAL_STYLE = "pop"


def sung_source(source: SourceSong | None) -> tuple[LeadSheet, SongReport]:
    """Return lead sheet and report of a sung song; RequestError where there are no words under notes."""
    assert source is not None, "an edit is given its source"
    if source.sheet is None or source.report is None or not source.sheet.is_sung or not source.sheet.notes:
        raise RequestError(
            "this music has no words that are sung; set words to it with /sing, or choose a song that has some"
        )
    if len(source.report.sections) != len(source.sheet.sections):
        raise RequestError("this song was made by an earlier version; ask for another take of it first")
    return source.sheet, source.report


def style_of(report: SongReport) -> str:
    """Return the style of a song, or pop where it has none that is known."""
    return report.style if report.style in STYLES else USUAL_STYLE


def notes_by_line(sheet: LeadSheet, report: SongReport) -> dict[tuple[int, int], tuple[SungNote, ...]]:
    """Return the notes of each line, by section and line within it."""
    places = [(s, n) for s, section in enumerate(report.sections) for n in range(len(section.lines))]
    found: dict[tuple[int, int], list[SungNote]] = {place: [] for place in places}
    line = 0
    for note in sheet.notes:
        line = note.syllable.line if note.syllable is not None else line
        found[places[line]].append(note)
    return {place: tuple(notes) for place, notes in found.items()}


def plan_of_source(sheet: LeadSheet, report: SongReport) -> SongPlan:
    """Return the plan that the song was made by; every section is planned to be sung to notes of its own."""
    sections = tuple(_section(sheet, span, told) for span, told in zip(sheet.sections, report.sections, strict=True))
    return SongPlan(style_of(report), sheet.key_name, sheet.tempo_qpm, sheet.time_signature, sections, voice_of(sheet))


def voice_of(sheet: LeadSheet) -> str:
    """Return the voice whose range holds the notes and lies nearest to their middle; the nearest where none holds them."""
    low, high = min(note.pitch for note in sheet.notes), max(note.pitch for note in sheet.notes)

    def distance(voice: str) -> tuple[int, float]:
        lowest, highest = VOICES[voice]
        outside = max(0, lowest - low) + max(0, high - highest)
        return outside, abs((lowest + highest) - (low + high))

    return min(VOICES, key=distance)


def _section(sheet: LeadSheet, span: SectionSpan, told: SectionReport) -> SectionPlan:
    lines = tuple(LinePlan(line.syllables_found, line.rhyme) for line in told.lines)
    bars = span.duration_ticks // sheet.time_signature.bar_ticks
    first_word = span.label.lower().split(" ")[0]
    end = span.onset_ticks + span.duration_ticks
    is_rapped = any(note.is_spoken for note in sheet.notes if span.onset_ticks <= note.onset_ticks < end)
    return SectionPlan(
        kind=_KINDS.get(first_word, "verse"),
        label=span.label,
        lines=lines,
        bars=bars,
        bars_per_line=bars // len(lines) if lines else 0,
        chords=chords_within(sheet.chords, span),
        is_rapped=is_rapped,
    )


def chords_within(chords: Sequence[ChordSpan], span: SectionSpan) -> tuple[ChordSpan, ...]:
    """Return the chords that sound in a section, from its start on and cut at its edges."""
    start, end = span.onset_ticks, span.onset_ticks + span.duration_ticks
    cut = []
    for chord in chords:
        onset, stop = max(chord.onset_ticks, start), min(chord.onset_ticks + chord.duration_ticks, end)
        if onset < stop:
            cut.append(replace(chord, onset_ticks=onset - start, duration_ticks=stop - onset))
    return tuple(cut)
