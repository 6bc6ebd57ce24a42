"""Tiny random models of transformers with a tokenizer of their own, and a few prepared songs. Knows nothing of training."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from engine.corpus.prepared_songs import write_songs
from engine.lyrics.plain_songs import PlainSection, PlainSong

ARCHITECTURES = ("gpt2", "gpt_neo", "gptj", "llama", "qwen2")
END = "<|endoftext|>"
CONTEXT = 64
WORDS = "river moon silver morning night rain garden harbour winter light over under the a my your sings falls".split()


def tiny_songs(count: int, first: int = 0) -> list[PlainSong]:
    """Return songs of two sections, all different."""

    def line(number: int) -> str:
        return " ".join(WORDS[(number * 7 + k * (number % 5 + 1)) % len(WORDS)] for k in range(5))

    return [
        PlainSong(
            f"Artist {n % 3}",
            f"Song {n}",
            (
                PlainSection("Verse 1", tuple(line(10 * n + k) for k in range(3))),
                PlainSection("Chorus", tuple(line(10 * n + 5 + k) for k in range(2))),
            ),
        )
        for n in range(first, first + count)
    ]


def write_tiny_songs(folder: Path, train: int = 12, valid: int = 4) -> Path:
    """Write a prepared folder and return it."""
    write_songs(folder, "train", tiny_songs(train))
    write_songs(folder, "valid", tiny_songs(valid, 100))
    write_songs(folder, "test", tiny_songs(valid, 200))
    return folder


def tiny_config(architecture: str, vocab_size: int, end_id: int) -> Any:
    """Return a configuration of two blocks of 32, attending to 64 ids."""
    import transformers as t

    ends = {"bos_token_id": end_id, "eos_token_id": end_id}
    gpt = {"vocab_size": vocab_size, "n_positions": CONTEXT, "n_embd": 32, "n_layer": 2, "n_head": 2, **ends}
    llama = {
        "vocab_size": vocab_size, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2,
        "num_attention_heads": 2, "num_key_value_heads": 1, "max_position_embeddings": CONTEXT, **ends,
    }  # fmt: skip
    if architecture == "gpt2":
        return t.GPT2Config(**gpt)
    if architecture == "gptj":
        return t.GPTJConfig(**gpt, rotary_dim=8)
    if architecture == "gpt_neo":
        return t.GPTNeoConfig(
            vocab_size=vocab_size, max_position_embeddings=CONTEXT, hidden_size=32, num_layers=2, num_heads=2,
            attention_types=[[["global", "local"], 1]], window_size=8, **ends,
        )  # fmt: skip
    return (t.LlamaConfig if architecture == "llama" else t.Qwen2Config)(
        **llama, tie_word_embeddings=architecture == "qwen2"
    )


def write_tiny_model(folder: Path, architecture: str, seed: int = 0) -> Path:
    """Write a model directory as transformers does, with tokenizer.json, and return it."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=300, special_tokens=[END], initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator([song.text() for song in tiny_songs(12)], trainer)
    own = PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token=END, bos_token=END)
    own.save_pretrained(folder)
    torch.manual_seed(seed)
    config = tiny_config(architecture, tokenizer.get_vocab_size() + 4, own.eos_token_id)
    AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    return folder
