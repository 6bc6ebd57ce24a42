"""MusicVAE as a Hugging Face model that learns: encoder, latent point, conductor, writer, loss. Does not know corpora or rows.

Its tensors are those of `engine.music.music_vae`, which reads them without torch; the two are tested to agree.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.nn import functional
from transformers import PretrainedConfig, PreTrainedModel
from transformers.utils import ModelOutput

from engine.music.melody_bars import HOLD, SYMBOLS
from engine.music.music_vae import MusicVaeShape


class MusicVaeConfig(PretrainedConfig):
    """shape: fields of `MusicVaeShape`, empty for its defaults. The rest is told in `MusicVaeNetwork`."""

    model_type = "music_vae"

    shape: dict[str, Any] | None = None
    beta: float = 0.2
    beta_steps: int = 500
    free_nats: float = 16.0
    forgotten: float = 0.25


@dataclass
class MusicVaeOutput(ModelOutput):
    """loss: what is learned from, nats per melody. nats, divergence: (B,) of the symbols, and of the points (KL)."""

    loss: torch.Tensor | None = None
    nats: torch.Tensor | None = None
    divergence: torch.Tensor | None = None


class MusicVaeNetwork(PreTrainedModel):
    """Loss: nats of the symbols given a point drawn from the posterior, and beta times its divergence from the prior.

    beta grows over beta_steps, or the network would learn to say nothing in z before it can read z. Of the divergence,
    free_nats per melody cost nothing. forgotten: share of earlier symbols that the writer is not shown in training, so
    that it has to ask the point (Bowman et al. 2016).
    """

    config_class = MusicVaeConfig
    main_input_name = "input_ids"
    _input_embed_layer = "embed"
    steps_seen: torch.Tensor  # (): how often it was shown a batch to learn from

    def __init__(self, config: MusicVaeConfig) -> None:
        super().__init__(config)
        shape = self.shape = MusicVaeShape(**(config.shape or {}))
        self.embed = nn.Embedding(SYMBOLS, shape.embedding)
        self.reader = nn.LSTM(shape.embedding, shape.encoder, batch_first=True, bidirectional=True)
        read, said = 2 * shape.encoder, shape.latent
        if shape.parts > 1:
            self.part_reader = nn.LSTM(read, shape.conductor, batch_first=True, bidirectional=True)
            self.conductor_start = nn.Linear(shape.latent, 2 * shape.conductor)
            self.conductor = nn.LSTM(shape.latent, shape.conductor, batch_first=True)
            read, said = 2 * shape.conductor, shape.conductor
        self.posterior = nn.Linear(read, 2 * shape.latent)
        self.condition = nn.Linear(said, shape.condition)
        self.writer_start = nn.Linear(shape.condition, 2 * shape.writer)
        self.writer = nn.LSTM(shape.embedding + shape.condition, shape.writer, batch_first=True)
        self.head = nn.Linear(shape.writer, SYMBOLS)
        self.register_buffer(
            "steps_seen", torch.zeros((), dtype=torch.int64)
        )  # in checkpoints: a run goes on with its beta
        self.post_init()

    def _init_weights(self, module: nn.Module) -> None:
        """Leave PyTorch's own initialisation, and open the forget gates."""
        if isinstance(module, nn.LSTM):
            for name, bias in module.named_parameters():
                if name.startswith("bias_hh"):
                    with torch.no_grad():
                        bias[module.hidden_size : 2 * module.hidden_size].fill_(1.0)

    def forward(self, input_ids: torch.Tensor, labels: torch.Tensor | None = None) -> MusicVaeOutput:
        """Return the loss of melodies (B, S). labels: the same, which tells the training loop that there is a loss.

        In evaluation the point is the posterior's mean, nothing is forgotten, and beta is full: the same figure each time.
        """
        mean, scale = self.encode(input_ids)
        points = mean + scale * torch.randn_like(scale) if self.training else mean
        logits = self.logits(points, input_ids)  # (B, S, V)
        nats = functional.cross_entropy(logits.transpose(1, 2), input_ids, reduction="none").sum(1)
        divergence = (0.5 * (mean.square() + scale.square() - 1) - scale.log()).sum(1)
        loss = (nats + self._beta() * (divergence - self.config.free_nats).clamp(min=0)).mean()
        return MusicVaeOutput(loss=loss, nats=nats, divergence=divergence)

    def encode(self, symbols: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return mean and scale (B, Z) of the points that melodies (B, S) lie at."""
        shape, rows = self.shape, len(symbols)
        read = self._ends(self.reader, self.embed(symbols.reshape(rows * shape.parts, shape.part_steps)))
        if shape.parts > 1:
            read = self._ends(self.part_reader, read.reshape(rows, shape.parts, -1))
        mean, spread = self.posterior(read).chunk(2, dim=1)
        return mean, functional.softplus(spread)

    def logits(self, points: torch.Tensor, symbols: torch.Tensor) -> torch.Tensor:
        """Return the logits (B, S, V) of every symbol given the points (B, Z) and the symbols before it."""
        shape, rows = self.shape, len(symbols)
        conditions = self.conditions(points)  # (B P, C)
        before = functional.pad(symbols[:, :-1], (1, 0), value=HOLD).reshape(len(conditions), shape.part_steps)
        seen = self.embed(before)
        if self.training:
            seen = seen * (torch.rand_like(seen[:, :, :1]) >= self.config.forgotten)
        told = conditions[:, None].expand(-1, shape.part_steps, -1)
        written, _ = self.writer(torch.cat([seen, told], 2), self._start(self.writer_start, conditions))
        found: torch.Tensor = self.head(written).reshape(rows, shape.steps, SYMBOLS)
        return found

    def conditions(self, points: torch.Tensor) -> torch.Tensor:
        """Return what the writer is told of each part (B P, C), melody by melody."""
        said = points
        if self.shape.parts > 1:
            given = points[:, None].expand(-1, self.shape.parts, -1)
            said = self.conductor(given, self._start(self.conductor_start, points))[0].flatten(0, 1)
        return torch.tanh(self.condition(said))

    def _beta(self) -> float:
        if not self.training:
            return self.config.beta
        self.steps_seen += 1
        return self.config.beta * min(1.0, float(self.steps_seen) / self.config.beta_steps)

    @staticmethod
    def _ends(lstm: nn.LSTM, given: torch.Tensor) -> torch.Tensor:
        """Return what an LSTM ends in when it reads (B, T, E) forwards and backwards, (B, 2 H)."""
        h = lstm(given)[1][0]  # (2, B, H)
        return torch.cat([h[0], h[1]], 1)

    @staticmethod
    def _start(linear: nn.Linear, given: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the state that an LSTM begins with, from what it is to unfold."""
        h, c = torch.tanh(linear(given)).chunk(2, dim=1)
        return h[None].contiguous(), c[None].contiguous()
