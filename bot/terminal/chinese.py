"""`songwright train chinese` and `songwright evaluate chinese`. Does not know how a model is built or measured."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from bot.terminal.training import COUNT, PATH, Report, carry_out, kept_options, out_option
from engine.errors import RequestError

FILES = (
    "JSON lines of Chinese verse: id, kind (ci, qu, shi), rhythmic (the tune), author, text; may be given several times"
)


@click.command("chinese")
@click.option("--corpus", "corpora", type=PATH, multiple=True, required=True, help=FILES)
@out_option
@click.option("--steps", type=COUNT, default=1800, show_default=True, help="updates of 3,072 tokens")
@click.option(
    "--every",
    type=COUNT,
    default=200,
    show_default=True,
    help="steps between validations, and between samples and checkpoints",
)
@kept_options
@click.option("--threads", type=COUNT, default=2, show_default=True, help="processor cores")
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="the same seed gives the same model")
def train_chinese(corpora: tuple[Path, ...], out: Path, resume: bool | None, **run: Any) -> None:
    """Train the model of Chinese lyrics from scratch; on two idle cores 1,800 steps take about half an hour.

    Tune patterns, rhymes and theme words are counted from the same texts. The run folder has log.jsonl, loss.png and
    samples.txt to watch.
    """

    def learn(report: Report) -> Path:
        from engine.training.chinese_lyrics import train_chinese_lyrics
        from engine.training.run_options import RunOptions

        return train_chinese_lyrics(corpora, out, RunOptions(resume=bool(resume), **run), report=report)

    carry_out(learn)


@click.command("chinese")
@click.option("--songs", type=click.IntRange(1, 1000), default=100, show_default=True, help="over ten tune patterns")
@click.option("--checkpoint", type=PATH, default=None, help="a model of Chinese lyrics; the one that ships by default")
@click.option(
    "--corpus",
    "corpora",
    type=PATH,
    multiple=True,
    help=f"what it was trained on, to look for lines learned by heart: {FILES}",
)
@click.option("--forms", is_flag=True, help="forms of today (verse and chorus) instead of tunes")
@click.option("--json", "as_json", is_flag=True, help="print one JSON object and nothing else")
def evaluate_chinese(
    songs: int, checkpoint: Path | None, corpora: tuple[Path, ...], forms: bool, as_json: bool
) -> None:
    """Write Chinese lyrics to ten tunes on ten themes and measure them, beside held-out songs of people.

    Example:  songwright evaluate chinese --songs 100 --corpus chinese_songs.jsonl.gz
    """
    from bot.terminal.figures_shown import number, print_json, print_table, progress
    from engine.corpus.chinese_corpus import read_chinese_texts
    from engine.evaluation import chinese_songs
    from engine.evaluation.chinese_figures import ReadBefore
    from engine.song.chinese_model import open_chinese_model
    from worker.loaded_models import starter_paths

    model = open_chinese_model(checkpoint or starter_paths()["chinese"])
    for corpus in corpora:
        if not corpus.is_file():
            raise RequestError(f"there is no corpus {corpus}; name .jsonl or .jsonl.gz files of Chinese verse")
    texts = read_chinese_texts(corpora)
    read = (
        ReadBefore.of([x.characters for x in text.lines] for text in texts if text.split == "train") if texts else None
    )
    asked = chinese_songs.form_requests(songs) if forms else chinese_songs.requests(model, songs)
    with progress("writing") as report:
        written = chinese_songs.write(model, asked, report)
    found = {"model": chinese_songs.figures(written, read)}
    if texts:
        found["people"] = chinese_songs.figures(chinese_songs.human_songs(texts, model, songs), read)
        found["people against the pattern"] = chinese_songs.against_pattern(texts, model)
    if as_json:
        print_json({"songs": songs, "bars": chinese_songs.BARS, "figures": found})
        return
    rows = [
        [name, *(number(found[column].get(name)) for column in found), chinese_songs.BARS.get(name, "")]
        for name in found["model"]
    ]
    print_table(f"{songs} songs", ["", *found, "bar"], rows)
