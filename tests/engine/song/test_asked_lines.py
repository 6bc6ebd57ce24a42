"""What is asked of lines and of the mood becomes a plan: ranges, inner rhymes, lengths of a metre, key and tempo."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.contract import METRES, MOODS, STYLES, LyricRequest, SongRequest
from engine.errors import RequestError
from engine.lyrics.metre import find_metre
from engine.lyrics.moods import find_mood
from engine.music.theory import Key
from engine.song.form import LineLength, inner_rhymes, parse_form, parse_rhyme, parse_syllables
from engine.song.plan import make_plan

if TYPE_CHECKING:
    from engine.song.models import SongModels

RANGE = st.tuples(st.integers(3, 14), st.integers(3, 14)).map(sorted)


@pytest.mark.parametrize(("typed", "kinds"), [
    ("VCVCBC", "VCVCBC"), ("V V C", "VVC"), ("vv-c", "VVC"), ("verse chorus verse chorus bridge chorus", "VCVCBC"),
    ("Verse, Pre-Chorus, Chorus", "VPC"), ("[Verse 1] [Refrain]", "VC"),
])  # fmt: skip
def test_forms_are_read_as_letters_and_as_words(typed: str, kinds: str) -> None:
    assert "".join(kind[0].upper() for kind in parse_form(typed)) == kinds


@pytest.mark.parametrize(("typed", "rows"), [
    ("8", [[8]]), ("7-9", [[(7, 9)]]), ("8,6-7,8,6", [[8, (6, 7), 8, 6]]), ("8 - 10 / 6", [[(8, 10)], [6]]),
    ("8-6-8-6", [[8, 6, 8, 6]]), ("8-6", [[8, 6]]), ("7 to 9", [[(7, 9)]]), ("7–9", [[(7, 9)]]), ("7-7", [[7]]),
])  # fmt: skip
def test_syllables_are_numbers_ranges_and_lists(typed: str, rows: list[list[int | tuple[int, int]]]) -> None:
    expected = [tuple(LineLength(*n) if isinstance(n, tuple) else LineLength(n, n) for n in row) for row in rows]
    assert list(parse_syllables(typed)) == expected


@pytest.mark.parametrize("typed", ["2-9", "9-20", "7-", "-", "7-x", "7-9-", "a-b", ""])
def test_what_is_no_range_is_refused_with_one_that_is(typed: str) -> None:
    if typed == "7-":
        assert parse_syllables(typed) == ((LineLength(7, 7),),)  # a dash at the end parts nothing
        return
    if typed == "7-9-":
        assert parse_syllables(typed) == ((LineLength(7, 9),),)
        return
    with pytest.raises(RequestError, match="a range such as 7-9"):
        parse_syllables(typed)


@given(RANGE, st.integers(0, 10**6), st.sampled_from(["AABB", "ABAB", "AABBA", "ABCB", "ABABCDCD"]))
def test_lines_lie_in_their_range_and_rhyming_ones_are_as_long(limits: list[int], seed: int, scheme: str) -> None:
    low, high = limits
    plan = make_plan(LyricRequest(theme="x", rhyme=scheme, syllables=f"{low}-{high}"), seed)
    for section in (section for section in plan.sections if section.lines):
        assert all(low <= line.syllables <= high for line in section.lines)
        assert len({(line.rhyme, line.syllables) for line in section.lines}) == len(
            {line.rhyme for line in section.lines}
        )


def test_a_range_is_used_from_end_to_end() -> None:
    plans = [make_plan(LyricRequest(theme="x", syllables="7-9"), seed) for seed in range(20)]
    assert {line.syllables for plan in plans for section in plan.sections for line in section.lines} == {7, 8, 9}


@pytest.mark.parametrize(("typed", "schemes", "inner"), [
    ("AABB internal", ("AABB",), (True,)), ("internal", ("",), (True,)), ("aabb internal/ABAB", ("AABB", "ABAB"), (True, False)),
    ("ABAB with inner rhymes", ("ABAB",), (True,)), ("ABAB", ("ABAB",), (False,)), ("free", ("X",), (False,)),
])  # fmt: skip
def test_inner_rhymes_are_asked_for_beside_a_scheme_or_alone(
    typed: str, schemes: tuple[str, ...], inner: tuple[bool, ...]
) -> None:
    assert parse_rhyme(typed) == schemes
    assert inner_rhymes(typed) == inner


def test_inner_rhymes_are_planned_for_the_parts_that_have_them() -> None:
    asked = {
        section.kind: section.lines
        for section in make_plan(LyricRequest(theme="x", form="VC", rhyme="internal/AABB"), 1).sections
    }
    usual = {section.kind: section.lines for section in make_plan(LyricRequest(theme="x", form="VC"), 1).sections}
    assert all(line.inner_rhyme for line in asked["verse"])
    assert not any(line.inner_rhyme for line in asked["chorus"])
    assert [line.rhyme for line in asked["verse"]] == [line.rhyme for line in usual["verse"]]


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("name", METRES)
def test_lines_of_a_metre_end_strong_unless_their_length_was_typed(style: str, name: str) -> None:
    metre = find_metre(name)
    lengths = {
        line.syllables
        for section in make_plan(LyricRequest(theme="x", style=style, metre=name), 1).sections
        for line in section.lines
    }
    assert all(metre.ends_strong(n) for n in lengths)
    typed = make_plan(LyricRequest(theme="x", style=style, metre=name, syllables="7"), 1)
    assert {line.syllables for section in typed.sections for line in section.lines} == {7}


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("name", MOODS)
def test_a_mood_chooses_the_mode_and_the_half_of_the_tempos(style: str, name: str) -> None:
    mood = find_mood(name)
    for seed in range(5):
        plain = make_plan(SongRequest(theme="x", style=style), seed)
        plan = make_plan(SongRequest(theme="x", style=style, mood=name), seed)
        assert mood.mode in (None, Key.parse(plan.key_name).mode)
        assert {"slow": plan.tempo_qpm <= plain.tempo_qpm, "fast": plan.tempo_qpm >= plain.tempo_qpm}.get(
            mood.pace, True
        )
        assert plan.time_signature == plain.time_signature


def test_what_was_typed_counts_more_than_a_mood() -> None:
    plan = make_plan(SongRequest(theme="x", mood="sad", key="C major", tempo_qpm=110), 1)
    assert (plan.key_name, plan.tempo_qpm) == ("C major", 110)
    assert make_plan(SongRequest(theme="x", mood="sad", chords="C G C G"), 1).key_name == "C major"


@pytest.mark.parametrize("wrong", [{"title": "🎵"}, {"mood": "hungry"}, {"metre": "waltzing"}, {"person": "it"}])
def test_what_cannot_be_met_is_refused_before_any_model_runs(wrong: dict[str, str]) -> None:
    with pytest.raises(RequestError):
        make_plan(LyricRequest(theme="x", **wrong), 1)


def test_several_authors_are_parted_and_the_unknown_one_is_named(opened_tiny_models: SongModels) -> None:
    model = opened_tiny_models.lyrics
    first, second = model.authors[:2]
    for between in (", ", " and ", " & ", "/", ";"):
        assert model.find_authors(f"{first.lower()}{between}{second}") == (first, second)
    assert model.find_authors(first) == model.find_authors(f"{first}, {first}") == (first,)
    with pytest.raises(RequestError, match="'Nobody At All' is not among"):
        model.find_authors(f"{first}, Nobody At All")
    with pytest.raises(RequestError, match="1-6 artists, got 7"):
        model.find_authors(", ".join([first] * 7))


@pytest.mark.songs
def test_a_mood_changes_which_words_come() -> None:
    """Twenty songs each: those asked to be sad sound more of sorrow than those asked to be happy, and the other way round."""
    from tests.bench.bench_control import Bench

    bench = Bench(20)
    sad, happy = (find_mood(name).words for name in ("sad", "happy"))
    of_sad, of_happy = (
        [bench.write("the old house", seed, mood=mood, form="V", rhyme="AA", syllables="6") for seed in range(20)]
        for mood in ("sad", "happy")
    )

    def nearness(songs: list, words: tuple[str, ...]) -> float:
        return sum(bench.nearness(song, words) for song in songs) / len(songs)

    assert nearness(of_sad, sad) > nearness(of_happy, sad) + 0.05
    assert nearness(of_happy, happy) > nearness(of_sad, happy) + 0.05
