"""Promises of bits per byte: a uniform model costs log2 of its vocabulary, windows and batches change nothing."""

from __future__ import annotations

import math
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from engine.corpus.lyric_corpus import tokenize  # noqa: E402
from engine.corpus.plain_texts import plain_text, plain_texts  # noqa: E402
from engine.corpus.prepare import Chunk  # noqa: E402
from engine.corpus.shards import Shard  # noqa: E402
from engine.evaluation.lyric_baselines import CLEANED, HeldOut, chain_rungs, measure_baselines  # noqa: E402
from engine.evaluation.lyric_likelihood import (  # noqa: E402
    ScoredText,
    bits_per_byte,
    chosen_texts,
    marked_texts,
    measure_lyric_model,
    unmarked_texts,
)
from engine.lyrics.prompt import reverse_line, special_tokens  # noqa: E402
from engine.lyrics.tokenizer import LyricTokenizer, train_tokenizer  # noqa: E402

LINES = (
    "the rain is on the sea,",
    "and nobody remembers me.",
    "a boat is waiting by the wall",
    "and it is mine after all",
)


class UniformModel:
    """Gives every id the same logit."""

    def __init__(self, vocab_size: int) -> None:
        self._vocab_size = vocab_size

    def __call__(self, input_ids: torch.Tensor) -> SimpleNamespace:
        return SimpleNamespace(logits=torch.zeros((*input_ids.shape, self._vocab_size)))


class RepeatingModel:
    """Bets on the id that it has just read."""

    def __call__(self, input_ids: torch.Tensor) -> SimpleNamespace:
        return SimpleNamespace(logits=3.0 * torch.nn.functional.one_hot(input_ids, 5).float())


def chunk(lines: tuple[str, ...], weight: float = 1.0) -> Chunk:
    marked = "".join(f"<s6><rA>{reverse_line(' ' + line)}\n" for line in lines)
    text = f"<bos><song><plain><late><title> The Sea<words><verse>{marked}<eos>"
    return Chunk(text, "song", "valid", sum(len(line) + 1 for line in lines), weight, 0.0)


@pytest.fixture(scope="module")
def tokenizer() -> LyricTokenizer:
    return train_tokenizer([" " + line for line in LINES] * 3, 460)


@pytest.fixture
def shard(tokenizer: LyricTokenizer) -> Shard:
    return tokenize([chunk(LINES[:2]), chunk(LINES[2:]), chunk(LINES, 0.0)], tokenizer)


def test_texts_read_as_they_were_written_and_have_their_bytes(shard: Shard, tokenizer: LyricTokenizer) -> None:
    texts = plain_texts(shard, tokenizer, [0, 1, 2])
    assert texts[2] == "".join(f"{line}\n" for line in LINES)
    assert [len(text.encode()) for text in texts] == shard.byte_counts.tolist()


def test_texts_that_are_never_shown_are_not_chosen(shard: Shard) -> None:
    assert chosen_texts(shard, 0).tolist() == [0, 1]
    assert len(chosen_texts(shard, 1)) == 1


@pytest.mark.parametrize("form", ["marked", "unmarked"])
def test_uniform_model_costs_log2_of_its_vocabulary(form: str, shard: Shard, tokenizer: LyricTokenizer) -> None:
    texts = marked_texts(shard, [0, 1]) if form == "marked" else unmarked_texts(shard, tokenizer, [0, 1])
    found = bits_per_byte(UniformModel(512), texts, shard.byte_counts[:2], context_length=256)
    learned = sum(int(text.learned.sum()) for text in texts)
    assert found.ids == learned
    assert found.bits == pytest.approx(9 * learned)
    assert found.bits_per_byte == pytest.approx(9 * learned / shard.byte_counts[:2].sum())


def test_both_forms_learn_the_same_ids(shard: Shard, tokenizer: LyricTokenizer) -> None:
    for marked, plain in zip(marked_texts(shard, [0, 1]), unmarked_texts(shard, tokenizer, [0, 1]), strict=True):
        assert marked.ids[marked.learned].tolist() == plain.ids[plain.learned].tolist()
        marks = {tokenizer.id_of(mark) for mark in special_tokens() if mark.startswith(("<s1", "<s6", "<rA", "<title"))}
        assert not marks & set(plain.ids.tolist())


def test_windows_and_batches_do_not_change_the_bits() -> None:
    rng = np.random.default_rng(0)
    texts = []
    for length in (3, 17, 40, 41):
        learned = rng.random(length) < 0.7
        learned[0] = False
        texts.append(ScoredText(rng.integers(0, 5, length), learned))
    whole = bits_per_byte(RepeatingModel(), texts, [100], context_length=64)
    cut = bits_per_byte(RepeatingModel(), texts, [100], context_length=8)
    apart = [bits_per_byte(RepeatingModel(), [text], [1], context_length=64).bits for text in texts]
    assert cut.bits == pytest.approx(whole.bits)
    assert cut.ids == whole.ids == sum(int(text.learned.sum()) for text in texts)
    assert sum(apart) == pytest.approx(whole.bits)


def test_no_bytes_give_no_figure() -> None:
    assert math.isnan(bits_per_byte(UniformModel(4), [], [], context_length=8).bits_per_byte)


def test_a_checkpoint_is_measured_in_both_forms(tmp_path: Path, shard: Shard, tokenizer: LyricTokenizer) -> None:
    from engine.checkpoint import quantise_weights, write_checkpoint
    from tests.engine.tiny_llama import random_weights, tiny_config

    config = tiny_config(vocab_size=tokenizer.vocab_size, max_position_embeddings=128)
    weights = random_weights(config, 1)
    write_checkpoint(tmp_path / "fp32", weights, config, None, {})
    write_checkpoint(tmp_path / "int8", quantise_weights(weights), config, None, {})
    exact, rounded = (measure_lyric_model(tmp_path / name, shard, tokenizer, texts=0) for name in ("fp32", "int8"))
    assert set(exact) == {"given the plan", "plain text"}
    for form, likelihood in exact.items():
        assert likelihood.bits_per_byte > 0
        assert rounded[form].bits_per_byte == pytest.approx(likelihood.bits_per_byte, rel=0.05)


def test_the_ladder_falls_on_held_out_text(tmp_path: Path, tokenizer: LyricTokenizer) -> None:
    (tmp_path / "tokenizer.json").write_text(tokenizer.to_json(), encoding="utf-8")
    for split, count in (("train", 40), ("valid", 2), ("test", 2)):
        tokenize([chunk(LINES)] * count, tokenizer).save(tmp_path / f"{split}.npz")
    rungs = [rung for rung in measure_baselines(tmp_path, texts=0) if rung.split == "valid"]
    figures = [rung.likelihood.bits_per_byte for rung in rungs]
    assert figures == sorted(figures, reverse=True)
    assert figures[0] > figures[1] > figures[2] > figures[-1]


def test_baselines_and_model_are_measured_on_the_same_bytes(shard: Shard, tokenizer: LyricTokenizer) -> None:
    texts = [plain_text(shard, tokenizer, 0)]
    rungs = chain_rungs(texts, [HeldOut("valid", texts)], alphabet=CLEANED)
    assert {rung.likelihood.byte_count for rung in rungs} == {int(shard.byte_counts[0])}
    assert rungs[0].likelihood.bits == pytest.approx(math.log2(71) * (len(texts[0]) + 1))
