"""Runs of the piano-roll benchmarks: train by a recipe, choose on valid, read test once. Does not know how rows are shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from engine.checkpoint import open_checkpoint
from engine.corpus.piano_rolls import RollCorpus
from engine.evaluation.benchmarks import Benchmark, League, Row, row_of
from engine.evaluation.piano_roll_likelihood import Report, likelihood, network_nats

HEADS: dict[str, tuple[League, str]] = {
    "independent": ("independent", "independent keys"),
    "nade": ("dependent", "NADE"),
}


@dataclass(frozen=True)
class BenchmarkRun:
    """What to run. data: the benchmark's file. out: the run of a recipe is in out/RECIPE-SEED. seed: 0 or more.

    threads: 1 or more. resume: go on with runs that were stopped; those that are done are only measured.
    """

    benchmark: Benchmark
    data: Path
    out: Path
    seed: int = 0
    threads: int = 1
    resume: bool = False

    def command(self, recipe: str) -> str:
        """Return what is typed for one recipe; data and folder are the caller's."""
        return f"songwright benchmark {self.benchmark.name} --run --recipe {recipe} --seed {self.seed}"


def run_recipe(run: BenchmarkRun, recipe: str, corpus: RollCorpus, say: Callable[[str], None], report: Report) -> Row:
    """Train a network and return its row. say: told how training goes. report: told test pieces done and in all."""
    from engine.training.piano_roll_rnn import CHECKPOINT, RUN, RollTraining, train_piano_roll_rnn

    out = run.out / f"{recipe}-{run.seed}"
    trained = out / CHECKPOINT
    if not (run.resume and trained.exists()):
        resume = run.resume and (out / RUN).exists()
        train_piano_roll_rnn(RollTraining(run.data, out, recipe, run.seed, run.threads, resume), say)
    return measured(trained, corpus, command=run.command(recipe), report=report)


def measured(directory: Path, corpus: RollCorpus, *, command: str, report: Report) -> Row:
    """Return the row of a checkpoint that `run_recipe` trained; its card says how."""
    from engine.music.piano_roll_model import open_piano_roll_rnn

    checkpoint, network = open_checkpoint(directory), open_piano_roll_rnn(directory)
    card, shape = checkpoint.card, network.shape
    league, head = HEADS[shape.head]
    valid = likelihood(network_nats(network, corpus.pieces["valid"])).all_frames
    return row_of(
        corpus, network_nats(network, corpus.pieces["test"], report),
        name=f"LSTM {shape.layers} x {shape.hidden}, {'lookback, ' if shape.lookbacks else ''}{head}",
        league=league, source="this repository", ours=True, command=command, recipe=card["recipe_name"],
        seed=card["seed"], seconds=card["seconds"], checkpoint=checkpoint.digest, parameters=card["parameters"],
        valid_nll_per_frame=round(valid, 4),
    )  # fmt: skip
