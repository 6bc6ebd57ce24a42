"""Promises of rap: every syllable on the grid, rhymes on the beat, words whole, at a speed that people can speak."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.contract import SingRequest, SongRequest, WordsRequest
from engine.errors import RequestError
from engine.evaluation.rap_metrics import measure_raps, rhyme_density, weak_beats_in_a_row
from engine.evaluation.song_metrics import split_words
from engine.lyrics.prosody import WordPosition, syllables_of
from engine.music.as_json import lead_sheet_from_json, lead_sheet_to_json
from engine.music.lead_sheet import LeadSheet, syllables_covered, words_of_line
from engine.music.theory import voice_range
from engine.output.musicxml import lead_sheet_to_musicxml
from engine.song.flow import FlowLine, place_line
from engine.song.line_frame import SyllableFrame
from engine.song.melody_frames import syllable_frame
from engine.song.plan_for_lines import GivenSection, choose_frame, plan_for_lines
from engine.song.rap import rap_section, rhyme_syllable
from tests.engine.song.whole_songs import make, notes_of, source_of, tune

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.song.models import SongModels

SONG = """[Verse 1]
I came up with a pocket full of nothing but a plan
Running through the city with a notebook in my hand
Every little letter is a ladder to the sky
People in the window they were waving me goodbye

[Chorus]
Carry me home, carry me home
Over the hills and over the foam

[Verse 2]
Now I got a rhythm and I never let it go
Counting every minute on a broken radio
Hello

