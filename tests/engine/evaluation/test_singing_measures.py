"""Laws and small examples of how tunes are measured: shape, overlap, what comes again, blind reading, reading back."""

from __future__ import annotations

import math
import random
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.evaluation import people_or_machine, read_back, singing_figures, sung_sections, tune_overlap, tune_shape
from engine.evaluation.continuations import Comparison
from engine.music.lead_sheet import ChordSpan, LeadSheet, SectionSpan, SungNote, SungSyllable, check
from engine.music.midi_file import score_to_midi
from engine.music.score import Note, Score, TempoChange, TimeSignature, Track
from engine.output.karaoke import lead_sheet_to_lrc
from engine.output.musicxml import lead_sheet_to_musicxml

BAR = 1920
QUARTERS = [60, 62, 64, 65, 67, 65, 64, 62]


def sheet_of(
    pitches: list[int], *, durations: list[int] | None = None, line_notes: int = 4, key: str = "C major"
) -> LeadSheet:
    """Return a song of words of one syllable, one after the other; durations in ticks."""
    lengths = durations or [480] * len(pitches)
    notes: list[SungNote] = []
    onset = 0
    for place, (pitch, length) in enumerate(zip(pitches, lengths, strict=True)):
        ends = place % line_notes == line_notes - 1 or place == len(pitches) - 1
        notes.append(SungNote(onset, length, pitch, SungSyllable(f"la{place}", 1, "single", place // line_notes, ends)))
        onset += length
    total = -(-onset // BAR) * BAR
    return LeadSheet(
        "x", key, TimeSignature(4, 4), 120, total, tuple(notes), (ChordSpan(0, total, "C"),),
        (SectionSpan("Verse 1", 0, total),),
    )  # fmt: skip


tunes = st.lists(st.integers(50, 80), min_size=2, max_size=40)


@given(tunes, st.integers(-12, 12))
def test_shape_does_not_change_with_the_key(pitches: list[int], shift: int) -> None:
    moved = [pitch + shift for pitch in pitches]
    for name, measure in {**tune_shape.SHAPE, **tune_shape.DETAILS}.items():
        assert measure(sheet_of(pitches)) == pytest.approx(measure(sheet_of(moved)), nan_ok=True), name


@given(tunes)
def test_steps_leaps_and_repeated_notes_are_shares_that_do_not_overlap(pitches: list[int]) -> None:
    sheet = sheet_of(pitches)
    shares = [tune_shape.step_share(sheet), tune_shape.leap_share(sheet), tune_shape.repeated_share(sheet)]
    assert all(0 <= share <= 1 for share in shares)
    assert sum(shares) <= 1 + 1e-9


def test_shape_of_a_tune_counted_by_hand() -> None:
    sheet = sheet_of([60, 62, 62, 67, 60, 64, 60, 65])  # within lines: +2 0 +5, +4 -4 +5
    assert tune_shape.intervals_of(sheet) == [2, 0, 5, 4, -4, 5]
    assert tune_shape.step_share(sheet) == pytest.approx(1 / 6)
    assert tune_shape.leap_share(sheet) == pytest.approx(2 / 6)
    assert tune_shape.repeated_share(sheet) == pytest.approx(1 / 6)
    assert tune_shape.turn_share(sheet) == pytest.approx(2 / 3)
    assert tune_shape.pitch_span(sheet) == 7
    assert tune_shape.duration_entropy(sheet) == 0
    assert tune_shape.repeated_rhythm(sheet) == 1
    assert tune_shape.last_note_length(sheet) == 1


def test_a_melisma_is_one_syllable_and_its_notes_are_intervals() -> None:
    sheet = sheet_of([60, 62, 64, 65])
    going_on = replace(sheet, notes=(*sheet.notes[:2], replace(sheet.notes[2], syllable=None), sheet.notes[3]))
    assert tune_shape.syllables_on_one_note(sheet) == 1
    assert tune_shape.syllables_on_one_note(going_on) == pytest.approx(2 / 3)
    assert tune_shape.step_share(going_on) == 1
    assert tune_overlap.duration_histogram(going_on) == Counter({1: 2, 2: 1})


def test_without_notes_no_figure_is_there() -> None:
    empty = replace(sheet_of(QUARTERS), notes=())
    found = [measure(empty) for measure in {**tune_shape.SHAPE, **tune_shape.DETAILS}.values()]
    assert all(map(math.isnan, found))
    assert math.isnan(tune_overlap.melody_distance(empty, sheet_of(QUARTERS)))
    assert math.isnan(tune_overlap.mean_overlap([empty], [sheet_of(QUARTERS)]).pitch)
    assert math.isnan(sung_sections.notes_with_words([empty]))


@given(tunes)
def test_a_tune_overlaps_itself_wholly(pitches: list[int]) -> None:
    sheet = sheet_of(pitches)
    found = tune_overlap.mean_overlap([sheet], [sheet])
    assert (found.pitch, found.duration, found.distance) == (pytest.approx(1), 1, 0)


@given(tunes, st.sampled_from([("D major", 2), ("F major", 5), ("G major", -5), ("Bb major", -2)]))
def test_overlap_and_distance_do_not_change_with_the_key(pitches: list[int], moved: tuple[str, int]) -> None:
    key, shift = moved
    one, other = sheet_of(QUARTERS), sheet_of(pitches)
    transposed = sheet_of([pitch + shift for pitch in pitches], key=key)
    assert tune_overlap.pitch_histogram(transposed) == tune_overlap.pitch_histogram(other)
    assert tune_overlap.melody_distance(transposed, one) == pytest.approx(tune_overlap.melody_distance(other, one))


@given(st.lists(st.floats(-9, 9), min_size=1, max_size=8), st.lists(st.floats(-9, 9), min_size=1, max_size=8))
@settings(deadline=None)  # the first call compiles
def test_warping_costs_what_the_best_of_all_paths_costs(first: list[float], second: list[float]) -> None:
    def best(i: int, j: int) -> float:
        here = abs(first[i] - second[j])
        if i == j == 0:
            return here
        ways = [(i - 1, j), (i, j - 1), (i - 1, j - 1)]
        return here + min(best(a, b) for a, b in ways if a >= 0 and b >= 0)

    first, second = first[:5], second[:5]
    found = tune_overlap.warping_cost(np.array(first), np.array(second))
    assert found == pytest.approx(best(len(first) - 1, len(second) - 1))
    assert found == pytest.approx(tune_overlap.warping_cost(np.array(second), np.array(first)))


def test_histograms_that_share_nothing_do_not_overlap() -> None:
    assert tune_overlap.overlap(Counter({60: 3}), Counter({62: 1})) == 0
    assert tune_overlap.overlap(Counter({60: 1, 62: 1}), Counter({62: 4, 64: 4})) == 0.5
    assert math.isnan(tune_overlap.overlap(Counter(), Counter({60: 1})))


def test_durations_are_told_in_the_shortest() -> None:
    slow = sheet_of([60, 62, 64], durations=[960, 1920, 960])
    fast = sheet_of([60, 62, 64], durations=[240, 480, 240])
    assert tune_overlap.duration_histogram(slow) == tune_overlap.duration_histogram(fast) == Counter({1: 2, 2: 1})


@given(tunes, st.integers(0, 99))
def test_random_tunes_keep_what_they_say(pitches: list[int], seed: int) -> None:
    sheet = sheet_of(pitches)
    rng = random.Random(seed)
    mixed, drawn = tune_overlap.shuffled(sheet, rng), tune_overlap.random_pitches(sheet, rng)
    assert sorted(n.pitch for n in mixed.notes) == sorted(pitches)
    assert tune_overlap.duration_histogram(mixed) == tune_overlap.duration_histogram(sheet)
    assert all(min(pitches) <= n.pitch <= max(pitches) for n in drawn.notes)
    assert len(tune_overlap.random_tune(sheet, rng).notes) == len(pitches)


def test_random_tunes_are_farther_from_a_song_than_its_own_kind() -> None:
    rng = random.Random(3)
    scale = [60, 62, 64, 65, 67, 69, 71, 72]

    def walk() -> LeadSheet:
        place, pitches = 3, []
        for _ in range(64):
            place = min(7, max(0, place + rng.choice([-1, 0, 1])))
            pitches.append(scale[place])
        return sheet_of(pitches)

    people, same_kind = [walk() for _ in range(12)], [walk() for _ in range(12)]
    random_ones = [tune_overlap.random_pitches(sheet, rng) for sheet in same_kind]
    near, far = tune_overlap.mean_overlap(same_kind, people), tune_overlap.mean_overlap(random_ones, people)
    assert near.distance < far.distance


def song_of(labels: list[str], tunes_of: list[list[int]], key: str = "C major") -> LeadSheet:
    """Return a song of sections of one line each, two bars long."""
    notes: list[SungNote] = []
    for number, pitches in enumerate(tunes_of):
        for place, pitch in enumerate(pitches):
            syllable = SungSyllable("la", 1, "single", number, place == len(pitches) - 1)
            notes.append(SungNote(number * 2 * BAR + place * 480, 480, pitch, syllable))
    length = 2 * BAR * len(labels)
    spans = tuple(SectionSpan(label, place * 2 * BAR, 2 * BAR) for place, label in enumerate(labels))
    return LeadSheet("x", key, TimeSignature(4, 4), 120, length, tuple(notes), (ChordSpan(0, length, "C"),), spans)


def test_a_chorus_that_comes_back_whole_is_all_repeated() -> None:
    same = song_of(["Verse 1", "Chorus", "Verse 2", "Chorus"], [[60, 62], [67, 69], [60, 62], [67, 69]])
    check(same)
    assert sung_sections.chorus_repetition([same]) == 1
    other = song_of(["Chorus", "Chorus"], [[60, 62, 64, 65], [60, 62, 67, 65]])
    assert sung_sections.chorus_repetition([other]) == 0.75
    assert sung_sections.chorus_repetition([song_of(["Chorus", "Chorus"], [[60, 62], [60, 62, 64, 65]])]) == 0.5
    assert math.isnan(sung_sections.chorus_repetition([song_of(["Verse 1", "Chorus"], [[60], [62]])]))


def test_a_pickup_belongs_to_the_section_that_its_line_ends_in() -> None:
    sheet = song_of(["Chorus", "Chorus"], [[60, 62], [60, 62]])
    early = [replace(note, onset_ticks=note.onset_ticks - 480 * (n in (2, 3))) for n, note in enumerate(sheet.notes)]
    early[3] = replace(early[3], onset_ticks=2 * BAR)
    tunes_found = sung_sections.section_tunes(replace(sheet, notes=tuple(early)))
    assert tunes_found[1][1] == ((-480, 480, 60), (0, 480, 62))


def test_choruses_are_told_by_their_labels() -> None:
    assert all(map(sung_sections.is_chorus, ("Chorus", "Chorus 2", "refrain")))
    assert not any(map(sung_sections.is_chorus, ("Pre-Chorus", "Verse 1", "Bridge", "Choruses")))


def test_notes_after_a_rest_without_a_syllable_carry_no_words() -> None:
    sheet = sheet_of([60, 62, 64, 65])
    held = replace(sheet, notes=(*sheet.notes[:3], replace(sheet.notes[3], syllable=None)))
    lost = replace(sheet, notes=(*sheet.notes[:3], replace(sheet.notes[3], syllable=None, onset_ticks=1680)))
    assert sung_sections.notes_with_words([sheet, held]) == 1
    assert sung_sections.notes_with_words([lost]) == 0.75


def test_the_band_differs_by_its_notes_and_not_by_loose_timing() -> None:
    sheet = song_of(["Chorus", "Chorus"], [[60, 62], [60, 62]])
    ((first, second),) = sung_sections.repeated_sections(sheet)

    def band(shift: int, pitch: int) -> Score:
        bass = Track("Bass", 32, (Note(480, 40, 400, 80), Note(2 * BAR + 480 + shift, pitch, 300, 60)))
        melody = Track("Melody", 0, (Note(0, 60, 480),))
        return Score((melody, bass), sheet.length_ticks)

    assert not sung_sections.band_differs(band(0, 40), first, second)
    assert not sung_sections.band_differs(band(12, 40), first, second)
    assert sung_sections.band_differs(band(0, 43), first, second)
    assert sung_sections.band_differs(band(240, 40), first, second)


def test_typed_chords_are_kept_bar_by_bar_from_each_sections_start() -> None:
    sheet = song_of(["Verse 1", "Chorus"], [[60], [62]])
    spans = tuple(ChordSpan(bar * BAR, BAR, symbol) for bar, symbol in enumerate(("C", "Am", "C", "Am")))
    typed = replace(sheet, chords=spans)
    assert sung_sections.typed_chords_kept(typed, [["C"], ["Am"]]) == 1
    assert sung_sections.typed_chords_kept(typed, [["C"], ["F"]]) == 0.5
    assert sung_sections.typed_chords_kept(typed, [["C"], ["Am"], ["F"]]) == 1  # the second section begins anew
    shared = (ChordSpan(0, 960, "C"), ChordSpan(960, 960, "G"), *spans[1:])
    assert sung_sections.typed_chords_kept(replace(sheet, chords=shared), [["C", "G"], ["Am"]]) == 0.75


def features(rng: np.random.Generator, count: int, shift: float) -> np.ndarray:
    return rng.normal(size=(count, 6)) + np.array([shift, 0, 0, 0, 0, 0])


def test_what_is_the_same_cannot_be_told_apart_and_what_differs_can() -> None:
    rng = np.random.default_rng(5)
    alike = people_or_machine.read_blind(features(rng, 60, 0), features(rng, 60, 0), sheets=12, draws=4)
    apart = people_or_machine.read_blind(features(rng, 60, 6), features(rng, 60, 0), sheets=12, draws=4)
    assert 0.3 <= alike.mean <= 0.7
    assert apart.mean >= 0.95
    assert apart.interval[0] <= apart.accuracy <= apart.interval[1]


def test_a_reading_is_the_same_each_time_and_needs_three_sheets() -> None:
    rng = np.random.default_rng(6)
    ours, people = features(rng, 8, 1), features(rng, 8, 0)
    assert people_or_machine.read_blind(ours, people, draws=2) == people_or_machine.read_blind(ours, people, draws=2)
    assert math.isnan(people_or_machine.read_blind(ours[:2], people).accuracy)


def test_missing_figures_tell_nothing() -> None:
    rng = np.random.default_rng(7)
    ours, people = features(rng, 20, 0), features(rng, 20, 0)
    people[:, 0] = np.nan
    found = people_or_machine.read_blind(ours, people, sheets=10, draws=3)
    assert 0.25 <= found.mean <= 0.75


def test_weights_are_those_of_the_least_loss() -> None:
    rng = np.random.default_rng(8)
    x, y = rng.normal(size=(40, 3)), (rng.random(40) < 0.5).astype(float)
    weights = people_or_machine.fit(x, y)

    def loss(w: np.ndarray) -> float:
        z = np.c_[x, np.ones(40)] @ w
        return float((np.log1p(np.exp(z)) - y * z).sum() + 0.5 * (w[:-1] ** 2).sum())

    assert all(loss(weights) <= loss(weights + 0.01 * step) for step in rng.normal(size=(20, 4)))


def test_what_gives_songs_away_comes_first() -> None:
    stepwise = [sheet_of([60, 62, 64, 65] * 4) for _ in range(5)]
    leaping = [sheet_of([60, 67, 60, 72] * 4) for _ in range(5)]
    found = people_or_machine.giveaways(leaping, stepwise, {"leaps": tune_shape.leap_share, "key": lambda sheet: 1.0})
    assert [(one.name, one.told) for one in found] == [("leaps", 1.0), ("key", 0.5)]


def test_sheets_are_cut_at_whole_lines() -> None:
    long = sheet_of([60] * 100)
    assert len(people_or_machine.first_notes(long, 30).notes) == 28
    assert len(people_or_machine.first_notes(long, 2).notes) == 4
    assert people_or_machine.first_notes(long, 200) == long


SONG = replace(
    sheet_of(QUARTERS),
    notes=tuple(
        replace(note, syllable=SungSyllable(text, 1, position, place // 4, place in (3, 7)))
        for place, (note, (text, position)) in enumerate(
            zip(
                sheet_of(QUARTERS).notes,
                [("win", "begin"), ("ter", "end"), ("rain", "single"), ("o'er", "single"), ("Ma", "begin"), ("ri", "middle"),
                 ("a", "end"), ("sings", "single")],
                strict=True,
            )
        )
    ),
)  # fmt: skip


def files_of(sheet: LeadSheet) -> dict[str, bytes]:
    from engine.music.lead_sheet import melody_track

    score = Score((melody_track(sheet, 0),), sheet.length_ticks, (TempoChange(0, sheet.tempo_qpm),))
    return {
        "mid": score_to_midi(score),
        "musicxml": lead_sheet_to_musicxml(sheet),
        "lrc": lead_sheet_to_lrc(sheet).encode(),
    }


@pytest.mark.parametrize("name", read_back.READERS)
def test_every_reader_finds_the_words_and_misses_a_wrong_time_and_a_wrong_word(name: str) -> None:
    check(SONG)
    files = files_of(SONG)
    assert read_back.read_back(name, SONG, files) is True
    late = replace(SONG, notes=(*SONG.notes[:-1], replace(SONG.notes[-1], onset_ticks=8 * 480, duration_ticks=240)))
    assert read_back.read_back(name, replace(late, length_ticks=3 * BAR), files) is False
    last = SONG.notes[-1]
    assert last.syllable is not None
    other = replace(SONG, notes=(*SONG.notes[:-1], replace(last, syllable=replace(last.syllable, text="rings"))))
    assert read_back.read_back(name, other, files) is False
    assert read_back.read_back(name, SONG, {}) is None


def test_an_lrc_with_a_time_for_each_line_alone_is_read_too() -> None:
    lines = "[ti:x]\n[00:00.00]Winter rain o'er\n[00:02.00]Maria sings\n"
    assert read_back.read_back("LRC by a player", SONG, {"lrc": lines.encode()}) is True
    assert read_back.read_back("LRC by a player", SONG, {"lrc": lines.replace("02.00", "02.50").encode()}) is False


def test_a_figure_passes_when_all_its_songs_reach_the_goal() -> None:
    goal = singing_figures.at_least(0.85)
    assert singing_figures.verdict(goal, [0.9, math.nan]) == "pass"
    assert singing_figures.verdict(goal, [0.9, 0.8]) == "short"
    assert singing_figures.verdict(goal, [math.nan]) == singing_figures.verdict(None, [1.0]) == ""


def test_shape_is_inside_where_the_tunes_are_peoples() -> None:
    sheets = [sheet_of([60, 62, 64, 65, 67, 69][:n]) for n in (2, 3, 4, 5, 6)]
    found = singing_figures.compare_shape(sheets, sheets)
    assert all(isinstance(one, Comparison) and one.is_inside for one in found.values())
