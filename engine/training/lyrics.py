"""Training of the lyric model: a small Llama from scratch on a marked corpus. Does not know how lyrics are decoded."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.numpy import load_file
from transformers import LlamaConfig, LlamaForCausalLM

from engine.checkpoint import Checkpoint, open_checkpoint, write_checkpoint
from engine.corpus.lyric_corpus import ASSOCIATIONS, AUTHORS, TOKENIZER, WORDS, prepare_lyric_corpus
from engine.corpus.shards import RowDataset, Shard
from engine.errors import RequestError
from engine.lyrics.memory_filter import MEMORY_FILE
from engine.lyrics.tokenizer import LyricTokenizer
from engine.training.trainer import TrainingOptions, train_causal

VOCAB_SIZE, CONTEXT_LENGTH, ROW_IDS, BATCH_ROWS = 4096, 512, 384, 8
VALID_TEXTS, LATE_SHARE = 96, 0.38
PREPARED, RUN, CARD = "prepared", "run", "training.json"
FROM_SCRATCH: dict[str, Any] = {"muon_rate": 4e-3}
# Half the rates and a longer way down: full rates throw away what the base has learned in its own last third.
GOING_ON: dict[str, Any] = {"muon_rate": 2e-3, "adamw_rate": 1e-3, "decay": 0.7}


def lyric_config(vocab_size: int = VOCAB_SIZE, layers: int = 6) -> LlamaConfig:
    """Return the architecture of the starters: Llama, layers of 256, 4 heads, tied embeddings; English has 5.9M parameters."""
    return LlamaConfig(
        vocab_size=vocab_size,
        hidden_size=256,
        intermediate_size=704,
        num_hidden_layers=layers,
        num_attention_heads=4,
        num_key_value_heads=4,
        max_position_embeddings=CONTEXT_LENGTH,
        tie_word_embeddings=True,
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=2,
        rope_parameters={"rope_type": "default", "rope_theta": 10000.0},
        attention_bias=False,
        use_cache=False,
    )


class ValidRows:
    """Whole texts of a shard that are shown at least half a time per pass, padded to a row; labels as in training."""

    def __init__(self, shard: Shard, *, texts: int, length: int, seed: int = 5) -> None:
        usual = np.flatnonzero(shard.weights[:, 0] >= 0.5)
        chosen = np.random.default_rng(seed).permutation(usual)[:texts]
        self._rows = [self._row(shard, int(i), length) for i in chosen]

    @staticmethod
    def _row(shard: Shard, index: int, length: int) -> dict[str, np.ndarray]:
        ids = shard.text_ids(index)[:length].astype(np.int64)
        learned = shard.learned[shard.starts[index] : shard.starts[index + 1]][:length]
        row = {"input_ids": np.zeros(length, np.int64), "labels": np.full(length, -100, np.int64)}
        row["input_ids"][: len(ids)] = ids
        row["labels"][: len(ids)] = np.where(learned, ids, -100)
        return row

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: int) -> dict[str, np.ndarray]:
        return self._rows[index]


def train_lyrics(
    corpus: Path,
    out: Path,
    *,
    steps: int = 4200,
    threads: int = 2,
    seed: int = 1,
    every: int = 200,
    resume: bool = False,
    base: Path | None = None,
    report: Callable[[str], None] = print,
) -> Path:
    """Prepare the corpus (once), train, and write a checkpoint to `out/checkpoint`; return its path.

    corpus: JSON lines of lyrics as in data/lyrics/english.jsonl.gz. steps: of 8 x 384 ids. base: a lyric checkpoint that
    goes on learning, with its own tokenizer; from scratch if None. RequestError where the corpus is missing or too small,
    CheckpointError where the base cannot be opened.
    """
    if not corpus.is_file():
        raise RequestError(f"there is no corpus {corpus}; name a .jsonl or .jsonl.gz file of songs")
    prepared = out / PREPARED
    if not (prepared / ASSOCIATIONS).is_file():
        tokenizer = tokenizer_of(base) if base is not None else None
        prepare_lyric_corpus(corpus, prepared, vocab_size=VOCAB_SIZE, seed=seed, report=report, tokenizer=tokenizer)
    train, valid = Shard.open(prepared / "train.npz"), Shard.open(prepared / "valid.npz")
    if not len(train) or not len(valid):
        raise RequestError(
            f"{corpus.name} gives {len(train)} texts to train on and {len(valid)} to validate; it needs more songs"
        )
    torch.manual_seed(seed)
    model = LlamaForCausalLM(lyric_config()) if base is None else weights_of(base)
    schedule = FROM_SCRATCH if base is None else GOING_ON
    options = TrainingOptions(
        steps=steps, batch_rows=BATCH_ROWS, every=every, threads=threads, seed=seed, resume=resume, **schedule
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
        "corpus": corpus.name,
        "base": None if base is None else open_checkpoint(base).digest,
    }
    (out / RUN / CARD).write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    return export_lyrics(out / RUN / "final", prepared, out / "checkpoint", facts).directory


def tokenizer_of(base: Path) -> LyricTokenizer:
    """Return the tokenizer of a lyric checkpoint."""
    checkpoint = open_checkpoint(base)
    if checkpoint.tokenizer_file is None:
        raise RequestError(f"{base} has no {TOKENIZER}; name a lyric checkpoint such as engine/starter/lyrics")
    return LyricTokenizer.open(checkpoint.tokenizer_file)


def weights_of(base: Path) -> LlamaForCausalLM:
    """Return the model of a lyric checkpoint, to go on with in fp32."""
    model: LlamaForCausalLM = LlamaForCausalLM.from_pretrained(open_checkpoint(base).directory, dtype=torch.float32)
    model.config.use_cache = False
    return model


def export_lyrics(weights: Path, prepared: Path, out: Path, card: dict[str, Any]) -> Checkpoint:
    """Write the checkpoint that songs are made with: fp16 weights, tokenizer, words, associations and authors.

    Where `prepared` has a memory of its texts (`songwright corpus remember CORPUS --out PREPARED/memory.npz`), that too.
    """
    tensors = {name: tensor.astype(np.float16) for name, tensor in load_file(weights / "model.safetensors").items()}
    memory = (MEMORY_FILE,) if (prepared / MEMORY_FILE).is_file() else ()
    more = {name: (prepared / name).read_bytes() for name in (WORDS, ASSOCIATIONS, AUTHORS, *memory)}
    config = json.loads((weights / "config.json").read_text(encoding="utf-8"))
    config["use_cache"] = True  # off in training, where nothing is cached; whoever generates with transformers wants it
    return write_checkpoint(out, tensors, config, (prepared / TOKENIZER).read_bytes(), card, more_files=more)
