"""ChordPro: every word and every chord once, in order."""

from __future__ import annotations

import re

from hypothesis import given, settings

from engine.music.lead_sheet import LeadSheet, words_of_line
from engine.output.chord_sheet import lead_sheet_to_chordpro
from tests.engine.output.sheets import sung_sheets


def test_the_first_verse_is_as_a_guitarist_reads_it(sheet: LeadSheet) -> None:
    assert lead_sheet_to_chordpro(sheet).splitlines()[:10] == [
        "{title: Rain over the harbour}",
        "{key: C}",
        "{time: 4/4}",
        "{tempo: 96}",
        "",
        "{comment: Intro}",
        "| [C] | [G] |",
        "",
        "{comment: Verse 1}",
        "[C]Rain over the har[Am7]bour",
    ]


@settings(max_examples=60, deadline=None)
@given(sung_sheets())
def test_words_and_chords_stand_there_once_and_in_order(sheet: LeadSheet) -> None:
    text = "\n".join(row for row in lead_sheet_to_chordpro(sheet).splitlines() if not row.startswith("{"))
    assert re.findall(r"\[([^\]]*)\]", text) == [chord.symbol for chord in sheet.chords]
    words = re.sub(r"\[[^\]]*\]|[|%]", "", text).split()
    lines = sorted({note.syllable.line for note in sheet.notes if note.syllable})
    assert words == [word for line in lines for word in words_of_line(sheet, line)]
