"""`songwright train lyrics|melody`: train a model on a corpus. Does not know how models are built."""

from __future__ import annotations

from pathlib import Path

import click

from engine.errors import RequestError


def _needs_torch() -> None:
    try:
        import torch  # noqa: F401  # only to say so early
    except ImportError:
        raise RequestError('training needs PyTorch: pip install -c constraints.txt -e ".[train]"') from None


@click.group()
def train() -> None:
    """Train a model on a corpus of your own. Progress is printed and kept in log.jsonl; Ctrl-C and --resume go on later."""


@train.command()
@click.option("--corpus", type=click.Path(path_type=Path), required=True, help="songs as .jsonl or .jsonl.gz")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="folder for the run and the checkpoint")
@click.option("--steps", type=click.IntRange(1), default=4200, show_default=True, help="updates of 3,072 tokens")
@click.option(
    "--every", type=click.IntRange(1), default=200, show_default=True, help="steps between validation and checkpoints"
)
@click.option("--threads", type=click.IntRange(1), default=2, show_default=True)
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True)
@click.option("--resume", is_flag=True, help="go on from the last checkpoint in --out")
@click.option(
    "--from",
    "base",
    type=click.Path(path_type=Path),
    default=None,
    help="a lyric checkpoint that goes on learning, e.g. engine/starter/lyrics",
)
def lyrics(
    corpus: Path, out: Path, steps: int, every: int, threads: int, seed: int, resume: bool, base: Path | None
) -> None:
    """Train the lyric model from scratch, or go on from another; on two cores 4,200 steps take about an hour.

    Each line of the corpus is an object with id, title, author, kind (song, hymn, ballad, nursery or poem), work, era and
    text; lines of text end in a newline, stanzas in a blank line.
    """
    _needs_torch()
    from engine.training.lyrics import train_lyrics

    path = train_lyrics(
        corpus, out, steps=steps, threads=threads, seed=seed, every=every, resume=resume, base=base, report=click.echo
    )
    click.echo(f"wrote {path}")


@train.command()
@click.option("--data", type=click.Path(path_type=Path), required=True, help="folder with the lead sheets")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="folder for the run and the checkpoint")
@click.option("--minutes", type=click.FloatRange(0.1), default=25.0, show_default=True)
@click.option("--threads", type=click.IntRange(1), default=2, show_default=True)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
def melody(data: Path, out: Path, minutes: float, threads: int, seed: int) -> None:
    """Train the melody model on lead sheets with aligned words."""
    _needs_torch()
    from engine.training.melody import train_melody

    path = train_melody(data, out, minutes=minutes, threads=threads, seed=seed, report=click.echo)
    click.echo(f"wrote {path}")


@train.command("char-lstm")
@click.option("--data", type=click.Path(path_type=Path), required=True, help="a folder that `train lyrics` prepared")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="folder for the run and the weights")
@click.option("--steps", type=click.IntRange(1), default=480, show_default=True, help="updates of 4,096 characters")
@click.option("--threads", type=click.IntRange(1), default=1, show_default=True)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option("--resume", is_flag=True, help="go on from the last checkpoint in --out")
def char_lstm(data: Path, out: Path, steps: int, threads: int, seed: int, resume: bool) -> None:
    """Train the small character LSTM that lyric models are measured beside (`songwright evaluate baselines`)."""
    _needs_torch()
    from engine.training.char_lstm import train_char_lstm

    path = train_char_lstm(data, out, steps=steps, threads=threads, seed=seed, resume=resume, report=click.echo)
    click.echo(f"wrote {path}")
