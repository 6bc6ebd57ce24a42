"""A small song made by hand, as lead sheet and as score. Knows nothing of models or of how songs are planned."""

from __future__ import annotations

import pytest

from engine.music.lead_sheet import ChordSpan, LeadSheet, SectionSpan, SungNote, SungSyllable, WordPosition
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

QUARTER, BAR = 480, 1920
INTRO_BARS = 2
# Each line lasts two bars; (text, quarters from the line's start, quarters long, pitch). "_" goes on with the syllable
# before; a hyphen at the end or the start joins syllables to a word.
VERSE = (
    (
        ("Rain", 0, 1, 60),
        ("o-", 1, 0.5, 62),
        ("-ver", 1.5, 0.5, 64),
        ("the", 2, 1, 64),
        ("har-", 3, 2, 67),
        ("-bour", 5, 1.5, 64),
    ),
    (("Lights", 0, 1.5, 65), ("on", 1.5, 0.5, 64), ("the", 2, 0.5, 62), ("wa-", 2.5, 1.5, 64), ("-ter", 4, 2, 62)),
    (
        ("No-", 0, 1, 60),
        ("-bo-", 1, 0.5, 62),
        ("-dy's", 1.5, 0.5, 64),
        ("call-", 2, 1, 67),
        ("-ing", 3, 0.75, 69),
        ("my", 3.75, 0.25, 67),
        ("name", 4, 1, 64),
        ("_", 5, 1, 62),
    ),
    (
        ("I", 0.5, 0.5, 60),
        ("am", 1, 1 / 3, 62),
        ("still", 4 / 3, 1 / 3, 64),
        ("wait-", 5 / 3, 1 / 3, 65),
        ("-ing", 2, 2, 62),
        ("here", 4, 2.5, 60),
    ),
)
CHORUS = (
    (("Car-", 0, 1.5, 69), ("-ry", 1.5, 0.5, 67), ("me", 2, 1, 67), ("home", 3, 3, 72)),
    (
        ("O-", 0, 1.5, 71),
        ("-ver", 1.5, 0.5, 69),
        ("the", 2, 1, 67),
        ("foam", 3, 1, 67),
        ("_", 4, 0.5, 69),
        ("_", 4.5, 2, 67),
    ),
    (("Let", 0, 1, 65), ("the", 1, 0.5, 67), ("old", 1.5, 1.5, 69), ("bells", 3, 3, 67)),
    (("Ring", 0, 2, 64), ("me", 2, 1, 62), ("home", 3, 4.5, 60)),
)
CHORDS = ("C", "Am7", "F", "G", "C", "F#m7b5", "Dm/F", "G7", "F", "C/E", "Bb", "C", "F", "Am", "Dm7", "Csus4")


def position_and_text(text: str) -> tuple[WordPosition, str]:
    begins, ends = not text.startswith("-"), not text.endswith("-")
    position: WordPosition = ("single" if ends else "begin") if begins else ("end" if ends else "middle")
    return position, text.strip("-")


def sung_notes() -> tuple[SungNote, ...]:
    notes = []
    for line, words in enumerate(VERSE + CHORUS):
        start = (INTRO_BARS + 2 * line) * BAR
        last = max(index for index, word in enumerate(words) if word[0] != "_")
        for index, (text, onset, length, pitch) in enumerate(words):
            syllable = None
            if text != "_":
                position, printed = position_and_text(text)
                syllable = SungSyllable(printed, int(onset % 2 == 0), position, line, index == last, line in (3, 7))
            notes.append(SungNote(start + round(onset * QUARTER), round(length * QUARTER), pitch, syllable))
    return tuple(notes)


@pytest.fixture(scope="session")
def sheet() -> LeadSheet:
    chords = [ChordSpan(0, BAR, "C"), ChordSpan(BAR, BAR, "G")]
    chords += [ChordSpan((INTRO_BARS + bar) * BAR, BAR, symbol) for bar, symbol in enumerate(CHORDS)]
    return LeadSheet(
        title="Rain over the harbour",
        key_name="C major",
        time_signature=TimeSignature(4, 4),
        tempo_qpm=96.0,
        length_ticks=18 * BAR,
        notes=sung_notes(),
        chords=tuple(chords),
        sections=(
            SectionSpan("Intro", 0, 2 * BAR),
            SectionSpan("Verse 1", 2 * BAR, 8 * BAR),
            SectionSpan("Chorus", 10 * BAR, 8 * BAR),
        ),
    )


@pytest.fixture(scope="session")
def score(sheet: LeadSheet) -> Score:
    melody = tuple(Note(note.onset_ticks, note.pitch, note.duration_ticks, 96) for note in sheet.notes)
    lyrics = tuple(LyricEvent(note.onset_ticks, note.syllable.text) for note in sheet.notes if note.syllable)
    bass = tuple(Note(chord.onset_ticks, 36 + index % 5, 900, 80) for index, chord in enumerate(sheet.chords))
    keys = tuple(Note(note.onset_ticks, note.pitch + shift, 1800, 70) for note in bass for shift in (12, 16, 19))
    drums = tuple(Note(beat * QUARTER, 36 if beat % 2 == 0 else 38, 120, 90) for beat in range(72))
    return Score(
        tracks=(
            Track("Melody", 73, melody, lyrics=lyrics),
            Track("Chords", 0, tuple(sorted(keys))),
            Track("Bass", 33, bass),
            Track("Drums", 0, drums, is_drum=True),
        ),
        length_ticks=sheet.length_ticks,
        tempos=(TempoChange(0, sheet.tempo_qpm),),
        time_signatures=(TimeSignatureChange(0, sheet.time_signature),),
        key_name=sheet.key_name,
        markers=tuple(Marker(section.onset_ticks, section.label) for section in sheet.sections),
        title=sheet.title,
    )
