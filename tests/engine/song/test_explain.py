"""What explanations say is what is there: numerals, rhymes, stresses, climax and form, in songs whose answer is known."""

from __future__ import annotations

import json
import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.contract import LyricRequest, SongRequest
from engine.errors import RequestError
from engine.file_requests import ExplainRequest
from engine.lyrics.prosody import syllables_of
from engine.lyrics.rhyme import lines_rhyme
from engine.music.lead_sheet import ChordSpan, LeadSheet, SectionSpan, SungNote, SungSyllable, check
from engine.music.score import Note, Score, TimeSignature, Track
from engine.music.transposition import transpose_sheet
from engine.output.explanation_picture import explanation_png
from engine.song.explain import as_json, as_text, topics_of
from engine.song.explain_chords import cadences_of, chords_of, circle, ways_of
from engine.song.explain_form import heard_blocks, letters_of, parts_of, tune_likeness
from engine.song.explain_melody import climax_of, contour
from engine.song.explain_metre import found_metre, stresses
from engine.song.explain_page import page_of
from engine.song.explain_rhyme import inner_rhymes, near_rhymes, pairs_of
from engine.song.explain_subject import Subject, subject_of
from engine.song.making import MadeSong, Making, SourceSong
from engine.song.models import SongModels
from engine.verbs import carry_out
from tests.engine.song.whole_songs import make, source_of, upload_of

BAR = 1920
VERSE = ("Over the river and under the rain", "Nobody wonders and nobody came")
CHORUS = ("The morning light", "Is clear and bright")
TEXT = (
    "Rain\n\n[Verse 1]\n"
    + "\n".join(VERSE)
    + "\n\n[Chorus]\n"
    + "\n".join(CHORUS)
    + "\n\n[Chorus]\n"
    + "\n".join(CHORUS)
    + "\n"
)


def sung(lines: tuple[str, ...], first_line: int, start: int, pitches: list[int]) -> list[SungNote]:
    """Return the lines as eighth notes, each line in two bars of its own."""
    notes = []
    for index, line in enumerate(lines):
        syllables = syllables_of(line)
        for place, syllable in enumerate(syllables):
            last = place == len(syllables) - 1
            text = SungSyllable(syllable.text, syllable.stress, syllable.word_position, first_line + index, last)
            onset = start + 2 * BAR * index + 240 * place
            notes.append(SungNote(onset, 240, pitches[place % len(pitches)], text))
    return notes


def a_sheet(chords: str = "C F G C", borrowed: str = "") -> LeadSheet:
    """Return verse, chorus and chorus of four bars each; the highest note is a C5 on the last "clear"... in the chorus."""
    symbols = chords.split() * 3
    symbols[2] = borrowed or symbols[2]
    notes = (
        sung(VERSE, 0, 0, [60, 62, 64])
        + sung(CHORUS, 2, 4 * BAR, [67, 72, 69])
        + sung(CHORUS, 4, 8 * BAR, [67, 72, 69])
    )
    sheet = LeadSheet(
        "Rain", "C major", TimeSignature(4, 4), 120.0, 12 * BAR, tuple(notes),
        tuple(ChordSpan(n * BAR, BAR, symbol) for n, symbol in enumerate(symbols)),
        (SectionSpan("Verse 1", 0, 4 * BAR), SectionSpan("Chorus", 4 * BAR, 4 * BAR), SectionSpan("Chorus", 8 * BAR, 4 * BAR)),
    )  # fmt: skip
    check(sheet)
    return sheet


def a_subject(**changes: str) -> Subject:
    return subject_of(SourceSong("Rain", TEXT, None, a_sheet(**changes)))


def told(subject: Subject, topic: str) -> str:
    return " ".join(next(found for found in topics_of(subject) if found.name == topic).paragraphs)


def facts(subject: Subject, topic: str) -> dict[str, object]:
    return next(found.facts for found in topics_of(subject) if found.name == topic)


def test_the_sections_are_told_with_what_comes_back() -> None:
    text = told(a_subject(), "form")
    assert "three sections in twelve bars" in text
    assert "The chorus comes twice, each time with the same words and the same tune" in text
    assert letters_of(parts_of(a_subject())) == "ABB"


def test_a_tune_is_fully_like_itself_and_nothing_like_silence() -> None:
    tune = parts_of(a_subject())[0].tune
    assert tune_likeness(tune, tune) == 1.0
    assert tune_likeness(tune, frozenset()) == 0.0


