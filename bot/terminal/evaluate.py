"""`songwright evaluate songs|lyrics|melody|baselines`: print the figures of METRICS. Does not know how they are computed."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from engine.errors import RequestError

PATH = click.Path(path_type=Path)
WIDTH_IN_FILES = 132  # columns, where the table goes to a pipe
INDEX_FOLDER = Path("runs") / "training_text"
as_json_option = click.option("--json", "as_json", is_flag=True, help="print one JSON object and nothing else")
data_option = click.option("--data", type=PATH, required=True, help="a folder that `songwright train lyrics` prepared")
texts_option = click.option(
    "--texts", type=click.IntRange(0), default=500, show_default=True, help="texts per split, drawn evenly; 0 is all"
)


@click.group()
def evaluate() -> None:
    """Print the figures of models and of finished songs, each with the bar that it must pass."""


@evaluate.command()
@click.option(
    "--count", type=click.IntRange(1, 50), default=50, show_default=True, help="songs, each with its own seed"
)
@click.option("--lyrics", "lyrics_path", type=PATH, default=None, help="a lyric checkpoint; the one in use by default")
@click.option("--melody", "melody_path", type=PATH, default=None, help="a melody checkpoint; the one in use by default")
@click.option(
    "--corpus", type=PATH, default=None, help="training corpus (.jsonl.gz), to look for lines learned by heart"
)
@click.option("--data", type=PATH, default=None, help="a prepared corpus, to measure held-out songs of people beside")
@click.option("--rhyme", default=None, help="ask every song for this scheme, e.g. ABAB")
@click.option("--syllables", default=None, help="ask every song for these lengths, e.g. 8,6,8,6")
@as_json_option
def songs(
    count: int,
    lyrics_path: Path | None,
    melody_path: Path | None,
    corpus: Path | None,
    data: Path | None,
    rhyme: str | None,
    syllables: str | None,
    as_json: bool,
) -> None:
    """Make songs on ten themes in five styles and measure them, together and by style.

    Example:  songwright evaluate songs --count 50 --corpus english.jsonl.gz --data out/prepared
    """
    from engine.evaluation.human_songs import human_figures
    from engine.evaluation.song_figures import BARS, figures_by_style, make_songs, song_requests

    models = _open_models(lyrics_path, melody_path)
    training = _training_text(corpus) if corpus is not None else None
    requests = song_requests(count, rhyme=rhyme, syllables=syllables)
    with _progress("making songs") as report:
        made = make_songs(requests, models, report)
    found = figures_by_style(made, training)
    if data is not None:
        found["people"] = human_figures(data, training)
    if as_json:
        _print_json({"songs": count, "bars": BARS, "figures": found})
        return
    columns = list(found)
    rows = [
        [name, *(_number(found[column].get(name)) for column in columns), BARS.get(name, "")] for name in found["all"]
    ]
    _print_table(f"{count} songs", ["", *columns, "bar"], rows)


@evaluate.command()
@click.argument("checkpoint", type=PATH)
@data_option
@click.option("--on", type=click.Choice(["valid", "test"]), default="valid", show_default=True)
@texts_option
@as_json_option
def lyrics(checkpoint: Path, data: Path, on: str, texts: int, as_json: bool) -> None:
    """Print the bits per byte of a lyric model, with the plan given and as plain text.

    Example:  songwright evaluate lyrics out/checkpoint --data out/prepared --on valid
    """
    _needs_torch()
    from engine.corpus.lyric_corpus import TOKENIZER, retokenize
    from engine.corpus.shards import Shard
    from engine.evaluation.lyric_likelihood import measure_lyric_model
    from engine.lyrics.tokenizer import LyricTokenizer

    if not (checkpoint / TOKENIZER).is_file():
        raise RequestError(f"{checkpoint} has no {TOKENIZER}; name a lyric checkpoint such as engine/starter/lyrics")
    for name in (TOKENIZER, f"{on}.npz"):
        if not (data / name).is_file():
            raise RequestError(f"{data} has no {name}; name a folder that `songwright train lyrics` prepared")
    shard, tokenizer = Shard.open(data / f"{on}.npz"), LyricTokenizer.open(data / TOKENIZER)
    own = LyricTokenizer.open(checkpoint / TOKENIZER)
    if own.to_json() != tokenizer.to_json():
        shard, tokenizer = retokenize(shard, tokenizer, own), own
    with _progress("reading texts") as report:
        found = measure_lyric_model(checkpoint, shard, tokenizer, texts=texts, report=report)
    rows = [{"form": name, "split": on, "bits per byte": round(x.bits_per_byte, 4), "texts": x.texts, "bytes": x.byte_count,
             "ids": x.ids} for name, x in found.items()]  # fmt: skip
    _show(f"{checkpoint.name} on {on}", rows, as_json)


@evaluate.command()
@data_option
@texts_option
@click.option("--train-bytes", type=click.IntRange(0), default=20_000_000, show_default=True, help="0 is all")
@click.option("--char-lstm", type=PATH, default=None, help="weights of a character LSTM, as the last rung")
@as_json_option
def baselines(data: Path, texts: int, train_bytes: int, char_lstm: Path | None, as_json: bool) -> None:
    """Print the ladder of baselines for the lyric model, on the same texts as `evaluate lyrics`."""
    from engine.evaluation.lyric_baselines import measure_baselines

    if char_lstm is not None:
        _needs_torch()
    rungs = measure_baselines(
        data, texts=texts, train_bytes=train_bytes, char_lstm=char_lstm, say=lambda line: click.echo(line, err=True)
    )
    rows = [{"model": rung.model, "split": rung.split, "bits per byte": round(rung.likelihood.bits_per_byte, 4),
             "texts": rung.likelihood.texts, "bytes": rung.likelihood.byte_count} for rung in rungs]  # fmt: skip
    _show("bits per byte of plain text", rows, as_json)


@evaluate.command()
@click.argument("checkpoint", type=PATH)
@click.option("--data", type=PATH, required=True, help="folder with the lead sheets")
@as_json_option
def melody(checkpoint: Path, data: Path, as_json: bool) -> None:
    """Print the nats per note of a melody model on valid and test, beside counting baselines."""
    _needs_torch()
    from engine.training.melody import evaluate_melody

    found = evaluate_melody(checkpoint, data)
    rows = []
    for name, value in found.items():
        parts = value if isinstance(value, Mapping) else {"count": value}
        rows.append({"figure": name, **{part: round(number, 4) for part, number in parts.items()}})
    _show("nats per note", rows, as_json)


def _needs_torch() -> None:
    try:
        import torch  # noqa: F401  # only to say so early
    except ImportError:
        raise RequestError('this needs PyTorch: pip install -c constraints.txt -e ".[train]"') from None


def _open_models(lyrics_path: Path | None, melody_path: Path | None) -> Any:
    """Open the named checkpoints, and those in use for what is not named."""
    import os

    from bot.terminal.song import one_blas_thread
    from engine.song.models import SongModels, open_lyric_model, open_melody_model
    from worker.client import Client
    from worker.loaded_models import promoted_paths
    from worker.settings import Settings

    one_blas_thread()
    if lyrics_path is None or melody_path is None:
        client = Client(Settings.from_environment(os.environ))
        try:
            in_use = promoted_paths(client.store)
        finally:
            client.close()
        lyrics_path, melody_path = lyrics_path or in_use["lyrics"], melody_path or in_use["melody"]
    return SongModels(open_lyric_model(lyrics_path), open_melody_model(melody_path))


def _training_text(corpus: Path) -> Any:
    """Return the index of the corpus, built once and kept below `runs/`."""
    from engine.evaluation.memorisation import TrainingText

    if not corpus.is_file():
        raise RequestError(f"there is no corpus {corpus}; name a .jsonl or .jsonl.gz file of songs")
    kept = INDEX_FOLDER / f"{corpus.name.split('.')[0]}-{corpus.stat().st_size}.npz"
    if kept.is_file():
        return TrainingText.open(kept)
    click.echo(f"indexing {corpus.name}; this takes a minute, once", err=True)
    training = TrainingText.of_corpus(corpus)
    training.save(kept)
    return training


@contextmanager
def _progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """Show done out of total on standard error where it is a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        bar = progress.add_task(what, total=None)
        yield lambda done, total: progress.update(bar, completed=done, total=total)


def _show(title: str, rows: Sequence[Mapping[str, Any]], as_json: bool) -> None:
    if as_json:
        _print_json({"title": title, "rows": list(rows)})
        return
    columns = list(dict.fromkeys(name for row in rows for name in row))
    _print_table(title, columns, [[str(row.get(name, "")) for name in columns] for row in rows])


def _print_json(found: Mapping[str, Any]) -> None:
    """Print JSON; a figure that is not there (NaN) is null."""
    click.echo(json.dumps(_without_nan(found), indent=2, ensure_ascii=False))


def _without_nan(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _without_nan(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_nan(inner) for inner in value]
    return None if isinstance(value, float) and math.isnan(value) else value


def _print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title, title_justify="left")
    for place, column in enumerate(columns):
        table.add_column(column, justify="left" if place == 0 else "right", overflow="fold")
    for row in rows:
        table.add_row(*row)
    console = Console()
    (console if console.is_terminal else Console(width=WIDTH_IN_FILES)).print(table)


def _number(value: Any) -> str:
    """Return a figure for people; "-" where there is none."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "-"
    return f"{value:.3f}" if isinstance(value, float) else str(value)
