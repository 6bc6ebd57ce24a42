"""Music Transformer: a decoder whose attention knows how far back each event lies (Huang et al. 2018).

Does not know vocabularies, training loops or sampling. There are no absolute positions, and distances beyond the longest
that has a vector of its own share its vector: so it runs past the length that it was trained on.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn import functional
from transformers import PretrainedConfig, PreTrainedModel
from transformers.cache_utils import Cache, DynamicCache
from transformers.generation import GenerationMixin
from transformers.modeling_layers import GradientCheckpointingLayer
from transformers.modeling_outputs import CausalLMOutputWithPast

from engine.music.attention import (
    as_bias,
    drawn_window_mask,
    gathered_logits,
    joined_heads,
    seen_before,
    sinusoids,
    skewed_logits,
    split_heads,
)

FAMILY = "music-transformer"


class MusicTransformerConfig(PretrainedConfig):
    """longest_distance: how many distances have a vector of their own, 0 up to that less 1.

    max_position_embeddings: the most ids that decoding keeps; the name is that of transformers, there are no such
    embeddings. mask_steps: the widest random window mask of training, in ids; 0 is none. mask_share: of batches that get
    one. event_vocabulary: name of what the ids are.
    """

    model_type = "music_transformer"

    vocab_size: int = 263
    hidden_size: int = 192
    num_hidden_layers: int = 4
    num_attention_heads: int = 6
    intermediate_size: int = 768
    longest_distance: int = 512
    max_position_embeddings: int = 4096
    dropout: float = 0.1
    mask_steps: int = 0
    mask_share: float = 0.2
    event_vocabulary: str = "note-events"
    initializer_range: float = 0.02
    use_cache: bool = True
    bos_token_id: int | None = 0
    eos_token_id: int | list[int] | None = 2
    pad_token_id: int | None = 1


class RelativeAttention(nn.Module):
    """Self-attention with a vector for each distance and head."""

    def __init__(self, config: MusicTransformerConfig, layer: int) -> None:
        super().__init__()
        self.layer, self.heads = layer, config.num_attention_heads
        self.dropout = config.dropout
        size = config.hidden_size
        self.query, self.key, self.value, self.out = (nn.Linear(size, size, bias=False) for _ in range(4))
        self.distance_embed = nn.Parameter(torch.zeros(config.longest_distance, self.heads, size // self.heads))

    def forward(
        self, x: torch.Tensor, bias: torch.Tensor, positions: torch.Tensor | None, cache: Cache | None
    ) -> torch.Tensor:
        """bias: (B, 1, Q, K). positions: (B, Q) of the queries where they are not the last of the keys, else None."""
        query, key, value, added = self.asked(x, bias, positions, cache)
        heard = functional.scaled_dot_product_attention(
            query, key, value, attn_mask=added, dropout_p=self.dropout if self.training else 0.0
        )
        out: torch.Tensor = self.out(joined_heads(heard))
        return out

    def asked(
        self, x: torch.Tensor, bias: torch.Tensor, positions: torch.Tensor | None, cache: Cache | None
    ) -> tuple[torch.Tensor, ...]:
        """Return queries, keys and values (B, H, Q or K, D), and what is added to their logits (B, H, Q, K)."""
        query, key, value = (split_heads(part(x), self.heads) for part in (self.query, self.key, self.value))
        if cache is not None:
            key, value = cache.update(key, value, self.layer)
        keys, table = key.shape[2], self.distance_embed
        by_distance = (
            skewed_logits(query, table, keys) if positions is None else gathered_logits(query, table, keys, positions)
        )
        return query, key, value, by_distance * query.shape[-1] ** -0.5 + bias


class Block(GradientCheckpointingLayer):
    """Attention and a feed-forward layer, each added to what it reads, normalised before."""

    def __init__(self, config: MusicTransformerConfig, layer: int) -> None:
        super().__init__()
        self.attention = RelativeAttention(config, layer)
        self.norm, self.norm_forward = nn.LayerNorm(config.hidden_size), nn.LayerNorm(config.hidden_size)
        self.wide = nn.Linear(config.hidden_size, config.intermediate_size)
        self.narrow = nn.Linear(config.intermediate_size, config.hidden_size)
        self.drop = nn.Dropout(config.dropout)

    def forward(
        self, x: torch.Tensor, bias: torch.Tensor, positions: torch.Tensor | None, cache: Cache | None
    ) -> torch.Tensor:
        x = x + self.drop(self.attention(self.norm(x), bias, positions, cache))
        out: torch.Tensor = x + self.drop(self.narrow(functional.gelu(self.wide(self.norm_forward(x)))))
        return out


class MusicTransformerForCausalLM(PreTrainedModel, GenerationMixin):
    """The network behind the interface of transformers: its Trainer, PEFT and `generate` take it as it is."""

    config_class = MusicTransformerConfig
    base_model_prefix = "network"
    supports_gradient_checkpointing = True

    def __init__(self, config: MusicTransformerConfig) -> None:
        super().__init__(config)
        self.embed = nn.Embedding(config.vocab_size, config.hidden_size)
        self.drop = nn.Dropout(config.dropout)
        self.layers = nn.ModuleList(Block(config, layer) for layer in range(config.num_hidden_layers))
        self.norm = nn.LayerNorm(config.hidden_size)
        self.post_init()

    def _init_weights(self, module: nn.Module) -> None:
        width = self.config.initializer_range
        if isinstance(module, nn.Linear | nn.Embedding):
            nn.init.normal_(module.weight, std=width)
            if isinstance(module, nn.Linear) and module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, RelativeAttention):
            # From small random numbers 400 updates on chorales end at 3.50 nats a step, from sinusoids at 3.17: what is
            # near and what is a beat back is told apart from the start, and the queries only learn to ask for it.
            size, _, head_width = module.distance_embed.shape
            waves = sinusoids(size, head_width, module.distance_embed.device)
            nn.init.zeros_(module.distance_embed).add_(waves[:, None])

    def get_input_embeddings(self) -> nn.Module:
        return self.embed

    def forward(
        self,
        input_ids: torch.Tensor,  # (B, Q)
        attention_mask: torch.Tensor | None = None,  # (B, K) of 0 and 1, or (B, 1, Q, K) to be added to logits
        position_ids: torch.Tensor | None = None,  # (B, Q), where sequences of different lengths share one cache
        past_key_values: Cache | None = None,
        labels: torch.Tensor | None = None,  # (B, Q): -100 where nothing is learned
        use_cache: bool | None = None,
        logits_to_keep: int = 0,
        **more: Any,
    ) -> CausalLMOutputWithPast:
        """Return logits (B, Q, V), of the last `logits_to_keep` positions where that is not 0, and the loss of labels."""
        batch, count = input_ids.shape
        is_ragged = attention_mask is not None and attention_mask.dim() == 4
        if past_key_values is None and use_cache:
            past_key_values = DynamicCache(config=self.config)
        if is_ragged:
            assert attention_mask is not None
            bias, positions = attention_mask, position_ids
        else:
            begun = past_key_values.get_seq_length() if past_key_values is not None else 0
            bias, positions = self._bias(attention_mask, batch, count, begun), None
        x = self.drop(self.embed(input_ids))
        for block in self.layers:
            x = block(x, bias.to(x.dtype), positions, past_key_values)
        x = self.norm(x[:, -logits_to_keep:])
        logits = functional.linear(x, self.embed.weight)
        loss = None if labels is None else self.loss_function(logits, labels, vocab_size=self.config.vocab_size, **more)
        return CausalLMOutputWithPast(loss=loss, logits=logits, past_key_values=past_key_values)

    def _bias(self, attention_mask: torch.Tensor | None, batch: int, count: int, begun: int) -> torch.Tensor:
        """Return what is added to logits, (1 or B, 1, Q, K), for the last `count` of begun + count positions."""
        keys = begun + count
        positions = torch.arange(begun, keys, device=self.device)[None]
        seen = seen_before(positions, keys)
        if self.training:
            hidden = drawn_window_mask(count, self.config.mask_steps, self.config.mask_share, begun)
            if hidden is not None:
                seen = seen & ~hidden.to(seen.device)
        if attention_mask is not None:
            seen = seen & attention_mask[:, None, None, :keys].bool()
        return as_bias(seen, torch.float32)
