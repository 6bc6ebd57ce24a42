"""`songwright corpus remember`: what a corpus says word for word, for a model beside it. Does not know how it is kept."""

from __future__ import annotations

from pathlib import Path

import click

from engine.errors import OutputError


@click.command()
@click.argument("corpus", type=click.Path(path_type=Path))
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, help="the file: memory.npz beside a lyric model's weights"
)
@click.option(
    "--pairs", type=click.Path(path_type=Path), default=None,
    help="another file, pairs.npz: which words stand side by side in the corpus",
)  # fmt: skip
def remember(corpus: Path, out: Path, pairs: Path | None) -> None:
    """Write the file that keeps a lyric model from singing lines of its training texts.

    CORPUS is what `songwright train lyrics` or `songwright corpus prepare` was given or wrote. A model with the file in its
    folder, as memory.npz, writes no eight words in a row and no line of five as they stand in the corpus; where it finds
    no other line it says so. With pairs.npz there too it takes fewer lines in which two usual words stand side by side that
    the corpus never has so. `songwright train lyrics` writes both by itself.

    \b
    Example:  songwright corpus remember english.jsonl.gz --out prepared/memory.npz --pairs prepared/pairs.npz
    """
    from engine.corpus.memory import remember as remembered
    from engine.corpus.pairs import remember_pairs

    _write(out, remembered(corpus, _tell), "--out")
    if pairs is not None:
        _write(pairs, remember_pairs(corpus, _tell), "--pairs")


def _tell(line: str) -> None:
    click.echo(line, err=True)


def _write(out: Path, content: bytes, option: str) -> None:
    """Write a file whole or not at all, and say so. option: which of them named it."""
    draft = out.with_name(f".{out.name}.draft")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        draft.write_bytes(content)
        draft.replace(out)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise OutputError(f"cannot write {out}: {error}; choose another place with {option}") from error
    click.echo(f"wrote {out}")
