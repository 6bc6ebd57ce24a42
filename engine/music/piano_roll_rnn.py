"""The piano-roll network: an LSTM over frames of 88 keys, and two heads that give a frame its probability.

Does not know files, corpora or training. In the order of reading: `PianoRollShape`, `Trunk` (what is remembered of earlier
frames), the heads, `PianoRollRnn` (nats, stepping, sampling).

`independent`: each key is a coin of its own given the past. `nade`: keys from low to high, each given the past and the
keys below it (Larochelle and Murray 2011; Boulanger-Lewandowski et al. 2012), so that a frame is a chord and not a cloud.

Frames often return after some bars, and an LSTM that has to carry the notes of eight bars in its state learns that poorly.
`lookbacks` gives it what it would have to carry: for each of some distances, how alike the last frame and the one at
that distance are, and the keys that came next back then (the lookback of Magenta's Lookback RNN, as keys).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import nn
from torch.nn import functional

KEYS = 88
FAMILY = "piano-roll-rnn"
HEADS = ("independent", "nade")


@dataclass(frozen=True)
class PianoRollShape:
    """The sizes of a network; what its config.json holds.

    head: one of `HEADS`. hidden: LSTM units per layer. head_hidden: units of the NADE. lookbacks: distances in frames, 1 or
    more each; empty for a plain LSTM. dropout: share of units left out in training. keys: of a frame.
    """

    head: str = "nade"
    hidden: int = 256
    layers: int = 1
    head_hidden: int = 128
    lookbacks: tuple[int, ...] = ()
    dropout: float = 0.5
    input_dropout: float = 0.2
    keys: int = KEYS

    def __post_init__(self) -> None:
        if self.head not in HEADS:
            raise ValueError(f"head must be {' or '.join(HEADS)}, got {self.head!r}")
        if min(self.hidden, self.layers, self.head_hidden, self.keys, *self.lookbacks, 1) < 1:
            raise ValueError(f"sizes must be 1 or more: {self}")

    @property
    def remembered(self) -> int:
        """Frames that are kept beside the LSTM state."""
        return max((1, *(distance + 1 for distance in self.lookbacks)))

    @classmethod
    def from_config(cls, config: Any) -> PianoRollShape:
        """Read config.json; KeyError where it lacks a size."""
        given = {name: config[name] for name in cls.__dataclass_fields__}
        return cls(**given | {"lookbacks": tuple(given["lookbacks"])})

    def to_config(self) -> dict[str, Any]:
        """Return what config.json holds."""
        return asdict(self) | {"lookbacks": list(self.lookbacks), "model_type": FAMILY}


@dataclass(frozen=True)
class RollState:
    """What was heard: hidden and cell (layers, B, H), and the last frames (B, remembered, K), zeros before the first."""

    hidden: torch.Tensor
    cell: torch.Tensor
    frames: torch.Tensor

    def forget(self, fresh: torch.Tensor) -> RollState:
        """Return the state in which rows (B,) that are `fresh` have heard nothing."""
        kept = (~fresh.bool()).float()[:, None]
        return RollState(self.hidden * kept, self.cell * kept, self.frames * kept[:, None])


class SameDropout(nn.Module):
    """Dropout that leaves out the same units in every frame of a row (Gal and Ghahramani 2016)."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if not self.training or self.share == 0:
            return x
        kept = x.new_empty(x.shape[0], 1, x.shape[2]).bernoulli_(1 - self.share) / (1 - self.share)
        return x * kept


