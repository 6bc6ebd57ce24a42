"""What people are offered is what the engine knows, and every verb can be carried out."""

from __future__ import annotations

import importlib

import pytest

from engine import contract
from engine.music.lead_sheet import LeadSheet
from engine.music.theory import VOICES
from engine.song import plan, styles
from engine.verbs import SHORTCUTS, VERBS


def test_offered_values_are_the_engines() -> None:
    assert tuple(styles.STYLES) == contract.STYLES
    assert tuple(plan.TIME_SIGNATURES) == contract.TIME_SIGNATURES
    assert tuple(VOICES) == contract.VOICES


@pytest.mark.parametrize("name", VERBS)
def test_every_verb_has_a_function_and_a_short_summary(name: str) -> None:
    verb = VERBS[name]
    module, _, function = verb.make.partition(":")
    assert callable(getattr(importlib.import_module(module), function))
    assert len(verb.summary) <= 100
    fields = set(verb.request.model_fields)
    for shortcut in verb.shortcuts:
        assert set(shortcut.values) | {shortcut.asks or "source", "source"} <= fields
        assert SHORTCUTS[shortcut.name] == (verb, shortcut)


def test_parts_are_the_tracks_of_a_band() -> None:
    from engine.music.arranger import arrange
    from engine.music.bands import BANDS
    from engine.music.lead_sheet import ChordSpan, SectionSpan, SungNote
    from engine.music.score import TimeSignature
    from engine.song.parts import part_of

    notes = tuple(SungNote(at, 480, 72, None) for at in range(0, 15360, 960))
    sections = (
        SectionSpan("Chorus", 0, 7680),
        SectionSpan("Chorus", 7680, 7680),
        SectionSpan("Instrumental", 15360, 7680),
    )
    sheet = LeadSheet("x", "C major", TimeSignature(4, 4), 100, 23040, notes, (ChordSpan(0, 23040, "C"),), sections,
                      is_sung=False)  # fmt: skip
    found = {part_of(track) for band in BANDS.values() for track in arrange(sheet, band, 1).tracks}
    assert found == set(contract.PARTS)
    for band in BANDS.values():
        assert all(part_of(track) == track.name.lower() for track in arrange(sheet, band, 1).tracks)
