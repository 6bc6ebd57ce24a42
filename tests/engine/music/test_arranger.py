"""Laws of the arrangement, for every band in every metre: nothing outside the song, the chords or the instruments.

Knows no styles of words. What single players do is in test_players.
"""

from __future__ import annotations

import itertools
import statistics
from dataclasses import replace
from functools import lru_cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.music.arranger import arrange
from engine.music.bands import BANDS, Band
from engine.music.dynamics import ACCOMPANIMENT_CEILING_VELOCITY, ACCOMPANIMENT_FLOOR_VELOCITY
from engine.music.lead_sheet import ChordSpan, LeadSheet, check
from engine.music.program_ranges import range_of
from engine.music.score import Note, Score, TimeSignature
from engine.music.theory import Chord, Key
from engine.music.tones import local_scale
from engine.music.voicing import voice_chords
from tests.engine.music.band_sheets import SECTIONS, SIGNATURES, SYMBOLS, accompaniment, lead_sheet, track

each_band = pytest.mark.parametrize("band", BANDS.values(), ids=lambda band: band.name)
each_signature = pytest.mark.parametrize("signature", SIGNATURES.values(), ids=str)
SEEDS = (1, 7)


@lru_cache(maxsize=512)
def played(band: str, signature: str, seed: int) -> tuple[LeadSheet, Score]:
    """Return a song, with two chords in a bar for the second seed, and how a band plays it; the tests look at the same few."""
    sheet = lead_sheet(SIGNATURES[signature], shared_bars=seed == 7)
    return sheet, arrange(sheet, BANDS[band], seed)


def chord_at(sheet: LeadSheet, ticks: int) -> Chord | None:
    span = next(span for span in reversed(sheet.chords) if span.onset_ticks <= ticks)
    return None if span.symbol == "N.C." else Chord.parse(span.symbol)


@each_signature
@each_band
def test_everybody_plays_inside_the_song_and_the_instrument(band: Band, signature: TimeSignature) -> None:
    for seed in SEEDS:
        sheet, score = played(band.name, str(signature), seed)
        names = [one.name for one in score.tracks]
        assert len(set(names)) == len(names)
        assert {"Melody", "Second Voice", "Solo", "Chords", "Bass", "Drums"} <= set(names)
        assert score.length_ticks == sheet.length_ticks
        assert [(m.onset_ticks, m.text) for m in score.markers] == [(s.onset_ticks, s.label) for s in sheet.sections]
        for one in score.tracks:
            assert one.notes == tuple(sorted(one.notes))
            assert all(note.end_ticks <= score.length_ticks for note in one.notes)
        for one in accompaniment(score):
            low, high = (35, 81) if one.is_drum else range_of(one.program)
            assert all(low <= note.pitch <= high for note in one.notes), one.name


@each_signature
@each_band
def test_chords_and_pad_have_the_tones_of_the_chord_that_sounds(band: Band, signature: TimeSignature) -> None:
    sheet, score = played(band.name, str(signature), 7)
    for one in accompaniment(score):
        if one.name in ("Chords", "Pad"):
            for note in one.notes:
                assert note.pitch % 12 in chord_at(sheet, note.onset_ticks).pitch_classes  # type: ignore[union-attr]
                assert chord_at(sheet, note.end_ticks - 1) == chord_at(sheet, note.onset_ticks)


@each_signature
@each_band
def test_the_melody_is_untouched(band: Band, signature: TimeSignature) -> None:
    sheet, score = played(band.name, str(signature), 1)
    melody = score.tracks[0]
    assert melody.name == "Melody"
    assert melody.program == band.lead_program
    assert [(n.onset_ticks, n.duration_ticks, n.pitch) for n in melody.notes] == [
        (n.onset_ticks, n.duration_ticks, n.pitch) for n in sheet.notes
    ]
    assert len(melody.lyrics) == len(sheet.notes)


@each_signature
@each_band
def test_the_second_voice_is_below_the_tune_and_in_the_scale(band: Band, signature: TimeSignature) -> None:
    for seed in SEEDS:
        sheet, score = played(band.name, str(signature), seed)
        tune = sorted([*track(score, "Melody").notes, *track(score, "Solo").notes])
        for note in track(score, "Second Voice").notes:
            assert note.pitch % 12 in local_scale(chord_at(sheet, note.onset_ticks), Key.parse("C major"))
            over = [t.pitch for t in tune if t.onset_ticks < note.end_ticks and t.end_ticks > note.onset_ticks]
            assert all(pitch - note.pitch >= 3 for pitch in over)


