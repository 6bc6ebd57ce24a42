"""Recipes of the piano-roll network: what each published row was trained with. Does not know how training works."""

from __future__ import annotations

from dataclasses import dataclass

from engine.errors import RequestError
from engine.music.piano_roll_rnn import PianoRollShape


@dataclass(frozen=True)
class RollRecipe:
    """A network and how it learns.

    epochs: passes over the pieces; the last plain_epochs are untransposed. transpose: up to so many semitones either way.
    streams: pieces that are heard side by side. row_frames: frames through which gradients go back. decay: share of the
    run in which the rates fall to 0. gradient_norm: to which longer gradients are cut. summary: one line for people.
    """

    shape: PianoRollShape
    summary: str
    epochs: int
    plain_epochs: int
    streams: int
    row_frames: int
    transpose: int = 6
    muon_rate: float = 5e-3
    adamw_rate: float = 3e-3
    weight_decay: float = 0.05
    decay: float = 0.5
    gradient_norm: float = 0.5


# Distances in frames: an eighth note in Nottingham (bars of 6 or 8), a quarter in the chorales. After one epoch of
# Nottingham (NADE, 512 units) validation is at 2.98 with them and at 4.99 without.
NOTTINGHAM_LOOKBACKS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128)
JSB_LOOKBACKS = (1, 2, 3, 4, 6, 8, 12, 16, 20, 24, 28, 32, 48)


def _nottingham(head: str, summary: str) -> RollRecipe:
    shape = PianoRollShape(
        head, hidden=256, head_hidden=192, lookbacks=NOTTINGHAM_LOOKBACKS, dropout=0.35, input_dropout=0.1
    )
    return RollRecipe(shape, summary, epochs=12, plain_epochs=5, streams=32, row_frames=64, decay=0.6)


def _jsb(head: str, summary: str) -> RollRecipe:
    shape = PianoRollShape(head, hidden=256, head_hidden=256, lookbacks=JSB_LOOKBACKS, dropout=0.35, input_dropout=0.1)
    return RollRecipe(shape, summary, epochs=60, plain_epochs=12, streams=16, row_frames=32, decay=0.7)


# Dropout of 0.5 learns more slowly and ends no better on so few passes: the chorales were at 5.41 after 40 epochs of 60,
# and with 0.35 at 5.18 after 39 of 45.
RECIPES: dict[str, RollRecipe] = {
    "nottingham-independent": _nottingham("independent", "independent keys, for the league of LSTM, GRU and TCN"),
    "nottingham-nade": _nottingham("nade", "a NADE inside the frame, for the league of RNN-RBM and RNN-NADE"),
    "jsb-independent": _jsb("independent", "independent keys, for the league of LSTM, GRU and TCN"),
    "jsb-nade": _jsb("nade", "a NADE inside the frame, for the league of RNN-RBM and RNN-NADE"),
}


def recipe_of(name: str) -> RollRecipe:
    """Return a recipe by its name; RequestError names those there are."""
    if name not in RECIPES:
        raise RequestError(f"there is no piano-roll recipe {name!r}; there are {', '.join(RECIPES)}")
    return RECIPES[name]
