"""A section of a song sounded once more at another place: its ticks copied, what comes later moved. Does not know words.

Nothing else changes: every note before the place stays, every note after it is the same, later by the length inserted.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from engine.music.lead_sheet import ChordSpan, LeadSheet, SectionSpan, SungNote
from engine.music.score import Note, Score, Track


@dataclass(frozen=True)
class Insertion:
    """start_ticks, end_ticks: the band's notes that are copied, of whole bars. at_ticks: where the copy begins."""

    start_ticks: int
    end_ticks: int
    at_ticks: int

    @property
    def length_ticks(self) -> int:
        return self.end_ticks - self.start_ticks

    @property
    def moved_ticks(self) -> int:
        """From a copied note to its copy."""
        return self.at_ticks - self.start_ticks

    def inside(self, onset_ticks: int) -> bool:
        return self.start_ticks <= onset_ticks < self.end_ticks

    def later(self, onset_ticks: int) -> int:
        """Return where a tick lies afterwards."""
        return onset_ticks + (self.length_ticks if onset_ticks >= self.at_ticks else 0)


def insert_into_band(score: Score, insertion: Insertion, *, melody: str) -> Score:
    """Return the score with the ticks of the insertion sounded once more; the track named `melody` stays as it is.

    Markers, tempos and time signatures after the place move with it.
    """
    tracks = tuple(track if track.name == melody else _insert_notes(track, insertion) for track in score.tracks)
    return replace(
        score,
        tracks=tracks,
        length_ticks=score.length_ticks + insertion.length_ticks,
        tempos=tuple(
            replace(t, onset_ticks=insertion.later(t.onset_ticks) if t.onset_ticks else 0) for t in score.tempos
        ),
        time_signatures=tuple(
            replace(t, onset_ticks=insertion.later(t.onset_ticks) if t.onset_ticks else 0)
            for t in score.time_signatures
        ),
    )


def _insert_notes(track: Track, insertion: Insertion) -> Track:
    kept = [_at(note, insertion.later(note.onset_ticks)) for note in track.notes]
    copied = [
        replace(
            _at(note, note.onset_ticks + insertion.moved_ticks),
            duration_ticks=min(note.duration_ticks, insertion.end_ticks - note.onset_ticks),
        )
        for note in track.notes
        if insertion.inside(note.onset_ticks)
    ]
    return replace(track, notes=tuple(sorted(kept + copied)))


def _at(note: Note, onset_ticks: int) -> Note:
    return replace(note, onset_ticks=onset_ticks)


def insert_chords(chords: tuple[ChordSpan, ...], insertion: Insertion) -> tuple[ChordSpan, ...]:
    """Return the chords with those of the insertion copied; a chord that holds over its edges is parted there."""
    parted = _parted(_parted(_parted(chords, insertion.at_ticks), insertion.start_ticks), insertion.end_ticks)
    copied = [
        replace(chord, onset_ticks=chord.onset_ticks + insertion.moved_ticks)
        for chord in parted
        if insertion.inside(chord.onset_ticks)
    ]
    kept = [replace(chord, onset_ticks=insertion.later(chord.onset_ticks)) for chord in parted]
    return tuple(sorted(kept + copied, key=lambda chord: chord.onset_ticks))


def _parted(chords: tuple[ChordSpan, ...], tick: int) -> tuple[ChordSpan, ...]:
    parted: list[ChordSpan] = []
    for chord in chords:
        held = tick - chord.onset_ticks
        if 0 < held < chord.duration_ticks:
            parted.append(replace(chord, duration_ticks=held))
            parted.append(replace(chord, onset_ticks=tick, duration_ticks=chord.duration_ticks - held))
        else:
            parted.append(chord)
    return tuple(parted)


def insert_notes(
    sheet: LeadSheet, notes: tuple[SungNote, ...], *, first_line: int, lines: int, moved_ticks: int
) -> tuple[SungNote, ...]:
    """Return the sheet's notes with new lines before its line `first_line`; later lines move by `moved_ticks`.

    notes: those of the new lines, where they shall stand. lines: how many new ones there are.
    """
    earlier, later = [], []
    line = 0
    for note in sheet.notes:
        line = note.syllable.line if note.syllable is not None else line
        if line < first_line:
            earlier.append(note)
            continue
        sung = note.syllable and replace(note.syllable, line=note.syllable.line + lines)
        later.append(replace(note, onset_ticks=note.onset_ticks + moved_ticks, syllable=sung))
    return (*earlier, *notes, *later)


def insert_sections(
    sections: tuple[SectionSpan, ...], place: int, added: tuple[SectionSpan, ...]
) -> tuple[SectionSpan, ...]:
    """Return the sections with `added` before the one at `place`, and those after it moved."""
    length = sum(section.duration_ticks for section in added)
    moved = [replace(section, onset_ticks=section.onset_ticks + length) for section in sections[place:]]
    return (*sections[:place], *added, *moved)