@given(semitones=st.integers(-11, 11))
@settings(max_examples=15, deadline=None)
def test_numerals_and_cadences_do_not_depend_on_the_key(semitones: int) -> None:
    sheet = a_sheet(borrowed="Fm")
    subject, moved = (
        subject_of(SourceSong("Rain", TEXT, None, found)) for found in (sheet, transpose_sheet(sheet, semitones))
    )
    assert subject.sheet is not None
    assert moved.sheet is not None
    assert [c.numeral for c in chords_of(subject.sheet)] == [c.numeral for c in chords_of(moved.sheet)]
    assert cadences_of(subject, chords_of(subject.sheet)) == cadences_of(moved, chords_of(moved.sheet))


def test_chords_are_told_as_numerals_with_their_cadence() -> None:
    text = told(a_subject(), "chords")
    assert "I, IV, V, I, which here is C, F, G, C" in text
    assert "authentic cadence" in text
    assert "Every chord is made of the seven notes of C major" in text


@pytest.mark.parametrize(
    ("chord", "said"),
    [("Fm", "borrowed from C minor"), ("D7", "points to V"), ("C#dim", "not in the key")],
)
def test_a_chord_from_elsewhere_is_named_with_where_it_comes_from(chord: str, said: str) -> None:
    text = told(a_subject(borrowed=chord), "chords")
    assert f"{chord}, the" in text
    assert said in text
    assert "nothing is borrowed" not in text


@pytest.mark.parametrize(
    ("chords", "name"),
    [
        ("C F G C", "authentic"),
        ("C G F C", "plagal"),
        ("C F C G", "half"),
        ("C F G Am", "deceptive"),
        ("C G C F", "open"),
    ],
)
def test_cadences_have_their_names(chords: str, name: str) -> None:
    subject = a_subject(chords=chords)
    assert subject.sheet is not None
    assert {found for _, found, _ in cadences_of(subject, chords_of(subject.sheet))} == {name}


def test_a_circle_of_chords_is_told_once() -> None:
    subject = a_subject(chords="C G C G")
    assert subject.sheet is not None
    ways = ways_of(subject, chords_of(subject.sheet))
    assert [[chord.symbol for chord in way] for _, way in ways] == [["C", "G"]]
    assert circle([]) == []


def test_every_pair_that_is_said_to_rhyme_rhymes(opened_tiny_models: SongModels) -> None:
    made = carry_out(LyricRequest(theme="rain", rhyme="AABB", seed=4), Making(seed=4, models=opened_tiny_models))
    subject = subject_of(SourceSong(made.report.title, made.lyrics_text, None))
    for section in subject.sections:
        assert all(lines_rhyme(section.lines[a], section.lines[b]) for a, b in pairs_of(section.lines))


def test_rhymes_inside_lines_and_near_ones_are_found() -> None:
    assert [pair[:2] for pair in inner_rhymes("The bright and silent night was light")] == [
        ("bright", "night"),
        ("bright", "light"),
    ]
    assert inner_rhymes("night after night") == []
    assert near_rhymes(["I took her hand", "I was a man"]) == [("hand", "man")]
    assert near_rhymes(["I took her hand", "I saw the sea"]) == []


def test_the_same_word_at_two_ends_is_no_rhyme() -> None:
    subject = subject_of(SourceSong("Rain", "[Verse 1]\nI see the rain\nI hear the rain\n", None))
    assert "repetition and not rhyme" in told(subject, "rhyme")
    assert facts(subject, "rhyme")["sections"][0]["pairs"] == []  # type: ignore[index]  # a list of sections


@pytest.mark.parametrize(
    ("line", "metre"),
    [
        ("The river runs beneath the silent water", "iambic"),
        ("Over under never broken", "trochaic"),
        ("Merrily, happily, dancing and wandering", "dactylic"),
    ],
)
def test_feet_are_found(line: str, metre: str) -> None:
    found, kept = found_metre([syllables_of(line)] * 3)
    assert found is not None
    assert (found.name, kept) == (metre, [True] * 3)


def test_a_stress_off_the_strong_beat_is_named_with_its_word_and_bar() -> None:
    subject = a_subject()
    count, misplaced = stresses(subject)
    assert subject.sheet is not None
    words = {(found.word, found.bar) for found in misplaced}
    assert ("over", 1) not in words  # it begins on the first beat
    assert ("river", 1) in words  # its stress begins on the fourth eighth
    assert 0 < len(misplaced) < count
    assert "“river” in line 1, bar 1" in told(subject, "metre")


def test_the_climax_is_the_highest_note_with_its_word() -> None:
    peak = climax_of(a_subject())
    assert (peak.pitch, peak.bar, peak.word, peak.section) == (72, 5, "morning", "Chorus")
    assert "C5" in told(a_subject(), "melody")


