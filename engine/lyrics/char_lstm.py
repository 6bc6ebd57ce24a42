"""The character LSTM as a lyric family, in numpy: layers, step, decoding, bits of songs. Does not know training or torch.

Every step reads a character and, where the model was trained with artists, the artist of the song: both are looked up
and laid end to end. The artist comes from the id that opened the song and stays until END or the next opening, so the
decoding loop need not know of artists. The network of the same tensors that learns is `engine.training.char_lstm_network`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.checkpoint import Weights, open_checkpoint
from engine.errors import CheckpointError
from engine.lyrics.characters import END, ESCAPE_BITS, UNKNOWN, Characters
from engine.lyrics.plain_songs import body_start
from engine.lyrics.text_models import TextModel

FAMILY = "char-lstm"
CONTEXT_LENGTH = 8192
STRIDE = 32  # a slot keeps its state after every so many ids; what lies between is read again when it is cut there
SCORED_AT_ONCE = 64  # songs
NEVER = np.float32(-1e9)  # the logit of an opening: it is read, never written

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class CharLstmShape:
    """choices: ids that can come next. artists: 0 for none; then each song has one, or nobody. Sizes in units."""

    choices: int
    artists: int
    embedding_size: int
    artist_size: int
    hidden_size: int
    layers: int

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> CharLstmShape:
        """Read config.json; KeyError where it lacks a size."""
        return cls(**{name: int(config[name]) for name in cls.__dataclass_fields__})

    def tensors(self) -> dict[str, tuple[int, ...]]:
        """Return the shape of every tensor by its name in a state dict; the gates are input, forget, cell, output."""
        gates, size = 4 * self.hidden_size, self.embedding_size
        found: dict[str, tuple[int, ...]] = {"embed.weight": (self.choices, size)}
        if self.artists:
            found["artist_embed.weight"] = (self.artists + 1, self.artist_size)
            size += self.artist_size
        for layer in range(self.layers):
            found[f"lstm.weight_ih_l{layer}"] = (gates, size)
            found[f"lstm.weight_hh_l{layer}"] = (gates, self.hidden_size)
            found[f"lstm.bias_ih_l{layer}"] = found[f"lstm.bias_hh_l{layer}"] = (gates,)
            size = self.hidden_size
        return found | {"head.weight": (self.choices, size), "head.bias": (self.choices,)}


class CharLstmLayers:
    """The arithmetic: (rows of) state and an id in, state and logits out.

    State is (B, layers, 2, H), hidden and cell. What the first layer makes of a character and of an artist is computed
    once, for all of them.
    """

    def __init__(self, shape: CharLstmShape, weights: Weights) -> None:
        self.shape = shape
        floats = {name: weights[name].astype(np.float32) for name in shape.tensors()}
        first = floats["lstm.weight_ih_l0"]  # (4 H, E + A)
        biases = [floats[f"lstm.bias_ih_l{k}"] + floats[f"lstm.bias_hh_l{k}"] for k in range(shape.layers)]
        self._of_character = floats["embed.weight"] @ first[:, : shape.embedding_size].T + biases[0]
        self._of_artist = np.zeros((1, 1), np.float32)  # nothing to add
        if shape.artists:
            self._of_artist = floats["artist_embed.weight"] @ first[:, shape.embedding_size :].T
        self._inputs = [np.ascontiguousarray(floats[f"lstm.weight_ih_l{k}"].T) for k in range(1, shape.layers)]
        self._hidden = [np.ascontiguousarray(floats[f"lstm.weight_hh_l{k}"].T) for k in range(shape.layers)]
        self._biases = biases
        self._head, self._head_bias = np.ascontiguousarray(floats["head.weight"].T), floats["head.bias"]

    def empty(self, rows: int) -> Floats:
        """Return the state before anything was read."""
        return np.zeros((rows, self.shape.layers, 2, self.shape.hidden_size), np.float32)

    def artists_after(self, ids: NDArray[np.int64], artists: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return whose song it is once ids (B,) are read: 0 nobody's, else the place of the artist + 1."""
        if not self.shape.artists:
            return artists
        opened = np.where(ids == END, 0, ids - self.shape.choices + 1)
        return np.where((ids == END) | (ids >= self.shape.choices), opened, artists)

    def read(self, ids: NDArray[np.int64], state: Floats, artists: NDArray[np.int64], *, row_by_row: bool) -> Floats:
        """Return the state (B, layers, 2, H) after one more id (B,) in each row. artists: from `artists_after`.

        row_by_row: each row is a product of its own, so that it comes out the same whatever is beside it.
        """
        symbols = np.where(ids < self.shape.choices, ids, END)
        after = np.empty_like(state)
        given = self._of_character[symbols] + self._of_artist[artists]
        for layer in range(self.shape.layers):
            if layer:
                given = _product(after[:, layer - 1, 0], self._inputs[layer - 1], row_by_row) + self._biases[layer]
            gates = given + _product(state[:, layer, 0], self._hidden[layer], row_by_row)  # (B, 4 H)
            entering, kept, new, shown = np.split(gates, 4, axis=1)
            cell = _sigmoid(kept) * state[:, layer, 1] + _sigmoid(entering) * np.tanh(new)
            after[:, layer, 0], after[:, layer, 1] = _sigmoid(shown) * np.tanh(cell), cell
        return after

    def logits(self, state: Floats, *, row_by_row: bool) -> Floats:
        """Return logits of what can come next (B, choices)."""
        return _product(state[:, -1, 0], self._head, row_by_row) + self._head_bias


