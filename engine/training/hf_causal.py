"""Training of any causal language model of transformers on plain songs: whole, with frozen blocks, or by LoRA.

Does not know how songs are asked for or decoded beyond the samples that it shows while it learns.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.numpy import load_file
from transformers import AutoModelForCausalLM

from engine.checkpoint import CONFIG, WEIGHTS, sha256, write_checkpoint
from engine.contract import Sampling
from engine.corpus.prepared_songs import file_of, read_songs
from engine.decoding import Sequence as Prompt
from engine.decoding import decode
from engine.errors import CheckpointError, RequestError
from engine.lyrics.hf_causal import FAMILY
from engine.lyrics.plain_songs import PlainSong
from engine.torch_causal import TorchCausal, quiet
from engine.training.adaptation import freeze, with_lora
from engine.training.base_models import BaseModel, digest_of, open_base
from engine.training.checkpoints import written_once
from engine.training.packed_rows import PackedRows, full_rows
from engine.training.run_log import LOG, read_rows
from engine.training.text_training import TextTraining
from engine.training.trainer import Sample, TrainingOptions, train_causal

RUN, ADAPTER = "run", "adapter"
BATCH_ROWS, ROW_IDS, PASSES, FEWEST_STEPS, MOST_STEPS = 8, 512, 3, 100, 5000
FULL_RATE, LORA_RATE = 5e-5, 3e-4
VALID_IDS, SAMPLE_IDS = 32768, 160
HALF = {"bf16": torch.bfloat16, "fp16": torch.float16}


def train_hf_causal(training: TextTraining, report: Callable[[str], None]) -> Path:
    """Train a base on prepared songs and write `out/checkpoint`; return its path.

    The run is kept in `out/run`: log.jsonl, loss.png, samples.txt and checkpoints to go on from. Every id of a song is
    learned, its heading too, for that is what the model will be asked by. With LoRA the checkpoint holds the merged
    weights, and the adapter apart in a folder of its own.
    """
    base = open_base(training.base, report)
    length = training.row_tokens or min(ROW_IDS, base.context_length)
    if not 8 <= length <= base.context_length:
        raise RequestError(f"--row-tokens must be 8-{base.context_length} for this model, got {length}")
    train, valid = (list(read_songs(training.data, split)) for split in ("train", "valid"))
    if not train or not valid:
        raise RequestError(
            f"{training.data} has {len(train)} songs to train on and {len(valid)} to validate; it needs more songs"
        )
    songs = base.tokenizer.encode_songs([song.text() for song in train])
    valid_songs, valid_bytes = _valid_songs(valid, base)
    options = options_of(training, sum(map(len, songs)), length)
    rows = PackedRows(songs, rows=options.steps * options.batch_rows, length=length, seed=training.seed)
    torch.manual_seed(training.seed)
    model, told = _model(base, training)
    trained = sum(weight.numel() for weight in model.parameters() if weight.requires_grad)
    for sentence in [*told, f"{trained:,} of {model.num_parameters():,} weights are trained, for {options.steps} steps on "
                     f"{len(train):,} songs of {sum(map(len, songs)):,} ids"]:  # fmt: skip
        report(sentence)
    start = time.monotonic()
    train_causal(
        model,
        rows,
        full_rows(valid_songs, length=length),
        training.out / RUN,
        options,
        report=report,
        sample=_sampler(base, valid),
        bytes_per_id=valid_bytes / sum(map(len, valid_songs)),
        training_lines=lambda: (song.lines for song in train),
    )
    facts = _facts(training, base, options, length, trained, round(time.monotonic() - start))
    return written_once(
        lambda: export_hf_causal(model, base, training.out / "checkpoint", facts, training), training.out
    )


def options_of(training: TextTraining, ids: int, length: int) -> TrainingOptions:
    """Return the options of the loop: about three passes over so many ids, unless the steps are said."""
    batch_rows = training.batch_rows or BATCH_ROWS
    passes = -(-PASSES * ids // (batch_rows * length))
    return TrainingOptions(
        steps=training.steps or min(MOST_STEPS, max(FEWEST_STEPS, passes)),
        batch_rows=batch_rows,
        every=training.every,
        adamw_rate=training.learning_rate or (LORA_RATE if training.lora_rank else FULL_RATE),
        weight_decay=0.01,
        warmup=0.05,
        decay=0.6,
        threads=training.threads,
        seed=training.seed,
        bf16=training.precision == "bf16",
        fp16=training.precision == "fp16",
        patience=training.patience,
        resume=training.resume,
        accumulate=training.accumulate,
        gradient_checkpointing=training.gradient_checkpointing,
        sample_every=training.sample_every,
        save_every=training.save_every,
        optimizer="adamw",
    )


def _valid_songs(valid: Sequence[PlainSong], base: BaseModel) -> tuple[list[list[int]], int]:
    """Return the ids of the first validation songs, as many as are worth waiting for, and their UTF-8 bytes."""
    texts = [song.text() for song in valid]
    songs = base.tokenizer.encode_songs(texts)
    count = max(1, int(np.searchsorted(np.cumsum([len(song) for song in songs]), VALID_IDS)))
    return songs[:count], sum(len(text.encode()) for text in texts[:count])


def _model(base: BaseModel, training: TextTraining) -> tuple[Any, list[str]]:
    """Return the model that is trained, and what is to be said about it.

    Weights are float32, computed in half precision where that is asked for; under LoRA those that stay are half too.
    """
    if training.precision not in ("fp32", *HALF):
        raise RequestError(f"--precision must be fp32, bf16 or fp16, got {training.precision}")
    dtype = HALF.get(training.precision, torch.float32) if training.lora_rank else torch.float32
    model = open_to_train(base, dtype)
    told = freeze(model, layers=training.freeze_layers, embeddings=training.freeze_embeddings)
    if not training.lora_rank:
        return model, told
    told.append(f"LoRA of rank {training.lora_rank} is trained beside the weights, and nothing else")
    adapted = with_lora(model, rank=training.lora_rank, frozen_layers=training.freeze_layers, seed=training.seed)
    adapted.peft_config["default"].base_model_name_or_path = base.name
    return adapted, told


def open_to_train(base: BaseModel, dtype: torch.dtype = torch.float32) -> Any:
    """Open the weights of a base; CheckpointError where it is no causal language model, or damaged."""
    try:
        with quiet():
            model = AutoModelForCausalLM.from_pretrained(base.directory, dtype=dtype, local_files_only=True)
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        reason = " ".join(str(error).split())
        raise CheckpointError(f"{base.directory} cannot be opened as a causal language model: {reason}") from error
    model.config.use_cache = False
    model.config.eos_token_id = base.config.eos_token_id
    return model


def _sampler(base: BaseModel, valid: Sequence[PlainSong]) -> Sample:
    """Return what writes a song under the heading of a validation song, told by the step."""

    def sample(model: Any, step: int) -> str:
        heading = valid[int(np.random.default_rng(step).integers(len(valid)))].heading() + "\n"
        ids = base.tokenizer.encode(heading)[: base.context_length // 2]
        room = min(SAMPLE_IDS, base.context_length - len(ids))
        prompt = Prompt(prompt=tuple(ids), sampling=Sampling(temperature=0.9, top_p=0.95), seed=step,
                        max_new_tokens=room, stop_ids=frozenset({base.tokenizer.end_id}))  # fmt: skip
        written = decode(TorchCausal(model, str(model.device)), [prompt])[0].ids
        return heading + base.tokenizer.decode(i for i in written if i < base.tokenizer.vocab_size)

    return sample


def _facts(
    training: TextTraining, base: BaseModel, options: TrainingOptions, length: int, trained: int, seconds: int
) -> dict[str, Any]:
    rows = [row for row in read_rows(training.out / RUN / LOG) if "eval_loss" in row]
    best = min(rows, key=lambda row: row["eval_loss"])
    losses = [row["loss"] for row in read_rows(training.out / RUN / LOG) if "loss" in row]
    asked = asdict(training) | {"data": str(training.data), "out": str(training.out), "row_tokens": length}
    return {
        "kind": "plain songs",
        "parent": {"name": base.name, "digest": digest_of(base.directory), "type": base.config.model_type},
        "data": {split: sha256(file_of(training.data, split)) for split in ("train", "valid")},
        "options": asked,
        "loop": asdict(options),
        "losses": {
            "valid": best["eval_loss"],
            "valid_bits_per_byte": best["eval_bits_per_byte"],
            "at_step": best["step"],
            "train": losses[-1] if losses else None,
        },
        "weights_trained": trained,
        "ids_seen": options.steps * options.batch_rows * length,
        "seconds": seconds,
    }


def export_hf_causal(
    model: Any, base: BaseModel, directory: Path, facts: dict[str, Any], training: TextTraining
) -> Path:
    """Write the checkpoint: float32 weights, or float16 where LoRA was trained beside half ones; and the adapter."""
    more = dict(base.files)
    if training.lora_rank:
        with tempfile.TemporaryDirectory(dir=training.out, prefix=".") as draft:
            model.save_pretrained(draft)
            for name in ("adapter_model.safetensors", "adapter_config.json"):
                more[f"{ADAPTER}/{name}"] = (Path(draft) / name).read_bytes()
        model = model.float().merge_and_unload()  # merging in half precision would round the sum away
    dtype = np.float16 if training.lora_rank and training.precision in HALF else np.float32
    return write_hf_causal(model, base, directory, facts, dtype=dtype, more_files=more)


def write_hf_causal(
    model: Any, base: BaseModel, directory: Path, card: dict[str, Any], *, dtype: type[np.floating[Any]] = np.float32,
    more_files: dict[str, bytes] | None = None,
) -> Path:  # fmt: skip
    """Write a whole model, without LoRA beside it, as a checkpoint of the family; more_files: those of the base, if not said."""
    with tempfile.TemporaryDirectory(dir=directory.parent, prefix=".") as draft, quiet():
        model.save_pretrained(draft, max_shard_size="1TB")
        weights = {name: tensor.astype(dtype) for name, tensor in load_file(Path(draft) / WEIGHTS).items()}
        config = json.loads((Path(draft) / CONFIG).read_text(encoding="utf-8"))
    config |= {"use_cache": True, "dtype": np.dtype(dtype).name}
    files = base.files if more_files is None else more_files
    return write_checkpoint(
        directory, weights, config, base.tokenizer_json, card, family=FAMILY, more_files=files
    ).directory
