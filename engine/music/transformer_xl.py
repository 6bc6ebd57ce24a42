"""Transformer-XL over events: it remembers what it has read, segment by segment, and knows where in the bar an event lies.

Does not know vocabularies, training loops or sampling. After Dai et al. 2019: relative distances as sinusoids with learned
weights, and the hidden states of the last positions as memory. Every position sees the same number of positions before
it, in this segment or in the memory; so reading segment by segment gives the same numbers as reading all at once. The
memory of hidden states is for training, where weights change between segments; decoding keeps keys and values.
"""

from __future__ import annotations

from dataclasses import dataclass
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

FAMILY = "transformer-xl"
State = tuple[torch.Tensor, ...]


class TransformerXlConfig(PretrainedConfig):
    """memory_length: how many positions before its own each position sees.

    beat_steps, bars: grid steps of an event's place that are told apart, and how often that many steps are counted before
    counting begins again. mask_steps, mask_share, max_position_embeddings, event_vocabulary: as of the Music Transformer.
    """

    model_type = "transformer_xl_events"

    vocab_size: int = 263
    hidden_size: int = 192
    num_hidden_layers: int = 4
    num_attention_heads: int = 6
    intermediate_size: int = 768
    memory_length: int = 512
    beat_steps: int = 16
    bars: int = 64
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


@dataclass
class XlOutput(CausalLMOutputWithPast):
    """state: what is remembered: hidden states (layers, B, M, H), and how many of the M are known (B,)."""

    state: State | None = None


