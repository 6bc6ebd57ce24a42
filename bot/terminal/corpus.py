"""`songwright corpus`: import, prepare, count and export collections of songs. Does not know how any of it is done."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bot.terminal.remember import remember
from bot.terminal.shown import NONE, as_json_option, count_text, pairs, print_json, print_shown, section, table

if TYPE_CHECKING:
    from engine.corpus.import_songs import ImportReport

PATH = click.Path(path_type=Path)
FORMATS = ("auto", "csv", "jsonl", "texts", "labelled")
FORMS = ("completions", "chat")
SPLITS = ("train", "valid", "test")
SHOWN_ARTISTS = 20


@click.group()
def corpus() -> None:
    """Bring songs of your own: import them, clean and split them, look at them.

    \b
      songwright corpus import songs.csv --licence "private use" --out songs.jsonl.gz
      songwright corpus prepare songs.jsonl.gz --out corpora/songs
      songwright corpus stats corpora/songs
      songwright train lyrics --help                  what can be trained on it
    """


corpus.add_command(remember)


@corpus.command("import")
@click.argument("source", type=PATH)
@click.option("--out", type=PATH, required=True, help="the file to write, .jsonl.gz or .jsonl")
@click.option(
    "--licence", required=True, help='of songs that do not bring their own, such as "CC0-1.0" or "private use"'
)
@click.option("--format", "form", type=click.Choice(FORMATS), default="auto", show_default=True, help="of the source")
@click.option("--source", "source_name", default=None, help="where the songs are from  [the name of the file]")
@click.option("--language", default="en", show_default=True, help="of songs that do not say theirs")
@click.option(
    "--artists", default=None, metavar="FILE|NAMES", help="only these: a file, one per line, or a list with commas"
)
@click.option(
    "--top-artists", type=click.IntRange(1), default=None, help="only the artists with most songs, such as 64"
)
@as_json_option
def import_command(
    source: Path,
    out: Path,
    licence: str,
    form: str,
    source_name: str | None,
    language: str,
    artists: str | None,
    top_artists: int | None,
    as_json: bool,
) -> None:
    """Turn a collection of songs into records with source and licence, one per line.

    \b
    csv       a table with a head, artist,song,link,text: the words in quotes, over many lines
    jsonl     an object per line with text or lyrics, title and artist
    texts     a folder: Artist/Title.txt, or Artist - Title.txt
    labelled  a file of songs under <<Artist - Title>>

    Labels such as [Verse 1: Ann] or (Chorus x2) are understood in all of them, and repeats are written out. Rows that are
    broken are counted, shown and skipped.
    """
    from engine.corpus.artist_choice import read_artists
    from engine.corpus.import_songs import ImportRequest, import_songs

    names = read_artists(artists) if artists is not None else ()
    request = ImportRequest(source, out, licence, form, source_name, language, names, top_artists or 0)
    with _bar() as show:
        found = import_songs(request, _bytes_of(source, 2 if top_artists else 1, show))
    if as_json:
        print_json(found.as_object() | {"out": str(out)})
    else:
        _print_import(found, out)


@corpus.command()
@click.argument("files", type=PATH, nargs=-1, required=True)
@click.option("--out", type=PATH, required=True, help="the folder to write")
@click.option("--language", default="en", show_default=True, help="songs in others are left out; `any` keeps all")
@click.option("--keep-near-duplicates", is_flag=True, help="keep them, on one side of the splits")
@click.option("--valid", type=float, default=0.02, show_default=True, help="share of works held out for validation")
@click.option("--test", type=float, default=0.02, show_default=True, help="share of works held out for tests")
@click.option("--shortest-lines", type=int, default=4, show_default=True, help="songs of fewer lines are left out")
@as_json_option
def prepare(files: tuple[Path, ...], out: Path, as_json: bool, **given: Any) -> None:
    """Clean songs, drop those that are there twice, and split them so that no work is on two sides.

    FILES are what `songwright corpus import` wrote. The same files give the same folder, byte by byte: train, valid and
    test, origins (work, source and licence of each song), report.json with every count, statistics as numbers and picture.
    """
    from engine.corpus.prepare_songs import Preparation, prepare_songs
    from engine.corpus.statistics import count_songs, write_statistics

    asked = Preparation(files, out, **given)
    with _bar() as show:
        report = prepare_songs(asked, show)
        write_statistics(out, count_songs(out, show))
    if as_json:
        print_json(report)
    else:
        _print_preparation(report, out)


@corpus.command()
@click.argument("folder", type=PATH)
@click.option("--picture", type=PATH, default=None, metavar="PNG", help="draw it, too")
@as_json_option
def stats(folder: Path, picture: Path | None, as_json: bool) -> None:
    """Count what a prepared folder holds: songs, lines, words, artists, sections, rhymes, by split."""
    from engine.corpus.statistics import count_songs

    with _bar() as show:
        found = count_songs(folder, show)
    if picture is not None:
        from engine.corpus.song_files import written_whole
        from engine.corpus.statistics_picture import statistics_png

        with written_whole(picture) as file:
            file.write(statistics_png(found))
    numbers: dict[str, Any] = {split: statistics.as_object() for split, statistics in found.items()}
    if as_json:
        print_json(numbers)
    else:
        _print_statistics(numbers)


@corpus.command()
@click.argument("folder", type=PATH)
@click.option("--out", type=PATH, required=True, help="the file to write, .jsonl")
@click.option("--format", "form", type=click.Choice(FORMS), required=True, help="what the server takes")
@click.option("--split", type=click.Choice(SPLITS), default="train", show_default=True)
def export(folder: Path, out: Path, form: str, split: Any) -> None:
    """Write a split as fine-tuning examples for servers with the OpenAI-compatible interface.

    Look at `licences` in report.json before songs leave your machine.
    """
    from engine.corpus.fine_tuning_export import export_songs

    count = export_songs(folder, split, out, form)
    click.echo(f"wrote {count_text(count, 'example')} to {out}")


@contextmanager
def _bar() -> Iterator[Callable[[str, int, int], None]]:
    """Show what is done, how far and out of how much (0: unknown) on standard error where it is a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("reading", total=None)

        def show(what: str, done: int, total: int) -> None:
            if progress.tasks[task].description != what:
                progress.reset(task, description=what)
            progress.update(task, completed=done, total=total or None)

        yield show


