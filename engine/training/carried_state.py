"""The training of networks whose state goes on from one batch to the next, cut from its gradients. Does not know networks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from transformers import Trainer

State = tuple[torch.Tensor, ...]


class CarriedStateTrainer(Trainer):
    """Hands the state after each batch to the next one; validation has a state of its own.

    The model takes `state` and returns `state`, a tuple of tensors. It is kept with each checkpoint, so that a run which
    goes on reads its next row as if it had never stopped.
    """

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._training: State | None = None
        self._validating: State | None = None

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        output = model(**inputs, state=self._training if model.training else self._validating)
        state = tuple(part.detach() for part in output.state)
        if model.training:
            self._training = state
        else:
            self._validating = state
        return (output.loss, output) if return_outputs else output.loss

    def evaluate(self, *given: Any, **named: Any) -> dict[str, float]:
        self._validating = None
        found: dict[str, float] = super().evaluate(*given, **named)
        return found

    def _save_rng_state(self, output_dir: str) -> None:
        super()._save_rng_state(output_dir)
        if self._training is not None:
            parts = {f"part{place}": part.contiguous().cpu() for place, part in enumerate(self._training)}
            save_file(parts, self._carried(output_dir))

    def _load_rng_state(self, checkpoint: str | None) -> None:
        super()._load_rng_state(checkpoint)
        if checkpoint is not None and self._carried(checkpoint).is_file():
            parts = load_file(self._carried(checkpoint), device=str(self.args.device))
            self._training = tuple(parts[f"part{place}"] for place in range(len(parts)))

    def _carried(self, checkpoint: str) -> Path:
        """Return where the state of this process is: each has streams of its own."""
        return Path(checkpoint) / f"carried_state_{self.args.process_index}.safetensors"
