"""`python -m tests.pictures --out DIR`: records the scenes and draws the pictures of the README."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import click

from tests.pictures import recording
from tests.pictures.camera import find_browser, photograph
from tests.pictures.markdown import Reader
from tests.pictures.page import Scene, page
from tests.pictures.recording import Recording

SMALLEST_WAIT_SECONDS = 1


def song(recorded: Recording) -> list[Scene]:
    """A song that is finished."""
    return [_scene(recorded, "finished")]


def writing(recorded: Recording) -> list[Scene]:
    """A song while it is written, and one that waits."""
    return [_scene(recorded, "writing")]


def talk(recorded: Recording) -> list[Scene]:
    """What was said to the bot, what it understood, and the changed song."""
    return [
        _scene(recorded, "asked"),
        _scene(recorded, "wished", caption=_later(recorded, "asked", "wished"), hidden=1),
        _scene(recorded, "changed", caption=_later(recorded, "wished", "changed"), hidden=2),
    ]


def lists(recorded: Recording) -> list[Scene]:
    """The best songs of a server, and what somebody sees whose client is Chinese."""
    return [_scene(recorded, "top"), _scene(recorded, "chinese", chinese=True)]


# What each shows, and how tall it may be; what is below is cut off.
PICTURES: dict[str, tuple[Callable[[Recording], list[Scene]], int]] = {
    "discord-song": (song, 1400),
    "discord-writing": (writing, 1400),
    "discord-talk": (talk, 975),
    "discord-lists": (lists, 1400),
}


@click.command()
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True, help="where the pictures go")
@click.option(
    "--recorded",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="draw what an earlier --keep has kept, and record nothing",
)
@click.option("--keep", type=click.Path(file_okay=False, path_type=Path), help="keep the recording in this folder")
@click.option("--only", type=click.Choice(sorted(PICTURES)), multiple=True, help="draw this picture; all by default")
def main(out: Path, recorded: Path | None, keep: Path | None, only: tuple[str, ...]) -> None:
    """Record the real bot in the local Discord and draw the pictures of the README."""
    browser = find_browser()
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        seen = recording.read(recorded) if recorded else _record(keep or Path(temporary))
        for name in only or PICTURES:
            target = out / f"{name}.png"
            scenes, tallest = PICTURES[name]
            photograph(page(seen.channel, scenes(seen)), target, browser, tallest)
            click.echo(f"{target}  {target.stat().st_size / 1000:.0f} KB")


def _record(folder: Path) -> Recording:
    folder.mkdir(parents=True, exist_ok=True)
    recorded = recording.record(folder)
    recording.write(recorded, folder)
    return recorded


def _scene(recorded: Recording, name: str, *, caption: str = "", hidden: int = 0, chinese: bool = False) -> Scene:
    """Return a recorded moment as a scene. hidden: how many messages are only there to be replied to."""
    moment = recorded.moments[name]
    entries = [{**entry, "hidden": index < hidden} for index, entry in enumerate(moment.entries)]
    reader = Reader(moment.at, recorded.people, chinese)
    return Scene(entries, reader, caption, recorded.names if chinese else None)


def _later(recorded: Recording, earlier: str, later: str) -> str:
    seconds = recorded.moments[later].at - recorded.moments[earlier].at
    return f"{max(round(seconds), SMALLEST_WAIT_SECONDS)} s later"


if __name__ == "__main__":
    main()
