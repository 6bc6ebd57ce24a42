"""`songwright compare A B`: two lyric models, here or on servers, or files of kept songs, figure by figure.

Does not know how they are compared.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.terminal.figures_shown import (
    PATH,
    as_json_option,
    corpus_option,
    needs_torch,
    number,
    picture_option,
    print_json,
    print_table,
    progress,
    training_text,
    write_picture,
)
from bot.terminal.plain_models import ServerOptions, open_plain_model, server_options, tell, telling_use
from engine.errors import RequestError

if TYPE_CHECKING:
    from engine.evaluation.comparison import Compared
    from engine.evaluation.word_figures import Values
    from engine.evaluation.word_songs import WrittenSong


@dataclass(frozen=True)
class Side:
    """A model or a file of songs. place: as named. is_planned: whether its songs are written to a plan."""

    name: str
    place: str
    songs: list[WrittenSong]
    is_planned: bool
    bits: dict[str, Values] = field(default_factory=dict)


@click.command()
@click.argument("first")
@click.argument("second")
@click.option(
    "--songs", "count", type=click.IntRange(10, 200), default=100, show_default=True,
    help="songs to write with each model",
)  # fmt: skip
@corpus_option
@click.option("--data", type=PATH, default=None, help="prepared held-out texts, to compare bits per byte as well")
@click.option(
    "--texts", type=click.IntRange(10), default=100, show_default=True, help="held-out texts for bits per byte"
)
@server_options
@picture_option
@as_json_option
def compare(
    first: str,
    second: str,
    count: int,
    corpus: Path | None,
    data: Path | None,
    texts: int,
    of_server: ServerOptions,
    picture: Path | None,
    as_json: bool,
) -> None:
    """Say what two lyric models differ in, with 95 % intervals: better, worse or no difference.

    FIRST and SECOND are checkpoints of the lyric model, models of any family that writes plain songs, addresses of servers
    that have one, or files of songs that `songwright evaluate words --keep` wrote. Two models are asked for the same songs
    with the same seeds.

    \b
    Example:  songwright compare engine/starter/lyrics out/checkpoint --songs 100 --picture difference.png
              songwright compare runs/gpt2/checkpoint http://127.0.0.1:8000/v1 --data out/prepared --songs 20
    """
    from engine.evaluation.comparison import compare_songs, compare_values
    from engine.evaluation.figures_picture import forest_png
    from engine.evaluation.word_figures import Reference

    _refuse_missing(first, second)
    reference = Reference.of(training_text(corpus) if corpus is not None else None)
    one, other = (_side(place, count, data, texts, of_server) for place in (first, second))
    if one.is_planned != other.is_planned:
        tell(
            "one writes to a plan and the other freely: only what both have is compared, and songs of other lengths repeat more"
        )
    found, is_paired = compare_songs(one.songs, other.songs, reference)
    found = compare_values(one.bits, other.bits, is_paired=True) + found
    if not found:
        raise RequestError(f"{first} and {second} have no figure in common; compare longer songs, or more of them")
    _show(one, other, found, is_paired, as_json)
    if picture is not None:
        write_picture(picture, forest_png(*_names(one, other), found, is_paired=is_paired))


def _refuse_missing(*places: str) -> None:
    """RequestError for a place that is nowhere, before anything is written."""
    from engine.lyrics.text_models import is_address

    for place in places:
        if not is_address(place) and not Path(place).exists():
            raise RequestError(
                f"there is no {place}; name a checkpoint, a model directory, a server's address or a file of kept songs"
            )


def _side(place: str, count: int, data: Path | None, texts: int, of_server: ServerOptions) -> Side:
    """Read or write the songs of one side, and read held-out texts with it where there are some."""
    from engine.evaluation.word_songs import keep_songs, kept_songs, varied_requests, write_words_of
    from engine.lyrics.text_models import is_address

    path = Path(place)
    if is_address(place):
        return _free_side(place, count, data, texts, of_server)
    if path.is_file():
        songs = [song for song in kept_songs(path) if song.part in ("varied", "plain")]
        if not songs:
            raise RequestError(
                f"{path} has neither varied songs nor free ones; keep some with `songwright evaluate words`"
            )
        return Side(path.name, place, songs, songs[0].part == "varied")
    if not (path / "words.txt.gz").is_file():
        return _free_side(place, count, data, texts, of_server)
    from bot.terminal.evaluate_words import open_lyrics

    model = open_lyrics(path)
    with progress(f"writing with {path.name}") as report:
        requests = [("varied", request) for request in varied_requests(count)]
        songs = keep_songs(None, write_words_of(requests, model), lambda done: report(done, len(requests)))  # type: ignore[arg-type]  # "varied" is a part
    return Side(path.name, place, songs, True, _planned_bits(path, data, texts) if data is not None else {})


def _free_side(place: str, count: int, data: Path | None, texts: int, of_server: ServerOptions) -> Side:
    from engine.evaluation.free_songs import drawn_songs, headings_of, write_freely
    from engine.evaluation.word_figures import BITS
    from engine.evaluation.word_songs import keep_songs

    model = open_plain_model(place, tell, of_server)
    name = model.short_name
    held_out = drawn_songs(data, "test", texts) if data is not None else []
    with telling_use([model], of_server):
        with progress(f"writing with {name}") as report:
            writing = write_freely(model.writer, headings_of(held_out, count), version=name)
            songs = keep_songs(None, writing, lambda done: report(done, count))
        with progress(f"reading with {name}") as report:
            bits = model.bits(held_out, report) if held_out else None
    return Side(name, place, songs, False, {} if bits is None else {BITS: bits})


def _planned_bits(path: Path, data: Path, texts: int) -> dict[str, Values]:
    from engine.evaluation.planned_bits import planned_bits

    needs_torch()
    with progress(f"reading with {path.name}") as report:
        return planned_bits(path, data, texts=texts, report=report)


def _show(one: Side, other: Side, found: list[Compared], is_paired: bool, as_json: bool) -> None:
    if as_json:
        rows = [{**asdict(row), "verdict": row.verdict} for row in found]
        sides = {"first": one.place, "second": other.place}
        print_json({**sides, "paired": is_paired, "songs": [len(one.songs), len(other.songs)], "figures": rows})
        return
    names = _names(one, other)
    shown = [
        [row.name, f"{number(row.first)} {_between(row.first_interval)}",
         f"{number(row.second)} {_between(row.second_interval)}", f"{row.difference:+.3f} {_between(row.interval, '+')}",
         row.verdict] for row in found
    ]  # fmt: skip
    drawn = "in pairs of the same request and seed" if is_paired else "each side by itself"
    title = f"{names[0]} ({len(one.songs)} songs) against {names[1]} ({len(other.songs)}), drawn {drawn}"
    print_table(title, ["", "first", "second", "difference", "first is"], shown)


def _names(one: Side, other: Side) -> tuple[str, str]:
    """Return what the sides are called; models that are called alike go by their places."""
    return (one.name, other.name) if one.name != other.name else (one.place, other.place)


def _between(interval: tuple[float, float], sign: str = "") -> str:
    return f"[{interval[0]:{sign}.3f}, {interval[1]:{sign}.3f}]"
