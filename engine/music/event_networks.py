"""The torch networks over events as checkpoints, and opened for decoding. Does not know how they compute or learn."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from transformers import PretrainedConfig, PreTrainedModel

from engine.checkpoint import Checkpoint, write_checkpoint
from engine.errors import CheckpointError
from engine.families import CausalModel
from engine.music.event_numpy_weights import in_numpy
from engine.music.event_slots import EventSlots
from engine.music.events import open_vocabulary
from engine.music.music_transformer import FAMILY as MUSIC_TRANSFORMER
from engine.music.music_transformer import MusicTransformerConfig, MusicTransformerForCausalLM
from engine.music.transformer_xl import FAMILY as TRANSFORMER_XL
from engine.music.transformer_xl import TransformerXlConfig, TransformerXlForCausalLM
from engine.torch_causal import behind_protocol, load_causal
from engine.torch_slots import TorchSlots, layer_sizes

NETWORKS: dict[str, tuple[type[PretrainedConfig], type[PreTrainedModel]]] = {
    MUSIC_TRANSFORMER: (MusicTransformerConfig, MusicTransformerForCausalLM),
    TRANSFORMER_XL: (TransformerXlConfig, TransformerXlForCausalLM),
}


def save_network(model: PreTrainedModel, directory: Path, card: Mapping[str, Any], family: str) -> Checkpoint:
    """Write a network as a checkpoint of float32 weights; an existing directory is refused."""
    weights = {name: weight.detach().float().cpu().numpy() for name, weight in model.state_dict().items()}
    return write_checkpoint(directory, weights, model.config.to_dict(), None, card, family=family)


def open_network(checkpoint: Checkpoint) -> PreTrainedModel:
    """Return the network of a verified checkpoint; CheckpointError where it does not fit its own description."""
    config_class, network_class = NETWORKS[checkpoint.family]
    try:
        network: PreTrainedModel = network_class(config_class.from_dict(dict(checkpoint.config)))
        network.load_state_dict({name: torch.from_numpy(weight) for name, weight in checkpoint.read_weights().items()})
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        reason = " ".join(str(error).split())
        raise CheckpointError(
            f"the config.json of {checkpoint.directory} does not fit its weights ({reason})"
        ) from error
    return network.eval()


class EventNetwork:
    """How `engine.families` opens these families."""

    @staticmethod
    def open(checkpoint: Checkpoint, *, precision: str, threads: int) -> CausalModel:
        """Open a verified checkpoint for decoding, on a CUDA device where there is one; `precision` has no say."""
        return behind_slots(open_network(checkpoint), threads)


def behind_slots(network: PreTrainedModel, threads: int) -> CausalModel:
    """Return a network behind the protocol of the decoding loop: in torch on a CUDA device, else in numpy."""
    if torch.cuda.is_available():
        return in_torch(network, "cuda")
    torch.set_num_threads(threads)
    decoding = in_numpy(network)
    assert decoding is not None, "all of these networks are done in numpy"
    return decoding


def open_causal(checkpoint: Checkpoint, threads: int) -> CausalModel:
    """Open a causal model of transformers over events: in numpy on the CPU where its architecture is done there."""
    network, device = load_causal(checkpoint.directory, threads=threads)
    return (in_numpy(network) if device == "cpu" else None) or behind_protocol(network, device)


def in_torch(network: PreTrainedModel, device: str) -> TorchSlots:
    """Return a network on a device, all slots at once."""
    network = network.to(device).eval()  # type: ignore[arg-type]  # transformers narrows the type of `to`
    sizes = layer_sizes(network, device)
    assert sizes is not None, "these networks keep plain keys and values"
    length = int(network.config.max_position_embeddings)
    if isinstance(network, TransformerXlForCausalLM):
        return EventSlots(network, device, sizes, length, open_vocabulary(network.config.event_vocabulary))
    return TorchSlots(network, device, sizes, length)
