"""Recipes: named sets of training options; and which options each lyric family takes. Does not know how any trains."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.errors import RequestError

COMMON = frozenset({"data", "out"})
LEARNED = COMMON | {
    "steps", "batch_rows", "row_tokens", "learning_rate", "every", "sample_every", "save_every", "patience",
    "accumulate", "threads", "seed", "resume", "gradient_checkpointing", "precision",
}  # fmt: skip
# The fields of TextTraining that mean something to a family.
TAKES: dict[str, frozenset[str]] = {
    "hf-causal": LEARNED | {"base", "freeze_layers", "freeze_embeddings", "lora_rank"},
    "char-lstm": LEARNED | {"base", "freeze_layers", "freeze_embeddings", "size", "with_artist"},
    "markov": COMMON | {"order"},
}


@dataclass(frozen=True)
class Recipe:
    """options: fields of TextTraining by name. weights: of the base. summary: one line for people."""

    family: str
    weights: str
    summary: str
    options: Mapping[str, Any] = field(default_factory=dict)


LORA = {"lora_rank": 16, "learning_rate": 3e-4}
SMALL_MEMORY = {"precision": "bf16", "gradient_checkpointing": True, "accumulate": 4}


def _of_base(base: str, weights: str, summary: str, **options: Any) -> Recipe:
    return Recipe("hf-causal", weights, summary, {"base": base, **options})


RECIPES: dict[str, Recipe] = {
    "distilgpt2": _of_base("distilbert/distilgpt2", "82M", "the smallest GPT-2; all weights"),
    "gpt2-small": _of_base("openai-community/gpt2", "124M", "the field's usual base; all weights"),
    "gpt2-small-lora": _of_base("openai-community/gpt2", "124M", "the same by LoRA: learns less by heart", **LORA),
    "gpt2-small-top": _of_base(
        "openai-community/gpt2", "124M", "only the upper half of the blocks", freeze_layers=6, freeze_embeddings=True
    ),
    "gpt2-medium": _of_base("openai-community/gpt2-medium", "345M", "all weights", learning_rate=3e-5, **SMALL_MEMORY),
    "gpt2-medium-lora": _of_base("openai-community/gpt2-medium", "345M", "by LoRA", **LORA, **SMALL_MEMORY),
    "gpt-neo-125m": _of_base("EleutherAI/gpt-neo-125m", "125M", "as GPT-2, from other texts; all weights"),
    "gpt-neo-125m-lora": _of_base("EleutherAI/gpt-neo-125m", "125M", "the same by LoRA", **LORA),
    "gpt-j-6b-lora": _of_base(
        "EleutherAI/gpt-j-6b", "6B", "by LoRA; in bf16 its weights alone are 12 GB", **LORA, **SMALL_MEMORY
    ),
    "llama-1b-lora": _of_base(
        "meta-llama/Llama-3.2-1B", "1.2B", "by LoRA; its terms are accepted on huggingface.co", **LORA, **SMALL_MEMORY
    ),
    "tinyllama-lora": _of_base(
        "TinyLlama/TinyLlama_v1.1", "1.1B", "a Llama without a form; by LoRA", **LORA, **SMALL_MEMORY
    ),
    "qwen-0.5b-lora": _of_base("Qwen/Qwen2.5-0.5B", "0.5B", "English and Chinese; by LoRA", **LORA, **SMALL_MEMORY),
    "qwen-1.5b-lora": _of_base("Qwen/Qwen2.5-1.5B", "1.5B", "English and Chinese; by LoRA", **LORA, **SMALL_MEMORY),
}


def recipe_of(name: str, family: str) -> Recipe:
    """Return a recipe of a family; RequestError names those that there are."""
    known = [name for name, recipe in RECIPES.items() if recipe.family == family]
    if name not in known:
        raise RequestError(
            f"there is no recipe {name!r} of the family {family}; known are {', '.join(known) or 'none'}"
        )
    return RECIPES[name]
