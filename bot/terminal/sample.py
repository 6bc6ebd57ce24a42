"""`songwright sample`: plain songs by a model of any family, or by a server. Does not know how they are written."""

from __future__ import annotations

import json
import os
import random
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bot.terminal.growing_song import GrowingSong
from bot.terminal.options import build_request, request_options
from bot.terminal.plain_models import (
    LARGEST_SEED,
    PlainModel,
    SampleRequest,
    ServerOptions,
    lines_range,
    open_plain_model,
    server_options,
    tell,
    telling_use,
    with_line_breaks,
)
from bot.terminal.sample_music import write_music
from engine.errors import OutputError, RequestError
from engine.music.event_model import is_event_checkpoint

if TYPE_CHECKING:
    from engine.lyrics.plain_writer import PlainText


@click.command()
@click.argument("model_place", metavar="MODEL")
@request_options(SampleRequest)
@click.option("--out", type=click.Path(path_type=Path), default=None, help="a new file for the songs")
@click.option("--json", "as_json", is_flag=True, help="print one JSON object and nothing else")
@server_options
def sample(model_place: str, out: Path | None, as_json: bool, of_server: ServerOptions, **given: Any) -> None:
    """Write plain songs with MODEL: the directory of a model, or the address of a server.

    Every family that `songwright train` knows will do, and any server with the OpenAI-compatible interface, such as vLLM,
    llama.cpp or transformers serve; its key is read from the environment variable SONGWRIGHT_REMOTE_KEY. A model there is
    named by --model, or in the address: http://127.0.0.1:8000/v1#NAME. A song alone is shown as it is written. A model of
    music that `songwright train music` wrote writes MIDI into --out: a file, or a folder for several.

    \b
    Example:  songwright sample runs/gpt2/checkpoint --artist "Robert Burns" --title Home --lines 8-40
              songwright sample http://127.0.0.1:8000/v1 --title Home --count 3
    """
    request = sample_request(given)
    if out is not None and out.exists():
        raise RequestError(f"{out} is there already; choose a new file with --out")
    if is_event_checkpoint(model_place):
        write_music(model_place, out, given, request)
        return
    model = open_plain_model(model_place, tell, of_server)
    seed = random.randrange(LARGEST_SEED) if request.seed is None else request.seed
    is_streamed = request.count == 1 and out is None and not as_json
    with telling_use([] if as_json else [model], of_server):
        songs = _written(model, request, seed, is_streamed=is_streamed, is_quiet=as_json)
    if as_json:
        click.echo(json.dumps(_as_object(model, request, songs, of_server), ensure_ascii=False, indent=2))
    elif not is_streamed and out is None:
        click.echo("\n".join(song.text for song in songs), nl=False)
    if out is not None:
        write_new_file(out, "\n".join(song.text for song in songs))
    if not as_json:
        tell_about(songs)


def sample_request(given: dict[str, Any]) -> SampleRequest:
    """Return the request of what was typed; RequestError where a value is wrong."""
    start = given.get("start")
    if start is not None:
        given = given | {"start": with_line_breaks(start)}
    request = build_request(SampleRequest, {}, given)
    assert isinstance(request, SampleRequest)
    lines_range(request.lines)
    return request


def _written(
    model: PlainModel, request: SampleRequest, seed: int, *, is_streamed: bool, is_quiet: bool
) -> list[PlainText]:
    if is_streamed:
        shown = GrowingSong()
        return model.songs(request, seed, shown.report, shown.glimpse)
    with _progress(request, is_quiet=is_quiet) as report:
        return model.songs(request, seed, report)


@contextmanager
def _progress(request: SampleRequest, *, is_quiet: bool) -> Iterator[Callable[[int, str], None] | None]:
    """Give what counts the lines of several songs, with a bar where standard error is a terminal."""
    if is_quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.completed} lines"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task("lines", total=request.count * lines_range(request.lines)[1])
        yield lambda number, text: progress.advance(bar, text.count("\n"))


def tell_about(songs: Sequence[PlainText]) -> None:
    """Say what people are to know of songs: seeds, and all that is not as it was asked for."""
    for number, song in enumerate(songs, 1):
        about = f"song {number}, " if len(songs) > 1 else ""
        tell(f"{about}seed {song.seed}, {len(song.song.lines)} lines")
        for notice in song.notices:
            tell(f"note: {notice}")


def _as_object(
    model: PlainModel, request: SampleRequest, songs: Sequence[PlainText], of_server: ServerOptions
) -> dict[str, Any]:
    written = [
        {"seed": one.seed, "ending": one.ending, "lines": len(one.song.lines), "notices": one.notices, "text": one.text}
        for one in songs
    ]
    found = {"model": model.name, "family": model.family, "request": request.model_dump(mode="json"), "songs": written}
    if model.use is not None:
        use = {"answers": model.use.answers, "prompt_tokens": model.use.prompt_tokens}
        use |= {"written_tokens": model.use.written_tokens, "uncounted": model.use.uncounted}
        found["use"] = use | {"cost": model.use.cost(of_server.price_in, of_server.price_out)}
    return found


def write_new_file(path: Path, text: str) -> None:
    """Write a text to a file that is not there yet, whole or not at all; OutputError where that is not possible."""
    try:
        with path.open("x", encoding="utf-8") as file:
            try:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            except OSError:
                path.unlink()
                raise
    except FileExistsError:
        raise OutputError(f"{path} is there already; choose a new file") from None
    except OSError as error:
        raise OutputError(f"{path} cannot be written ({error.strerror}); choose another place") from error
