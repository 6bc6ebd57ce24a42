"""What single players do, as a musician would check it: backbeats, waltz basses, clave, walking lines, swing, fills.

Knows no styles of words. Laws for all bands are in test_arranger.
"""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.music.arranger import arrange
from engine.music.bands import BANDS, Band
from engine.music.bass_lines import BASS_PATTERNS, bass_range
from engine.music.drum_patterns import CLAP, CRASH, DRUM_PATTERNS, KICK, SIDE_STICK, SNARE, bar_strikes
from engine.music.fills import FILLS, OVERLAYS, with_fill
from engine.music.groove import EIGHTHS, SIXTEENTHS, Groove
from engine.music.lead_sheet import LeadSheet, SectionSpan
from engine.music.passages import FULL, FULLEST, QUIET, SPARSE, passages_of
from engine.music.patterns import CHORD_PATTERNS, bar_strokes, strokes
from engine.music.score import Note, Score
from engine.music.theory import Chord, Key
from engine.music.tones import local_scale, pentatonic
from engine.music.tune import Tune, TuneNote
from tests.engine.music.band_sheets import SIGNATURES, lead_sheet, track

BAR, QUARTER, NEAR = 1920, 480, 45  # ticks; a stroke is near its beat


def section(sheet: LeadSheet, label: str, nth: int = 0) -> SectionSpan:
    return [one for one in sheet.sections if one.label == label][nth]


def in_bar(score: Score, name: str, start: int, bar_ticks: int = BAR) -> list[Note]:
    return [note for note in track(score, name).notes if start - 1 < note.onset_ticks < start + bar_ticks]


def struck_on(notes: list[Note], drums: set[int], at: int) -> bool:
    return any(note.pitch in drums and abs(note.onset_ticks - at) <= NEAR for note in notes)


@pytest.mark.parametrize("name", ["pop", "rock", "country", "blues", "hip-hop", "electronic"])
@pytest.mark.parametrize("seed", [1, 2])
def test_the_backbeat_is_on_two_and_four(name: str, seed: int) -> None:
    sheet = lead_sheet(SIGNATURES["4/4"])
    score = arrange(sheet, BANDS[name], seed)
    for nth in range(3):
        start = section(sheet, "Chorus", nth).onset_ticks
        for bar in range(3):
            notes = in_bar(score, "Drums", start + bar * BAR)
            assert struck_on(notes, {SNARE, CLAP, SIDE_STICK}, start + bar * BAR + QUARTER)
            assert struck_on(notes, {SNARE, CLAP, SIDE_STICK}, start + bar * BAR + 3 * QUARTER)
            assert struck_on(notes, {KICK}, start + bar * BAR)


def test_electronic_music_has_four_on_the_floor() -> None:
    sheet = lead_sheet(SIGNATURES["4/4"])
    score = arrange(sheet, BANDS["electronic"], 3)
    start = section(sheet, "Chorus").onset_ticks
    for beat in range(16):
        assert struck_on(list(track(score, "Drums").notes), {KICK}, start + beat * QUARTER)


def test_a_waltz_has_the_bass_on_one_and_the_chords_on_two_and_three() -> None:
    sheet = lead_sheet(SIGNATURES["3/4"])
    for seed in range(3):
        score = arrange(sheet, BANDS["waltz"], seed)
        for bar in range(2, 12):
            start = bar * 3 * QUARTER
            bass = in_bar(score, "Bass", start, 3 * QUARTER)
            assert bass[0].onset_ticks - start <= NEAR
            chords = {
                round((note.onset_ticks - start) / QUARTER) for note in in_bar(score, "Chords", start, 3 * QUARTER)
            }
            assert 0 not in chords
            assert 1 in chords


def test_a_bossa_nova_has_the_clave_on_the_side_stick() -> None:
    sheet = lead_sheet(SIGNATURES["4/4"])
    score = arrange(sheet, BANDS["bossa nova"], 2)
    start = section(sheet, "Chorus", 1).onset_ticks
    sticks = [note.onset_ticks for note in track(score, "Drums").notes if note.pitch == SIDE_STICK]
    eighths = {round((at - start) / 240) for at in sticks if start - NEAR <= at < start + 2 * BAR - NEAR}
    assert eighths == {0, 3, 6, 10, 13}
    bass = [round((note.onset_ticks - start) / 240) for note in in_bar(score, "Bass", start)]
    assert bass == [0, 3, 4, 7]


