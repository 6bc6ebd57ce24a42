"""Relative attention by skewing equals the naive form; masks hide what they say."""

from __future__ import annotations

import pytest
import torch

from engine.music.attention import (
    drawn_window_mask,
    gathered_logits,
    joined_heads,
    seen_before,
    skewed_logits,
    weights_of,
    window_mask,
)
from tests.engine.music.tiny_networks import tiny_network


def _naive(query: torch.Tensor, table: torch.Tensor, keys: int) -> torch.Tensor:
    """Multiply every query with the vector of its distance to every key that it may see, one by one."""
    logits = torch.zeros(*query.shape[:3], keys)
    first = keys - query.shape[2]
    for q in range(query.shape[2]):
        for k in range(first + q + 1):
            vector = table[min(first + q - k, len(table) - 1)]  # (H, D)
            logits[:, :, q, k] = (query[:, :, q] * vector).sum(-1)
    return logits


@pytest.mark.parametrize(("queries", "keys", "distances"), [(7, 7, 7), (9, 9, 4), (3, 11, 5), (1, 6, 20), (1, 1, 1)])
def test_skewing_equals_the_naive_form(queries: int, keys: int, distances: int) -> None:
    torch.manual_seed(0)
    query, table = torch.randn(2, 3, queries, 8), torch.randn(distances, 3, 8)
    seen = seen_before(torch.arange(keys - queries, keys)[None], keys)
    naive = _naive(query, table, keys)
    skewed = skewed_logits(query, table, keys).masked_fill(~seen, 0)
    torch.testing.assert_close(skewed, naive, atol=1e-5, rtol=0)
    positions = torch.arange(keys - queries, keys).expand(2, -1)
    gathered = gathered_logits(query, table, keys, positions).masked_fill(~seen, 0)
    torch.testing.assert_close(gathered, naive, atol=1e-5, rtol=0)


def test_only_what_is_before_and_near_is_seen() -> None:
    seen = seen_before(torch.tensor([[2, 3]]), 4, farthest=1)[0, 0]
    assert seen.int().tolist() == [[0, 1, 1, 0], [0, 0, 1, 1]]


# Each line: what one of ten positions may see (1) with windows of two and offset 0.
SEEN_IN_WINDOWS_OF_TWO = """
    1000000000
    1000000000
    1100000000
    1100000000
    1111000000
    1111000000
    1111110000
    1111110000
    1111111100
    1111111100
"""


def test_windows_of_two_hide_themselves_and_what_follows() -> None:
    golden = [[int(number) for number in line] for line in SEEN_IN_WINDOWS_OF_TWO.split()]
    assert (~window_mask(10, 2, 0)).int().tolist() == golden


def test_a_window_of_one_with_offset_one_is_the_causal_mask() -> None:
    assert torch.equal(window_mask(10, 1, 1), torch.ones(10, 10).triu(1).bool())


@pytest.mark.parametrize("window", [1, 2, 3, 7, 10, 12])
def test_every_position_sees_something_and_nothing_later(window: int) -> None:
    hidden = window_mask(10, window, 0)
    assert (~hidden).any(dim=1).all()
    assert hidden[torch.ones(10, 10).triu(1).bool()].all()


def test_memory_is_always_seen() -> None:
    hidden = window_mask(6, 3, 0, memory=4)
    assert hidden.shape == (6, 10)
    assert not hidden[:, :4].any()
    assert torch.equal(hidden[:, 4:], window_mask(6, 3, 0))


def test_drawn_windows_are_as_wide_as_asked_and_as_often() -> None:
    torch.manual_seed(0)
    drawn = [drawn_window_mask(8, 3, 0.5) for _ in range(200)]
    kinds = [next(w for w in (1, 2, 3) if torch.equal(m, window_mask(8, w, 0))) for m in drawn if m is not None]
    assert set(kinds) == {1, 2, 3}
    assert 70 < len(kinds) < 130
    assert drawn_window_mask(8, 0, 1.0) is None


@pytest.mark.parametrize("family", ["music-transformer", "transformer-xl"])
def test_recorded_weights_are_those_that_a_layer_attends_with(family: str) -> None:
    network = tiny_network(family)
    layers = [block.attention for block in network.layers]
    heard: list[torch.Tensor] = []
    values: list[torch.Tensor] = []
    for layer in layers:
        layer.register_forward_pre_hook(lambda layer, inputs: values.append(layer.asked(*inputs)[2]))
        layer.register_forward_hook(lambda layer, inputs, output: heard.append(output))
    ids = torch.randint(0, 100, (2, 20), generator=torch.Generator().manual_seed(1))
    with torch.inference_mode(), weights_of(layers) as found:
        network(input_ids=ids)
    assert len(found) == 2
    for layer, weights, value, output in zip(layers, found, values, heard, strict=True):
        assert weights.sum(dim=-1).allclose(torch.ones(()))
        assert not weights.triu(1).any()
        assert layer.out(joined_heads(weights @ value)).allclose(output, atol=1e-5)
    with torch.inference_mode():
        network(input_ids=ids)
    assert len(found) == 2  # nothing is kept outside
