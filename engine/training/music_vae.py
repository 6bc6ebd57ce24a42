"""Training of MusicVAE on melodies of 2 or 16 bars, moved to other keys when shown. Does not know how the network computes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from engine.checkpoint import open_checkpoint
from engine.corpus.lead_sheets import HYMNS_FILE, LEAD_SHEETS_FILE
from engine.corpus.melody_windows import Melodies, read_melodies
from engine.corpus.music_pieces import CHORALES_FILE
from engine.errors import RequestError
from engine.evaluation.melody_reconstruction import reconstruction
from engine.music.melody_bars import Symbols, possible_semitones, transpose
from engine.music.music_vae import FAMILY, MusicVae, MusicVaeShape, open_music_vae, save_music_vae
from engine.training.begun_runs import begin_or_go_on, files_fact
from engine.training.checkpoints import written_once
from engine.training.music_vae_network import MusicVaeConfig, MusicVaeNetwork
from engine.training.run_log import LOG, read_rows
from engine.training.trainer import TrainingOptions, train_causal

Say = Callable[[str], None]
RUN, CHECKPOINT = "run", "checkpoint"
FILES = (CHORALES_FILE, HYMNS_FILE, LEAD_SHEETS_FILE)
TRANSPOSE = 5  # semitones up or down
VALID_MELODIES, VALIDATIONS = 512, 10
GRADIENT_NORM = 1.0


@dataclass(frozen=True)
class Recipe:
    """How a length is learned. free_nats, beta: see `MusicVaeNetwork`. muon_rate: AdamW has half of it."""

    shape: MusicVaeShape
    steps: int
    batch_rows: int
    muon_rate: float
    beta: float
    free_nats: float


RECIPES = {
    2: Recipe(MusicVaeShape(), steps=4000, batch_rows=64, muon_rate=1e-2, beta=0.2, free_nats=32.0),
    16: Recipe(
        MusicVaeShape(bars=16, latent=192), steps=1200, batch_rows=24, muon_rate=1e-2, beta=0.2, free_nats=160.0
    ),
}


@dataclass(frozen=True)
class MusicVaeTraining:
    """What a run is told. data: a folder of chorales, hymns or lead sheets. out: folder of the run. bars: 2 or 16.

    base: the checkpoint of a model of 2 bars, whose reader and writer of parts one of 16 bars begins with. steps,
    batch_rows: of the recipe if None.
    """

    data: Path
    out: Path
    bars: int = 2
    base: Path | None = None
    steps: int | None = None
    batch_rows: int | None = None
    seed: int = 0
    threads: int = 1
    resume: bool = False


class MelodyRows(torch.utils.data.Dataset[dict[str, Any]]):
    """So many melodies (S,), each drawn by the seed and its place, and moved by up to `semitones` within the range."""

    def __init__(self, melodies: Symbols, rows: int, *, seed: int, semitones: int = TRANSPOSE) -> None:
        self._melodies, self._rows, self._seed, self._semitones = melodies, rows, seed, semitones

    def __len__(self) -> int:
        return self._rows

    def __getitem__(self, index: int) -> dict[str, Any]:
        if not 0 <= index < self._rows:
            raise IndexError(index)
        rng = np.random.default_rng([self._seed, index])
        melody = self._melodies[rng.integers(len(self._melodies))]
        low, high = possible_semitones(melody)
        moved = transpose(melody, int(rng.integers(max(low, -self._semitones), min(high, self._semitones) + 1)))
        return {"input_ids": moved, "labels": moved}


def train_music_vae(training: MusicVaeTraining, report: Say) -> Path:
    """Train on the melodies of a data folder and write `out/checkpoint` with its held-out figures; return its path.

    RequestError for lengths and bases that do not fit, and where `out` has a checkpoint already or another run than this.
    """
    if training.bars not in RECIPES:
        raise RequestError(f"bars must be {' or '.join(map(str, RECIPES))}, got {training.bars}")
    recipe = RECIPES[training.bars]
    options = options_of(training, recipe)
    base = _parts_of(training.base, recipe.shape) if training.base is not None else {}
    files = sorted(path for name in FILES for path in training.data.rglob(name))
    facts = {"command": f"train {FAMILY}", "bars": training.bars, "seed": training.seed, "steps": options.steps,
             "batch_rows": options.batch_rows, "data": files_fact(training.data, files)}  # fmt: skip
    begin_or_go_on(training.out, facts, resume=training.resume)
    melodies = read_melodies(training.data, training.bars)
    torch.manual_seed(training.seed)
    network = MusicVaeNetwork(
        MusicVaeConfig(
            shape=asdict(recipe.shape),
            beta=recipe.beta,
            free_nats=recipe.free_nats,
            beta_steps=max(1, options.steps // 4),
        )
    )
    network.load_state_dict(base, strict=False)
    report(f"{network.num_parameters()} parameters, {len(melodies['train'])} melodies of {training.bars} bars")
    rows = MelodyRows(melodies["train"], options.steps * options.batch_rows, seed=training.seed)
    train_causal(network, rows, _some(melodies["valid"]), training.out / RUN, options, report=report)
    card = {
        "bars": training.bars, "options": asdict(options), "beta": recipe.beta, "free_nats": recipe.free_nats,
        "melodies": {split: len(found) for split, found in melodies.items()}, "parameters": network.num_parameters(),
        "seconds": round(read_rows(training.out / RUN / LOG)[-1]["seconds"]),
        "begun_with": open_checkpoint(training.base).digest if training.base is not None else None,
    }  # fmt: skip
    return written_once(lambda: _written(network, melodies, training.out / CHECKPOINT, card), training.out)


def options_of(training: MusicVaeTraining, recipe: Recipe) -> TrainingOptions:
    """Return what the training loop is told."""
    steps = training.steps or recipe.steps
    return TrainingOptions(
        steps=steps, batch_rows=training.batch_rows or recipe.batch_rows, every=max(1, -(-steps // VALIDATIONS)),
        muon_rate=recipe.muon_rate, adamw_rate=recipe.muon_rate / 2, weight_decay=0.02, decay=0.5,
        threads=training.threads, seed=training.seed, bf16=False, resume=training.resume, gradient_norm=GRADIENT_NORM,
    )  # fmt: skip


def _parts_of(base: Path, shape: MusicVaeShape) -> dict[str, torch.Tensor]:
    """Return the weights that read and write a part, of a base whose parts are the same; RequestError where they are not."""
    lent = open_music_vae(base).shape
    sizes = ("part_bars", "embedding", "encoder", "writer", "condition")
    if shape.parts == 1 or any(getattr(lent, size) != getattr(shape, size) for size in sizes):
        raise RequestError(f"{base} has other parts than are to be learned; only 16 bars begin with a model of 2 bars")
    found = open_checkpoint(base).read_weights()
    parts = ("embed.", "reader.", "writer.", "writer_start.", "head.")
    return {n: torch.from_numpy(w.astype(np.float32)) for n, w in found.items() if n.startswith(parts)}


def _some(melodies: Symbols) -> list[dict[str, Any]]:
    """Return melodies to validate on, evenly from all."""
    places = np.unique(np.linspace(0, len(melodies) - 1, VALID_MELODIES).astype(int))
    return [{"input_ids": melodies[place], "labels": melodies[place]} for place in places]


def network_weights(network: MusicVaeNetwork) -> dict[str, Any]:
    """Return the weights as the numpy model reads them."""
    state = network.state_dict()
    return {name: state[name].detach().float().cpu().numpy() for name in network.shape.tensors()}


def _written(network: MusicVaeNetwork, melodies: Melodies, directory: Path, card: dict[str, Any]) -> Path:
    """Write the checkpoint, with what it does on held-out melodies in its card."""
    weights = network_weights(network)
    halves = {name: weight.astype(np.float16) for name, weight in weights.items()}  # as they are stored
    model = MusicVae(network.shape, halves)
    figures = {
        split: asdict(reconstruction(model, melodies["train"], melodies[split]))
        for split in ("valid", "test")
        if len(melodies[split])
    }
    return save_music_vae(network.shape, weights, directory, card | {"held_out": figures}).directory
