"""Training of the character LSTM on plain songs, by truncated back-propagation through time with carried state.

Does not know how the network computes or how it is measured.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import PreTrainedModel

from engine.checkpoint import Checkpoint, open_checkpoint, write_checkpoint
from engine.corpus.song_texts import song_texts
from engine.decoding import Sequence as Written
from engine.decoding import decode
from engine.errors import OutputError, RequestError
from engine.lyrics.char_lstm import FAMILY, CharLstmLayers, CharLstmModel, CharLstmShape, read_char_lstm, song_bits
from engine.lyrics.characters import END, Characters, artist_of
from engine.lyrics.plain_songs import body_start
from engine.training.carried_state import CarriedStateTrainer
from engine.training.char_lstm_network import CharLstm, CharLstmConfig
from engine.training.checkpoints import written_once
from engine.training.song_rows import SongRows
from engine.training.text_training import TextTraining
from engine.training.trainer import TrainingOptions, train_causal

Say = Callable[[str], None]
RUN, CHECKPOINT = "run", "checkpoint"
STEPS, BATCH_ROWS, ROW_CHARACTERS = 4000, 32, 128
MUON_RATE, ADAMW_SHARE = 1e-2, 0.5  # after 300 steps 1.68 nats; Muon at 3e-3 1.91, AdamW alone at 4e-3 1.91
GOING_ON_RATE = 5e-4  # AdamW, from a base
VALID_CHARACTERS = 131_072
MEASURED_SONGS, SAMPLE_CHARACTERS = 50, 300
LEAST_SONGS = 2  # of an artist, to be told apart from nobody


@dataclass(frozen=True)
class Size:
    """layers of `hidden` units over embeddings of characters and of artists."""

    layers: int
    hidden: int
    embedding: int
    artist: int


SIZES = {"classic": Size(2, 512, 128, 64), "small": Size(1, 256, 64, 32)}


def train_char_lstm(training: TextTraining, report: Say) -> Path:
    """Train on a folder of prepared songs and write `out/checkpoint`; return its path.

    Going on from a base keeps its alphabet, artists and sizes. RequestError for options that the family does not have.
    """
    _refuse(training)
    train, valid = (_texts(training, split) for split in ("train", "valid"))
    torch.manual_seed(training.seed)
    if training.base is not None:
        model, characters = model_of(Path(training.base), training.with_artist)
    else:
        artists = known_artists(train) if training.with_artist else ()
        characters = Characters.learn(train, artists=artists)
        model = CharLstm(config_of(characters, training.size or "classic"))
    freeze(model, training.freeze_layers, training.freeze_embeddings)
    options = options_of(training)
    length, streams = training.row_tokens or ROW_CHARACTERS, options.batch_rows // options.accumulate
    rows = SongRows(
        train, characters, rows=options.batch_rows * options.steps, streams=streams, length=length, seed=training.seed
    )
    count = max(1, min(VALID_CHARACTERS, sum(map(len, valid))) // (streams * length)) * streams
    valid_rows = SongRows(valid, characters, rows=count, streams=streams, length=length, nobody_share=0.0)
    report(
        f"{model.num_parameters()} parameters, {len(characters.alphabet)} characters, {len(characters.artists)} artists"
    )
    start = time.monotonic()
    # The state is never set back between songs: the network reads where a song ends, and learns what to forget there and
    # what not, such as the manner of the corpus. A reset would cut rows at each song. The artist does change with the song.
    train_causal(
        model, rows, valid_rows, training.out / RUN, options, report=report, sample=sampler(characters, valid),
        trainer_class=CarriedStateTrainer, bytes_per_id=bytes_per_id(valid), training_lines=lambda: map(str.splitlines, train),
    )  # fmt: skip
    card = {"options": asdict(options), "row_characters": length, "characters_seen": len(rows) * length,
            "parameters": model.num_parameters(), "seconds": round(time.monotonic() - start)}  # fmt: skip
    return written_once(
        lambda: (
            export(model, characters, training.out / CHECKPOINT, card | measured(model, characters, valid)).directory
        ),
        training.out,
    )


def _refuse(training: TextTraining) -> None:
    if training.lora_rank:
        raise RequestError("the family char-lstm has no LoRA; leave it out, or train hf-causal")
    if training.order is not None:
        raise RequestError("an order belongs to the family markov; leave it out")
    if training.precision == "fp16":
        raise RequestError("the family char-lstm trains in fp32 or bf16, not fp16")
    if training.size not in (None, *SIZES):
        raise RequestError(f"there is no size {training.size!r} of char-lstm; choose {' or '.join(SIZES)}")
    if training.base is not None and training.size is not None:
        raise RequestError("a base brings its own size; leave the size out")
    if (training.out / CHECKPOINT).exists():
        raise OutputError(
            f"{training.out / CHECKPOINT} exists and checkpoints are never changed; choose another folder"
        )


def _texts(training: TextTraining, split: Any) -> list[str]:
    texts = song_texts(training.data, split)
    if not texts:
        raise RequestError(f"{training.data} has no {split} songs; prepare a larger corpus")
    return texts


def known_artists(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the artists of at least two songs, those with the most first."""
    counts = Counter(name for text in texts if (name := artist_of(text)))
    return tuple(sorted((n for n, count in counts.items() if count >= LEAST_SONGS), key=lambda n: (-counts[n], n)))


