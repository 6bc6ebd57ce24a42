"""Laws of the arrangement: nothing outside the song, nothing over the voice, every band in every metre.

Knows no styles of words.
"""

from __future__ import annotations

import itertools
import statistics
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.music.arranger import ACCOMPANIMENT_CEILING_VELOCITY, BASS_RANGE, arrange
from engine.music.bands import BANDS, Band
from engine.music.lead_sheet import ChordSpan, LeadSheet, SectionSpan, SungNote, SungSyllable, check
from engine.music.patterns import BASS_PATTERNS, CHORD_PATTERNS, CRASH, DRUM_PATTERNS, EIGHTH_TICKS, FILLS, strokes
from engine.music.score import Score, TimeSignature, Track
from engine.music.theory import Chord
from engine.music.voicing import voice_chords

SIGNATURES = {str(signature): signature for signature in map(TimeSignature, (4, 3, 6, 2), (4, 4, 8, 4))}
SYMBOLS = ("C", "Am7", "F", "G7/B", "Dm9", "Bdim", "E7", "C")
SECTIONS = (("Intro", 2), ("Verse 1", 4), ("Pre-Chorus", 2), ("Chorus", 4), ("Instrumental", 2), ("Bridge", 4),
            ("Chorus", 4), ("Outro", 2))  # fmt: skip


