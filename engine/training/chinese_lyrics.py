"""Training of the Chinese lyric model: a small Llama from scratch. Does not know how lyrics are decoded."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.numpy import load_file
from transformers import LlamaForCausalLM

from engine.checkpoint import Checkpoint, write_checkpoint
from engine.corpus.chinese_corpus import AUTHORS, TOKENIZER, TUNES, WORDS, prepare_chinese_corpus
from engine.corpus.shards import Shard
from engine.errors import RequestError
from engine.lyrics.chinese.tokenizer import MARKS, UNKNOWN, ChineseTokenizer, special_tokens
from engine.lyrics.memory_filter import MEMORY_FILE
from engine.training.begun_runs import RUN, begin_or_go_on, files_fact
from engine.training.lyrics import lyric_config
from engine.training.planned_runs import FINAL, PREPARED, RowShape, learn, write_card
from engine.training.planned_samples import PlannedForm
from engine.training.run_options import RunOptions

LAST_PREPARED = "test.npz"
LAYERS, RATES = 4, {"muon_rate": 4e-3}
ROWS = RowShape(ids=256, batch_rows=12, valid_texts=128, late_share=0.4)


def train_chinese_lyrics(
    sources: Sequence[Path], out: Path, run: RunOptions, *, report: Callable[[str], None] = print
) -> Path:
    """Prepare the corpus (once), train, and write a checkpoint to `out/checkpoint`; return its path.

    sources: JSON lines as in data/lyrics/chinese_songs.jsonl.gz. run: its steps are of 12 x 256 ids. RequestError where a
    source is missing or there is too little in them, or where the run in `out` was begun otherwise.
    """
    for source in sources:
        if not source.is_file():
            raise RequestError(f"there is no corpus {source}; name .jsonl or .jsonl.gz files of Chinese verse")
    prepared = out / PREPARED
    facts = {"command": "train chinese", "corpus": files_fact(sources, sources), "steps": run.steps, "seed": run.seed}
    changed = begin_or_go_on(out, facts, resume=run.resume)
    if changed & {"corpus", "seed"}:
        (prepared / LAST_PREPARED).unlink(missing_ok=True)  # prepared from others, so once more
    if not (prepared / LAST_PREPARED).is_file():
        prepare_chinese_corpus(sources, prepared, seed=run.seed, report=report)
    train, valid = Shard.open(prepared / "train.npz"), Shard.open(prepared / "valid.npz")
    if not len(train) or not len(valid):
        raise RequestError(f"{len(train)} texts to train on and {len(valid)} to validate are too few; add more verse")
    torch.manual_seed(run.seed)
    tokenizer = ChineseTokenizer.open(prepared / TOKENIZER)
    model = LlamaForCausalLM(lyric_config(tokenizer.vocab_size, LAYERS))
    found = learn(
        model, train, valid, out, form=chinese_form(tokenizer), shape=ROWS, run=run, rates=RATES, report=report
    )
    card = {**found, "corpus": [source.name for source in sources]}
    write_card(out, card)
    return export_chinese_lyrics(out / RUN / FINAL, prepared, out / "checkpoint", card).directory


def chinese_form(tokenizer: ChineseTokenizer) -> PlannedForm:
    """Return how Chinese texts stand in ids: each line from its last character to its first, as many as its mark says."""
    is_mark = np.zeros(tokenizer.vocab_size, np.bool_)
    is_mark[[tokenizer.id_of(mark) for mark in special_tokens() if mark != UNKNOWN]] = True
    return PlannedForm(
        is_mark, tokenizer.id_of("<words>"), None, words=lambda ids: tokenizer.decode(ids)[::-1], printed=_printed,
        told=lambda ids: "".join(tokenizer.entries[i] for i in ids).replace(UNKNOWN, "□"),
    )  # fmt: skip


def _printed(marks: str, words: str) -> str:
    """Return a line with the sign that closes it, as its marks tell."""
    return words + next((sign for sign in MARKS if sign in marks), "")


def export_chinese_lyrics(weights: Path, prepared: Path, out: Path, card: dict[str, Any]) -> Checkpoint:
    """Write the checkpoint that verse is written with: fp16 weights, tokenizer, tunes, theme words and authors."""
    tensors = {name: tensor.astype(np.float16) for name, tensor in load_file(weights / "model.safetensors").items()}
    more = {name: (prepared / name).read_bytes() for name in (TUNES, WORDS, AUTHORS, MEMORY_FILE)}
    config = json.loads((weights / "config.json").read_text(encoding="utf-8"))
    config["use_cache"] = True
    return write_checkpoint(out, tensors, config, (prepared / TOKENIZER).read_bytes(), card, more_files=more)