class Trunk(nn.Module):
    """What is known of the past before each frame: features (B, T, F), and keys to copy with their weight (B, T, K)."""

    def __init__(self, shape: PianoRollShape) -> None:
        super().__init__()
        self.shape, distances = shape, len(shape.lookbacks)
        self.drop_input, self.drop = SameDropout(shape.input_dropout), SameDropout(shape.dropout)
        sizes = [shape.keys + distances, *[shape.hidden] * shape.layers]
        layers = [nn.LSTM(size, shape.hidden, batch_first=True) for size in sizes[:-1]]
        for lstm in layers:
            with torch.no_grad():
                lstm.get_parameter("bias_hh_l0")[shape.hidden : 2 * shape.hidden].fill_(1.0)  # open forget gates
        self.lstms = nn.ModuleList(layers)  # each of its own, for the dropout between them
        self.copy = nn.Linear(shape.hidden, 2 * distances) if distances else None
        self.width = shape.hidden + (shape.keys if distances else 0)

    def forward(self, frames: torch.Tensor, state: RollState) -> tuple[torch.Tensor, torch.Tensor | None, RollState]:
        """Read frames (B, T, K); feature t is what is known before frame t."""
        shape, T = self.shape, frames.shape[1]
        heard = torch.cat([state.frames, frames], 1)  # (B, M + T, K)
        M = shape.remembered
        last = heard[:, M - 1 : M - 1 + T]
        given = [self.drop_input(last)]
        if shape.lookbacks:
            before = torch.stack([heard[:, M - 1 - d : M - 1 - d + T] for d in shape.lookbacks], 2)  # (B, T, L, K)
            given.append(alike(last[:, :, None], before))
        x = torch.cat(given, 2)
        hidden, cell = [], []
        for layer, lstm in enumerate(self.lstms):
            x, (h, c) = lstm(x, (state.hidden[layer : layer + 1], state.cell[layer : layer + 1]))
            x = self.drop(x)
            hidden.append(h)
            cell.append(c)
        after = RollState(torch.cat(hidden), torch.cat(cell), heard[:, T:])
        if self.copy is None:
            return x, None, after
        following = torch.stack([heard[:, M - d : M - d + T] for d in shape.lookbacks], 2)  # (B, T, L, K)
        share, weight = self.copy(x).chunk(2, dim=2)  # (B, T, L) each
        mixed = torch.einsum("btl,btlk->btk", share.softmax(2), following)
        copied = torch.einsum("btl,btlk->btk", weight, following)
        return torch.cat([x, 2 * mixed - 1], 2), copied, after


