"""The sizes of a Llama model, and the names and sizes of its tensors. Knows nothing of arithmetic or caches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.adapters import LowRank, Stacked, stacked
from engine.checkpoint import SCALE_SUFFIX, Weights
from engine.errors import CheckpointError


@dataclass(frozen=True)
class LlamaShape:
    """The sizes of a Llama model, as in its config.json."""

    layers: int
    hidden: int
    heads: int
    kv_heads: int
    head_dim: int
    inner: int
    vocab_size: int
    context_length: int
    epsilon: float
    rope_theta: float
    tied: bool

    @staticmethod
    def from_config(config: Mapping[str, Any]) -> LlamaShape:
        """Read a Hugging Face LlamaConfig; CheckpointError if it asks for something that is not done here."""
        try:
            shape = _read_shape(config)
        except (KeyError, TypeError, ValueError) as error:
            raise CheckpointError(f"config.json lacks or misstates {error}; write the checkpoint again") from error
        for name, wanted in (("attention_bias", False), ("mlp_bias", False), ("hidden_act", "silu")):
            if config.get(name, wanted) != wanted:
                raise CheckpointError(f"config.json has {name} = {config[name]!r}; open it as family hf-causal")
        if shape.hidden % 2 or shape.head_dim % 2 or shape.inner % 2 or shape.heads % shape.kv_heads:
            raise CheckpointError("config.json has odd sizes or uneven heads; open it as family hf-causal")
        return shape

    @property
    def value_width(self) -> int:
        """Numbers per position and head in the cache of values: head_dim rounded up to 32."""
        return -(-self.head_dim // 32) * 32


def _read_shape(config: Mapping[str, Any]) -> LlamaShape:
    heads = int(config["num_attention_heads"])
    rope = config.get("rope_parameters") or config.get("rope_scaling") or {}
    if rope.get("rope_type", "default") != "default":
        raise CheckpointError(f"rope_type {rope['rope_type']!r} is not done here; open it as family hf-causal")
    return LlamaShape(
        layers=int(config["num_hidden_layers"]),
        hidden=int(config["hidden_size"]),
        heads=heads,
        kv_heads=int(config.get("num_key_value_heads") or heads),
        head_dim=int(config.get("head_dim") or config["hidden_size"] // heads),
        inner=int(config["intermediate_size"]),
        vocab_size=int(config["vocab_size"]),
        context_length=int(config["max_position_embeddings"]),
        epsilon=float(config.get("rms_norm_eps", 1e-6)),
        rope_theta=float(rope.get("rope_theta", config.get("rope_theta", 10000.0))),
        tied=bool(config.get("tie_word_embeddings", False)),
    )


def layer_tensors(layer: int) -> dict[str, tuple[str, ...]]:
    """Return which tensors of a state dict make each matrix of a layer; several are stacked by rows."""
    attention, inner = f"model.layers.{layer}.self_attn.", f"model.layers.{layer}.mlp."
    return {
        "qkv": tuple(f"{attention}{name}_proj.weight" for name in "qkv"),
        "out": (f"{attention}o_proj.weight",),
        "gate_up": (f"{inner}gate_proj.weight", f"{inner}up_proj.weight"),
        "down": (f"{inner}down_proj.weight",),
    }


def norm_tensors(shape: LlamaShape) -> list[str]:
    """Return the names of the norms in the order in which they are used."""
    names = []
    for layer in range(shape.layers):
        names += [f"model.layers.{layer}.{n}_layernorm.weight" for n in ("input", "post_attention")]
    return [*names, "model.norm.weight"]


def matrix_sizes(shape: LlamaShape) -> dict[str, tuple[int, int]]:
    """Return the sizes (out, in) of the matrices of all layers by the names of their tensors."""
    queries, keys = shape.heads * shape.head_dim, shape.kv_heads * shape.head_dim
    sizes: dict[str, tuple[int, int]] = {}
    for layer in range(shape.layers):
        names = layer_tensors(layer)
        sizes |= {name: (rows, shape.hidden) for name, rows in zip(names["qkv"], (queries, keys, keys), strict=True)}
        sizes[names["out"][0]] = (shape.hidden, queries)
        sizes |= dict.fromkeys(names["gate_up"], (shape.inner, shape.hidden))
        sizes[names["down"][0]] = (shape.hidden, shape.inner)
    return sizes


def check_tensors(shape: LlamaShape, weights: Weights) -> None:
    """Raise CheckpointError unless the names and sizes of the tensors are exactly those of the shape."""
    expected: dict[str, tuple[int, ...]] = dict.fromkeys(norm_tensors(shape), (shape.hidden,))
    expected["model.embed_tokens.weight"] = (shape.vocab_size, shape.hidden)
    if not shape.tied:
        expected["lm_head.weight"] = (shape.vocab_size, shape.hidden)
    expected |= matrix_sizes(shape)
    scales = {f"{n}{SCALE_SUFFIX}": s[:1] for n, s in expected.items() if n in weights and weights[n].dtype == np.int8}
    found = {name: weight.shape for name, weight in weights.items()}
    wrong = sorted(set((expected | scales).items()) ^ set(found.items()))
    if wrong:
        raise CheckpointError(
            f"tensor {wrong[0][0]!r} is missing, unknown or of another size; write the checkpoint again"
        )


def adapter_matrices(shape: LlamaShape, parts: Mapping[str, LowRank]) -> dict[tuple[int, str], Stacked]:
    """Return what an adapter adds to each matrix of `layer_tensors`, by layer and matrix; without those it leaves alone."""
    sizes = matrix_sizes(shape)
    found = {
        (layer, matrix): stacked(parts, names, sizes)
        for layer in range(shape.layers)
        for matrix, names in layer_tensors(layer).items()
    }
    return {place: added for place, added in found.items() if added is not None}
