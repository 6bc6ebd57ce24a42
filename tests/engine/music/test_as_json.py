"""Stored scores and lead sheets come back as they were; what is of another version is refused."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import FileFormatError
from engine.music.as_json import lead_sheet_from_json, lead_sheet_to_json, score_from_json, score_to_json
from engine.music.lead_sheet import ChordSpan, LeadSheet, SectionSpan, SungNote, SungSyllable
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

ticks, texts = st.integers(0, 10**7), st.text(max_size=8)
signatures = st.builds(TimeSignature, st.integers(1, 32), st.sampled_from([1, 2, 4, 8, 16, 32]))
notes = st.builds(Note, ticks, st.integers(0, 127), st.integers(1, 10**6), st.integers(1, 127))
lyrics = st.lists(st.builds(LyricEvent, ticks, texts), max_size=3).map(tuple)
tracks = st.builds(Track, texts, st.integers(0, 127), st.lists(notes, max_size=5).map(tuple), st.booleans(), lyrics)
tempos = st.floats(4, 400)
scores = st.builds(
    Score,
    st.lists(tracks, max_size=3).map(tuple),
    ticks,
    st.lists(st.builds(TempoChange, ticks, tempos), min_size=1, max_size=3).map(tuple),
    st.lists(st.builds(TimeSignatureChange, ticks, signatures), min_size=1, max_size=3).map(tuple),
    st.none() | texts,
    st.lists(st.builds(Marker, ticks, texts), max_size=2).map(tuple),
    texts,
)
positions = st.sampled_from(["single", "begin", "middle", "end"])
syllables = st.builds(
    SungSyllable, texts, st.integers(0, 2), positions, st.integers(0, 99), st.booleans(), st.booleans()
)
sung = st.builds(SungNote, ticks, st.integers(1, 9999), st.integers(0, 127), st.none() | syllables)
sheets = st.builds(
    LeadSheet,
    texts,
    texts,
    signatures,
    tempos,
    ticks,
    st.lists(sung, max_size=5).map(tuple),
    st.lists(st.builds(ChordSpan, ticks, ticks, texts), max_size=3).map(tuple),
    st.lists(st.builds(SectionSpan, texts, ticks, ticks), max_size=3).map(tuple),
    st.booleans(),
)


@given(scores)
def test_a_score_comes_back_as_it_was(score: Score) -> None:
    assert score_from_json(json.loads(json.dumps(score_to_json(score)))) == score


@given(sheets)
def test_a_lead_sheet_comes_back_as_it_was(sheet: LeadSheet) -> None:
    assert lead_sheet_from_json(json.loads(json.dumps(lead_sheet_to_json(sheet)))) == sheet


@pytest.mark.parametrize("read", [score_from_json, lead_sheet_from_json])
@pytest.mark.parametrize("data", [{}, {"version": 2}, {"version": 1}, {"version": 1, "tracks": 3}, []])
def test_what_was_not_written_here_is_refused(read: object, data: object) -> None:
    with pytest.raises(FileFormatError, match="stored"):
        read(data)  # type: ignore[operator]  # one of two functions
