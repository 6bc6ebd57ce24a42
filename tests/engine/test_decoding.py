"""The loop: seeds decide, batches do not; masks hold; sequences join and leave; a session keeps what it chose."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.contract import Sampling
from engine.decoding import Sequence, Session, decode
from engine.errors import Cancelled, RequestError
from engine.llama import Llama, LlamaShape
from engine.sampling import Mask
from tests.engine.tiny_llama import random_weights, tiny_config

WARM = Sampling(temperature=1.2, top_p=1.0)
GREEDY = Sampling(temperature=0.0)


@pytest.fixture(scope="module")
def model() -> Llama:
    config = tiny_config(max_position_embeddings=80)
    return Llama.from_weights(LlamaShape.from_config(config), random_weights(config), precision="int8", threads=2)


class _Rising:
    """Allows ids above the last one by at most `reach`; finished at `end`."""

    def __init__(self, reach: int, end: int, size: int) -> None:
        self._last, self._reach, self._end, self._size = 0, reach, end, size

    def allowed(self) -> Mask:
        mask = np.zeros(self._size, np.bool_)
        mask[self._last + 1 : min(self._last + self._reach, self._end) + 1] = True
        return mask

    def accept(self, chosen: int) -> bool:
        self._last = chosen
        return chosen == self._end


@given(
    st.lists(st.tuples(st.integers(1, 20), st.integers(0, 2**31), st.integers(1, 15)), min_size=1, max_size=9),
    st.integers(1, 5),
)
@settings(max_examples=15, deadline=None)
def test_a_seed_gives_the_same_ids_whatever_is_beside_it(
    model: Llama, asked: list[tuple[int, int, int]], slots: int
) -> None:
    sequences = [Sequence([3] * length, WARM, seed, new) for length, seed, new in asked]
    together = decode(model, sequences, slots=slots)
    for sequence, candidate in zip(sequences, together, strict=True):
        (alone,) = decode(model, [sequence])
        assert candidate.ids == alone.ids
        assert len(alone.ids) == sequence.max_new_tokens
        np.testing.assert_allclose(candidate.log_probabilities, alone.log_probabilities, atol=1e-3)


@given(st.lists(st.tuples(st.integers(1, 8), st.integers(10, 60)), min_size=1, max_size=8), st.integers(0, 1000))
@settings(max_examples=20, deadline=None)
def test_a_mask_is_never_violated(model: Llama, rules: list[tuple[int, int]], seed: int) -> None:
    sequences = [
        Sequence([1, 2], WARM, seed + k, 70, _Rising(reach, end, model.vocab_size))
        for k, (reach, end) in enumerate(rules)
    ]
    for (reach, end), candidate in zip(rules, decode(model, sequences, slots=3), strict=True):
        steps = np.diff((0, *candidate.ids))
        assert steps.min() >= 1
        assert steps.max() <= reach
        assert candidate.finished
        assert candidate.ids[-1] == end


def test_greedy_is_the_argmax_of_the_full_forward(model: Llama) -> None:
    (candidate,) = decode(model, [Sequence([7, 8], GREEDY, 0, 12)])
    ids = [7, 8]
    for chosen in candidate.ids:
        logits = model.extend(model.new_memory(1), 0, ids)
        assert logits[chosen] >= logits.max() - 1e-3
        ids.append(chosen)


def test_log_probabilities_are_those_of_the_model(model: Llama) -> None:
    (candidate,) = decode(model, [Sequence([7], WARM, 5, 3)])
    logits = model.extend(model.new_memory(1), 0, [7, *candidate.ids[:2]]).astype(float)
    expected = logits[candidate.ids[2]] - np.log(np.exp(logits).sum())
    assert candidate.log_probabilities[2] == pytest.approx(expected, abs=1e-3)
    assert candidate.log_probability == pytest.approx(sum(candidate.log_probabilities))


def test_the_four_ways_to_end(model: Llama) -> None:
    (first,) = decode(model, [Sequence([4], GREEDY, 0, 1)])
    ends = decode(
        model,
        [
            Sequence([4], GREEDY, 0, 9, stop_ids={first.ids[0]}),
            Sequence([4], GREEDY, 0, 9),
            Sequence([4] * 75, GREEDY, 0, 50),
            Sequence([4], WARM, 0, 9, _Rising(2, 0, model.vocab_size)),
        ],
        slots=2,
    )
    assert [c.ending for c in ends] == ["finished", "length", "length", "stuck"]
    assert [len(c.ids) for c in ends] == [1, 9, 6, 0]  # 75 of 80 and the one that needs no room any more


def test_a_step_is_reported_and_a_cancelled_loop_stops(model: Llama) -> None:
    told: list[int] = []
    decode(model, [Sequence([4], WARM, s, 3) for s in range(4)], slots=2, report=told.append)
    assert told == sorted(told)
    assert told[-1] == 12
    told.clear()
    with pytest.raises(Cancelled):
        decode(model, [Sequence([4], WARM, 0, 50)], report=told.append, cancelled=lambda: len(told) >= 5)
    assert len(told) == 5


@pytest.mark.parametrize("prompt", [[], [1] * 81])
def test_a_prompt_that_does_not_fit_is_refused(model: Llama, prompt: list[int]) -> None:
    with pytest.raises(RequestError, match="1-80"):
        decode(model, [Sequence(prompt)])


def _expected(model: Llama, ids: tuple[int, ...]) -> np.ndarray:  # type: ignore[type-arg]  # logits
    return model.extend(model.new_memory(1), 0, ids)


@given(st.lists(st.sampled_from(["sample", "keep", "extend", "truncate"]), min_size=3, max_size=10), st.integers(0, 99))
@settings(max_examples=25, deadline=None)
def test_a_session_always_stands_where_its_ids_say(model: Llama, actions: list[str], seed: int) -> None:
    rng, session, candidates, ids = np.random.default_rng(seed), Session(model, slots=3), [], (5, 6)
    session.extend(ids)
    for action in actions:
        if action == "sample" and session.length:
            candidates = session.sample([None] * 3, WARM, rng.integers(0, 99, 3).tolist(), int(rng.integers(1, 6)))
        elif action == "keep" and candidates and session.length + 6 < 80:
            kept = candidates[int(rng.integers(3))]
            session.keep(kept)
            ids, candidates = ids + kept.ids, []
        elif action == "extend":
            session.extend([9, 9])
            ids, candidates = (*ids, 9, 9), []
        elif action == "truncate":
            length = int(rng.integers(1, len(ids) + 1))
            candidates = candidates if length == len(ids) else []
            session.truncate(length)
            ids = ids[:length]
        assert session.ids == ids
    np.testing.assert_allclose(session.logits(), _expected(model, ids), atol=2e-3)


def test_candidates_are_what_decode_gives_after_the_same_ids(model: Llama) -> None:
    session = Session(model, slots=4)
    session.extend([5, 6])
    first = session.sample([None] * 4, WARM, [1, 2, 3, 4], 5)
    session.keep(first[2])
    second = session.sample([None] * 2, WARM, [8, 9], 7)
    prompt = (5, 6, *first[2].ids)
    assert [c.ids for c in second] == [c.ids for c in decode(model, [Sequence(prompt, WARM, s, 7) for s in (8, 9)])]


def test_only_a_candidate_of_the_last_sample_can_be_kept(model: Llama) -> None:
    session = Session(model, slots=2)
    session.extend([5])
    old = session.sample([None], WARM, [1], 2)[0]
    session.sample([None], WARM, [2], 2)
    with pytest.raises(ValueError, match="last sample"):
        session.keep(old)


def test_what_a_session_cannot_do_is_said(model: Llama) -> None:
    session = Session(model, slots=2)
    with pytest.raises(RequestError):
        session.logits()
    with pytest.raises(RequestError, match="80"):
        session.extend([1] * 81)
    session.extend([1])
    with pytest.raises(RequestError, match="1-2"):
        session.sample([None] * 3, WARM, [1, 2, 3], 4)
