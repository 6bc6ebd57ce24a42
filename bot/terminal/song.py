"""From a request to files: submit a job, follow it, deliver. Does not know how songs are made, nor what was typed."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path

import click

from bot.error_sentences import with_subcommands
from bot.terminal.bug_log import where_to_look
from bot.terminal.delivery import check_folder, deliver
from bot.terminal.explained import explained_object, explained_text
from bot.terminal.interrupts import noticing_ctrl_c
from bot.terminal.options import check_values
from bot.terminal.source import read_midi, stored_id, with_stored_source
from engine.contract import Artifact, EditRequest, LyricRequest, Request, SongRequest
from engine.errors import Cancelled, EngineError, OutputError, RequestError
from worker.client import Client
from worker.embedded import EmbeddedWorker
from worker.generation import SongGenerator
from worker.loaded_models import LoadedModels, model_choice
from worker.owner import this_process
from worker.settings import Settings
from worker.store.jobs import Job
from worker.store.songs import Song

EXPLAIN = "explain"  # the verb that makes a text about a song
STAGE_NAMES = {"models": "opening the models", "plan": "planning", "words": "gathering words", "lyrics": "writing the words",
               "melody": "writing the melody", "compose": "composing", "band": "calling the band",
               "edit": "changing the notes", "score": "writing the score", "picture": "drawing",
               "audio": "playing it"}  # fmt: skip


def make(request: Request, out: Path | None, as_json: bool, files: Sequence[str] | None = None) -> Song:
    """Check, submit, follow, deliver, print, and return the song. files: which to make, of `FILES`; the usual ones if None.

    Nothing is stored before the request and the folder are known to be good.
    """
    one_blas_thread()
    check_request(request)
    file = read_midi(request.source) if isinstance(request, EditRequest) and request.source else None
    other: str = getattr(request, "other", "")  # of a verb that takes two songs
    other_file = read_midi(other) if other else None
    if out is not None:
        check_folder(out)
    settings = Settings.from_environment(os.environ)
    with closing(Client(settings)) as client:
        if isinstance(request, EditRequest):
            request = with_stored_source(client, request, file)
        if other:
            request = request.model_copy(update={"other": stored_id(client, other, other_file)})
        models = LoadedModels(lambda: model_choice(client.store))
        generate = SongGenerator(
            models,
            outputs=files,
            soundfont=settings.soundfont,
            store=client.store,
            engraver=settings.engraver,
            best_of=settings.best_of,
        )
        worker = EmbeddedWorker(client.store, generate, settings)
        waiting = worker.adopt(request)
        job_id = waiting.id if waiting else client.submit(request, owner=this_process())
        if waiting and not as_json:
            click.echo("Going on with the same song, which was interrupted.", err=True)
        finished(follow(client, worker, job_id, quiet=as_json))
        made = client.song(job_id)
        artifacts = client.artifacts(made.id)
        paths = deliver_song(artifacts, out, made.report.seed) if out is not None else {}
        if made.kind == EXPLAIN:
            print_result(explained_object(made.id, artifacts, paths) if as_json else explained_text(artifacts, paths))
        else:
            print_result(as_object(made, paths) if as_json else as_text(made, paths))
        client.mark_delivered(job_id)  # a command killed before this finds its song again when it is given again
    if not as_json:
        # Words alone are printed as they are, to be read by programs too; Chinese ones are not changed line by line.
        is_chinese = "chinese" in made.report.model_versions
        if made.lyrics_text and not made.report.key and not is_chinese and made.kind != EXPLAIN:
            click.echo(f"note: these words are song {made.id}; rewrite, insert and continue change them", err=True)
        for notice in made.report.notices:
            click.echo(f"note: {with_subcommands(notice)}", err=True)
    return made


def check_request(request: Request) -> None:
    """Refuse a request that cannot be met before anything is stored."""
    from engine.lyrics.theme import clean_theme
    from engine.song.chinese_lyrics import check_chinese, is_chinese
    from engine.song.plan import make_plan

    if isinstance(request, LyricRequest) and is_chinese(request):
        check_chinese(request)
        check_values(request)
        return
    theme = getattr(request, "theme", None)
    if theme is not None:
        clean_theme(theme)
    make_plan(as_song_request(request), request.seed or 0)
    check_values(request)


def as_song_request(request: Request) -> LyricRequest:
    """Return the request for a song that has in common with this one whatever a song can have.

    A style, key, tempo or chord means the same everywhere, so one plan finds what is wrong with any of them.
    """
    if isinstance(request, LyricRequest):
        return request
    shared = (set(type(request).model_fields) & set(SongRequest.model_fields)) - {"kind", "theme"}
    given = {name: value for name in shared if (value := getattr(request, name)) is not None}
    return SongRequest(theme="", **given)


def one_blas_thread() -> None:
    """Keep numpy to one thread: its products here are too small to share, and spinning threads take the decoder's core."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")


def follow(client: Client, worker: EmbeddedWorker, job_id: str, *, quiet: bool) -> Job:
    """Run the job in this process, show its progress on standard error, and return it when it has ended."""
    # Closed at once when Ctrl-C strikes between two states: that cancels the job and waits for its thread.
    with noticing_ctrl_c() as pressed, closing(worker.run_and_follow(client, job_id, pressed)) as states:
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


def as_object(made: Song, files: dict[str, Path]) -> str:
    """Return the report as one JSON object."""
    card = {"id": made.id} | made.report.model_dump(mode="json")
    return json.dumps(
        card | {"files": {ending: str(path) for ending, path in files.items()}}, ensure_ascii=False, indent=2
    )


def as_text(made: Song, files: dict[str, Path]) -> str:
    """Return the words, a line about the music with the id that changes are asked for by, and where the files are."""
    report, lines = made.report, [made.lyrics_text] if made.lyrics_text else []
    if report.key or report.tempo_qpm:  # a file that was sent may not say its key
        tempo = f"{report.tempo_qpm:g} quarters per minute" if report.tempo_qpm else None
        about = (report.style, report.key, tempo, report.time_signature, f"seed {report.seed}", f"song {made.id}")
        lines.append(", ".join(str(part) for part in about if part))
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
