"""Laws of chord finding: what is played as chords is found again, in every key; then slash chords, silence and meters."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.music.chord_finding import CHORDS, beats_of, find_chords
from engine.music.heard import heard_chords, heard_key
from engine.music.lead_sheet import ChordSpan
from engine.music.score import Note, Score, TimeSignature, TimeSignatureChange, Track
from engine.music.theory import NO_CHORD, Chord, Key, read_symbol

BAR = 1920


def played(symbols: list[str], bar: int = BAR) -> Score:
    """Return a bar of each chord: a bass note and a close position above it, nothing for N.C."""
    bass, chords = [], []
    for place, symbol in enumerate(symbols):
        chord = read_symbol(symbol)
        if chord is not None:
            bass.append(Note(place * bar, 36 + chord.bass_pitch_class, bar))
            chords += [Note(place * bar, 60 + tone, bar) for tone in sorted(chord.pitch_classes)]
    return Score((Track("Chords", 0, tuple(sorted(chords))), Track("Bass", 32, tuple(bass))), bar * len(symbols))


def symbols_of(spans: tuple[ChordSpan, ...]) -> list[str]:
    return [span.symbol for span in spans]


@pytest.mark.parametrize("chord", CHORDS, ids=lambda chord: chord.symbol)
def test_every_chord_is_found_where_it_is_played_alone(chord: Chord) -> None:
    key = Key(chord.root, "minor" if chord.has_minor_third else "major")
    (span,) = find_chords(played([chord.symbol] * 4), key)
    found = Chord.parse(span.symbol)
    assert set(found.pitch_classes) == set(chord.pitch_classes)
    assert found.bass_pitch_class == chord.root


@given(st.integers(0, 11))
@settings(max_examples=12, deadline=None)
def test_progressions_are_found_in_every_key(semitones: int) -> None:
    key = Key(semitones)
    progression = [
        Chord.parse(s).transpose(semitones).symbol_in(key) for s in ("C", "Am", "F", "G7", "C/E", "Dm7", "G", "C")
    ]
    score = played(progression)
    assert symbols_of(find_chords(score, key)) == progression
    assert heard_key(score) == key


@given(st.lists(st.builds(Note, st.integers(0, 9000), st.integers(30, 90), st.integers(1, 2000)), max_size=30),
       st.sampled_from([TimeSignature(4, 4), TimeSignature(3, 4), TimeSignature(6, 8), TimeSignature(7, 8)]))  # fmt: skip
@settings(deadline=None)
def test_chords_fill_any_score_and_begin_on_its_beats(notes: list[Note], signature: TimeSignature) -> None:
    length = max((note.end_ticks for note in notes), default=0) + 100
    score = Score((Track("", 0, tuple(sorted(notes))),), length, time_signatures=(TimeSignatureChange(0, signature),))
    spans = find_chords(score, Key(0))
    bounds = set(beats_of(score).bounds.tolist())
    assert (spans[0].onset_ticks, sum(span.duration_ticks for span in spans)) == (0, length)
    for before, span in itertools.pairwise(spans):
        assert before.onset_ticks + before.duration_ticks == span.onset_ticks
    assert all(span.onset_ticks in bounds for span in spans)
    assert all(span.symbol == NO_CHORD or Chord.parse(span.symbol) for span in spans)


def test_long_silence_has_no_chord_and_a_short_rest_keeps_the_one_before() -> None:
    score = played(["C", "C", "N.C.", "N.C.", "N.C.", "G", "G"])
    assert symbols_of(find_chords(score, Key(0))) == ["C", "N.C.", "G"]
    rest = played(["C", "G"])
    shorter = tuple(
        replace(track, notes=tuple(replace(note, duration_ticks=960) for note in track.notes)) for track in rest.tracks
    )
    assert symbols_of(heard_chords(replace(rest, tracks=shorter), Key(0), BAR)) == ["C", "G"]
    assert symbols_of(heard_chords(Score((), 4 * BAR), Key(0), BAR)) == ["N.C."]


def test_a_melody_alone_gets_chords_of_its_key_and_no_slashes() -> None:
    tune = [60, 64, 67, 64, 65, 69, 72, 69, 67, 71, 74, 71, 72, 67, 64, 60]
    score = Score((Track("", 0, tuple(Note(480 * n, pitch, 480) for n, pitch in enumerate(tune))),), 4 * BAR)
    found = symbols_of(find_chords(score, Key(0)))
    assert found == ["C", "F", "G", "C"]


def test_beats_follow_the_time_signatures_and_stay_few_in_huge_files() -> None:
    changes = (TimeSignatureChange(0, TimeSignature(3, 4)), TimeSignatureChange(2880, TimeSignature(6, 8)))
    score = Score((), 2880 + 2880, time_signatures=changes)
    beats = beats_of(score)
    assert beats.bounds.tolist() == [0, 480, 960, 1440, 1920, 2400, 2880, 3600, 4320, 5040, 5760]
    assert beats.strengths[:6] == ("bar", "beat", "beat") * 2
    assert beats.strengths[6:] == ("bar", "half") * 2
    assert len(beats_of(Score((), 2**31)).strengths) <= 40_001
