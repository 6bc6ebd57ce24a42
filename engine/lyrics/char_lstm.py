"""A character LSTM as a Hugging Face model: embedding, LSTM, logits. Does not know texts, training or decoding.

It is the yardstick beside the Markov chain: what a plain recurrent network reads from the same letters.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from transformers import PretrainedConfig, PreTrainedModel
from transformers.utils import ModelOutput

from engine.lyrics.characters import VOCAB_SIZE

LstmState = tuple[torch.Tensor, torch.Tensor]


class CharLstmConfig(PretrainedConfig):
    """vocab_size: characters and END. embedding_size, hidden_size: units. layers: 1 or more."""

    model_type = "char_lstm"

    vocab_size: int = VOCAB_SIZE
    embedding_size: int = 64
    hidden_size: int = 384
    layers: int = 1


@dataclass
class CharLstmOutput(ModelOutput):
    """loss: mean nats per character that has a label, or None. logits (B, T, V). state: hidden and cell, (layers, B, H)."""

    loss: torch.Tensor | None = None
    logits: torch.Tensor | None = None
    state: LstmState | None = None


class CharLstm(PreTrainedModel):
    """Predicts the next character; `state` carries what was read from one call to the next."""

    config_class = CharLstmConfig
    main_input_name = "input_ids"

    def __init__(self, config: CharLstmConfig) -> None:
        super().__init__(config)
        self.embed = nn.Embedding(config.vocab_size, config.embedding_size)
        self.lstm = nn.LSTM(config.embedding_size, config.hidden_size, config.layers, batch_first=True)
        self.head = nn.Linear(config.hidden_size, config.vocab_size)
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
        labels: torch.Tensor | None = None,  # (B, T), -100 where nothing is learned
        state: LstmState | None = None,
        **_: Any,
    ) -> CharLstmOutput:
        """Return logits after every character, and the loss of predicting labels[t] from what stands before t."""
        hidden, state = self.lstm(self.embed(input_ids), state)  # (B, T, H)
        logits = self.head(hidden)  # (B, T, V)
        loss = None
        if labels is not None:
            wanted = labels[:, 1:].reshape(-1)
            loss = nn.functional.cross_entropy(logits[:, :-1].reshape(-1, logits.shape[-1]).float(), wanted)
        return CharLstmOutput(loss=loss, logits=logits, state=state)