def _bytes_of(source: Path, times: int, show: Callable[[str, int, int], None]) -> Callable[[int], None]:
    """Return a report of bytes read that is shown as a share of the source, read so many times."""
    files = [source] if source.is_file() else source.rglob("*.txt")
    total, done = sum(file.stat().st_size for file in files if file.is_file()) * times, 0

    def report(count: int) -> None:
        nonlocal done
        done += count
        show("importing", done, total)

    return report


def _print_import(found: ImportReport, out: Path) -> None:
    print_shown(pairs({"rows": f"{found.rows:,}", "songs written": f"{found.imported:,}", "artists": f"{found.artists:,}",
                       "of other artists": f"{found.left_out:,}", "bad rows": f"{sum(found.bad.values()):,}",
                       "credit lines left out": f"{found.credit_lines:,}",
                       "other lines in brackets left out": f"{found.note_lines:,}"}))  # fmt: skip
    for name, near in found.unknown_artists.items():
        click.echo(f"Nobody is called {name}" + (f"; did you mean {', '.join(near)}?" if near else "."))
    click.echo("")
    for why, count in sorted(found.bad.items(), key=lambda item: -item[1]):
        rows = [[f"{quote.file}, line {quote.line}", quote.start] for quote in found.quotes if quote.why == why]
        print_shown(section(f"{count_text(count, 'row')} skipped: {why}", table(("where", "begins with"), rows)))
    click.echo(f"wrote {out}")


def _print_preparation(report: Mapping[str, Any], out: Path) -> None:
    print_shown(pairs({"read": f"{report['read']:,}", "kept": f"{report['kept']:,}",
                       **{f"dropped: {why}": f"{n:,}" for why, n in report["dropped"].items()},
                       **{f"lines dropped: {why}": f"{x['lines']:,}" for why, x in report["lines_dropped"].items()}}))  # fmt: skip
    rows = [[split, f"{x['songs']:,}", f"{x['works']:,}"] for split, x in report["splits"].items()]
    print_shown("", table(("split", "songs", "works"), rows, right=("songs", "works")))
    for what in ("licences", "sources"):
        print_shown(
            "", table((what, "songs"), [[name, f"{n:,}"] for name, n in report[what].items()], right=("songs",))
        )
    for warning in report["warnings"]:
        click.echo(f"Note: {warning}.")
    click.echo(f"wrote {out}; look at {out / 'statistics.png'}")


def _print_statistics(numbers: Mapping[str, Mapping[str, Any]]) -> None:
    splits = list(numbers)
    rows = [[name.replace("_", " "), *(f"{numbers[split][name]:,}" for split in splits)]
            for name in ("songs", "lines", "words", "characters", "vocabulary", "artists")]  # fmt: skip
    rows += [[name.replace("_", " "), *(_spread(numbers[split][name]) for split in splits)]
             for name in ("lines_per_song", "words_per_line")]  # fmt: skip
    rows.append(["lines that rhyme", *(_share(numbers[split]["rhymed_share"]) for split in splits)])
    rows += [[f"sections: {kind}", *(f"{numbers[split]['sections'].get(kind, 0):,}" for split in splits)]
             for kind in _kinds(numbers)]  # fmt: skip
    print_shown(table(("", *splits), rows, right=splits))
    click.echo("lines per song, words per line: median (middle half), most")
    artists = numbers["train"]["top_artists"][:SHOWN_ARTISTS]
    print_shown("", table(("artist (train)", "songs"), [[name, f"{n:,}"] for name, n in artists], right=("songs",)))


def _kinds(numbers: Mapping[str, Mapping[str, Any]]) -> Sequence[str]:
    return list(dict.fromkeys(kind for found in numbers.values() for kind in found["sections"]))


def _spread(found: Mapping[str, float]) -> str:
    return f"{found['median']} ({found['quarter']}-{found['three_quarters']}), {found['most']}"


def _share(share: float | None) -> str:
    return NONE if share is None or math.isnan(share) else f"{share:.1%}"
