"""Promises of `songwright corpus`: from a table of songs to a prepared folder and its export, each step said."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot.terminal.corpus import FORMATS, FORMS, SPLITS
from engine.corpus.fine_tuning_export import EXPORTS
from engine.corpus.importers import FORMATS as IMPORTERS
from engine.corpus.prepared_songs import SPLITS as PREPARED
from tests.bot.conftest import Terminal

WORDS = "rain sea night harbour light river moon sailor bird road winter garden heart train window".split()


@pytest.fixture
def songs(terminal: Terminal) -> Path:
    rows = ["artist,song,link,text"]
    for n in range(24):
        picked = [(WORDS[(n + k) % 15], WORDS[(n * k + 3) % 15], WORDS[(n * 7 + k) % 15]) for k in range(6)]
        lines = "\n".join(f"the {a} was {b} and {c} {n}" for a, b, c in picked)
        rows.append(
            f'Artist {n % 3},Song {n},/s/{n}.html,"[Verse 1: Ann]\n{lines}\n\n[Chorus]\nsing of the {WORDS[n % 15]}\n"'
        )
    rows.insert(3, "broken")
    path = terminal.folder / "songs.csv"
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


def test_a_table_is_imported_prepared_counted_and_exported(terminal: Terminal, songs: Path) -> None:
    done = terminal.run("corpus", "import", "songs.csv", "--licence", "CC0-1.0", "--out", "songs.jsonl.gz")
    assert done.code == 0, done.err
    assert "1 row skipped: it has not as many columns as the head" in done.out
    assert "songs.csv, line 24" in done.out
    assert "broken" in done.out
    done = terminal.run("corpus", "prepare", "songs.jsonl.gz", "--out", "made", "--valid", "0.2", "--test", "0.2")
    assert done.code == 0, done.err
    assert "CC0-1.0" in done.out
    assert sorted(path.name for path in (terminal.folder / "made").iterdir()) == [
        "origins.jsonl.gz", "report.json", "statistics.json", "statistics.png", "test.jsonl.gz", "train.jsonl.gz", "valid.jsonl.gz",
    ]  # fmt: skip
    done = terminal.run("corpus", "stats", "made", "--json", "--picture", "again.png")
    numbers = json.loads(done.out)
    assert sum(numbers[split]["songs"] for split in SPLITS) == 24
    assert (terminal.folder / "again.png").read_bytes() == (terminal.folder / "made" / "statistics.png").read_bytes()
    shown = terminal.run("corpus", "stats", "made").out
    assert f"{numbers['train']['lines']:,}" in shown
    assert "Artist 1" in shown
    done = terminal.run("corpus", "export", "made", "--out", "tune.jsonl", "--format", "chat", "--split", "train")
    assert done.out == f"wrote {numbers['train']['songs']} examples to tune.jsonl\n"


def test_json_says_what_people_read(terminal: Terminal, songs: Path) -> None:
    given = ["--licence", "PD", "--source", "web", "--language", "de", "--artists", "Artist 0, Artist 9", "--json"]
    found = json.loads(terminal.run("corpus", "import", "songs.csv", "--out", "a.jsonl", *given).out)
    assert (found["imported"], found["left_out"], found["bad"]) == (
        8,
        16,
        {"it has not as many columns as the head": 1},
    )
    assert list(found["unknown_artists"]) == ["Artist 9"]
    record = json.loads((terminal.folder / "a.jsonl").read_text(encoding="utf-8").splitlines()[0])
    assert (record["licence"], record["source"], record["language"]) == ("PD", "web", "de")
    top = terminal.run("corpus", "import", "songs.csv", "--out", "b.jsonl", "--licence", "PD", "--top-artists", "1")
    assert "songs written" in top.out
    report = json.loads(
        terminal.run("corpus", "prepare", "a.jsonl", "--out", "made", "--language", "any", "--json").out
    )
    assert report["kept"] == 8


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["import", "nowhere.csv", "--licence", "x", "--out", "a.jsonl"], "nowhere.csv"),
        (["import", "songs.csv", "--licence", "x", "--out", "a.csv"], "must end in .jsonl"),
        (
            ["import", "songs.csv", "--licence", "x", "--out", "a.jsonl", "--artists", "A", "--top-artists", "3"],
            "exclude",
        ),
        (["import", "songs.csv", "--licence", "x", "--out", "a.jsonl", "--artists", "list.txt"], "no file list.txt"),
        (["import", "songs.csv", "--out", "a.jsonl"], "--licence"),
        (["prepare", "nowhere.jsonl", "--out", "made"], "nowhere.jsonl"),
        (["prepare", "songs.csv", "--out", "made"], "no song is left"),
        (["stats", "nowhere"], "corpus prepare"),
        (["export", "nowhere", "--out", "a.jsonl", "--format", "chat"], "corpus prepare"),
    ],
)
def test_what_is_missing_is_said_in_one_line(terminal: Terminal, songs: Path, arguments: list[str], said: str) -> None:
    outcome = terminal.run("corpus", *arguments)
    assert outcome.code == 2
    assert said in outcome.err
    assert outcome.out == ""
    assert terminal.files() in (["songs.csv"], ["made", "songs.csv"])


def test_choices_are_those_that_the_engine_has() -> None:
    assert set(FORMATS) == {"auto", *IMPORTERS}
    assert set(FORMS) == set(EXPORTS)
    assert SPLITS == PREPARED