def _product(rows: Floats, matrix: Floats, row_by_row: bool) -> Floats:
    """Return rows (B, K) x matrix (K, N).

    One product of them all sums in an order that depends on B. On one core 16 rows x 512 x 2,048 take 1.5 ms row by row
    and 1.3 ms together, 64 rows 5.2 and 2.4 ms.
    """
    rows = np.ascontiguousarray(rows)
    found: Floats = np.matmul(rows[:, None, :], matrix)[:, 0] if row_by_row else rows @ matrix
    return found


def _sigmoid(x: Floats) -> Floats:
    found: Floats = 0.5 + 0.5 * np.tanh(0.5 * x)
    return found


@dataclass
class _Slot:
    """What one sequence holds: ids, and (state (layers, 2, H), artist) after them. kept: the same after 0, STRIDE, ... ids.

    Arrays are never changed in place, so slots share them.
    """

    state: Floats
    artist: int = 0
    ids: list[int] = field(default_factory=list)
    kept: list[tuple[Floats, int]] = field(default_factory=list)


class CharLstmModel:
    """A `CausalModel` over characters and openings. An empty slot goes on as if END had been read."""

    context_length = CONTEXT_LENGTH

    def __init__(self, layers: CharLstmLayers) -> None:
        self._layers, shape = layers, layers.shape
        self.vocab_size = shape.choices + shape.artists
        nobody = np.zeros(1, np.int64)
        self._before = layers.empty(1)[0]
        self._opened = layers.read(np.array([END]), layers.empty(1), nobody, row_by_row=True)[0]

    def new_memory(self, slots: int) -> list[_Slot]:
        """Return empty slots."""
        return [_Slot(self._opened, 0, [], [(self._opened, 0)]) for _ in range(slots)]

    def length(self, memory: list[_Slot], slot: int) -> int:
        """Return how many ids a slot holds."""
        return len(memory[slot].ids)

    def extend(self, memory: list[_Slot], slot: int, ids: Sequence[int]) -> Floats:
        """Append ids (at least one) to a slot and return the logits (V,) after the last."""
        held = memory[slot]
        if len(ids) == 0 or len(held.ids) + len(ids) > self.context_length:
            raise ValueError(f"{len(ids)} ids do not fit after {len(held.ids)} of {self.context_length}")
        for i in ids:
            self._read([held], np.array([int(i)]))
        return self._logits([held])[0]

    def step(self, memory: list[_Slot], slots: NDArray[np.int64], ids: NDArray[np.int64]) -> Floats:
        """Append one id to each of several different slots (B,) and return logits (B, V)."""
        held = [memory[int(slot)] for slot in slots]
        if any(len(one.ids) >= self.context_length for one in held):
            raise ValueError(f"ids do not fit after {self.context_length}")
        self._read(held, np.asarray(ids, np.int64))
        return self._logits(held)

    def fork(self, memory: list[_Slot], source: int, targets: Sequence[int]) -> None:
        """Make the targets hold what the source holds."""
        held = memory[source]
        for target in targets:
            memory[target] = _Slot(held.state, held.artist, list(held.ids), list(held.kept))

    def truncate(self, memory: list[_Slot], slot: int, length: int) -> None:
        """Forget everything after the first `length` ids of a slot; at most STRIDE of them are read again."""
        held = memory[slot]
        if not 0 <= length <= len(held.ids):
            raise ValueError(f"length must be 0-{len(held.ids)}, got {length}")
        whole = length // STRIDE
        again = held.ids[whole * STRIDE : length]
        del held.ids[whole * STRIDE :], held.kept[whole + 1 :]
        held.state, held.artist = held.kept[whole]
        for i in again:
            self._read([held], np.array([i]))

    def _read(self, held: Sequence[_Slot], ids: NDArray[np.int64]) -> None:
        if ids.min() < 0 or ids.max() >= self.vocab_size:
            raise ValueError(f"ids must be 0-{self.vocab_size - 1}, got {ids.min()} to {ids.max()}")
        state = np.stack([self._state(one, int(i)) for one, i in zip(held, ids, strict=True)])
        artists = self._layers.artists_after(ids, np.array([one.artist for one in held]))
        state = self._layers.read(ids, state, artists, row_by_row=True)
        for row, one in enumerate(held):
            one.ids.append(int(ids[row]))
            one.state, one.artist = state[row].copy(), int(artists[row])
            if len(one.ids) % STRIDE == 0:
                one.kept.append((one.state, one.artist))

    def _state(self, held: _Slot, following: int) -> Floats:
        """Return the state that an id meets: an opening, or END, at the start of a slot stands where END was taken as read."""
        opens = following == END or following >= self._layers.shape.choices
        return self._before if not held.ids and opens else held.state

    def _logits(self, held: Sequence[_Slot]) -> Floats:
        logits = np.full((len(held), self.vocab_size), NEVER)
        state = np.stack([one.state for one in held])
        logits[:, : self._layers.shape.choices] = self._layers.logits(state, row_by_row=True)
        return logits


