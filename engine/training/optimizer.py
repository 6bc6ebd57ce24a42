"""The optimizers of the training loop and the shape of their learning rates. Does not know models or data."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import nn


class MuonWithAdamW(torch.optim.Optimizer):
    """Muon for the two-dimensional weights of the blocks, AdamW for everything else, as one optimizer.

    Muon reached AdamW's final validation loss with less than half the tokens at 3M parameters on the English verse.
    """

    def __init__(self, model: nn.Module, *, muon_rate: float, adamw_rate: float, weight_decay: float) -> None:
        matrices: list[nn.Parameter] = []
        rest: list[nn.Parameter] = []
        for name, weight in model.named_parameters():
            (matrices if weight.ndim == 2 and "embed" not in name and "head" not in name else rest).append(weight)
        self._muon = torch.optim.Muon(matrices, lr=muon_rate, weight_decay=weight_decay, adjust_lr_fn="match_rms_adamw")
        self._adamw = torch.optim.AdamW(rest, lr=adamw_rate, betas=(0.9, 0.95), weight_decay=0.0)
        super().__init__([*matrices, *rest], {})
        self.param_groups = [*self._muon.param_groups, *self._adamw.param_groups]

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]  # no closure is used
        self._muon.step()
        self._adamw.step()

    def zero_grad(self, set_to_none: bool = True) -> None:
        self._muon.zero_grad(set_to_none)
        self._adamw.zero_grad(set_to_none)

    def state_dict(self) -> dict[str, Any]:
        return {"muon": self._muon.state_dict(), "adamw": self._adamw.state_dict()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self._muon.load_state_dict(state_dict["muon"])
        self._adamw.load_state_dict(state_dict["adamw"])
        self.param_groups = [*self._muon.param_groups, *self._adamw.param_groups]


def adamw(model: nn.Module, *, rate: float, weight_decay: float) -> torch.optim.AdamW:
    """Return AdamW over the weights that are trained, for models that have learned already: gains do not decay."""
    trained = [weight for weight in model.parameters() if weight.requires_grad]
    groups = [
        {"params": [weight for weight in trained if weight.ndim > 1], "weight_decay": weight_decay},
        {"params": [weight for weight in trained if weight.ndim <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW([group for group in groups if group["params"]], lr=rate, betas=(0.9, 0.99))


def rate_factor(step: int, *, steps: int, warmup: float, decay: float) -> float:
    """Return the share of the peak learning rate at a step: linear up, flat, then down by 1 - sqrt.

    warmup, decay: shares of `steps`.
    """
    warm = max(1, int(warmup * steps))
    start = int((1 - decay) * steps)
    if step < warm:
        return (step + 1) / warm
    if step < start:
        return 1.0
    return max(0.0, 1 - math.sqrt((step - start) / max(1, steps - start)))


def one_cycle_factor(step: int, *, steps: int, warmup: float) -> float:
    """Return the share of the peak learning rate at a step of one cycle: up from 1/25 in a half cosine, down to 1/10000.

    warmup: the share of `steps` that goes up; 0.25 is fastai's. Momentum stays, which fastai lowers where the rate is high.
    """
    warm = max(1, int(warmup * steps))
    if step < warm:
        return _between(1 / 25, 1.0, step / warm)
    return _between(1.0, 1e-4, min(1.0, (step - warm) / max(1, steps - warm)))


def _between(start: float, end: float, share: float) -> float:
    """Return what lies a share of the way from start to end, slow at both."""
    return end + (start - end) * (1 + math.cos(math.pi * share)) / 2
