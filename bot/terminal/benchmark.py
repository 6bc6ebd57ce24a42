"""`songwright benchmark nottingham|jsb`: the papers' table with our rows, and our rows anew. Does not know how they are made."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bot.terminal.benchmark_jsb16 import jsb16
from bot.terminal.figures_shown import PATH, as_json_option, needs_torch, number, print_json, print_table, progress
from engine.errors import RequestError
from engine.evaluation.benchmarks import BENCHMARKS, Benchmark, Row, find_data, record, sanity_rows, table

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from engine.corpus.piano_rolls import RollCorpus

USUAL_FOLDERS = (Path("../shared/data/music/bench"),)
RUNS = Path("runs") / "benchmark"
COLUMNS = ("", "keys of a frame", "all frames", "frames >= 2", "source")


@click.group()
def benchmark() -> None:
    """Print the papers' tables with our rows, or train and measure our rows anew."""


def _command(name: str, what: str) -> click.Command:
    """Return the command of one benchmark."""

    @click.option("--run", is_flag=True, help="train and measure anew; test is read once, at the end")
    @click.option(
        "--recipe",
        "recipes",
        multiple=True,
        type=click.Choice(BENCHMARKS[name].recipes),
        help="--run: only this one; may be repeated",
    )
    @click.option("--data", type=PATH, help=f"folder with {BENCHMARKS[name].file}  [{USUAL_FOLDERS[0]} where it is]")
    @click.option("--out", type=PATH, default=RUNS, show_default=True, help="--run: folder for the runs")
    @click.option(
        "--seed",
        type=click.IntRange(0),
        default=0,
        show_default=True,
        help="--run: the same seed gives the same network",
    )
    @click.option("--threads", type=click.IntRange(1), default=1, show_default=True, help="--run: processor cores")
    @click.option("--resume", is_flag=True, help="--run: go on with runs that were stopped")
    @click.option(
        "--record", "recorded", is_flag=True, help="--run: write the new rows into the table of this checkout"
    )
    @as_json_option
    def command(
        data: Path | None, run: bool, recipes: Sequence[str], recorded: bool, as_json: bool, **options: Any
    ) -> None:
        asked = BENCHMARKS[name]
        if not run:
            if recorded or recipes or options["resume"]:
                raise click.UsageError("--recipe, --resume and --record belong to --run")
            _show(asked, table(name, _corpus(asked, data)), as_json)
            return
        new = _run(asked, data, recipes or asked.recipes, recorded, options)
        _show(asked, new, as_json)

    command.__doc__ = f"""Nats per frame on {what}: papers, counting, and ours.

    \b
    songwright benchmark {name}
    songwright benchmark {name} --run --recipe {BENCHMARKS[name].recipes[-1]} --out runs/{name}
    """
    return click.command(name)(command)  # fmt: skip


for _name, _what in (
    ("nottingham", "Nottingham.mat, folk tunes with chords"),
    ("jsb", "JSB_Chorales.mat, in quarter notes"),
):
    benchmark.add_command(_command(_name, _what))
benchmark.add_command(jsb16)


def _corpus(asked: Benchmark, data: Path | None) -> RollCorpus | None:
    """Return the corpus, or None where its file was not named and is in no usual place, or cannot be read here."""
    from engine.corpus.piano_rolls import read_piano_rolls

    path = find_data(asked, data, USUAL_FOLDERS)
    if path is None:
        return None
    try:
        return read_piano_rolls(path)
    except RequestError:
        if data is not None:
            raise
        return None  # without SciPy the recorded sanity rows are shown


def _run(
    asked: Benchmark, data: Path | None, recipes: Sequence[str], recorded: bool, options: dict[str, Any]
) -> list[Row]:
    """Train and measure by each recipe; every row is recorded as soon as it is there."""
    needs_torch()
    from bot.terminal.training import quiet_transformers
    from engine.corpus.piano_rolls import read_piano_rolls
    from engine.evaluation.benchmark_runs import BenchmarkRun, run_recipe

    quiet_transformers()
    path = find_data(asked, data, USUAL_FOLDERS)
    if path is None:
        raise RequestError(f"{asked.file} was not found; name its folder by --data")
    corpus = read_piano_rolls(path)
    new = sanity_rows(corpus)
    run = BenchmarkRun(asked, path, **options)
    for recipe in recipes:
        click.echo(f"{recipe}, seed {run.seed}", err=True)
        with _shown() as say, progress("reading test pieces") as report:
            new.append(run_recipe(run, recipe, corpus, say, report))
        if recorded:
            record(asked.name, new)
    return new


def _shown() -> AbstractContextManager[Callable[[str], None]]:
    """Return what shows a training: a bar on a terminal, lines elsewhere, both on standard error."""
    if not sys.stderr.isatty():
        return nullcontext(lambda text: click.echo(text, err=True))
    from rich.console import Console

    from bot.terminal.training_bar import TrainingBar

    return TrainingBar(Console(stderr=True))


def _show(asked: Benchmark, rows: Sequence[Row], as_json: bool) -> None:
    if as_json:
        print_json({"benchmark": asked.name, "file": asked.file, "split": "test", "unit": "nats per frame",
                    "rows": [asdict(row) for row in rows]})  # fmt: skip
        return
    cells = [
        [row.name, row.league, number(row.nll_per_frame), number(row.nll_per_frame_from_second), row.source]
        for row in rows
    ]
    print_table(f"{asked.file}, test: nats per frame", COLUMNS, cells)
    for row in rows:
        if row.ours:
            click.echo(f"{row.name}: {row.command}")
            click.echo(f"  {row.seconds} seconds, {row.parameters} parameters, valid {number(row.valid_nll_per_frame)}, "
                       f"checkpoint {row.checkpoint}{_without(row)}")  # fmt: skip


def _without(row: Row) -> str:
    """Return the figure without test pieces that are also in training; "" where there are none."""
    if row.without_heard is None:
        return ""
    left_out = row.without_heard["pieces_left_out"]
    return (
        f"; without the {left_out:.0f} test piece that is also in training {number(row.without_heard['nll_per_frame'])}"
    )