@each_signature
@each_band
def test_the_solo_plays_where_nobody_sings_and_the_tune_that_was_sung(band: Band, signature: TimeSignature) -> None:
    sheet, score = played(band.name, str(signature), 1)
    sung = [(note.onset_ticks, note.end_ticks) for note in track(score, "Melody").notes]
    solo = track(score, "Solo").notes
    assert not track(score, "Solo").lyrics
    assert not [n for n in solo if any(start < n.end_ticks and end > n.onset_ticks for start, end in sung)]
    chorus, instrumental = (next(s for s in sheet.sections if s.label == name) for name in ("Chorus", "Instrumental"))
    later = instrumental.onset_ticks - chorus.onset_ticks
    grid = signature.beat_ticks // 2
    heard = {round(n.onset_ticks / grid): n.pitch % 12 for n in solo if n.onset_ticks >= instrumental.onset_ticks}
    tune = {
        round((n.onset_ticks + later) / grid): n.pitch % 12
        for n in sheet.notes
        if chorus.onset_ticks <= n.onset_ticks < chorus.onset_ticks + chorus.duration_ticks
    }
    kept = [at for at, pitch in tune.items() if heard.get(at) == pitch]
    assert len(tune) > len(kept) >= 0.3 * len(tune) or len(heard) > len(tune)


@each_band
def test_no_pitch_is_struck_again_while_it_sounds(band: Band) -> None:
    for signature in SIGNATURES:
        for one in played(band.name, signature, 7)[1].tracks:
            sounding: dict[int, int] = {}
            for note in one.notes:
                assert sounding.get(note.pitch, 0) <= note.onset_ticks
                sounding[note.pitch] = note.end_ticks


@given(st.integers(0, 2**31 - 1), st.sampled_from(sorted(BANDS)), st.sampled_from(sorted(SIGNATURES)))
@settings(max_examples=6, deadline=None)
def test_the_same_seed_gives_the_same_score(seed: int, band: str, signature: str) -> None:
    sheet = lead_sheet(SIGNATURES[signature])
    assert arrange(sheet, BANDS[band], seed) == arrange(sheet, BANDS[band], seed)


def test_other_seeds_play_otherwise() -> None:
    sheet = lead_sheet(SIGNATURES["4/4"])
    assert len({arrange(sheet, BANDS["pop"], seed) for seed in range(8)}) == 8


def bars_of_section(score: Score, start: int, end: int, grid: int = 240) -> set[tuple[str, int, int]]:
    """Return what the band plays in a section as (track, eighth, pitch), so that loose timing is no difference."""
    return {
        (one.name, round((note.onset_ticks - start) / grid), note.pitch)
        for one in accompaniment(score)
        for note in one.notes
        if start <= note.onset_ticks < end
    }


@each_signature
@each_band
def test_a_section_that_comes_again_is_played_otherwise(band: Band, signature: TimeSignature) -> None:
    for seed in SEEDS:
        sheet, score = played(band.name, str(signature), seed)
        for kind in ("Chorus", "Verse"):
            spans = [s for s in sheet.sections if s.label.startswith(kind)]
            bar = signature.bar_ticks
            # Without the last bar, whose fill depends on what follows.
            heard = [bars_of_section(score, s.onset_ticks, s.onset_ticks + s.duration_ticks - bar) for s in spans]
            for one, other in itertools.combinations(heard, 2):
                assert len(one ^ other) >= 0.05 * len(one | other)


@each_band
def test_the_last_chorus_is_the_fullest_and_the_first_verse_the_quietest(band: Band) -> None:
    sheet, score = played(band.name, "4/4", 1)

    def strength(label: str, nth: int) -> float:
        section = [s for s in sheet.sections if s.label == label][nth]
        end = section.onset_ticks + section.duration_ticks
        inside = [n for t in accompaniment(score) for n in t.notes if section.onset_ticks <= n.onset_ticks < end]
        return sum(note.velocity for note in inside) / section.duration_ticks

    sung = [strength("Verse 1", 0), strength("Verse 2", 0), *(strength("Chorus", nth) for nth in range(3))]
    assert sung[0] == min(sung)
    assert sung[-1] >= 0.97 * max(sung)
    assert min(sung[2:]) > sung[0] * 1.1


def power(notes: list[Note], start: int, end: int) -> float:
    """Return the mean of squared amplitudes in a section; an amplitude goes with the square of the velocity."""
    total = 0.0
    for note in notes:
        length = max(0, min(note.end_ticks, end) - max(note.onset_ticks, start))
        total += (note.velocity / 127) ** 4 * length
    return total / (end - start)


@each_signature
@each_band
def test_the_melody_is_louder_than_the_band_in_every_section_that_is_sung(band: Band, signature: TimeSignature) -> None:
    sheet, score = played(band.name, str(signature), 7)
    melody = track(score, "Melody").notes
    for one in accompaniment(score):
        assert all(note.velocity <= ACCOMPANIMENT_CEILING_VELOCITY for note in one.notes)
        assert all(note.velocity >= ACCOMPANIMENT_FLOOR_VELOCITY for note in one.notes)
    assert min(note.velocity for note in melody) > ACCOMPANIMENT_CEILING_VELOCITY
    for section in sheet.sections:
        start, end = section.onset_ticks, section.onset_ticks + section.duration_ticks
        sung = power([n for n in melody if start <= n.onset_ticks < end], start, end)
        share = sum(n.duration_ticks for n in melody if start <= n.onset_ticks < end) / (end - start)
        if share:
            band_power = sum(power(list(one.notes), start, end) for one in accompaniment(score))
            assert sung / share > band_power, section.label
            assert sung / share + band_power < 1.0


