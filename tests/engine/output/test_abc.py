"""ABC: what music21 and the reader of corpora make of it is what the lead sheet says."""

from __future__ import annotations

import re
import warnings
from fractions import Fraction
from typing import Any

from hypothesis import given, settings

from engine.corpus.abc import AbcNote, read_abc
from engine.music.lead_sheet import ChordSpan, LeadSheet, SungNote, SungSyllable, bare
from engine.music.score import TimeSignature
from engine.music.theory import Key
from engine.output.abc import lead_sheet_to_abc
from engine.output.notation import pickup_onset
from tests.engine.output.sheets import sung_sheets


def read_by_corpus(sheet: LeadSheet) -> tuple[AbcNote, ...]:
    """Return the notes as the reader of corpora finds them; it knows the names of major keys alone."""
    relative = Key.of_signature(Key.parse(sheet.key_name).fifths, "major")
    tune = read_abc(re.sub(r"^K:\S+", f"K:{relative.short}", lead_sheet_to_abc(sheet), flags=re.MULTILINE))
    return tune.voices["1"]


def read_by_music21(sheet: LeadSheet) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its import, by packages that it stands on
        import music21
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return music21.converter.parseData(lead_sheet_to_abc(sheet), format="abc")


def ticks(quarters: Any) -> int:
    return round(Fraction(quarters) * 480)


def as_written(sheet: LeadSheet) -> list[tuple[int, int, int]]:
    skipped = pickup_onset(sheet) or 0
    return [(note.onset_ticks - skipped, note.duration_ticks, note.pitch) for note in sheet.notes]


def syllables(sheet: LeadSheet) -> list[tuple[int, str, str]]:
    skipped = pickup_onset(sheet) or 0
    sung = [(note.onset_ticks - skipped, note.syllable) for note in sheet.notes if note.syllable is not None]
    return [(onset, bare(syllable), syllable.word_position) for onset, syllable in sung]


@settings(max_examples=30, deadline=None)
@given(sung_sheets())
def test_notes_and_syllables_come_back_through_the_reader_of_corpora(sheet: LeadSheet) -> None:
    found = read_by_corpus(sheet) if sheet.notes else ()
    assert [(ticks(n.onset), ticks(n.duration), n.pitches[0]) for n in found] == as_written(sheet)
    # A word that is cut by the end of a line is two words to this reader.
    assert [(ticks(n.onset), n.syllables[0][0]) for n in found if n.syllables] == [
        sung[:2] for sung in syllables(sheet)
    ]


def test_words_come_back_whole(sheet: LeadSheet) -> None:
    found = read_by_corpus(sheet)
    assert [(ticks(n.onset), *n.syllables[0]) for n in found if n.syllables] == syllables(sheet)


def test_music21_reads_the_same_notes_and_chords_without_a_warning(sheet: LeadSheet) -> None:
    parsed = read_by_music21(sheet)
    notes = [note for note in parsed.stripTies().flatten().notes if not hasattr(note, "chordKind")]
    assert [(ticks(n.offset), ticks(n.quarterLength), n.pitch.midi) for n in notes] == as_written(sheet)
    chords = parsed.recurse().getElementsByClass("ChordSymbol")
    assert [ticks(chord.getOffsetInHierarchy(parsed)) for chord in chords] == [c.onset_ticks for c in sheet.chords]
    assert parsed.metadata.title == sheet.title


def test_the_first_lines_are_as_a_folk_musician_reads_them(sheet: LeadSheet) -> None:
    rows = lead_sheet_to_abc(sheet).splitlines()
    assert rows[:9] == [
        "%abc-2.1", "X:1", "T:Rain over the harbour", "M:4/4", "L:1/8", "Q:1/4=96", "K:C", "P:Intro", '[V:1]"C"z8 | "G"z8 |',
    ]  # fmt: skip
    assert rows[9] == "P:Verse 1"
    assert rows[11] == "w:Rain o-ver the har-_bour_ Lights on the wa-ter"


def test_a_word_goes_on_over_the_notes_of_its_melisma() -> None:
    def sung(text: str, place: Any, onset: int, *, ends: bool) -> SungNote:
        return SungNote(onset, 480, 67, SungSyllable(text, 1, place, 0, ends))

    notes = (
        sung("A", "begin", 0, ends=False),
        SungNote(480, 480, 69, None),
        sung("men", "end", 960, ends=True),
        SungNote(1440, 480, 65, None),
    )
    sheet = LeadSheet("", "F major", TimeSignature(4, 4), 90, 1920, notes, (ChordSpan(0, 1920, "F"),), ())
    assert lead_sheet_to_abc(sheet).splitlines()[-1] == "w:A-_men_"
    assert [note.syllables for note in read_by_corpus(sheet)] == [{0: ("A", "begin")}, {}, {0: ("men", "end")}, {}]


def test_accidentals_hold_under_every_convention() -> None:
    pitches = (66, 65, 78, 77)  # F sharp, F, and both an octave higher, in C major
    notes = tuple(SungNote(480 * n, 480, pitch, None) for n, pitch in enumerate(pitches))
    sheet = LeadSheet("", "C major", TimeSignature(4, 4), 90, 1920, notes, (), (), is_sung=False)
    assert lead_sheet_to_abc(sheet).splitlines()[-1] == "[V:1]^F2 =F2 ^f2 =f2 |]"


def test_what_abc_reads_as_a_mark_is_none_in_words_and_titles() -> None:
    note = SungNote(0, 1920, 67, SungSyllable("100%_|*~", 1, "single", 0, True))
    sheet = LeadSheet('a "b" % c\nX:9', "C major", TimeSignature(4, 4), 90, 1920, (note,), (), ())
    assert len(read_by_corpus(sheet)) == 1
    assert lead_sheet_to_abc(sheet).count("\nX:") == 1
    assert "T:a 'b' ％ c X:9" in lead_sheet_to_abc(sheet)
