"""How figures are shown in the terminal: tables, JSON, progress; and the training text that songs are compared with.

Does not know what is measured.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from engine.errors import EngineError, OutputError, RequestError

PATH = click.Path(path_type=Path)
WIDTH_IN_FILES = 132  # columns, where the table goes to a pipe
INDEX_FOLDER = Path("runs") / "training_text"
as_json_option = click.option("--json", "as_json", is_flag=True, help="print one JSON object and nothing else")
corpus_option = click.option(
    "--corpus", type=PATH, default=None, help="training corpus (.jsonl.gz), to look for lines learned by heart"
)
picture_option = click.option("--picture", type=PATH, default=None, help="write the figures as a picture (PNG)")


def needs_torch() -> None:
    """Say early that PyTorch is missing; RequestError."""
    try:
        import torch  # noqa: F401  # only to say so early
    except ImportError:
        raise RequestError('this needs PyTorch: pip install -c constraints.txt -e ".[train]"') from None


def training_text(corpus: Path) -> Any:
    """Return the index of the corpus, built once and kept below `runs/`."""
    from engine.evaluation.memorisation import TrainingText

    if not corpus.is_file():
        raise RequestError(f"there is no corpus {corpus}; name a .jsonl or .jsonl.gz file of songs")
    kept = INDEX_FOLDER / f"{corpus.name.split('.')[0]}-{corpus.stat().st_size}.npz"
    if kept.is_file():
        return TrainingText.open(kept)
    click.echo(f"indexing {corpus.name}; this takes a minute, once", err=True)
    training = TrainingText.of_corpus(corpus)
    try:
        training.save(kept)
    except (EngineError, OSError) as error:  # such as a worker's folder, which is not for writing
        click.echo(f"the index is not kept, so the next command makes it again: {error}", err=True)
    return training


@contextmanager
def progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """Show done out of total on standard error where it is a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
        bar = bars.add_task(what, total=None)
        yield lambda done, total: bars.update(bar, completed=done, total=total)


def show(title: str, rows: Sequence[Mapping[str, Any]], as_json: bool) -> None:
    """Print rows as a table, or as JSON."""
    if as_json:
        print_json({"title": title, "rows": list(rows)})
        return
    columns = list(dict.fromkeys(name for row in rows for name in row))
    print_table(title, columns, [[str(row.get(name, "")) for name in columns] for row in rows])


def print_json(found: Mapping[str, Any]) -> None:
    """Print JSON; a figure that is not there (NaN) is null."""
    click.echo(json.dumps(without_nan(found), indent=2, ensure_ascii=False))


def without_nan(value: Any) -> Any:
    """Return the same value with None for NaN."""
    if isinstance(value, Mapping):
        return {name: without_nan(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [without_nan(inner) for inner in value]
    return None if isinstance(value, float) and math.isnan(value) else value


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table, whole where it goes to a pipe."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title, title_justify="left")
    for place, column in enumerate(columns):
        table.add_column(column, justify="left" if place == 0 else "right", overflow="fold")
    for row in rows:
        table.add_row(*row)
    console = Console()
    (console if console.is_terminal else Console(width=WIDTH_IN_FILES)).print(table)


def number(value: Any) -> str:
    """Return a figure for people; "-" where there is none."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "-"
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def write_picture(path: Path, picture: bytes) -> None:
    """Write a picture whole or not at all, and say where; OutputError where that is not possible."""
    draft = path.with_name(f".{path.name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.write_bytes(picture)
        draft.replace(path)
    except OSError as error:
        raise OutputError(f"the picture cannot be written to {path}: {error.strerror}; name another file") from error
    click.echo(f"wrote {path}", err=True)
