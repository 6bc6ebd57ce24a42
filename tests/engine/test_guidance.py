"""Guidance: without strength it is the model itself, with it the law of the docstring; sequences stay apart."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace

import numpy as np
import pytest

from engine.contract import Sampling
from engine.decoding import Sequence as Written
from engine.decoding import Session, decode
from engine.device_memory import measured_slots
from engine.direct_model import DirectModel
from engine.guidance import GuidedModel
from engine.llama import Llama, LlamaShape
from tests.engine.tiny_llama import random_weights, tiny_config

PROMPT = [3, 5, 9, 11, 7]


def plainer(ids: Sequence[int]) -> list[int]:
    return [i for i in ids if i not in (5, 9)]


@pytest.fixture(scope="module")
def model() -> Llama:
    config = tiny_config()
    return Llama.from_weights(LlamaShape.from_config(config), random_weights(config, 4), precision="fp32", threads=1)


def log_softmax(logits: np.ndarray) -> np.ndarray:
    shifted = logits.astype(np.float64) - logits.max()
    return shifted - np.log(np.exp(shifted).sum())


def of_model(model: Llama, ids: Sequence[int]) -> np.ndarray:
    return log_softmax(model.extend(model.new_memory(1), 0, ids))


@pytest.mark.parametrize("strength", [0.0, 0.5, 2.0])
def test_the_logits_are_moved_away_from_the_plainer_ones(model: Llama, strength: float) -> None:
    guided = GuidedModel(model, plainer, strength)
    memory = guided.new_memory(3)
    after = [13, 17]
    found = [guided.extend(memory, 1, PROMPT)]
    found += [guided.step(memory, np.array([1]), np.array([one]))[0] for one in after]
    for number, logits in enumerate(found):
        told = of_model(model, PROMPT + after[:number])
        untold = of_model(model, plainer(PROMPT) + after[:number])
        np.testing.assert_allclose(log_softmax(logits), log_softmax(told + strength * (told - untold)), atol=2e-4)
    assert guided.length(memory, 1) == len(PROMPT) + 2


def test_a_copy_goes_on_alone_and_a_cut_forgets(model: Llama) -> None:
    guided = GuidedModel(model, plainer, 1.0)
    memory = guided.new_memory(2)
    guided.extend(memory, 0, [*PROMPT, 13])
    guided.fork(memory, 0, [1])
    first = guided.step(memory, np.array([0, 1]), np.array([17, 19]))
    guided.truncate(memory, 1, len(PROMPT) + 1)
    again = guided.step(memory, np.array([1]), np.array([17]))
    np.testing.assert_allclose(again[0], first[0], atol=1e-4)
    guided.truncate(memory, 0, 0)
    np.testing.assert_allclose(guided.extend(memory, 0, [*PROMPT, 13, 17]), first[0], atol=1e-3)


def test_without_strength_the_same_ids_are_written(model: Llama) -> None:
    asked = [Written(PROMPT, Sampling(temperature=1.0), seed=seed, max_new_tokens=12) for seed in range(4)]
    usual, guided = decode(model, asked), decode(GuidedModel(model, plainer, 0.0), asked, slots=2)
    assert [one.ids for one in guided] == [one.ids for one in usual]
    assert [one.ids for one in decode(GuidedModel(model, plainer, 3.0), asked)] != [one.ids for one in usual]


def test_the_least_that_a_shared_model_lends_is_enough_for_a_guided_song(model: Llama) -> None:
    least = measured_slots(SimpleNamespace(slot_bytes=2**60))
    with Session(GuidedModel(DirectModel(model, slots=least), plainer, 1.0), 32) as session:
        session.extend(PROMPT)
        assert len(session.sample([None] * 32, Sampling(), range(32), 2)) == 32


def test_a_session_keeps_what_it_has_written(model: Llama) -> None:
    guided = GuidedModel(model, plainer, 1.0)
    with Session(guided, 4) as session:
        session.extend(PROMPT)
        found = session.sample([None] * 4, Sampling(), range(4), 6)
        session.keep(found[2])
        session.extend([21])
        logits = session.logits()
    ids = [*PROMPT, *found[2].ids, 21]
    np.testing.assert_allclose(logits, guided.extend(guided.new_memory(1), 0, ids), atol=1e-3)
