"""Training of the Chinese lyric model: a small Llama from scratch. Does not know how lyrics are decoded."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.numpy import load_file
from transformers import LlamaForCausalLM

from engine.checkpoint import Checkpoint, write_checkpoint
from engine.corpus.chinese_corpus import AUTHORS, TOKENIZER, TUNES, WORDS, prepare_chinese_corpus
from engine.corpus.shards import RowDataset, Shard
from engine.errors import RequestError
from engine.lyrics.chinese.tokenizer import ChineseTokenizer
from engine.lyrics.memory_filter import MEMORY_FILE
from engine.training.lyrics import CARD, PREPARED, RUN, ValidRows, lyric_config
from engine.training.trainer import TrainingOptions, train_causal

LAYERS, ROW_IDS, BATCH_ROWS, VALID_TEXTS, LATE_SHARE = 4, 256, 12, 128, 0.4


def train_chinese_lyrics(
    sources: Sequence[Path],
    out: Path,
    *,
    steps: int = 2400,
    threads: int = 2,
    seed: int = 1,
    every: int = 200,
    resume: bool = False,
    report: Callable[[str], None] = print,
) -> Path:
    """Prepare the corpus (once), train, and write a checkpoint to `out/checkpoint`; return its path.

    sources: JSON lines as in data/lyrics/chinese_songs.jsonl.gz. steps: of 12 x 256 ids. RequestError where a source is
    missing or there is too little in them.
    """
    for source in sources:
        if not source.is_file():
            raise RequestError(f"there is no corpus {source}; name .jsonl or .jsonl.gz files of Chinese verse")
    prepared = out / PREPARED
    if not (prepared / "test.npz").is_file():
        prepare_chinese_corpus(sources, prepared, seed=seed, report=report)
    train, valid = Shard.open(prepared / "train.npz"), Shard.open(prepared / "valid.npz")
    if not len(train) or not len(valid):
        raise RequestError(f"{len(train)} texts to train on and {len(valid)} to validate are too few; add more verse")
    torch.manual_seed(seed)
    model = LlamaForCausalLM(lyric_config(ChineseTokenizer.open(prepared / TOKENIZER).vocab_size, LAYERS))
    options = TrainingOptions(
        steps=steps, batch_rows=BATCH_ROWS, every=every, muon_rate=4e-3, threads=threads, seed=seed, resume=resume
    )
    rows = RowDataset(train, rows=steps * BATCH_ROWS, length=ROW_IDS, seed=seed, late_share=LATE_SHARE)
    start = time.monotonic()
    train_causal(model, rows, ValidRows(valid, texts=VALID_TEXTS, length=ROW_IDS), out / RUN, options, report=report)
    model.save_pretrained(out / RUN / "final")
    facts = {
        "parameters": model.num_parameters(),
        "options": asdict(options),
        "row_ids": ROW_IDS,
        "tokens_seen": steps * BATCH_ROWS * ROW_IDS,
        "seconds": round(time.monotonic() - start),
        "corpus": [source.name for source in sources],
    }
    (out / RUN / CARD).write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    return export_chinese_lyrics(out / RUN / "final", prepared, out / "checkpoint", facts).directory


def export_chinese_lyrics(weights: Path, prepared: Path, out: Path, card: dict[str, Any]) -> Checkpoint:
    """Write the checkpoint that verse is written with: fp16 weights, tokenizer, tunes, theme words and authors."""
    tensors = {name: tensor.astype(np.float16) for name, tensor in load_file(weights / "model.safetensors").items()}
    more = {name: (prepared / name).read_bytes() for name in (TUNES, WORDS, AUTHORS, MEMORY_FILE)}
    config = json.loads((weights / "config.json").read_text(encoding="utf-8"))
    config["use_cache"] = True
    return write_checkpoint(out, tensors, config, (prepared / TOKENIZER).read_bytes(), card, more_files=more)
