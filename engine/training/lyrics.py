"""Training of the lyric model: a small Llama from scratch on a marked corpus. Does not know how lyrics are decoded."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.numpy import load_file
from transformers import LlamaConfig, LlamaForCausalLM

from engine.checkpoint import Checkpoint, open_checkpoint, write_checkpoint
from engine.corpus.lyric_corpus import ASSOCIATIONS, AUTHORS, TOKENIZER, WORDS, prepare_lyric_corpus
from engine.corpus.shards import Shard
from engine.errors import RequestError
from engine.lyrics.memory_filter import MEMORY_FILE
from engine.lyrics.prompt import SECTIONS, reverse_line
from engine.lyrics.tokenizer import LyricTokenizer
from engine.lyrics.word_pairs import PAIRS_FILE
from engine.training.begun_runs import RUN, begin_or_go_on, files_fact
from engine.training.planned_runs import FINAL, PREPARED, RowShape, learn, write_card
from engine.training.planned_samples import PlannedForm
from engine.training.run_options import RunOptions

VOCAB_SIZE, CONTEXT_LENGTH = 4096, 512
ROWS = RowShape(ids=384, batch_rows=8, valid_texts=96, late_share=0.38)
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


def train_lyrics(
    corpus: Path,
    out: Path,
    run: RunOptions,
    *,
    base: Path | None = None,
    report: Callable[[str], None] = print,
) -> Path:
    """Prepare the corpus (once), train, and write a checkpoint to `out/checkpoint`; return its path.

    corpus: JSON lines of lyrics as in data/lyrics/english.jsonl.gz. run: its steps are of 8 x 384 ids. base: a lyric
    checkpoint that goes on learning, with its own tokenizer; from scratch if None. RequestError where the corpus is missing
    or too small, or where the run in `out` was begun otherwise; CheckpointError where the base cannot be opened.
    """
    if not corpus.is_file():
        raise RequestError(f"there is no corpus {corpus}; name a .jsonl or .jsonl.gz file of songs")
    prepared = out / PREPARED
    changed = begin_or_go_on(out, _facts(corpus, base, run), resume=run.resume)
    if changed & {"corpus", "from", "seed"}:
        (prepared / ASSOCIATIONS).unlink(missing_ok=True)  # prepared from others, so once more
    if not (prepared / ASSOCIATIONS).is_file():
        tokenizer = tokenizer_of(base) if base is not None else None
        prepare_lyric_corpus(corpus, prepared, vocab_size=VOCAB_SIZE, seed=run.seed, report=report, tokenizer=tokenizer)
    train, valid = Shard.open(prepared / "train.npz"), Shard.open(prepared / "valid.npz")
    if not len(train) or not len(valid):
        raise RequestError(
            f"{corpus.name} gives {len(train)} texts to train on and {len(valid)} to validate; it needs more songs"
        )
    torch.manual_seed(run.seed)
    model = LlamaForCausalLM(lyric_config()) if base is None else weights_of(base)
    found = learn(
        model, train, valid, out, form=english_form(LyricTokenizer.open(prepared / TOKENIZER)), shape=ROWS, run=run,
        rates=FROM_SCRATCH if base is None else GOING_ON, report=report,
    )  # fmt: skip
    facts = {**found, "corpus": corpus.name, "base": None if base is None else open_checkpoint(base).digest}
    write_card(out, facts)
    return export_lyrics(out / RUN / FINAL, prepared, out / "checkpoint", facts).directory


def _facts(corpus: Path, base: Path | None, run: RunOptions) -> dict[str, Any]:
    """Return what another run would have otherwise."""
    from_ = None if base is None else {"path": str(base), "sha256": open_checkpoint(base).digest}
    return {"command": "train lyrics", "family": "llama", "corpus": files_fact(corpus, [corpus]), "from": from_,
            "steps": run.steps, "seed": run.seed}  # fmt: skip


def english_form(tokenizer: LyricTokenizer) -> PlannedForm:
    """Return how English texts stand in ids: each line from its last word to its first, closed by a newline."""
    is_mark = np.zeros(tokenizer.vocab_size, np.bool_)
    is_mark[tokenizer.mark_ids()] = True
    return PlannedForm(
        is_mark, tokenizer.id_of("<words>"), tokenizer.newline_id, told=tokenizer.decode, printed=_printed,
        words=lambda ids: reverse_line(tokenizer.decode(ids).rstrip("\n")).strip(),
    )  # fmt: skip


def _printed(marks: str, words: str) -> str:
    """Return a line as people read it, under a label where it begins a section."""
    label = next((kind.capitalize() for kind in SECTIONS if f"<{kind}>" in marks), None)
    return words if label is None else f"\n[{label}]\n{words}"


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

    Where `prepared` has the memory and the word pairs of its texts (`songwright corpus remember`), those too.
    """
    tensors = {name: tensor.astype(np.float16) for name, tensor in load_file(weights / "model.safetensors").items()}
    remembered = [name for name in (MEMORY_FILE, PAIRS_FILE) if (prepared / name).is_file()]
    more = {name: (prepared / name).read_bytes() for name in (WORDS, ASSOCIATIONS, AUTHORS, *remembered)}
    config = json.loads((weights / "config.json").read_text(encoding="utf-8"))
    config["use_cache"] = True  # off in training, where nothing is cached; whoever generates with transformers wants it
    return write_checkpoint(out, tensors, config, (prepared / TOKENIZER).read_bytes(), card, more_files=more)
