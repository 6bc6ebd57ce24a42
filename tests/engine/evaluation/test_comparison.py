"""Promises of comparisons: nothing differs from itself, intervals hold what they say, classifiers tell what can be told."""

from __future__ import annotations

import random

import numpy as np
import pytest

from engine.evaluation.comparison import Compared, compare_songs, compare_values
from engine.evaluation.control_accuracy import (
    PIECE_WORDS,
    RealPieces,
    by_author,
    by_kind,
    control_accuracy,
    pieces_of,
)
from engine.evaluation.figures_picture import figures_png, forest_png
from engine.evaluation.ngram_classifier import NgramClassifier, mean_recall
from engine.evaluation.word_figures import BITS, Reference, Values
from engine.evaluation.word_songs import WrittenSong

WORDS = "rain sun moon star sky sea hill road house home tree leaf bird song day night door wind snow fire".split()
PNG = b"\x89PNG\r\n\x1a\n"


def song_of(seed: int, words: list[str], part: str = "plain", request: dict[str, object] | None = None) -> WrittenSong:
    chosen = random.Random(seed).choices(words, k=72)
    lines = [" ".join(chosen[start : start + 6]) for start in range(0, 72, 6)]
    text = "<<Unknown - Rain>>\n[Verse 1]\n" + "\n".join(lines) + "\n"
    return WrittenSong(part, request or {"title": "Rain", "artist": "", "seed": seed}, text)  # type: ignore[arg-type]  # a part


def songs_of(count: int, words: list[str], first: int = 0) -> list[WrittenSong]:
    return [song_of(first + seed, words) for seed in range(count)]


@pytest.fixture(scope="module")
def reference() -> Reference:
    return Reference.of(None)


# --- comparisons


@pytest.mark.parametrize("other_first", [0, 1000])
def test_nothing_differs_from_itself(other_first: int, reference: Reference) -> None:
    mine = songs_of(20, WORDS)
    others = [WrittenSong(s.part, s.request | {"seed": other_first + i}, s.text) for i, s in enumerate(mine)]
    found, is_paired = compare_songs(mine, others, reference)
    assert is_paired == (other_first == 0)
    assert {one.verdict for one in found} == {"no difference"}
    assert all(one.difference == 0 for one in found)


def test_a_comparison_the_other_way_round_is_the_same_with_another_sign(reference: Reference) -> None:
    mine, others = songs_of(20, WORDS[:6]), songs_of(20, WORDS)
    there, back = compare_songs(mine, others, reference)[0], compare_songs(others, mine, reference)[0]
    for one, other in zip(there, back, strict=True):
        assert one.difference == -other.difference
        assert one.interval == pytest.approx((-other.interval[1], -other.interval[0]))
    assert next(one for one in there if one.name == "distinct-1").verdict == "lower"
    assert next(one for one in back if one.name == "distinct-1").verdict == "higher"


def test_pairs_are_found_whatever_their_order(reference: Reference) -> None:
    mine = songs_of(12, WORDS)
    found, is_paired = compare_songs(mine, mine[::-1], reference)
    assert is_paired
    assert all(one.interval == (0, 0) for one in found if "over" not in one.name)


@pytest.mark.parametrize(
    ("good", "difference", "verdict"),
    [("higher", 1, "better"), ("higher", -1, "worse"), ("lower", 1, "worse"), ("lower", -1, "better"),
     ("as people", 1, "higher"), ("as people", -1, "lower")],
)  # fmt: skip
def test_the_verdict_follows_the_good_direction(good: str, difference: int, verdict: str) -> None:
    interval = (difference - 0.5, difference + 0.5)
    assert Compared("x", 0, (0, 0), 0, (0, 0), difference, interval, good).verdict == verdict  # type: ignore[arg-type]  # a direction
    assert Compared("x", 0, (0, 0), 0, (0, 0), difference, (-2, 2), good).verdict == "no difference"  # type: ignore[arg-type]  # a direction


def of_numbers(numbers: np.ndarray) -> dict[str, Values]:
    return {BITS: Values(numbers, np.ones(len(numbers)))}


def test_intervals_hold_a_known_mean_as_often_as_they_say() -> None:
    rng = np.random.default_rng(5)
    held = held_difference = 0
    runs = 200
    for _ in range(runs):
        mine, others = rng.normal(1.0, 2.0, 40), rng.normal(0.5, 1.0, 40)
        found = compare_values(of_numbers(mine), of_numbers(others), is_paired=False)[0]
        held += found.first_interval[0] <= 1.0 <= found.first_interval[1]
        held_difference += found.interval[0] <= 0.5 <= found.interval[1]
    assert 0.89 <= held / runs <= 0.99
    assert 0.89 <= held_difference / runs <= 0.99


