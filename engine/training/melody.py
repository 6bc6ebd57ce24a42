"""Training of the melody model on songs with aligned words. Does not know how melodies are decoded."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedModel

from engine.checkpoint import write_checkpoint
from engine.corpus.lead_sheets import SungWork, read_sung_works, split_of
from engine.errors import RequestError
from engine.evaluation.melody_likelihood import WINDOW_NOTES, evaluate_splits, mean_nats_per_note
from engine.music.melody_tokens import VOCABULARY, Melody, encode, split_into_lines
from engine.training.trainer import TrainingOptions, train_causal

ROW_IDS = 3 + 7 * WINDOW_NOTES
BATCH_ROWS = 16
TRIAL_STEPS = 3
HIDDEN_CHORDS = 0.2


def melody_config() -> LlamaConfig:
    """Return the architecture of the starter: Llama with 4 layers of 128, tied embeddings."""
    return LlamaConfig(
        vocab_size=len(VOCABULARY),
        hidden_size=128,
        intermediate_size=352,
        num_hidden_layers=4,
        num_attention_heads=4,
        num_key_value_heads=4,
        head_dim=32,
        max_position_embeddings=1024,
        tie_word_embeddings=True,
        attention_dropout=0.1,
        attention_bias=False,
        mlp_bias=False,
        pad_token_id=0,
        bos_token_id=None,
        eos_token_id=None,
    )


class MelodyRows(torch.utils.data.Dataset[dict[str, torch.Tensor]]):
    """Rows of training: each a stretch of whole lines of a random verse of a random work, long works more often.

    A fifth of the rows hide their chords, so that the model also learns what goes without them.
    """

    def __init__(self, works: Sequence[SungWork], count: int, seed: int) -> None:
        self._works, self._seed, self._count = works, seed, count
        self._weights = [len(work.melodies[0].notes) for work in works]

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: int) -> dict[str, torch.Tensor]:
        if not 0 <= index < self._count:
            raise IndexError(index)
        draw = random.Random(f"{self._seed}:{index}")
        melody = draw.choice(draw.choices(self._works, self._weights)[0].melodies)
        if draw.random() < HIDDEN_CHORDS:
            melody = replace(melody, notes=tuple(replace(note, chord=None) for note in melody.notes))
        lines = split_into_lines(melody.notes)
        starts = [n for n in range(len(lines)) if sum(map(len, lines[n:])) >= WINDOW_NOTES // 2] or [0]
        return row_of(melody, draw.choice(starts))


def row_of(melody: Melody, first_line: int) -> dict[str, torch.Tensor]:
    """Return ids and labels (T,) of a melody from a line on; given ids and padding are -100 among the labels."""
    notes = tuple(note for line in split_into_lines(melody.notes)[first_line:] for note in line)
    # More notes than fit, so that the last line's time left is told from what follows it.
    ids, chosen = encode(Melody(melody.mode, melody.time_signature, melody.style, notes[: WINDOW_NOTES + 40]))
    ids, chosen = ids[:ROW_IDS], chosen[:ROW_IDS]
    padding = ROW_IDS - len(ids)
    labels = [token if learned else -100 for token, learned in zip(ids, chosen, strict=True)]
    return {
        "input_ids": torch.tensor(ids + [0] * padding),
        "labels": torch.tensor(labels + [-100] * padding),
    }


def read_splits(data_directory: Path) -> dict[str, list[SungWork]]:
    """Return the works under a data directory by split; raise RequestError where there are none."""
    nested = data_directory / "music" / "leadsheets"
    works = read_sung_works(nested if nested.is_dir() else data_directory)
    splits: dict[str, list[SungWork]] = {"train": [], "valid": [], "test": []}
    for work in works:
        splits[split_of(work)].append(work)
    if not splits["train"] or not splits["valid"]:
        raise RequestError(f"{data_directory} holds too few works to train on: {len(works)}")
    return splits


def train_melody(
    data_directory: Path,
    out_directory: Path,
    *,
    minutes: float = 15.0,
    steps: int | None = None,
    seed: int = 0,
    threads: int = 1,
    report: Callable[[str], None] = print,
) -> Path:
    """Train the melody model, write what is best on valid to `out_directory`/checkpoint and return that path.

    minutes: about how long, from which the number of updates is told on this machine unless `steps` says it.
    """
    started = time.monotonic()
    torch.set_num_threads(threads)
    torch.manual_seed(seed)
    splits = read_splits(data_directory)
    train = splits["train"]
    valid = [row for work in splits["valid"] for row in _rows_in_order(work.melodies[0])]
    model = LlamaForCausalLM(melody_config())
    steps = steps or max(20, int(minutes * 60 / _seconds_per_step(model, train)))
    report(f"{model.num_parameters()} parameters, {len(train)} works, {steps} steps")
    torch.manual_seed(seed)
    options = TrainingOptions(
        steps=steps, batch_rows=BATCH_ROWS, every=max(10, steps // 12), muon_rate=4e-3, adamw_rate=4e-3,
        weight_decay=0.3, decay=0.25, threads=threads, seed=seed, bf16=True,
    )  # fmt: skip
    rows = MelodyRows(train, steps * BATCH_ROWS, seed)
    model = LlamaForCausalLM(melody_config())
    trained = train_causal(model, rows, valid, out_directory, options, report=report)
    trained.save_pretrained(out_directory / "trained")
    figures = {
        "seconds": round(time.monotonic() - started),
        "steps": steps,
        "seed": seed,
        "valid_nats_per_note": mean_nats_per_note(trained, [work.melodies[0] for work in splits["valid"]]),
    }
    report(str(figures))
    return write_melody_checkpoint(trained, out_directory / "checkpoint", figures)


def write_melody_checkpoint(model: PreTrainedModel, directory: Path, card: dict[str, Any]) -> Path:
    """Write the model as a checkpoint directory, weights in half precision; an existing directory is refused."""
    tied = {"lm_head.weight"}
    weights = {name: weight.half().numpy() for name, weight in model.state_dict().items() if name not in tied}
    config = {**model.config.to_dict(), "dtype": "float16"}
    return write_checkpoint(directory, weights, config, None, {"kind": "melody", **card}).directory


def evaluate_melody(checkpoint: Path, data_directory: Path) -> dict[str, Any]:
    """Return nats per note of a checkpoint on valid and test beside the baselines, as its card quotes them."""
    model = LlamaForCausalLM.from_pretrained(checkpoint, dtype=torch.float32).eval()
    splits = read_splits(data_directory)
    return evaluate_splits(model, splits)


def _rows_in_order(melody: Melody) -> Iterator[dict[str, torch.Tensor]]:
    """Yield rows that cover the melody's lines once."""
    lines, first, notes = split_into_lines(melody.notes), 0, 0
    for index, line in enumerate(lines):
        notes += len(line)
        if notes >= WINDOW_NOTES or index == len(lines) - 1:
            yield row_of(melody, first)
            first, notes = index + 1, 0


def _seconds_per_step(model: PreTrainedModel, works: Sequence[SungWork]) -> float:
    """Measure the time of an update on this machine, forward and backward."""
    rows, seconds = MelodyRows(works, BATCH_ROWS * TRIAL_STEPS, 0), []
    for step in range(TRIAL_STEPS):
        batch = [rows[step * BATCH_ROWS + place] for place in range(BATCH_ROWS)]
        ids = torch.stack([row["input_ids"] for row in batch])  # (B, T)
        labels = torch.stack([row["labels"] for row in batch])  # (B, T)
        started = time.monotonic()
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss = model(input_ids=ids, labels=labels).loss
        loss.backward()
        seconds.append(time.monotonic() - started)
    model.zero_grad()
    return min(seconds)  # the first is slower, and others may use the machine
