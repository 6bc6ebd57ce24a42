"""Training of the melody model on songs with aligned words. Does not know how melodies are decoded."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedModel

from engine.checkpoint import write_checkpoint
from engine.corpus.accompaniment import ACCOMPANIMENTS_FILE, read_accompaniments
from engine.corpus.lead_sheets import SungWork, apart_from, read_foreign_works, read_sung_works, split_of
from engine.corpus.melody_variants import variant
from engine.corpus.song_books import SONG_BOOKS_FILE, read_song_books
from engine.errors import OutputError, RequestError
from engine.evaluation.melody_likelihood import WINDOW_NOTES, evaluate_splits, mean_nats_per_note
from engine.music.melody_tokens import VOCABULARY, Melody, encode, split_into_lines
from engine.training.trainer import TrainingOptions, train_causal

ROW_IDS = 3 + 7 * WINDOW_NOTES
BATCH_ROWS = 16
STEPS = 520
FOREIGN_SHARE = 0.7
DROPOUT = 0.05
LOST_TOKENS = 0.03


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
        attention_bias=False,
        mlp_bias=False,
        pad_token_id=0,
        bos_token_id=None,
        eos_token_id=None,
    )


class MelodyRows(torch.utils.data.Dataset[dict[str, torch.Tensor]]):
    """Rows of training: each a stretch of whole lines of a variant of a random verse of a random work, long works more often.

    Works whose words have no known stress are most of what is shown first, and none of what is shown last.
    """

    def __init__(self, works: Sequence[SungWork], count: int, seed: int) -> None:
        self._seed, self._count = seed, count
        self._works = {known: [work for work in works if work.has_stress == known] for known in (True, False)}
        self._weights = {known: [len(w.melodies[0].notes) for w in part] for known, part in self._works.items()}

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: int) -> dict[str, torch.Tensor]:
        if not 0 <= index < self._count:
            raise IndexError(index)
        draw = random.Random(f"{self._seed}:{index}")
        known = not self._works[False] or draw.random() >= FOREIGN_SHARE * (1 - index / self._count)
        (work,) = draw.choices(self._works[known], self._weights[known])
        melody = variant(draw.choice(work.melodies), draw)
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
    """Return the English works under a data directory by split; raise RequestError where there are none."""
    works = read_sung_works(_lead_sheets(data_directory))
    splits: dict[str, list[SungWork]] = {"train": [], "valid": [], "test": []}
    for work in works:
        splits[split_of(work)].append(work)
    if not splits["train"] or not splits["valid"]:
        raise RequestError(f"{data_directory} holds too few works to train on: {len(works)}")
    return splits


def works_to_learn(data_directory: Path, splits: dict[str, list[SungWork]]) -> list[SungWork]:
    """Return all that is learned from: train, song books and songs in other languages, apart from what is held out.

    Art songs have chords told from their piano here, which those held out have not: there they stay unknown.
    """
    directory = _lead_sheets(data_directory)
    accompaniments, song_books = directory / ACCOMPANIMENTS_FILE, directory / SONG_BOOKS_FILE
    chords = read_accompaniments(accompaniments) if accompaniments.exists() else {}
    train = {work.id for work in splits["train"]}
    works = [work for work in read_sung_works(directory, chords) if work.id in train]
    works += read_foreign_works(directory, chords)
    if song_books.exists():
        works += read_song_books(song_books)
    return apart_from(works, [*splits["valid"], *splits["test"]])


def _lead_sheets(data_directory: Path) -> Path:
    nested = data_directory / "music" / "leadsheets"
    return nested if nested.is_dir() else data_directory


def train_melody(
    data_directory: Path,
    out_directory: Path,
    *,
    steps: int = STEPS,
    threads: int = 1,
    seed: int = 0,
    resume: bool = False,
    report: Callable[[str], None] = print,
) -> Path:
    """Train the melody model, write what is best on valid to `out_directory`/checkpoint and return that path.

    steps: updates of 16 rows of 72 notes; one to two seconds each on one core.
    """
    if (out_directory / "checkpoint").exists():
        raise OutputError(
            f"{out_directory / 'checkpoint'} exists and checkpoints are never changed; choose another folder"
        )
    started = time.monotonic()
    splits = read_splits(data_directory)
    train = works_to_learn(data_directory, splits)
    valid = [row for work in splits["valid"] for row in _rows_in_order(work.melodies[0])]
    torch.manual_seed(seed)
    model = forgetful(LlamaForCausalLM(melody_config()))
    report(f"{model.num_parameters()} parameters, {len(train)} works, {steps} steps")
    options = TrainingOptions(
        steps=steps, batch_rows=BATCH_ROWS, every=max(10, steps // 20), muon_rate=4e-3, adamw_rate=4e-3,
        weight_decay=0.3, decay=0.5, threads=threads, seed=seed, bf16=True, resume=resume,
    )  # fmt: skip
    rows = MelodyRows(train, steps * BATCH_ROWS, seed)
    trained = train_causal(model, rows, valid, out_directory / "run", options, report=report).eval()
    figures = {
        "seconds": round(time.monotonic() - started),
        "options": asdict(options),
        "parameters": model.num_parameters(),
        "works": {"train": len(train), "valid": len(splits["valid"])},
        "valid_nats_per_note": mean_nats_per_note(trained, [work.melodies[0] for work in splits["valid"]]),
    }
    report(str(figures["valid_nats_per_note"]))
    return write_melody_checkpoint(trained, out_directory / "checkpoint", figures)


def forgetful(model: LlamaForCausalLM, dropout: float = DROPOUT, lost: float = LOST_TOKENS) -> LlamaForCausalLM:
    """Drop out parts of what each layer adds, and whole tokens of what is read, while the model is trained.

    Dropout inside attention would be the configuration's own, but makes an update three times as slow on a CPU.
    """

    def drop(module: torch.nn.Module, _: object, output: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.dropout(output, dropout, module.training)

    def lose(module: torch.nn.Module, _: object, embedded: torch.Tensor) -> torch.Tensor:  # (B, T, D)
        if not module.training:
            return embedded
        kept = torch.rand(embedded.shape[:2]) >= lost  # (B, T)
        return drop(module, None, embedded * kept[..., None])

    model.model.embed_tokens.register_forward_hook(lose)
    for layer in model.model.layers:
        layer.self_attn.o_proj.register_forward_hook(drop)
        layer.mlp.register_forward_hook(drop)
    return model


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
