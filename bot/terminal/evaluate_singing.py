"""`songwright evaluate singing`: how songs are sung, beside people's. Does not know how figures are computed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bot.terminal.figures_shown import (
    PATH,
    as_json_option,
    number,
    picture_option,
    print_json,
    print_table,
    progress,
    write_picture,
)
from engine.errors import RequestError

if TYPE_CHECKING:
    from engine.corpus.lead_sheets import SungWork
    from engine.evaluation.peoples_tunes import PeoplesTune
    from engine.evaluation.singing_figures import Goal
    from engine.evaluation.sung_songs import SungSong

    Made = dict[str, list[SungSong]]

Table = dict[str, Any]  # title, columns, rows
PARTS = ("fit", "tunes", "overlap", "length", "chords", "files", "blind")
OF_THE_SONGS = {"fit", "tunes", "overlap", "files", "blind"}  # the other parts have songs of their own
TYPED_SONGS = 20


@click.command("singing")
@click.option(
    "--songs", "count", type=click.IntRange(0, 100), default=100, show_default=True, help="on 10 themes in 10 styles"
)
@click.option(
    "--hymns", type=click.IntRange(0, 1000), default=100, show_default=True, help="held-out hymns; needs --corpus"
)
@click.option("--data", type=PATH, default=None, help="a folder with lead sheets, to measure people's tunes beside")
@click.option("--corpus", type=PATH, default=None, help="texts (.jsonl.gz) whose held-out hymns are sung; needs --data")
@click.option("--only", "parts", type=click.Choice(PARTS), multiple=True, help="this part alone; may be repeated")
@click.option("--lyrics", "lyrics_path", type=PATH, default=None, help="a lyric checkpoint; the one in use by default")
@click.option("--melody", "melody_path", type=PATH, default=None, help="a melody checkpoint; the one in use by default")
@picture_option
@as_json_option
def singing(
    count: int,
    hymns: int,
    data: Path | None,
    corpus: Path | None,
    parts: tuple[str, ...],
    lyrics_path: Path | None,
    melody_path: Path | None,
    picture: Path | None,
    as_json: bool,
) -> None:
    """Make songs and sing held-out hymns, and measure how words, tune, chords and files fit, beside people's.

    fit: words and notes. tunes: their steps and scale. overlap: with people's tunes. length: songs of three minutes in
    every style. chords: songs with typed ones. files: what other programs read. blind: a classifier's reading. Without --data
    there are no figures of people, without --corpus no hymns.

    \b
    Example:  songwright evaluate singing --data data --corpus english.jsonl.gz --picture singing.png
              songwright evaluate singing --songs 0 --only fit --only tunes --data data --corpus english.jsonl.gz
    """
    if corpus is not None and data is None:
        raise RequestError("--corpus needs --data: hymns that the melody model was trained on are left out; name both")
    if picture is not None and parts and "fit" not in parts:
        raise RequestError(f"--picture shows the part fit, and --only asks for {', '.join(parts)}; add --only fit")
    asked = set(parts or PARTS)
    works = _works(data)
    models = _models(lyrics_path, melody_path)
    made: Made = {"songs": [], "hymns": []}
    if asked & OF_THE_SONGS:
        made = _made(models, count, hymns, data, corpus, works)
    tables = list(_tables(asked, made, models, works))
    if as_json:
        print_json({"songs": {name: len(songs) for name, songs in made.items()}, "figures": _nested(tables)})
    else:
        for table in tables:
            rows = [[number(row.get(column, "")) for column in ("", *table["columns"])] for row in table["rows"]]
            print_table(table["title"], ["", *table["columns"]], rows)
    if picture is not None:
        from engine.evaluation.figures_picture import goals_png

        fit = tables[0]
        write_picture(picture, goals_png(f"how songs are sung: {fit['title']}", fit["rows"]))


def _works(data: Path | None) -> list[SungWork]:
    if data is None:
        return []
    from engine.evaluation.peoples_tunes import read_works_to_compare

    return read_works_to_compare(data)


def _models(lyrics_path: Path | None, melody_path: Path | None) -> Any:
    from bot.terminal.evaluate import open_models

    return open_models(lyrics_path, melody_path)


def _made(
    models: Any, count: int, hymns: int, data: Path | None, corpus: Path | None, works: Sequence[SungWork]
) -> Made:
    """Make the songs on ten themes and sing the hymns."""
    from engine.evaluation import sung_songs
    from engine.evaluation.peoples_tunes import texts_trained_on

    requests: dict[str, Sequence[Any]] = {"songs": sung_songs.song_requests(count), "hymns": []}
    if corpus is not None and data is not None and hymns:
        known = texts_trained_on(data, works)
        requests["hymns"] = sung_songs.hymn_requests(sung_songs.hymn_texts(corpus, known, hymns))
    return {name: _sung(f"making {name}", chosen, models) for name, chosen in requests.items()}


def _sung(what: str, requests: Sequence[Any], models: Any) -> list[SungSong]:
    from engine.evaluation.sung_songs import make_sung_songs

    with progress(what) as report:
        return list(make_sung_songs(requests, models, report))


def _tables(asked: set[str], made: Made, models: Any, works: Sequence[SungWork]) -> Iterable[Table]:
    """Yield the tables of the parts that were asked for, in their order; those of people only where there are works."""
    from engine.evaluation.peoples_tunes import peoples_tunes

    tunes = peoples_tunes(works)
    if "fit" in asked:
        yield _fit_table(made, tunes)
    if "tunes" in asked and tunes:
        yield from _shape_tables(made, tunes)
    if "overlap" in asked and tunes:
        yield _overlap_table(made, tunes)
    if "length" in asked:
        yield _long_table(models)
    if "chords" in asked:
        yield _typed_table(models)
    if "files" in asked:
        yield from _files_tables(made)
    if "blind" in asked and tunes and made["songs"]:
        yield from _blind_tables(made["songs"], tunes)


def _long_table(models: Any) -> Table:
    from engine.evaluation import singing_figures as figures
    from engine.evaluation.sung_songs import long_requests

    songs = _sung("making three minutes", long_requests(), models)
    title = f"3:00 asked for, {len(songs)} songs, one in every style"
    return _goal_table(title, {"songs": figures.long_figures(songs)}, figures.LONG_GOALS)


def _typed_table(models: Any) -> Table:
    from engine.evaluation import singing_figures as figures
    from engine.evaluation.sung_songs import typed_requests

    requests = typed_requests(TYPED_SONGS)
    songs = _sung("making songs with typed chords", [request for request, _ in requests], models)
    found = figures.typed_figures(songs, [bars for _, bars in requests])
    return _goal_table(f"chords typed, {len(songs)} songs", {"songs": found}, figures.TYPED_GOALS)


def _files_tables(made: Made) -> Iterable[Table]:
    from engine.evaluation import singing_figures as figures

    with progress("reading files") as report:
        read = {name: figures.files_figures(songs, report) for name, songs in made.items() if songs}
    if read:
        goals = dict.fromkeys(next(iter(read.values())), figures.EXACT)
        yield _goal_table("songs whose syllables are read back at their times", read, goals)


def _fit_table(made: Made, tunes: Sequence[PeoplesTune]) -> Table:
    from engine.evaluation import singing_figures as figures
    from engine.evaluation.peoples_tunes import HELD_OUT

    found = {name: figures.sung_figures(made[name]) for name in ("songs", "hymns") if made[name]}
    judged = list(found)
    held_out = [tune for tune in tunes if tune.split in HELD_OUT]
    if held_out:
        found["people's hymns"] = figures.fit_figures([tune.sheet for tune in held_out if tune.style == "hymn"])
        found["people's songs"] = figures.fit_figures([tune.sheet for tune in held_out if tune.style != "hymn"])
    return _goal_table(
        ", ".join(f"{len(made[name])} {name}" for name in judged) or "no songs", found, figures.FIT_GOALS, judged
    )


def _shape_tables(made: Made, tunes: Sequence[PeoplesTune]) -> Iterable[Table]:
    from engine.evaluation.peoples_tunes import HELD_OUT
    from engine.evaluation.singing_figures import compare_shape

    held_out = [tune for tune in tunes if tune.split in HELD_OUT]
    hymns = [tune for tune in held_out if tune.style == "hymn"]
    for name, people, whose in (("songs", held_out, "held-out tunes"), ("hymns", hymns, "held-out hymns")):
        if made[name] and people:
            found = compare_shape([song.sheet for song in made[name]], [tune.sheet for tune in people])
            rows = [
                {"": figure, "ours": c.ours, "lower quartile": c.lower_quartile, "people": c.people,
                 "upper quartile": c.upper_quartile, "inside": {True: "yes", False: "no", None: "-"}[c.is_inside]}
                for figure, c in found.items()
            ]  # fmt: skip
            yield _table(f"tunes of {len(made[name])} {name} beside {len(people)} {whose}: medians", rows)


def _overlap_table(made: Made, tunes: Sequence[PeoplesTune]) -> Table:
    from engine.evaluation.singing_figures import overlap_rows

    ours = {name: [song.sheet for song in made[name]] for name in ("songs", "hymns")}
    rows = [
        {"": name, "PD": found.pitch, "DD": found.duration, "MD": found.distance}
        for name, found in overlap_rows(ours, tunes).items()
    ]
    return _table("overlap with held-out tunes: pitches, durations (1 is the same); distance (0 is the same)", rows)


def _blind_tables(songs: Sequence[SungSong], tunes: Sequence[PeoplesTune]) -> Iterable[Table]:
    from engine.evaluation.people_or_machine import features_of, giveaways, read_blind
    from engine.evaluation.peoples_tunes import HELD_OUT

    mine = [song.sheet for song in songs]
    theirs = [tune.sheet for tune in tunes if tune.split in HELD_OUT and tune.has_chords]
    found = read_blind(features_of(mine), features_of(theirs))
    low, high = found.interval
    yield _table(
        f"blind reading, {found.sheets} of {len(mine)} songs beside {found.sheets} of {len(theirs)} of people",
        [{"": "told right", "accuracy": found.accuracy, "95 % from": low, "to": high, "mean of 10 draws": found.mean,
          "chance": 0.5, "goal": "<= 0.6", "verdict": "pass" if found.accuracy <= 0.6 else "short"}],
    )  # fmt: skip
    yield _table(
        "what gives our songs away (told: 0.5 not at all, 1 always higher, 0 always lower than people's)",
        [{"": one.name, "told": one.told, "ours": one.ours, "people": one.people} for one in giveaways(mine, theirs)],
    )


def _goal_table(
    title: str, found: Mapping[str, Mapping[str, float]], goals: Mapping[str, Goal], judged: Sequence[str] | None = None
) -> Table:
    """Return a row for each figure: a column for each kind of songs, the goal, and whether the judged ones reach it."""
    from engine.evaluation.singing_figures import verdict

    judged = list(found) if judged is None else judged
    names = dict.fromkeys(name for part in found.values() for name in part)
    rows = []
    for name in names:
        goal = goals.get(name)
        values = [found[column].get(name, float("nan")) for column in judged]
        rows.append({"": name, **{column: part.get(name, float("nan")) for column, part in found.items()},
                     "goal": goal.text if goal else "", "verdict": verdict(goal, values)})  # fmt: skip
    return _table(title, rows)


def _table(title: str, rows: Sequence[Mapping[str, Any]]) -> Table:
    return {"title": title, "columns": [name for name in rows[0] if name] if rows else [], "rows": rows}


def _nested(tables: Iterable[Table]) -> dict[str, dict[str, Any]]:
    return {
        table["title"]: {row[""]: {name: value for name, value in row.items() if name} for row in table["rows"]}
        for table in tables
    }
