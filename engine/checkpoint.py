"""A checkpoint: an immutable directory of weights, configuration and tokenizer, named by the digest in its manifest.

Knows nothing of what the weights mean and never imports torch; tensors carry the names of a Hugging Face state dict, so
transformers opens the same directory when the weights are floating point.

The manifest is written last and holds the sha256 of every other file. int8 weights have a companion `<name>_scale`, one
float32 per output row: weight = int8 x scale.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from engine.errors import CheckpointError, OutputError

WEIGHTS, CONFIG, TOKENIZER, MANIFEST = "model.safetensors", "config.json", "tokenizer.json", "manifest.json"
FORMAT = 1
SCALE_SUFFIX = "_scale"
MANIFEST_FIELDS = {"format", "family", "digest", "sha256", "card"}

Weights = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Checkpoint:
    """An opened, verified checkpoint; `digest` is its name, `card` what its makers say about it."""

    directory: Path
    family: str
    digest: str
    config: Mapping[str, Any]
    card: Mapping[str, Any]

    @property
    def tokenizer_file(self) -> Path | None:
        """The path of tokenizer.json, or None if the checkpoint has none."""
        path = self.directory / TOKENIZER
        return path if path.exists() else None

    def read_weights(self) -> Weights:
        """Read every tensor as it is stored (float32, float16, or int8 beside its scales)."""
        try:
            return load_file(self.directory / WEIGHTS)
        except (OSError, SafetensorError, KeyError) as error:
            raise CheckpointError(f"{self.directory / WEIGHTS} cannot be read ({error}); fetch it again") from error


def write_checkpoint(
    directory: Path | str,
    weights: Weights,
    config: Mapping[str, Any],
    tokenizer_file: bytes | None,
    card: Mapping[str, Any],
    *,
    family: str = "llama",
    more_files: Mapping[str, bytes] | None = None,
) -> Checkpoint:
    """Write a new checkpoint whole or not at all, and open it; an existing directory is refused.

    more_files: what belongs to the model beside its weights (a word list), by file name, or folder and name.
    """
    target = Path(directory)
    if target.exists():
        raise OutputError(f"{target} exists and checkpoints are never changed; choose a new directory")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    except OSError as error:
        raise OutputError(f"cannot write a checkpoint beside {target}: {error}") from error
    try:
        for name, content in (more_files or {}).items():
            (draft / name).parent.mkdir(exist_ok=True)
            (draft / name).write_bytes(content)
        _write_files(draft, weights, config, tokenizer_file, card, family)
        draft.chmod(0o755)
        for file in draft.rglob("*"):
            # temporary folders and safetensors are private by default; a model is for everybody
            file.chmod(0o755 if file.is_dir() else 0o644)
        os.rename(draft, target)  # fails if somebody else has just written it
    except (OSError, SafetensorError) as error:
        raise OutputError(f"cannot write the checkpoint {target}: {error}") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return open_checkpoint(target)


def _write_files(
    draft: Path,
    weights: Weights,
    config: Mapping[str, Any],
    tokenizer_file: bytes | None,
    card: Mapping[str, Any],
    family: str,
) -> None:
    tensors = {name: np.ascontiguousarray(weight) for name, weight in weights.items()}
    save_file(tensors, draft / WEIGHTS, metadata={"format": "pt"})  # transformers insists on a format
    (draft / CONFIG).write_text(json.dumps(dict(config), indent=2, sort_keys=True) + "\n", encoding="utf-8")
    if tokenizer_file is not None:
        (draft / TOKENIZER).write_bytes(tokenizer_file)
    files = sorted(path for path in draft.rglob("*") if path.is_file())
    sums = {path.relative_to(draft).as_posix(): sha256(path) for path in files}
    manifest = {"format": FORMAT, "family": family, "digest": _digest(family, sums), "sha256": sums, "card": dict(card)}
    (draft / MANIFEST).write_text(json.dumps(manifest, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def open_checkpoint(path: Path | str) -> Checkpoint:
    """Open a checkpoint and verify every file against its manifest; CheckpointError says what to do."""
    directory = Path(path)
    if not directory.is_dir():
        raise CheckpointError(f"there is no model directory {directory}; check the path, or train or fetch the model")
    manifest = _read_json(directory / MANIFEST)
    if manifest.get("format") != FORMAT or set(manifest) != MANIFEST_FIELDS:
        raise CheckpointError(
            f"{directory / MANIFEST} is not of format {FORMAT}; open it with the version that wrote it"
        )
    _verify_files(directory, manifest["sha256"])
    if _digest(manifest["family"], manifest["sha256"]) != manifest["digest"]:
        raise CheckpointError(f"{directory / MANIFEST} does not belong to these files; fetch the model again")
    return Checkpoint(
        directory=directory,
        family=manifest["family"],
        digest=manifest["digest"],
        config=_read_json(directory / CONFIG),
        card=manifest["card"],
    )


def _verify_files(directory: Path, sums: Mapping[str, str]) -> None:
    for required in (WEIGHTS, CONFIG):
        if required not in sums:
            raise CheckpointError(f"{directory / MANIFEST} names no {required}; fetch the model again")
    for name, expected in sums.items():
        path = directory / name
        if not path.is_file():
            raise CheckpointError(f"{path} is missing; fetch the model again")
        if sha256(path) != expected:
            raise CheckpointError(f"{path} is damaged or was changed; fetch the model again")
    extra = sorted(p.name for p in directory.iterdir() if p.name not in sums and p.name in (WEIGHTS, CONFIG, TOKENIZER))
    if extra:
        raise CheckpointError(f"{directory / extra[0]} is not in the manifest; remove it or fetch the model again")


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise CheckpointError(f"{path} is missing: not a whole checkpoint; fetch or write the model again") from error
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{path} cannot be read as JSON ({error}); fetch the model again") from error
    if not isinstance(content, dict):
        raise CheckpointError(f"{path} does not hold a JSON object; fetch the model again")
    return content


def sha256(path: Path) -> str:
    """Return the sha256 of a file in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _digest(family: str, sums: Mapping[str, str]) -> str:
    """Name a checkpoint: 16 hexadecimal digits over its family and the digests of its files, not over its card."""
    content = json.dumps([family, dict(sorted(sums.items()))]).encode()
    return hashlib.sha256(content).hexdigest()[:16]


