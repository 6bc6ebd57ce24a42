"""What a training over events is told, and the networks that it begins with. Does not know how one is trained."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedModel

from engine.errors import RequestError
from engine.music.event_model import VOCABULARY
from engine.music.event_networks import NETWORKS
from engine.music.events import open_vocabulary
from engine.music.music_transformer import FAMILY as MUSIC_TRANSFORMER
from engine.music.transformer_xl import FAMILY as TRANSFORMER_XL
from engine.training.event_rows import Movable

HF_CAUSAL = "hf-causal"
EVENT_FAMILIES = (MUSIC_TRANSFORMER, TRANSFORMER_XL, HF_CAUSAL)
HEAD_WIDTH = 32
CONTEXT = 2048  # ids that decoding keeps; of families with absolute positions also the longest row
Precision = Literal["fp32", "bf16", "fp16"]


@dataclass(frozen=True)
class EventTraining:
    """data: a folder of MIDI files, chorales, hymns or lead sheets. out: of the run; the checkpoint is `out/checkpoint`.

    architecture: a model type of transformers (hf-causal). hidden: a multiple of 32. row_events: ids of a row; of
    Transformer-XL also its memory. moved_until: the share of the run in which songs are moved to other keys. mask_steps: the
    widest random window mask, in ids; 0 is none. joint: learn four tasks side by side, see `note_tasks`.
    schedule, gradient_norm, rates: as of `TrainingOptions`. precision: fp16 needs a GPU and scales its loss as it goes.
    """

    family: str
    data: Path
    out: Path
    vocabulary: str = "note-events"
    architecture: str = "llama"
    hidden: int = 192
    layers: int = 4
    steps: int = 2000
    batch_rows: int = 8
    row_events: int = 512
    learning_rate: float = 2e-3
    every: int = 200
    mask_steps: int = 0
    moved_until: float = 0.8
    joint: bool = False
    dropout: float = 0.1
    schedule: Literal["flat", "one-cycle"] = "one-cycle"
    gradient_norm: float = 0.5
    precision: Precision = "fp32"
    gradient_checkpointing: bool = False
    accumulate: int = 1
    sample_every: int | None = None
    save_every: int | None = None
    patience: int | None = None
    threads: int = 1
    seed: int = 0
    resume: bool = False

    def __post_init__(self) -> None:
        if self.family not in EVENT_FAMILIES:
            raise RequestError(f"{self.family} is no family over events; known are {', '.join(EVENT_FAMILIES)}")
        if self.hidden % HEAD_WIDTH:
            raise RequestError(f"--hidden must be a multiple of {HEAD_WIDTH}, got {self.hidden}")
        if not 8 <= self.row_events <= CONTEXT:
            raise RequestError(f"--row-events must be 8-{CONTEXT}, got {self.row_events}")
        if self.family == TRANSFORMER_XL and self.accumulate > 1:
            raise RequestError("transformer-xl goes on from row to row, so --accumulate must be 1")
        if self.family == HF_CAUSAL and self.mask_steps:
            raise RequestError("--mask-steps is for music-transformer and transformer-xl; leave it away")
        if self.joint and (self.family == TRANSFORMER_XL or self.vocabulary != "note-events"):
            raise RequestError("--joint is for music-transformer and hf-causal over note-events; leave it away")


def new_network(training: EventTraining, vocabulary: Movable | None = None) -> PreTrainedModel:
    """Return a network of random weights by torch's generator, as the training asks for it.

    vocabulary: by default the one that the training names.
    """
    vocabulary = open_vocabulary(training.vocabulary) if vocabulary is None else vocabulary
    shape: dict[str, Any] = {
        "vocab_size": vocabulary.size, "hidden_size": training.hidden, "num_hidden_layers": training.layers,
        "num_attention_heads": training.hidden // HEAD_WIDTH, "intermediate_size": 4 * training.hidden,
        "max_position_embeddings": CONTEXT, "pad_token_id": vocabulary.pad_id, "bos_token_id": vocabulary.start_id,
        "eos_token_id": vocabulary.end_id, VOCABULARY: vocabulary.name,
    }  # fmt: skip
    if training.family == HF_CAUSAL:
        return _of_transformers(training.architecture, shape)
    own: dict[str, Any] = {"dropout": training.dropout, "mask_steps": training.mask_steps}
    if training.family == TRANSFORMER_XL:
        own |= {"memory_length": training.row_events, "beat_steps": 4 * vocabulary.steps_per_quarter}
    else:
        own |= {"longest_distance": training.row_events}
    config_class, network_class = NETWORKS[training.family]
    return network_class(config_class(**shape, **own))


def _of_transformers(architecture: str, shape: dict[str, Any]) -> PreTrainedModel:
    more = {"num_key_value_heads": shape["num_attention_heads"], "head_dim": HEAD_WIDTH, "tie_word_embeddings": True}
    try:
        config = AutoConfig.for_model(architecture, **shape, **more)
        network: PreTrainedModel = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    except (ValueError, KeyError, TypeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise RequestError(
            f"transformers makes no causal model of the type {architecture!r} with these sizes ({reason}); use llama, gpt2, "
            "gpt_neox or qwen2"
        ) from error
    network.config.use_cache = False
    return network
