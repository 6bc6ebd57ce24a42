"""Choices obey masks and filters, follow the distribution, and are the same from the kernel and from numpy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.contract import Sampling
from engine.errors import RequestError
from engine.sampling import choose, choose_where_possible, choose_with_numpy

samplings = st.builds(
    Sampling,
    temperature=st.sampled_from([0.0, 0.5, 1.0, 1.7]),
    top_k=st.sampled_from([0, 1, 3, 40]),
    top_p=st.sampled_from([0.2, 0.9, 1.0]),
    min_p=st.sampled_from([0.0, 0.2]),
)
rows = st.tuples(st.integers(0, 2**32), st.integers(1, 150), samplings, st.floats(0, 1, exclude_max=True))


def _row(seed: int, size: int) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    rng = np.random.default_rng(seed)
    mask = rng.random(size) < rng.random()
    mask[rng.integers(size)] = True
    return (rng.standard_normal(size) * 3).astype(np.float32), mask


@given(rows)
@settings(max_examples=200, deadline=None)
def test_a_choice_is_allowed_and_not_among_what_the_filters_drop(drawn: tuple[int, int, Sampling, float]) -> None:
    seed, size, sampling, uniform = drawn
    logits, mask = _row(seed, size)
    ids, log_probabilities = choose(logits[None], [mask], [sampling], [uniform])
    chosen = int(ids[0])
    assert mask[chosen]
    heavier = int((logits[mask] > logits[chosen]).sum())
    assert sampling.temperature > 0 or heavier == 0
    assert sampling.top_k == 0 or heavier < sampling.top_k
    weights = np.exp((logits - logits[mask].max()).astype(float) / (sampling.temperature or 1.0))
    assert weights[chosen] >= sampling.min_p * 0.999
    assert weights[mask & (logits > logits[chosen])].sum() <= (sampling.top_p + 1e-4) * weights[mask].sum()
    expected = logits[chosen] - np.log(np.exp(logits.astype(float)).sum())
    assert log_probabilities[0] == pytest.approx(expected, abs=1e-4)


@given(rows)
@settings(max_examples=200, deadline=None)
def test_the_kernel_and_numpy_choose_alike(drawn: tuple[int, int, Sampling, float]) -> None:
    seed, size, sampling, uniform = drawn
    logits, mask = _row(seed, size)
    ids, log_probabilities = choose_where_possible(logits[None], [mask], [sampling], [uniform])
    twin, twin_probabilities = choose_with_numpy(logits[None], [mask], [sampling], [uniform])
    nudged = choose_with_numpy(logits[None], [mask], [sampling], [min(uniform + 1e-5, 1 - 1e-9)])[0]
    earlier = choose_with_numpy(logits[None], [mask], [sampling], [max(uniform - 1e-5, 0)])[0]
    assert ids[0] in (twin[0], nudged[0], earlier[0])  # float32 sums move the borders between ids by a millionth
    if ids[0] == twin[0]:
        np.testing.assert_allclose(log_probabilities, twin_probabilities, atol=1e-4)


def test_rows_do_not_see_each_other() -> None:
    logits = np.random.default_rng(0).standard_normal((5, 90)).astype(np.float32)
    several, uniforms = [Sampling(temperature=t / 2) for t in range(5)], [0.1, 0.3, 0.5, 0.7, 0.9]
    together = choose(logits, [None] * 5, several, uniforms)[0]
    alone = [choose(logits[b : b + 1], [None], several[b : b + 1], uniforms[b : b + 1])[0][0] for b in range(5)]
    assert together.tolist() == alone


@pytest.mark.parametrize("function", [choose, choose_with_numpy])
def test_frequencies_are_the_softmax(function: Any) -> None:
    logits = np.array([[0.0, 1.0, -1.0, 2.0]], np.float32)
    uniforms = (np.arange(2000) + 0.5) / 2000
    ids = [int(function(logits, [None], [Sampling(temperature=1.0, top_p=1.0)], [u])[0][0]) for u in uniforms]
    expected = np.exp(logits[0]) / np.exp(logits[0]).sum()
    np.testing.assert_allclose(np.bincount(ids, minlength=4) / 2000, expected, atol=1e-3)


def test_equal_logits_are_kept_together_and_greedy_takes_the_lowest() -> None:
    logits = np.zeros((1, 6), np.float32)
    assert choose(logits, [None], [Sampling(temperature=0)], [0.9])[0][0] == 0
    found = {int(choose(logits, [None], [Sampling(top_k=2, top_p=1.0)], [u])[0][0]) for u in np.linspace(0, 0.99, 50)}
    assert found == set(range(6))


def test_a_mask_that_allows_nothing_is_an_error_that_names_the_row() -> None:
    logits, mask = np.zeros((2, 4), np.float32), np.zeros(4, np.bool_)
    with pytest.raises(RequestError, match="sequence 1"):
        choose(logits, [None, mask], [Sampling()] * 2, [0.5, 0.5])
    for function in (choose_where_possible, choose_with_numpy):
        assert function(logits, [None, mask], [Sampling()] * 2, [0.5, 0.5])[0][1] == -1