@pytest.mark.parametrize("seed", range(3))
def test_a_walking_bass_steps_in_quarters_and_leads_into_the_next_chord(seed: int) -> None:
    sheet = lead_sheet(SIGNATURES["4/4"])
    score = arrange(sheet, BANDS["jazz"], seed)
    chorus = section(sheet, "Chorus")
    line = [n for n in track(score, "Bass").notes if 0 <= n.onset_ticks - chorus.onset_ticks < 8 * BAR]
    assert [round((note.onset_ticks - chorus.onset_ticks) / QUARTER) for note in line] == list(range(32))
    for bar, following in itertools.pairwise(line[at : at + 4] for at in range(0, 32, 4)):
        chord = next(Chord.parse(s.symbol) for s in sheet.chords if s.onset_ticks + BAR > bar[0].onset_ticks)
        assert bar[0].pitch % 12 == chord.bass_pitch_class
        assert all(1 <= abs(b.pitch - a.pitch) <= 5 for a, b in itertools.pairwise(bar))
        assert len({note.pitch for note in bar}) == 4
        assert (bar[3].pitch - following[0].pitch) % 12 in (1, 2, 10, 11)


@pytest.mark.parametrize("band", BANDS.values(), ids=lambda band: band.name)
def test_the_bass_starts_each_chord_on_its_bass(band: Band) -> None:
    sheet = lead_sheet(SIGNATURES["4/4"], shared_bars=True)
    low, high = bass_range(band.bass_program)
    bass = track(arrange(sheet, band, 6), "Bass").notes
    assert all(low <= note.pitch <= high for note in bass)
    for span in sheet.chords:
        first = next(note for note in bass if note.end_ticks > span.onset_ticks)
        assert first.pitch % 12 == Chord.parse(span.symbol).bass_pitch_class


def test_jazz_and_blues_swing_and_rock_does_not() -> None:
    sheet = lead_sheet(SIGNATURES["4/4"])
    found = {}
    for name in ("jazz", "blues", "rock"):
        notes = track(arrange(sheet, BANDS[name], 1), "Drums").notes
        late = [n.onset_ticks % QUARTER for n in notes if n.pitch in (42, 51)]
        off = [at for at in late if 150 < at < 400]
        found[name] = sum(off) / len(off) / QUARTER
    assert 0.56 < found["jazz"] < 0.67
    assert 0.56 < found["blues"] < 0.67
    assert 0.48 < found["rock"] < 0.52


def test_a_fill_leads_into_the_chorus_which_a_crash_opens() -> None:
    sheet = lead_sheet(SIGNATURES["4/4"])
    for name in ("pop", "rock"):
        score = arrange(sheet, BANDS[name], 2)
        start = section(sheet, "Chorus").onset_ticks
        before, usual = in_bar(score, "Drums", start - BAR), in_bar(score, "Drums", start - 2 * BAR)
        toms = {45, 47, 50}
        assert [note for note in before if note.pitch in toms]
        assert not [note for note in usual if note.pitch in toms]
        assert struck_on(in_bar(score, "Drums", start), {CRASH}, start)
        assert not [
            note for note in in_bar(score, "Drums", section(sheet, "Verse 1").onset_ticks) if note.pitch == CRASH
        ]


def test_chinese_heterophony_is_the_tune_an_octave_lower_and_the_chords_are_pentatonic() -> None:
    sheet = lead_sheet(SIGNATURES["4/4"])
    score = arrange(sheet, BANDS["chinese"], 3)
    five = pentatonic(Key.parse(sheet.key_name))
    chorus = section(sheet, "Chorus")
    tune = {n.onset_ticks: n.pitch for n in sheet.notes if 0 <= n.onset_ticks - chorus.onset_ticks < 8 * BAR}
    second = track(score, "Second Voice").notes
    along = [
        at
        for at, pitch in tune.items()
        if any(abs(n.onset_ticks - at) < NEAR and n.pitch == pitch - 12 for n in second)
    ]
    assert len(along) >= 0.6 * len(tune)
    for note in track(score, "Chords").notes:
        span = next(s for s in reversed(sheet.chords) if s.onset_ticks <= note.onset_ticks)
        chord = Chord.parse(span.symbol)
        assert note.pitch % 12 in five | {chord.root, chord.pitch_classes[2]}


def test_the_second_voice_answers_in_rests_and_sings_thirds_in_the_last_chorus() -> None:
    sheet = lead_sheet(SIGNATURES["4/4"])
    score = arrange(sheet, BANDS["pop"], 1)
    second = track(score, "Second Voice").notes
    verse, last = section(sheet, "Verse 2"), section(sheet, "Chorus", 2)
    melody = track(score, "Melody").notes
    answers = [n for n in second if verse.onset_ticks <= n.onset_ticks < verse.onset_ticks + verse.duration_ticks]
    assert answers
    assert not [n for n in answers for m in melody if m.onset_ticks < n.end_ticks and m.end_ticks > n.onset_ticks]
    below = []
    for note in melody:
        if last.onset_ticks <= note.onset_ticks < last.onset_ticks + last.duration_ticks:
            below += [note.pitch - n.pitch for n in second if 0 <= n.onset_ticks - note.onset_ticks < NEAR]
    thirds = [interval for interval in below if interval in (3, 4, 8, 9)]
    assert len(below) >= 20
    assert len(thirds) >= 0.8 * len(below)


