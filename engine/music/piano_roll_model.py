"""A piano-roll network as a checkpoint, and the rolls and scores that it writes. Does not know how it computes or learns."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from engine.checkpoint import Checkpoint, open_checkpoint, write_checkpoint
from engine.errors import CheckpointError
from engine.music.piano_roll import Roll, roll_to_score
from engine.music.piano_roll_rnn import FAMILY, PianoRollRnn, PianoRollShape
from engine.music.score import TICKS_PER_QUARTER, Score

EIGHTH_TICKS = TICKS_PER_QUARTER // 2  # a frame of Nottingham.mat; those of JSB_Chorales.mat are quarters


def save_piano_roll_rnn(network: PianoRollRnn, directory: Path, card: Mapping[str, Any]) -> Checkpoint:
    """Write a network as a checkpoint; an existing directory is refused."""
    weights = {name: weight.detach().float().cpu().numpy() for name, weight in network.state_dict().items()}
    return write_checkpoint(directory, weights, network.shape.to_config(), None, card, family=FAMILY)


def open_piano_roll_rnn(directory: Path, threads: int = 1) -> PianoRollRnn:
    """Open a checkpoint; CheckpointError where it is another family's or does not fit its own description.

    threads has no say: a step is one product after another.
    """
    checkpoint = open_checkpoint(directory)
    if checkpoint.family != FAMILY:
        raise CheckpointError(f"{directory} is no checkpoint of the family {FAMILY} but of {checkpoint.family}")
    try:
        network = PianoRollRnn(PianoRollShape.from_config(checkpoint.config))
        network.load_state_dict({name: torch.from_numpy(weight) for name, weight in checkpoint.read_weights().items()})
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise CheckpointError(f"the config.json of {directory} does not fit its weights ({error})") from error
    return network.eval()


def sample_roll(
    network: PianoRollRnn, frames: int, *, seed: int, temperature: float = 1.0, start: Roll | None = None
) -> Roll:
    """Return a new roll (frames, K), after the frames of `start` (T, K) where there are any, which come first in it.

    The same seed gives the same roll. temperature: above 0; 1 is what was learned.
    """
    begun = np.zeros((0, network.shape.keys), np.uint8) if start is None else start[:frames]
    state = network.new_state(1)
    if len(begun):
        with torch.no_grad():
            state = network.nats(torch.from_numpy(begun[None].astype(np.float32)), state)[1]
    new = network.sample(state, frames - len(begun), torch.Generator().manual_seed(seed), temperature)
    return np.concatenate([begun, new[0].cpu().numpy().astype(np.uint8)])


def sample_score(
    network: PianoRollRnn,
    frames: int,
    *,
    seed: int,
    frame_ticks: int = EIGHTH_TICKS,
    temperature: float = 1.0,
    start: Roll | None = None,
) -> Score:
    """Return a new roll as a score of one track; `sample_roll` says the rest."""
    roll = sample_roll(network, frames, seed=seed, temperature=temperature, start=start)
    return roll_to_score(roll, frame_ticks)
