"""Lead sheets drawn at random for tests of what is written from them. Knows no formats."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from engine.music.lead_sheet import ChordSpan, LeadSheet, SectionSpan, SungNote, SungSyllable
from engine.music.score import TimeSignature

METERS = (TimeSignature(4, 4), TimeSignature(3, 4), TimeSignature(6, 8), TimeSignature(2, 4))


@st.composite
def sung_sheets(draw: st.DrawFn) -> LeadSheet:
    """Draw sheets on the grid of sixteenths and triplets, with words, melismas, rests and chords anywhere."""
    meter, is_sung = draw(st.sampled_from(METERS)), draw(st.booleans())
    notes: list[SungNote] = []
    now = draw(st.sampled_from((0, 480, 960, 1440)))
    words = draw(st.lists(st.lists(st.sampled_from(("oh", "rain", "sea")), min_size=1, max_size=3), max_size=4))
    for line, word in enumerate(words):
        for index, text in enumerate(word):
            inside = "begin" if index == 0 else "end" if index == len(word) - 1 else "middle"
            place: Any = inside if len(word) > 1 else "single"
            syllable = SungSyllable(text, 1, place, line, index == len(word) - 1)
            for part in range(draw(st.integers(1, 3))):
                duration = draw(st.sampled_from((120, 160, 240, 320, 360, 480, 720, 960, 1680, 2400)))
                sung = syllable if part == 0 and is_sung else None
                notes.append(SungNote(now, duration, draw(st.integers(40, 84)), sung))
                now += duration
        now += draw(st.sampled_from((0, 240, 480, 2000)))
    length = -(-max(now, 1) // meter.bar_ticks) * meter.bar_ticks
    cuts = sorted({0, *draw(st.lists(st.integers(0, (length - 1) // 120).map(lambda n: n * 120), max_size=4))})
    symbols = draw(st.lists(st.sampled_from(("C", "Am7/G", "F#m7b5", "Bb")), min_size=len(cuts), max_size=len(cuts)))
    spans = zip(cuts, [*cuts[1:], length], symbols, strict=True)
    chords = tuple(ChordSpan(a, b - a, symbol) for a, b, symbol in spans)
    key = draw(st.sampled_from(("C major", "F# minor", "Ab major", "D minor")))
    return LeadSheet("t", key, meter, 90, length, tuple(notes), chords, (SectionSpan("Verse 1", 0, length),), is_sung)