def test_pairs_see_what_single_songs_hide() -> None:
    rng = np.random.default_rng(5)
    shared = rng.normal(0, 10, 50)
    mine, others = of_numbers(shared + 0.5), of_numbers(shared + rng.normal(0, 0.1, 50))
    assert compare_values(mine, others, is_paired=True)[0].verdict == "worse"  # more bits
    assert compare_values(mine, others, is_paired=False)[0].verdict == "no difference"


def test_a_figure_that_one_side_lacks_is_left_out() -> None:
    empty = {BITS: Values(np.zeros(3), np.zeros(3))}
    assert compare_values(of_numbers(np.ones(3)), empty, is_paired=True) == []
    assert compare_values(of_numbers(np.ones(3)), {}, is_paired=True) == []


# --- classifier


def texts_of(words: list[str], count: int, first: int = 0) -> list[str]:
    return [" ".join(random.Random(first + seed).choices(words, k=PIECE_WORDS)) for seed in range(count)]


def test_separable_texts_are_told_apart_and_shuffled_names_are_not() -> None:
    train = {"a": texts_of(WORDS[:10], 40), "b": texts_of(WORDS[10:], 40)}
    test = {"a": texts_of(WORDS[:10], 40, 500), "b": texts_of(WORDS[10:], 40, 500)}
    assert mean_recall(NgramClassifier.learn(train), test) == 1.0
    mixed = texts_of(WORDS, 80)
    shuffled = NgramClassifier.learn({"a": mixed[:40], "b": mixed[40:]})
    unseen = texts_of(WORDS, 400, 9000)
    assert 0.4 <= mean_recall(shuffled, {"a": unseen[:200], "b": unseen[200:]}) <= 0.6


def test_a_large_class_does_not_draw_all_to_itself() -> None:
    train = {"rare": texts_of(WORDS[:10], 20), "often": texts_of(WORDS[10:], 400)}
    assert mean_recall(NgramClassifier.learn(train), {"rare": texts_of(WORDS[:10], 20, 700)}) == 1.0


def real_pieces() -> RealPieces:
    real = RealPieces()
    for name, words in (("hymn", WORDS[:7]), ("song", WORDS[7:14]), ("ballad", WORDS[14:])):
        real.add(name, "train", texts_of(words, 30))
        real.add(name, "test", texts_of(words, 10, 300))
    return real


def made_as(name: str, words: list[str]) -> list[WrittenSong]:
    return [song_of(seed, words, "varied", {"theme": "rain", "style": name}) for seed in range(6)]


def test_songs_like_what_was_asked_for_have_the_full_ratio() -> None:
    made = by_kind(made_as("hymn", WORDS[:7]) + made_as("pop", WORDS[7:14]) + made_as("ballad", WORDS[14:]))
    found = control_accuracy(real_pieces(), made)
    assert found is not None
    assert set(found.classes) == {"hymn", "song", "ballad"}
    assert (found.on_real, found.on_made, found.ratio) == (1.0, 1.0, 1.0)


def test_songs_that_are_all_alike_have_the_accuracy_of_a_guess() -> None:
    made = by_kind(made_as("hymn", WORDS[:7]) + made_as("pop", WORDS[:7]) + made_as("ballad", WORDS[:7]))
    found = control_accuracy(real_pieces(), made)
    assert found is not None
    assert found.on_made == pytest.approx(1 / 3)


def test_with_one_class_there_is_nothing_to_tell_apart() -> None:
    assert control_accuracy(real_pieces(), by_kind(made_as("hymn", WORDS[:7]))) is None
    assert control_accuracy(real_pieces(), by_author(made_as("hymn", WORDS[:7]))) is None


def test_pieces_are_all_of_one_length_and_few_of_a_long_text() -> None:
    pieces = pieces_of([str(i) for i in range(PIECE_WORDS * 31 + 5)])
    assert {len(piece.split()) for piece in pieces} == {PIECE_WORDS}
    assert 4 <= len(pieces) <= 6
    assert pieces_of(["rain"] * (PIECE_WORDS - 1)) == []


# --- pictures


def test_pictures_are_drawn_the_same_every_time(reference: Reference) -> None:
    mine, others = songs_of(10, WORDS[:6]), songs_of(10, WORDS)
    found, is_paired = compare_songs(mine, others, reference)
    forest = forest_png("one", "other", found, is_paired=is_paired)
    assert forest.startswith(PNG)
    assert forest == forest_png("one", "other", found, is_paired=is_paired)
    assert figures_png("one", {"distinct-1": 0.5, "length accuracy": 1.0}, {"distinct-1": 0.6}).startswith(PNG)
