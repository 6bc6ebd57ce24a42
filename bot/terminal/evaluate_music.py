"""`songwright evaluate music|streams`: nats of a model of music by task, and what leaves its grammar. Does not know how."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.terminal.figures_shown import PATH, as_json_option, needs_torch, show
from engine.errors import RequestError

if TYPE_CHECKING:
    from engine.corpus.records import Split


@click.command()
@click.argument("checkpoint", type=PATH)
@click.option("--data", type=PATH, required=True, help="folder with chorales, hymns or lead sheets")
@click.option("--on", type=click.Choice(["valid", "test"]), default="valid", show_default=True)
@click.option("--examples", type=click.IntRange(1), default=60, show_default=True, help="of each task")
@as_json_option
def music(checkpoint: Path, data: Path, on: Split, examples: int, as_json: bool) -> None:
    """Print the nats per id of a model of music, each task by itself.

    Of the composer its seven tasks; of a model over note events four: going on, masked pitches and durations, chords to
    a melody, a melody to chords. What a model was not trained for it does badly. Of MusicVAE: how well it remembers melodies.

    Example:  songwright evaluate music runs/mt/checkpoint --data music --on valid
    """
    from engine.checkpoint import open_checkpoint

    if open_checkpoint(checkpoint).family == "music-vae":
        from engine.evaluation.melody_reconstruction import evaluate_music_vae

        figures = asdict(evaluate_music_vae(checkpoint, data, on)).items()
        rows = [{"figure": name.replace("_", " "), "value": value} for name, value in figures]
        show(f"{checkpoint.name} on {on}: melodies remembered", rows, as_json)
        return
    needs_torch()
    from bot.terminal.training import quiet_transformers
    from engine.training.music_likelihood import nats_by_task_of

    quiet_transformers()
    found = nats_by_task_of(checkpoint, data, on, examples)
    rows = [{"task": task, **{name: round(value, 4) for name, value in nats.items()}} for task, nats in found.items()]
    show(f"{checkpoint.name} on {on}: nats", rows, as_json)


@click.command("streams")
@click.argument("checkpoint", type=PATH)
@click.option("--count", type=click.IntRange(1), default=500, show_default=True, help="streams, each with its own seed")
@click.option("--events", type=click.IntRange(32), default=256, show_default=True, help="most events of a stream")
@click.option("--low", type=click.IntRange(0, 127), default=21, show_default=True, help="lowest pitch asked for")
@click.option("--high", type=click.IntRange(0, 127), default=108, show_default=True, help="highest pitch asked for")
@as_json_option
def streams(checkpoint: Path, count: int, events: int, low: int, high: int, as_json: bool) -> None:
    """Write streams with a model of music and count those that leave their grammar or the range of pitches.

    Both must be 0. Events get the seeds 0, 1, 2 ..., and drums have no range. Of piano-roll-rnn and music-vae those are
    refused that a MIDI file does not bring back; a model of piano rolls writes as many frames as there may be events.

    Example:  songwright evaluate streams runs/mt/checkpoint --count 500
    """
    if low > high:
        raise RequestError(f"--low must not be above --high, got {low} and {high}; swap them")
    from engine.evaluation.sampled_streams import Asked, sampled_figures

    wrote, found = sampled_figures(checkpoint, Asked(count, events, low, high))
    show(f"{checkpoint.name}, {wrote}", [asdict(found)], as_json)
