"""Promises of word associations."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.lyrics.associations import Associations

WORDS = ["rain", "storm", "sun", "café"]
VECTORS = np.array([[1, 0], [0.8, 0.6], [-1, 0], [0, 1]], np.float32)


def test_nearness_is_the_best_cosine_and_one_for_the_theme_itself() -> None:
    known = Associations(WORDS, VECTORS)
    assert known.nearness("rain", ["rain"]) == known.nearness("unseen", ["unseen"]) == 1.0
    assert known.nearness("storm", ["rain", "sun"]) == pytest.approx(0.8)
    assert known.nearness("sun", ["rain"]) == pytest.approx(-1.0)
    assert known.nearness("unseen", ["rain"]) == known.nearness("rain", ["unseen"]) == known.nearness("rain", []) == 0.0


def test_nearest_leaves_out_the_theme_and_unknown_words() -> None:
    known = Associations(WORDS, VECTORS)
    assert known.nearest(["rain"], 2) == ["storm", "café"]
    assert known.nearest(["unseen"], 3) == known.nearest([], 3) == []
    assert set(known.nearest(["rain", "sun"], 9)) == {"storm", "café"}


def test_saving_keeps_words_and_cosines(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((20, 48)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    words = [f"word{i}" for i in range(20)]
    known = Associations(words, vectors)
    known.save(tmp_path / "a.npz")
    opened = Associations.open(tmp_path / "a.npz")
    assert all(word in opened for word in words)
    assert "rain" not in opened
    for word in words:
        assert opened.nearness(word, ["word0", "word1"]) == pytest.approx(
            known.nearness(word, ["word0", "word1"]), abs=0.02
        )
