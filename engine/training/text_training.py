"""What a family is told when it is trained on plain songs: one value for all families. Does not know any of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from engine.errors import RequestError
from engine.lyrics.text_models import LYRIC_FAMILIES


@dataclass(frozen=True)
class TextTraining:
    """data: a folder that `songwright corpus prepare` wrote. out: of the run; the checkpoint is `out/checkpoint`.

    base: a model directory to go on from, or a hub name where the family takes one. steps: optimizer updates; None is the
    family's own choice, as for batch_rows (rows per update), row_tokens (tokens or characters per row) and learning_rate.
    every: steps between validations, and between samples and between checkpoints unless sample_every and save_every say
    otherwise. patience: validations without a better one before it stops.
    size: names the layout of a new model where the family has several. order: of counts (markov). with_artist: tell the
    network the artist at every step (char-lstm). freeze_layers: the first N blocks stay as they are; freeze_embeddings:
    so do the embeddings. lora_rank: 0 is no LoRA. precision: fp32, bf16 or fp16.
    """

    family: str
    data: Path
    out: Path
    base: str | None = None
    steps: int | None = None
    batch_rows: int | None = None
    row_tokens: int | None = None
    learning_rate: float | None = None
    every: int = 100
    sample_every: int | None = None
    save_every: int | None = None
    patience: int | None = None
    accumulate: int = 1
    threads: int = 2
    seed: int = 0
    resume: bool = False
    size: str | None = None
    order: int | None = None
    with_artist: bool = False
    freeze_layers: int = 0
    freeze_embeddings: bool = False
    lora_rank: int = 0
    gradient_checkpointing: bool = False
    precision: str = "fp32"

    def __post_init__(self) -> None:
        if self.family not in LYRIC_FAMILIES:
            raise RequestError(f"there is no lyric family {self.family!r}; known are {', '.join(LYRIC_FAMILIES)}")
