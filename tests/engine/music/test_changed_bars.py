"""Which bars an edit made new: the stretch in which notes differ, and none where nothing stands out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.music.changed_bars import changed_bars
from engine.music.score import Note, Score, TimeSignature, TimeSignatureChange, Track

BAR = 4 * 480


def score(*notes: Note, bars: int = 8) -> Score:
    return Score((Track("Melody", 0, notes),), bars * BAR)


def one_a_bar(bars: int = 8) -> list[Note]:
    return [Note(n * BAR, 60 + n, 480, 80) for n in range(bars)]


@pytest.mark.parametrize(("first", "last"), [(0, 0), (2, 5), (7, 7)])
def test_the_stretch_reaches_from_the_first_change_to_the_last(first: int, last: int) -> None:
    notes = one_a_bar()
    for n in (first, last):
        notes[n] = replace(notes[n], pitch=40)
    found = changed_bars(score(*one_a_bar()), score(*notes))
    assert found is not None
    assert (found.first, found.last) == (first + 1, last + 1)
    assert (found.onset_ticks, found.end_ticks) == (first * BAR, (last + 1) * BAR)


def test_bars_that_were_added_are_new_and_a_note_that_is_gone_counts() -> None:
    longer = changed_bars(score(*one_a_bar()), score(*one_a_bar(12), bars=12))
    assert longer is not None
    assert longer.text == "bars 9-12 are new"
    shorter = changed_bars(score(*one_a_bar()), score(*one_a_bar()[:-1]))
    assert shorter is not None
    assert shorter.text == "bar 8 is new"


def test_nothing_stands_out_where_nothing_or_everything_differs() -> None:
    before = score(*one_a_bar())
    flute = replace(before, tracks=(replace(before.tracks[0], program=73),))
    higher = score(*(replace(note, pitch=note.pitch + 1) for note in one_a_bar()))
    assert changed_bars(before, before) is None
    assert changed_bars(before, flute) is None
    assert changed_bars(before, higher) is None


def test_a_pickup_is_bar_0() -> None:
    changes = (TimeSignatureChange(0, TimeSignature(1, 4)), TimeSignatureChange(480, TimeSignature(4, 4)))
    before = replace(score(Note(0, 60, 480, 80), Note(480, 62, 480, 80)), time_signatures=changes)
    after = replace(score(Note(0, 65, 480, 80), Note(480, 62, 480, 80)), time_signatures=changes)
    found = changed_bars(before, after)
    assert found is not None
    assert found.text == "bar 0 is new"
