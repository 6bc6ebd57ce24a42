"""Attention over relative distances, and which positions may be seen. Does not know models or what the ids mean.

B sequences, H heads, Q queries, K keys of width D. A distance is how many positions a key lies before its query: 0 is the
query itself. Tables have a row (H, D) for each distance.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import torch
from torch import nn
from torch.nn import functional

Tensor = torch.Tensor


def skewed_logits(query: Tensor, table: Tensor, keys: int) -> Tensor:
    """Return what queries (B, H, Q, D) at the end of so many keys say to the distance of each key, (B, H, Q, K).

    Distances beyond the table share its last row. Every query is multiplied with every distance once, and the rows are
    then moved into place by reading the same memory in another shape (Huang et al. 2018, section 3.4.1), which takes
    memory in Q x K instead of Q x K x D. Keys that lie after a query get numbers without a meaning; a mask hides them.
    """
    distances = torch.arange(keys - 1, -1, -1, device=query.device).clamp(max=len(table) - 1)
    logits = torch.einsum("bhqd,khd->bhqk", query, table[distances])  # column c: distance K - 1 - c
    count = query.shape[2]
    padded = functional.pad(logits, (1, 0))  # (B, H, Q, K + 1)
    return padded.reshape(*logits.shape[:2], keys + 1, count)[:, :, 1:].reshape(logits.shape)


def gathered_logits(query: Tensor, table: Tensor, keys: int, positions: Tensor) -> Tensor:
    """Return the same for queries at positions (B, Q) of their own, as sequences of different lengths have side by side."""
    every = torch.einsum("bhqd,mhd->bhqm", query, table)  # M distances
    distances = (positions[..., None] - torch.arange(keys, device=query.device)).clamp(0, len(table) - 1)  # (B, Q, K)
    return every.gather(-1, distances[:, None].expand(-1, every.shape[1], -1, -1))


def sinusoids(count: int, size: int, device: torch.device) -> Tensor:
    """Return sines and cosines of the distances 0 to count - 1, (count, size)."""
    rates = 10_000 ** (-torch.arange(0, size, 2, device=device) / size)
    angles = torch.arange(count, device=device)[:, None] * rates
    return torch.cat([angles.sin(), angles.cos()], dim=-1)


def seen_before(positions: Tensor, keys: int, farthest: int | None = None) -> Tensor:
    """Return which keys a query at each of the positions (B, Q) may see, bool (B, 1, Q, K): itself and what is before it.

    farthest: the longest distance that is seen; None is all.
    """
    distances = positions[..., None] - torch.arange(keys, device=positions.device)
    seen = distances >= 0
    if farthest is not None:
        seen &= distances <= farthest
    return seen[:, None]


def window_mask(length: int, window: int, offset: int, memory: int = 0) -> Tensor:
    """Return which of memory + length positions each of `length` positions may not see, bool (length, memory + length).

    As musicautobot has it. Positions lie in windows of `window`, and one in window w does not see window w + offset and
    those after it. (1, 1) is the usual causal mask. With (2, 0) a position sees only the windows before its own, not even
    itself, so that what comes next must be told from what is up to two positions further back: a copy of the last note
    no longer helps. The very first position is always seen, as is all memory: a softmax over nothing is no number.

    >>> window_mask(5, 2, 0).int().tolist()
    [[0, 1, 1, 1, 1], [0, 1, 1, 1, 1], [0, 0, 1, 1, 1], [0, 0, 1, 1, 1], [0, 0, 0, 0, 1]]
    """
    of_position = torch.arange(length) // window
    hidden = of_position[None, :] >= of_position[:, None] + offset
    hidden[:, :1] = False
    return functional.pad(hidden, (memory, 0))


def drawn_window_mask(length: int, most: int, share: float, memory: int = 0) -> Tensor | None:
    """Return a window mask of 1 to `most` positions with offset 0, drawn with torch's generator; None in 1 - share of cases."""
    if not most or torch.rand(()) >= share:
        return None
    return window_mask(length, int(torch.randint(1, most + 1, ())), 0, memory)


def as_bias(seen: Tensor, dtype: torch.dtype) -> Tensor:
    """Return a mask of what is seen as what is added to logits: 0, or the lowest number where nothing is seen."""
    return torch.zeros(seen.shape, dtype=dtype, device=seen.device).masked_fill_(~seen, torch.finfo(dtype).min)


def split_heads(x: Tensor, heads: int) -> Tensor:
    """Return (B, T, H x D) as (B, H, T, D)."""
    return x.unflatten(-1, (heads, -1)).transpose(1, 2)


def joined_heads(x: Tensor) -> Tensor:
    """Return (B, H, T, D) as (B, T, H x D)."""
    return x.transpose(1, 2).flatten(-2)


@contextmanager
def weights_of(layers: Iterable[nn.Module]) -> Iterator[list[Tensor]]:
    """Give a list that gets the weights (B, H, Q, K) of each layer that runs meanwhile, in turn; rows add up to 1.

    layers: of attention, whose method `asked` says what forward attends with. They compute twice, and must have no cache.
    """
    found: list[Tensor] = []

    def keep(layer: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        query, key, _, added = layer.asked(*inputs)  # type: ignore[operator]  # torch types every attribute as a tensor
        found.append(torch.softmax(query @ key.transpose(-1, -2) * query.shape[-1] ** -0.5 + added, dim=-1))

    hooks = [layer.register_forward_pre_hook(keep) for layer in layers]
    try:
        yield found
    finally:
        for hook in hooks:
            hook.remove()
