"""The three objectives by which ratings are learned, over rows of ids: KTO and DPO of TRL, and plain weighted training.

TRL is fed ids instead of text, with a mask of those that the model chose: what was given is read, never learned. Does not
know takes, songs or checkpoints.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import torch
from transformers import Trainer, TrainingArguments
from trl import DPOConfig, DPOTrainer, KTOConfig, KTOTrainer

from engine.training.rated_rows import Liked, Preferred, Row

Objective = Literal["kto", "dpo", "sft"]
OBJECTIVES: tuple[Objective, ...] = ("kto", "dpo", "sft")
Batch = dict[str, torch.Tensor]
PAD = 0  # an id; padding is neither read nor learned


def padded(rows: Sequence[Row]) -> Batch:
    """Return rows as tensors (B, T): ids, which of them are there, and which of them the model chose."""
    longest = max(len(row.ids) for row in rows)
    ids = torch.full((len(rows), longest), PAD)
    there, chosen = torch.zeros_like(ids), torch.zeros_like(ids)
    for place, row in enumerate(rows):
        length = len(row.ids)
        ids[place, :length] = torch.tensor(row.ids)
        there[place, :length] = 1
        chosen[place, :length] = torch.tensor(row.learned, dtype=torch.int64)
    return {"input_ids": ids, "attention_mask": there, "completion_mask": chosen}


def liked_batch(parts: Sequence[dict[str, Any]]) -> Batch:
    """Return what KTO learns from a batch of liked and other rows."""
    return {
        **padded([_row(part) for part in parts]),
        "label": torch.tensor([part["label"] for part in parts]),
        "ref_logps": torch.tensor([part["reference"] for part in parts]),
    }


def pairs_batch(parts: Sequence[dict[str, Any]]) -> Batch:
    """Return what DPO learns from: all chosen rows, then all rejected ones."""
    return {
        **padded([_row(part) for part in parts] + [_row(part, "rejected_") for part in parts]),
        "ref_chosen_logps": torch.tensor([part["reference"] for part in parts]),
        "ref_rejected_logps": torch.tensor([part["rejected_reference"] for part in parts]),
    }


def plain_batch(parts: Sequence[dict[str, Any]]) -> Batch:
    """Return rows to be learned as they are."""
    batch = padded([_row(part) for part in parts])
    chosen = batch.pop("completion_mask")
    return {**batch, "labels": batch["input_ids"].masked_fill(chosen == 0, -100)}


def _row(part: dict[str, Any], prefix: str = "") -> Row:
    return Row(tuple(part[f"{prefix}ids"]), tuple(part[f"{prefix}learned"]), part[f"{prefix}prompt"])


def as_dataset(rows: Sequence[Liked] | Sequence[Preferred], known: Mapping[Row, float]) -> Any:
    """Return rows as TRL takes them, a `datasets.Dataset` in memory, in their order. known: see `log_probabilities`."""
    from datasets import Dataset

    return Dataset.from_list([_part(row, known) for row in rows])


def _part(rated: Liked | Preferred, known: Mapping[Row, float]) -> dict[str, Any]:
    if isinstance(rated, Liked):
        return {**_fields(rated.row, known), "label": rated.liked}
    rejected = {f"rejected_{name}": value for name, value in _fields(rated.rejected, known).items()}
    return {**_fields(rated.chosen, known), **rejected}


def _fields(row: Row, known: Mapping[Row, float]) -> dict[str, Any]:
    return {**vars(row), "reference": known.get(row, 0.0)}


def rows_of(rated: Liked | Preferred) -> list[Row]:
    """Return the row that was liked or not, or both of a pair."""
    return [rated.row] if isinstance(rated, Liked) else [rated.chosen, rated.rejected]


class _OfIds:
    """What is otherwise here than in TRL.

    Rows are ids already, with what the parent makes of them; nothing is told to anybody, and no card is written.
    """

    def _prepare_dataset(self, dataset: Any, *_: Any) -> Any:
        return dataset

    def _precompute_ref_logps(self, dataset: Any, *_: Any) -> Any:
        return dataset  # has them, each row's once, where TRL would work them out each time that it is shown

    def _send_telemetry(self) -> None:
        """Tell nobody."""

    def create_model_card(self, *_: Any, **__: Any) -> None:
        """Write none: the candidate has its own."""


class IdsKTOTrainer(_OfIds, KTOTrainer):
    """KTO over rows of ids.

    Its point of reference is 0, TRL's `apo_zero_unpaired`: estimated from mismatched rows as in the paper it was 0.0 at
    every step of a run of the starter, for half of what a step costs.
    """


class IdsDPOTrainer(_OfIds, DPOTrainer):
    """DPO over rows of ids."""


TRAINERS: dict[Objective, tuple[type[Trainer], type[TrainingArguments], Any]] = {
    "kto": (IdsKTOTrainer, KTOConfig, liked_batch),
    "dpo": (IdsDPOTrainer, DPOConfig, pairs_batch),
    "sft": (Trainer, TrainingArguments, plain_batch),
}


def log_probabilities(model: Any, rows: Iterable[Row], at_once: int = 8) -> dict[Row, float]:
    """Return the log probability of the chosen ids of each different row, in nats."""
    found: dict[Row, float] = {}
    different = list(dict.fromkeys(rows))
    for first in range(0, len(different), at_once):
        some = different[first : first + at_once]
        inputs, ids, chosen = _inputs(model, some)
        with torch.no_grad():
            odds = torch.log_softmax(model(**inputs).logits[:, :-1].float(), -1)  # (B, T - 1, V)
        nats = odds.gather(2, ids[:, 1:, None])[..., 0] * chosen
        found.update(zip(some, nats.double().sum(1).tolist(), strict=True))
    return found


def kl_per_id(model: Any, reference: Any, rows: Sequence[Row], at_once: int = 8) -> float:
    """Return by how many nats per chosen id the model's odds differ from those of the reference; NaN without rows.

    The divergence over the whole vocabulary at each place of rows that people rated, not an estimate from samples.
    """
    nats, count = 0.0, 0
    for first in range(0, len(rows), at_once):
        inputs, _, chosen = _inputs(model, rows[first : first + at_once])
        with torch.no_grad():
            new = torch.log_softmax(model(**inputs).logits[:, :-1][chosen].float(), -1)  # (ids that count, V)
            old = torch.log_softmax(reference(**inputs).logits[:, :-1][chosen].float(), -1)
        nats += float((new.exp() * (new - old)).sum())
        count += int(chosen.sum())
    return nats / count if count else float("nan")


def _inputs(model: Any, rows: Sequence[Row]) -> tuple[Batch, torch.Tensor, torch.Tensor]:
    """Return what a model reads, the ids (B, T), and which of those from the second on were chosen: bool (B, T - 1)."""
    device = next(model.parameters()).device
    batch = {name: part.to(device) for name, part in padded(rows).items()}
    chosen = batch.pop("completion_mask")[:, 1:].bool()
    return batch, batch["input_ids"], chosen
