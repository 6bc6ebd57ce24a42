"""Promises of training causal models of transformers on plain songs, kept by tiny random ones of five architectures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
pytest.importorskip("peft")

from safetensors.numpy import load_file  # noqa: E402

from engine.checkpoint import open_checkpoint, write_checkpoint  # noqa: E402
from engine.errors import CheckpointError, RequestError  # noqa: E402
from engine.lyrics.text_models import open_text_model  # noqa: E402
from engine.training.run_log import read_rows  # noqa: E402
from engine.training.text_runs import train_text_model  # noqa: E402
from engine.training.text_training import TextTraining  # noqa: E402
from tests.tiny_hf_models import ARCHITECTURES  # noqa: E402

pytestmark = [
    pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning", "ignore::DeprecationWarning"),
    pytest.mark.usefixtures("undrawn"),
]


def silent(text: str) -> None:
    pass


def weights(checkpoint: Path) -> dict[str, np.ndarray[Any, Any]]:
    return load_file(checkpoint / "model.safetensors")


def curve(out: Path, name: str) -> list[tuple[int, float]]:
    return [(row["step"], row[name]) for row in read_rows(out / "run" / "log.jsonl") if name in row]


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_architecture_learns_and_its_checkpoint_opens_here_and_in_transformers(
    architecture: str, bases: dict[str, Path], training: TextTraining
) -> None:
    path = train_text_model(replace(training, base=str(bases[architecture])), silent)
    losses = [loss for _, loss in curve(training.out, "eval_loss")]
    assert losses[-1] < losses[0]
    model = open_text_model(path, threads=1)
    assert model.family == "hf-causal"
    assert model.bits(["<<A - B>>\nla la\n"])[0] > 0
    ids = model.tokenizer.encode("silver rain")
    tokenizer = transformers.AutoTokenizer.from_pretrained(path, local_files_only=True)
    assert tokenizer.encode("silver rain", add_special_tokens=False) == ids
    assert tokenizer.eos_token_id == model.tokenizer.end_id
    theirs = transformers.AutoModelForCausalLM.from_pretrained(path, local_files_only=True).eval()
    with torch.inference_mode():
        expected = theirs(torch.tensor([ids])).logits[0, -1].numpy()
    np.testing.assert_allclose(model.model.extend(model.model.new_memory(1), 0, ids), expected, atol=1e-4)


def test_the_card_says_where_a_model_comes_from(training: TextTraining) -> None:
    card = open_checkpoint(train_text_model(training, silent)).card
    best = min(curve(training.out, "eval_loss"), key=lambda point: point[1])
    assert (card["losses"]["at_step"], card["losses"]["valid"]) == best
    assert card["parent"]["name"] == training.base
    assert set(card["data"]) == {"train", "valid"}
    assert card["options"]["learning_rate"] == 3e-3
    assert card["losses"]["valid_bits_per_byte"] > 0


def test_a_run_leaves_a_log_a_picture_and_samples_of_its_steps(training: TextTraining) -> None:
    train_text_model(training, silent)
    run = training.out / "run"
    headers = [line for line in (run / "samples.txt").read_text().splitlines() if line.startswith("=== ")]
    assert headers == ["=== step 3 ===", "=== step 6 ==="]
    assert "<<Artist" in (run / "samples.txt").read_text()
    assert [step for step, _ in curve(training.out, "eval_loss")] == [2, 4, 6]


@pytest.mark.parametrize("architecture", ["gpt2", "llama"])
def test_frozen_tensors_are_bit_identical_after_training(
    architecture: str, bases: dict[str, Path], training: TextTraining
) -> None:
    told: list[str] = []
    asked = replace(training, base=str(bases[architecture]), freeze_layers=1, freeze_embeddings=True)
    before, after = weights(bases[architecture]), weights(train_text_model(asked, told.append))
    assert before.keys() == after.keys()
    for name in before:
        frozen = any(part in name for part in (".0.", "wte", "wpe", "embed"))
        assert np.array_equal(before[name], after[name]) == frozen, name
    is_tied = architecture == "gpt2"
    assert any("output head" in sentence for sentence in told) == is_tied


@pytest.mark.parametrize("architecture", ["gpt2", "qwen2"])
def test_lora_keeps_merged_weights_and_the_adapter_that_says_the_same(
    architecture: str, bases: dict[str, Path], training: TextTraining
) -> None:
    from peft import PeftModel

    path = train_text_model(replace(training, base=str(bases[architecture]), lora_rank=4, freeze_layers=1), silent)
    before, after = weights(bases[architecture]), weights(path)
    changed = {name for name in before if not np.array_equal(before[name], after[name])}
    assert changed
    assert all(
        ".1." in name and name.endswith(".weight") and "ln" not in name and "norm" not in name for name in changed
    )
    base = transformers.AutoModelForCausalLM.from_pretrained(bases[architecture], dtype=torch.float32)
    adapted = PeftModel.from_pretrained(base, path / "adapter").eval()
    merged = transformers.AutoModelForCausalLM.from_pretrained(path, dtype=torch.float32).eval()
    ids = torch.arange(20)[None]
    with torch.inference_mode():
        np.testing.assert_allclose(adapted(ids).logits.numpy(), merged(ids).logits.numpy(), atol=1e-5)


def test_the_same_seed_gives_the_same_weights_and_another_seed_others(training: TextTraining) -> None:
    first, second, other = (
        weights(train_text_model(replace(training, out=training.out / name, seed=seed), silent))
        for name, seed in (("a", 3), ("b", 3), ("c", 4))
    )
    assert all(np.array_equal(first[name], second[name]) for name in first)
    assert any(not np.array_equal(first[name], other[name]) for name in first)


@pytest.mark.parametrize("changes", [{"accumulate": 4}, {"gradient_checkpointing": True}])
def test_what_saves_memory_changes_nothing_else(
    changes: dict[str, Any], bases: dict[str, Path], training: TextTraining
) -> None:
    without_dropout = replace(training, base=str(bases["llama"]))
    plain = weights(train_text_model(replace(without_dropout, out=training.out / "plain"), silent))
    saving = weights(train_text_model(replace(without_dropout, out=training.out / "saving", **changes), silent))
    for name in plain:
        np.testing.assert_allclose(saving[name], plain[name], atol=2e-5, err_msg=name)


def test_half_precision_learns_too(training: TextTraining) -> None:
    for lora_rank in (0, 4):
        asked = replace(training, out=training.out / str(lora_rank), precision="bf16", lora_rank=lora_rank)
        train_text_model(asked, silent)
        losses = [loss for _, loss in curve(asked.out, "eval_loss")]
        assert losses[-1] < losses[0]


def test_it_stops_early_and_keeps_the_best(training: TextTraining) -> None:
    path = train_text_model(replace(training, steps=40, learning_rate=1.0, patience=2), silent)
    found = curve(training.out, "eval_loss")
    assert len(found) < 20
    assert open_checkpoint(path).card["losses"]["valid"] == min(loss for _, loss in found)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"base": None}, "needs --base"),
        ({"base": "./not/there"}, "no directory"),
        ({"row_tokens": 65}, "must be 8-64"),
        ({"freeze_layers": 3}, "must be 0-2"),
        ({"freeze_layers": 2, "lora_rank": 4}, "must be 0-1 with LoRA"),
        ({"precision": "fp16"}, "fp16 needs a GPU"),
        ({"accumulate": 3}, "cannot be cut into 3 parts"),
        ({"data": Path("nowhere")}, "corpus prepare"),
    ],
)
@pytest.mark.skipif(torch.cuda.is_available(), reason="fp16 is fine here")
def test_what_cannot_be_done_is_refused_in_one_sentence(
    changes: dict[str, Any], told: str, training: TextTraining
) -> None:
    with pytest.raises(RequestError, match=told):
        train_text_model(replace(training, **changes), silent)


def test_a_run_that_has_come_to_nothing_says_so_and_writes_no_checkpoint(training: TextTraining) -> None:
    with pytest.raises(RequestError, match="half the --learning-rate"):
        train_text_model(replace(training, learning_rate=1e20), silent)
    assert not (training.out / "checkpoint").exists()


def test_a_checkpoint_of_another_family_is_no_base(training: TextTraining, tmp_path: Path) -> None:
    tensors = {"counts": np.zeros(3, np.float32)}
    write_checkpoint(tmp_path / "m", tensors, {"model_type": "markov"}, None, {}, family="markov")
    with pytest.raises(CheckpointError, match="family markov"):
        train_text_model(replace(training, base=str(tmp_path / "m")), silent)


def test_a_checkpoint_goes_on_learning_as_a_base(training: TextTraining) -> None:
    first = train_text_model(replace(training, lora_rank=4), silent)
    second = train_text_model(replace(training, out=training.out / "more", base=str(first)), silent)
    assert open_checkpoint(second).card["parent"]["digest"] == open_checkpoint(first).digest


@pytest.mark.parametrize("is_offline", [True, False])
def test_without_network_a_hub_name_gives_a_sentence_that_names_the_way_out(
    is_offline: bool, training: TextTraining, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import huggingface_hub
    from huggingface_hub import constants
    from huggingface_hub.errors import LocalEntryNotFoundError

    asked: list[str] = []

    def unreachable(name: str, **_: Any) -> str:
        asked.append(name)
        raise LocalEntryNotFoundError("no network")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", unreachable)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", is_offline)
    with pytest.raises(
        RequestError, match=r"openai-community/gpt2 could not be fetched.*hf download.*--base DIRECTORY"
    ) as caught:
        train_text_model(replace(training, base="openai-community/gpt2"), silent)
    assert asked == ["openai-community/gpt2"]
    assert ("HF_HUB_OFFLINE" in str(caught.value)) == is_offline
