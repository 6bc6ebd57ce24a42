"""What writes plain songs for the terminal: a model directory or a server, asked for in one way. Does not know how.

The server's key comes from the environment here, and from nowhere else.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from bot.terminal.interrupts import noticing_ctrl_c
from engine.contract import Request, Sampling, option
from engine.errors import CheckpointError, EngineError, RequestError

if TYPE_CHECKING:
    from engine.lyrics.plain_writer import PlainText
    from engine.lyrics.remote import RemoteUse

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
class PlainModel:
    """name: what people called it. family: of lyric families, or remote. use: what a server counted."""

    name: str
    family: str
    write: Callable[..., list[PlainText]]
    use: RemoteUse | None = None

    def songs(self, request: SampleRequest, seed: int, report: Report | None = None) -> list[PlainText]:
        """Return the songs that were asked for; Ctrl-C raises KeyboardInterrupt, or Cancelled at the next step."""
        fewest, most = lines_range(request.lines)
        with noticing_ctrl_c() as is_stopped:
            return self.write(
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
                cancelled=is_stopped,
            )


def open_plain_model(place: str, told: Callable[[str], None], **of_server: Any) -> PlainModel:
    """Open a directory, or a server by its address. of_server: fields of `RemoteServer`. told: of waits for a server."""
    if place.startswith(("http://", "https://")):
        return _open_server(place, told, of_server)
    from functools import partial

    from engine.lyrics.plain_writer import write_song_text
    from engine.lyrics.text_models import open_text_model

    try:
        model = open_text_model(Path(place))
    except CheckpointError as error:
        raise CheckpointError(f"{error}. For the starter's songs: songwright lyrics THEME") from error
    return PlainModel(place, model.family, partial(write_song_text, model))


def _open_server(url: str, told: Callable[[str], None], of_server: dict[str, Any]) -> PlainModel:
    from functools import partial

    from engine.lyrics.remote import Remote, RemoteServer
    from engine.lyrics.remote_writer import write_remote_song

    key = os.environ.get(KEY_VARIABLE, "").strip() or None
    server = RemoteServer(url, key=key, **({"model": ""} | of_server))
    if not server.model:
        server = replace(server, model=_only_model(Remote(server, report=told)))
    if key and url.startswith("http://") and "://127." not in url and "://localhost" not in url:
        told("the key travels unencrypted to this server; https:// would protect it")
    remote = Remote(server, report=told)
    return PlainModel(f"{server.model} at {remote.shown}", "remote", partial(write_remote_song, remote), remote.use)


def _only_model(remote: Any) -> str:
    try:
        names: list[str] = remote.models()
    except EngineError as error:
        raise RequestError(f"{error}. If it is there, name its model with --model") from error
    if len(names) == 1:
        return names[0]
    shown = ", ".join(names[:10]) or "none that it names"
    raise RequestError(f"name a model of {remote.shown} with --model; it has {shown}")


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