class XlAttention(nn.Module):
    """Self-attention to content and to distance, each asked with a constant of its own beside the query."""

    def __init__(self, config: TransformerXlConfig, layer: int) -> None:
        super().__init__()
        self.layer, self.heads, self.dropout = layer, config.num_attention_heads, config.dropout
        size = config.hidden_size
        self.query, self.key, self.value, self.out, self.distance = (
            nn.Linear(size, size, bias=False) for _ in range(5)
        )
        self.content_bias, self.distance_bias = (
            nn.Parameter(torch.zeros(self.heads, 1, size // self.heads)) for _ in range(2)
        )

    def forward(
        self, x: torch.Tensor, known: torch.Tensor, bias: torch.Tensor, distances: torch.Tensor,
        positions: torch.Tensor | None, cache: Cache | None,
    ) -> torch.Tensor:  # fmt: skip
        """x: (B, Q, H). known: (B, K, H), the memory and x. bias: (B, 1, Q, K). distances: (M + 1, H)."""
        query, key, value, added = self.asked(x, known, bias, distances, positions, cache)
        heard = functional.scaled_dot_product_attention(
            query, key, value, attn_mask=added, dropout_p=self.dropout if self.training else 0.0
        )
        out: torch.Tensor = self.out(joined_heads(heard))
        return out

    def asked(
        self, x: torch.Tensor, known: torch.Tensor, bias: torch.Tensor, distances: torch.Tensor,
        positions: torch.Tensor | None, cache: Cache | None,
    ) -> tuple[torch.Tensor, ...]:  # fmt: skip
        """Return queries, keys and values (B, heads, Q or K, D), and what is added to their logits (B, heads, Q, K)."""
        query = split_heads(self.query(x), self.heads)
        key, value = split_heads(self.key(known), self.heads), split_heads(self.value(known), self.heads)
        if cache is not None:
            key, value = cache.update(key, value, self.layer)
        keys, table = key.shape[2], self.distance(distances.to(x.dtype)).unflatten(-1, (self.heads, -1))
        asked = query + self.distance_bias
        by_distance = (
            skewed_logits(asked, table, keys) if positions is None else gathered_logits(asked, table, keys, positions)
        )
        return query + self.content_bias, key, value, by_distance * query.shape[-1] ** -0.5 + bias


class XlBlock(GradientCheckpointingLayer):
    """Attention and a feed-forward layer, each added to what it reads, normalised before."""

    def __init__(self, config: TransformerXlConfig, layer: int) -> None:
        super().__init__()
        self.attention = XlAttention(config, layer)
        self.norm, self.norm_forward = nn.LayerNorm(config.hidden_size), nn.LayerNorm(config.hidden_size)
        self.wide = nn.Linear(config.hidden_size, config.intermediate_size)
        self.narrow = nn.Linear(config.intermediate_size, config.hidden_size)
        self.drop = nn.Dropout(config.dropout)

    def forward(
        self, x: torch.Tensor, memory: torch.Tensor, bias: torch.Tensor, distances: torch.Tensor,
        positions: torch.Tensor | None, cache: Cache | None,
    ) -> torch.Tensor:  # fmt: skip
        """memory: hidden states (B, M, H) that this block has read before x; M may be 0."""
        known = self.norm(torch.cat([memory, x], dim=1))
        here = known[:, memory.shape[1] :]
        x = x + self.drop(self.attention(here, known, bias, distances, positions, cache))
        out: torch.Tensor = x + self.drop(self.narrow(functional.gelu(self.wide(self.norm_forward(x)))))
        return out


class TransformerXlForCausalLM(PreTrainedModel, GenerationMixin):
    """The network behind the interface of transformers; with `state` it reads and returns its memory."""

    config_class = TransformerXlConfig
    base_model_prefix = "network"
    supports_gradient_checkpointing = True

    def __init__(self, config: TransformerXlConfig) -> None:
        super().__init__(config)
        self.embed = nn.Embedding(config.vocab_size, config.hidden_size)
        self.beat_embed = nn.Embedding(config.beat_steps, config.hidden_size)
        self.bar_embed = nn.Embedding(config.bars, config.hidden_size)
        self.drop = nn.Dropout(config.dropout)
        self.layers = nn.ModuleList(XlBlock(config, layer) for layer in range(config.num_hidden_layers))
        self.norm = nn.LayerNorm(config.hidden_size)
        self.post_init()

    def _init_weights(self, module: nn.Module) -> None:
        if isinstance(module, nn.Linear | nn.Embedding):
            nn.init.normal_(module.weight, std=self.config.initializer_range)
            if isinstance(module, nn.Linear) and module.bias is not None:
                nn.init.zeros_(module.bias)

    def get_input_embeddings(self) -> nn.Module:
        return self.embed

    def new_state(self, batch: int) -> State:
        """Return a memory that knows nothing."""
        shape = (self.config.num_hidden_layers, batch, self.config.memory_length, self.config.hidden_size)
        return torch.zeros(shape, device=self.device), torch.zeros(batch, dtype=torch.long, device=self.device)

    def forward(
        self,
        input_ids: torch.Tensor,  # (B, Q)
        onsets: torch.Tensor | None = None,  # (B, Q): the grid step of each id; 0 where None
        attention_mask: torch.Tensor | None = None,  # (B, K) of 0 and 1, or (B, 1, Q, K) to be added to logits
        position_ids: torch.Tensor | None = None,  # (B, Q), where sequences of different lengths share one cache
        past_key_values: Cache | None = None,
        state: State | None = None,
        fresh: torch.Tensor | None = None,  # (B,): where a sequence begins, which remembers nothing
        labels: torch.Tensor | None = None,  # (B, Q): -100 where nothing is learned
        use_cache: bool | None = None,
        logits_to_keep: int = 0,
        **more: Any,
    ) -> XlOutput:
        """Return logits (B, Q, V), the loss of labels, and what is remembered where it is asked by state or fresh."""
        if state is None and fresh is not None:
            state = self.new_state(len(input_ids))
        if past_key_values is None and use_cache and state is None:
            past_key_values = DynamicCache(config=self.config)
        known = None if state is None else _forgotten(state[1], fresh)
        bias, positions = self._bias(input_ids, attention_mask, position_ids, past_key_values, known)
        distances = sinusoids(self.config.memory_length + 1, self.config.hidden_size, self.device)
        x = self._embedded(input_ids, onsets)
        read = []
        for place, block in enumerate(self.layers):
            read.append(x)
            memory = x[:, :0] if state is None else state[0][place].to(x.dtype)
            x = block(x, memory, bias.to(x.dtype), distances, positions, past_key_values)
        logits = functional.linear(self.norm(x[:, -logits_to_keep:]), self.embed.weight)
        loss = None if labels is None else self.loss_function(logits, labels, vocab_size=self.config.vocab_size, **more)
        after = None if state is None or known is None else self._remembered(state[0], known, read)
        return XlOutput(loss=loss, logits=logits, past_key_values=past_key_values, state=after)

    def _embedded(self, ids: torch.Tensor, onsets: torch.Tensor | None) -> torch.Tensor:
        places = torch.zeros_like(ids) if onsets is None else onsets
        beats = self.beat_embed(places % self.config.beat_steps)
        bars = self.bar_embed(places // self.config.beat_steps % self.config.bars)
        out: torch.Tensor = self.drop(self.embed(ids) + beats + bars)
        return out

    def _bias(
        self, ids: torch.Tensor, mask: torch.Tensor | None, position_ids: torch.Tensor | None, cache: Cache | None,
        known: torch.Tensor | None,
    ) -> tuple[torch.Tensor, torch.Tensor | None]:  # fmt: skip
        """Return what is added to logits, (1 or B, 1, Q, K), and the positions where they are not the last of the keys."""
        count, farthest = ids.shape[1], self.config.memory_length
        if mask is not None and mask.dim() == 4:
            assert position_ids is not None
            near = as_bias(seen_before(position_ids, mask.shape[-1], farthest), mask.dtype)
            return torch.minimum(mask, near), position_ids
        begun = farthest if known is not None else cache.get_seq_length() if cache is not None else 0
        positions = torch.arange(begun, begun + count, device=ids.device)[None]
        seen = seen_before(positions, begun + count, farthest)
        if self.training:
            hidden = drawn_window_mask(count, self.config.mask_steps, self.config.mask_share, begun)
            if hidden is not None:
                seen = seen & ~hidden.to(seen.device)
        if known is not None:
            is_known = torch.arange(begun + count, device=ids.device) >= farthest - known[:, None]
            seen = seen & is_known[:, None, None]
        if mask is not None:
            seen = seen & mask[:, None, None, : begun + count].bool()
        return as_bias(seen, torch.float32), None

    def _remembered(self, memory: torch.Tensor, known: torch.Tensor, read: list[torch.Tensor]) -> State:
        """Return the last hidden states of memory and segment, cut from their gradients: truncated back-propagation."""
        length = self.config.memory_length
        after = torch.cat([memory, torch.stack(read).detach().to(memory.dtype)], dim=2)[:, :, -length:]
        return after, (known + read[0].shape[1]).clamp(max=length)


def _forgotten(known: torch.Tensor, fresh: torch.Tensor | None) -> torch.Tensor:
    return known if fresh is None else known.masked_fill(fresh.bool(), 0)
