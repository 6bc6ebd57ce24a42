"""`songwright song` and `songwright lyrics`: submit a job, follow it, write its files. Does not know how songs are made."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import click

from bot.terminal.delivery import check_folder, deliver
from bot.terminal.options import build_request, request_options
from engine.contract import LyricRequest, SongRequest
from engine.errors import Cancelled, EngineError, RequestError
from worker.client import Client
from worker.embedded import EmbeddedWorker
from worker.generation import SongGenerator
from worker.loaded_models import LoadedModels, promoted_paths
from worker.owner import this_process
from worker.settings import Settings
from worker.store.jobs import Job

STAGE_NAMES = {"models": "opening the models", "plan": "planning", "words": "gathering words", "lyrics": "writing the words",
               "melody": "writing the melody", "band": "calling the band", "score": "writing the score",
               "picture": "drawing", "audio": "playing it"}  # fmt: skip


def _common(command: Any) -> Any:
    command = click.option("--json", "as_json", is_flag=True, help="print one JSON object and nothing else")(command)
    return click.option("--out", type=click.Path(path_type=Path), default=None, help="folder for the files  [songs]")(
        command
    )


@click.command()
@click.argument("theme")
@request_options(SongRequest)
@_common
def song(theme: str, out: Path | None, as_json: bool, **given: Any) -> None:
    """Make a song about THEME and write .mid, .txt, .musicxml, .lrc, .png and .ogg.

    Examples:

    \b
      songwright song "rain over the harbour"
      songwright song "winter train" --style ballad --rhyme ABAB --syllables 8,6,8,6 --key Am --seed 7
      songwright song "my dog at the beach" --style folk --form VCVC --tempo 110 --meter 3/4
    """
    _make(build_request(SongRequest, theme, given), out or Path("songs"), as_json)


@click.command()
@click.argument("theme")
@request_options(LyricRequest)
@_common
def lyrics(theme: str, out: Path | None, as_json: bool, **given: Any) -> None:
    """Write words about THEME. With --out they are also written to a file.

    Example:  songwright lyrics "the last bus" --rhyme AABB --syllables 7
    """
    _make(build_request(LyricRequest, theme, given), out, as_json)


def _make(request: LyricRequest, out: Path | None, as_json: bool) -> None:
    check_request(request)
    if out is not None:
        check_folder(out)
    one_blas_thread()
    settings = Settings.from_environment(os.environ)
    client = Client(settings)
    try:
        models = LoadedModels(lambda: promoted_paths(client.store))
        worker = EmbeddedWorker(client.store, SongGenerator(models), settings)
        waiting = worker.adopt(request)
        job_id = waiting.id if waiting else client.submit(request, owner=this_process())
        if waiting and not as_json:
            click.echo("Going on with the same song, which was interrupted.", err=True)
        job = follow(client, worker, job_id, quiet=as_json)
        finished(job)
        made = client.song(job_id)
        files = deliver(client.artifacts(made.id), out) if out is not None else {}
        show(made.report, made.lyrics_text, files, as_json)
    finally:
        client.close()


def check_request(request: LyricRequest) -> None:
    """Refuse a request that cannot be met before anything is stored."""
    from engine.lyrics.theme import clean_theme
    from engine.song.plan import make_plan

    clean_theme(request.theme)
    make_plan(request, request.seed or 0)


def one_blas_thread() -> None:
    """Keep numpy to one thread: its products here are too small to share, and spinning threads take the decoder's core."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")


def follow(client: Client, worker: EmbeddedWorker, job_id: str, *, quiet: bool) -> Job:
    """Run the job in this process, show its progress on standard error, and return it when it has ended."""
    if quiet or not sys.stderr.isatty():
        *_, job = worker.run_and_follow(client, job_id)
        return job
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description:<24}"),
        BarColumn(),
        TextColumn("{task.completed}/{task.total}"),
        TimeElapsedColumn(),
    )
    shown = 0
    with Progress(*columns, console=console, transient=True) as progress:
        bar = progress.add_task("waiting")
        for job in worker.run_and_follow(client, job_id):
            progress.update(
                bar, description=STAGE_NAMES.get(job.stage, job.stage), completed=job.done, total=max(1, job.total)
            )
            written = job.words.splitlines()
            for line in written[shown:]:
                console.print(f"  {line}", style="dim", highlight=False, markup=False)
            shown = max(shown, len(written))
    return job


def finished(job: Job) -> None:
    """Raise the sentence of a job that did not end well."""
    if job.status == "cancelled":
        raise Cancelled("the song was taken back; nothing was written")
    if job.status != "done":
        error = RequestError if job.error_kind == "request" else EngineError
        raise error(job.error or "the song could not be made; try again")


def show(report: Any, lyrics_text: str, files: dict[str, Path], as_json: bool) -> None:
    """Print the result: one JSON object, or the words and where the files are."""
    card = dict(report if isinstance(report, dict) else report.model_dump(mode="json"))
    if as_json:
        card["files"] = {ending: str(path) for ending, path in files.items()}
        click.echo(json.dumps(card, ensure_ascii=False, indent=2))
        return
    click.echo(lyrics_text)
    if card.get("key"):
        click.echo(
            f"{card['style']}, {card['key']}, {card['tempo_qpm']:g} quarters per minute, {card['time_signature']}, seed {card['seed']}"
        )
    for notice in card.get("notices", ()):
        click.echo(f"note: {notice}", err=True)
    for path in files.values():
        click.echo(f"  {path}")
