"""METRICS 6 by law: whatever the music, an edit changes only what it names, in the score and in the file."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from engine.contract import Request
from engine.errors import RequestError
from engine.evaluation.edit_exactness import Edit, broken
from engine.music.score import Score
from engine.music_edit_requests import (
    ArrangeRequest,
    ContinueMusicRequest,
    HarmonizeRequest,
    HumanizeRequest,
    InfillRequest,
    InstrumentRequest,
    NewMelodyRequest,
    RemixRequest,
)
from tests.engine.song.edited_scores import broken_laws, edit, ranges, scores, upload

MANY = settings(max_examples=10, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def edited_and_looked_at(kind: str, request: Request, score: Score, seed: int, bars: str | None = None) -> None:
    source = upload(score)
    try:
        made = edit(request, source, seed=seed)
    except RequestError as error:
        assume("no track of this music is a melody" not in str(error))
        raise
    assert broken_laws(kind, source, made, bars, getattr(request, "track", None)) == []
    again = edit(request, source, seed=seed)
    assert again.score == made.score


@MANY
@given(st.data(), scores(), st.integers(0, 999), st.sampled_from(("pitch", "rhythm")), st.sampled_from((10, 60, 100)))
def test_a_remix_keeps_the_rhythm_or_the_order_of_pitches(
    data: st.DataObject, score: Score, seed: int, what: str, amount: int
) -> None:
    bars = data.draw(ranges(score))
    request = RemixRequest(source="a", what=what, bars=bars, amount=amount, track="1")
    try:
        edited_and_looked_at(f"remix {what}", request, score, seed, bars)
    except RequestError as error:
        assume("too many for another rhythm" not in str(error))
        raise


@MANY
@given(st.data(), scores(), st.integers(0, 999))
def test_a_new_melody_stays_in_its_bars(data: st.DataObject, score: Score, seed: int) -> None:
    bars = data.draw(ranges(score))
    edited_and_looked_at("melody", NewMelodyRequest(source="a", bars=bars, track="1"), score, seed, bars)


@MANY
@given(st.data(), scores(), st.integers(0, 999), st.booleans())
def test_infilled_bars_leave_all_others_as_they_are(data: st.DataObject, score: Score, seed: int, alone: bool) -> None:
    bars = data.draw(ranges(score))
    track = (
        data.draw(st.sampled_from([str(n + 1) for n, t in enumerate(score.tracks) if not t.is_drum])) if alone else None
    )
    try:
        edited_and_looked_at("infill", InfillRequest(source="a", bars=bars, track=track), score, seed, bars)
    except RequestError as error:
        assume("has no notes in these bars" not in str(error))
        raise


@MANY
@given(st.data(), scores(steady=True), st.integers(0, 999), st.sampled_from(("band", "chords", "choir")))
def test_harmonies_keep_melody_drums_and_other_bars(data: st.DataObject, score: Score, seed: int, voices: str) -> None:
    bars = data.draw(ranges(score))
    request = HarmonizeRequest(source="a", voices=voices, bars=bars, track="1")
    edited_and_looked_at("harmonize", request, score, seed, bars)


@MANY
@given(scores(), st.integers(1, 6), st.integers(0, 999))
def test_what_goes_on_begins_with_what_was_there(score: Score, more: int, seed: int) -> None:
    edited_and_looked_at("extend", ContinueMusicRequest(source="a", bars=more), score, seed)


@MANY
@given(scores(steady=True), st.sampled_from(("jazz", "waltz", "hymn", "rock")), st.integers(0, 999))
def test_another_band_leaves_the_melody(score: Score, style: str, seed: int) -> None:
    edited_and_looked_at("arrange", ArrangeRequest(source="a", style=style, track="1"), score, seed)


@MANY
@given(st.data(), scores(), st.integers(0, 999), st.sampled_from((10, 50, 100)))
def test_uneven_playing_keeps_the_order_of_notes(data: st.DataObject, score: Score, seed: int, amount: int) -> None:
    bars = data.draw(ranges(score))
    edited_and_looked_at("humanize", HumanizeRequest(source="a", amount=amount, bars=bars), score, seed, bars)


@MANY
@given(scores())
def test_another_instrument_plays_the_same_notes(score: Score) -> None:
    edited_and_looked_at("instrument", InstrumentRequest(source="a", instrument="oboe", track="1"), score, 1)


@pytest.mark.parametrize(
    "kind", ["remix pitch", "remix rhythm", "melody", "infill", "harmonize", "arrange", "humanize"]
)
@given(scores())
@settings(max_examples=5)
def test_a_changed_tempo_or_a_note_moved_elsewhere_breaks_every_law(kind: str, score: Score) -> None:
    end = score.length_ticks
    faster = replace(score, tempos=(replace(score.tempos[0], tempo_qpm=120.0),))
    assert broken(Edit(kind, score, faster, 0, 0, end))
    melody = score.tracks[0]
    louder = replace(melody, notes=(replace(melody.notes[0], pitch=20), *melody.notes[1:]))
    changed = replace(score, tracks=(louder, *score.tracks[1:]))
    outside = (melody.notes[0].onset_ticks + 1, end)
    assert broken(Edit(kind, score, changed, 0, *outside))
    assert not broken(Edit(kind, score, score, 0, 0, end))
