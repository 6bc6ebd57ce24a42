"""Tiny random networks over note events, one of each family. Knows nothing of training."""

from __future__ import annotations

from typing import Any

import torch
from transformers import PreTrainedModel

from engine.music.event_networks import NETWORKS
from engine.music.events import open_vocabulary

VOCABULARY = open_vocabulary("note-events")
TINY: dict[str, dict[str, Any]] = {
    "music-transformer": {"longest_distance": 12},
    "transformer-xl": {"memory_length": 8},
}


def tiny_network(family: str, **changes: Any) -> PreTrainedModel:
    """Return a network of two blocks of 32, always the same, in evaluation; its weights are large, so that all of it counts."""
    torch.manual_seed(0)
    config_class, network_class = NETWORKS[family]
    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 48}
    shape = {
        **sizes, **TINY[family], "vocab_size": VOCABULARY.size, "initializer_range": 0.2, "max_position_embeddings": 96
    }  # fmt: skip
    network = network_class(config_class(**{**shape, **changes}))
    for name, weight in network.named_parameters():
        if name.endswith(("content_bias", "distance_bias")):
            torch.nn.init.normal_(weight, std=0.5)
    return network.eval()
