"""Promises of models of transformers as writers of plain songs, kept by tiny random ones of five architectures."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from engine.contract import Sampling  # noqa: E402
from engine.decoding import Sequence, decode  # noqa: E402
from engine.errors import CheckpointError  # noqa: E402
from engine.families import open_model  # noqa: E402
from engine.lyrics.hf_causal import open_hf_causal  # noqa: E402
from engine.lyrics.text_models import TextModel, open_text_model  # noqa: E402
from engine.torch_causal import TorchCausal  # noqa: E402
from tests.tiny_hf_models import ARCHITECTURES, CONTEXT, END, tiny_songs, write_tiny_model  # noqa: E402


@pytest.fixture(scope="module", params=ARCHITECTURES)
def directory(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_model(tmp_path_factory.mktemp("models") / request.param, request.param)


@pytest.fixture(scope="module")
def model(directory: Path) -> Iterator[TextModel]:
    threads = torch.get_num_threads()
    yield open_text_model(directory, threads=1)
    torch.set_num_threads(threads)


def reference(directory: Path) -> Any:
    return transformers.AutoModelForCausalLM.from_pretrained(directory, dtype=torch.float32).eval()


def full_logits(directory: Path, ids: list[int]) -> np.ndarray[Any, Any]:
    with torch.inference_mode():
        logits: np.ndarray[Any, Any] = reference(directory)(torch.tensor([ids])).logits[0].numpy()
    return logits


def test_cached_steps_equal_the_full_forward_also_beside_longer_sequences(model: TextModel, directory: Path) -> None:
    rng = np.random.default_rng(0)
    long, short = (rng.integers(0, model.tokenizer.vocab_size, count).tolist() for count in (40, 25))
    memory = model.model.new_memory(2)
    model.model.extend(memory, 0, long[:30])
    model.model.extend(memory, 1, short[:15])
    for k in range(10):
        found = model.model.step(memory, np.array([0, 1]), np.array([long[30 + k], short[15 + k]]))
    np.testing.assert_allclose(found[0], full_logits(directory, long)[-1], atol=2e-4)
    np.testing.assert_allclose(found[1], full_logits(directory, short)[-1], atol=2e-4)


def test_the_same_seed_writes_the_same_text_whatever_is_written_beside_it(model: TextModel) -> None:
    prompt = tuple(model.tokenizer.encode("<<Ann - Rain>>\n"))

    def written(seeds: list[int]) -> list[str]:
        sequences = [Sequence(prompt=prompt, sampling=Sampling(), seed=seed, max_new_tokens=20) for seed in seeds]
        return [model.tokenizer.decode(candidate.ids) for candidate in decode(model.model, sequences)]

    together = written([5, 6, 7])
    assert together == [written([seed])[0] for seed in (5, 6, 7)]
    assert len(set(together)) == 3


def test_bits_are_the_summed_loss_of_all_below_the_heading(model: TextModel, directory: Path) -> None:
    song = tiny_songs(1)[0]
    text = song.heading() + "\n[Verse 1]\nsilver rain falls\n"
    ids = [*model.tokenizer.encode(text), model.tokenizer.end_id]
    given = len(model.tokenizer.encode(song.heading() + "\n"))
    assert ids[:given] == model.tokenizer.encode(song.heading() + "\n")
    assert len(ids) <= CONTEXT
    labels = torch.tensor([[-100] * given + ids[given:]])
    with torch.inference_mode():
        loss = float(reference(directory)(torch.tensor([ids]), labels=labels).loss)
    assert model.bits([text])[0] == pytest.approx(loss * (len(ids) - given) / math.log(2), rel=1e-4)


def test_bits_of_a_song_do_not_depend_on_others_and_add_up_over_windows(model: TextModel, directory: Path) -> None:
    texts = [song.text() for song in tiny_songs(5)]  # longer than the context
    assert model.bits(texts) == pytest.approx([model.bits([text])[0] for text in texts], rel=1e-4)
    ids = [*model.tokenizer.encode(texts[0]), model.tokenizer.end_id]
    assert len(ids) > CONTEXT
    counted, nats = len(model.tokenizer.encode(texts[0].partition("\n")[0] + "\n")), 0.0
    while counted < len(ids):
        start = max(0, counted - CONTEXT // 2)
        window = ids[start : start + CONTEXT]
        rows = torch.log_softmax(torch.tensor(full_logits(directory, window)), dim=-1)
        for place in range(counted - start, len(window)):
            nats -= float(rows[place - 1, window[place]])
        counted = start + len(window)
    assert model.bits(texts[:1])[0] == pytest.approx(nats / math.log(2), rel=1e-4)


@pytest.mark.parametrize("directory", ["gpt2"], indirect=True)
def test_a_mark_in_a_text_is_text(directory: Path) -> None:
    tokenizer = open_hf_causal(directory, threads=1).tokenizer
    assert tokenizer.end_id not in tokenizer.encode(f"a {END} b")
    assert tokenizer.decode(tokenizer.encode(f"a {END} b")) == f"a {END} b"
    assert tokenizer.decode([*tokenizer.encode("la\n"), tokenizer.end_id]) == "la\n"


@pytest.mark.parametrize("directory", ["gpt2"], indirect=True)
@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda d: (d / "tokenizer.json").unlink(), "tokenizer.json"),
        (lambda d: (d / "tokenizer.json").write_text("{"), "tokenizer.json"),
        (lambda d: (d / "model.safetensors").write_bytes(b"12345678"), "cannot open"),
        (lambda d: (d / "config.json").unlink(), "config.json"),
        (lambda d: (d / "config.json").write_text('{"model_type": "moon"}'), "cannot open"),
    ],
)
def test_a_spoilt_directory_is_refused_in_one_sentence(directory: Path, tmp_path: Path, spoil: Any, told: str) -> None:
    import shutil

    shutil.copytree(directory, tmp_path / "m")
    spoil(tmp_path / "m")
    with pytest.raises(CheckpointError, match=told) as caught:
        open_hf_causal(tmp_path / "m", threads=1)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("directory", ["gpt_neo"], indirect=True)
def test_local_attention_is_not_batched_where_that_would_change_it(directory: Path) -> None:
    assert isinstance(open_model(directory, threads=1), TorchCausal)
