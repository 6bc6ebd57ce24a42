"""MusicVAE in numpy: melodies of 2 or 16 bars to points of a latent space and back. Does not know training or files of music.

Roberts et al. 2018, small. A melody is read in parts, each by an LSTM in both directions; where there are several, a second
one reads the parts. What they end in gives mean and scale of a normal distribution, the point z is drawn from it. Written is
the other way round: the conductor, an LSTM over parts, unfolds z into a condition for each part, and the writer, one LSTM for
all parts, writes it symbol by symbol. A melody of 2 bars is one part and needs no conductor (the "flat" model of the paper).

Unlike the paper's, the encoder reads parts too: 256 sixteenths in one line were forgotten long before their end, and a part
of the 16-bar model is what the 2-bar model has learned to read and write, so that it begins with those weights.
The network of the same tensors that learns is `engine.training.music_vae_network`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.checkpoint import Checkpoint, Weights, open_checkpoint, write_checkpoint
from engine.errors import CheckpointError
from engine.music.melody_bars import FIRST_NOTE, HOLD, OFF, STEPS_PER_BAR, SYMBOLS, Symbols

FAMILY = "music-vae"
CANDIDATES = 8  # written for one point, of which the nearest is taken
TEMPERATURE = 0.6

Floats = NDArray[np.float32]
Ids = NDArray[np.int64]


@dataclass(frozen=True)
class MusicVaeShape:
    """bars: of a melody, 2 or 16. part_bars: of what is read and written in one go. Other sizes in units.

    encoder: of each direction. condition: of what the conductor says of a part. conductor: also of each direction of the
    second encoder; there is neither where a melody is one part. latent: of z.
    """

    bars: int = 2
    part_bars: int = 2
    embedding: int = 64
    encoder: int = 160
    writer: int = 256
    condition: int = 128
    conductor: int = 160
    latent: int = 64

    def __post_init__(self) -> None:
        if min(asdict(self).values()) < 1 or self.bars % self.part_bars:
            raise ValueError(f"sizes must be 1 or more, and the bars whole parts: {self}")

    @property
    def parts(self) -> int:
        return self.bars // self.part_bars

    @property
    def part_steps(self) -> int:
        return self.part_bars * STEPS_PER_BAR

    @property
    def steps(self) -> int:
        return self.bars * STEPS_PER_BAR

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> MusicVaeShape:
        """Read config.json; KeyError where it lacks a size."""
        return cls(**{name: int(config[name]) for name in cls.__dataclass_fields__})

    def to_config(self) -> dict[str, Any]:
        """Return what config.json holds."""
        return asdict(self) | {"model_type": FAMILY}

    def tensors(self) -> dict[str, tuple[int, ...]]:
        """Return the shape of every tensor by its name in a state dict; the gates are input, forget, cell, output."""
        found: dict[str, tuple[int, ...]] = {"embed.weight": (SYMBOLS, self.embedding)}
        found |= _lstm("reader", self.embedding, self.encoder) | _lstm(
            "reader", self.embedding, self.encoder, "_reverse"
        )
        read, said = 2 * self.encoder, self.latent
        if self.parts > 1:
            found |= _lstm("part_reader", read, self.conductor) | _lstm("part_reader", read, self.conductor, "_reverse")
            found |= _linear("conductor_start", self.latent, 2 * self.conductor)
            found |= _lstm("conductor", self.latent, self.conductor)
            read, said = 2 * self.conductor, self.conductor
        found |= _linear("posterior", read, 2 * self.latent) | _linear("condition", said, self.condition)
        found |= _linear("writer_start", self.condition, 2 * self.writer)
        found |= _lstm("writer", self.embedding + self.condition, self.writer)
        return found | _linear("head", self.writer, SYMBOLS)


def _lstm(name: str, given: int, units: int, direction: str = "") -> dict[str, tuple[int, ...]]:
    end = f"_l0{direction}"
    return {
        f"{name}.weight_ih{end}": (4 * units, given), f"{name}.weight_hh{end}": (4 * units, units),
        f"{name}.bias_ih{end}": (4 * units,), f"{name}.bias_hh{end}": (4 * units,),
    }  # fmt: skip


def _linear(name: str, given: int, units: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": (units, given), f"{name}.bias": (units,)}


class MusicVae:
    """The opened model. version: digest of its checkpoint.

    Random numbers come from seeds: the same seed gives the same melodies.
    """

    def __init__(self, shape: MusicVaeShape, weights: Weights, version: str = "") -> None:
        self.shape, self.version = shape, version
        self._weights = {name: weights[name].astype(np.float32) for name in shape.tensors()}

    def encode(self, symbols: Symbols) -> tuple[Floats, Floats]:
        """Return mean and scale (B, Z) of the points that melodies (B, S) lie at."""
        shape, rows = self.shape, len(symbols)
        given = self._weights["embed.weight"][symbols.reshape(rows * shape.parts, shape.part_steps)]
        read = self._both_ways("reader", given)  # (B P, 2 H)
        if shape.parts > 1:
            read = self._both_ways("part_reader", read.reshape(rows, shape.parts, -1))
        mean, spread = np.split(self._linear("posterior", read), 2, axis=1)
        return mean, _scale(spread)

    def logits(self, points: Floats, symbols: Symbols) -> Floats:
        """Return the logits (B, S, V) of every symbol given the points (B, Z) and the symbols before it."""
        shape, rows = self.shape, len(symbols)
        conditions = self.conditions(points)  # (B P, C)
        before = np.concatenate([np.full((rows, 1), HOLD), symbols[:, :-1]], 1).reshape(len(conditions), -1)
        h, c = self._start("writer_start", conditions)
        found = np.empty((*before.shape, SYMBOLS), np.float32)
        for step in range(shape.part_steps):
            h, c = self._write(before[:, step], conditions, h, c)
            found[:, step] = self._linear("head", h)
        return found.reshape(rows, shape.steps, SYMBOLS)

    def decode(self, points: Floats, rng: np.random.Generator | None = None, temperature: float = 1.0) -> Symbols:
        """Return melodies (B, S) for points (B, Z): the likeliest symbol at each step, or one drawn where rng is given."""
        shape, rows = self.shape, len(points)
        conditions = self.conditions(points).reshape(rows, shape.parts, -1)
        written = np.empty((rows, shape.steps), np.int64)
        last, sounding = np.full(rows, HOLD), np.zeros(rows, bool)
        for step in range(shape.steps):
            part, place = divmod(step, shape.part_steps)
            condition = conditions[:, part]
            if place == 0:
                h, c = self._start("writer_start", condition)
            h, c = self._write(last, condition, h, c)
            logits = self._linear("head", h)
            logits[~sounding, OFF] = -np.inf  # silence cannot end; the hold says the same
            last = logits.argmax(1) if rng is None else _drawn(logits / temperature, rng)
            sounding = np.where(last == HOLD, sounding, last >= FIRST_NOTE)
            written[:, step] = last
        return written

    def sample(self, count: int, *, seed: int, temperature: float = TEMPERATURE) -> Symbols:
        """Return so many new melodies (N, S). temperature: above 0, of the symbols; 1 is what was learned."""
        rng = np.random.default_rng(seed)
        points = rng.standard_normal((count, self.shape.latent)).astype(np.float32)
        return self.decode(points, rng, temperature)

    def reconstruct(self, symbols: Symbols) -> Symbols:
        """Return melodies (B, S) as the model remembers them: the likeliest for the means of their points."""
        return self.decode(self.encode(symbols)[0])

    def nearest(self, point: Floats, *, seed: int, temperature: float = TEMPERATURE) -> Symbols:
        """Return the melody (S,) for a point (Z,): of the likeliest and some drawn, the one that is read nearest to it."""
        points = np.repeat(point[None], CANDIDATES, 0)
        drawn = self.decode(points[1:], np.random.default_rng(seed), temperature)
        written = np.concatenate([self.decode(points[:1]), drawn])
        away = np.square(self.encode(written)[0] - points).sum(1)
        found: Symbols = written[int(away.argmin())]
        return found

    def interpolate(self, first: Symbols, last: Symbols, steps: int, *, seed: int) -> Symbols:
        """Return the way from one melody (S,) to another in so many melodies (steps, S), 2 or more, the ends as they are."""
        ends = self.encode(np.stack([first, last]))[0]
        between = [
            self.nearest(spherical(ends[0], ends[1], step / (steps - 1)), seed=seed + step)
            for step in range(1, steps - 1)
        ]
        return np.stack([first, *between, last])

    def conditions(self, points: Floats) -> Floats:
        """Return what the writer is told of each part (B P, C), melody by melody."""
        if self.shape.parts == 1:
            return np.tanh(self._linear("condition", points))
        h, c = self._start("conductor_start", points)
        said = np.empty((len(points), self.shape.parts, self.shape.conductor), np.float32)
        for part in range(self.shape.parts):
            h, c = self._cell("conductor", points, h, c)
            said[:, part] = h
        return np.tanh(self._linear("condition", said.reshape(-1, self.shape.conductor)))

    def _both_ways(self, name: str, given: Floats) -> Floats:
        """Return what an LSTM ends in when it reads (B, T, E) forwards and backwards, (B, 2 H)."""
        ends = []
        for direction, order in (("", given), ("_reverse", given[:, ::-1])):
            h = np.zeros((len(given), self._weights[f"{name}.weight_hh_l0{direction}"].shape[1]), np.float32)
            c = np.zeros_like(h)
            for step in range(order.shape[1]):
                h, c = self._cell(name, order[:, step], h, c, direction)
            ends.append(h)
        return np.concatenate(ends, 1)

    def _write(self, last: Ids, conditions: Floats, h: Floats, c: Floats) -> tuple[Floats, Floats]:
        return self._cell("writer", np.concatenate([self._weights["embed.weight"][last], conditions], 1), h, c)

    def _start(self, name: str, given: Floats) -> tuple[Floats, Floats]:
        """Return the state that an LSTM begins with, from what it is to unfold."""
        h, c = np.split(np.tanh(self._linear(name, given)), 2, axis=1)
        return h, c

    def _cell(self, name: str, x: Floats, h: Floats, c: Floats, direction: str = "") -> tuple[Floats, Floats]:
        w, end = self._weights, f"_l0{direction}"
        gates = x @ w[f"{name}.weight_ih{end}"].T + w[f"{name}.bias_ih{end}"]
        gates += h @ w[f"{name}.weight_hh{end}"].T + w[f"{name}.bias_hh{end}"]  # (B, 4 H)
        entering, kept, new, shown = np.split(gates, 4, axis=1)
        c = _sigmoid(kept) * c + _sigmoid(entering) * np.tanh(new)
        return _sigmoid(shown) * np.tanh(c), c

    def _linear(self, name: str, x: Floats) -> Floats:
        found: Floats = x @ self._weights[f"{name}.weight"].T + self._weights[f"{name}.bias"]
        return found


def spherical(a: Floats, b: Floats, share: float) -> Floats:
    """Return the point so far on the way from a to b (Z,), 0 to 1, along the arc between them.

    In many dimensions a normal distribution has its points near a sphere; the straight way would lead through its empty
    middle. Points in one line with the origin are joined by the straight way.
    """
    lengths = float(np.linalg.norm(a)), float(np.linalg.norm(b))
    cosine = float(a @ b) / max(lengths[0] * lengths[1], 1e-12)
    angle = float(np.arccos(np.clip(cosine, -1.0, 1.0)))
    if np.sin(angle) < 1e-4:
        return np.asarray((1 - share) * a + share * b, np.float32)
    return np.asarray((np.sin((1 - share) * angle) * a + np.sin(share * angle) * b) / np.sin(angle), np.float32)


def _scale(spread: Floats) -> Floats:
    """Return softplus, as in the network, without overflow."""
    return np.logaddexp(np.float32(0), spread)


def _drawn(logits: Floats, rng: np.random.Generator) -> Ids:
    """Return an id for each row of logits (B, V), drawn with their probabilities (the Gumbel trick)."""
    return np.asarray((logits + rng.gumbel(size=logits.shape)).argmax(1), np.int64)


def _sigmoid(x: Floats) -> Floats:
    found: Floats = 0.5 + 0.5 * np.tanh(0.5 * x)
    return found


def save_music_vae(shape: MusicVaeShape, weights: Weights, directory: Path, card: Mapping[str, Any]) -> Checkpoint:
    """Write a checkpoint with weights as float16; an existing directory is refused."""
    halves = {name: weights[name].astype(np.float16) for name in shape.tensors()}
    return write_checkpoint(directory, halves, shape.to_config(), None, card, family=FAMILY)


def open_music_vae(directory: Path, threads: int = 1) -> MusicVae:
    """Open a checkpoint; CheckpointError where it is another family's or does not fit its own description.

    threads has no say: a step is one product after another.
    """
    checkpoint = open_checkpoint(directory)
    if checkpoint.family != FAMILY:
        raise CheckpointError(f"{directory} is no checkpoint of the family {FAMILY} but of {checkpoint.family}")
    try:
        shape = MusicVaeShape.from_config(checkpoint.config)
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"the config.json of {directory} is not a MusicVAE's ({error})") from error
    weights = checkpoint.read_weights()
    found, expected = {name: weight.shape for name, weight in weights.items()}, shape.tensors()
    if wrong := sorted(name for name in found.keys() | expected.keys() if found.get(name) != expected.get(name)):
        raise CheckpointError(f"{directory} does not fit its config.json in {', '.join(wrong)}; fetch the model again")
    return MusicVae(shape, weights, checkpoint.digest)