def alike(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """Return the Dice coefficient of two frames (..., K): 1 the same keys, 0 none in common or both silent."""
    return 2 * (a * b).sum(-1) / (a.sum(-1) + b.sum(-1)).clamp(min=1)


class IndependentKeys(nn.Module):
    """Each key by itself, given the past: a logit per key, binary cross-entropy."""

    def __init__(self, shape: PianoRollShape, width: int) -> None:
        super().__init__()
        self.logits = nn.Linear(width, shape.keys)

    def nats(self, features: torch.Tensor, copied: torch.Tensor | None, frames: torch.Tensor) -> torch.Tensor:
        """Return -log p (N,) of frames (N, K) given features (N, F)."""
        logits = self._logits(features, copied)
        return functional.binary_cross_entropy_with_logits(logits, frames, reduction="none").sum(1)

    def sample(
        self, features: torch.Tensor, copied: torch.Tensor | None, draws: torch.Tensor, temperature: float
    ) -> torch.Tensor:
        """Return frames (N, K). draws: uniform in 0-1 (N, K)."""
        return (draws < torch.sigmoid(self._logits(features, copied) / temperature)).float()

    def _logits(self, features: torch.Tensor, copied: torch.Tensor | None) -> torch.Tensor:
        logits: torch.Tensor = self.logits(features)
        return logits if copied is None else logits + copied


class NadeKeys(nn.Module):
    """Keys from low to high, each given the past and the keys below: p(k) = sigmoid(b + V_k . relu(c + W v_below)).

    Biases b, c depend on the past. The hidden units change only where a key sounds, so a frame of n keys has n + 1 different
    hidden vectors, not 88: each is computed once and used for the keys up to and with the next that sounds. The
    likelihood is the same, at a twentieth of the work for music, where n is about 4.
    """

    def __init__(self, shape: PianoRollShape, width: int) -> None:
        super().__init__()
        self.given_bias = nn.Linear(width, shape.keys)
        self.hidden_bias = nn.Linear(width, shape.head_hidden)
        self.below = nn.Linear(shape.keys, shape.head_hidden, bias=False)  # W
        self.keys = nn.Linear(shape.head_hidden, shape.keys, bias=False)  # V
        self.drop = nn.Dropout(shape.dropout)

    def nats(self, features: torch.Tensor, copied: torch.Tensor | None, frames: torch.Tensor) -> torch.Tensor:
        """Return -log p (N,) of frames (N, K) given features (N, F)."""
        rows, below, asked = stretches(frames)
        b, c = self._biases(features, copied)
        kept = self.drop(
            torch.ones_like(c)
        )  # the same units all through a frame: fewer draws, which cost a seventh of a step
        logits = self._logits(b[rows], c[rows], below, kept[rows])  # (R, K)
        nats = functional.binary_cross_entropy_with_logits(logits, frames[rows], reduction="none")
        return frames.new_zeros(len(frames)).index_add(0, rows, (nats * asked).sum(1))

    def sample(
        self, features: torch.Tensor, copied: torch.Tensor | None, draws: torch.Tensor, temperature: float
    ) -> torch.Tensor:
        """Return frames (N, K), key by key from the lowest. draws: uniform in 0-1 (N, K), one per key."""
        b, c = self._biases(features, copied)
        N, K = draws.shape
        frames, start = draws.new_zeros(N, K), draws.new_zeros(N, 1)
        places = torch.arange(K, device=draws.device)
        while True:
            hits = (draws < torch.sigmoid(self._logits(b, c, frames) / temperature)) & (places >= start)  # (N, K)
            sounding = hits.any(1)
            if not sounding.any():
                return frames
            lowest = hits.float().argmax(1)  # the first hit: what is drawn above it must know of it
            frames[sounding, lowest[sounding]] = 1.0
            start = torch.where(sounding, lowest + 1, K)[:, None]

    def _biases(self, features: torch.Tensor, copied: torch.Tensor | None) -> tuple[torch.Tensor, torch.Tensor]:
        b = self.given_bias(features)
        return (b if copied is None else b + copied), self.hidden_bias(features)

    def _logits(
        self, b: torch.Tensor, c: torch.Tensor, below: torch.Tensor, kept: torch.Tensor | None = None
    ) -> torch.Tensor:
        hidden = functional.relu(c + self.below(below))
        logits: torch.Tensor = b + self.keys(hidden if kept is None else hidden * kept)
        return logits


def stretches(frames: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Cut each frame (N, K) after every sounding key; return frame numbers (R,), keys below (R, K), keys asked for (R, K).

    A frame of n keys has n + 1 stretches, in each of which the sounding keys below are the same.
    """
    number = frames.cumsum(1)  # keys at or below that sound
    stretch = number - frames  # (N, K): the stretch in which a key is asked for
    count = number[:, -1].long() + 1
    rows = torch.repeat_interleave(torch.arange(len(frames), device=frames.device), count)
    nth = torch.arange(len(rows), device=frames.device) - (count.cumsum(0) - count)[rows]  # 0 to n within each frame
    below = frames[rows] * (stretch[rows] < nth[:, None])
    return rows, below, (stretch[rows] == nth[:, None]).float()


class PianoRollRnn(nn.Module):
    """Trunk and head. Frames are float 0 or 1 (B, T, K)."""

    def __init__(self, shape: PianoRollShape) -> None:
        super().__init__()
        self.shape = shape
        self.trunk = Trunk(shape)
        self.head: IndependentKeys | NadeKeys = (IndependentKeys if shape.head == "independent" else NadeKeys)(
            shape, self.trunk.width
        )

    def new_state(self, rows: int) -> RollState:
        """Return the state before the first frame."""
        shape, weight = self.shape, next(self.parameters())
        silent = weight.new_zeros(shape.layers, rows, shape.hidden)
        return RollState(silent, silent.clone(), weight.new_zeros(rows, shape.remembered, shape.keys))

    def nats(self, frames: torch.Tensor, state: RollState) -> tuple[torch.Tensor, RollState]:
        """Return -log p of each frame given those before it (B, T), and the state after the last."""
        features, copied, state = self.trunk(frames, state)
        flat = None if copied is None else copied.flatten(0, 1)
        found = self.head.nats(features.flatten(0, 1), flat, frames.flatten(0, 1))
        return found.view(frames.shape[:2]), state

    @torch.no_grad()
    def sample(
        self, state: RollState, count: int, generator: torch.Generator, temperature: float = 1.0
    ) -> torch.Tensor:
        """Return frames that go on from a state, (B, count, K). temperature: above 0; 1 is what was learned."""
        was_training, rows = self.training, state.frames.shape[0]
        self.eval()
        drawn = []
        for _ in range(count):
            silent = state.frames.new_zeros(rows, 1, self.shape.keys)
            features, copied, after = self.trunk(silent, state)  # what is known before a frame does not depend on it
            draws = torch.rand(rows, self.shape.keys, generator=generator).to(silent.device)
            frame = self.head.sample(features[:, 0], None if copied is None else copied[:, 0], draws, temperature)
            state = RollState(after.hidden, after.cell, torch.cat([after.frames[:, :-1], frame[:, None]], 1))
            drawn.append(frame)
        self.train(was_training)
        return torch.stack(drawn, 1) if drawn else state.frames.new_zeros(rows, 0, self.shape.keys)
