"""One run of tuning: a trainer over rated rows with log, limits, whole checkpoints and resuming. Does not know takes or cards."""

from __future__ import annotations

import copy
import math
import os
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, cast

import torch
from transformers import PreTrainedTokenizerBase, PrinterCallback, TrainerCallback

from engine.errors import Cancelled, RequestError
from engine.training.checkpoints import WholeCheckpoints, checkpoints_of, fault_of, last_whole, step_of
from engine.training.interruption import Interruption
from engine.training.loss_plot import PLOT, draw_losses
from engine.training.optimizer import adamw, rate_factor
from engine.training.preference_trainers import TRAINERS, Objective, as_dataset, kl_per_id, log_probabilities, rows_of
from engine.training.progress import StepProgress
from engine.training.rated_rows import Liked, Preferred, Row
from engine.training.run_log import LOG, RunLog
from engine.training.trainer import RestoredLoss, Rhythm

Rated = Sequence[Liked] | Sequence[Preferred]
Report = Callable[[str], None]
WATCHED_ROWS = 64  # in which the divergence from the parent is measured


@dataclass(frozen=True)
class RunShape:
    """steps: updates of `batch_rows` rows (pairs count as one). every: steps between validations. rate: of learning.

    beta: how strongly KTO and DPO hold to the parent. kl_limit: nats per chosen id by which the model may differ from its
    parent; the run ends before it. minutes: after which the run ends, counted anew where it goes on; None is never.
    lora_rank: 0 trains all weights.
    """

    steps: int
    batch_rows: int
    every: int
    rate: float
    beta: float
    kl_limit: float
    minutes: float | None = None
    lora_rank: int = 0
    threads: int = 2
    seed: int = 0


@dataclass(frozen=True)
class Tuned:
    """model: with the weights of the best checkpoint on valid. step: of it. kl: its nats per chosen id from the parent.

    ended: why the run ended, "steps", "kl" or "minutes".
    """

    model: Any
    step: int
    kl: float
    ended: str


class Limits(TrainerCallback):
    """Ends a run that goes too far from its parent, or takes too long. A step beyond the limit is never kept."""

    def __init__(
        self, measure: Callable[[Any], float], shape: RunShape, log: RunLog | None, *, has_valid: bool
    ) -> None:
        self._measure, self._shape, self._log, self._has_valid = measure, shape, log, has_valid
        self._began = time.monotonic()
        self.ended, self.kls = "steps", dict[int, float]()

    def on_step_end(self, args: Any, state: Any, control: Any, model: Any = None, **_: Any) -> None:
        if self._shape.minutes is not None and time.monotonic() - self._began > 60 * self._shape.minutes:
            self.ended = "minutes"
            control.should_evaluate = control.should_save = control.should_training_stop = True
        if not control.should_evaluate and not control.should_save:
            return
        self.kls[state.global_step] = kl = self._measure(model)
        if self._log is not None:
            self._log.add(state.global_step, {"kl_per_id": round(kl, 5)})
        if not kl <= self._shape.kl_limit:  # nan as well
            self.ended = "kl"
            control.should_evaluate = control.should_save = False
            control.should_training_stop = True
        control.should_evaluate = control.should_evaluate and self._has_valid


class Log(TrainerCallback):
    """Writes down what the trainer tells: losses, rewards, KTO's own divergence, rates and tokens."""

    def __init__(self, out: Path, log: RunLog) -> None:
        self._out, self._log = out, log

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self._log.add(state.global_step, {"steps": state.max_steps})

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any] | None = None, **_: Any) -> None:
        self._log.add(state.global_step, {k: v for k, v in (logs or {}).items() if k != "epoch"})

    def on_train_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if self._log.curve("loss"):
            draw_losses(self._out / PLOT, self._log.curve("loss"), self._log.curve("eval_loss"), bytes_per_id=None)


