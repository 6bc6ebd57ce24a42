"""Laws of the plan: what is asked for is there, and what cannot be is refused in words. Knows no models."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.contract import LyricRequest, SongRequest
from engine.errors import RequestError
from engine.music.score import TICKS_PER_QUARTER
from engine.music.theory import Chord, Key
from engine.song.form import KIND_OF_LETTER, canonical_scheme, parse_form
from engine.song.length import BREATH_EIGHTHS, EIGHTHS_PER_SYLLABLE
from engine.song.plan import MOST_VERSES, TIME_SIGNATURES, SongPlan, make_plan
from engine.song.styles import STYLES

styles = st.sampled_from(sorted(STYLES))
time_signatures = st.sampled_from(sorted(TIME_SIGNATURES))
seeds = st.integers(0, 2**31 - 1)
schemes = st.text("ABCDX", min_size=2, max_size=8)
forms = st.text("VPCB", min_size=1, max_size=10)


def plan_of(seed: int = 1, **fields: object) -> SongPlan:
    return make_plan(SongRequest(theme="rain", **fields), seed)  # type: ignore[arg-type]  # fields are checked by pydantic


def seconds_of(plan: SongPlan) -> float:
    return plan.length_ticks / TICKS_PER_QUARTER * 60 / plan.tempo_qpm


def sung_kinds(plan: SongPlan) -> list[str]:
    return [section.kind for section in plan.sections if section.lines]


@given(styles, time_signatures, seeds, st.integers(40, 240))
@settings(max_examples=25, deadline=None)
def test_chords_fill_every_section_and_lines_fit_their_bars(style: str, signature: str, seed: int, tempo: int) -> None:
    plan = plan_of(seed, style=style, time_signature=signature, tempo_qpm=tempo)
    for section in plan.sections:
        onset = 0
        for span in section.chords:
            assert span.onset_ticks == onset
            assert span.duration_ticks > 0
            Chord.parse(span.symbol)
            onset += span.duration_ticks
        assert onset == section.bars * plan.time_signature.bar_ticks
        if section.lines:
            assert section.bars == len(section.lines) * section.bars_per_line


@given(st.integers(3, 14), time_signatures, st.integers(40, 240), seeds)
@settings(max_examples=25, deadline=None)
def test_every_line_has_room_for_its_syllables_and_a_breath(n: int, signature: str, tempo: int, seed: int) -> None:
    plan = plan_of(seed, syllables=str(n), time_signature=signature, tempo_qpm=tempo)
    for section in plan.sections:
        if section.lines:
            eighths = section.bars_per_line * plan.time_signature.bar_ticks / (TICKS_PER_QUARTER / 2)
            assert eighths >= EIGHTHS_PER_SYLLABLE * n + BREATH_EIGHTHS


@given(forms, styles, seeds)
@settings(max_examples=25, deadline=None)
def test_the_form_asked_for_is_sung_in_order(form: str, style: str, seed: int) -> None:
    plan = plan_of(seed, form=form, style=style)
    assert sung_kinds(plan) == [KIND_OF_LETTER[letter] for letter in form]
    assert plan.sections[0].kind == "intro"
    assert plan.sections[-1].kind == "outro"


forms_with_ends = st.text("IVPCBNO", min_size=2, max_size=10).filter(
    lambda form: bool(set("IO") & set(form)) and bool(set("VPCB") & set(form))
)


@given(forms_with_ends)
@settings(max_examples=20, deadline=None)
def test_a_form_with_intro_or_outro_is_kept_exactly(form: str) -> None:
    assert [section.kind for section in plan_of(form=form).sections] == [KIND_OF_LETTER[letter] for letter in form]


@given(schemes, seeds)
@settings(max_examples=25, deadline=None)
def test_the_rhyme_scheme_asked_for_is_planned(scheme: str, seed: int) -> None:
    for section in plan_of(seed, rhyme=scheme).sections:
        if section.lines:
            letters = [line.rhyme for line in section.lines]
            assert len(letters) == len(scheme)
            for i, one in enumerate(scheme):
                assert (letters[i] == "X") == (one == "X" or scheme.count(one) == 1)
                for j, other in enumerate(scheme):
                    if letters[i] != "X" and letters[j] != "X":
                        assert (one == other) == (letters[i] == letters[j])


@given(styles, seeds, st.one_of(st.none(), st.integers(60, 200)), st.integers(40, 600))
@settings(max_examples=30, deadline=None)
def test_a_length_is_met_to_within_one_bar(style: str, seed: int, tempo: int | None, seconds: int) -> None:
    plan = plan_of(seed, style=style, tempo_qpm=tempo, length_seconds=seconds)
    bar = plan.time_signature.bar_ticks / TICKS_PER_QUARTER * 60 / plan.tempo_qpm
    assert abs(seconds_of(plan) - seconds) <= bar
    assert tempo is None or plan.tempo_qpm == tempo


@pytest.mark.parametrize("style", sorted(STYLES))
def test_the_shortest_and_the_longest_song_of_each_style(style: str) -> None:
    for seconds in (15, 600):
        plan = plan_of(style=style, length_seconds=seconds)
        bar = plan.time_signature.bar_ticks / TICKS_PER_QUARTER * 60 / plan.tempo_qpm
        assert abs(seconds_of(plan) - seconds) <= bar


@given(styles, seeds)
@settings(max_examples=20, deadline=None)
def test_the_same_seed_gives_the_same_plan(style: str, seed: int) -> None:
    assert plan_of(seed, style=style) == plan_of(seed, style=style)


def test_other_seeds_give_other_plans() -> None:
    assert len({plan_of(seed) for seed in range(20)}) > 15


@given(seeds)
@settings(max_examples=20, deadline=None)
def test_the_default_song_lasts_one_and_a_half_to_two_and_a_half_minutes(seed: int) -> None:
    plan = plan_of(seed)
    assert sung_kinds(plan) == ["verse", "chorus", "verse", "chorus", "bridge", "chorus"]
    assert 90 <= seconds_of(plan) <= 150
    assert plan.sections[0].bars in (2, 4)
    assert plan.sections[-1].bars in (2, 4)


@given(forms, seeds)
@settings(max_examples=20, deadline=None)
def test_repeats_point_back_to_sections_of_the_same_lines_and_chords(form: str, seed: int) -> None:
    plan = plan_of(seed, form=form)
    for index, section in enumerate(plan.sections):
        for source in (section.words_of, section.tune_of):
            if source is not None:
                assert source < index
                earlier = plan.sections[source]
                assert (earlier.kind, earlier.lines, earlier.chords) == (section.kind, section.lines, section.chords)
                assert earlier.words_of is None
                assert earlier.tune_of is None
        assert section.words_of is None or section.tune_of is None


def test_a_chorus_is_written_once_and_verses_share_a_tune() -> None:
    plan = plan_of(form="VCVC")
    _, verse, chorus, second_verse, second_chorus, _ = plan.sections
    assert [s.label for s in plan.sections] == ["Intro", "Verse 1", "Chorus", "Verse 2", "Chorus", "Outro"]
    assert (verse.words_of, chorus.words_of, second_chorus.words_of) == (None, None, 2)
    assert (second_verse.words_of, second_verse.tune_of) == (None, 1)


def test_verses_past_the_last_new_one_are_sung_again() -> None:
    plan = plan_of(form="V" * (MOST_VERSES + 1))
    assert plan.sections[MOST_VERSES + 1].words_of == 1


@pytest.mark.parametrize(
    "text",
    [
        "VCVCBC",
        "V C V C B C",
        "v-c-v-c-b-c",
        "V1 C V2 C B C",
        "verse, chorus, verse 2, refrain, bridge, chorus",
        "[Verse] [Chorus] VCBC",
    ],
)
def test_forms_are_read_however_they_are_written(text: str) -> None:  # fmt: skip
    assert parse_form(text) == tuple(KIND_OF_LETTER[letter] for letter in "VCVCBC")


def test_all_letters_of_a_form_are_known() -> None:
    assert parse_form("IVPCBNO") == ("intro", "verse", "prechorus", "chorus", "bridge", "instrumental", "outro")
    assert parse_form("verse pre-chorus chorus solo") == ("verse", "prechorus", "chorus", "instrumental")


@pytest.mark.parametrize(("scheme", "named"), [("ABCB", "XAXA"), ("BAAB", "ABBA"), ("XXXX", "XXXX"), ("AAB", "AAX")])
def test_letters_that_occur_once_do_not_rhyme(scheme: str, named: str) -> None:
    assert canonical_scheme(scheme) == named == canonical_scheme(named)


def lines_of(plan: SongPlan, kind: str) -> list[tuple[int, str]]:
    section = next(section for section in plan.sections if section.kind == kind)
    return [(line.syllables, line.rhyme) for line in section.lines]


def test_verse_and_chorus_may_differ_in_scheme_and_syllables() -> None:
    plan = plan_of(rhyme="ABAB/AABB", syllables="8,6/7")
    assert lines_of(plan, "verse") == [(8, "A"), (6, "B"), (8, "A"), (6, "B")] == lines_of(plan, "bridge")
    assert lines_of(plan, "chorus") == [(7, "A"), (7, "A"), (7, "B"), (7, "B")]


def test_syllables_alone_set_the_number_of_lines() -> None:
    assert [n for n, _ in lines_of(plan_of(syllables="9,9,6,6,9"), "verse")] == [9, 9, 6, 6, 9]
    assert lines_of(plan_of(style="hymn"), "verse") == [(8, "A"), (6, "B"), (8, "A"), (6, "B")]


def test_free_verse_has_no_rhymes() -> None:
    assert {line.rhyme for section in plan_of(rhyme="X").sections for line in section.lines} == {"X"}


def test_typed_chords_are_kept_and_cycled_one_per_bar() -> None:
    plan = plan_of(chords="Am7 Dm9/G, Cmaj7", time_signature="3/4")
    for section in plan.sections:
        symbols = [span.symbol for span in section.chords]
        assert symbols == [("Am7", "Dm9/G", "Cmaj7")[bar % 3] for bar in range(section.bars)]


def test_chords_between_bar_lines_share_their_bar_by_beats() -> None:
    plan = plan_of(chords="C G | N.C. | Am / F / F F G", time_signature="3/4")
    spans = [(span.onset_ticks, span.duration_ticks, span.symbol) for span in plan.sections[1].chords[:7]]
    assert spans[:3] == [(0, 960, "C"), (960, 480, "G"), (1440, 1440, "N.C.")]
    assert [symbol for _, _, symbol in spans[3:6]] == ["Am", "F", "G"]
    assert all(onset % 120 == 0 for onset, _, _ in spans)


def test_numerals_take_the_key_that_is_typed_chosen_or_in_the_mode_they_speak_of() -> None:
    def first(**fields: str) -> tuple[str, list[str]]:
        plan = plan_of(**fields)
        return plan.key_name, [span.symbol for span in plan.sections[1].chords[:3]]

    assert first(chords="ii-V-I in Eb", style="blues") == ("Eb major", ["Fm", "Bb", "Eb"])
    assert first(chords="ii V I", key="G") == ("G major", ["Am", "D", "G"])
    for style in ("pop", "hymn", "rock"):
        name, symbols = first(chords="i bVII bVI", style=style)
        assert name.endswith("minor")
        assert Chord.parse(symbols[0]) == Chord(Key.parse(name).tonic, "m")
        assert first(chords="I bVII IV", style=style)[0].endswith("major")


@pytest.mark.parametrize(
    ("chords", "key"),
    [
        ("C G Am F", "C major"),
        ("Am F C E7", "A minor"),
        ("D A Bm G", "D major"),
        ("Em C G D", "E minor"),
        ("Dm7 G7 Cmaj7", "C major"),
        ("Dm7 N.C. G7 Cmaj7", "C major"),
    ],
)
def test_typed_chords_suggest_the_key(chords: str, key: str) -> None:  # fmt: skip
    assert plan_of(chords=chords).key_name == key


@given(styles, seeds, st.sampled_from(["C", "A minor", "F#m", "Eb", "G# minor"]))
@settings(max_examples=25, deadline=None)
def test_songs_verses_and_choruses_end_on_the_tonic(style: str, seed: int, key: str) -> None:
    plan = plan_of(seed, style=style, key=key, form="VPCBCNB")
    tonic = Key.parse(key).tonic
    for section in plan.sections:
        last = [Chord.parse(span.symbol) for span in section.chords][-2:]
        if section.kind in ("verse", "chorus", "outro"):
            assert last[1].root == tonic
            assert (last[0].root - tonic) % 12 in (5, 7)
    assert plan.key_name == str(Key.parse(key))


def test_a_song_that_ends_on_a_bridge_ends_on_the_tonic() -> None:
    plan = plan_of(form="IVB", key="G")
    assert Chord.parse(plan.sections[-1].chords[-1].symbol).root == Key.parse("G").tonic


def test_words_alone_have_the_plan_of_the_song_they_belong_to() -> None:
    assert make_plan(LyricRequest(theme="rain", form="VC"), 5) == plan_of(5, form="VC")


def test_a_typed_form_stretches_to_a_length_and_keeps_its_sections() -> None:
    plan = plan_of(form="VCVC", length_seconds=110)
    assert sung_kinds(plan) == ["verse", "chorus", "verse", "chorus"]
    assert abs(seconds_of(plan) - 110) <= 3


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"tempo_qpm": 9999}, "40-240 quarter notes per minute, got 9999"),
        ({"tempo_qpm": float("nan")}, "40-240"),
        ({"style": "popp"}, "did you mean pop"),
        ({"form": "VXC"}, "VCVCBC"),
        ({"form": ""}, "1-24 sections, got 0"),
        ({"form": "V" * 25}, "1-24 sections, got 25"),
        ({"form": "INO"}, "nothing to sing"),
        ({"rhyme": "A"}, "2-8 letters, got 1"),
        ({"rhyme": "AB1"}, "must be letters"),
        ({"rhyme": "AA/AA/AA/AA"}, "at most 3 parts"),
        ({"rhyme": "ABAB", "syllables": "8,6,8"}, "4 lines but syllables name 3"),
        ({"syllables": "15"}, "3-14 per line, got 15"),
        ({"syllables": "eight"}, "numbers of 3-14"),
        ({"syllables": "8,8,8,8,8,8,8,8,8"}, "at most 8 lines"),
        ({"key": "H"}, "not a key"),
        ({"chords": "C Q"}, "there is no chord"),
        ({"chords": " "}, "1-64 symbols, got 0"),
        ({"time_signature": "5/4"}, "one of 4/4"),
        ({"length_seconds": 5}, "15-600 seconds, got 5"),
        ({"length_seconds": 20, "form": "VCVCBC"}, "leave out the form"),
        ({"length_seconds": 20, "tempo_qpm": 40, "rhyme": "AABB"}, "too short for one verse"),
        ({"voice": "robot"}, "soprano"),
    ],
)
def test_what_cannot_be_planned_is_refused_in_words(fields: dict[str, object], said: str) -> None:  # fmt: skip
    with pytest.raises(RequestError) as refused:
        plan_of(**fields)  # type: ignore[arg-type]  # seed is never among the fields
    assert said in str(refused.value)
