"""Promises of token shards and the rows cut from them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.corpus.shards import RowDataset, Shard, pack, show_order

WORDS_ID, GIVEN = 3, np.array([3, 4])
TEXTS = st.lists(
    st.builds(lambda a, b: [*a, WORDS_ID, *b], st.lists(st.integers(4, 60), max_size=4), st.lists(st.integers(4, 60))),
    min_size=1, max_size=6,
)  # fmt: skip


def shard_of(texts: list[list[int]], weights: list[tuple[float, float]] | None = None) -> Shard:
    return pack(texts, weights or [(1.0, 1.0)] * len(texts), [len(text) for text in texts], GIVEN, WORDS_ID)


@given(TEXTS)
def test_texts_lie_end_to_end(texts: list[list[int]]) -> None:
    shard = shard_of(texts)
    assert len(shard) == len(texts)
    assert [shard.text_ids(i).tolist() for i in range(len(shard))] == texts
    assert shard.byte_counts.tolist() == [len(text) for text in texts]


@given(TEXTS)
def test_what_is_given_is_not_learned_and_all_else_is(texts: list[list[int]]) -> None:
    shard = shard_of(texts)
    expected = [
        i not in GIVEN and place > text.index(WORDS_ID) for text in texts for place, i in enumerate(text)
    ]  # fmt: skip
    assert shard.learned.tolist() == expected


def test_a_shard_comes_back_from_its_file(tmp_path: Path) -> None:
    shard = shard_of([[5, 3, 6], [3, 7, 8, 4]], [(1.0, 0.0), (0.5, 2.0)])
    shard.save(tmp_path / "train.npz")
    opened = Shard.open(tmp_path / "train.npz")
    for name, array in shard.__dict__.items():
        assert (getattr(opened, name) == array).all()
        assert getattr(opened, name).dtype == array.dtype


@settings(max_examples=5)
@given(st.integers(0, 1000))
def test_texts_are_shown_in_proportion_to_their_weights(seed: int) -> None:
    weights = np.array([0.0, 0.25, 0.5, 1.0, 3.0])
    order = show_order(weights, np.full(5, 10), 10 * 475 * 4, np.random.default_rng(seed))
    counts = np.bincount(order, minlength=5)
    assert counts[0] == 0
    assert counts[3] == counts[4] / 3 >= 395
    assert counts / counts[3] == pytest.approx(weights, abs=0.15)


def test_rows_hold_whole_texts_end_to_end_in_the_order_shown() -> None:
    texts = [[10 + n, WORDS_ID, *[20 + n] * 5] for n in range(6)]
    rows = RowDataset(shard_of(texts), rows=20, length=7, seed=1)
    assert len(rows) == 20
    shown = np.concatenate([rows[i]["input_ids"] for i in range(20)])
    assert sorted(shown[::7][:6].tolist()) == [10, 11, 12, 13, 14, 15]  # each once in the first pass
    assert all(shown[i : i + 7].tolist() == texts[shown[i] - 10] for i in range(0, 7 * 19, 7))


@given(TEXTS, st.integers(1, 9), st.integers(1, 30), st.integers(0, 99))
def test_labels_are_the_ids_where_learned_and_ignored_elsewhere(
    texts: list[list[int]], length: int, count: int, seed: int
) -> None:
    shard = shard_of(texts)
    rows = RowDataset(shard, rows=count, length=length, seed=seed)
    assert len(rows) == count
    whole = [tuple(zip(shard.text_ids(n).tolist(), shard.learned[shard.starts[n] : shard.starts[n + 1]].tolist(), strict=True))
             for n in range(len(shard))]  # fmt: skip
    pairs = {pair for text in whole for pair in text}
    for i in range(count):
        ids, labels = rows[i]["input_ids"], rows[i]["labels"]
        assert len(ids) == len(labels) == length
        for one, label in zip(ids.tolist(), labels.tolist(), strict=True):
            assert label in (one, -100)
            assert (one, label != -100) in pairs


def test_late_weights_rule_the_end_and_seeds_the_order() -> None:
    texts = [[10, WORDS_ID, 20], [11, WORDS_ID, 21]]
    shard = shard_of(texts, [(1.0, 0.0), (0.0, 1.0)])
    rows = RowDataset(shard, rows=30, length=3, seed=1, late_share=0.5)
    firsts = [int(rows[i]["input_ids"][0]) for i in range(30)]
    assert firsts == [10] * 15 + [11] * 15
    many = shard_of([[10 + n, WORDS_ID] for n in range(20)])
    order = [[int(i) for i in RowDataset(many, rows=10, length=2, seed=s)[0]["input_ids"]] for s in range(9)]
    assert len({tuple(row) for row in order}) > 1


def test_rows_are_as_many_as_asked_even_where_texts_are_seldom_shown() -> None:
    texts = [[10, WORDS_ID, 20, 21], [11, WORDS_ID, 22]]
    for seed in range(20):
        assert len(RowDataset(shard_of(texts, [(0.3, 0.0), (0.1, 0.0)]), rows=9, length=5, seed=seed)) == 9
