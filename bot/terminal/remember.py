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
def remember(corpus: Path, out: Path) -> None:
    """Write the file that keeps a lyric model from singing lines of its training texts.

    CORPUS is what `songwright train lyrics` or `songwright corpus prepare` was given or wrote. A model with the file in its
    folder, as memory.npz, writes no eight words in a row and no line of five as they stand in the corpus; where it finds
    no other line it says so.

    \b
    Example:  songwright corpus remember english.jsonl.gz --out my-model/memory.npz
    """
    from engine.corpus.memory import remember as remembered

    content = remembered(corpus, lambda line: click.echo(line, err=True))
    draft = out.with_name(f".{out.name}.draft")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        draft.write_bytes(content)
        draft.replace(out)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise OutputError(f"cannot write {out}: {error}; choose another place with --out") from error
    click.echo(f"wrote {out}")