@each_band
def test_the_band_lies_below_the_voice(band: Band) -> None:
    score = played(band.name, "4/4", 1)[1]
    middle = statistics.median(note.pitch for note in score.tracks[0].notes)
    for name in ("Second Voice", "Chords", "Bass", "Pad"):
        if notes := track(score, name).notes:
            assert statistics.median(note.pitch for note in notes) < middle


@each_band
def test_the_last_chord_is_held_to_the_end(band: Band) -> None:
    sheet, score = played(band.name, "4/4", 1)
    last_bar = sheet.length_ticks - sheet.time_signature.bar_ticks
    for one in accompaniment(score):
        ending = [note for note in one.notes if note.onset_ticks >= last_bar]
        assert {note.onset_ticks for note in ending} <= {last_bar}
        if not one.is_drum:
            assert all(note.end_ticks == sheet.length_ticks for note in ending)
    for name in ("Chords", "Bass", "Second Voice"):
        assert track(score, name).notes[-1].onset_ticks == last_bar


@given(st.lists(st.sampled_from(SYMBOLS), min_size=2, max_size=20), st.integers(40, 52))
@settings(max_examples=25, deadline=None)
def test_chords_are_close_and_move_little(symbols: list[str], low: int) -> None:
    voicings = voice_chords([Chord.parse(symbol) for symbol in symbols], low=low, high=low + 22)
    for symbol, voicing in zip(symbols, voicings, strict=True):
        assert low <= voicing[0]
        assert voicing[-1] <= low + 22
        assert voicing[-1] - voicing[0] < 12
        assert {pitch % 12 for pitch in voicing} <= set(Chord.parse(symbol).pitch_classes)
    for before, after in itertools.pairwise(voicings):
        assert abs(statistics.mean(before) - statistics.mean(after)) <= 6


def test_an_unusual_time_signature_and_a_song_without_words_are_played() -> None:
    signature = TimeSignature(5, 4)
    sheet = LeadSheet("", "A minor", signature, 90.0, 4 * signature.bar_ticks, (), tuple(
        ChordSpan(bar * signature.bar_ticks, signature.bar_ticks, "Am") for bar in range(4)), ())  # fmt: skip
    for band in BANDS.values():
        score = arrange(sheet, band, 1)
        assert score.tracks[0].notes == ()
        assert not track(score, "Second Voice").notes
        assert not track(score, "Solo").notes
        assert len(track(score, "Bass").notes) == 4


@each_signature
@each_band
def test_where_there_is_no_chord_the_band_is_silent_and_the_melody_goes_on(
    band: Band, signature: TimeSignature
) -> None:
    sheet = lead_sheet(signature)
    silent = {3, 8, 9, 30, 31, 45, len(sheet.chords) - 1}
    chords = tuple(replace(span, symbol="N.C.") if n in silent else span for n, span in enumerate(sheet.chords))
    check(replace(sheet, chords=chords, is_sung=False, notes=()))
    score = arrange(replace(sheet, chords=chords), band, 3)
    gaps = [(chords[n].onset_ticks, chords[n].onset_ticks + chords[n].duration_ticks) for n in silent]
    for one in accompaniment(score):
        assert one.notes
        # A stroke of the drums before the gap may ring into it.
        assert not [note for note in one.notes for start, end in gaps if start <= note.onset_ticks < end]
        if not one.is_drum:
            assert not [
                note for note in one.notes for start, end in gaps if note.onset_ticks < end and note.end_ticks > start
            ]
    assert len(score.tracks[0].notes) == len(sheet.notes)


def test_a_song_without_any_chord_is_its_melody_alone() -> None:
    sheet = lead_sheet(SIGNATURES["4/4"])
    alone = replace(sheet, chords=(ChordSpan(0, sheet.length_ticks, "N.C."),))
    for band in BANDS.values():
        assert [one.name for one in arrange(alone, band, 3).tracks] == ["Melody"]


def test_a_song_of_verses_alone_has_its_fullest_verse_at_the_end() -> None:
    sheet = lead_sheet(SIGNATURES["4/4"], sections=tuple((f"Verse {n}", 8) for n in range(1, 5)))
    score = arrange(sheet, BANDS["hymn"], 1)
    drums = {note.onset_ticks // sheet.sections[0].duration_ticks for note in track(score, "Drums").notes}
    assert 0 not in drums
    assert 3 in drums
    assert len(SECTIONS) > 1
