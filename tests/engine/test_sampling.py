"""Choices obey masks and filters, follow the distribution, and are the same from the kernel and from numpy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from engine.contract import Sampling
from engine.errors import RequestError
from engine.sampling import choose, choose_where_possible, choose_with_numpy, gumbel_noise

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


@pytest.mark.parametrize("sampling", [Sampling(), Sampling(temperature=0), Sampling(gumbel=True)])
def test_what_the_model_holds_impossible_is_never_chosen(sampling: Sampling) -> None:
    logits = np.array([[0.0, -np.inf, -np.inf], [-np.inf, 1.0, -np.inf]], np.float32)
    mask, noises = np.array([False, True, True]), [gumbel_noise(sampling, np.random.default_rng(0), 3)] * 2
    for function in (choose_where_possible, choose_with_numpy):
        assert function(logits, [mask, None], [sampling] * 2, [0.5, 0.5], noises)[0].tolist() == [-1, 1]


GUMBEL = Sampling(temperature=0.8, top_p=1.0, gumbel=True)


def _probabilities(logits: np.ndarray[Any, Any], sampling: Sampling) -> np.ndarray[Any, Any]:
    """Return the law of a choice, worked out from the definitions of the filters."""
    weights = np.exp((logits - logits.max()) / sampling.temperature)
    order = np.argsort(-weights)
    kept = order[: sampling.top_k or None]
    sums = np.cumsum(weights[kept])
    kept = kept[: int((sums < sampling.top_p * sums[-1] - 1e-9).sum()) + 1]
    kept = kept[weights[kept] >= sampling.min_p]
    law = np.zeros(logits.size)
    law[kept] = weights[kept] / weights[kept].sum()
    return law


@pytest.mark.parametrize("function", [choose, choose_with_numpy])
@pytest.mark.parametrize(
    "filters", [{}, {"top_k": 5}, {"top_p": 0.8}, {"min_p": 0.15}, {"top_k": 7, "top_p": 0.9, "min_p": 0.05}]
)
def test_gumbel_max_has_the_law_of_the_filtered_softmax(function: Any, filters: dict[str, Any]) -> None:
    sampling = GUMBEL.model_copy(update=filters)
    rng, draws = np.random.default_rng(4), 4000
    logits = (rng.standard_normal(12) * 1.5).astype(np.float32)
    noises = [gumbel_noise(sampling, rng, 12) for _ in range(draws)]
    ids, _ = function(np.tile(logits, (draws, 1)), [None] * draws, [sampling] * draws, [0.0] * draws, noises)
    law, counts = _probabilities(logits.astype(float), sampling), np.bincount(ids, minlength=12)
    assert counts[law == 0].sum() == 0
    expected = law[law > 0] * draws
    chi_square = ((counts[law > 0] - expected) ** 2 / expected).sum()
    assert chi_square < 37.4  # the 0.0001 quantile for 11 degrees of freedom; smaller for fewer


@given(rows)
@settings(max_examples=200, deadline=None)
def test_the_kernel_and_numpy_draw_alike_by_gumbel_max(drawn: tuple[int, int, Sampling, float]) -> None:
    seed, size, sampling, _ = drawn
    sampling = sampling.model_copy(update={"gumbel": True})
    logits, mask = _row(seed, size)
    noise = gumbel_noise(sampling, np.random.default_rng(seed), size)
    ids, log_probabilities = choose_where_possible(logits[None], [mask], [sampling], [0.0], [noise])
    twin, twin_probabilities = choose_with_numpy(logits[None], [mask], [sampling], [0.0], [noise])
    assert mask[ids[0]]
    if ids[0] == twin[0]:
        np.testing.assert_allclose(log_probabilities, twin_probabilities, atol=1e-4)
        return
    assert noise is not None
    heights = logits / sampling.temperature + noise  # float32 may swap what all but ties, or lies on a filter's edge
    edges = [choose_with_numpy(logits[None], [mask], [s], [0.0], [noise])[0][0] for s in _nearly(sampling)]
    assert abs(heights[ids[0]] - heights[twin[0]]) < 1e-4 or ids[0] in edges


def _nearly(sampling: Sampling) -> list[Sampling]:
    return [
        sampling.model_copy(update={"top_p": sampling.top_p * (1 + by), "min_p": sampling.min_p * (1 - by)})
        for by in (-1e-4, 1e-4)
    ]


def test_gumbel_at_temperature_zero_is_the_argmax_and_draws_nothing() -> None:
    sampling, rng = Sampling(temperature=0, gumbel=True), np.random.default_rng(0)
    assert gumbel_noise(sampling, rng, 4) is None
    assert gumbel_noise(Sampling(), rng, 4) is None
    assert rng.random() == np.random.default_rng(0).random()
    logits = np.array([[0.0, 3.0, 1.0, 3.0]], np.float32)
    assert choose(logits, [None], [sampling], [0.9], [None])[0][0] == 1


def test_options_that_are_off_are_not_written_and_rows_from_before_can_be_read() -> None:
    before = '{"temperature":0.85,"top_k":0,"top_p":0.92,"min_p":0.0}'
    assert Sampling().model_dump_json() == before
    assert Sampling.model_validate_json(before) == Sampling()
    asked = Sampling(gumbel=True, repetition_penalty=1.2, no_repeat_ngram=3)
    assert Sampling.model_validate_json(asked.model_dump_json()) == asked
    with pytest.raises(ValidationError):
        Sampling.model_validate({"temperature": 1, "top_q": 0.5})
