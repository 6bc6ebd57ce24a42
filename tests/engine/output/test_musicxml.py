"""MusicXML: what another program (music21) reads is what the lead sheet says."""

from __future__ import annotations

import dataclasses
import warnings
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings

from engine.music.lead_sheet import ChordSpan, LeadSheet, SectionSpan, SungNote
from engine.music.qualities import QUALITIES
from engine.music.score import TimeSignature
from engine.music.theory import Chord
from engine.output.musicxml import lead_sheet_to_musicxml
from engine.output.musicxml_harmony import KINDS, kind_of
from engine.output.notation import pickup_onset
from tests.engine.output.sheets import sung_sheets


def read(sheet: LeadSheet) -> Any:
    """Return what music21 makes of the sheet, which it must read without a warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its import, by packages that it stands on
        import music21
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return music21.converter.parseData(lead_sheet_to_musicxml(sheet).decode(), format="musicxml")


@pytest.fixture(scope="module")
def parsed(sheet: LeadSheet) -> Any:
    return read(sheet)


def ticks(quarters: Any) -> int:
    return round(float(quarters) * 480)


def sounding(parsed: Any) -> list[tuple[int, int, int]]:
    notes = parsed.stripTies().flatten().notes
    return [(ticks(n.offset), ticks(n.quarterLength), n.pitch.midi) for n in notes if not hasattr(n, "chordKind")]


def test_notes_read_back_are_the_notes_of_the_sheet(sheet: LeadSheet, parsed: Any) -> None:
    assert sounding(parsed) == [(n.onset_ticks, n.duration_ticks, n.pitch) for n in sheet.notes]


def test_notes_and_rests_fill_every_bar(sheet: LeadSheet, parsed: Any) -> None:
    bars = parsed.parts[0].getElementsByClass("Measure")
    assert len(bars) == 18
    assert all(ticks(sum(note.quarterLength for note in bar.notesAndRests)) == 1920 for bar in bars)


def test_each_syllable_stands_under_its_note(sheet: LeadSheet, parsed: Any) -> None:
    found = [
        (ticks(n.getOffsetInHierarchy(parsed)), n.lyrics[0].text, n.lyrics[0].syllabic)
        for n in parsed.recurse().notes
        if n.lyrics
    ]
    expected = [(n.onset_ticks, n.syllable.text, n.syllable.word_position) for n in sheet.notes if n.syllable]
    assert found == expected


def test_melismas_are_slurred_and_extended(parsed: Any, sheet: LeadSheet) -> None:
    slurs = parsed.recurse().getElementsByClass("Slur")
    assert [(slur.getFirst().nameWithOctave, slur.getLast().nameWithOctave) for slur in slurs] == [
        ("E4", "D4"),
        ("G4", "G4"),
    ]
    root = ElementTree.fromstring(lead_sheet_to_musicxml(sheet))
    extended = [lyric.findtext("text") for lyric in root.iter("lyric") if lyric.find("extend") is not None]
    assert extended == ["name", "foam"]


def test_chord_symbols_are_where_and_what_they_are(sheet: LeadSheet, parsed: Any) -> None:
    chords = list(parsed.recurse().getElementsByClass("ChordSymbol"))
    assert [ticks(chord.getOffsetInHierarchy(parsed)) for chord in chords] == [c.onset_ticks for c in sheet.chords]
    figures = [chord.figure for chord in chords]
    assert figures[:10] == ["C", "G", "C", "Am7", "F", "G", "C", "F#ø7", "Dm/F", "G7"]


def test_key_time_tempo_title_and_labels(parsed: Any) -> None:
    flat = parsed.flatten()
    assert flat.getElementsByClass("Key")[0].name == "C major"
    assert flat.getElementsByClass("TimeSignature")[0].ratioString == "4/4"
    assert flat.getElementsByClass("MetronomeMark")[0].number == 96
    assert parsed.metadata.title == "Rain over the harbour"
    labels = [(ticks(mark.offset), mark.content) for mark in flat.getElementsByClass("RehearsalMark")]
    assert labels == [(0, "Intro"), (3840, "Verse 1"), (19200, "Chorus")]


def test_same_sheet_gives_same_bytes(sheet: LeadSheet) -> None:
    assert lead_sheet_to_musicxml(sheet) == lead_sheet_to_musicxml(sheet)


@pytest.mark.parametrize("quality", QUALITIES)
def test_every_chord_quality_reads_back_with_its_tones(quality: str) -> None:
    chord = Chord(2, quality, 9)
    sheet = LeadSheet("", "D major", TimeSignature(4, 4), 90, 1920, (), (ChordSpan(0, 1920, chord.symbol),), ())
    element = ElementTree.fromstring(lead_sheet_to_musicxml(sheet)).find(".//harmony")
    assert element is not None
    assert (element.findtext("root/root-step"), element.findtext("bass/bass-step")) == ("D", "A")
    assert element.findtext("kind") == KINDS[quality][0]
    assert element.find("kind").get("text", "") == ("" if quality == "maj" else quality)  # type: ignore[union-attr]


def test_symbols_that_are_no_chords_do_not_stop_the_song(sheet: LeadSheet) -> None:
    assert kind_of("Cwhatever") == ("other", ())
    odd = dataclasses.replace(sheet, chords=(ChordSpan(0, 1920, "?"),))
    assert b"<harmony>" not in lead_sheet_to_musicxml(odd)


def test_no_chord_is_written_as_such_and_read_by_others(sheet: LeadSheet) -> None:
    silent = dataclasses.replace(sheet, chords=(ChordSpan(0, 1920, "N.C."),))
    assert b'<kind text="N.C.">none</kind>' in lead_sheet_to_musicxml(silent)
    (found,) = read(silent).recurse().getElementsByClass("NoChord")
    assert found.pitches == ()


def test_chord_within_a_note_keeps_its_place(sheet: LeadSheet) -> None:
    odd = dataclasses.replace(sheet, chords=(ChordSpan(3840 + 720, 480, "Bb"),))
    parsed = read(odd)
    chord = parsed.recurse().getElementsByClass("ChordSymbol")[0]
    assert ticks(chord.getOffsetInHierarchy(parsed)) == 3840 + 720


@pytest.mark.parametrize(("key", "fifths", "names"), [("Gb major", -6, ["C-5", "G-4"]), ("F# minor", 3, ["B4", "F#4"])])
def test_pitches_are_spelled_in_the_key(key: str, fifths: int, names: list[str]) -> None:
    notes = (SungNote(0, 480, 71, None), SungNote(480, 480, 66, None))
    parsed = read(LeadSheet("", key, TimeSignature(3, 4), 90, 1440, notes, (), ()))
    assert parsed.flatten().getElementsByClass("Key")[0].sharps == fifths
    assert [note.nameWithOctave for note in parsed.flatten().notes] == names
    assert [note.pitch.midi for note in parsed.flatten().notes] == [71, 66]


def test_low_voices_get_low_clefs() -> None:
    def sign_and_shift(pitch: int) -> tuple[str | None, str | None]:
        sheet = LeadSheet("", "C major", TimeSignature(4, 4), 90, 1920, (SungNote(0, 480, pitch, None),), (), ())
        root = ElementTree.fromstring(lead_sheet_to_musicxml(sheet))
        return root.findtext(".//clef/sign"), root.findtext(".//clef/clef-octave-change")

    assert [sign_and_shift(pitch) for pitch in (67, 55, 45)] == [("G", None), ("G", "-1"), ("F", None)]


def test_sheet_without_anything_is_a_bar_of_rest_and_control_characters_go() -> None:
    sheet = LeadSheet("a\x00<b>&", "C major", TimeSignature(6, 8), 90, 0, (), (), ())
    root = ElementTree.fromstring(lead_sheet_to_musicxml(sheet))
    assert root.findtext("work/work-title") == "a<b>&"
    assert [note.findtext("duration") for note in root.iter("note")] == ["1440"]


@settings(max_examples=15, deadline=None)
@given(sung_sheets())
def test_any_sheet_reads_back_with_every_note_syllable_and_chord(sheet: LeadSheet) -> None:
    parsed = read(sheet)
    skipped = pickup_onset(sheet) or 0
    assert sounding(parsed) == [(n.onset_ticks - skipped, n.duration_ticks, n.pitch) for n in sheet.notes]
    chords = [ticks(c.getOffsetInHierarchy(parsed)) for c in parsed.recurse().getElementsByClass("ChordSymbol")]
    bounds = [(c.onset_ticks, c.onset_ticks + c.duration_ticks) for c in sheet.chords]
    assert chords == [max(0, a - skipped) for a, b in bounds if b > skipped]
    found = [(n.lyrics[0].text, n.lyrics[0].syllabic) for n in parsed.recurse().notes if n.lyrics]
    assert found == [(n.syllable.text, n.syllable.word_position) for n in sheet.notes if n.syllable]


def test_a_pickup_is_bar_nought_and_begins_with_its_note() -> None:
    notes = (SungNote(1440, 480, 67, None), SungNote(1920, 1920, 72, None))
    sections = (SectionSpan("Intro", 0, 1920), SectionSpan("Verse 1", 1920, 1920))
    chords = (ChordSpan(0, 1920, "G7"), ChordSpan(1920, 1920, "C"))
    sheet = LeadSheet("", "C major", TimeSignature(4, 4), 90, 3840, notes, chords, sections, is_sung=False)
    pickup, first = ElementTree.fromstring(lead_sheet_to_musicxml(sheet)).iter("measure")
    assert (pickup.get("number"), pickup.get("implicit"), first.get("number")) == ("0", "yes", "1")
    assert [note.findtext("duration") for note in pickup.iter("note")] == ["480"]
    assert [step.text for step in pickup.iter("root-step")] == ["G"]
    assert [label.text for label in first.iter("rehearsal")] == ["Verse 1"]
    assert pickup.find(".//rehearsal") is None


def test_tempo_of_a_compound_meter_counts_dotted_quarters() -> None:
    sheet = LeadSheet("", "C major", TimeSignature(6, 8), 90, 1440, (), (), ())
    root = ElementTree.fromstring(lead_sheet_to_musicxml(sheet))
    assert root.findtext(".//beat-unit") == "quarter"
    assert root.find(".//beat-unit-dot") is not None
    assert root.findtext(".//per-minute") == "60"
    assert read(sheet).flatten().getElementsByClass("MetronomeMark")[0].getQuarterBPM() == 90
