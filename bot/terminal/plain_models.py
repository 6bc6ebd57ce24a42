"""What writes plain songs for the terminal: a model directory or a server, asked for in one way. Does not know how.

The server's key comes from the environment here, and from nowhere else.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import urlsplit

import click

from bot.terminal.interrupts import noticing_ctrl_c
from bot.terminal.shown import count_text
from engine.contract import Request, Sampling, option
from engine.errors import CheckpointError, RequestError

if TYPE_CHECKING:
    from engine.evaluation.word_figures import Values
    from engine.lyrics.plain_songs import PlainSong
    from engine.lyrics.plain_writer import PlainText
    from engine.lyrics.remote_server import RemoteUse
    from engine.lyrics.text_models import SongWriter

KEY_VARIABLE = "SONGWRIGHT_REMOTE_KEY"
LARGEST_SEED = 2**31 - 65  # the songs beside the first take the seeds after it
Report = Callable[[int, str], None]


class SampleRequest(Request):
    """What a plain model is asked for; declared here as the verbs of the engine are there."""

    kind: Literal["sample"] = "sample"
    artist: Annotated[str, option("whose song it is, as the model's texts name artists", max_length=100)] = ""
    title: Annotated[str, option("what it is called", max_length=100)] = ""
    start: Annotated[
        str, option(r"words that it begins with, kept as they are; \n begins a line", long_text=True, max_length=20000)
    ] = ""
    end_phrase: Annotated[str | None, option("words that it ends with", max_length=200)] = None
    lines: Annotated[str, option("sung lines, at most or from-to, e.g. 24 or 8-40")] = "60"
    count: Annotated[int, option("how many songs", ge=1, le=64)] = 1
    sampling: Sampling = Sampling()


@dataclass(frozen=True)
class ServerOptions:
    """How a server is asked, and what it costs. asked: of `open_remote`. price_in, price_out: of a million tokens."""

    asked: dict[str, Any] = field(default_factory=dict)
    price_in: float = 0.0
    price_out: float = 0.0


def server_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a command with the options of servers; they come to it as `of_server`."""

    @functools.wraps(command)
    def gathered(
        *words: Any,
        model_name: str,
        chat: bool,
        timeout: float,
        tries: int,
        price_in: float,
        price_out: float,
        **given: Any,
    ) -> Any:
        asked = {"model": model_name, "chat": chat, "timeout_seconds": timeout, "tries": tries}
        return command(*words, of_server=ServerOptions(asked, price_in, price_out), **given)

    found: Callable[..., Any] = gathered
    for decorate in reversed(_OPTIONS):
        found = decorate(found)
    return found


_OPTIONS = (
    click.option(
        "--model", "model_name", default="", help="of a server: the model's name there  [the only one it has]"
    ),
    click.option("--chat", is_flag=True, help="of a server: its model talks, so ask /v1/chat/completions"),
    click.option(
        "--timeout", type=click.FloatRange(0.1, 3600), default=120.0, show_default=True, help="seconds for one answer"
    ),
    click.option("--tries", type=click.IntRange(1, 20), default=5, show_default=True, help="while a server is busy"),
    click.option("--price-in", type=click.FloatRange(0), default=0.0, help="of a million tokens that are sent"),
    click.option("--price-out", type=click.FloatRange(0), default=0.0, help="of a million tokens that are written"),
)


@dataclass(frozen=True)
class PlainModel:
    """name: what people called it, or a server's model and address. use: what a server counted, None of a directory."""

    name: str
    writer: SongWriter
    use: RemoteUse | None = None

    @property
    def family(self) -> str:
        """Its lyric family."""
        return self.writer.family

    @property
    def short_name(self) -> str:
        """Its name without the folders above it."""
        return self.name if self.use is not None else Path(self.name).name or self.name

    def songs(
        self,
        request: SampleRequest,
        seed: int,
        report: Report | None = None,
        glimpse: Callable[[str], None] | None = None,
    ) -> list[PlainText]:
        """Return the songs that were asked for; Ctrl-C raises KeyboardInterrupt, or Cancelled at the next step."""
        fewest, most = lines_range(request.lines)
        with noticing_ctrl_c() as is_stopped:
            return self.writer.write(
                artist=request.artist,
                title=request.title,
                start=request.start,
                end_phrase=request.end_phrase,
                fewest_lines=fewest,
                most_lines=most,
                sampling=request.sampling,
                seed=seed,
                count=request.count,
                report=report,
                glimpse=glimpse,
                cancelled=is_stopped,
            )

    def bits(self, songs: Sequence[PlainSong], report: Callable[[int, int], None]) -> Values | None:
        """Return what held-out songs cost it; None, and why on standard error, where it does not say that."""
        from engine.evaluation.free_songs import text_bits
        from engine.lyrics.text_models import NoBits

        try:
            return text_bits(self.writer, songs, report)
        except NoBits as error:
            tell(f"{self.name}: {error}; what it writes is measured all the same")
            return None


def open_plain_model(place: str, told: Callable[[str], None], of_server: ServerOptions | None = None) -> PlainModel:
    """Open a directory, or a server by its address. told: of waits for a server."""
    from engine.lyrics.text_models import is_address, open_song_writer

    if is_address(place):
        return _open_server(place, told, (of_server or ServerOptions()).asked)
    try:
        return PlainModel(place, open_song_writer(place))
    except CheckpointError as error:
        raise CheckpointError(f"{error}. For the starter's songs: songwright lyrics THEME") from error


def _open_server(place: str, told: Callable[[str], None], asked: dict[str, Any]) -> PlainModel:
    from engine.lyrics.remote_writer import open_remote

    key = os.environ.get(KEY_VARIABLE, "").strip() or None
    if key and urlsplit(place).scheme == "http" and urlsplit(place).hostname not in ("127.0.0.1", "localhost", "::1"):
        told("the key travels unencrypted to this server; https:// would protect it")
    opened = open_remote(place, key=key, report=told, **asked)
    return PlainModel(opened.name, opened, opened.use)


@contextmanager
def telling_use(models: Sequence[PlainModel], of_server: ServerOptions) -> Iterator[None]:
    """Say at the end, however it comes, what servers were asked and what that cost."""
    try:
        yield
    finally:
        for model in models:
            if model.use is not None:
                told = use_text(model.use, of_server.price_in, of_server.price_out)
                tell(told if len(models) == 1 else f"{model.name}: {told}")


def use_text(use: RemoteUse, price_in: float, price_out: float) -> str:
    """Return what a server was asked and what that cost."""
    parts = [
        f"{count_text(use.answers, 'answer')}, {use.prompt_tokens:,} tokens sent and {use.written_tokens:,} written"
    ]
    if use.uncounted:
        parts.append(f"{use.uncounted} of the answers, not counted by the server or not read to their end, come on top")
    if price_in or price_out:
        parts.append(f"cost {use.cost(price_in, price_out):.6f}")
    return "; ".join(parts)


def tell(sentence: str) -> None:
    """Say a sentence on standard error."""
    click.echo(sentence, err=True)


def lines_range(text: str) -> tuple[int, int]:
    """Read "8-40" as the fewest and the most lines, and "24" as the most."""
    fewest, dash, most = text.strip().partition("-")
    try:
        return (int(fewest), int(most)) if dash else (0, int(fewest))
    except ValueError:
        raise RequestError(f"--lines must be a number or a range such as 8-40, got {text[:40]!a}") from None


def with_line_breaks(text: str) -> str:
    r"""Return a start text in which \n, which shells pass on as it is typed, begins a line."""
    return text.replace("\\n", "\n")
