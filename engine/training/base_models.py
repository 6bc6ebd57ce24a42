"""The model that a training goes on from: a directory, or a model of the Hugging Face hub that the host names.

The one place that may use the network, and only for that name. Does not know training.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.checkpoint import CONFIG, MANIFEST, open_checkpoint, sha256
from engine.errors import CheckpointError, RequestError
from engine.lyrics.hf_causal import FAMILY, FastTokenizer, end_id_of

HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?")
# Weights as pickles are read where a model has no others (transformers loads nothing but tensors from them).
FETCHED = ("*.json", "*.txt", "*.model", "*.safetensors")
PICKLES = ("pytorch_model*.bin", "pytorch_model.bin.index.json")


@dataclass(frozen=True)
class BaseModel:
    """name: as the host gave it. files: of the tokenizer, by name, for whoever opens the checkpoint with transformers."""

    name: str
    directory: Path
    config: Any
    tokenizer: FastTokenizer
    tokenizer_json: bytes
    files: dict[str, bytes]

    @property
    def context_length(self) -> int:
        """The most ids that it attends to."""
        return int(getattr(self.config, "max_position_embeddings", None) or 2048)


def open_base(name: str | None, report: Callable[[str], None] = print) -> BaseModel:
    """Open a base by directory or hub name; RequestError or CheckpointError say what is wrong and what to give instead."""
    if not name:
        raise RequestError(
            "hf-causal needs --base: the directory of a model, or its name on the Hugging Face hub, such as "
            "openai-community/gpt2; `songwright train recipes` lists some"
        )
    directory = Path(name).expanduser()
    if not directory.is_dir():
        directory = fetch(name, report)
    if (directory / MANIFEST).is_file():
        family = open_checkpoint(directory).family
        if family != FAMILY:
            raise CheckpointError(
                f"{directory} is a checkpoint of the family {family}; hf-causal goes on from its own checkpoints and from "
                "directories that transformers wrote"
            )
    if not (directory / CONFIG).is_file():
        raise CheckpointError(f"{directory} has no {CONFIG}: it is not a model directory of transformers")
    return _opened(name, directory)


def fetch(name: str, report: Callable[[str], None]) -> Path:
    """Fetch a model from the hub into its cache, or find it there, and return its directory."""
    if not HUB_NAME.fullmatch(name):
        raise RequestError(f"there is no directory {name}, and the hub has no such names; check --base")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    from huggingface_hub import HfApi, snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    report(f"there is no directory {name}; looking for the model of that name in the hub's cache and on the hub")
    try:
        found = Path(snapshot_download(name, allow_patterns=list(FETCHED)))
        if not any(found.glob("*.safetensors")) and any(f.endswith(".bin") for f in HfApi().list_repo_files(name)):
            found = Path(snapshot_download(name, allow_patterns=[*FETCHED, *PICKLES]))
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError, ValueError) as error:
        raise RequestError(_not_fetched(name, error)) from error
    return found


def _not_fetched(name: str, error: Exception) -> str:
    from huggingface_hub.constants import HF_HUB_OFFLINE
    from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError

    if isinstance(error, GatedRepoError):
        reason = "its makers want their terms accepted on huggingface.co first"
    elif isinstance(error, RepositoryNotFoundError):
        reason = "there is neither a directory nor a public model of that name"
    elif HF_HUB_OFFLINE:
        reason = "HF_HUB_OFFLINE is set and it is not in the cache"
    else:
        reason = "the hub could not be reached and it is not in the cache"
    return (
        f"{name} could not be fetched: {reason}; fetch it where there is network with `hf download {name} --local-dir "
        "DIRECTORY`, and give --base DIRECTORY"
    )


def _opened(name: str, directory: Path) -> BaseModel:
    from transformers import AutoConfig, AutoTokenizer, PreTrainedTokenizerFast

    try:
        config = AutoConfig.from_pretrained(directory, local_files_only=True)
        own = AutoTokenizer.from_pretrained(directory, local_files_only=True, use_fast=True)
    except Exception as error:  # transformers, tokenizers and sentencepiece have no error in common
        reason = " ".join(str(error).split())
        raise CheckpointError(
            f"config or tokenizer in {directory} cannot be opened ({reason}); fetch it whole"
        ) from error
    if not isinstance(own, PreTrainedTokenizerFast):
        raise CheckpointError(
            f"{directory} has no fast tokenizer (tokenizer.json); fetch it whole, or take another base"
        )
    if own.eos_token_id is not None:
        config.eos_token_id = own.eos_token_id
    written = own.backend_tokenizer.to_str()
    files = {"tokenizer_config.json": _tokenizer_config(own)}
    tokenizer = FastTokenizer(own.backend_tokenizer, end_id_of(config, directory))
    if tokenizer.vocab_size > config.get_text_config().vocab_size:
        raise CheckpointError(
            f"the tokenizer in {directory} has {tokenizer.vocab_size} entries, the model {config.vocab_size}: they do not "
            "belong together"
        )
    return BaseModel(name, directory, config, tokenizer, written.encode(), files)


def _tokenizer_config(own: Any) -> bytes:
    """Return a tokenizer_config.json that names the fast class and the marks, so that transformers opens the checkpoint."""
    marks = {name: str(mark) for name, mark in own.special_tokens_map.items() if isinstance(mark, str)}
    return json.dumps({"tokenizer_class": "PreTrainedTokenizerFast", **marks}, indent=2).encode() + b"\n"


def digest_of(directory: Path) -> str:
    """Return what tells a base from others: a checkpoint's own digest, or 16 hexadecimal digits over its weights."""
    if (directory / MANIFEST).is_file():
        return open_checkpoint(directory).digest
    weights = sorted([*directory.glob("*.safetensors"), *directory.glob("pytorch_model*.bin"), directory / CONFIG])
    return hashlib.sha256("".join(sha256(path) for path in weights).encode()).hexdigest()[:16]