def tune_rows(
    model: Any,
    rows: Rated,
    valid: Rated,
    out: Path,
    objective: Objective,
    shape: RunShape,
    tokenizer: PreTrainedTokenizerBase,
    *,
    resume: bool,
    report: Report,
) -> Tuned:
    """Tune a model on rows in their order, keep what is best on `valid`, and return it.

    The model as it is given is the reference. Without `valid` the last step within the limits is kept. RequestError
    where the very first steps go beyond `kl_limit`, Cancelled after Ctrl-C.
    """
    torch.set_num_threads(shape.threads)
    torch.manual_seed(shape.seed)
    out.mkdir(parents=True, exist_ok=True)
    checkpoint = _to_go_on_from(out, report) if resume else None
    reference = copy.deepcopy(model).eval().requires_grad_(False)
    model.config.use_cache = False
    trainer_class, config_class, collate = TRAINERS[objective]
    arguments = config_class(**_arguments(out, objective, shape, has_valid=bool(valid)))
    is_first = arguments.process_index == 0
    log = RunLog(out / LOG, report, step_of(checkpoint) if checkpoint else 0) if is_first else None
    watched = [row for rated in (valid or rows)[:WATCHED_ROWS] for row in rows_of(rated)]
    limits = Limits(partial(_measured, reference=reference, rows=watched), shape, log, has_valid=bool(valid))
    interruption = Interruption(report if is_first else lambda text: None)
    callbacks: list[TrainerCallback] = [Rhythm(shape.every, shape.every), limits, interruption]
    if log is not None:
        shows = cast("Any", report) if hasattr(report, "show") else None
        callbacks[:0] = [StepProgress(shows, shape.batch_rows * len(watched[0].ids)), Log(out, log)]
    trained = _with_lora(model, shape) if shape.lora_rank else model
    optimizer = adamw(trained, rate=shape.rate, weight_decay=0.0)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, partial(rate_factor, steps=shape.steps, warmup=0.1, decay=0.3)
    )
    known = (
        {}
        if objective == "sft"
        else log_probabilities(reference, (r for rated in [*rows, *valid] for r in rows_of(rated)))
    )
    closing = type("ClosingTrainer", (WholeCheckpoints, trainer_class), {})
    trainer = closing(
        model=trained, args=arguments, data_collator=collate, train_dataset=as_dataset(rows, known),
        eval_dataset=as_dataset(valid, known) if valid else None, processing_class=tokenizer, callbacks=callbacks,
        optimizers=(optimizer, schedule),
    )  # fmt: skip
    trainer.remove_callback(PrinterCallback)
    if checkpoint is not None:
        trainer.add_callback(RestoredLoss(trainer, checkpoint))
    with interruption:
        trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    if interruption.stopped_at is not None and interruption.stopped_at < shape.steps:
        raise Cancelled(
            f"stopped at step {interruption.stopped_at} of {shape.steps}; the same command with --resume goes on"
        )
    return _finished(trainer, out, limits, shape)


def _finished(trainer: Any, out: Path, limits: Limits, shape: RunShape) -> Tuned:
    """Return the best of what was kept; RequestError where nothing was."""
    whole = [path for path in checkpoints_of(out) if fault_of(path) is None]
    if not whole:
        raise RequestError(
            f"the model went further than {shape.kl_limit:g} nats per id from its parent before it was validated once; "
            "take a smaller --rate"
        )
    step = trainer.state.best_global_step
    if step is None:
        step = step_of(whole[0])
    chosen = next((path for path in whole if step_of(path) == step), whole[0])
    if trainer.state.best_global_step is None or trainer.state.best_model_checkpoint is None:
        trainer._load_from_checkpoint(str(chosen))
    model = trainer.accelerator.unwrap_model(trainer.model)
    if shape.lora_rank:
        model = model.merge_and_unload()
    return Tuned(model.eval(), step_of(chosen), limits.kls.get(step_of(chosen), math.nan), limits.ended)


def _measured(model: Any, *, reference: Any, rows: Sequence[Row]) -> float:
    was_training = model.training
    model.eval()
    kl = kl_per_id(model, reference, rows)
    model.train(was_training)
    return kl


def _to_go_on_from(out: Path, report: Report) -> Path | None:
    """Return the last whole checkpoint; None, with what was half written removed, where the run was killed before any."""
    if any(fault_of(path) is None for path in checkpoints_of(out)):
        return last_whole(out, report)
    for path in checkpoints_of(out):
        shutil.rmtree(path)
    report("no step was kept yet, so the run begins at the beginning")
    return None


def _with_lora(model: Any, shape: RunShape) -> Any:
    from engine.training.adaptation import with_lora

    return with_lora(model, rank=shape.lora_rank, frozen_layers=0, seed=shape.seed)


def _arguments(out: Path, objective: Objective, shape: RunShape, *, has_valid: bool) -> dict[str, Any]:
    has_cuda = torch.cuda.is_available()
    processes = int(os.environ.get("WORLD_SIZE", "1"))  # as torchrun tells each of them
    given: dict[str, Any] = {
        "output_dir": str(out),
        "max_steps": shape.steps,
        "per_device_train_batch_size": max(2, shape.batch_rows // processes),
        "per_device_eval_batch_size": 8,
        "train_sampling_strategy": "sequential",
        "use_cpu": not has_cuda,
        "bf16": True,
        "ddp_backend": "gloo" if torch.distributed.is_torchelastic_launched() and not has_cuda else None,
        "logging_steps": max(1, shape.every // 2),
        "logging_nan_inf_filter": False,
        "eval_strategy": "steps" if has_valid else "no",
        "eval_steps": shape.every,
        "save_steps": shape.every,
        "save_total_limit": 2,
        "load_best_model_at_end": has_valid,
        "report_to": [],
        "disable_tqdm": True,
        "seed": shape.seed,
        "dataloader_pin_memory": False,
        "remove_unused_columns": False,
        "activation_checkpointing": False,
    }
    if has_valid:
        given |= {"metric_for_best_model": "eval_loss", "greater_is_better": False}
    if objective != "sft":
        given |= {"beta": shape.beta, "max_length": None, "precompute_ref_log_probs": True}
    if objective == "kto":
        given |= {"loss_type": "apo_zero_unpaired"}
    return given
