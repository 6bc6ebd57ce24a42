"""Laws of forms with a name, of lengths asked for, and of typed chords. Knows no models."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.contract import SongRequest
from engine.errors import RequestError
from engine.lyrics.own_words import read_own_words
from engine.music.score import TICKS_PER_QUARTER
from engine.music.theory import Key
from engine.song.form import parse_form
from engine.song.harmony import cut_chords_notice, parse_chords
from engine.song.named_forms import NAMED_FORMS, find_named_form
from engine.song.plan import TIME_SIGNATURES, SongPlan, make_plan
from engine.song.plan_for_lines import choose_frame, plan_for_lines
from engine.song.sing import sections_that_last
from engine.song.styles import STYLES

NAMES = [form.name for form in NAMED_FORMS]
styles = st.sampled_from(sorted(STYLES))
signatures = st.sampled_from(sorted(TIME_SIGNATURES))
seeds = st.integers(0, 2**31 - 1)
OWN_WORDS = {
    "verse and chorus": "[Verse 1]\nI left my heart in a railway station\nAt seven on a winter night\n\n[Chorus]\nCarry me home\n"
    "\n[Verse 2]\nI wrote a note to my old relation\nShe read it by the kitchen light\n\n[Chorus]",
    "one line": "Row the boat home",
    "named parts": "[Intro]\n\n[Verse]\nhello my dear\n[Solo]\n[Chorus]\nla la la\n[Outro]",
}


def plan_of(seed: int = 1, **fields: object) -> SongPlan:
    return make_plan(SongRequest(theme="rain", **fields), seed)  # type: ignore[arg-type]  # fields are checked by pydantic


def sung(plan: SongPlan) -> list[str]:
    return [section.label for section in plan.sections if section.lines]


def bars_off(plan: SongPlan, seconds: float) -> float:
    """Return by how many bars a plan misses a length."""
    lasts = plan.length_ticks / TICKS_PER_QUARTER * 60 / plan.tempo_qpm
    return abs(lasts - seconds) / (plan.time_signature.bar_ticks / TICKS_PER_QUARTER * 60 / plan.tempo_qpm)


@pytest.mark.parametrize("form", [None, *NAMES, "VCVCBC", "VPCVPCBC"])
@given(style=styles, signature=signatures, seed=seeds, tempo_share=st.one_of(st.none(), st.floats(0, 1)))
@settings(max_examples=6, deadline=None)
def test_three_minutes_last_three_minutes_to_within_a_bar(
    form: str | None, style: str, signature: str, seed: int, tempo_share: float | None
) -> None:
    slowest, fastest = STYLES[style].tempo_range(signature)
    tempo = None if tempo_share is None else round(slowest + tempo_share * (fastest - slowest))
    plan = plan_of(seed, style=style, time_signature=signature, form=form, tempo_qpm=tempo, length_seconds=180)
    assert bars_off(plan, 180) <= 1
    assert tempo is None or plan.tempo_qpm == tempo
    assert len(sung(plan)) >= 2
    kinds = {section.kind for section in plan.sections if section.lines}
    if "chorus" in kinds:
        assert len(kinds) >= 2
        assert sung(plan).count("Chorus") >= 2


@given(st.sampled_from(NAMES), styles, signatures, seeds, st.integers(15, 600))
@settings(max_examples=20, deadline=None)
def test_a_named_form_meets_any_length_or_says_how_long_it_must_be(
    form: str, style: str, signature: str, seed: int, seconds: int
) -> None:
    try:
        plan = plan_of(seed, style=style, time_signature=signature, form=form, length_seconds=seconds)
    except RequestError as refused:
        assert seconds < 90
        assert "or longer" in str(refused)  # noqa: PT017 - most lengths are met
        return
    assert bars_off(plan, seconds) <= 1


@given(st.text("VPCB", min_size=1, max_size=8), styles, seeds, st.integers(15, 600))
@settings(max_examples=15, deadline=None)
def test_typed_letters_are_all_sung_in_order_whatever_the_length(
    form: str, style: str, seed: int, seconds: int
) -> None:
    try:
        plan = plan_of(seed, style=style, form=form, length_seconds=seconds)
    except RequestError as refused:
        assert "this form lasts" in str(refused)  # noqa: PT017 - most lengths are met
        return
    assert bars_off(plan, seconds) <= 1
    assert tuple(section.kind for section in plan.sections if section.lines) == parse_form(form)


def test_a_form_with_parts_without_words_gets_no_others() -> None:
    plan = plan_of(form="IVCNVCO", length_seconds=150)
    assert "".join(section.label[0] for section in plan.sections) == "IVCIVCO"


def test_aaba_is_a_bridge_between_verses_of_one_tune() -> None:
    plan = plan_of(form="AABA", style="jazz", time_signature="4/4")
    assert sung(plan) == ["Verse 1", "Verse 2", "Bridge", "Verse 3"]
    assert [section.tune_of for section in plan.sections if section.kind == "verse"] == [None, 1, 1]
    assert sum(section.bars for section in plan.sections if section.lines) == 32
    longer = plan_of(form="aaba form", style="jazz", time_signature="4/4", tempo_qpm=120, length_seconds=110)
    assert sung(longer)[:6] == ["Verse 1", "Verse 2", "Bridge", "Verse 3", "Bridge", "Verse 3"]


def test_a_strophic_song_has_one_tune_and_a_through_composed_one_a_tune_and_chords_for_each_section() -> None:
    strophic, composed = plan_of(form="strophic"), plan_of(form="through-composed")
    assert sung(strophic) == sung(composed) == ["Verse 1", "Verse 2", "Verse 3", "Verse 4"]
    assert [section.tune_of for section in strophic.sections if section.lines] == [None, 1, 1, 1]
    assert {section.tune_of for section in composed.sections} == {None}
    verses = [section.chords for section in composed.sections if section.lines]
    assert all(one != other for one, other in pairwise(verses))


@pytest.mark.parametrize("style", ["pop", "blues", "waltz"])
def test_a_blues_has_twelve_bars_and_its_second_line_again(style: str) -> None:
    plan = plan_of(form="12-bar blues", style=style, time_signature="4/4", key="C")
    verse = plan.sections[1]
    assert verse.bars == 12
    assert [(line.rhyme, line.repeats) for line in verse.lines] == [("A", None), ("X", 0), ("A", None)]
    assert {symbol for span in verse.chords if (symbol := span.symbol)} <= {"C7", "F7", "G7"}


def test_typed_rhymes_are_kept_in_a_blues_and_a_ballad_tells_its_story_in_its_own_stanza() -> None:
    assert [line.rhyme for line in plan_of(form="blues", rhyme="ABAB").sections[1].lines] == list("ABAB")
    assert all(line.repeats is None for line in plan_of(form="blues", rhyme="ABAB").sections[1].lines)
    ballad = plan_of(form="ballad", style="rock")
    assert [(line.syllables, line.rhyme) for line in ballad.sections[1].lines] == [
        (8, "X"),
        (6, "A"),
        (8, "X"),
        (6, "A"),
    ]


@pytest.mark.parametrize(
    ("typed", "name"),
    [("aaba", "AABA"), ("A A B A", "AABA"), ("32-bar form", "AABA"), ("12-bar blues", "blues"), ("AAB", "blues"),
     ("Verse-Chorus", "verse-chorus"), ("through composed", "through-composed"), ("Strophic form", "strophic")],
)  # fmt: skip
def test_named_forms_are_found_however_they_are_written(typed: str, name: str) -> None:
    found = find_named_form(typed)
    assert found is not None
    assert found.name == name
    assert parse_form(typed)


@pytest.mark.parametrize("typed", ["VCVC", "verse chorus", "verse, chorus", "B", ""])
def test_letters_and_names_of_sections_are_no_named_form(typed: str) -> None:
    assert find_named_form(typed) is None


@pytest.mark.parametrize("words", OWN_WORDS.values(), ids=OWN_WORDS)
@given(style=styles, signature=signatures, seed=seeds, seconds=st.integers(15, 600))
@settings(max_examples=4, deadline=None)
def test_own_words_last_as_long_as_is_asked_for(
    words: str, style: str, signature: str, seed: int, seconds: int
) -> None:
    frame = choose_frame(
        style=style, key=None, tempo_qpm=None, time_signature=signature, chords=None, voice=None, seed=seed
    )
    own = read_own_words(words)
    try:
        frame, sections, lines = sections_that_last(own, frame, seconds)
    except RequestError as refused:
        assert seconds < 60
        assert "these words last" in str(refused)  # noqa: PT017 - most lengths are met
        return
    plan = plan_for_lines(frame, lines)
    assert bars_off(plan, seconds) <= 1
    slowest, fastest = STYLES[style].tempo_range(signature)
    assert slowest <= plan.tempo_qpm <= fastest
    typed = [section.lines for section in own.sections if section.lines]
    assert [section.lines for section in sections if section.lines][: len(typed)] == typed or "[Chorus]" in words
    for section in plan.sections:
        assert section.words_of is None or plan.sections[section.words_of].lines == section.lines


def test_own_words_that_cannot_last_so_long_are_refused_with_what_they_can() -> None:
    frame = choose_frame(
        style="pop", key=None, tempo_qpm=100, time_signature="4/4", chords=None, voice=None, seed=1
    )  # fmt: skip
    with pytest.raises(RequestError, match=r"these words last \d+-\d+ seconds"):
        sections_that_last(read_own_words("la la la la\n" * 40), frame, 30)
    with pytest.raises(RequestError, match="15-600 seconds"):
        sections_that_last(read_own_words("la"), frame, 5)


symbols = st.sampled_from(["C", "Am7", "G/B", "F#m", "Bbmaj7", "N.C.", "Dsus4", "E7", "Abdim", "C/G"])
numerals = st.sampled_from(["I", "vi7", "IV", "V7", "bVII", "ii", "V/V"])
progressions = st.one_of(
    st.lists(st.lists(symbols, min_size=1, max_size=4), min_size=1, max_size=13),
    st.lists(st.lists(numerals, min_size=1, max_size=2), min_size=1, max_size=8),
)


@given(progressions, st.sampled_from([*NAMES, "VCVCBC", "IVNO"]), styles, signatures, seeds)
@settings(max_examples=20, deadline=None)
def test_typed_chords_are_kept_in_order_and_cut_at_section_ends(
    typed: list[list[str]], form: str, style: str, signature: str, seed: int
) -> None:
    text = " | ".join(" ".join(bar) for bar in typed) + " |"
    progression = parse_chords(text)
    plan = plan_of(seed, chords=text, form=form, style=style, time_signature=signature)
    bars = progression.in_key(Key.parse(plan.key_name)).bars
    ticks = plan.time_signature.bar_ticks
    for section in plan.sections:
        heard: dict[int, list[str]] = {}
        for span in section.chords:
            heard.setdefault(span.onset_ticks // ticks, []).append(span.symbol)
        assert heard == {bar: changes(bars[bar % len(bars)]) for bar in range(section.bars)}
        assert sum(span.duration_ticks for span in section.chords) == section.bars * ticks
    cut = [section.label for section in plan.sections if section.bars % len(bars)]
    notice = cut_chords_notice(text, plan.bars_of_sections)
    assert all(label in notice for label in cut)
    assert bool(notice) == bool(cut)


def changes(symbols_of_bar: tuple[str, ...]) -> list[str]:
    """Return the chords of a bar without those that only hold the one before."""
    return [s for place, s in enumerate(symbols_of_bar) if place == 0 or s != symbols_of_bar[place - 1]]


def test_what_is_typed_says_nothing_of_chords_that_come_out_even() -> None:
    assert cut_chords_notice("C G Am F", [("Verse 1", 8), ("Chorus", 8)]) == ""
    assert cut_chords_notice(None, [("Verse 1", 7)]) == ""
    assert cut_chords_notice("C G Am", [("Verse 1", 8), ("Chorus", 6), ("Verse 1", 8)]).endswith(
        "at the end of: Verse 1"
    )