[Chorus]"""
WORDS = "the a of river running city tonight unbelievable cat money in animals hello, together; I never".split()
some_lines = st.lists(st.lists(st.sampled_from(WORDS), min_size=1, max_size=5).map(" ".join), min_size=1, max_size=6)


def rapped(lines: Sequence[str], tempo_qpm: float = 90, seed: int = 1, voice: str = "alto") -> LeadSheet:
    """Return a verse alone as it is rapped, and its chords."""
    words = [syllables_of(line)[:14] for line in lines]
    words = [(*line[:-1], replace(line[-1], word_position=_closed(line[-1].word_position))) for line in words]
    frame = choose_frame(
        style="rap", key="A minor", tempo_qpm=tempo_qpm, time_signature=None, chords=None, voice=voice, seed=seed
    )
    plan = plan_for_lines(frame, [GivenSection("verse", "Verse 1", tuple(map(len, words)))])
    notes = [
        replace(note, syllable=replace(note.syllable, line=number))
        for number, line in enumerate(rap_section(plan, 0, words, seed, {}))
        for note in line
        if note.syllable is not None
    ]
    sections, chords = plan.section_spans(), plan.sections[0].chords
    length = plan.length_ticks
    return LeadSheet("", "A minor", plan.time_signature, tempo_qpm, length, tuple(notes), chords, sections)


def _closed(position: WordPosition) -> WordPosition:
    """Return where a syllable stands whose word was cut behind it."""
    return "single" if position == "begin" else "end" if position == "middle" else position


@settings(deadline=None, max_examples=40)
@given(lines=some_lines, tempo=st.integers(40, 240), seed=st.integers(0, 99))
def test_a_rap_of_any_words_keeps_the_laws(lines: list[str], tempo: int, seed: int) -> None:
    sheet = rapped(lines, tempo, seed)
    figures = measure_raps([sheet])
    assert len(sheet.notes) == sum(min(len(syllables_of(line)), 14) for line in lines)
    assert figures["rhymes on the beat"] == 1
    assert figures["on the grid"] == 1
    assert figures["fastest"] <= 9
    assert split_words([sheet]) in (0.0, pytest.approx(float("nan"), nan_ok=True))
    assert all(note.is_spoken for note in sheet.notes)
    for before, after in itertools.pairwise(sheet.notes):
        end = before.onset_ticks + before.duration_ticks
        assert end <= after.onset_ticks
        assert before.syllable is not None
        assert not before.syllable.line_end or end < after.onset_ticks  # a breath
    assert sheet.notes[-1].onset_ticks + sheet.notes[-1].duration_ticks <= sheet.length_ticks
    low, high = voice_range("alto")
    assert all(low <= note.pitch <= high for note in sheet.notes)
    assert rapped(lines, tempo, seed) == sheet


frames = st.builds(
    SyllableFrame, stress=st.sampled_from([0, 0, 1, 1, 2]), word_position=st.just("single"), breath=st.integers(0, 2)
)


@settings(deadline=None)
@given(syllables=st.lists(frames, min_size=1, max_size=4), data=st.data())
def test_the_place_of_a_line_is_the_cheapest_of_all(syllables: list[SyllableFrame], data: st.DataObject) -> None:
    """Against all ways to place few syllables on few slots, each with its cost as a line that has no other way."""
    rhyme = data.draw(st.integers(0, len(syllables) - 1))
    hits = frozenset(data.draw(st.sets(st.integers(0, 7))))
    line = FlowLine(tuple(syllables), rhyme, {0: 6.0, 4: 0.0}, 0, 7, hits, hits)
    found, best = place_line(line), None
    for slots in itertools.combinations(range(8), len(syllables)):
        if slots[rhyme] in line.rhyme_slots:
            cost = cost_of(line, slots)
            best = min(best, (cost, slots)) if best is not None else (cost, slots)
    assert found == (None if best is None else best[1]) or (
        found is not None and best is not None and cost_of(line, found) == pytest.approx(best[0])
    )


def cost_of(line: FlowLine, slots: tuple[int, ...]) -> float:
    from engine.song import flow

    total, weak = 0.25 * slots[0], 0
    for index, slot in enumerate(slots):
        weak = flow._weak_beats(line.syllables[index], slot, weak)
        total += flow._at(line, index, slot, weak)
        total += flow._between(line, index, slots[index - 1], slot) if index else 0.0
    return total


def test_stresses_fall_on_beats_and_weak_syllables_between() -> None:
    words = syllables_of("Little letters are a ladder to the sky")
    line = FlowLine(tuple(map(syllable_frame, words)), rhyme_syllable(words), {12: 0.0}, 0, 15)
    slots = place_line(line)
    assert slots is not None
    on_beats = [word.text for word, slot in zip(words, slots, strict=True) if slot % 4 == 0]
    assert on_beats[-1] == "sky"
    assert all(word.stress for word, slot in zip(words, slots, strict=True) if slot % 4 == 0)


@pytest.mark.parametrize(
    ("line", "rhyme"), [("I want to be a musician", 6), ("sit by it", 2), ("a butterfly", 3), ("animals", 0)]
)
def test_the_rhyme_begins_with_the_last_stress_of_the_last_word(line: str, rhyme: int) -> None:
    assert rhyme_syllable(syllables_of(line)) == rhyme


def test_a_rhythm_comes_back_in_its_verse_and_changes_with_the_seed() -> None:
    lines = [
        "Every little letter is a ladder to the sky",
        "Every single morning they were waving me goodbye",
        "Running through the city with a notebook in my hand",
        "Looking for a pocket full of nothing but a plan",
    ] * 2

    def rhythms(seed: int) -> list[tuple[int, ...]]:
        sheet = rapped(lines, seed=seed)
        onsets: dict[int, list[int]] = {}
        for note in sheet.notes:
            assert note.syllable is not None
            onsets.setdefault(note.syllable.line, []).append(note.onset_ticks % sheet.time_signature.bar_ticks)
        return [tuple(line) for line in onsets.values()]

    found = [rhythms(seed) for seed in range(8)]
    assert all(len(set(verse)) < len(verse) for verse in found)
    assert len(set(map(tuple, found))) > 3


def test_three_weak_syllables_never_stand_on_beats_in_a_row_where_there_is_a_choice() -> None:
    lines = ["I was on the corner with a letter in my hand", "And it was a matter of a minute or an hour"] * 2
    assert all(weak_beats_in_a_row(rapped(lines, seed=seed)) <= 2 for seed in range(8))


@pytest.mark.parametrize("style", ["hip-hop", "rap"])
def test_own_words_are_rapped_in_verses_and_sung_in_choruses(opened_tiny_models: SongModels, style: str) -> None:
    made = make(SingRequest(lyrics=SONG, style=style), opened_tiny_models)
    assert made.sheet is not None
    labels: dict[str, set[bool]] = {}
    for note in made.sheet.notes:
        at = [span.label for span in made.sheet.sections if span.onset_ticks <= note.onset_ticks]
        labels.setdefault(at[-1].split()[0], set()).add(note.is_spoken)
    assert labels == {"Verse": {True}, "Chorus": {False}}
    assert " ".join(words_of_line(made.sheet, 0)) == "I came up with a pocket full of nothing but a plan"
    assert words_of_line(made.sheet, 8) == ("Hello",)
    assert len(words_of_line(made.sheet, 9)) == 6
    assert tune(made.sheet, "Chorus", 0) == tune(made.sheet, "Chorus", 1)


def test_rap_is_knocked_and_hushed_and_nobody_sings_along(opened_tiny_models: SongModels) -> None:
    made = make(SingRequest(lyrics=SONG, style="rap"), opened_tiny_models)
    assert made.sheet is not None
    spoken = {note.onset_ticks for note in made.sheet.notes if note.is_spoken}
    knocks = notes_of(made.score, "Spoken Rhythm")
    assert {note.onset_ticks for note in knocks} == spoken
    melody = notes_of(made.score, "Melody")
    assert len(melody) == len(made.sheet.notes)
    loud = [note.velocity for note in melody if note.onset_ticks not in spoken]
    assert max(note.velocity for note in melody if note.onset_ticks in spoken) < min(loud) / 2
    along = notes_of(made.score, "Second Voice")
    assert not any(note.onset_ticks < onset < note.end_ticks for note in along for onset in spoken)


def test_spoken_notes_are_kept_in_storage_and_have_crosses_for_heads() -> None:
    sheet = rapped(["never any money but the people are right"])
    stored = json.loads(json.dumps(lead_sheet_to_json(sheet)))
    assert lead_sheet_from_json(stored) == sheet
    older = {**stored, "notes": [values[:9] for values in stored["notes"]]}
    assert not any(note.is_spoken for note in lead_sheet_from_json(older).notes)
    heads = lead_sheet_to_musicxml(sheet).count(b"<notehead>x</notehead>")
    assert heads >= len(sheet.notes)


def test_a_hip_hop_song_is_written_and_rapped(opened_tiny_models: SongModels) -> None:
    made = make(SongRequest(theme="night", style="rap", length_seconds=60), opened_tiny_models)
    assert made.sheet is not None
    assert made.report.style == "hip-hop"
    figures = measure_raps([made.sheet])
    assert figures["rhymes on the beat"] == 1
    assert figures["fastest"] <= 9
    verse = next(section for section in made.report.sections if section.label == "Verse 1")
    assert all(9 <= line.syllables_found <= 12 for line in verse.lines)


@pytest.mark.parametrize("signature", ["3/4", "6/8"])
def test_other_times_are_sung(opened_tiny_models: SongModels, signature: str) -> None:
    made = make(SingRequest(lyrics=SONG, style="hip-hop", time_signature=signature), opened_tiny_models)
    assert made.sheet is not None
    assert not any(note.is_spoken for note in made.sheet.notes)
    assert syllables_covered(made.sheet)


def test_a_line_too_long_for_its_bars_is_refused() -> None:
    frame = choose_frame(style="rap", key=None, tempo_qpm=90, time_signature=None, chords=None, voice=None, seed=1)
    plan = plan_for_lines(frame, [GivenSection("verse", "Verse 1", (4,))])
    words = syllables_of("one two three four five six seven eight nine ten eleven twelve thirteen")
    with pytest.raises(RequestError, match="shorter lines"):
        rap_section(plan, 0, [words], 1, {})


LONG = [
    "running in the middle of a city at night",
    "never any money but the people are right",
    "look at all the animals in a cabinet",
    "unbelievably a man is a minister",
]


@settings(deadline=None, max_examples=40)
@given(
    lines=st.lists(st.sampled_from(LONG), min_size=2, max_size=8), tempo=st.integers(60, 135), seed=st.integers(0, 99)
)
def test_lines_of_twelve_syllables_follow_each_other_in_one_bar_each(lines: list[str], tempo: int, seed: int) -> None:
    assert {len(syllables_of(line)) for line in LONG} == {12}
    sheet = rapped(lines, tempo, seed)
    assert sheet.length_ticks == len(lines) * sheet.time_signature.bar_ticks
    assert measure_raps([sheet])["rhymes on the beat"] == 1


def test_rhyme_density_is_the_mean_length_of_vowels_in_common() -> None:
    assert rhyme_density(["money funny"]) == 1.0  # 0 for the first word, 2 vowels for the second
    assert rhyme_density(["cat hat"]) == 0  # one vowel is no rhyme
    assert rhyme_density(["money money"]) == 0
    assert rhyme_density(["my money", "my honey"]) == pytest.approx(3 / 4)  # with the vowel of the word before


def test_a_line_that_is_changed_in_a_rap_is_rapped(opened_tiny_models: SongModels) -> None:
    made = make(SingRequest(lyrics=SONG, style="rap"), opened_tiny_models)
    words = made.lyrics_text.replace("Every little letter is a ladder to the sky", "Nobody answers when I knock")
    changed = make(WordsRequest(source="a song", lyrics=words), opened_tiny_models, source_of(made))
    assert changed.sheet is not None
    assert " ".join(words_of_line(changed.sheet, 2)) == "Nobody answers when I knock"
    line = [note for note in changed.sheet.notes if note.syllable is not None and note.syllable.line == 2]
    assert all(note.is_spoken for note in line)
    knocks = {note.onset_ticks for note in notes_of(changed.score, "Spoken Rhythm")}
    assert knocks == {note.onset_ticks for note in changed.sheet.notes if note.is_spoken}
    kept = tune(made.sheet, "Verse 2") if made.sheet is not None else []
    assert tune(changed.sheet, "Verse 2") == kept
