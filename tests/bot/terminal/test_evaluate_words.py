"""Promises of `songwright evaluate words|text` and `songwright compare`: figures as JSON, the same from kept songs."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from bot.terminal.compare import compare
from bot.terminal.evaluate import evaluate
from engine.corpus.prepared_songs import write_songs
from engine.errors import RequestError
from engine.lyrics.plain_songs import PlainSection, PlainSong
from engine.training.markov import train_markov
from engine.training.text_training import TextTraining
from tests.completions_server import completions_server

if TYPE_CHECKING:
    import click

    from tests.tiny_models import TinyModels

SEA = "the rain is over the sea and the wind is low"
LAND = "a road goes down to the town where the lamps all glow"


def run(command: click.Command, *words: str | Path) -> Any:
    """Run a command and return the JSON object that it prints."""
    return json.loads(call(command, *words, "--json").stdout)


def call(command: click.Command, *words: str | Path) -> Any:
    """Run a command to its good end; errors for people are raised."""
    result = CliRunner().invoke(command, [*map(str, words)], catch_exceptions=False)
    assert result.exit_code == 0
    return result


@pytest.fixture(scope="module")
def kept(tiny_models: TinyModels, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    """Write a few songs; return their file and the figures computed at once."""
    path = tmp_path_factory.mktemp("kept") / "songs.jsonl"
    options = ["--songs", "3", "--one-prompt", "2", "--lyrics", tiny_models.lyrics, "--keep", path]
    return path, run(evaluate, "words", *options)


def test_figures_of_kept_songs_are_those_computed_at_once(kept: tuple[Path, Any]) -> None:
    path, figures = kept
    assert run(evaluate, "words", "--from", path) == figures
    assert figures["figures"]["songs"]["length accuracy"] == 1.0
    assert figures["verdicts"]["songs"]["structure accuracy"] == "pass"
    assert len(path.read_text(encoding="utf-8").splitlines()) == 5


def test_a_corpus_puts_people_and_a_picture_beside(
    kept: tuple[Path, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = "\n".join(f"{SEA} {i}\n{LAND}" for i in range(8))
    rows = [{"id": str(i), "work": str(i), "kind": "song", "title": "", "author": "", "text": text} for i in range(80)]
    (tmp_path / "songs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    found = run(evaluate, "words", "--from", kept[0], "--corpus", "songs.jsonl", "--picture", "deep/words.png")
    assert found["figures"]["people"]["repetition"] > 0
    assert found["figures"]["songs"]["longest shared run (words)"] >= 0
    assert found["verdicts"]["songs"]["repetition"] == "pass"
    assert (tmp_path / "deep" / "words.png").read_bytes().startswith(b"\x89PNG")


def test_a_file_of_songs_does_not_differ_from_itself(kept: tuple[Path, Any], tmp_path: Path) -> None:
    found = run(compare, kept[0], kept[0], "--picture", tmp_path / "difference.png")
    assert found["paired"]
    assert {row["verdict"] for row in found["figures"]} == {"no difference"}
    assert (tmp_path / "difference.png").read_bytes().startswith(b"\x89PNG")


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return a folder of prepared plain songs and a model that counted them."""
    folder = tmp_path_factory.mktemp("plain")
    for split in ("train", "valid", "test"):
        verses = tuple(PlainSection(f"Verse {i}", (f"{i} {SEA}", f"{i} {LAND}", SEA)) for i in range(1, 4))
        write_songs(folder / "data", split, [PlainSong("Ann", f"Song {i}", verses) for i in range(4)])  # type: ignore[arg-type]  # a split
    training = TextTraining(family="markov", data=folder / "data", out=folder / "run", order=3)
    return folder / "data", train_markov(training, lambda line: None)


def test_a_family_of_plain_songs_is_measured_in_bits_and_by_what_it_writes(
    plain: tuple[Path, Path], tmp_path: Path
) -> None:
    data, model = plain
    keep = tmp_path / "free.jsonl"
    found = run(evaluate, "text", model, "--data", data, "--songs", "3", "--keep", keep)
    bits = found["figures"]["valid"]["bits per byte, plain text"]
    assert 0 < bits < 3
    assert bits == found["figures"]["test"]["bits per byte, plain text"]  # the same songs here
    assert 0 <= found["figures"]["songs"]["labels parse"] <= 1
    assert run(evaluate, "text", model, "--data", data, "--from", keep) == found