def quantise_rows(weight: NDArray[Any]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Return int8 (N, K) in -127..127 and scales (N,) with weight close to int8 x scale, row by row."""
    weight = weight.astype(np.float32)
    largest = np.maximum(np.abs(weight).max(axis=1), 1e-12)
    scales = (largest / 127.0).astype(np.float32)
    return np.rint(weight / scales[:, None]).astype(np.int8), scales


def quantise_weights(weights: Weights) -> Weights:
    """Return the same tensors with every matrix as int8 beside its `<name>_scale`; vectors stay float32."""
    quantised: Weights = {}
    for name, weight in weights.items():
        if weight.ndim == 2:
            quantised[name], quantised[name + SCALE_SUFFIX] = quantise_rows(weight)
        else:
            quantised[name] = weight.astype(np.float32)
    return quantised


def float_matrix(weights: Weights, name: str) -> NDArray[np.float32]:
    """Return a matrix as float32, whatever it is stored as."""
    matrix = weights[name].astype(np.float32)
    if weights[name].dtype == np.int8:
        matrix *= weights[name + SCALE_SUFFIX].astype(np.float32)[:, None]
    return matrix


def int8_matrix(weights: Weights, name: str) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Return a matrix as int8 rows and their scales: as stored, or quantised now."""
    if weights[name].dtype == np.int8:
        return weights[name], weights[name + SCALE_SUFFIX].astype(np.float32)
    return quantise_rows(weights[name])
