"""Where notes stand: on the right line, with the signs that are needed, in order, and with room for the words."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings

from engine.music.lead_sheet import LeadSheet, SectionSpan, SungNote, bare
from engine.music.score import TimeSignature
from engine.output.staff_drawing import beamed, slurs, stem_goes_up, triplet_groups
from engine.output.staff_layout import MARGIN, PAGE_WIDTH, Placed, StaffSystem, lay_out_staves
from tests.engine.output.sheets import sung_sheets


def width(text: str) -> float:
    return 12.0 * len(text)


def laid_out(sheet: LeadSheet) -> list[StaffSystem]:
    return lay_out_staves(sheet, width, width)


def tune(pitches: list[int], key: str = "C major", ticks: int = 480, meter: tuple[int, int] = (4, 4)) -> LeadSheet:
    notes = tuple(SungNote(ticks * n, ticks, pitch, None) for n, pitch in enumerate(pitches))
    length = ticks * len(pitches)
    return LeadSheet("", key, TimeSignature(*meter), 90, length, notes, (), (), is_sung=False)


def placed(sheet: LeadSheet) -> list[Placed]:
    return [piece for system in laid_out(sheet) for piece in system.pieces if piece.written.note is not None]


@settings(max_examples=60, deadline=None)
@given(sung_sheets())
def test_every_note_stands_once_in_order_and_on_the_page(sheet: LeadSheet) -> None:
    systems = laid_out(sheet)
    shown = [p.written.note for s in systems for p in s.pieces if p.written.note is not None and p.written.is_first]
    assert tuple(shown) == sheet.notes
    for system in systems:
        xs = [piece.x for piece in system.pieces]
        assert all(a < b for a, b in pairwise(xs))
        assert xs[0] > MARGIN
        assert system.bars[-1].right <= PAGE_WIDTH - MARGIN + 0.01
        assert len(system.bars) <= 5


@settings(max_examples=60, deadline=None)
@given(sung_sheets())
def test_words_do_not_touch_unless_one_bar_has_too_many(sheet: LeadSheet) -> None:
    for system in laid_out(sheet):
        ends = []
        for piece in system.pieces:
            note = piece.written.note
            if note is not None and note.syllable is not None and piece.written.is_first:
                half = width(bare(note.syllable)) / 2
                ends.append((piece.x - half, piece.x + half))
        if len(system.bars) > 1:
            assert all(after[0] > before[1] for before, after in pairwise(ends))


@pytest.mark.parametrize(
    ("pitches", "key", "steps"),
    [
        ([64, 67, 71, 77], "C major", [0, 2, 4, 8]),  # E G B F in the treble clef
        ([60, 81], "C major", [-2, 10]),  # one line below, one above
        ([52, 57, 59], "C major", [0, 3, 4]),  # a tenor's staff sounds an octave lower
        ([43, 50, 57], "C major", [0, 4, 8]),  # G D A in the bass clef
        ([71, 70], "Gb major", [5, 4]),  # C flat and B flat
    ],
)
def test_notes_stand_on_the_lines_of_their_clef(pitches: list[int], key: str, steps: list[int]) -> None:
    assert [piece.step for piece in placed(tune(pitches, key))] == steps


def test_signs_are_written_where_key_and_bar_do_not_say_them() -> None:
    altered = tune([66, 66, 65, 65, 66, 78], "C major")  # in the second bar F sharp is new again, in both octaves
    assert [piece.alter for piece in placed(altered)] == [1, None, 0, None, 1, 1]
    assert [piece.alter for piece in placed(tune([66, 65, 66], "G major"))] == [None, 0, 1]
    assert [piece.alter for piece in placed(tune([70, 71], "F major"))] == [None, 0]


def test_a_section_begins_a_line_and_lines_have_four_bars() -> None:
    sections = (SectionSpan("Verse", 0, 6 * 1920), SectionSpan("Chorus", 6 * 1920, 4 * 1920))
    base = tune([72] * 40)
    systems = laid_out(
        LeadSheet("", "C major", base.time_signature, 90, 19200, base.notes, (), sections, is_sung=False)
    )
    assert [(system.label, len(system.bars)) for system in systems] == [("Verse", 4), ("", 2), ("Chorus", 4)]
    assert [bar.ends_section for system in systems for bar in system.bars].count(True) == 2
    assert systems[-1].bars[-1].ends_song


def test_eighths_are_beamed_by_the_beat() -> None:
    def sizes(sheet: LeadSheet) -> list[int]:
        bar = laid_out(sheet)[0].bars[0]
        return [len(group) for group, _ in beamed(bar.pieces, sheet.time_signature)]

    assert sizes(tune([72] * 8, ticks=240)) == [2, 2, 2, 2]
    assert sizes(tune([72] * 6, ticks=240, meter=(6, 8))) == [3, 3]
    assert sizes(tune([72] * 4)) == [1, 1, 1, 1]


def test_stems_go_down_from_the_middle_line_on() -> None:
    assert [stem_goes_up(step) for step in (0, 3, 4, 8)] == [True, True, False, False]


def test_triplets_stand_together_by_quarters() -> None:
    def sizes(ticks: int, count: int) -> list[int]:
        return [len(group) for group in triplet_groups(laid_out(tune([72] * count, ticks=ticks))[0].bars[0].pieces)]

    assert sizes(160, 6) == [3, 3]
    assert sizes(320, 3) == [3]
    assert sizes(240, 4) == []


def test_a_slur_goes_over_the_end_of_a_line(sheet: LeadSheet) -> None:
    found = [slurs(system.pieces) for system in laid_out(sheet)]
    assert sum(len(pairs) for pairs in found) == 2
    pieces = laid_out(sheet)[1].pieces
    first = next(piece for piece in pieces if piece.written.slur == "start") if found[1] else pieces[0]
    assert slurs([first]) == ([(first, None)] if found[1] else [])