def song_bits(layers: CharLstmLayers, characters: Characters, texts: Sequence[str]) -> list[float]:
    """Return the bits of each song's text from its heading, which is given, to its end; songs do not see each other."""
    order = sorted(range(len(texts)), key=lambda place: -len(texts[place]))
    found = [0.0] * len(texts)
    for start in range(0, len(order), SCORED_AT_ONCE):
        places = order[start : start + SCORED_AT_ONCE]
        for place, bits in zip(places, _bits(layers, characters, [texts[p] for p in places]), strict=True):
            found[place] = float(bits)
    return found


def _bits(layers: CharLstmLayers, characters: Characters, texts: Sequence[str]) -> NDArray[np.float64]:
    """Return bits (B,) of texts, longest first: rows leave as their texts end."""
    coded = [characters.encode_exactly(text) for text in texts]
    lengths, given = np.array([len(ids) for ids in coded]), np.array([body_start(text) for text in texts])
    wanted = np.full((len(texts), lengths.max() + 1), END, np.int64)  # (B, T + 1)
    bits = np.zeros(len(texts), np.float64)
    for row, text in enumerate(coded):
        wanted[row, : len(text)] = text
        bits[row] = ESCAPE_BITS * float((text[given[row] :] == UNKNOWN).sum())
    ids = np.array([characters.opening(text) for text in texts], np.int64)
    state, artists = layers.empty(len(texts)), np.zeros(len(texts), np.int64)
    for place in range(wanted.shape[1]):
        rows = int((lengths >= place).sum())
        artists = layers.artists_after(ids[:rows], artists[:rows])
        state = layers.read(ids[:rows], state[:rows], artists, row_by_row=False)
        ids = wanted[:rows, place]
        counted = place >= given[:rows]
        if counted.any():
            bits[:rows][counted] += _surprise(layers.logits(state, row_by_row=False)[counted], ids[counted])
    return bits


def _surprise(logits: Floats, ids: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the bits of ids (B,) under logits (B, V)."""
    wide = logits.astype(np.float64)
    top = wide.max(axis=1)
    nats = top + np.log(np.exp(wide - top[:, None]).sum(axis=1)) - wide[np.arange(len(ids)), ids]
    found: NDArray[np.float64] = nats / np.log(2)
    return found


def open_char_lstm(directory: Path, threads: int = 1) -> TextModel:
    """Open a checkpoint; CheckpointError where it is another family's or does not fit its own description.

    threads has no say: a step is one product after another.
    """
    layers, characters = read_char_lstm(directory)
    return TextModel(
        family=FAMILY,
        model=CharLstmModel(layers),
        tokenizer=characters,
        bits=lambda texts: song_bits(layers, characters, texts),
        artists=characters.artists,
    )


def read_char_lstm(directory: Path) -> tuple[CharLstmLayers, Characters]:
    """Read and check a checkpoint of this family."""
    checkpoint = open_checkpoint(directory)
    if checkpoint.family != FAMILY or checkpoint.tokenizer_file is None:
        raise CheckpointError(f"{directory} is no checkpoint of the family {FAMILY} but of {checkpoint.family}")
    characters, weights = Characters.from_json(checkpoint.tokenizer_file.read_bytes()), checkpoint.read_weights()
    try:
        shape = CharLstmShape.from_config(checkpoint.config)
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"the config.json of {directory} is not a character LSTM's ({error})") from error
    found, expected = {name: weight.shape for name, weight in weights.items()}, shape.tensors()
    if wrong := sorted(name for name in found.keys() | expected.keys() if found.get(name) != expected.get(name)):
        raise CheckpointError(f"{directory} does not fit its config.json in {', '.join(wrong)}; fetch the model again")
    if (shape.choices, shape.artists) != (characters.choices, len(characters.artists)):
        raise CheckpointError(f"the tokenizer.json of {directory} belongs to another model; fetch the model again")
    return CharLstmLayers(shape, weights), characters
