"""`songwright benchmark jsb16`: nats per sixteenth over four voices, family by family. Does not know how they are made."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from bot.terminal.figures_shown import PATH, as_json_option, needs_torch, number, print_json, print_table
from engine.evaluation.benchmarks import Row, read_record, record
from engine.evaluation.jsb16 import BENCHMARK, FAMILIES, STEPS, Jsb16Run, baseline_row, run_family

USUAL_FOLDER = Path("../shared/data/music/bench")


@click.command(BENCHMARK)
@click.option("--run", "runs_anew", is_flag=True, help="train and measure anew; test is read once, at the end")
@click.option(
    "--family", "families", multiple=True, type=click.Choice(FAMILIES), help="--run: only this one; may be repeated"
)
@click.option(
    "--steps", type=click.IntRange(1), default=STEPS, show_default=True, help="--run: updates of each training"
)
@click.option(
    "--data", type=PATH, default=USUAL_FOLDER, show_default=True, help="--run: folder with jsb-chorales-16th.json.gz"
)
@click.option(
    "--out", type=PATH, default=Path("runs") / "benchmark", show_default=True, help="--run: folder for the runs"
)
@click.option(
    "--seed", type=click.IntRange(0), default=0, show_default=True, help="--run: the same seed gives the same network"
)
@click.option("--threads", type=click.IntRange(1), default=1, show_default=True, help="--run: processor cores")
@click.option(
    "--resume", is_flag=True, help="--run: go on with runs that were stopped; those that are done are only measured"
)
@click.option("--record", "recorded", is_flag=True, help="--run: write the new rows into the table of this checkout")
@as_json_option
def jsb16(runs_anew: bool, families: tuple[str, ...], recorded: bool, as_json: bool, **options: Any) -> None:
    """Nats per sixteenth over four voices on the JSB chorales: Music Transformer, Transformer-XL and counting.

    \b
    songwright benchmark jsb16
    songwright benchmark jsb16 --run --family transformer-xl --record
    """  # fmt: skip
    if not runs_anew:
        if recorded or families or options["resume"]:
            raise click.UsageError("--family, --resume and --record belong to --run")
        _show(read_record().get(BENCHMARK, []), as_json)
        return
    needs_torch()
    from bot.terminal.training import quiet_transformers

    quiet_transformers()
    run = Jsb16Run(**options)
    rows = [baseline_row(run.data)]
    for family in families or FAMILIES:
        click.echo(f"{family}, seed {run.seed}", err=True)
        rows.append(run_family(run, family, lambda text: click.echo(text, err=True)))
        if recorded:
            record(BENCHMARK, rows)
    _show(rows, as_json)


def _show(rows: list[Row], as_json: bool) -> None:
    if as_json:
        print_json({"benchmark": BENCHMARK, "split": "test", "unit": "nats per sixteenth, all voices",
                    "rows": [asdict(row) for row in rows]})  # fmt: skip
        return
    cells = [[row.name, number(row.nll_per_frame), number(row.valid_nll_per_frame), row.source] for row in rows]
    print_table("JSB chorales in sixteenths: nats per step, four voices", ("", "test", "valid", "source"), cells)
    for row in rows:
        if row.ours:
            click.echo(f"{row.name}: {row.command}")
            click.echo(f"  {row.seconds} seconds, {row.parameters} parameters, checkpoint {row.checkpoint}")
