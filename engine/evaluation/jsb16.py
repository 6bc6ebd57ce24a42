"""Nats per sixteenth over four voices on the JSB chorales (METRICS 2): trained networks beside a counting baseline.

Every pitch of every step counts, the first too; start, end and padding do not. Does not know how rows are shown.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from engine.checkpoint import open_checkpoint
from engine.corpus.chorale_steps import read_chorale_steps
from engine.evaluation.benchmarks import Row
from engine.music.four_voices import FIRST_PITCH, SILENCE, VOICES, FourVoices, Steps

BENCHMARK = "jsb16"
FAMILIES = ("music-transformer", "transformer-xl")
STEPS, BATCH_ROWS, ROW_EVENTS = 600, 8, 512  # a row is 128 sixteenths: eight bars
Report = Callable[[str], None]


@dataclass(frozen=True)
class Jsb16Run:
    """data: the folder of the file. out: the run of a family is in out/FAMILY-SEED. steps: updates of a training."""

    data: Path
    out: Path
    steps: int = STEPS
    seed: int = 0
    threads: int = 1
    hidden: int = 128
    layers: int = 3
    resume: bool = False

    def command(self, family: str) -> str:
        """Return what is typed for one family; data and folder are the caller's."""
        return f"songwright benchmark {BENCHMARK} --run --family {family} --steps {self.steps} --seed {self.seed}"


def nats_per_step(costs: Sequence[np.ndarray], chorales: Sequence[Steps]) -> float:
    """Return summed nats over summed steps, so that long chorales weigh more; NaN without chorales.

    costs: of every pitch of a chorale, four to a step.
    """
    steps = sum(len(chorale) for chorale in chorales)
    return sum(float(cost.sum()) for cost in costs) / steps if steps else float("nan")


def baseline_row(data: Path) -> Row:
    """Return the row of counting: each voice after its own last pitch, as often as in training, mixed with how often at all."""
    corpus = read_chorale_steps(data)
    costs = markov_nats(corpus["train"], corpus["test"])
    return Row(
        "counted, each voice after itself", "independent", round(nats_per_step(costs, corpus["test"]), 4),
        f"counted on {BENCHMARK}",
    )  # fmt: skip


def markov_nats(train: Sequence[Steps], shown: Sequence[Steps]) -> list[np.ndarray]:
    """Return the nats of every pitch (steps, 4); counts begin at 0.01, so that nothing is impossible."""
    size = FourVoices.size - SILENCE  # silence and 128 pitches; the last row of counts is the beginning
    counts = np.full((VOICES, size + 1, size), 0.01)
    for chorale in train:
        now = chorale + FIRST_PITCH - SILENCE
        before = np.vstack([np.full(VOICES, size), np.where(now < 1, 0, now)[:-1]])
        for voice in range(VOICES):
            np.add.at(counts[voice], (before[:, voice], np.where(now < 1, 0, now)[:, voice]), 1)
    chances = counts / counts.sum(axis=2, keepdims=True)
    usual = counts.sum(axis=1, keepdims=True) / counts.sum(axis=(1, 2), keepdims=True)
    mixed = 0.99 * chances + 0.01 * usual
    found = []
    for chorale in shown:
        now = np.where(chorale < 0, 0, chorale + FIRST_PITCH - SILENCE)
        before = np.vstack([np.full(VOICES, size), now[:-1]])
        found.append(-np.log(mixed[np.arange(VOICES), before, now]))
    return found


def run_family(run: Jsb16Run, family: str, report: Report) -> Row:
    """Train a family in its folder, choose on valid, read test once, and return the row."""
    from engine.evaluation.event_likelihood import nats_of_ids
    from engine.music.event_networks import open_network
    from engine.training.chorale_models import CHECKPOINT, train_on_chorales

    corpus, vocabulary = read_chorale_steps(run.data), FourVoices()
    out = run.out / f"{family}-{run.seed}"
    if not (run.resume and (out / CHECKPOINT).exists()):
        train_on_chorales(replace(run, out=out), family, corpus, report)
    checkpoint = open_checkpoint(out / CHECKPOINT)
    network = open_network(checkpoint)

    def figure(chorales: Sequence[Steps]) -> float:
        costs = []
        for chorale in chorales:
            ids = vocabulary.ids(chorale)[:-1]
            costs.append(nats_of_ids(network, ids, vocabulary.onsets(ids)))
        return round(nats_per_step(costs, chorales), 4)

    card = checkpoint.card
    return Row(
        f"{family} {card['asked']['layers']} x {card['asked']['hidden']}", "dependent", figure(corpus["test"]),
        "this repository", ours=True, command=run.command(family), recipe=family, seed=run.seed,
        seconds=card["seconds"], checkpoint=checkpoint.digest, parameters=card["parameters"],
        valid_nll_per_frame=figure(corpus["valid"]),
    )  # fmt: skip
