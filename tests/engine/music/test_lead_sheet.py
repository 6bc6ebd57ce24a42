"""The laws of a lead sheet, and what is read off it."""

from dataclasses import replace

import pytest

from engine.music.lead_sheet import (
    ChordSpan,
    LeadSheet,
    SectionSpan,
    SungNote,
    SungSyllable,
    check,
    melody_track,
    syllables_covered,
    words_of_line,
)
from engine.music.score import LyricEvent, TimeSignature

BAR = 1920
SHEET = LeadSheet(
    title="Harbour",
    key_name="C major",
    time_signature=TimeSignature(4, 4),
    tempo_qpm=96,
    length_ticks=2 * BAR,
    notes=(
        SungNote(0, 480, 60, SungSyllable("har", 1, "begin", 0)),
        SungNote(480, 240, 62, None),
        SungNote(720, 240, 64, SungSyllable("bour", 0, "end", 0)),
        SungNote(960, 480, 65, SungSyllable("rain", 1, "single", 0, line_end=True)),
        SungNote(BAR, 480, 67, SungSyllable("falls", 1, "single", 1, line_end=True, section_end=True)),
    ),
    chords=(ChordSpan(0, BAR, "C"), ChordSpan(BAR, BAR, "G7/B")),
    sections=(SectionSpan("Verse 1", 0, 2 * BAR),),
)


def test_a_lawful_sheet_passes() -> None:
    check(SHEET)
    check(replace(SHEET, notes=()))


def test_every_syllable_is_covered_once_and_melismas_add_none() -> None:
    assert [syllable.text for syllable in syllables_covered(SHEET)] == ["har", "bour", "rain", "falls"]


def test_words_are_put_together_line_by_line() -> None:
    assert words_of_line(SHEET, 0) == ("harbour", "rain")
    assert words_of_line(SHEET, 1) == ("falls",)
    assert words_of_line(SHEET, 2) == ()


def test_the_melody_track_sings_each_syllable_at_its_note() -> None:
    track = melody_track(SHEET, program=73)
    assert (track.program, [note.pitch for note in track.notes]) == (73, [60, 62, 64, 65, 67])
    assert track.lyrics == (
        LyricEvent(0, "har-"), LyricEvent(720, "bour"), LyricEvent(960, "rain"), LyricEvent(BAR, "falls"),
    )  # fmt: skip


def with_note(index: int, **changes: object) -> LeadSheet:
    notes = list(SHEET.notes)
    notes[index] = replace(notes[index], **changes)  # type: ignore[arg-type]  # the fields vary by test
    return replace(SHEET, notes=tuple(notes))


def with_syllable(index: int, **changes: object) -> LeadSheet:
    syllable = SHEET.notes[index].syllable
    assert syllable is not None
    return with_note(index, syllable=replace(syllable, **changes))  # type: ignore[arg-type]  # the fields vary by test


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (with_note(0, duration_ticks=481), "note"),
        (with_note(4, duration_ticks=2 * BAR), "note"),
        (with_note(1, duration_ticks=0), "note"),
        (replace(SHEET, notes=SHEET.notes[::-1]), "note"),
        (with_note(0, pitch=128), "pitch"),
        (with_note(0, syllable=None), "first note"),
        (with_syllable(2, word_position="single"), "broken"),
        (with_syllable(3, word_position="end"), "broken"),
        (with_syllable(4, word_position="begin"), "broken"),
        (with_syllable(3, line_end=False), "line_end"),
        (with_syllable(4, line=7), "count up"),
        (replace(SHEET, chords=SHEET.chords[:1]), "fill"),
        (replace(SHEET, chords=(ChordSpan(0, BAR, "C"), ChordSpan(BAR + 1, BAR - 1, "C"))), "gap"),
        (replace(SHEET, chords=(ChordSpan(0, 2 * BAR, "Hm"),)), "chord symbol"),
        (replace(SHEET, key_name="H"), "key"),
        (replace(SHEET, sections=(SectionSpan("A", 0, BAR), SectionSpan("B", 0, BAR))), "section"),
    ],
)
def test_a_broken_law_is_named(broken: LeadSheet, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        check(broken)
