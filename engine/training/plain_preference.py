"""Tuning of a model of plain songs on a snapshot of ratings: from GPT-2, Llama or their like to a candidate. Knows no store.

The objectives, limits and log are those of `preference`. What is otherwise: takes are learned as plain songs, whichever
model wrote them, and there is no judge, for it tells apart lines that are written to a plan. The candidate is a checkpoint as
`hf_causal` writes its own, whole, with LoRA merged into it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from transformers import PreTrainedTokenizerFast

from engine.checkpoint import MANIFEST, open_checkpoint
from engine.corpus.snapshots import Snapshot
from engine.errors import RequestError
from engine.lyrics.hf_causal import FAMILY
from engine.lyrics.text_models import family_of
from engine.training.base_models import BaseModel, digest_of, open_base
from engine.training.begun_runs import RUN, begin_or_go_on
from engine.training.checkpoints import written_once
from engine.training.hf_causal import open_to_train, write_hf_causal
from engine.training.preference import FEWEST_ROWS, SMALL, Tuning, rated_rows, shape_of, shown_in_turn
from engine.training.preference_run import RunShape, Tuned, tune_rows
from engine.training.rated_plain_songs import RatedPlainSongs
from engine.training.rated_rows import counts, evened

ROWS_AT_ONCE = 4  # of models above SMALL: the logits of their large vocabularies take most of the memory
SOURCE = "every rated song whose words a model wrote, whichever model that was"


def tune_plain(tuning: Tuning, snapshot: Snapshot, report: Callable[[str], None] = print) -> Path:
    """Tune a model of plain songs on the train split of a snapshot and write `out/checkpoint`; return its path.

    The checkpoint is the best on the valid split. With `resume`, a run that is there goes on, and one that has ended is
    left as it is. RequestError where the parent is of a family that is not tuned, where the snapshot says of too few songs
    whether they were liked, or where the run was begun otherwise.
    """
    began = time.monotonic()
    done = tuning.out / "checkpoint"
    if tuning.resume and done.exists():
        return open_checkpoint(done).directory
    _refuse(tuning)
    base = open_base(str(tuning.parent), report)
    model = open_to_train(base)
    shape = plain_shape(tuning, model.num_parameters())
    digest = digest_of(base.directory)
    begin_or_go_on(tuning.out, _facts(tuning, digest, snapshot, shape), resume=tuning.resume)
    encode = RatedPlainSongs(base.tokenizer, base.context_length).encode
    train, valid = (evened(rated_rows(snapshot, split, tuning.objective, encode)) for split in ("train", "valid"))
    if len(train) < FEWEST_ROWS:
        raise RequestError(
            f"the snapshot says of {len(train)} songs or pairs whose words a model wrote whether they were liked, and tuning by "
            f"{tuning.objective} needs {FEWEST_ROWS} at least; wait for more ratings, or name another --objective"
        )
    report(
        f"{model.num_parameters()} parameters, {_method(shape)}; {len(train)} rows to learn from, {len(valid)} to choose by: "
        f"{SOURCE}"
    )
    shown = shown_in_turn(train, shape.steps * shape.batch_rows, shape.seed)
    tuned = tune_rows(
        model, shown, valid, tuning.out / RUN, tuning.objective, shape, _tokenizer(base), resume=tuning.resume, report=report
    )  # fmt: skip
    card = _card(tuning, base, snapshot, shape, tuned) | {
        "parent": {"name": base.name, "digest": digest, "type": base.config.model_type},
        "rows": {"train": counts(train), "valid": counts(valid)},
        "seconds": round(time.monotonic() - began),
    }
    return written_once(lambda: _write(base, tuned.model, done, card), tuning.out)


def plain_shape(tuning: Tuning, parameters: int) -> RunShape:
    """Return how the run goes: as that of the planned model, LoRA above SMALL, and there a few rows at once."""
    method = tuning.method or ("full" if parameters <= SMALL else "lora")
    shape = shape_of(tuning, method)
    return shape if parameters <= SMALL else replace(shape, rows_at_once=ROWS_AT_ONCE)


def _method(shape: RunShape) -> str:
    return "lora" if shape.lora_rank else "full"


def _refuse(tuning: Tuning) -> None:
    family = family_of(tuning.parent)
    if family != FAMILY:
        raise RequestError(
            f"{tuning.parent} is of the family {family}, which is not tuned on ratings; those that are: the models that songs "
            f"are made with, and {FAMILY}"
        )
    if tuning.adapter:
        raise RequestError(
            f"an adapter lies upon a model that songs are made with, and {tuning.parent} writes plain songs; leave --adapter "
            "away: the candidate is a whole model"
        )
    if tuning.judged:
        raise RequestError(
            f"--judged must be 0 for a model of plain songs, got {tuning.judged}: a judge tells apart lines that are written "
            "to a plan; leave it away"
        )


def _tokenizer(base: BaseModel) -> PreTrainedTokenizerFast:
    """Return what the trainer keeps beside its checkpoints; rows are ids already, so it reads nothing."""
    from tokenizers import Tokenizer

    tokens = Tokenizer.from_str(base.tokenizer_json.decode())
    end = tokens.id_to_token(base.tokenizer.end_id)
    return PreTrainedTokenizerFast(tokenizer_object=tokens, eos_token=end, pad_token=end)


def _facts(tuning: Tuning, digest: str, snapshot: Snapshot, shape: RunShape) -> dict[str, Any]:
    """Return what another run would have otherwise."""
    return {
        "command": "finetune lyrics",
        "from": {"path": str(tuning.parent), "sha256": digest},
        "snapshot": {"path": str(snapshot.directory), "sha256": snapshot.digest},
        "objective": tuning.objective, "method": _method(shape), "steps": shape.steps, "rate": shape.rate, "seed": shape.seed,
    }  # fmt: skip


def _card(tuning: Tuning, base: BaseModel, snapshot: Snapshot, shape: RunShape, tuned: Tuned) -> dict[str, Any]:
    is_ours = (base.directory / MANIFEST).is_file()
    kept = open_checkpoint(base.directory).card if is_ours else {}
    return {
        **({"licence": kept["licence"]} if "licence" in kept else {}),
        "kind": "plain songs",
        "name": "plain songs tuned on ratings",
        "snapshot": snapshot.digest,
        "snapshot_day": snapshot.day.isoformat(),
        "consent": snapshot.rules.consent,
        "learned_from": SOURCE,
        "objective": tuning.objective,
        "method": _method(shape),
        "options": asdict(shape),
        "seed": shape.seed,
        "step": tuned.step,
        "kl_per_id": round(tuned.kl, 5),
        "ended": tuned.ended,
    }


def _write(base: BaseModel, model: Any, out: Path, card: dict[str, Any]) -> Path:
    """Write the candidate with its parent's marks, which the trainer set to its own.

    Weights are float32, or float16 where the parent's are; not where they are bfloat16, for what a model computes with those
    may be too large for float16.
    """
    for name in ("bos_token_id", "eos_token_id", "pad_token_id"):
        setattr(model.config, name, getattr(base.config, name, None))
    is_half = str(getattr(base.config, "dtype", None)).removeprefix("torch.") == "float16"
    return write_hf_causal(model, base, out, card, dtype=np.float16 if is_half else np.float32)
