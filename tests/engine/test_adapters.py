"""Checkpoints of adapters: written, read, opened beside their base and shared with it, and errors that say what to do."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.adapters import Adapter, LowRank, base_digest, is_adapter, merged, read_adapter, write_adapter
from engine.batching import SharedModel, share
from engine.checkpoint import WEIGHTS, open_checkpoint, write_checkpoint
from engine.direct_model import DirectModel
from engine.errors import CheckpointError
from engine.families import CausalModel, adapted, open_model
from engine.song.models import (
    LyricModel,
    MelodyModel,
    open_adapted,
    open_melody_model,
    open_role,
    open_shared,
    open_with_base,
)
from tests.engine.random_adapters import logits, random_adapter
from tests.engine.tiny_llama import random_weights, tiny_config
from tests.tiny_adapters import write_tiny_adapter
from tests.tiny_models import TinyModels

TUNE = [5, 9, 2, 30, 11, 8, 3]


@pytest.fixture
def melody(tiny_models: TinyModels, tmp_path: Path) -> Path:
    """Return an adapter of the tiny melody model."""
    return write_tiny_adapter(tmp_path / "adapter", tiny_models.melody)


def test_an_adapter_says_whose_it_is_and_reads_as_it_was_written(tiny_models: TinyModels, tmp_path: Path) -> None:
    base, sizes = open_checkpoint(tiny_models.melody), (64, 48)
    name = "model.layers.0.mlp.down_proj.weight"
    part = LowRank(np.full((2, sizes[1]), 0.5, np.float32), np.full((sizes[0], 2), 0.25, np.float32))
    written = write_adapter(tmp_path / "one", {name: part}, base, {"role": "melody"}, scale=2.0)
    assert (written.family, written.config["base"], written.config["rank"]) == ("adapter", base.digest, 2)
    assert is_adapter(written.directory)
    assert base_digest(written.directory) == base.digest
    assert not is_adapter(tiny_models.melody)
    assert not is_adapter(tmp_path)
    read = read_adapter(written.directory, base.digest)
    assert read.digest == written.digest != base.digest
    np.testing.assert_array_equal(read.parts[name].b, part.b)
    np.testing.assert_array_equal(read.parts[name].a, part.a)
    assert {path.name for path in written.directory.iterdir()} == {"config.json", "manifest.json", WEIGHTS}


@pytest.mark.parametrize("opening", [open_model, open_melody_model, lambda path: open_with_base("melody", path, None)])
def test_an_adapter_without_its_base_says_which_it_needs(
    opening: Callable[[Path], Any], melody: Path, tiny_models: TinyModels
) -> None:
    with pytest.raises(
        CheckpointError, match=f"needs its base, the model {open_checkpoint(tiny_models.melody).digest}"
    ):
        opening(melody)


def test_an_adapter_of_another_base_is_refused(melody: Path, tiny_models: TinyModels, tmp_path: Path) -> None:
    from tests.tiny_models import write_tiny_melody_model

    other = open_melody_model(write_tiny_melody_model(tmp_path / "other", variety=1))
    with pytest.raises(
        CheckpointError, match=f"adapter of the model {base_digest(melody)} and does not fit {other.version}"
    ):
        open_adapted("melody", melody, other)
    with pytest.raises(CheckpointError, match="no adapter"):
        base_digest(tiny_models.melody)
    with pytest.raises(CheckpointError, match="models of music take none"):
        open_adapted("music", melody, other)


def test_a_damaged_adapter_is_refused(melody: Path, tiny_models: TinyModels) -> None:
    base = open_melody_model(tiny_models.melody)
    weights = bytearray((melody / WEIGHTS).read_bytes())
    weights[-1] ^= 1
    (melody / WEIGHTS).write_bytes(weights)
    for read in (lambda: base_digest(melody), lambda: open_adapted("melody", melody, base)):
        with pytest.raises(CheckpointError, match="damaged"):
            read()
    (melody / "manifest.json").write_text("{", encoding="utf-8")
    assert not is_adapter(melody)


A, B = np.ones((2, 48), np.float16), np.ones((48, 2), np.float16)
FIRST = "model.layers.0.self_attn.q_proj.weight"


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ({"model.layers.9.mlp.up_proj.weight.lora_A": A, "model.layers.9.mlp.up_proj.weight.lora_B": B}, "which its base has not"),
        ({"model.norm.weight.lora_A": A, "model.norm.weight.lora_B": B}, "which its base has not"),
        ({f"{FIRST}.lora_A": A[:, :-1], f"{FIRST}.lora_B": B}, r"matrix of \(48, 47\), and the base's is of \(48, 48\)"),
        ({f"{FIRST}.lora_A": A, f"{FIRST}.lora_B": B[:, :1]}, "no low-rank pair"),
        ({f"{FIRST}.lora_A": np.ones((65, 48), np.float16), f"{FIRST}.lora_B": np.ones((48, 65), np.float16)}, "rank 1-64"),
        ({f"{FIRST}.lora_A": A}, "without its pair"),
        ({FIRST: A}, "without its pair"),
        ({f"{FIRST}.lora_A": A * np.float16(np.inf), f"{FIRST}.lora_B": B}, "not finite"),
        ({}, "changes nothing"),
    ],
)  # fmt: skip
def test_tensors_that_do_not_fit_are_named(
    weights: dict[str, Any], message: str, tiny_models: TinyModels, tmp_path: Path
) -> None:
    base = open_melody_model(tiny_models.melody)
    config = {"base": base.version, "scale": 1.0, "vocab_size": base.model.vocab_size}
    made = write_checkpoint(tmp_path / "made", weights, config, None, {}, family="adapter")
    with pytest.raises(CheckpointError, match=message):
        open_adapted("melody", made.directory, base)


@pytest.mark.parametrize(
    "config", [{"base": "x"}, {"base": 7, "scale": 1.0}, {"scale": 1.0}, {"base": "x", "scale": "2"}]
)
def test_a_config_that_says_too_little_is_refused(config: dict[str, Any], tmp_path: Path) -> None:
    weights = {f"{FIRST}.lora_A": A, f"{FIRST}.lora_B": B}
    made = write_checkpoint(tmp_path / "made", weights, config, None, {}, family="adapter")
    with pytest.raises(CheckpointError, match=r"config\.json"):
        read_adapter(made.directory, "x")


# Models of songs


@pytest.mark.parametrize("role", ["lyrics", "melody"])
def test_a_model_of_a_role_shares_everything_with_its_base_but_version_and_weights(
    role: Any, tiny_models: TinyModels, tmp_path: Path
) -> None:
    base_path = getattr(tiny_models, role)
    path = write_tiny_adapter(tmp_path / "adapter", base_path)
    base = open_role(role, base_path)
    opened = open_adapted(role, path, base)
    assert opened.version == open_checkpoint(path).digest
    assert type(opened) is type(base)
    assert not np.array_equal(
        opened.model.extend(opened.model.new_memory(1), 0, TUNE), base.model.extend(base.model.new_memory(1), 0, TUNE)
    )
    if isinstance(opened, LyricModel):
        assert isinstance(base, LyricModel)
        assert opened.tokenizer is base.tokenizer
        assert opened.associations is base.associations
        assert opened._lexicons is base._lexicons
        assert opened.memory is base.memory
    both = open_with_base(role, path, base_path)
    assert isinstance(both, LyricModel | MelodyModel)
    memory = both.model.new_memory(1)
    assert np.array_equal(both.model.extend(memory, 0, TUNE), opened.model.extend(opened.model.new_memory(1), 0, TUNE))
    assert open_with_base(role, base_path, None).version == base.version  # type: ignore[union-attr]  # of a decoding model


def test_an_adapter_on_a_shared_model_is_shared_and_lends_of_the_same_slots(
    melody: Path, tiny_models: TinyModels
) -> None:
    base = open_shared("melody", tiny_models.melody)
    assert isinstance(base, MelodyModel)
    opened = open_adapted("melody", melody, base)
    assert isinstance(base.model, DirectModel)
    assert isinstance(opened.model, DirectModel)
    assert opened.model.pool is base.model.pool
    memory = opened.model.new_memory(3)
    assert base.model.statistics().slots_used == 3
    opened.model.extend(memory, 0, TUNE)
    assert (opened.model.statistics().tokens, base.model.statistics().tokens) == (len(TUNE), 0)
    memory.close()
    assert base.model.statistics().slots_used == 0
    alone = open_with_base("melody", melody, tiny_models.melody)
    assert isinstance(alone, MelodyModel)
    shared = open_adapted("melody", melody, open_melody_model(tiny_models.melody), share=share)
    assert isinstance(shared.model, DirectModel)
    expected = alone.model.extend(alone.model.new_memory(1), 0, TUNE)
    assert np.array_equal(shared.model.extend(shared.model.new_memory(1), 0, TUNE), expected)


# Models of transformers


def _torch_model(folder: Path) -> tuple[CausalModel, Adapter, CausalModel]:
    """Return a base behind torch, an adapter of it, and a model with merged weights."""
    weights, adapter = (
        random_weights(tiny_config()),
        random_adapter(tiny_config(), 4, lambda name: "k_proj" not in name),
    )
    write_checkpoint(folder / "base", weights, tiny_config(), None, {})
    write_checkpoint(folder / "merged", merged(weights, adapter), tiny_config(), None, {})
    base, whole = (open_model(folder / name, threads=1, family="hf-causal") for name in ("base", "merged"))
    return base, adapter, whole


def test_a_model_of_transformers_shares_its_tensors_with_its_adapters(tmp_path: Path) -> None:
    base, adapter, whole = _torch_model(tmp_path)
    before, twin = logits(base), adapted(base, adapter)
    np.testing.assert_allclose(logits(twin), logits(whole), atol=1e-4)
    assert np.array_equal(logits(base), before)
    model: Any = base
    tensors = {tensor.data_ptr() for tensor in model._model.parameters()}
    other: Any = twin
    assert {tensor.data_ptr() for tensor in other._model.parameters()} == tensors
    assert len(list(other._model.parameters())) == len(list(model._model.parameters()))


@pytest.mark.parametrize("architecture", ["gpt2", "qwen2", "gpt_neo"])
def test_other_architectures_take_adapters_that_equal_merged_weights(architecture: str) -> None:
    import torch
    from transformers import AutoModelForCausalLM

    from engine.torch_adapters import linear_sizes, merge, with_adapter
    from tests.tiny_hf_models import tiny_config as hf_config

    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(hf_config(architecture, 70, 1), dtype=torch.float32).eval()
    rng = np.random.default_rng(0)
    sizes = {name: size for name, size in linear_sizes(model).items() if "lm_head" not in name}
    assert len(sizes) >= 8
    parts = {
        name: LowRank(*((rng.standard_normal(s) * 0.2).astype(np.float32) for s in ((3, width), (rows, 3))))
        for name, (rows, width) in sizes.items()
    }
    adapter = Adapter(Path("tiny"), "a", "b", 70, parts)
    ids = torch.arange(12)[None]
    with torch.inference_mode():
        before = model(input_ids=ids).logits
        found = with_adapter(model, adapter)(input_ids=ids).logits
        assert torch.equal(model(input_ids=ids).logits, before)
    merge(model, adapter)
    with torch.inference_mode():
        expected = model(input_ids=ids).logits
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-4)
    assert (expected - before).abs().max() > 1e-3
    with pytest.raises(CheckpointError, match="which its base has not"):
        with_adapter(model, Adapter(Path("tiny"), "a", "b", 70, {"transformer.wte.weight": next(iter(parts.values()))}))


def test_steps_of_an_adapter_and_its_base_go_through_one_thread_each_with_its_own_weights(tmp_path: Path) -> None:
    base, adapter, _ = _torch_model(tmp_path)
    plain, changed = logits(base), logits(adapted(base, adapter))
    shared = SharedModel(base, slots=16)
    twin = shared.adapted(adapter)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda number: logits(twin if number % 2 else shared), range(8)))  # type: ignore[arg-type]  # models
    for number, each in enumerate(found):
        np.testing.assert_allclose(each, changed if number % 2 else plain, atol=1e-4)
    assert shared.statistics().slots == 16
    assert twin.statistics().slots == 0
    twin.close()  # ends nothing of its base
    assert np.allclose(logits(shared), plain, atol=1e-4)
    shared.close()


def test_a_model_that_takes_no_adapters_says_so(melody: Path) -> None:
    class Fixed:
        vocab_size = context_length = 4

    adapter = read_adapter(melody, base_digest(melody))
    with pytest.raises(CheckpointError, match="models of its base's family take none"):
        adapted(Fixed(), adapter)  # type: ignore[arg-type]  # a model of another kind


def test_a_copy_that_was_renamed_is_the_same_adapter(melody: Path, tiny_models: TinyModels, tmp_path: Path) -> None:
    shutil.copytree(melody, tmp_path / "renamed")
    manifest = json.loads((tmp_path / "renamed" / "manifest.json").read_text(encoding="utf-8"))
    base = open_checkpoint(tiny_models.melody).digest
    assert read_adapter(tmp_path / "renamed", base).digest == read_adapter(melody, base).digest == manifest["digest"]
