"""`songwright evaluate songs|singing|words|text|lyrics|melody|music|judge|attention|...`: print figures.

Does not know how they are computed.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from bot.terminal.chinese import evaluate_chinese
from bot.terminal.evaluate_attention import attention
from bot.terminal.evaluate_chords import chords
from bot.terminal.evaluate_continuations import continuations
from bot.terminal.evaluate_likeness import likeness
from bot.terminal.evaluate_music import music, streams
from bot.terminal.evaluate_singing import singing
from bot.terminal.evaluate_words import text, words
from bot.terminal.figures_shown import (
    PATH,
    as_json_option,
    corpus_option,
    needs_torch,
    number,
    print_json,
    print_table,
    progress,
    show,
    training_text,
)
from bot.terminal.finetune_judge import evaluate_judge
from bot.terminal.plain_models import open_plain_model, tell
from engine.errors import RequestError

data_option = click.option("--data", type=PATH, required=True, help="a folder that `songwright train lyrics` prepared")
texts_option = click.option(
    "--texts", type=click.IntRange(0), default=500, show_default=True, help="texts per split, drawn evenly; 0 is all"
)


@click.group()
def evaluate() -> None:
    """Print the figures of models and of finished songs, each with the bar that it must pass."""


evaluate.add_command(evaluate_chinese)
evaluate.add_command(attention)
evaluate.add_command(chords)
evaluate.add_command(continuations)
evaluate.add_command(likeness)
evaluate.add_command(evaluate_judge)
evaluate.add_command(music)
evaluate.add_command(singing)
evaluate.add_command(streams)
evaluate.add_command(words)
evaluate.add_command(text)


@evaluate.command()
@click.option(
    "--count", type=click.IntRange(1, 50), default=50, show_default=True, help="songs, each with its own seed"
)
@click.option("--lyrics", "lyrics_path", type=PATH, default=None, help="a lyric checkpoint; the one in use by default")
@click.option("--melody", "melody_path", type=PATH, default=None, help="a melody checkpoint; the one in use by default")
@corpus_option
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

    models = open_models(lyrics_path, melody_path)
    training = training_text(corpus) if corpus is not None else None
    requests = song_requests(count, rhyme=rhyme, syllables=syllables)
    with progress("making songs") as report:
        made = make_songs(requests, models, report)
    found = figures_by_style(made, training)
    if data is not None:
        found["people"] = human_figures(data, training)
    if as_json:
        print_json({"songs": count, "bars": BARS, "figures": found})
        return
    columns = list(found)
    rows = [
        [name, *(number(found[column].get(name)) for column in columns), BARS.get(name, "")] for name in found["all"]
    ]
    print_table(f"{count} songs", ["", *columns, "bar"], rows)


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
    needs_torch()
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
    with progress("reading texts") as report:
        found = measure_lyric_model(checkpoint, shard, tokenizer, texts=texts, report=report)
    rows = [{"form": name, "split": on, "bits per byte": round(x.bits_per_byte, 4), "texts": x.texts, "bytes": x.byte_count,
             "ids": x.ids} for name, x in found.items()]  # fmt: skip
    show(f"{checkpoint.name} on {on}", rows, as_json)


@evaluate.command()
@click.option("--data", type=PATH, required=True, help="a folder that `corpus prepare` or `train lyrics` prepared")
@texts_option
@click.option("--train-bytes", type=click.IntRange(0), default=20_000_000, show_default=True, help="0 is all")
@click.option(
    "--model",
    "models",
    multiple=True,
    help="a model of plain songs, of any family: a directory, or a server's ADDRESS#NAME; may be repeated",
)
@click.option("--picture", type=PATH, default=None, help="draw the ladder into this file, e.g. ladder.png")
@as_json_option
def baselines(
    data: Path, texts: int, train_bytes: int, models: tuple[str, ...], picture: Path | None, as_json: bool
) -> None:
    """Print the ladder of lyric models: uniform, unigram ... 7-gram by counting at once, then each --model.

    Example:  songwright evaluate baselines --data out/prepared --model runs/lstm/checkpoint --picture ladder.png
    """
    from engine.evaluation.ladder_picture import draw_ladder
    from engine.evaluation.lyric_baselines import measure_baselines

    opened = [open_plain_model(place, tell) for place in models]  # a wrong path should not wait for the counts
    rungs = measure_baselines(
        data, models=[(model.name, model.writer) for model in opened], texts=texts, train_bytes=train_bytes, say=tell
    )
    rows = [{"model": rung.model, "split": rung.split, "bits per byte": round(rung.likelihood.bits_per_byte, 4),
             "songs": rung.likelihood.texts, "bytes": rung.likelihood.byte_count} for rung in rungs]  # fmt: skip
    show("bits per byte below the heading", rows, as_json)
    if picture is not None:
        draw_ladder(rungs, picture)


@evaluate.command()
@click.argument("checkpoint", type=PATH)
@click.option("--data", type=PATH, required=True, help="folder with the lead sheets")
@as_json_option
def melody(checkpoint: Path, data: Path, as_json: bool) -> None:
    """Print the nats per note of a melody model on valid and test, beside counting baselines."""
    needs_torch()
    from engine.training.melody import evaluate_melody

    found = evaluate_melody(checkpoint, data)
    rows = []
    for name, value in found.items():
        parts = value if isinstance(value, Mapping) else {"count": value}
        rows.append({"figure": name, **{part: round(number, 4) for part, number in parts.items()}})
    show("nats per note", rows, as_json)


def open_models(lyrics_path: Path | None, melody_path: Path | None) -> Any:
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
