"""Promises of what tells neighbours that go together from others, and of the writers that take heed of it."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Sequence
from dataclasses import replace
from itertools import pairwise
from math import exp
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.contract import LyricRequest, RewriteRequest, Sampling
from engine.corpus.pairs import pairs_of_texts
from engine.lyrics.associations import Associations
from engine.lyrics.draft import Draft
from engine.lyrics.lexicon import Entry, Word, make_word
from engine.lyrics.prompt import ControlPrompt
from engine.lyrics.pronunciation import pronounce
from engine.lyrics.scoring import UNSEEN_PAIR, score_line
from engine.lyrics.text import parse_lyrics
from engine.lyrics.word_pairs import JUDGED_FROM, PAIRS_FILE, WordPairs
from engine.lyrics.writer import LyricWriter, WantedSection
from engine.song.models import LyricModel, SongModels, open_lyric_model
from tests.engine.song.whole_songs import make, source_of

KNOWN = "the silver rain falls on the sea and the sea is still"
PAIRS = pairs_of_texts([[KNOWN] * 50])
COMMON = 100


def words_in(text: str, uses: int = COMMON) -> list[Word]:
    return [make_word(Entry(word, uses, pronounce(word)), (i,)) for i, word in enumerate(text.split())]


def test_a_line_of_known_pairs_is_not_odd_at_all() -> None:
    assert PAIRS.oddness(words_in(KNOWN)) == 0
    assert PAIRS.oddness(words_in("Sea IS still")) == 0


@pytest.mark.parametrize("text", ["", "rain"])
def test_fewer_words_than_two_have_no_pair(text: str) -> None:
    assert PAIRS.oddness(words_in(text)) == 0


@given(st.integers(1, 400), st.integers(1, 400))
def test_an_unknown_pair_counts_with_the_chance_that_it_would_have_come_about(first: int, second: int) -> None:
    (still,), (rain,) = words_in("still", first), words_in("rain", second)
    by_chance = first * second / PAIRS.words
    wanted = 1 - exp(-by_chance) if by_chance >= JUDGED_FROM else 0
    assert PAIRS.oddness([still, rain]) == pytest.approx(wanted)
    assert PAIRS.oddness([still, rain, *words_in("falls on the sea")]) == pytest.approx(wanted)


def test_each_unknown_pair_counts() -> None:
    one, two = PAIRS.oddness(words_in("still rain falls")), PAIRS.oddness(words_in("still rain sea"))
    assert 0 < one < two <= 2


def test_a_word_that_the_training_texts_do_not_know_is_not_judged() -> None:
    smartphone = words_in("smartphone", 0)
    assert PAIRS.oddness([*words_in("the"), *smartphone, *words_in("falls")]) == 0


def test_pairs_with_a_word_that_is_spared_are_not_judged_and_others_are() -> None:
    line = words_in("sea Still rain falls still")
    assert PAIRS.oddness(line, {"still"}) == 0
    assert 0 < PAIRS.oddness(line, {"sea"}) == pytest.approx(PAIRS.oddness(line[1:]))


def test_the_score_of_a_line_falls_by_the_price_and_by_nothing_without_pairs() -> None:
    draft, associations = Draft(frozenset({"moon"}), [[]]), Associations(["rain"], np.ones((1, 2), np.float32))
    for text in ("Still rain falls.", "The rain falls.", "Still moon falls."):
        words = words_in(text.strip(".").lower())
        plain, priced = (
            score_line(words, text, draft, associations, like=None, is_last=True, is_chorus=False, pairs=pairs)
            for pairs in (None, PAIRS)
        )
        assert plain - priced == pytest.approx(UNSEEN_PAIR * PAIRS.oddness(words, {"moon"}))


class OnlyEven(WordPairs):
    """Takes every pair of neighbours for odd unless their letters are even in number: far from what a model prefers."""

    def oddness(self, line: Sequence[Word], spared: Collection[str] = ()) -> float:
        return 1000.0 * odd_pairs([word.text for word in line])


def odd_pairs(words: Sequence[str]) -> int:
    return sum((len(a) + len(b)) % 2 for a, b in pairwise(words))


def lines_of(text: str) -> list[str]:
    return [line for section in parse_lyrics(text).sections if section.label for line in section.lines]


def with_pairs(models: SongModels) -> SongModels:
    return replace(models, lyrics=replace(models.lyrics, pairs=OnlyEven(PAIRS.pairs, PAIRS.words)))


def test_a_writer_takes_the_candidate_whose_words_go_together(opened_tiny_models: SongModels) -> None:
    def oddness(model: LyricModel) -> int:
        writer = LyricWriter(
            model.model, model.tokenizer, model.lexicon(archaic=False), model.associations, pairs=model.pairs
        )
        wanted = [WantedSection("verse", ((8, "X"),) * 3)]
        (lines,) = writer.write(ControlPrompt(), wanted, seed=2, sampling=Sampling())
        return sum(odd_pairs([word.text for word in line.words]) for line in lines)

    assert oddness(with_pairs(opened_tiny_models).lyrics) < oddness(opened_tiny_models.lyrics)


def test_a_line_that_is_rewritten_is_chosen_by_its_pairs_too(opened_tiny_models: SongModels) -> None:
    song = make(LyricRequest(theme="rain", form="V", rhyme="AABB", syllables="9"), opened_tiny_models)

    def oddness(models: SongModels) -> int:
        lines = lines_of(make(RewriteRequest(source="a", line="2"), models, source_of(song)).lyrics_text)
        return odd_pairs(lines[1].strip(".,;!?").split())

    assert oddness(with_pairs(opened_tiny_models)) < oddness(opened_tiny_models)


def test_pairs_beside_the_weights_are_opened_with_them(
    tiny_models: Any, opened_tiny_models: SongModels, tmp_path: Path
) -> None:
    assert opened_tiny_models.lyrics.pairs is None
    shutil.copytree(tiny_models.lyrics, tmp_path / "lyrics")
    (tmp_path / "lyrics" / PAIRS_FILE).write_bytes(PAIRS.to_bytes())
    pairs = open_lyric_model(tmp_path / "lyrics").pairs
    assert pairs is not None
    assert pairs.oddness(words_in("still rain")) == PAIRS.oddness(words_in("still rain")) > 0
