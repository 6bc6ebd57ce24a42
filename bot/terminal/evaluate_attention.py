"""`songwright evaluate attention`: a picture of what a model of events looked at. Does not know how it is drawn."""

from __future__ import annotations

from pathlib import Path

import click

from bot.terminal.figures_shown import PATH, needs_torch
from engine.errors import OutputError


@click.command()
@click.argument("checkpoint", type=PATH)
@click.option("--out", type=PATH, required=True, help="the picture, e.g. bar.png")
@click.option("--bar", type=click.IntRange(1), default=4, show_default=True, help="which bar, from 1")
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="another seed, another piece")
def attention(checkpoint: Path, out: Path, bar: int, seed: int) -> None:
    """Write a piece with a model of music and draw what it looked at while it wrote one bar.

    Of music-transformer, transformer-xl, hf-causal and the composer. A panel for each layer, heads averaged, has a row for
    each event of the bar; above them, lines in the piano roll lead to the notes that were looked at most.

    Example:  songwright evaluate attention engine/starter/music --bar 5 --out bar.png
    """
    needs_torch()
    from bot.terminal.training import quiet_transformers
    from engine.evaluation.attention_picture import attention_png
    from engine.evaluation.bar_attention import attention_of_bar

    quiet_transformers()
    found = attention_of_bar(checkpoint, bar, seed)
    try:
        out.write_bytes(attention_png(found, checkpoint.name))
    except OSError as error:
        raise OutputError(f"{out} cannot be written ({error.strerror}); choose another place") from error
    layers, events, _ = found.looks.shape
    click.echo(
        f"{out}: {events} events of bar {bar}, {layers} layers, {found.on_notes:.0%} of the looks on notes", err=True
    )