def lead_sheet(signature: TimeSignature, *, shared_bars: bool = False, low_pitch: int = 60) -> LeadSheet:
    """Return a song of 24 bars with two notes in every sung bar; shared_bars gives each bar two chords."""
    bar = signature.bar_ticks
    spans, chords, notes, onset = [], [], [], 0
    for label, bars in SECTIONS:
        spans.append(SectionSpan(label, onset, bars * bar))
        onset += bars * bar
    for index in range(onset // bar):
        first = -(-signature.numerator // 2) * signature.beat_ticks if shared_bars else bar
        chords.append(ChordSpan(index * bar, first, SYMBOLS[index % len(SYMBOLS)]))
        if first < bar:
            chords.append(ChordSpan(index * bar + first, bar - first, SYMBOLS[(index + 3) % len(SYMBOLS)]))
    for span in spans:
        if span.label not in ("Intro", "Instrumental", "Outro"):
            for at in range(span.onset_ticks, span.onset_ticks + span.duration_ticks, bar // 2):
                syllable = SungSyllable("la", at // bar % 2, "single", 0)
                notes.append(SungNote(at, bar // 2, low_pitch + at // bar % 8, syllable))
    return LeadSheet("Song", "C major", signature, 100.0, onset, tuple(notes), tuple(chords), tuple(spans))


def accompaniment(score: Score) -> list[Track]:
    return [track for track in score.tracks if track.name != "Melody"]


@pytest.mark.parametrize("signature", SIGNATURES.values(), ids=str)
@pytest.mark.parametrize("band", BANDS.values(), ids=lambda band: band.name)
def test_every_band_plays_every_time_signature_inside_the_song(band: Band, signature: TimeSignature) -> None:
    for shared_bars in (False, True):
        sheet = lead_sheet(signature, shared_bars=shared_bars)
        score = arrange(sheet, band, 7)
        assert {"Melody", "Chords", "Bass"} <= {track.name for track in score.tracks}
        assert score.length_ticks == sheet.length_ticks
        for track in score.tracks:
            assert track.notes == tuple(sorted(track.notes))
            assert all(note.end_ticks <= score.length_ticks for note in track.notes)
        assert [(marker.onset_ticks, marker.text) for marker in score.markers] == [
            (section.onset_ticks, section.label) for section in sheet.sections
        ]


@pytest.mark.parametrize("signature", SIGNATURES.values(), ids=str)
@pytest.mark.parametrize("band", BANDS.values(), ids=lambda band: band.name)
def test_onsets_stay_on_the_grid_and_chords_stay_in_their_spans(band: Band, signature: TimeSignature) -> None:
    sheet = lead_sheet(signature, shared_bars=True)
    for track in accompaniment(arrange(sheet, band, 3)):
        for note in track.notes:
            assert note.onset_ticks % EIGHTH_TICKS == 0
            if track.name in ("Chords", "Pad"):
                span = next(s for s in reversed(sheet.chords) if s.onset_ticks <= note.onset_ticks)
                assert note.end_ticks <= span.onset_ticks + span.duration_ticks
                assert note.pitch % 12 in Chord.parse(span.symbol).pitch_classes


@pytest.mark.parametrize("band", BANDS.values(), ids=lambda band: band.name)
def test_no_pitch_is_struck_again_while_it_sounds(band: Band) -> None:
    for signature in SIGNATURES.values():
        for track in arrange(lead_sheet(signature, shared_bars=True), band, 5).tracks:
            sounding: dict[int, int] = {}
            for note in track.notes:
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


@pytest.mark.parametrize("band", BANDS.values(), ids=lambda band: band.name)
def test_the_voice_is_louder_and_higher_than_the_band(band: Band) -> None:
    score = arrange(lead_sheet(SIGNATURES["4/4"], low_pitch=62), band, 1)
    melody = score.tracks[0]
    assert melody.name == "Melody"
    assert melody.program == band.lead_program
    for track in accompaniment(score):
        assert all(note.velocity <= ACCOMPANIMENT_CEILING_VELOCITY for note in track.notes)
        assert min(note.velocity for note in melody.notes) > ACCOMPANIMENT_CEILING_VELOCITY
        if not track.is_drum:
            middle = statistics.median(note.pitch for note in track.notes)
            assert middle < statistics.median(note.pitch for note in melody.notes)


def test_the_melody_keeps_its_notes_and_words() -> None:
    sheet = lead_sheet(SIGNATURES["3/4"])
    melody = arrange(sheet, BANDS["waltz"], 1).tracks[0]
    assert [(n.onset_ticks, n.duration_ticks, n.pitch) for n in melody.notes] == [
        (n.onset_ticks, n.duration_ticks, n.pitch) for n in sheet.notes
    ]
    assert len(melody.lyrics) == len(sheet.notes)


@pytest.mark.parametrize("band", BANDS.values(), ids=lambda band: band.name)
def test_the_last_chord_is_held_to_the_end(band: Band) -> None:
    sheet = lead_sheet(SIGNATURES["4/4"])
    last_bar = sheet.length_ticks - sheet.time_signature.bar_ticks
    for track in accompaniment(arrange(sheet, band, 2)):
        ending = [note for note in track.notes if note.onset_ticks >= last_bar]
        assert {note.onset_ticks for note in ending} <= {last_bar}
        if not track.is_drum:
            assert ending
            assert all(note.end_ticks == sheet.length_ticks for note in ending)


def test_a_chorus_is_louder_than_a_verse_and_has_the_crash_and_the_pad() -> None:
    sheet = lead_sheet(SIGNATURES["4/4"])
    tracks = {track.name: track for track in arrange(sheet, BANDS["pop"], 4).tracks}
    verse, chorus = sheet.sections[1], sheet.sections[3]

    def notes_in(name: str, section: SectionSpan) -> list[int]:
        end = section.onset_ticks + section.duration_ticks
        return [note.velocity for note in tracks[name].notes if section.onset_ticks <= note.onset_ticks < end]

    assert statistics.mean(notes_in("Bass", chorus)) > statistics.mean(notes_in("Bass", verse))
    assert notes_in("Pad", chorus)
    assert not notes_in("Pad", verse)
    crashes = {note.onset_ticks for note in tracks["Drums"].notes if note.pitch == CRASH}
    assert chorus.onset_ticks in crashes
    assert verse.onset_ticks not in crashes


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


def test_the_bass_stays_in_its_range_and_starts_chords_on_their_bass() -> None:
    sheet = lead_sheet(SIGNATURES["4/4"], shared_bars=True)
    for band in BANDS.values():
        bass = next(track for track in arrange(sheet, band, 6).tracks if track.name == "Bass")
        at = {note.onset_ticks: note.pitch for note in bass.notes}
        assert all(BASS_RANGE[0] <= note.pitch <= BASS_RANGE[1] for note in bass.notes)
        for span in sheet.chords[:-2]:
            assert at[span.onset_ticks] % 12 == Chord.parse(span.symbol).bass_pitch_class


def test_patterns_fill_exactly_one_bar_and_bands_name_known_ones() -> None:
    for table in (CHORD_PATTERNS, BASS_PATTERNS):
        for by_signature in table.values():
            assert {name: len(pattern) * EIGHTH_TICKS for name, pattern in by_signature.items()} == {
                name: signature.bar_ticks for name, signature in SIGNATURES.items()
            }
    for drums in (*DRUM_PATTERNS.values(), FILLS):
        assert set(drums) == set(SIGNATURES)
        for name, kit in drums.items():
            assert {len(pattern) * EIGHTH_TICKS for pattern in kit.values()} == {SIGNATURES[name].bar_ticks}
    for band in BANDS.values():
        assert {*band.quiet_chords, *band.full_chords} <= set(CHORD_PATTERNS)
        assert {*band.quiet_bass, *band.full_bass} <= set(BASS_PATTERNS)
        assert {band.quiet_drums, band.full_drums} <= {*DRUM_PATTERNS, None}


def test_a_pattern_reads_as_strokes() -> None:
    assert [(s.offset_ticks, s.duration_ticks, s.sign) for s in strokes("R-.F")] == [(0, 480, "R"), (720, 240, "F")]


def test_an_unusual_time_signature_and_a_song_without_words_are_played() -> None:
    signature = TimeSignature(5, 4)
    sheet = LeadSheet("", "A minor", signature, 90.0, 4 * signature.bar_ticks, (), tuple(
        ChordSpan(bar * signature.bar_ticks, signature.bar_ticks, "Am") for bar in range(4)), ())  # fmt: skip
    score = arrange(sheet, BANDS["rock"], 1)
    assert score.tracks[0].notes == ()
    assert len(next(track for track in score.tracks if track.name == "Bass").notes) == 4


@pytest.mark.parametrize("band", BANDS.values(), ids=lambda band: band.name)
def test_where_there_is_no_chord_the_band_is_silent_and_the_melody_goes_on(band: Band) -> None:
    sheet = lead_sheet(SIGNATURES["4/4"])
    silent = {3, 8, 9, len(sheet.chords) - 1}
    chords = tuple(replace(span, symbol="N.C.") if n in silent else span for n, span in enumerate(sheet.chords))
    check(replace(sheet, chords=chords, is_sung=False, notes=()))
    score = arrange(replace(sheet, chords=chords), band, 3)
    gaps = [(chords[n].onset_ticks, chords[n].onset_ticks + chords[n].duration_ticks) for n in silent]
    for track in accompaniment(score):
        assert track.notes
        # A stroke of the drums before the gap may ring into it.
        assert not [note for note in track.notes for start, end in gaps if start <= note.onset_ticks < end]
        if not track.is_drum:
            assert not [
                note for note in track.notes for start, end in gaps if note.onset_ticks < end and note.end_ticks > start
            ]
    assert len(score.tracks[0].notes) == len(sheet.notes)


def test_a_song_without_any_chord_is_its_melody_alone() -> None:
    sheet = lead_sheet(SIGNATURES["4/4"])
    alone = replace(sheet, chords=(ChordSpan(0, sheet.length_ticks, "N.C."),))
    assert [track.name for track in arrange(alone, BANDS["rock"], 3).tracks] == ["Melody"]
