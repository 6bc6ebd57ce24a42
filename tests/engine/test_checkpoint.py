"""A checkpoint is written whole, named by its digest, never changed, and refused when anything in it is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from engine.checkpoint import (
    Checkpoint,
    Weights,
    float_matrix,
    open_checkpoint,
    quantise_rows,
    quantise_weights,
    write_checkpoint,
)
from engine.errors import CheckpointError, OutputError
from tests.engine.tiny_llama import random_weights, tiny_config

WEIGHTS: Weights = {"a.weight": np.arange(6, dtype=np.float16).reshape(2, 3), "b": np.ones(2, np.float32)}


def _write(directory: Path) -> Checkpoint:
    return write_checkpoint(directory, WEIGHTS, {"vocab_size": 3}, b'{"model": 1}', {"licence": "CC0"})


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    _write(tmp_path / "model")
    checkpoint = open_checkpoint(tmp_path / "model")
    assert checkpoint.config == {"vocab_size": 3}
    assert checkpoint.card == {"licence": "CC0"}
    assert checkpoint.tokenizer_file is not None
    assert checkpoint.tokenizer_file.read_bytes() == b'{"model": 1}'
    for name, weight in checkpoint.read_weights().items():
        assert weight.dtype == WEIGHTS[name].dtype
        np.testing.assert_array_equal(weight, WEIGHTS[name])


def test_the_digest_names_the_content_and_not_the_place(tmp_path: Path) -> None:
    first, second = _write(tmp_path / "one"), _write(tmp_path / "two")
    other = write_checkpoint(tmp_path / "three", WEIGHTS | {"b": np.zeros(2, np.float32)}, {"vocab_size": 3}, None, {})
    assert first.digest == second.digest != other.digest
    assert other.tokenizer_file is None


def test_an_existing_directory_is_never_overwritten(tmp_path: Path) -> None:
    _write(tmp_path / "model")
    with pytest.raises(OutputError, match="never changed"):
        _write(tmp_path / "model")


def test_a_failed_write_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(TypeError):
        write_checkpoint(tmp_path / "model", WEIGHTS, {"not json": object()}, None, {})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "tokenizer.json"])
def test_a_changed_or_missing_file_is_found_and_named(tmp_path: Path, name: str) -> None:
    directory = _write(tmp_path / "model").directory
    content = (directory / name).read_bytes()
    (directory / name).write_bytes(content[:-1] + b"x")
    with pytest.raises(CheckpointError, match=name):
        open_checkpoint(directory)
    (directory / name).unlink()
    with pytest.raises(CheckpointError, match=name):
        open_checkpoint(directory)


def test_no_manifest_no_directory_and_a_foreign_manifest_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="no model directory"):
        open_checkpoint(tmp_path / "nothing")
    directory = _write(tmp_path / "model").directory
    manifest = json.loads((directory / "manifest.json").read_text())
    for changed in ({**manifest, "format": 99}, {**manifest, "surprise": 1}, {**manifest, "family": "other"}, [1]):
        (directory / "manifest.json").write_text(json.dumps(changed))
        with pytest.raises(CheckpointError, match=r"manifest\.json"):
            open_checkpoint(directory)
    (directory / "manifest.json").unlink()
    with pytest.raises(CheckpointError, match=r"manifest\.json is missing"):
        open_checkpoint(directory)


@given(arrays(np.float32, (3, 8), elements=st.floats(-100, 100, width=32)))
def test_a_quantised_row_is_within_half_a_step(weight: np.ndarray) -> None:  # type: ignore[type-arg]  # drawn
    levels, scales = quantise_rows(weight)
    assert np.abs(levels.astype(int)).max() <= 127
    assert (np.abs(levels * scales[:, None] - weight) <= scales[:, None] * 0.501).all()


def test_transformers_opens_a_floating_point_checkpoint(tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM

    weights = random_weights(tiny_config())
    directory = write_checkpoint(tmp_path / "m", weights, tiny_config(), None, {}).directory
    model = AutoModelForCausalLM.from_pretrained(directory)
    np.testing.assert_array_equal(model.state_dict()["model.norm.weight"].numpy(), weights["model.norm.weight"])


def test_int8_weights_keep_their_names_and_expand_again() -> None:
    weights = random_weights(tiny_config())
    quantised = quantise_weights(weights)
    name = "model.layers.0.mlp.down_proj.weight"
    assert quantised[name].dtype == np.int8
    assert quantised[name + "_scale"].shape == (48,)
    np.testing.assert_allclose(float_matrix(quantised, name), weights[name], atol=np.abs(weights[name]).max() / 250)
