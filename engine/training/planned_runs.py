"""One run of a planned lyric model, English or Chinese: from its shards to weights and a card. Does not know languages."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from transformers import PreTrainedModel

from engine.corpus.plain_texts import shown_texts
from engine.corpus.shards import RowDataset, Shard
from engine.training.begun_runs import RUN
from engine.training.planned_samples import PlannedForm, bytes_per_id, sampler, training_lines
from engine.training.run_options import RunOptions
from engine.training.trainer import TrainingOptions, train_causal

PREPARED, FINAL, CARD = "prepared", "final", "training.json"


@dataclass(frozen=True)
class RowShape:
    """ids: of a row. batch_rows: of an update. valid_texts: held out to measure with. late_share: see `RowDataset`."""

    ids: int
    batch_rows: int
    valid_texts: int
    late_share: float


class ValidRows:
    """Whole texts of a shard that are shown at least half a time per pass, padded to a row; labels as in training.

    texts: their ids as far as they fit, uint16 (T,). learned: bool (T,).
    """

    def __init__(self, shard: Shard, *, texts: int, length: int, seed: int = 5) -> None:
        usual = np.flatnonzero(shard.weights[:, 0] >= 0.5)
        chosen = [int(i) for i in np.random.default_rng(seed).permutation(usual)[:texts]]
        self.texts = [shard.text_ids(i)[:length] for i in chosen]
        self.learned = [shard.learned[shard.starts[i] : shard.starts[i + 1]][:length] for i in chosen]
        self._length = length

    def __len__(self) -> int:
        return len(self.texts)

    def __getitem__(self, index: int) -> dict[str, np.ndarray]:
        ids, learned = self.texts[index].astype(np.int64), self.learned[index]
        row = {"input_ids": np.zeros(self._length, np.int64), "labels": np.full(self._length, -100, np.int64)}
        row["input_ids"][: len(ids)] = ids
        row["labels"][: len(ids)] = np.where(learned, ids, -100)
        return row


def learn(
    model: PreTrainedModel,
    train: Shard,
    valid: Shard,
    out: Path,
    *,
    form: PlannedForm,
    shape: RowShape,
    run: RunOptions,
    rates: dict[str, Any],
    report: Callable[[str], None],
) -> dict[str, Any]:
    """Train in `out/run`, write the weights to `out/run/final` and return the facts of the run for its card.

    rates: fields of `TrainingOptions` that say how fast is learned.
    """
    options = TrainingOptions(**asdict(run), batch_rows=shape.batch_rows, **rates)
    count = run.steps * shape.batch_rows
    rows = RowDataset(train, rows=count, length=shape.ids, seed=run.seed, late_share=shape.late_share)
    valid_rows = ValidRows(valid, texts=shape.valid_texts, length=shape.ids)
    start = time.monotonic()
    train_causal(
        model, rows, valid_rows, out / RUN, options, report=report,
        sample=sampler(valid_rows.texts, form) if len(valid_rows) else None,
        bytes_per_id=bytes_per_id(valid_rows.texts, valid_rows.learned, form),
        training_lines=lambda: training_lines([train.text_ids(int(i)) for i in shown_texts(train)], form),
    )  # fmt: skip
    model.save_pretrained(out / RUN / FINAL)
    return {
        "parameters": model.num_parameters(),
        "options": asdict(options),
        "row_ids": shape.ids,
        "tokens_seen": count * shape.ids,
        "seconds": round(time.monotonic() - start),
    }


def write_card(out: Path, facts: dict[str, Any]) -> None:
    """Write what is known of a run beside its weights."""
    (out / RUN / CARD).write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
