"""What was written before is held back exactly as asked, and what is beside a sequence changes nothing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.contract import Sampling
from engine.decoding import Sequence, Session, decode
from engine.llama import Llama, LlamaShape
from engine.repetition import held_back, ngram_ends
from engine.sampling import Mask
from tests.engine.tiny_llama import random_weights, tiny_config

WARM = Sampling(temperature=1.2, top_p=1.0)


@pytest.fixture(scope="module")
def model() -> Llama:
    config = tiny_config(max_position_embeddings=80)
    return Llama.from_weights(LlamaShape.from_config(config), random_weights(config), precision="int8", threads=1)


def ngrams(ids: list[int], n: int) -> list[tuple[int, ...]]:
    return [tuple(ids[i : i + n]) for i in range(len(ids) - n + 1)]


@given(st.lists(st.integers(0, 3), max_size=30), st.integers(1, 5))
def test_the_ends_of_ngrams_are_those_that_would_repeat_one(seen: list[int], n: int) -> None:
    repeating = {i for i in range(4) if ngrams([*seen, i], n)[-1:] and ngrams([*seen, i], n)[-1] in ngrams(seen, n)}
    assert ngram_ends(seen, n) == repeating


@given(st.integers(1, 4), st.integers(0, 1000), st.sampled_from([0.0, 1.5]))
@settings(max_examples=15)
def test_no_ngram_is_written_twice(model: Llama, n: int, seed: int, temperature: float) -> None:
    sampling = Sampling(temperature=temperature, top_p=1.0, no_repeat_ngram=n)
    prompt = [3, 4, 3]
    (found,) = decode(model, [Sequence(prompt, sampling, seed, 60)])
    written = ngrams(prompt + list(found.ids), n)[len(prompt) - n + 1 :]
    before = ngrams(prompt, n)
    assert len(written) == len(set(written))
    assert not set(written) & set(before)


def test_a_greedy_loop_is_left_only_when_asked(model: Llama) -> None:
    free, held = (
        decode(model, [Sequence([5], Sampling(temperature=0, no_repeat_ngram=n), 0, 70)])[0].ids for n in (0, 2)
    )
    assert len(set(ngrams(list(free), 2))) < len(free) - 1
    assert len(set(ngrams(list(held), 2))) == len(held) - 1


class _Only:
    """Allows a few ids at every step."""

    def __init__(self, ids: list[int], size: int) -> None:
        self._mask = np.zeros(size, np.bool_)
        self._mask[ids] = True

    def allowed(self) -> Mask:
        return self._mask

    def accept(self, chosen: int) -> bool:
        return False


def test_ngrams_give_way_where_nothing_else_may_come(model: Llama) -> None:
    sampling = Sampling(no_repeat_ngram=1)
    (found,) = decode(model, [Sequence([5], sampling, 0, 6, _Only([7, 8], model.vocab_size))])
    assert set(found.ids[:2]) == {7, 8}
    assert (len(found.ids), found.ending) == (6, "length")


@given(
    st.lists(st.integers(0, 19), max_size=12),
    st.floats(1, 2, width=32),
    st.integers(0, 10**6),
    st.sets(st.integers(0, 19)),
)
def test_the_penalty_is_that_of_ctrl_for_ids_seen_and_for_no_others(
    seen: list[int], penalty: float, seed: int, never: set[int]
) -> None:
    logits = np.random.default_rng(seed).standard_normal(20).astype(np.float32)
    found = held_back(logits, seen, Sampling(repetition_penalty=penalty), never=never)
    for i, (before, after) in enumerate(zip(logits, found, strict=True)):
        wanted = before if i in never or i not in seen else before / penalty if before > 0 else before * penalty
        assert after == pytest.approx(wanted, rel=1e-5)
        assert after <= before


def test_a_penalty_makes_a_text_less_repetitive(model: Llama) -> None:
    kinds = [
        len(set(decode(model, [Sequence([5], Sampling(temperature=0.3, repetition_penalty=p), 1, 70)])[0].ids))
        for p in (1.0, 2.0)
    ]
    assert kinds[0] < kinds[1]


def test_a_stop_id_is_never_held_back(model: Llama) -> None:
    sampling = Sampling(temperature=0, no_repeat_ngram=1, repetition_penalty=2.0)
    (free,) = decode(model, [Sequence([4], Sampling(temperature=0), 0, 1)])
    end = free.ids[0]
    (found,) = decode(model, [Sequence([end, 4], sampling, 0, 60, _Only([end, 9], model.vocab_size), {end})])
    assert found.finished
    assert len(found.ids) <= 2


options = st.builds(
    Sampling,
    temperature=st.sampled_from([0.0, 1.2]),
    top_k=st.sampled_from([0, 20]),
    gumbel=st.booleans(),
    repetition_penalty=st.sampled_from([1.0, 1.3]),
    no_repeat_ngram=st.sampled_from([0, 2]),
)


@given(st.lists(st.tuples(options, st.integers(0, 2**31)), min_size=2, max_size=6), st.integers(1, 4))
@settings(max_examples=15)
def test_a_seed_gives_the_same_ids_whatever_options_are_beside_it(
    model: Llama, asked: list[tuple[Sampling, int]], slots: int
) -> None:
    sequences = [Sequence([3, 9], sampling, seed, 12) for sampling, seed in asked]
    together = decode(model, sequences, slots=slots)
    assert [c.ids for c in together] == [decode(model, [s])[0].ids for s in sequences]


def test_a_session_counts_its_context_as_seen(model: Llama) -> None:
    sampling = WARM.model_copy(update={"no_repeat_ngram": 2, "repetition_penalty": 1.4, "gumbel": True})
    session = Session(model, slots=2)
    session.extend([5, 6, 5])
    kept = session.sample([None, None], sampling, [1, 2], 8)[1]
    session.keep(kept)
    (after,) = session.sample([None], sampling, [3], 8)
    prompt = [5, 6, 5, *kept.ids]
    assert after.ids == decode(model, [Sequence(prompt, sampling, 3, 8)])[0].ids
    bigrams = ngrams([*prompt, *after.ids], 2)
    assert len(bigrams) == len(set(bigrams))


def test_log_probabilities_are_the_models_own(model: Llama) -> None:
    sampling = Sampling(temperature=0.7, repetition_penalty=1.8, no_repeat_ngram=2, gumbel=True)
    (found,) = decode(model, [Sequence([7, 7], sampling, 5, 4)])
    logits = model.extend(model.new_memory(1), 0, [7, 7, *found.ids[:3]]).astype(float)
    expected = logits[found.ids[3]] - np.log(np.exp(logits).sum())
    assert found.log_probabilities[3] == pytest.approx(expected, abs=1e-3)
