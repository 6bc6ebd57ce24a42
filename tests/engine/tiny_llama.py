"""Tiny random Llama models for tests: configuration and weights as a Hugging Face state dict in numpy.

Knows nothing of torch.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.checkpoint import Weights
from engine.llama import LlamaShape, layer_tensors, norm_tensors


def tiny_config(**changes: Any) -> dict[str, Any]:
    """Return a config.json of two layers, hidden 48, two heads of 24, vocabulary 70, context 150."""
    sizes = {
        "model_type": "llama", "architectures": ["LlamaForCausalLM"], "num_hidden_layers": 2, "hidden_size": 48,
        "num_attention_heads": 2, "num_key_value_heads": 2, "head_dim": 24, "intermediate_size": 90, "vocab_size": 70,
        "max_position_embeddings": 150, "tie_word_embeddings": True, "rms_norm_eps": 1e-6, "bos_token_id": 0,
        "eos_token_id": 1, "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0},
    }  # fmt: skip
    return sizes | changes


def random_weights(config: dict[str, Any], seed: int = 0) -> Weights:
    """Return float32 weights of the size and spread of a trained model."""
    shape, rng = LlamaShape.from_config(config), np.random.default_rng(seed)
    keys, queries = shape.kv_heads * shape.head_dim, shape.heads * shape.head_dim
    weights: Weights = {name: 1 + 0.1 * rng.standard_normal(shape.hidden) for name in norm_tensors(shape)}
    sizes = {"model.embed_tokens.weight": (shape.vocab_size, shape.hidden)}
    if not shape.tied:
        sizes["lm_head.weight"] = (shape.vocab_size, shape.hidden)
    for layer in range(shape.layers):
        names = layer_tensors(layer)
        sizes |= {name: (rows, shape.hidden) for name, rows in zip(names["qkv"], (queries, keys, keys), strict=True)}
        sizes |= dict.fromkeys(names["gate_up"], (shape.inner, shape.hidden))
        sizes |= {names["out"][0]: (shape.hidden, queries), names["down"][0]: (shape.hidden, shape.inner)}
    weights |= {name: rng.standard_normal(size) * 0.1 for name, size in sizes.items()}
    return {name: weight.astype(np.float32) for name, weight in weights.items()}