def config_of(characters: Characters, size: str) -> CharLstmConfig:
    """Return the sizes of a new network."""
    layout = SIZES[size]
    return CharLstmConfig(
        choices=characters.choices, artists=len(characters.artists), embedding_size=layout.embedding,
        artist_size=layout.artist, hidden_size=layout.hidden, layers=layout.layers,
    )  # fmt: skip


def model_of(base: Path, with_artist: bool) -> tuple[CharLstm, Characters]:
    """Open a checkpoint of this family to go on learning."""
    layers, characters = read_char_lstm(base)
    if with_artist and not characters.artists:
        raise RequestError(f"{base} was trained without artists and cannot learn them later; train without a base")
    model = CharLstm(CharLstmConfig(**asdict(layers.shape)))
    weights = open_checkpoint(base).read_weights()
    model.load_state_dict({name: torch.from_numpy(weight.astype(np.float32)) for name, weight in weights.items()})
    return model, characters


def freeze(model: CharLstm, layers: int, embeddings: bool) -> None:
    """Keep the first layers, and the embeddings if asked to, as they are."""
    if not 0 <= layers <= model.config.layers:
        raise RequestError(f"frozen layers must be 0-{model.config.layers} for this network, got {layers}")
    for name, weight in model.named_parameters():
        if (embeddings and "embed" in name) or any(name.endswith(f"_l{layer}") for layer in range(layers)):
            weight.requires_grad_(False)


def options_of(training: TextTraining) -> TrainingOptions:
    """Return what the training loop is told: Muon from scratch, AdamW for a base, which has learned already."""
    rate = training.learning_rate or (MUON_RATE if training.base is None else GOING_ON_RATE)
    return TrainingOptions(
        steps=training.steps or STEPS, batch_rows=training.batch_rows or BATCH_ROWS, accumulate=training.accumulate,
        every=training.every, sample_every=training.sample_every, save_every=training.save_every,
        patience=training.patience, threads=training.threads, seed=training.seed,
        optimizer="muon" if training.base is None else "adamw", muon_rate=rate,
        adamw_rate=rate * ADAMW_SHARE if training.base is None else rate, resume=training.resume,
        bf16=training.precision == "bf16", gradient_checkpointing=training.gradient_checkpointing,
    )  # fmt: skip


def bytes_per_id(texts: Iterable[str]) -> float:
    """Return the bytes of texts over their characters and ends."""
    sizes = [(len(text.encode()), len(text) + 1) for text in texts]
    return sum(size for size, _ in sizes) / sum(ids for _, ids in sizes)


def layers_of(model: PreTrainedModel) -> CharLstmLayers:
    """Return the network as it is now, for reading without torch."""
    shape = CharLstmShape(**{name: getattr(model.config, name) for name in CharLstmShape.__dataclass_fields__})
    return CharLstmLayers(shape, {n: t.detach().float().cpu().numpy() for n, t in model.state_dict().items()})


def sampler(characters: Characters, valid: Sequence[str]) -> Callable[[PreTrainedModel, int], str]:
    """Return what writes the beginning of a song under the first heading of the validation songs."""
    heading = valid[0][: body_start(valid[0])]

    def sample(model: PreTrainedModel, step: int) -> str:
        prompt = characters.encode(heading) or [END]
        written = Written(prompt, seed=step, max_new_tokens=SAMPLE_CHARACTERS, stop_ids={END})
        return heading + characters.decode(decode(CharLstmModel(layers_of(model)), [written])[0].ids)

    return sample


def measured(model: CharLstm, characters: Characters, valid: Sequence[str]) -> dict[str, Any]:
    """Return the bits per byte of the first validation songs, headings given."""
    songs = valid[:MEASURED_SONGS]
    size = sum(len(song[body_start(song) :].encode()) for song in songs)
    bits = sum(song_bits(layers_of(model), characters, songs))
    return {"valid_bits_per_byte": round(bits / max(1, size), 4), "valid_songs": len(songs)}


def export(model: CharLstm, characters: Characters, directory: Path, card: dict[str, Any]) -> Checkpoint:
    """Write the checkpoint that songs are made with."""
    layers = layers_of(model)
    weights = {name: model.state_dict()[name].detach().float().cpu().numpy() for name in layers.shape.tensors()}
    config = asdict(layers.shape) | {"model_type": "char_lstm"}
    return write_checkpoint(directory, weights, config, characters.to_json(), card, family=FAMILY)
