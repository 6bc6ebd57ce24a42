"""What tuning writes: a whole candidate with its parent's files, or an adapter beside its parent. Does not know training."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from engine.adapters import write_adapter
from engine.checkpoint import CONFIG, MANIFEST, TOKENIZER, WEIGHTS, Checkpoint, write_checkpoint
from engine.training.adaptation import ALPHA_PER_RANK
from engine.training.loss_plot import PLOT
from engine.training.preference_run import Tuned


def write_whole(parent: Checkpoint, tuned: Tuned, out: Path, card: dict[str, Any]) -> Path:
    """Write the candidate: its parent's files, and weights in half precision under its parent's names."""
    state = tuned.model.state_dict()
    weights = {name: state[name].detach().cpu().half().numpy() for name in parent.read_weights() if name in state}
    beside = [path for path in sorted(parent.directory.iterdir()) if path.is_file()]
    files = parent_files(parent)
    more = {path.name: path.read_bytes() for path in beside if path.name in files}
    tokenizer = parent.tokenizer_file.read_bytes() if parent.tokenizer_file else None
    config = {**parent.config, "dtype": "float16"}
    return write_checkpoint(out, weights, config, tokenizer, card, family=parent.family, more_files=more).directory


def write_beside(parent: Checkpoint, tuned: Tuned, out: Path, card: dict[str, Any]) -> Path:
    """Write the candidate as an adapter: what LoRA learned and nothing of its parent, with which it is opened."""
    numbers = sum(part.a.size + part.b.size for part in tuned.lora.values())
    card = {**card, "name": f"adapter: {card['name']}", "base": parent.digest, "adapter_parameters": numbers}
    return write_adapter(out, tuned.lora, parent, card, scale=ALPHA_PER_RANK).directory


def parent_files(parent: Checkpoint) -> frozenset[str]:
    """Return the names of what belongs to a parent beside its weights: words, associations, memory. Not its loss curve."""
    sums = json.loads((parent.directory / MANIFEST).read_bytes())["sha256"]
    return frozenset(sums) - {WEIGHTS, CONFIG, TOKENIZER, PLOT}
