"""Adapters: low-rank matrices beside the weights of one base model, in a checkpoint of their own of a few hundred kilobytes.

Knows nothing of how a model computes, nor what it writes. An adapter is a checkpoint of family `adapter`: for a tensor N of
its base, `N.lora_A` (r, in) and `N.lora_B` (out, r), and in config.json the digest of the base and the scale (alpha / r).
The adapted weight is N + scale x B A. It opens with that base alone, which many adapters share in memory.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.checkpoint import MANIFEST, Checkpoint, Weights, open_checkpoint, write_checkpoint
from engine.errors import CheckpointError

FAMILY = "adapter"
A_SUFFIX, B_SUFFIX = ".lora_A", ".lora_B"
MOST_RANK = 64  # as many as one tile of the kernel has lanes

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class LowRank:
    """What is added to one matrix (out, in): b a, with a (r, in) and b (out, r); the scale is in b."""

    a: Floats
    b: Floats

    @property
    def size(self) -> tuple[int, int]:
        """Return the size (out, in) of the matrix that this is added to."""
        return self.b.shape[0], self.a.shape[1]

    def product(self) -> Floats:
        """Return what is added, (out, in)."""
        added: Floats = self.b @ self.a
        return added


@dataclass(frozen=True)
class Adapter:
    """digest: its own name. base: digest of the only model that it opens with. parts: by the names of the base's tensors."""

    directory: Path
    digest: str
    base: str
    vocab_size: int
    parts: Mapping[str, LowRank]

    def check(self, sizes: Mapping[str, tuple[int, ...]]) -> None:
        """CheckpointError unless each part fits a matrix of the base; sizes: (out, in) by name, of all that may be adapted."""
        for name, part in self.parts.items():
            if name not in sizes:
                raise CheckpointError(
                    f"{self.directory} adapts {name!r}, which its base has not or which cannot be adapted; tune the adapter again"
                )
            if part.size != tuple(sizes[name]):
                raise CheckpointError(
                    f"{self.directory} adapts {name!r} as a matrix of {part.size}, and the base's is of {tuple(sizes[name])}; "
                    "tune the adapter again"
                )


def is_adapter(path: Path | str) -> bool:
    """Return whether a directory says that it is an adapter; reads the manifest and verifies nothing."""
    try:
        manifest = json.loads((Path(path) / MANIFEST).read_bytes())
    except (OSError, ValueError):
        return False
    return isinstance(manifest, dict) and manifest.get("family") == FAMILY


def base_digest(path: Path | str) -> str:
    """Return the digest of the model that an adapter belongs to; CheckpointError where it is damaged or no adapter."""
    return _base_of(_opened(path))


def write_adapter(
    directory: Path | str,
    parts: Mapping[str, LowRank],
    base: Checkpoint,
    card: Mapping[str, Any],
    *,
    scale: float = 1.0,
) -> Checkpoint:
    """Write an adapter of `base` whole or not at all, in half precision, and open it.

    scale: alpha / r, by which b is divided here and multiplied when it is read.
    """
    weights: Weights = {}
    for name, part in parts.items():
        weights[name + A_SUFFIX] = part.a.astype(np.float16)
        weights[name + B_SUFFIX] = (part.b / np.float32(scale)).astype(np.float16)
    config = {
        "base": base.digest,
        "base_family": base.family,
        "rank": max(len(part.a) for part in parts.values()),
        "scale": scale,
        "vocab_size": base.config.get("vocab_size"),
    }
    return write_checkpoint(directory, weights, config, None, card, family=FAMILY)


def read_adapter(path: Path | str, base: str) -> Adapter:
    """Read an adapter and check it: `base` is the digest of the model that it is to be used with. CheckpointError."""
    checkpoint = _opened(path)
    wanted = _base_of(checkpoint)
    if wanted != base:
        raise CheckpointError(
            f"{path} is an adapter of the model {wanted} and does not fit {base}; open it with its own base"
        )
    scale = checkpoint.config.get("scale")
    if not isinstance(scale, int | float) or not np.isfinite(scale):
        raise CheckpointError(f"{path} has no number as scale in config.json; tune the adapter again")
    parts = _parts(checkpoint, float(scale))
    return Adapter(checkpoint.directory, checkpoint.digest, base, int(checkpoint.config.get("vocab_size") or 0), parts)