@given(pitches=st.lists(st.integers(48, 80), min_size=2, max_size=8), by=st.integers(-12, 12))
def test_a_contour_is_the_same_in_every_key(pitches: list[int], by: int) -> None:
    line = [SungNote(n * 240, 240, pitch, None) for n, pitch in enumerate(pitches)]
    assert contour(line) == contour([replace(note, pitch=note.pitch + by) for note in line])


@pytest.mark.parametrize(
    ("pitches", "shape"),
    [([60, 67, 60], "arch"), ([67, 60, 67], "valley"), ([60, 67], "rise"), ([67, 60], "fall"), ([60, 61, 60], "level")],
)
def test_contours_have_their_names(pitches: list[int], shape: str) -> None:
    assert contour([SungNote(n * 240, 240, pitch, None) for n, pitch in enumerate(pitches)]) == shape


def an_upload(blocks: str) -> SourceSong:
    """Return a tune of a group of four bars for each letter, random but the same for the same letter."""
    notes = []
    for number_, letter in enumerate(blocks):
        rng = random.Random(letter)
        notes += [
            Note((4 * number_ * 4 + beat) * 480, rng.choice((60, 62, 64, 65, 67, 69, 71, 72)), 480)
            for beat in range(16)
        ]
    return SourceSong("tune", "", Score((Track("Melody", 0, tuple(notes)),), len(blocks) * 4 * BAR))


@pytest.mark.parametrize("blocks", ["AABA", "ABAB", "ABCA"])
def test_the_form_of_a_file_is_told_by_the_bars_that_come_back(blocks: str) -> None:
    subject = subject_of(an_upload(blocks))
    assert "".join(heard_blocks(subject)) == blocks
    assert " ".join(blocks) in told(subject, "form")
    assert "rhyme" not in {topic.name for topic in topics_of(subject)}
    assert "No words are known" in as_text(topics_of(subject))


def test_where_nothing_comes_back_the_form_cannot_be_told() -> None:
    assert "cannot be told" in told(subject_of(an_upload("ABCD")), "form")


def test_words_alone_have_neither_chords_nor_melody_and_say_so() -> None:
    names = [topic.name for topic in topics_of(subject_of(SourceSong("Rain", TEXT, None)))]
    assert names == ["form", "rhyme", "metre", "music"]


def test_chinese_words_are_not_measured_by_english_rules() -> None:
    subject = subject_of(SourceSong("雨", "[Verse 1]\n春眠不觉晓\n处处闻啼鸟\n", None))
    assert "Chinese" in told(subject, "rhyme")
    assert "Chinese" in told(subject, "metre")


def test_nothing_is_refused_in_a_sentence() -> None:
    drums = Score((Track("Drums", 0, (Note(0, 36, 480),), is_drum=True),), BAR)
    with pytest.raises(RequestError, match="nothing to explain"):
        subject_of(SourceSong("drums", "", drums))


@pytest.fixture(scope="module")
def song(opened_tiny_models: SongModels) -> MadeSong:
    return make(SongRequest(theme="rain", form="VC", seed=2), opened_tiny_models)


def test_an_explanation_changes_nothing_and_is_the_same_each_time(
    opened_tiny_models: SongModels, song: MadeSong
) -> None:
    for source in (source_of(song), upload_of(song)):
        making = Making(seed=1, models=opened_tiny_models, source=source)
        first, second = (carry_out(ExplainRequest(source="song"), making) for _ in range(2))
        assert (first.score, first.sheet, first.lyrics_text) == (source.score, source.sheet, source.text)
        assert first.artifacts == second.artifacts
        endings = [artifact.name.partition(".")[2] for artifact in first.artifacts]
        assert endings == ["explained.txt", "explained.png", "explained.json"]
        assert json.loads(first.artifacts[2].data)["topics"]


def test_the_page_shows_what_the_text_tells() -> None:
    subject = a_subject()
    page = page_of(subject)
    assert [block.label for block in page.form] == ["Verse 1", "Chorus", "Chorus"]
    assert [numeral for _, numeral in page.chords[0].chords] == ["I", "IV", "V", "I"]
    assert [line.rhyme for line in page.verse] == list("XX")
    first = page.verse[0].syllables
    assert (first[0].text, first[0].is_stressed, first[0].beat, first[0].is_strong_beat) == ("O", True, "1", True)
    assert explanation_png(page) == explanation_png(page)
    assert explanation_png(page)[:4] == b"\x89PNG"
    assert page.height <= 1500


def test_the_json_holds_the_figures_behind_the_text() -> None:
    found = json.loads(as_json(a_subject(), topics_of(a_subject())))
    chords = next(topic for topic in found["topics"] if topic["topic"] == "chords")
    assert chords["facts"]["progressions"][0]["numerals"] == ["I", "IV", "V", "I"]
