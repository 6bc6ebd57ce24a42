"""Promises of the lyric metrics and of the search for lines learned by heart. Knows nothing of models."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.evaluation import lyric_metrics as metrics
from engine.evaluation.memorisation import TrainingText

WORDS = st.lists(st.sampled_from("abcd"), min_size=1, max_size=14)
TEXTS = st.lists(WORDS, min_size=2, max_size=6)

RIVER = ["The river runs below the town,", "and every boat is going down,", "la la la la la la la la la la la la"]
KITCHEN = ["We dance across the kitchen floor", "until the band can play no more."]


def test_length_accuracy_counts_lines_with_the_asked_syllables() -> None:
    assert metrics.length_accuracy([("the rain is on the sea", 6), ("the harbour", 4)]) == 0.5


def test_rhyme_accuracy_wants_equal_sounds_and_different_words() -> None:
    lines = ["I saw the light", "a bird took flight", "it was so bright", "the summer night", "the winter night"]
    assert metrics.rhyme_accuracy([(lines[:4], "ABAB")]) == 1.0
    assert metrics.rhyme_accuracy([(lines[3:], "AA"), (lines[:2], "AA")]) == 0.5
    assert metrics.rhyme_accuracy([(["over the sea", "under the moon"], "AA")]) == 0.0


def test_lines_without_a_rhyme_are_not_counted() -> None:
    assert math.isnan(metrics.rhyme_accuracy([(["over the sea", "under the moon"], "XX")]))


def test_structure_wants_the_same_sections_in_the_same_order() -> None:
    asked = ["Verse 1", "Chorus", "Verse 2"]
    assert metrics.structure_accuracy([(asked, asked), (asked, asked[::-1]), (asked, asked[:2]), (asked, asked)]) == 0.5


@pytest.mark.parametrize(
    ("one", "other"),
    [("rain", "raining"), ("rain", "rained"), ("dance", "dancing"), ("pony", "ponies"), ("run", "running"),
     ("city", "cities"), ("star", "stars"), ("kiss", "kisses"), ("harbour", "harbour's"), ("stop", "stopped")],
)  # fmt: skip
def test_forms_of_a_word_share_a_lemma(one: str, other: str) -> None:
    assert metrics.lemma(one) == metrics.lemma(other)


@pytest.mark.parametrize(
    ("one", "other"), [("bus", "bu"), ("sing", "s"), ("king", "k"), ("glass", "glas"), ("red", "r")]
)
def test_short_words_keep_what_only_looks_like_an_ending(one: str, other: str) -> None:
    assert metrics.lemma(one) != metrics.lemma(other)


def test_theme_is_hit_by_another_form_of_its_word() -> None:
    assert metrics.theme_hit([(["trains"], ["a train at night"]), (["boat"], ["no ship at all"]), ([], ["la"])]) == 0.5
    assert metrics.theme_overlap(["winter", "trains"], ["the train is late"]) == 0.5


@given(WORDS)
def test_distinct_is_one_only_without_repetition(words: list[str]) -> None:
    assert (metrics.distinct([words], 1) == 1.0) == (len(set(words)) == len(words))


@given(TEXTS)
def test_distinct_falls_when_texts_are_doubled(texts: list[list[str]]) -> None:
    assert metrics.distinct([*texts, *texts], 1) == pytest.approx(metrics.distinct(texts, 1) / 2)


@given(TEXTS)
def test_self_bleu_is_a_share_and_does_not_mind_order(texts: list[list[str]]) -> None:
    found = metrics.self_bleu_4(texts)
    assert 0 < found <= 1 + 1e-9
    assert metrics.self_bleu_4(texts[::-1]) == pytest.approx(found)


def test_self_bleu_of_copies_is_one_and_of_strangers_is_low() -> None:
    words = "the rain is on the sea".split()
    assert metrics.self_bleu_4([words, words, words]) == pytest.approx(1.0)
    assert metrics.self_bleu_4([words, "a dog has gone to find it".split()]) < 0.05
    assert math.isnan(metrics.self_bleu_4([words]))


def test_repetition_leaves_choruses_out() -> None:
    verse, chorus = ("a new day", "a new day,"), ("sing it", "sing it")
    assert metrics.repetition([[("Verse 1", verse), ("Chorus", chorus)]]) == 0.5
    assert metrics.repetition([[("Chorus", chorus), ("Verse 1", ("sing it!", "at last"))]]) == 0.5


def test_real_words_are_those_that_are_known() -> None:
    assert metrics.real_word_rate(["The dog's brzt is old-time"], {"the", "dog", "is", "old", "time"}) == 0.8


@pytest.mark.parametrize("share", [metrics.length_accuracy, metrics.rhyme_accuracy, metrics.structure_accuracy])
def test_nothing_to_count_is_not_a_number(share: object) -> None:
    assert math.isnan(share([]))  # type: ignore[operator]  # one of three functions


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(WORDS, max_size=3), max_size=4), st.lists(WORDS, max_size=3))
def test_longest_run_is_what_comparing_everything_finds(texts: list[list[list[str]]], lines: list[list[str]]) -> None:
    training = TrainingText.build([[" ".join(line) for line in text] for text in texts])
    wanted = [word for line in lines for word in line]
    flat = [[word for line in text for word in line] for text in texts]
    longest = max(
        (
            size
            for text in flat
            for size in range(1, len(wanted) + 1)
            for at in range(len(wanted) - size + 1)
            if any(text[i : i + size] == wanted[at : at + size] for i in range(len(text) - size + 1))
        ),
        default=0,
    )
    assert training.longest_run(" ".join(line) for line in lines)[0] == longest


def test_a_run_goes_over_line_ends_and_not_over_texts() -> None:
    training = TrainingText.build([RIVER, KITCHEN])
    assert training.longest_run(["Below the town and every", "boat, my friend"]) == (6, "below the town and every boat")
    assert training.longest_run(["la we dance across"])[0] == 3
    assert training.longest_run(["zebra xylophone"]) == (0, "")


def test_the_longest_of_many_equal_beginnings_is_found() -> None:
    training = TrainingText.build([[" ".join("abcdefghi") + f" x{n}"] for n in range(20)])
    assert training.longest_run([" ".join("abcdefghi") + " x17"])[0] == 10


def test_lines_by_heart_are_found_whatever_their_punctuation() -> None:
    training = TrainingText.build([RIVER, KITCHEN])
    assert training.has_line("and every boat is going down")
    assert not training.has_line("every boat is going down")
    assert training.verbatim_line_share(["And every boat is going down!", "something else"]) == 0.5
    assert training.verbatim_line_share(["And every boat is going down!"], fewest_words=7) == 0.0


def test_usual_words_are_used_three_times() -> None:
    assert TrainingText.build([RIVER, KITCHEN]).usual_words == {"the", "la"}


def test_a_saved_index_finds_the_same(tmp_path: Path) -> None:
    training = TrainingText.build([RIVER, KITCHEN])
    training.save(tmp_path / "index.npz")
    opened = TrainingText.open(tmp_path / "index.npz")
    lines = ["we dance across the kitchen", "and every boat is going down"]
    assert opened.longest_run(lines) == training.longest_run(lines) == (6, "and every boat is going down")
    assert opened.has_line(KITCHEN[0])
