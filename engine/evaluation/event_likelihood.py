"""How likely a torch network over events holds music: nats of answers, of whole songs, and of steps (METRICS 2).

Does not know where music or networks come from. Padding never counts: sequences are read one by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import PreTrainedModel

from engine.music.part_tasks import Example

Onsets = NDArray[np.int64]


def nats_of_ids(network: PreTrainedModel, ids: Sequence[int], onsets: Onsets | None = None) -> NDArray[np.float64]:
    """Return the nats of every id but the first, given those before it (T - 1,).

    onsets: the grid steps of the ids, for networks that are told them.
    """
    told: dict[str, Any] = {}
    if onsets is not None and network.config.model_type == "transformer_xl_events":
        told["onsets"] = torch.from_numpy(onsets)[None].to(network.device)
    inputs = torch.tensor([list(ids)], device=network.device)
    with torch.inference_mode():
        logits = network(input_ids=inputs, **told).logits[0, :-1].float()  # (T - 1, V)
        costs = torch.nn.functional.cross_entropy(logits, inputs[0, 1:], reduction="none")
    nats: NDArray[np.float64] = costs.double().cpu().numpy()
    return nats


def nats_of_answers(network: PreTrainedModel, examples: Sequence[Example]) -> dict[str, float]:
    """Return the mean nats per id of answers, their number and that of the ids; NaN without examples."""
    network.eval()
    costs = [nats_of_ids(network, example.ids)[len(example.prompt) - 1 :] for example in examples]
    every = np.concatenate(costs) if costs else np.zeros(0)
    return {
        "nats_per_id": float(every.mean()) if len(every) else float("nan"),
        "examples": len(examples),
        "ids": len(every),
    }
