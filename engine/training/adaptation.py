"""Which weights of a base model are trained: all, those above frozen blocks, or LoRA beside them. Does not know data."""

from __future__ import annotations

from typing import Any

import numpy as np
from torch import nn
from transformers.pytorch_utils import Conv1D

from engine.adapters import LowRank
from engine.errors import RequestError

NAME_IN_PEFT = "default"
ALPHA_PER_RANK, LORA_DROPOUT = 2, 0.05


def blocks_of(model: Any) -> list[tuple[str, nn.Module]]:
    """Return the transformer blocks of a model with their names, from the input up."""
    count = model.config.get_text_config().num_hidden_layers
    for name, module in model.named_modules():
        if isinstance(module, nn.ModuleList) and len(module) == count:
            return [(f"{name}.{number}", block) for number, block in enumerate(module)]
    raise RequestError(
        f"the blocks of a {model.config.model_type} are not known here; leave --freeze-layers and LoRA away"
    )


def freeze(model: Any, *, layers: int, embeddings: bool) -> list[str]:
    """Keep the first `layers` blocks, and the embeddings if asked, as they are; return sentences on what that means.

    Frozen weights get no gradient, so not even weight decay moves them.
    """
    told: list[str] = []
    if layers:
        blocks = blocks_of(model)
        if layers > len(blocks):
            raise RequestError(f"--freeze-layers must be 0-{len(blocks)} for this model, got {layers}")
        for _, block in blocks[:layers]:
            block.requires_grad_(False)
        told.append(f"the first {layers} of {len(blocks)} blocks stay as they are")
    if embeddings:
        for module in model.modules():
            if isinstance(module, nn.Embedding):
                module.requires_grad_(False)
        told.append("the embeddings stay as they are" + _about_head(model))
    if not any(weight.requires_grad for weight in model.parameters()):
        raise RequestError("nothing is left to train; freeze fewer layers")
    return told


def _about_head(model: Any) -> str:
    head = model.get_output_embeddings()
    if head is None or head.weight is not model.get_input_embeddings().weight:
        return ""
    return ", and so does the output head, for it has the same weights"


def with_lora(model: Any, *, rank: int, frozen_layers: int, seed: int) -> Any:
    """Return the model with LoRA on every linear layer of the blocks that are not frozen; all else stays as it is."""
    import torch
    from peft import LoraConfig, get_peft_model

    blocks = blocks_of(model)
    if frozen_layers >= len(blocks):
        raise RequestError(f"--freeze-layers must be 0-{len(blocks) - 1} with LoRA, got {frozen_layers}")
    linear = [
        (f"{block_name}.{name}", module)
        for block_name, block in blocks[frozen_layers:]
        for name, module in block.named_modules()
        if isinstance(module, nn.Linear | Conv1D)
    ]
    torch.manual_seed(seed)
    config = LoraConfig(
        r=rank,
        lora_alpha=ALPHA_PER_RANK * rank,
        lora_dropout=LORA_DROPOUT,
        target_modules=[name for name, _ in linear],
        fan_in_fan_out=any(isinstance(module, Conv1D) for _, module in linear),
        task_type="CAUSAL_LM",
    )
    adapted = get_peft_model(model, config)
    for weight in adapted.parameters():
        if weight.requires_grad:
            weight.data = weight.data.float()  # small steps are lost in half precision
    return adapted


def low_rank_parts(adapted: Any) -> dict[str, LowRank]:
    """Return what LoRA adds to each matrix of a model, by the names of the matrices in the model without it."""
    base = adapted.get_base_model()
    parts = {}
    for name, module in base.named_modules():
        if hasattr(module, "lora_A") and NAME_IN_PEFT in module.lora_A:
            a, b = (pair[NAME_IN_PEFT].weight.detach().float().cpu().numpy() for pair in (module.lora_A, module.lora_B))
            parts[f"{name}.weight"] = LowRank(a.copy(), b * np.float32(module.scaling[NAME_IN_PEFT]))
    return parts
