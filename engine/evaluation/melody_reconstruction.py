"""How well MusicVAE remembers held-out melodies, beside a Markov chain that has only the last symbol. Does not know training."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.corpus.melody_windows import read_melodies
from engine.music.melody_bars import FIRST_NOTE, HOLD, SYMBOLS, Symbols, possible_semitones
from engine.music.music_vae import MusicVae, open_music_vae

ADDED = 0.1  # to the count of each transition, so that none is impossible
MOST_MELODIES, AT_ONCE = 1000, 100
SEMITONES = 5  # up and down: the chain learns from the same keys as the network


@dataclass(frozen=True)
class Reconstruction:
    """Shares are 0-1, NaN where there is nothing to count; nats per sixteenth unless said otherwise.

    accuracy: of all symbols, note_accuracy: of the notes that begin, both given the symbols before. written_accuracy,
    written_note_accuracy: the same where the model goes on from its own symbols. divergence_nats: KL per melody.
    negative_elbo: symbols given a drawn point, and the divergence. markov_*: of the chain.
    """

    melodies: int
    accuracy: float
    note_accuracy: float
    written_accuracy: float
    written_note_accuracy: float
    divergence_nats: float
    negative_elbo: float
    markov_accuracy: float
    markov_note_accuracy: float
    markov_nats: float


def reconstruction(model: MusicVae, train: Symbols, held_out: Symbols, *, seed: int = 0) -> Reconstruction:
    """Return the figures of up to 1,000 held-out melodies (N, S), evenly chosen; the chain learns from train."""
    places = np.unique(np.linspace(0, len(held_out) - 1, MOST_MELODIES).astype(int))
    melodies = held_out[places]
    rng = np.random.default_rng(seed)
    found = [_of_batch(model, melodies[start : start + AT_ONCE], rng) for start in range(0, len(melodies), AT_ONCE)]
    guessed, written, nats, divergence = (np.concatenate([batch[n] for batch in found]) for n in range(4))
    chain = markov_chain(train)
    before = _before(melodies)
    return Reconstruction(
        melodies=len(melodies),
        accuracy=_share(guessed == melodies),
        note_accuracy=_share((guessed == melodies)[melodies >= FIRST_NOTE]),
        written_accuracy=_share(written == melodies),
        written_note_accuracy=_share((written == melodies)[melodies >= FIRST_NOTE]),
        divergence_nats=round(float(divergence.mean()), 2),
        negative_elbo=round(float((nats + divergence).mean()) / model.shape.steps, 4),
        markov_accuracy=_share(chain.argmax(1)[before] == melodies),
        markov_note_accuracy=_share((chain.argmax(1)[before] == melodies)[melodies >= FIRST_NOTE]),
        markov_nats=round(float(-np.log(chain[before, melodies]).mean()), 4),
    )


def evaluate_music_vae(checkpoint: Path, data: Path, split: str = "test") -> Reconstruction:
    """Return the figures of a checkpoint on a split of a data folder, as its card quotes them."""
    model = open_music_vae(checkpoint)
    melodies: dict[Any, Symbols] = dict(read_melodies(data, model.shape.bars))
    return reconstruction(model, melodies["train"], melodies[split])


def markov_chain(melodies: Symbols) -> NDArray[np.float64]:
    """Return the probabilities (V, V) of a symbol after another, the first after a hold, learned in eleven keys."""
    counts = np.full((SYMBOLS, SYMBOLS), ADDED)
    rooms = np.array([possible_semitones(melody) for melody in melodies])  # (N, 2)
    before = _before(melodies)
    for semitones in range(-SEMITONES, SEMITONES + 1):
        fits = (rooms[:, 0] <= semitones) & (semitones <= rooms[:, 1])
        pairs = _moved(before[fits], semitones) * SYMBOLS + _moved(melodies[fits], semitones)
        counts += np.bincount(pairs.ravel(), minlength=SYMBOLS**2).reshape(SYMBOLS, SYMBOLS)
    return counts / counts.sum(1, keepdims=True)


def _before(melodies: Symbols) -> Symbols:
    return np.concatenate([np.full((len(melodies), 1), HOLD), melodies[:, :-1]], 1)


def _moved(symbols: Symbols, semitones: int) -> Symbols:
    return np.where(symbols >= FIRST_NOTE, symbols + semitones, symbols)


def _of_batch(model: MusicVae, melodies: Symbols, rng: np.random.Generator) -> tuple[NDArray[Any], ...]:
    """Return symbols guessed and written (B, S), nats given a drawn point (B,) and divergence (B,)."""
    mean, scale = model.encode(melodies)
    guessed = model.logits(mean, melodies).argmax(2)
    drawn = (mean + scale * rng.standard_normal(mean.shape)).astype(np.float32)
    logits = model.logits(drawn, melodies).astype(np.float64)
    top = logits.max(2, keepdims=True)
    chosen = np.take_along_axis(logits, melodies[:, :, None], 2)[:, :, 0]
    nats = (np.log(np.exp(logits - top).sum(2)) + top[:, :, 0] - chosen).sum(1)
    divergence = (0.5 * (mean**2 + scale**2 - 1) - np.log(scale)).sum(1)
    return guessed, model.decode(mean), nats, divergence


def _share(hits: NDArray[np.bool_]) -> float:
    return round(float(hits.mean()), 4) if hits.size else float("nan")
