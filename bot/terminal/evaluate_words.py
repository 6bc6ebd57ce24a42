"""`songwright evaluate words|text`: the figures of METRICS 3, of words to a plan and of free text, beside those of people.

Does not know how figures are computed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bot.terminal.figures_shown import (
    PATH,
    as_json_option,
    corpus_option,
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
    from engine.evaluation.control_accuracy import ControlAccuracy
    from engine.evaluation.word_songs import WrittenSong

ALL_AUTHORS = 10  # songs in the manner of each author
PEOPLE = "people"
keep_option = click.option(
    "--keep", type=PATH, default=None, help="keep the songs in this file, one JSON object a line"
)
from_option = click.option("--from", "kept", type=PATH, default=None, help="measure the songs that --keep wrote")


@click.command()
@click.option(
    "--songs", "count", type=click.IntRange(2, 280), default=200, show_default=True, help="on 20 themes in 14 styles"
)
@click.option(
    "--one-prompt", type=click.IntRange(0, 100), default=100, show_default=True, help="more songs, all of one prompt"
)
@click.option(
    "--of-author", type=click.IntRange(0, 100), default=ALL_AUTHORS, show_default=True,
    help="more songs, in the manner of each of some authors",
)  # fmt: skip
@click.option("--lyrics", "lyrics_path", type=PATH, default=None, help="a lyric checkpoint; the one in use by default")
@corpus_option
@keep_option
@from_option
@picture_option
@as_json_option
def words(
    count: int,
    one_prompt: int,
    of_author: int,
    lyrics_path: Path | None,
    corpus: Path | None,
    keep: Path | None,
    kept: Path | None,
    picture: Path | None,
    as_json: bool,
) -> None:
    """Write words on twenty themes in fourteen styles and measure them; with --corpus, held-out songs of people beside.

    Example:  songwright evaluate words --corpus english.jsonl.gz --keep words.jsonl --picture words.png
    """
    from engine.evaluation.control_accuracy import by_author, by_kind, control_accuracy, read_real_pieces
    from engine.evaluation.human_songs import human_songs_of_corpus
    from engine.evaluation.word_figures import Reference, figures_of

    reference = Reference.of(training_text(corpus) if corpus is not None else None)
    songs = _planned_songs(count, one_prompt, of_author, lyrics_path, keep, kept)
    found = {
        name: figures_of(chosen, reference)
        for name, part in (("songs", "varied"), ("one prompt", "one prompt"))
        if (chosen := [song for song in songs if song.part == part])
    }
    control: dict[str, ControlAccuracy] = {}
    if corpus is not None:
        found[PEOPLE] = figures_of(human_songs_of_corpus(corpus), reference)
        kinds, authors = read_real_pieces(corpus)
        made = {"style": control_accuracy(kinds, by_kind(songs)), "author": control_accuracy(authors, by_author(songs))}
        control = {name: value for name, value in made.items() if value is not None}
    title = f"words of {len(songs)} songs by {names_of(songs)}"
    _show(title, found, control, as_json)
    _draw(picture, title, found)


@click.command()
@click.argument("model_place", metavar="MODEL")
@click.option("--data", type=PATH, required=True, help="a folder that `songwright corpus prepare` wrote")
@click.option("--songs", "count", type=click.IntRange(0, 1000), default=100, show_default=True, help="songs to write")
@click.option(
    "--texts", type=click.IntRange(0), default=200, show_default=True, help="held-out songs per split; 0 is all"
)
@click.option("--temperature", type=click.FloatRange(0, 2), default=0.85, show_default=True)
@click.option("--top-p", type=click.FloatRange(0, 1, min_open=True), default=0.92, show_default=True)
@keep_option
@from_option
@server_options
@picture_option
@as_json_option
def text(
    model_place: str,
    data: Path,
    count: int,
    texts: int,
    temperature: float,
    top_p: float,
    keep: Path | None,
    kept: Path | None,
    of_server: ServerOptions,
    picture: Path | None,
    as_json: bool,
) -> None:
    """Measure a model of any family that writes plain songs: what held-out songs cost it, and what it writes freely.

    MODEL is a directory, or the address of a server; a server that does not say what a text costs its model is measured by
    what it writes alone.

    \b
    Example:  songwright evaluate text out/checkpoint --data out/prepared --songs 100
              songwright evaluate text http://127.0.0.1:8000/v1 --data out/prepared --songs 20
    """
    from engine.contract import Sampling
    from engine.corpus.prepared_songs import read_songs
    from engine.evaluation.free_songs import drawn_songs, headings_of, write_freely
    from engine.evaluation.human_songs import human_songs_of_folder
    from engine.evaluation.memorisation import TrainingText
    from engine.evaluation.word_figures import BITS, Reference, figures_of
    from engine.evaluation.word_songs import keep_songs, kept_songs

    model = open_plain_model(model_place, tell, of_server)
    reference = Reference.of(TrainingText.build(song.lines for song in read_songs(data, "train")))
    held_out = {split: drawn_songs(data, split, texts) for split in ("valid", "test")}
    found: dict[str, dict[str, float]] = {}
    with telling_use([model], of_server):
        for split, songs in held_out.items():
            with progress(f"reading {split}") as report:
                bits = model.bits(songs, report)
            if bits is None:
                break
            found[split] = {BITS: bits.figure}
        if kept is None and count:
            with progress("writing songs") as report:
                sampling = Sampling(temperature=temperature, top_p=top_p)
                headings = headings_of(held_out["test"], count)
                writing = write_freely(model.writer, headings, version=model.short_name, sampling=sampling)
                written = keep_songs(keep, writing, lambda done: report(done, count))
    if kept is not None:
        written = kept_songs(kept)
    if kept is not None or count:
        found["songs"] = figures_of(written, reference)
        if people := human_songs_of_folder(data, "test"):
            found[PEOPLE] = figures_of(people, reference)
    title = f"{model.short_name}, of the family {model.family}"
    _show(title, found, {}, as_json)
    _draw(picture, title, found)


def _planned_songs(
    count: int, one_prompt: int, of_author: int, lyrics_path: Path | None, keep: Path | None, kept: Path | None
) -> list[WrittenSong]:
    """Return the songs that were kept, or write them."""
    from engine.evaluation.word_songs import keep_songs, kept_songs, known_authors, planned_requests, write_words_of

    if kept is not None:
        if lyrics_path is not None or keep is not None:
            raise RequestError("--from measures songs that are there; leave out --lyrics and --keep")
        songs = kept_songs(kept)
        if not any(song.part == "varied" for song in songs):
            raise RequestError(f"{kept} has no songs to a plan; free text is measured by `songwright evaluate text`")
        return songs
    model = open_lyrics(lyrics_path)
    requests = planned_requests(count, one_prompt, known_authors(model.authors), of_author)
    with progress("writing words") as report:
        return keep_songs(keep, write_words_of(requests, model), lambda done: report(done, len(requests)))


def open_lyrics(path: Path | None) -> Any:
    """Open a lyric checkpoint, or the one in use."""
    import os

    from bot.terminal.song import one_blas_thread
    from engine.song.models import open_lyric_model
    from worker.client import Client
    from worker.loaded_models import promoted_paths
    from worker.settings import Settings

    one_blas_thread()
    if path is not None and not path.is_dir():
        raise RequestError(f"there is no model directory {path}; check the path, or train or fetch the model")
    if path is None:
        client = Client(Settings.from_environment(os.environ))
        try:
            path = promoted_paths(client.store)["lyrics"]
        finally:
            client.close()
    return open_lyric_model(path)


def _show(
    title: str,
    found: Mapping[str, Mapping[str, float]],
    control: Mapping[str, ControlAccuracy],
    as_json: bool,
) -> None:
    """Print figures, bars and whether they are passed. control: accuracy by what was asked for."""
    from dataclasses import asdict

    from engine.evaluation.word_figures import BARS, FIGURES, verdict

    people = found.get(PEOPLE, {})
    if as_json:
        passed = {
            name: {figure: verdict(figure, value, people.get(figure, float("nan"))) for figure, value in part.items()}
            for name, part in found.items()
            if name != PEOPLE
        }
        told_apart = {name: {**asdict(value), "ratio": value.ratio} for name, value in control.items()}
        bars = {name: bar.text for name, bar in BARS.items()}
        print_json({"title": title, "bars": bars, "figures": found, "verdicts": passed, "control accuracy": told_apart})
        return
    judged = "songs" if "songs" in found else ""
    rows = []
    for name in FIGURES:
        if any(name in part for part in found.values()):
            mine = found.get(judged, {}).get(name, float("nan"))
            bar = BARS[name].text if name in BARS else ""
            shown = [number(part.get(name)) for part in found.values()]
            rows.append([name, *shown, bar, verdict(name, mine, people.get(name, float("nan")))])
    print_table(title, ["", *found, "bar", ""], rows)
    if control:
        _show_control(control)


def _show_control(control: Mapping[str, ControlAccuracy]) -> None:
    rows = [
        [name, number(1 / len(value.classes)), number(value.on_real), number(value.on_made), number(value.ratio),
         ">= 0.8", "pass" if value.ratio >= 0.8 else "short", f"{value.real} / {value.made}"]
        for name, value in control.items()
    ]  # fmt: skip
    print_table(
        "control accuracy: what 60 words are taken for, mean over classes",
        ["asked for", "chance", "held-out real", "made", "ratio", "bar", "", "pieces"],
        rows,
    )
    for name, value in control.items():
        click.echo(f"{name}: {', '.join(value.classes)}")


def _draw(path: Path | None, title: str, found: Mapping[str, Mapping[str, float]]) -> None:
    if path is not None:
        from engine.evaluation.figures_picture import figures_png

        write_picture(path, figures_png(title, found.get("songs", {}), found.get(PEOPLE, {})))


def names_of(songs: Sequence[WrittenSong]) -> str:
    """Return the models that wrote songs."""
    return ", ".join(sorted({song.model for song in songs}))
