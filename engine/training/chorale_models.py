"""Training of the families over events on chorales of sixteenths, four voices in turn. Does not know how they are measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from engine.corpus.records import Split
from engine.evaluation.jsb16 import BATCH_ROWS, ROW_EVENTS, Jsb16Run
from engine.music.four_voices import FourVoices, Steps
from engine.training.begun_runs import begin_or_go_on
from engine.training.checkpoints import written_once
from engine.training.event_models import CHECKPOINT as CHECKPOINT
from engine.training.event_models import save_event_model, train_on_songs
from engine.training.event_rows import DOWN, UP, EventSong
from engine.training.event_training import EventTraining

VALIDATIONS = 4


def train_on_chorales(
    run: Jsb16Run, family: str, corpus: Mapping[Split, list[Steps]], report: Callable[[str], None]
) -> Path:
    """Train in `run.out` and write its checkpoint; return the path."""
    training = EventTraining(
        family, run.data, run.out, hidden=run.hidden, layers=run.layers, steps=run.steps, batch_rows=BATCH_ROWS,
        row_events=ROW_EVENTS, learning_rate=6e-3, every=max(1, run.steps // VALIDATIONS), dropout=0.2,
        threads=run.threads, seed=run.seed, resume=run.resume and (run.out / "run").exists(),
    )  # fmt: skip
    facts = {"command": "benchmark jsb16", "family": family, "steps": run.steps, "seed": run.seed, "hidden": run.hidden,
             "layers": run.layers}  # fmt: skip
    begin_or_go_on(run.out, facts, resume=training.resume)
    lowest, highest = _voice_ranges(corpus["train"])
    train, valid = ([_song(c, lowest, highest) for c in chorales] for chorales in (corpus["train"], corpus["valid"]))
    trained, told = train_on_songs(training, train, valid, FourVoices(), report)
    card = {"kind": "benchmark", "vocabulary": FourVoices.name, **told}
    return written_once(lambda: save_event_model(trained, run.out / CHECKPOINT, card, family).directory, run.out)


def _voice_ranges(chorales: list[Steps]) -> tuple[np.ndarray, np.ndarray]:
    """Return the lowest and the highest pitch of every voice (4,)."""
    every = np.concatenate(chorales)
    return np.where(every < 0, 127, every).min(axis=0), every.max(axis=0)


def _song(chorale: Steps, lowest: np.ndarray, highest: np.ndarray) -> EventSong:
    """Return a chorale that may be moved as far as every voice stays in its range."""
    ids = FourVoices().ids(chorale)
    low = (np.where(chorale < 0, 127, chorale).min(axis=0) - lowest).min()
    high = (highest - chorale.max(axis=0)).min()
    return EventSong(np.array(ids), FourVoices().onsets(ids), max(DOWN, -max(0, int(low))), min(UP, max(0, int(high))))
