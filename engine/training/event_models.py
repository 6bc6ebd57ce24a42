"""Training of causal models over events: Music Transformer, Transformer-XL and any architecture of transformers.

Does not know how rows are fed to the loop, or how a network computes.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors.numpy import load_file
from transformers import PreTrainedModel, Trainer

from engine.checkpoint import CONFIG, WEIGHTS, Checkpoint, write_checkpoint
from engine.contract import Sampling
from engine.corpus.event_scores import ScoreWork, read_scores
from engine.errors import CheckpointError, RequestError
from engine.families import CausalModel
from engine.llama import LlamaShape
from engine.music.event_model import EventModel
from engine.music.event_networks import behind_slots, save_network
from engine.music.events import EventVocabulary, open_vocabulary
from engine.music.transformer_xl import FAMILY as TRANSFORMER_XL
from engine.torch_causal import behind_protocol, quiet
from engine.training.begun_runs import begin_or_go_on
from engine.training.carried_state import CarriedStateTrainer
from engine.training.checkpoints import written_once
from engine.training.event_rows import (
    EventSong,
    Movable,
    Moves,
    PackedEvents,
    StreamedEvents,
    event_song,
    valid_streams,
)
from engine.training.event_training import HF_CAUSAL, EventTraining, new_network
from engine.training.packed_rows import full_rows
from engine.training.run_log import LOG, read_rows
from engine.training.trainer import Sample, TrainingOptions, train_causal

RUN, CHECKPOINT = "run", "checkpoint"
WARMUP, DECAY = 0.25, 0.5
VALID_EVENTS, SAMPLE_EVENTS = 60_000, 96
MAY_CHANGE = frozenset({"data", "out", "resume", "threads", "patience", "every", "sample_every", "save_every"})
Report = Callable[[str], None]


def train_event_model(training: EventTraining, report: Report) -> Path:
    """Train on the music of a folder and write `out/checkpoint`; return its path.

    RequestError where the folder has too little music, or `out` has another run than this or a checkpoint already.
    """
    works, vocabulary = read_scores(training.data), open_vocabulary(training.vocabulary)
    facts = {name: value for name, value in asdict(training).items() if name not in MAY_CHANGE}
    facts |= {"command": "train music", "data": _data_fact(training.data, works)}
    begin_or_go_on(training.out, facts, resume=training.resume)
    if training.joint:
        from engine.training.note_tasks import train_joint

        return train_joint(training, report)
    train, valid = (
        [event_song(work.score, vocabulary) for work in works if work.split == s] for s in ("train", "valid")
    )
    if not train or not valid:
        raise RequestError(
            f"{training.data} has {len(train)} songs to train on and {len(valid)} to validate; it needs more music"
        )
    report(f"{len(train):,} songs of {sum(len(song.ids) for song in train):,} events to train on")
    trained, facts = train_on_songs(
        training, train, valid, vocabulary, report, sample=event_sampler(training, vocabulary)
    )
    card = {"kind": "music", "works": {"train": len(train), "valid": len(valid)}, **facts}
    return written_once(
        lambda: save_event_model(trained, training.out / CHECKPOINT, card, training.family).directory, training.out
    )


def train_on_songs(
    training: EventTraining, train: Sequence[EventSong], valid: Sequence[EventSong], vocabulary: Movable,
    report: Report, *, sample: Sample | None = None,
) -> tuple[PreTrainedModel, dict[str, Any]]:  # fmt: skip
    """Train in `out/run` and return the network with the best weights on valid, and the facts of the run."""
    count, length = training.steps * training.batch_rows, training.row_events
    moves, held_out = Moves(vocabulary, training.moved_until), _first(valid)
    rows: Any
    valid_rows: Any
    if training.family == TRANSFORMER_XL:
        rows = StreamedEvents(
            train, rows=count, streams=training.batch_rows, length=length, seed=training.seed, moves=moves
        )
        valid_rows = valid_streams(held_out, streams=training.batch_rows, length=length, vocabulary=vocabulary)
    else:
        rows = PackedEvents(train, rows=count, length=length, seed=training.seed, moves=moves)
        valid_rows = full_rows([song.ids.tolist() for song in held_out], length=length)
    return run_loop(training, rows, valid_rows, vocabulary, report, sample=sample)


def run_loop(
    training: EventTraining, rows: Any, valid_rows: Any, vocabulary: Movable, report: Report,
    **more: Any,
) -> tuple[PreTrainedModel, dict[str, Any]]:  # fmt: skip
    """Train a new network on rows in `out/run`; return it and the facts of the run. more: options of `train_causal`."""
    torch.manual_seed(training.seed)
    network = new_network(training, vocabulary)
    report(f"{network.num_parameters():,} weights, {training.steps} steps of {training.batch_rows} rows")
    options = options_of(training)
    trainer: type[Trainer] = SegmentTrainer if training.family == TRANSFORMER_XL else Trainer
    trained = train_causal(
        network, rows, valid_rows, training.out / RUN, options, report=report, trainer_class=trainer, **more
    )
    asked = {name: str(value) if isinstance(value, Path) else value for name, value in asdict(training).items()}
    return trained, {
        "vocabulary": vocabulary.name, "asked": asked, "parameters": trained.num_parameters(),
        "events_seen": training.steps * training.batch_rows * training.row_events,
        "seconds": round(read_rows(training.out / RUN / LOG)[-1]["seconds"]),  # of all its parts, where it was resumed
    }  # fmt: skip


class SegmentTrainer(CarriedStateTrainer):
    """Truncated back-propagation: the memory goes on from batch to batch, and is forgotten where a row is fresh."""


def options_of(training: EventTraining) -> TrainingOptions:
    """Return what the training loop is told."""
    return TrainingOptions(
        steps=training.steps, batch_rows=training.batch_rows, every=training.every, muon_rate=training.learning_rate,
        adamw_rate=training.learning_rate / 2, weight_decay=0.05, warmup=WARMUP if training.schedule == "one-cycle" else 0.03,
        decay=DECAY, threads=training.threads, seed=training.seed, bf16=training.precision == "bf16",
        fp16=training.precision == "fp16", patience=training.patience, resume=training.resume,
        accumulate=training.accumulate, gradient_checkpointing=training.gradient_checkpointing,
        sample_every=training.sample_every, save_every=training.save_every, gradient_norm=training.gradient_norm,
        schedule=training.schedule,
    )  # fmt: skip


def _first(songs: Sequence[EventSong]) -> list[EventSong]:
    """Return the first songs, as many as are worth waiting for at every validation."""
    found: list[EventSong] = []
    for song in songs:
        if found and sum(len(one.ids) for one in found) + len(song.ids) > VALID_EVENTS:
            break
        found.append(song)
    return found


def event_sampler(training: EventTraining, vocabulary: EventVocabulary) -> Sample:
    """Return what writes a few events by the grammar, told by the step."""

    def sample(network: Any, step: int) -> str:
        is_own = training.family != HF_CAUSAL
        opened: CausalModel = (
            behind_slots(network, training.threads) if is_own else behind_protocol(network, str(network.device))
        )
        model = EventModel(opened, vocabulary, training.family, "")
        (written,) = model.write([step], most_events=SAMPLE_EVENTS, sampling=Sampling(temperature=1.0, top_p=0.98))
        return " ".join(vocabulary.token_of(i) for i in written.ids)

    return sample


def save_event_model(model: PreTrainedModel, directory: Path, card: dict[str, Any], family: str) -> Checkpoint:
    """Write a network as a checkpoint; a Llama that the kernels can run becomes one of the family llama."""
    if family != HF_CAUSAL:
        return save_network(model, directory, card, family)
    with tempfile.TemporaryDirectory() as draft, quiet():
        model.save_pretrained(draft, max_shard_size="1TB")
        weights = load_file(Path(draft) / WEIGHTS)
        config = json.loads((Path(draft) / CONFIG).read_text(encoding="utf-8"))
    config["use_cache"] = True
    return write_checkpoint(directory, weights, config, None, card, family=_decoded_by(config))


def _decoded_by(config: dict[str, Any]) -> str:
    """Return the family that decodes an architecture: our kernels where they can, else transformers."""
    if config["model_type"] != "llama":
        return HF_CAUSAL
    try:
        LlamaShape.from_config(config)
    except CheckpointError:
        return HF_CAUSAL
    return "llama"


def _data_fact(data: Path, works: Sequence[ScoreWork]) -> dict[str, str]:
    """Return the fact of the music that is read: its folder, and a digest over names, splits and notes."""
    told = hashlib.sha256()
    for work in works:
        told.update(f"{work.name} {work.split} {[track.notes for track in work.score.tracks]}".encode())
    return {"path": str(data), "sha256": told.hexdigest()}