def needs_base(checkpoint: Checkpoint) -> CheckpointError:
    """Return the error for an adapter that is opened as if it were a whole model."""
    return CheckpointError(
        f"{checkpoint.directory} is an adapter and needs its base, the model {_base_of(checkpoint)}; open both together"
    )


def not_taken(path: Path, kind: str) -> CheckpointError:
    """Return the error for an adapter of a model that cannot have one. kind: what cannot, such as "models of music"."""
    return CheckpointError(f"{path} is an adapter, and {kind} take none; tune a whole model instead")


def merged(weights: Weights, adapter: Adapter) -> Weights:
    """Return a base's tensors, which are floating point, with those that the adapter changes as it changes them, in float32."""
    adapter.check({name: weight.shape for name, weight in weights.items() if weight.ndim == 2})
    changed = {name: weights[name].astype(np.float32) + part.product() for name, part in adapter.parts.items()}
    return {**weights, **changed}


@dataclass(frozen=True)
class Stacked(LowRank):
    """The same for several tensors stacked by rows: a (sum of ranks, in), and b block by block on its diagonal.

    blocks: rows and rank of each tensor, in order; the rank is 0 of one that is not adapted.
    """

    blocks: tuple[tuple[int, int], ...]


def stacked(parts: Mapping[str, LowRank], names: Iterable[str], sizes: Mapping[str, tuple[int, ...]]) -> Stacked | None:
    """Return what is added to several tensors stacked by rows, or None; sizes: (out, in) of each by name."""
    found = [(sizes[name][0], parts.get(name)) for name in names]
    blocks = tuple((rows, 0 if part is None else len(part.a)) for rows, part in found)
    if not any(rank for _, rank in blocks):
        return None
    a = np.concatenate([part.a for _, part in found if part is not None])
    b, row, column = np.zeros((sum(rows for rows, _ in blocks), len(a)), np.float32), 0, 0
    for (rows, rank), (_, part) in zip(blocks, found, strict=True):
        if part is not None:
            b[row : row + rows, column : column + rank] = part.b
        row, column = row + rows, column + rank
    return Stacked(a, b, blocks)


def _opened(path: Path | str) -> Checkpoint:
    checkpoint = open_checkpoint(path)
    if checkpoint.family != FAMILY:
        raise CheckpointError(f"{path} is a model of the family {checkpoint.family} and no adapter; open it by itself")
    return checkpoint


def _base_of(checkpoint: Checkpoint) -> str:
    base = checkpoint.config.get("base")
    if not isinstance(base, str) or not base:
        raise CheckpointError(f"{checkpoint.directory} does not name its base in config.json; tune the adapter again")
    return base


def _parts(checkpoint: Checkpoint, scale: float) -> dict[str, LowRank]:
    weights, parts = checkpoint.read_weights(), dict[str, LowRank]()
    for name in sorted(weights):
        stem = name.removesuffix(A_SUFFIX).removesuffix(B_SUFFIX)
        if stem == name or stem + A_SUFFIX not in weights or stem + B_SUFFIX not in weights:
            raise CheckpointError(
                f"{checkpoint.directory} has a tensor {name!r} without its pair, {A_SUFFIX} and {B_SUFFIX}; tune the adapter again"
            )
        a, b = (weights[stem + suffix].astype(np.float32) for suffix in (A_SUFFIX, B_SUFFIX))
        if a.ndim != 2 or b.ndim != 2 or len(a) != b.shape[1] or not 1 <= len(a) <= MOST_RANK:
            raise CheckpointError(
                f"{checkpoint.directory} has sizes {a.shape} and {b.shape} for {stem!r}, which are no low-rank pair of "
                f"rank 1-{MOST_RANK}; tune the adapter again"
            )
        if not (np.isfinite(a).all() and np.isfinite(b).all()):
            raise CheckpointError(
                f"{checkpoint.directory} has numbers in {stem!r} that are not finite; tune the adapter again"
            )
        parts[stem] = LowRank(a, b * np.float32(scale))
    if not parts:
        raise CheckpointError(f"{checkpoint.directory} changes nothing of its base; tune the adapter again")
    return parts
