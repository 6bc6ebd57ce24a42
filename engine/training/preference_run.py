"""One run of tuning: a trainer over rated rows with log, limits, whole checkpoints and resuming. Does not know takes or cards."""

from __future__ import annotations

import copy
import math
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, cast

import torch
from transformers import PreTrainedTokenizerBase, PrinterCallback, TrainerCallback

from engine.adapters import LowRank
from engine.errors import Cancelled, RequestError
from engine.training.checkpoints import WholeCheckpoints, checkpoints_of, fault_of, last_whole, step_of
from engine.training.interruption import Interruption
from engine.training.loss_plot import PLOT, draw_losses
from engine.training.optimizer import adamw, rate_factor
from engine.training.preference_trainers import TRAINERS, Objective, as_dataset, kl_per_id, log_probabilities, rows_of
from engine.training.processes import largest, process_count
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
    lora_rank: 0 trains all weights. rows_at_once: of an update, that a process computes together; fewer save memory and
    change nothing else, None is all.
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
    rows_at_once: int | None = None


@dataclass(frozen=True)
class Tuned:
    """model: with the weights of the best checkpoint on valid. step: of it. kl: its nats per chosen id from the parent.

    ended: why the run ended, "steps", "kl" or "minutes". lora: what it added to which matrix of the model, which has it in
    its weights; empty where all weights were trained.
    """

    model: Any
    step: int
    kl: float
    ended: str
    lora: Mapping[str, LowRank] = field(default_factory=dict)


class WithoutLora:
    """The model as it was before LoRA was put beside its weights, without a second copy of them in memory."""

    def __init__(self, adapted: Any) -> None:
        self._adapted = adapted.eval()

    def __call__(self, **inputs: torch.Tensor) -> Any:
        with self._adapted.disable_adapter():
            return self._adapted(**inputs)

    def parameters(self) -> Any:
        """Return the weights, which lie where the inputs must be."""
        return self._adapted.parameters()


class Limits(TrainerCallback):
    """Ends a run that goes too far from its parent, or takes too long. A step beyond the limit is never kept.

    Of several processes all end at the same step.
    """

    def __init__(
        self, measure: Callable[[Any], float], shape: RunShape, log: RunLog | None, *, has_valid: bool
    ) -> None:
        self._measure, self._shape, self._log, self._has_valid = measure, shape, log, has_valid
        self._began = time.monotonic()
        self.ended, self.kls = "steps", dict[int, float]()

    def on_step_end(self, args: Any, state: Any, control: Any, model: Any = None, **_: Any) -> None:
        minutes = self._shape.minutes
        if minutes is not None and largest(time.monotonic() - self._began, args.device) > 60 * minutes:
            self.ended = "minutes"
            control.should_evaluate = control.should_save = control.should_training_stop = True
        if not control.should_evaluate and not control.should_save:
            return
        self.kls[state.global_step] = kl = largest(self._measure(model), args.device)
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
    model.config.use_cache = False
    trainer_class, config_class, collate = TRAINERS[objective]
    arguments = config_class(**_arguments(out, objective, shape, has_valid=bool(valid)))
    trained, reference = _trained_and_reference(model.to(arguments.device), shape)
    is_first = arguments.process_index == 0
    log = RunLog(out / LOG, report, step_of(checkpoint) if checkpoint else 0) if is_first else None
    watched = [row for rated in (valid or rows)[:WATCHED_ROWS] for row in rows_of(rated)]
    limits = Limits(partial(_measured, reference=reference, rows=watched), shape, log, has_valid=bool(valid))
    interruption = Interruption(report if is_first else lambda text: None)
    callbacks: list[TrainerCallback] = [Rhythm(shape.every, shape.every), limits, interruption]
    if log is not None:
        shows = cast("Any", report) if hasattr(report, "show") else None
        callbacks[:0] = [StepProgress(shows, shape.batch_rows * len(watched[0].ids)), Log(out, log)]
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
    trainer.accelerator.wait_for_everyone()  # the first process may yet be writing
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
    lora: dict[str, LowRank] = {}
    if shape.lora_rank:
        from engine.training.adaptation import low_rank_parts

        lora = low_rank_parts(model)
        model = model.merge_and_unload()
    return Tuned(model.eval(), step_of(chosen), limits.kls.get(step_of(chosen), math.nan), limits.ended, lora)


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
        shutil.rmtree(path, ignore_errors=True)  # as every process does
    report("no step was kept yet, so the run begins at the beginning")
    return None


def _trained_and_reference(model: Any, shape: RunShape) -> tuple[Any, Any]:
    """Return what learns, and the model as it is given: a frozen copy, or the same without its LoRA."""
    from engine.training.adaptation import with_lora

    if not shape.lora_rank:
        return model, copy.deepcopy(model).eval().requires_grad_(False)
    adapted = with_lora(model, rank=shape.lora_rank, frozen_layers=0, seed=shape.seed)
    return adapted, WithoutLora(adapted)


def _arguments(out: Path, objective: Objective, shape: RunShape, *, has_valid: bool) -> dict[str, Any]:
    has_cuda = torch.cuda.is_available()
    rows = max(2, shape.batch_rows // process_count())
    parts = -(-rows // (shape.rows_at_once or rows))
    given: dict[str, Any] = {
        "output_dir": str(out),
        "max_steps": shape.steps,
        "per_device_train_batch_size": rows // parts,
        "gradient_accumulation_steps": parts,
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
        "log_level_replica": "passive",  # the other processes say no more than the first
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
