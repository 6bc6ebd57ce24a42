"""`songwright evaluate continuations`: bars that a model writes, beside people's. Does not know how they are measured."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.terminal.figures_shown import PATH, as_json_option, number, print_json, print_table, progress

if TYPE_CHECKING:
    from engine.contract import Sampling
    from engine.evaluation.continuations import Comparison


@click.command("continuations")
@click.argument("checkpoint", type=PATH, required=False)
@click.option("--data", type=PATH, required=True, help="folder with chorales, hymns or lead sheets")
@click.option("--count", type=click.IntRange(1), default=200, show_default=True, help="each with its own seed")
@click.option("--temperature", type=click.FloatRange(0, 2), default=None, help="the composer's own by default")
@click.option("--top-p", type=click.FloatRange(0, 1, min_open=True), default=None, help="the composer's own by default")
@as_json_option
def continuations(
    checkpoint: Path | None, data: Path, count: int, temperature: float | None, top_p: float | None, as_json: bool
) -> None:
    """Let the composing model write bars 9-16 of held-out works and measure them beside what people wrote there.

    Of each of six figures the median of ours should lie within the quartiles of people's. Without CHECKPOINT it is the
    model that comes with Songwright. The first figures are of all works together, then of each style.

    Example:  songwright evaluate continuations --data music --count 200
    """
    from bot.terminal.song import one_blas_thread

    one_blas_thread()
    from engine.corpus.music_pieces import read_works
    from engine.evaluation.continuations import STARTER, compare_by_style, count_inside, openings, write_continuations
    from engine.song.models import open_music_model

    composer = open_music_model(checkpoint or STARTER)
    chosen = openings(read_works(data))
    sampling = _sampling(temperature, top_p)
    with progress("writing bars") as report:
        written = list(write_continuations(composer, chosen, count, sampling=sampling, report=report))
    found = compare_by_style(written)
    facts = {
        "checkpoint": composer.version,
        "continuations": len(written),
        "works": len({c.opening.work.id for c in written}),
        "refused": sum(c.written is None for c in written),
        "silent": sum(c.written is not None and not c.written.notes for c in written),
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
    }
    if as_json:
        inside = {style: count_inside(compared) for style, compared in found.items()}
        figures = {style: {n: _row(c) for n, c in compared.items()} for style, compared in found.items()}
        print_json({**facts, "inside": inside, "figures": figures})
        return
    click.echo(", ".join(f"{name.replace('_', '-')} {value}" for name, value in facts.items()))
    for style, compared in found.items():
        title = f"{style}: {count_inside(compared)} of {len(compared)} inside"
        rows = [[name, *(number(value) for value in _row(c).values())] for name, c in compared.items()]
        print_table(title, ["", "ours", "people: lower quartile", "median", "upper quartile", "inside"], rows)


def _sampling(temperature: float | None, top_p: float | None) -> Sampling:
    """Return the sampling that composers have of their own, with what was asked for instead."""
    from engine.music.piece import Asked

    asked = {"temperature": temperature, "top_p": top_p}
    return Asked(0).sampling.model_copy(update={name: value for name, value in asked.items() if value is not None})


def _row(compared: Comparison) -> dict[str, float | str]:
    inside = {True: "yes", False: "no", None: "-"}[compared.is_inside]
    return {"ours": compared.ours, "lower quartile": compared.lower_quartile, "median": compared.people,
            "upper quartile": compared.upper_quartile, "inside": inside}  # fmt: skip