@given(st.floats(0.5, 0.67), st.sampled_from([EIGHTHS, SIXTEENTHS]), st.lists(st.integers(0, BAR), min_size=2))
def test_swing_keeps_the_beats_and_the_order(swing: float, pair_ticks: int, offsets: list[int]) -> None:
    groove = Groove(swing, pair_ticks)
    signature = SIGNATURES["4/4"]
    assert [groove.swung(beat, signature) for beat in range(0, BAR, QUARTER)] == list(range(0, BAR, QUARTER))
    ordered = [groove.swung(offset, signature) for offset in sorted(offsets)]
    assert ordered == sorted(ordered)
    assert all(groove.swung(offset, SIGNATURES["6/8"]) == offset for offset in offsets)


def test_patterns_fill_whole_bars_and_bands_name_known_ones() -> None:
    for table in (CHORD_PATTERNS, BASS_PATTERNS):
        for by_signature in table.values():
            assert set(by_signature) == set(SIGNATURES)
            for name, pattern in by_signature.items():
                bars = pattern.split("/")
                assert len({len(bar) for bar in bars}) == 1
                assert SIGNATURES[name].bar_ticks % len(bars[0]) == 0
                assert SIGNATURES[name].bar_ticks // len(bars[0]) in (120, 240)
    for drums in (*DRUM_PATTERNS.values(), *FILLS.values(), *OVERLAYS.values()):
        assert set(drums) == set(SIGNATURES)
        for name, lines in drums.items():
            for line in lines.split()[1::2]:
                assert {SIGNATURES[name].bar_ticks / len(bar) for bar in line.split("/")} <= {120, 240}
            assert bar_strikes(drums, 0, SIGNATURES[name])
    for band in BANDS.values():
        assert {*band.quiet_chords, *band.full_chords} <= set(CHORD_PATTERNS)
        assert {*band.quiet_bass, *band.full_bass} <= set(BASS_PATTERNS)
        assert {name for names in band.drums for name in names} <= set(DRUM_PATTERNS)
        assert set(band.fills) <= set(FILLS)
        assert band.overlay is None or band.overlay in OVERLAYS
        assert band.drums[FULL]


def test_a_pattern_reads_as_strokes_and_goes_round() -> None:
    assert [(s.offset_ticks, s.duration_ticks, s.sign) for s in strokes("R-.F", 960)] == [
        (0, 480, "R"),
        (720, 240, "F"),
    ]
    assert [s.sign for s in bar_strokes("R.../F...", 3, 960)] == ["F"]
    assert [s.sign for s in bar_strokes("R.../F...", 4, 960)] == ["R"]


def test_a_fill_takes_over_where_it_begins() -> None:
    usual, fill = ((0, KICK, "x"), (480, SNARE, "x"), (1440, SNARE, "x")), ((960, SNARE, "o"), (1200, SNARE, "x"))
    assert with_fill(usual, fill) == ((0, KICK, "x"), (480, SNARE, "x"), (960, SNARE, "o"), (1200, SNARE, "x"))


def test_levels_rise_to_the_last_chorus() -> None:
    labels = ("Intro", "Verse 1", "Chorus", "Verse 2", "Chorus", "Bridge", "Chorus", "Outro")
    spans = [SectionSpan(label, n * BAR, BAR) for n, label in enumerate(labels)]
    levels = [passage.level for passage in passages_of(spans)]
    assert levels == [SPARSE, SPARSE, FULL, QUIET, FULL, QUIET, FULLEST, QUIET]
    assert [p.level for p in passages_of([SectionSpan("Theme", 0, BAR), SectionSpan("Chorus", BAR, BAR)])] == [
        SPARSE,
        FULL,
    ]


def test_the_scale_over_a_chord_has_its_tones_in_their_places() -> None:
    minor, major = Key.parse("A minor"), Key.parse("C major")
    assert local_scale(Chord.parse("E7"), minor) == {9, 11, 0, 2, 4, 5, 8}
    assert local_scale(Chord.parse("C7"), major) == {0, 2, 4, 5, 7, 9, 10}
    assert local_scale(Chord.parse("D7"), major) == {0, 2, 4, 6, 7, 9, 11}
    assert local_scale(None, major) == set(major.scale)


def test_the_rests_of_a_tune_are_what_it_leaves_free() -> None:
    tune = Tune([TuneNote(480, 960, 60), TuneNote(960, 1200, 64)])
    assert tune.rests(0, 1920) == [(0, 480), (1200, 1920)]
    assert tune.rests(480, 1200) == []
    assert (tune.lowest_in(900, 1000), tune.lowest_in(1200, 1920)) == (60, None)
