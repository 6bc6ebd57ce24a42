"""Tiny MusicVAE models with random weights, for tests. Knows nothing of what is tested with them."""

from __future__ import annotations

import numpy as np

from engine.music.music_vae import MusicVae, MusicVaeShape

TINY = {
    2: MusicVaeShape(embedding=6, encoder=8, writer=12, condition=6, latent=4),
    16: MusicVaeShape(bars=16, embedding=6, encoder=8, writer=12, condition=6, conductor=8, latent=5),
}


def random_music_vae(bars: int, seed: int = 0) -> MusicVae:
    """Return a model of 2 or 16 bars whose melodies are noise."""
    rng = np.random.default_rng(seed)
    weights = {name: rng.normal(0, 0.5, size).astype(np.float32) for name, size in TINY[bars].tensors().items()}
    return MusicVae(TINY[bars], weights)
