"""The character LSTM as a Hugging Face model that learns: embeddings, LSTM, head, loss. Does not know texts or rows.

Its tensors are those of `engine.lyrics.char_lstm`, which reads them without torch; the two are tested to agree.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint
from transformers import PretrainedConfig, PreTrainedModel
from transformers.utils import ModelOutput

from engine.lyrics.characters import END

LstmState = tuple[torch.Tensor, torch.Tensor, torch.Tensor]


class CharLstmConfig(PretrainedConfig):
    """choices: ids that can come next. artists: 0 for a network that is not told them. time_chunk: steps (see the model)."""

    model_type = "char_lstm"

    choices: int = 98
    artists: int = 0
    embedding_size: int = 128
    artist_size: int = 64
    hidden_size: int = 512
    layers: int = 2
    time_chunk: int = 16


@dataclass
class CharLstmOutput(ModelOutput):
    """loss: mean nats per label, or None. logits (B, T, choices), None in training. state: what was read, to go on from.

    state: hidden and cell (layers, B, H), and whose song it is (B,), 0 nobody's.
    """

    loss: torch.Tensor | None = None
    logits: torch.Tensor | None = None
    state: LstmState | None = None


class CharLstm(PreTrainedModel):
    """Predicts the next character; `state` carries what was read from one call to the next.

    With gradient checkpointing a row is read in chunks of `time_chunk` steps; what lies inside a chunk, gates and logits, is
    computed again when its gradients are wanted, and only the state between chunks is kept.
    """

    config_class = CharLstmConfig
    main_input_name = "input_ids"
    supports_gradient_checkpointing = True
    _input_embed_layer = "embed"

    def __init__(self, config: CharLstmConfig) -> None:
        super().__init__(config)
        self.gradient_checkpointing = False
        self.embed = nn.Embedding(config.choices, config.embedding_size)
        width = config.embedding_size
        if config.artists:
            self.artist_embed = nn.Embedding(config.artists + 1, config.artist_size)
            width += config.artist_size
        self.lstm = nn.LSTM(width, config.hidden_size, config.layers, batch_first=True)
        self.head = nn.Linear(config.hidden_size, config.choices)
        self.post_init()

    def _init_weights(self, module: nn.Module) -> None:
        """Leave PyTorch's own initialisation, and open the forget gates."""
        if isinstance(module, nn.LSTM):
            for name, bias in module.named_parameters():
                if name.startswith("bias_hh"):
                    with torch.no_grad():
                        bias[module.hidden_size : 2 * module.hidden_size].fill_(1.0)

    def forward(
        self,
        input_ids: torch.Tensor,  # (B, T)
        labels: torch.Tensor | None = None,  # (B, T): what follows each id, -100 where nothing is learned
        state: LstmState | None = None,
    ) -> CharLstmOutput:
        """Return logits after every id, the mean loss of the labels, and the state after the last id."""
        batch, length = input_ids.shape
        state = self.empty_state(batch) if state is None else state
        artists = self._artists(input_ids, state[2])  # (B, T)
        symbols = torch.where(input_ids < self.config.choices, input_ids, END)
        chunked = self.training and self.gradient_checkpointing
        hidden, cell = state[:2]
        nats, logits = [], []
        for start in range(0, length, self.config.time_chunk if chunked else length):
            span = slice(start, start + self.config.time_chunk if chunked else length)
            given = (symbols[:, span], artists[:, span], None if labels is None else labels[:, span], hidden, cell)
            read = checkpoint(self._read, *given, use_reentrant=False) if chunked else self._read(*given)
            nats.append(read[0])
            logits.append(read[1])
            hidden, cell = read[2:]
        loss = None if labels is None else torch.stack(nats).sum() / (labels != -100).sum().clamp(min=1)
        shown = None if self.training and labels is not None else torch.cat(logits, dim=1)
        return CharLstmOutput(loss=loss, logits=shown, state=(hidden, cell, artists[:, -1]))

    def empty_state(self, batch: int) -> LstmState:
        """Return the state before anything was read."""
        zeros = torch.zeros(self.config.layers, batch, self.config.hidden_size, device=self.device)
        return zeros, zeros, torch.zeros(batch, dtype=torch.int64, device=self.device)

    def _artists(self, ids: torch.Tensor, carried: torch.Tensor) -> torch.Tensor:
        """Return whose song it is at every id (B, T): the latest opening's or END's, before those what was carried (B,)."""
        opens = (ids == END) | (ids >= self.config.choices)
        places = torch.arange(1, ids.shape[1] + 1, device=ids.device).expand_as(ids)
        latest = torch.where(opens, places, 0).cummax(dim=1).values  # (B, T), 0 before the first
        opened = torch.where(ids == END, 0, ids - self.config.choices + 1)
        return torch.cat([carried[:, None], opened], dim=1).gather(1, latest)

    def _read(
        self,
        symbols: torch.Tensor,
        artists: torch.Tensor,
        labels: torch.Tensor | None,
        hidden: torch.Tensor,
        cell: torch.Tensor,
    ) -> tuple[Any, Any, torch.Tensor, torch.Tensor]:
        """Return the summed nats of the labels, logits where they are shown, and the state after a piece of the rows."""
        given = self.embed(symbols)  # (B, T, E)
        if self.config.artists:
            given = torch.cat([given, self.artist_embed(artists)], dim=2)
        seen, (hidden, cell) = self.lstm(given, (hidden.to(given.dtype), cell.to(given.dtype)))
        logits = self.head(seen)  # (B, T, choices)
        if labels is None:
            return None, logits, hidden, cell
        nats = nn.functional.cross_entropy(logits.flatten(0, 1).float(), labels.flatten(), reduction="sum")
        return nats, None if self.training else logits, hidden, cell