def test_two_families_are_compared_in_bits_too(plain: tuple[Path, Path]) -> None:
    data, model = plain
    found = run(compare, model, model, "--songs", "10", "--data", data)
    assert found["figures"][0]["name"] == "bits per byte, plain text"
    assert {row["verdict"] for row in found["figures"]} == {"no difference"}


def _costs(prompt: str) -> list[float]:
    return [2.0] * len(prompt)  # nats of every letter


def test_a_server_is_measured_in_bits_where_it_says_them(plain: tuple[Path, Path]) -> None:
    with completions_server() as server:
        server.costs = _costs
        options = ["--data", plain[0], "--songs", "2", "--price-out", "1000000"]
        result = call(evaluate, "text", server.url, *options, "--json")
    found = json.loads(result.stdout)["figures"]
    for split in ("valid", "test"):  # all letters are single bytes here
        assert found[split]["bits per byte, plain text"] == pytest.approx(2.0 / math.log(2))
    assert found["songs"]["labels parse"] >= 0
    assert "18 answers" in result.stderr  # two for each of 8 held-out songs, and two songs
    assert "cost 56.000000" in result.stderr  # 16 x 1 token and 2 x 20


def test_a_server_without_bits_is_measured_by_what_it_writes(plain: tuple[Path, Path]) -> None:
    with completions_server() as server:
        result = call(evaluate, "text", server.url, "--data", plain[0], "--songs", "2", "--json")
    found = json.loads(result.stdout)["figures"]
    assert set(found) == {"songs", "people"}
    assert result.stderr.count("no bits per byte") == 1


@pytest.mark.parametrize("has_bits", [True, False])
def test_a_model_here_is_compared_with_one_on_a_server(plain: tuple[Path, Path], has_bits: bool) -> None:
    data, model = plain
    with completions_server() as server:
        server.models, server.costs = ["small", "large"], _costs if has_bits else None
        options = ["--model", "large", "--songs", "10", "--data", data]
        found = json.loads(call(compare, model, server.url, *options, "--json").stdout)
    assert {body["model"] for _, _, body in server.asked if body} == {"large"}
    assert found["paired"]
    assert found["second"] == server.url
    rows = {row["name"]: row for row in found["figures"]}
    assert ("bits per byte, plain text" in rows) == has_bits
    assert rows["repetition"]["interval"][0] <= rows["repetition"]["difference"] <= rows["repetition"]["interval"][1]
    if has_bits:
        assert rows["bits per byte, plain text"]["verdict"] == "better"


def test_two_models_of_servers_are_compared_each_by_its_name(plain: tuple[Path, Path]) -> None:
    with completions_server() as server:
        server.models = ["small", "large"]
        places = [f"{server.url}/v1#small", f"{server.url}/v1#large"]
        found = json.loads(call(compare, *places, "--songs", "10", "--json").stdout)
    assert [found["first"], found["second"]] == places
    assert {body["model"] for _, _, body in server.asked} == {"small", "large"}
    assert {row["verdict"] for row in found["figures"]} == {"no difference"}


def test_a_server_stands_on_the_ladder_if_it_says_bits(plain: tuple[Path, Path]) -> None:
    with completions_server() as server:
        with pytest.raises(RequestError, match="no bits per byte"):
            call(evaluate, "baselines", "--data", plain[0], "--model", f"{server.url}/v1#tiny")
        server.costs = _costs
        rows = run(evaluate, "baselines", "--data", plain[0], "--model", f"{server.url}/v1#tiny")["rows"]
    assert rows[-1]["model"] == f"remote tiny at {server.url}/v1"
    assert rows[-1]["bits per byte"] == pytest.approx(2.0 / math.log(2), abs=1e-4)


@pytest.mark.parametrize(
    "command",
    [["words", "--from", "nowhere"], ["words", "--from", "nowhere", "--keep", "songs.jsonl"]],
)
def test_what_is_missing_is_said(command: list[str]) -> None:
    with pytest.raises(RequestError, match=r"nowhere|leave out"):
        CliRunner().invoke(evaluate, command, catch_exceptions=False)


def test_a_side_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="nowhere"):
        CliRunner().invoke(compare, [str(tmp_path / "nowhere"), str(tmp_path)], catch_exceptions=False)
