"""Promises of the figures of MusicVAE: the chain is a distribution, knows every key, and the shares count what they say."""

from __future__ import annotations

import numpy as np
import pytest

from engine.evaluation.melody_reconstruction import markov_chain, reconstruction
from engine.music.melody_bars import FIRST_NOTE, HOLD, SYMBOLS
from tests.tiny_music_vae import random_music_vae

UP = np.full(32, HOLD)
UP[::2] = FIRST_NOTE + 30 + np.arange(16)


def test_the_chain_is_a_distribution_that_has_learned_every_key_within_reach() -> None:
    chain = markov_chain(UP[None])
    assert np.allclose(chain.sum(1), 1)
    # Between two notes there is always a hold; after a hold any of 16 notes in eleven keys, and none of it beyond.
    assert chain[FIRST_NOTE + 30].argmax() == HOLD
    reached = {symbol for symbol in range(FIRST_NOTE, SYMBOLS) if chain[HOLD, symbol] > 2 * chain[HOLD].min()}
    assert reached == set(range(FIRST_NOTE + 25, FIRST_NOTE + 51))


def test_the_figures_of_the_chain_are_those_counted_by_hand() -> None:
    melodies = np.stack([UP, np.roll(UP, 2)])
    model = random_music_vae(2)
    told = reconstruction(model, UP[None], melodies)
    chain = markov_chain(UP[None])
    before = np.array([[HOLD, *melody[:-1]] for melody in melodies])
    assert told.markov_nats == pytest.approx(float(-np.log(chain[before, melodies]).mean()), abs=1e-4)
    assert told.markov_accuracy == pytest.approx(float((chain.argmax(1)[before] == melodies).mean()), abs=1e-4)
    assert told.melodies == 2


def test_the_figures_of_the_model_are_those_of_what_it_writes() -> None:
    model, melodies = random_music_vae(2), np.stack([UP, np.roll(UP, 4)])
    told = reconstruction(model, UP[None], melodies)
    same = model.reconstruct(melodies) == melodies
    assert told.written_accuracy == pytest.approx(float(same.mean()), abs=1e-4)
    assert told.written_note_accuracy == pytest.approx(float(same[melodies >= FIRST_NOTE].mean()), abs=1e-4)
    mean, scale = model.encode(melodies)
    divergence = (0.5 * (mean**2 + scale**2 - 1) - np.log(scale)).sum(1).mean()
    assert told.divergence_nats == pytest.approx(float(divergence), abs=0.01)
    assert told.negative_elbo > told.divergence_nats / 32
    assert reconstruction(model, UP[None], melodies) == told
