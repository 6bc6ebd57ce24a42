"""`songwright song` and `songwright lyrics`: submit a job, follow it, write its files. Does not know how songs are made."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import click

from bot.terminal.bug_log import where_to_look
from bot.terminal.delivery import check_folder, deliver
from bot.terminal.options import build_request, request_options
from engine.contract import Artifact, LyricRequest, SongReport, SongRequest
from engine.errors import Cancelled, EngineError, OutputError, RequestError
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
    """Check, submit, follow, deliver, print: nothing is stored before the request and the folder are known to be good."""
    one_blas_thread()
    check_request(request)
    if out is not None:
        check_folder(out)
    settings = Settings.from_environment(os.environ)
    with closing(Client(settings)) as client:
        models = LoadedModels(lambda: promoted_paths(client.store))
        worker = EmbeddedWorker(client.store, SongGenerator(models, soundfont=settings.soundfont), settings)
        waiting = worker.adopt(request)
        job_id = waiting.id if waiting else client.submit(request, owner=this_process())
        if waiting and not as_json:
            click.echo("Going on with the same song, which was interrupted.", err=True)
        finished(follow(client, worker, job_id, quiet=as_json))
        made = client.song(job_id)
        files = deliver_song(client.artifacts(made.id), out, made.report.seed) if out is not None else {}
    print_result(as_object(made.report, files) if as_json else as_text(made.report, made.lyrics_text, files))
    if not as_json:
        for notice in made.report.notices:
            click.echo(f"note: {notice}", err=True)


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
    # Closed at once when Ctrl-C strikes between two states: that cancels the job and waits for its thread.
    with closing(worker.run_and_follow(client, job_id)) as states:
        if quiet or not sys.stderr.isatty():
            *_, job = states
            return job
        return show_progress(states)


def show_progress(states: Iterable[Job]) -> Job:
    """Draw a bar and the words as they come; return the last state."""
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
        for job in states:
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
    if job.error_kind == "bug":
        raise EngineError(f"{job.error} (job {job.id}; {where_to_look()})")
    if job.status != "done":
        error = RequestError if job.error_kind == "request" else EngineError
        raise error(job.error or "the song could not be made; try again")


def deliver_song(artifacts: Sequence[Artifact], out: Path, seed: int) -> dict[str, Path]:
    """Write the files; where that fails at the last moment, say how to get this very song again."""
    try:
        return deliver(artifacts, out)
    except OutputError as error:
        raise OutputError(f"{error}; --seed {seed} gives the same song again") from error


def as_object(report: SongReport, files: dict[str, Path]) -> str:
    """Return the report as one JSON object."""
    card = report.model_dump(mode="json") | {"files": {ending: str(path) for ending, path in files.items()}}
    return json.dumps(card, ensure_ascii=False, indent=2)


def as_text(report: SongReport, lyrics_text: str, files: dict[str, Path]) -> str:
    """Return the words, a line about the music, and where the files are."""
    lines = [lyrics_text]
    if report.key:
        tempo = f"{report.tempo_qpm:g} quarters per minute"
        lines.append(f"{report.style}, {report.key}, {tempo}, {report.time_signature}, seed {report.seed}")
    return "\n".join([*lines, *(f"  {path}" for path in files.values())])


def print_result(text: str) -> None:
    """Print to standard output; OutputError where that is a file on a full disk."""
    try:
        click.echo(text)
    except BrokenPipeError:
        raise  # whoever reads has seen enough; click ends quietly
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python tries, and fails, again at exit
        raise OutputError(
            f"the result could not be printed ({error.strerror}); the files, if any, are written"
        ) from error
