"""What LoRA learned is named as the model's own matrices are, whatever the architecture, so that it works beside them."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("peft")

import torch
from transformers import AutoModelForCausalLM

from engine.adapters import Adapter
from engine.torch_adapters import with_adapter
from engine.training.adaptation import low_rank_parts, with_lora
from tests.tiny_hf_models import ARCHITECTURES, tiny_config

# peft and transformers warn of names of each other
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning", "ignore::DeprecationWarning")


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_parts_beside_a_model_equal_what_lora_computes(architecture: str) -> None:
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(tiny_config(architecture, 70, 1), dtype=torch.float32).eval()
    plain = copy.deepcopy(model)
    adapted = with_lora(model, rank=4, frozen_layers=0, seed=0).eval()
    with torch.no_grad():
        for name, weight in adapted.named_parameters():
            if "lora_B" in name:
                weight.copy_(0.1 * torch.randn(weight.shape))
        ids = torch.arange(12)[None]
        parts = low_rank_parts(adapted)
        found = with_adapter(plain, Adapter(Path("tiny"), "a", "b", 70, parts))(input_ids=ids).logits
        expected, before = adapted(input_ids=ids).logits, plain(input_ids=ids).logits
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-4)
    assert (expected - before).abs().max() > 1e-3
    assert all(np.isfinite(part.product()).all() and part.a.shape[0] == 4 for part in parts.values())
