"""The weights of torch networks over events, laid out for `engine.music.event_numpy`. Does not know how they are used.

Norms and the scale of queries are folded into the matrices behind them, and the distances of Transformer-XL are
projected once: they hang on nothing that is decoded.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
import torch

from engine.music.attention import sinusoids
from engine.music.event_numpy import Decoder, EventDecoding, Floats, Ids, Layer, Linear
from engine.music.events import open_vocabulary

Weights = Mapping[str, Floats]
_NO_BIAS: Floats = np.zeros(1, np.float32)


def in_numpy(network: Any) -> EventDecoding | None:
    """Return a torch network behind the protocol of the decoding loop; None for an architecture that is not done here."""
    config = network.config
    known = {"music_transformer": _relative_decoder, "transformer_xl_events": _relative_decoder, "gpt2": _gpt2_decoder}
    if config.model_type not in known or (config.model_type == "gpt2" and not _is_plain_gpt2(config)):
        return None
    weights = {name: weight.detach().float().cpu().numpy() for name, weight in network.state_dict().items()}
    return EventDecoding(known[config.model_type](weights, config), int(config.max_position_embeddings))


def _is_plain_gpt2(config: Any) -> bool:
    return (
        config.activation_function == "gelu_new" and config.scale_attn_weights and config.layer_norm_epsilon == 1e-5
        and config.tie_word_embeddings and not config.scale_attn_by_inverse_layer_idx and not config.add_cross_attention
    )  # fmt: skip


def _relative_decoder(weights: Weights, config: Any) -> Decoder:
    """Return a Music Transformer, or a Transformer-XL, from weights named as theirs."""
    is_xl = config.model_type == "transformer_xl_events"
    shape = (config.num_attention_heads, 1, -1)
    layers = []
    for number in range(config.num_hidden_layers):
        of = {name.removeprefix(f"layers.{number}."): weight for name, weight in weights.items()}
        columns = [of[f"attention.{part}.weight"].T for part in ("query", "key", "value")]
        if is_xl:
            told = sinusoids(config.memory_length + 1, config.hidden_size, torch.device("cpu")).numpy()
            table = (told @ of["attention.distance.weight"].T).reshape(len(told), *shape[::2])
            content, distance = of["attention.content_bias"], of["attention.distance_bias"]
        else:
            table, content, distance = of["attention.distance_embed"], _NO_BIAS, _NO_BIAS
        layers.append(
            _layer(
                (of["norm.weight"], of["norm.bias"]), (np.concatenate(columns, axis=1), _NO_BIAS),
                (of["attention.out.weight"].T, _NO_BIAS), (of["norm_forward.weight"], of["norm_forward.bias"]),
                (of["wide.weight"].T, of["wide.bias"]), (of["narrow.weight"].T, of["narrow.bias"]),
                heads=shape[0], content=content, distance=distance, table=table,
            )
        )  # fmt: skip
    place = partial(_place_in_bar, weights["beat_embed.weight"], weights["bar_embed.weight"]) if is_xl else _nowhere
    onsets = open_vocabulary(config.event_vocabulary).onsets if is_xl else None
    return Decoder(
        weights["embed.weight"], place, tuple(layers),
        _folded((weights["norm.weight"], weights["norm.bias"]), (weights["embed.weight"].T, _NO_BIAS)), shape[0],
        gelu="none", farthest=config.memory_length + 1 if is_xl else None, onsets=onsets,
    )  # fmt: skip


def _gpt2_decoder(weights: Weights, config: Any) -> Decoder:
    """Return a GPT-2 from weights named as those of transformers."""

    def linear(name: str) -> Linear:
        return weights[f"transformer.{name}.weight"], weights[f"transformer.{name}.bias"]

    layers = tuple(
        _layer(
            linear(f"h.{n}.ln_1"), linear(f"h.{n}.attn.c_attn"), linear(f"h.{n}.attn.c_proj"), linear(f"h.{n}.ln_2"),
            linear(f"h.{n}.mlp.c_fc"), linear(f"h.{n}.mlp.c_proj"), heads=config.num_attention_heads,
        )
        for n in range(config.num_hidden_layers)
    )  # fmt: skip
    embed = weights["transformer.wte.weight"]
    place = partial(_place_in_sequence, weights["transformer.wpe.weight"])
    head = _folded(linear("ln_f"), (embed.T, _NO_BIAS))
    return Decoder(embed, place, layers, head, config.num_attention_heads, gelu="tanh")


def _layer(
    norm: Linear, qkv: Linear, out: Linear, norm_forward: Linear, wide: Linear, narrow: Linear, *,
    heads: int, content: Floats = _NO_BIAS, distance: Floats = _NO_BIAS, table: Floats | None = None,
) -> Layer:  # fmt: skip
    """Return a layer with its norms and its scale folded in. table: (M, heads, D), distance 0 first."""
    size = len(qkv[0])
    scale = np.float32((size // heads) ** -0.5)
    matrix, bias = _folded(norm, qkv)
    matrix[:, :size] *= scale
    bias[:size] *= scale
    by_distance = None if table is None else np.ascontiguousarray(table[::-1].transpose(1, 2, 0))
    return Layer(
        (matrix, bias), out, _folded(norm_forward, wide), narrow, content * scale, distance * scale, by_distance
    )


def _folded(norm: Linear, linear: Linear) -> Linear:
    """Return the linear layer that does to normed rows what the norm's gain and offset and the layer did."""
    gain, offset = norm
    matrix, bias = linear
    return np.ascontiguousarray(gain[:, None] * matrix), offset @ matrix + bias


def _nowhere(positions: Ids, onsets: Ids) -> float:
    return 0.0


def _place_in_sequence(embed: Floats, positions: Ids, onsets: Ids) -> Floats:
    found: Floats = embed[positions]
    return found


def _place_in_bar(beats: Floats, bars: Floats, positions: Ids, onsets: Ids) -> Floats:
    found: Floats = beats[onsets % len(beats)] + bars[onsets // len(beats) % len(bars)]
    return found
