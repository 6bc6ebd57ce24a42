"""The one training loop: `transformers.Trainer` over rows of ids, with log, plot, samples, alarms and whole checkpoints.

Does not know what the ids mean.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal, cast

import torch
from transformers import PreTrainedModel, PrinterCallback, Trainer, TrainerCallback, TrainingArguments

from engine.errors import Cancelled, OutputError, RequestError
from engine.training.checkpoints import WholeCheckpoints, last_whole, refuse_begun, step_of
from engine.training.interruption import Interruption
from engine.training.loss_plot import PLOT, draw_losses
from engine.training.optimizer import MuonWithAdamW, adamw, one_cycle_factor, rate_factor
from engine.training.overfitting import Lines, OverfittingWatch
from engine.training.progress import StepProgress
from engine.training.run_log import LOG, RunLog
from engine.training.samples import SAMPLES, SampleFile

Sample = Callable[[PreTrainedModel, int], str | None]


@dataclass(frozen=True)
class TrainingOptions:
    """steps: optimizer updates. batch_rows: rows per update. every: steps between validations.

    muon_rate: for the hidden matrices. adamw_rate: for embeddings and gains. warmup, decay: shares of `steps`.
    accumulate: parts in which the rows of an update are computed; saves memory and changes nothing else. sample_every,
    save_every: steps between samples and between checkpoints; as `every` by default. optimizer: "muon" for models from
    scratch; "adamw", all weights at adamw_rate, for those that have learned already. gradient_norm: to which longer
    gradients are cut. schedule: of the rates: "flat" between warmup and decay, or "one-cycle", which needs no decay.
    """

    steps: int
    batch_rows: int
    every: int = 100
    muon_rate: float = 3e-3
    adamw_rate: float = 2e-3
    weight_decay: float = 0.05
    warmup: float = 0.03
    decay: float = 0.35
    threads: int = 2
    seed: int = 0
    bf16: bool = True
    patience: int | None = None
    resume: bool = False
    accumulate: int = 1
    fp16: bool = False
    gradient_checkpointing: bool = False
    sample_every: int | None = None
    save_every: int | None = None
    optimizer: Literal["muon", "adamw"] = "muon"
    gradient_norm: float = 1.0
    schedule: Literal["flat", "one-cycle"] = "flat"


class Rhythm(TrainerCallback):
    """When a run validates and saves: every so many steps, at the end, and wherever it is better than ever."""

    def __init__(self, every: int, save_every: int) -> None:
        self._every, self._save_every = every, save_every

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        best = Path(args.output_dir) / f"checkpoint-{state.best_global_step}"
        if state.best_model_checkpoint is not None and best.is_dir():
            state.best_model_checkpoint = str(best)  # the folder may have moved since it was written down

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        is_last = state.global_step >= state.max_steps
        control.should_evaluate = is_last or state.global_step % self._every == 0
        control.should_save = is_last or state.global_step % self._save_every == 0

    def on_evaluate(self, args: Any, state: Any, control: Any, metrics: Any = None, **_: Any) -> None:
        if not math.isfinite(metrics["eval_loss"]):
            raise RequestError(
                f"the validation loss is no number any more at step {state.global_step}: the updates were too large; begin "
                "anew with half the --learning-rate, or with --precision fp32"
            )
        if metrics["eval_loss"] < (math.inf if state.best_metric is None else state.best_metric):
            control.should_save = True


class Records(TrainerCallback):
    """Log, plot, samples and alarms of the run in a folder; only one process has them."""

    def __init__(
        self, out: Path, log: RunLog, samples: SampleFile, watch: OverfittingWatch, pace: StepProgress, *,
        bytes_per_id: float | None, sample: Sample | None, sample_every: int,
    ) -> None:  # fmt: skip
        self._out, self._log, self._samples, self._watch, self._pace = out, log, samples, watch, pace
        self._bytes_per_id, self._sample, self._sample_every = bytes_per_id, sample, sample_every

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any] | None = None, **_: Any) -> None:
        row = dict(logs or {})
        if "eval_loss" in row and self._bytes_per_id:
            row["eval_bits_per_byte"] = row["eval_loss"] / (self._bytes_per_id * math.log(2))
        if "loss" in row and self._pace.ids_per_second:
            row["ids_per_second"] = round(self._pace.ids_per_second)
        self._log.add(state.global_step, row)

    def on_step_end(self, args: Any, state: Any, control: Any, model: Any = None, **_: Any) -> None:
        step = state.global_step
        if self._sample is None or (step % self._sample_every and step < state.max_steps):
            return
        text = _sampled(self._sample, model, step)
        if text:
            self._samples.add(step, text)
            self._alarm(step, self._watch.of_sample(text))

    def on_evaluate(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        train, valid = self._log.curve("loss"), self._log.curve("eval_loss")
        self._alarm(state.global_step, self._watch.of_losses(train, valid))
        draw_losses(self._out / PLOT, train, valid, bytes_per_id=self._bytes_per_id)

    def _alarm(self, step: int, alarms: Iterable[tuple[str, str]]) -> None:
        for cause, sentence in alarms:
            self._log.add(step, {"alarm": cause, "text": sentence})


def train_causal(
    model: PreTrainedModel,
    rows: Any,
    valid_rows: Any,
    out: Path,
    options: TrainingOptions,
    *,
    report: Callable[[str], None] = print,
    sample: Sample | None = None,
    callbacks: Iterable[TrainerCallback] = (),
    trainer_class: type[Trainer] = Trainer,
    bytes_per_id: float | None = None,
    training_lines: Callable[[], Lines] | None = None,
) -> PreTrainedModel:
    """Train in `out`, keep the checkpoint with the lowest validation loss, and return the model with its weights.

    rows, valid_rows: sequences of {"input_ids": int64 (T,), "labels": int64 (T,)}, labels -100 where nothing is learned.
    Rows are shown in their order. Interrupted runs go on with `options.resume`. trainer_class: for families that feed
    their rows or their state in a way of their own. report: told each row of the log; see `progress.Shows` for one that
    is told every step. sample: what it returns is kept in samples.txt. bytes_per_id: of the text behind the validation
    rows, for bits per byte. training_lines: the lines of each training text, to find in samples what was learned by heart.

    Cancelled after Ctrl-C, when a checkpoint is written; OutputError where one cannot be. With several processes
    (torchrun) each of them calls this; one writes.
    """
    torch.set_num_threads(options.threads)
    out.mkdir(parents=True, exist_ok=True)
    arguments = _arguments(out, options)
    is_first = arguments.process_index == 0
    if not options.resume:
        refuse_begun(out)
    checkpoint = last_whole(out, report if is_first else _silent) if options.resume else None
    done = step_of(checkpoint) if checkpoint else 0
    interruption = Interruption(report if is_first else _silent)
    extra: list[TrainerCallback] = [
        Rhythm(options.every, options.save_every or options.every),
        interruption,
        *callbacks,
    ]
    if options.patience:
        extra.append(_early_stopping(options.patience))
    if is_first:
        pace = StepProgress(
            cast("Any", report) if hasattr(report, "show") else None, options.batch_rows * _length(rows)
        )
        log = RunLog(out / LOG, report, done)
        watch = OverfittingWatch([row["alarm"] for row in log.rows if "alarm" in row], training_lines)
        extra[:0] = [pace, Records(out, log, SampleFile(out / SAMPLES, done), watch, pace, bytes_per_id=bytes_per_id,
                                   sample=sample, sample_every=options.sample_every or options.every)]  # fmt: skip
    optimizer, schedule = _optimizer(model, options)
    closing = cast("type[WholeCheckpoints]", type("ClosingTrainer", (WholeCheckpoints, trainer_class), {}))
    trainer = closing(
        model=model,
        args=arguments,
        train_dataset=rows,
        eval_dataset=valid_rows,
        optimizers=(optimizer, schedule),
        callbacks=extra,
    )
    trainer.remove_callback(PrinterCallback)
    if checkpoint:
        trainer.add_callback(RestoredLoss(trainer, checkpoint))
    with interruption:
        _run(trainer, checkpoint, out)
    if interruption.stopped_at is not None and interruption.stopped_at < options.steps:
        raise Cancelled(
            f"stopped at step {interruption.stopped_at} of {options.steps} with a checkpoint in {out}; the same command "
            "with --resume goes on"
        )
    return model


class RestoredLoss(TrainerCallback):
    """Gives a trainer back the losses that were not yet logged when its checkpoint was written."""

    def __init__(self, trainer: WholeCheckpoints, checkpoint: Path) -> None:
        self._trainer, self._checkpoint = trainer, checkpoint

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self._trainer.restore_loss(self._checkpoint)


def _run(trainer: Trainer, checkpoint: Path | None, out: Path) -> None:
    try:
        trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    except OSError as error:
        raise OutputError(
            f"the run in {out} cannot be written ({error.strerror or error}); make room or choose another --out, and go "
            "on with --resume"
        ) from error
    except RuntimeError as error:
        if "Error(s) in loading state_dict" not in str(error):
            raise
        raise RequestError(
            f"the checkpoint in {out} is of another model than this command asks for; give the options that the run "
            "was begun with, or another --out"
        ) from error


def _arguments(out: Path, options: TrainingOptions) -> TrainingArguments:
    has_cuda = torch.cuda.is_available()
    if options.fp16 and not has_cuda:
        raise RequestError("fp16 needs a GPU, and there is none here; take bf16 or fp32")
    arguments = TrainingArguments(
        output_dir=str(out),
        max_steps=options.steps,
        train_sampling_strategy="sequential",
        gradient_accumulation_steps=options.accumulate,
        activation_checkpointing=options.gradient_checkpointing,
        activation_checkpointing_kwargs={"use_reentrant": False},
        bf16=options.bf16,
        fp16=options.fp16,
        use_cpu=not has_cuda,
        ddp_backend="gloo" if torch.distributed.is_torchelastic_launched() and not has_cuda else None,
        max_grad_norm=options.gradient_norm,
        logging_steps=max(1, options.every // 10),
        logging_nan_inf_filter=False,
        eval_strategy="steps",
        eval_steps=options.every,
        save_steps=options.every,  # `Rhythm` has the last word
        save_total_limit=2,
        load_best_model_at_end=True,
        metric_for_best_model="eval_loss",
        greater_is_better=False,
        report_to=[],
        disable_tqdm=True,
        seed=options.seed,
        dataloader_pin_memory=False,
    )
    parts = options.accumulate * arguments.world_size
    if options.batch_rows % parts:
        raise RequestError(
            f"the {options.batch_rows} rows of an update cannot be cut into {options.accumulate} parts for "
            f"{arguments.world_size} processes; take a multiple of {parts} for --batch-rows"
        )
    rows = options.batch_rows // parts
    arguments.per_device_train_batch_size = arguments.per_device_eval_batch_size = rows
    arguments._n_gpu = min(1, arguments.n_gpu)  # several GPUs are for torchrun; one process takes one
    return arguments


def _optimizer(model: PreTrainedModel, options: TrainingOptions) -> tuple[Any, Any]:
    optimizer: torch.optim.Optimizer
    if options.optimizer == "muon":
        optimizer = MuonWithAdamW(
            model, muon_rate=options.muon_rate, adamw_rate=options.adamw_rate, weight_decay=options.weight_decay
        )
    else:
        optimizer = adamw(model, rate=options.adamw_rate, weight_decay=options.weight_decay)
    factor: Callable[[int], float]
    if options.schedule == "one-cycle":
        factor = partial(one_cycle_factor, steps=options.steps, warmup=options.warmup)
    else:
        factor = partial(rate_factor, steps=options.steps, warmup=options.warmup, decay=options.decay)
    return optimizer, torch.optim.lr_scheduler.LambdaLR(optimizer, factor)


def _early_stopping(patience: int) -> TrainerCallback:
    from transformers import EarlyStoppingCallback

    return EarlyStoppingCallback(early_stopping_patience=patience)


def _sampled(sample: Sample, model: Any, step: int) -> str | None:
    """Return a sample; the model and torch's random numbers are afterwards as if there had been none."""
    was_training = model.training
    model.eval()
    with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
        text = sample(model, step)
    model.train(was_training)
    return text


def _length(rows: Any) -> int:
    return len(rows[0]["input_ids"]) if len(rows) else 0


def _silent(text: str) -> None:
    """Say nothing."""
