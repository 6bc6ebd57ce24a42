"""Training of the piano-roll network by truncated back-propagation through time, pieces side by side, transposed anew each epoch.

Does not know how the network computes, nor how files are read.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import PretrainedConfig, PreTrainedModel
from transformers.utils import ModelOutput

from engine.corpus.piano_rolls import RollCorpus, read_piano_rolls
from engine.errors import RequestError
from engine.music.piano_roll_model import save_piano_roll_rnn
from engine.music.piano_roll_rnn import FAMILY, PianoRollRnn, PianoRollShape, RollState
from engine.training.begun_runs import begin_or_go_on, files_fact
from engine.training.carried_state import CarriedStateTrainer
from engine.training.checkpoints import written_once
from engine.training.piano_roll_recipes import RollRecipe, recipe_of
from engine.training.piano_roll_rows import RollRows
from engine.training.run_log import LOG, read_rows
from engine.training.trainer import TrainingOptions, train_causal

Say = Callable[[str], None]
RUN, CHECKPOINT = "run", "checkpoint"
VALIDATIONS = 12  # in a run


@dataclass(frozen=True)
class RollTraining:
    """What a run is told. data: a .mat file of piano rolls. out: folder of the run. recipe: a name in `RECIPES`."""

    data: Path
    out: Path
    recipe: str
    seed: int = 0
    threads: int = 1
    resume: bool = False


class RollConfig(PretrainedConfig):
    """shape: fields of `PianoRollShape`, empty for its defaults."""

    model_type = "piano_roll_rnn"

    shape: dict[str, Any] | None = None


@dataclass
class RollOutput(ModelOutput):
    """loss: nats of all frames that count, summed. state: what was heard, to go on from: hidden, cell, frames."""

    loss: torch.Tensor | None = None
    state: tuple[torch.Tensor, ...] | None = None


class RollForTraining(PreTrainedModel):
    """The network behind the interface of the training loop."""

    config_class = RollConfig
    main_input_name = "input_ids"

    def __init__(self, config: RollConfig) -> None:
        super().__init__(config)
        self.network = PianoRollRnn(PianoRollShape.from_config(config.shape))
        self.post_init()

    def _init_weights(self, module: torch.nn.Module) -> None:
        """Leave the network as it made itself."""

    def forward(
        self,
        input_ids: torch.Tensor,  # (B, T, K) uint8
        labels: torch.Tensor,  # (B,): how many frames count
        fresh: torch.Tensor,  # (B,): where a piece begins, which has heard nothing
        state: tuple[torch.Tensor, ...] | None = None,
    ) -> RollOutput:
        """Return the nats of the frames and the state after the last."""
        rows, length = input_ids.shape[:2]
        heard = self.network.new_state(rows) if state is None else RollState(*state).forget(fresh)
        nats, after = self.network.nats(input_ids.float(), heard)  # (B, T)
        counted = torch.arange(length, device=labels.device) < labels[:, None]
        return RollOutput(loss=(nats * counted).sum(), state=(after.hidden, after.cell, after.frames))


class RollTrainer(CarriedStateTrainer):
    """Turns summed nats into nats per frame.

    Batches are divided by the frames that a batch has on average, not by their own: so every frame weighs the same, and
    the validation loss is the nats per frame of the whole split.
    """

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        found = super().compute_loss(model, inputs, return_outputs)
        rows: Any = self.train_dataset if model.training else self.eval_dataset
        frames = len(inputs["labels"]) * rows.frames_per_row
        return (found[0] / frames, found[1]) if return_outputs else found / frames


def train_piano_roll_rnn(training: RollTraining, report: Say) -> Path:
    """Train on a file of piano rolls and write `out/checkpoint`; return its path.

    RequestError for a recipe that is not there, and where `out` has a checkpoint already or another run than this.
    """
    recipe, corpus = recipe_of(training.recipe), read_piano_rolls(training.data)
    told = json.dumps(asdict(recipe), sort_keys=True)
    facts = {
        "command": f"train {FAMILY}", "seed": training.seed, "data": files_fact(training.data, [training.data]),
        "recipe": {"path": training.recipe, "sha256": hashlib.sha256(told.encode()).hexdigest()},
    }  # fmt: skip
    begin_or_go_on(training.out, facts, resume=training.resume)
    rows, valid_rows = rows_of(corpus, recipe, training.seed)
    torch.manual_seed(training.seed)
    model = RollForTraining(RollConfig(shape=recipe.shape.to_config()))
    steps = int(rows.steps_per_epoch.sum())
    report(f"{model.num_parameters()} parameters, {recipe.epochs} epochs, {steps} steps")
    train_causal(
        model, rows, valid_rows, training.out / RUN, options_of(recipe, training, steps), report=report, trainer_class=RollTrainer
    )  # fmt: skip
    card = {
        "recipe_name": training.recipe, "recipe": asdict(recipe), "seed": training.seed, "steps": steps,
        "data": corpus.name, "data_sha256": corpus.digest, "parameters": model.num_parameters(),
        "seconds": round(read_rows(training.out / RUN / LOG)[-1]["seconds"]),  # of all its parts, where it was resumed
    }  # fmt: skip
    network = model.network
    return written_once(
        lambda: save_piano_roll_rnn(network, training.out / CHECKPOINT, card).directory,
        training.out,
    )


def rows_of(corpus: RollCorpus, recipe: RollRecipe, seed: int) -> tuple[RollRows, RollRows]:
    """Return what is learned from and what is validated on."""
    if not 0 <= recipe.plain_epochs <= recipe.epochs or recipe.epochs < 1:
        raise RequestError(f"plain epochs must be 0-{recipe.epochs} of 1 or more, got {recipe.plain_epochs}")
    rows = RollRows(
        corpus.pieces["train"], streams=recipe.streams, length=recipe.row_frames, epochs=recipe.epochs,
        plain_epochs=recipe.plain_epochs, transpose=recipe.transpose, key_range=corpus.key_range(), seed=seed,
    )  # fmt: skip
    return rows, RollRows(corpus.pieces["valid"], streams=recipe.streams, length=recipe.row_frames)


def options_of(recipe: RollRecipe, training: RollTraining, steps: int) -> TrainingOptions:
    """Return what the training loop is told."""
    return TrainingOptions(
        steps=steps, batch_rows=recipe.streams, every=max(1, -(-steps // VALIDATIONS)), muon_rate=recipe.muon_rate,
        adamw_rate=recipe.adamw_rate, weight_decay=recipe.weight_decay, decay=recipe.decay, threads=training.threads,
        seed=training.seed, bf16=False, resume=training.resume,
        gradient_norm=recipe.gradient_norm,
    )  # fmt: skip
