"""Adapters beside the weights of a transformers model, which many of them share. Does not know how a model is decoded."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import nn
from transformers.pytorch_utils import Conv1D

from engine.adapters import Adapter, LowRank


class Beside(nn.Module):
    """A linear layer that is shared, and what an adapter adds to its output."""

    a: torch.Tensor
    b: torch.Tensor

    def __init__(self, shared: Any, part: LowRank) -> None:
        super().__init__()
        self.shared = shared
        for name, matrix in (("a", part.a), ("b", part.b)):
            self.register_buffer(name, torch.from_numpy(matrix).to(self.weight))  # its type and device

    @property
    def weight(self) -> torch.Tensor:
        """Return the shared weight, whose type and device some models ask for."""
        weight: torch.Tensor = self.shared.weight
        return weight

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        linear = nn.functional.linear
        y: torch.Tensor = self.shared(x) + linear(linear(x, self.a), self.b)
        return y


def with_adapter(model: Any, adapter: Adapter) -> Any:
    """Return a model of other modules with the same tensors, and the adapter beside them; CheckpointError if it does not fit."""
    adapter.check(linear_sizes(model))
    tensors = [*model.parameters(), *model.buffers()]
    twin = copy.deepcopy(model, {id(tensor): tensor for tensor in tensors})
    for name, part in adapter.parts.items():
        place = name.removesuffix(".weight")
        above, _, last = place.rpartition(".")
        setattr(twin.get_submodule(above), last, Beside(twin.get_submodule(place), part))
    return twin.eval()


def merge(model: Any, adapter: Adapter) -> None:
    """Add an adapter to the weights of a model in float32, for good; CheckpointError if it does not fit."""
    adapter.check(linear_sizes(model))
    with torch.no_grad():
        for name, part in adapter.parts.items():
            module, added = model.get_submodule(name.removesuffix(".weight")), torch.from_numpy(part.product())
            module.weight += added.T if isinstance(module, Conv1D) else added


def linear_sizes(model: Any) -> dict[str, tuple[int, int]]:
    """Return the sizes (out, in) of the linear layers of a model by the names of their weights."""
    sizes: dict[str, tuple[int, int]] = {}
    for name, module in model.named_modules():
        if isinstance(module, nn.Linear):
            sizes[f"{name}.weight"] = (module.out_features, module.in_features)
        elif isinstance(module, Conv1D):
            sizes[f"{name}.weight"] = (module.weight.shape[1], module.weight.shape[0])  # it lies the other way round
    return sizes
