"""Nats per frame of piano rolls, under counting baselines and under a network (METRICS 1). Does not know training or files.

NLL per frame is -log p(frame), summed over the 88 keys, averaged over all frames of a split, so that long pieces weigh more.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.corpus.piano_rolls import Roll

ADDED = 0.5  # to the count of each outcome (Jeffreys), so that no key that never sounded is impossible
PIECES_AT_ONCE, FRAMES_AT_ONCE = 16, 128
Nats = NDArray[np.float64]  # of each frame of a piece (T,); NaN where a frame is not predicted
Report = Callable[[int, int], None]


@dataclass(frozen=True)
class FrameLikelihood:
    """Nats per frame over all frames, and over all but the first of each piece; NaN where there are none. frames: of all."""

    all_frames: float
    from_second: float
    frames: int


def likelihood(nats: Sequence[Nats], left_out: Collection[int] = ()) -> FrameLikelihood:
    """Return the means over the frames of pieces; left_out: numbers of pieces that do not count."""
    kept = [piece for number, piece in enumerate(nats) if number not in left_out]
    frames, later = sum(map(len, kept)), sum(len(piece) - 1 for piece in kept)
    in_all = sum(float(piece.sum()) for piece in kept)
    after_first = sum(float(piece[1:].sum()) for piece in kept)
    return FrameLikelihood(
        in_all / frames if frames else float("nan"), after_first / later if later else float("nan"), frames
    )


def unigram_nats(train: Sequence[Roll], pieces: Sequence[Roll]) -> list[Nats]:
    """Return the nats of every frame where each key sounds as often as in training."""
    share = _share(sum(piece.sum(axis=0, dtype=np.int64) for piece in train), sum(map(len, train)))
    return [_bernoulli(share, piece) for piece in pieces]


def markov_nats(train: Sequence[Roll], pieces: Sequence[Roll]) -> list[Nats]:
    """Return the nats of every frame but the first, where each key depends on itself one frame earlier."""
    shares = []  # of a key that was silent, of a key that sounded
    for sounded in (0, 1):
        before = [piece[:-1] == sounded for piece in train]
        sounding = sum((b & (piece[1:] == 1)).sum(axis=0) for b, piece in zip(before, train, strict=True))
        shares.append(_share(sounding, sum(b.sum(axis=0) for b in before)))
    return [
        np.concatenate([[np.nan], _bernoulli(np.where(piece[:-1] == 1, shares[1], shares[0]), piece[1:])])
        for piece in pieces
    ]


def network_nats(network: Any, pieces: Sequence[Roll], report: Report = lambda done, total: None) -> list[Nats]:
    """Return the nats of every frame under a `PianoRollRnn`; pieces do not hear each other.

    report: told (pieces done, pieces in all).
    """
    import torch

    was_training = network.training
    network.eval()
    found: list[Nats] = [np.empty(0)] * len(pieces)
    order = sorted(range(len(pieces)), key=lambda number: len(pieces[number]))
    for start in range(0, len(order), PIECES_AT_ONCE):
        numbers = order[start : start + PIECES_AT_ONCE]
        longest = len(pieces[numbers[-1]])
        frames = np.zeros((len(numbers), longest, network.shape.keys), np.float32)
        for row, number in enumerate(numbers):
            frames[row, : len(pieces[number])] = pieces[number]
        state, nats = network.new_state(len(numbers)), []
        with torch.no_grad():
            for place in range(0, longest, FRAMES_AT_ONCE):
                some, state = network.nats(torch.from_numpy(frames[:, place : place + FRAMES_AT_ONCE]), state)
                nats.append(some.double().numpy())
        together = np.concatenate(nats, axis=1)  # (B, T)
        for row, number in enumerate(numbers):
            found[number] = together[row, : len(pieces[number])]
        report(start + len(numbers), len(pieces))
    network.train(was_training)
    return found


def _share(sounding: Any, frames: Any) -> NDArray[np.float64]:
    found: NDArray[np.float64] = (sounding + ADDED) / (frames + 2 * ADDED)
    return found


def _bernoulli(share: NDArray[np.float64], frames: Roll) -> Nats:
    found: Nats = -np.where(frames == 1, np.log(share), np.log1p(-share)).sum(axis=-1)
    return found
