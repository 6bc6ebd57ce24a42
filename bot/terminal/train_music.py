"""`songwright train music`: train a model of music of any family. Does not know how one is built."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from bot.terminal.training import COUNT, PATH, Report, carry_out, kept_options, out_option
from engine.errors import RequestError

KEPT = frozenset({"sample_every", "save_every", "patience", "resume"})
EVENTS = KEPT | {
    "data", "out", "vocabulary", "hidden", "layers", "steps", "batch_rows", "row_events", "learning_rate", "every",
    "mask_steps", "moved_until", "joint", "schedule", "gradient_norm", "precision", "gradient_checkpointing", "accumulate",
    "threads", "seed", "dropout",
}  # fmt: skip
# What each family takes; those that are not over events have recipes of their own.
TAKES: dict[str, frozenset[str]] = {
    "music-transformer": EVENTS,
    "transformer-xl": EVENTS - {"joint", "accumulate"},
    "hf-causal": (EVENTS - {"mask_steps", "dropout"}) | {"architecture"},
    "composer": frozenset({"data", "out", "steps", "threads", "seed", "every", "resume"}),
    "piano-roll-rnn": frozenset({"data", "out", "recipe", "threads", "seed", "resume"}),
    "music-vae": frozenset({"data", "out", "bars", "base", "steps", "batch_rows", "threads", "seed", "resume"}),
}


@click.command("music")
@click.option("--family", type=click.Choice([*TAKES]), default="hf-causal", show_default=True)
@click.option(
    "--data",
    type=PATH,
    required=True,
    help="a folder of MIDI files, chorales, hymns or lead sheets; piano-roll-rnn: a .mat file of piano rolls",
)
@out_option
@click.option(
    "--vocabulary", type=click.Choice(["note-events", "multitrack-events"]), help="what is an event  [note-events]"
)
@click.option("--architecture", help="hf-causal: a model type of transformers, e.g. llama, gpt2, gpt_neox  [llama]")
@click.option("--hidden", type=COUNT, help="width of the network, a multiple of 32  [192]")
@click.option("--layers", type=COUNT, help="blocks of the network  [4]")
@click.option("--steps", type=COUNT, help="updates  [2000; composer: 2400; music-vae: by its length]")
@click.option("--batch-rows", type=COUNT, help="rows that each update learns from  [8]")
@click.option("--row-events", type=COUNT, help="events of a row; of transformer-xl also its memory  [512]")
@click.option("--learning-rate", type=click.FloatRange(0, 1, min_open=True), help="the highest of the run  [2e-3]")
@click.option("--every", type=COUNT, help="steps between validations  [200]")
@click.option(
    "--mask-steps", type=click.IntRange(0), help="widest random window that hides what is near, in events  [0: none]"
)
@click.option(
    "--moved-until", type=click.FloatRange(0, 1), help="share of the run in which songs are moved to other keys  [0.8]"
)
@click.option(
    "--joint", is_flag=True, default=None, help="learn to go on, to fill masks, chords and melodies side by side"
)
@click.option("--schedule", type=click.Choice(["flat", "one-cycle"]), help="of the learning rate  [one-cycle]")
@click.option("--dropout", type=click.FloatRange(0, 0.9), help="share of activations that are left out  [0.1]")
@click.option(
    "--gradient-norm", type=click.FloatRange(0, min_open=True), help="longer gradients are cut to this  [0.5]"
)
@click.option(
    "--precision", type=click.Choice(["fp32", "bf16", "fp16"]), help="what is computed in; fp16 needs a GPU  [fp32]"
)
@click.option(
    "--gradient-checkpointing", is_flag=True, default=None, help="compute activations twice: less memory, more time"
)
@click.option("--accumulate", type=COUNT, help="compute each update in so many parts  [1]")
@click.option("--recipe", help="piano-roll-rnn: a named set of options, e.g. nottingham-nade")
@click.option("--bars", type=click.IntRange(1), help="music-vae: length of its melodies, 2 or 16  [2]")
@click.option("--base", type=PATH, help="music-vae: a checkpoint of 2 bars that one of 16 begins with")
@kept_options
@click.option("--threads", type=COUNT, help="processor cores  [1; composer: 2]")
@click.option("--seed", type=click.IntRange(0), help="the same seed gives the same model  [0]")
def train_music(family: str, **given: Any) -> None:
    """Train a model of music, from scratch.

    \b
    songwright train music --family music-transformer --data midi --out runs/mt --mask-steps 8
    songwright train music --family transformer-xl --data midi --out runs/xl --vocabulary multitrack-events
    songwright train music --family hf-causal --architecture gpt2 --data midi --out runs/gpt2 --joint
    songwright train music --family piano-roll-rnn --data Nottingham.mat --recipe nottingham-nade --out runs/roll

    The run folder has log.jsonl, loss.png and samples.txt to watch. `songwright sample RUN/checkpoint --out song.mid`
    writes music with a model over events.
    """  # fmt: skip
    said = {name: value for name, value in given.items() if value is not None}
    _refuse_foreign(family, said)
    carry_out(lambda report: _train(family, said, report))


def _refuse_foreign(family: str, said: dict[str, Any]) -> None:
    for name in said:
        if name not in TAKES[family]:
            known = ", ".join(sorted(_option(name) for name in TAKES[family]))
            raise RequestError(f"{_option(name)} means nothing to the family {family}; it takes {known}")
    if family == "piano-roll-rnn" and "recipe" not in said:
        raise RequestError("the family piano-roll-rnn needs --recipe, e.g. nottingham-nade or jsb-nade")


def _option(name: str) -> str:
    return "--" + name.replace("_", "-")


def _train(family: str, said: dict[str, Any], report: Report) -> Path:
    if family == "composer":
        from engine.training.composing import train_composer

        return train_composer(**said, report=report)
    if family == "piano-roll-rnn":
        from engine.training.piano_roll_rnn import RollTraining, train_piano_roll_rnn

        return train_piano_roll_rnn(RollTraining(**said), report)
    if family == "music-vae":
        from engine.training.music_vae import MusicVaeTraining, train_music_vae

        return train_music_vae(MusicVaeTraining(**said), report)
    from engine.training.event_models import train_event_model
    from engine.training.event_training import EventTraining

    return train_event_model(EventTraining(family, **said), report)
