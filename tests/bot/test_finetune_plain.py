"""`songwright finetune lyrics --from` a model of plain songs: its candidate is measured, and the gate says by what."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("trl")

from engine.checkpoint import open_checkpoint
from tests.bot.conftest import Terminal
from tests.rated_plain_songs import plain_ratings
from tests.tiny_hf_models import write_tiny_model, write_tiny_songs
from tests.two_processes import in_two_processes

# TRL, peft and transformers warn of each other's names
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning", "ignore::DeprecationWarning")

STEPS = "--steps 6 --rate 0.003 --kl-limit 9 --threads 1".split()


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return the folders of a snapshot, of a model that transformers wrote and of prepared songs."""
    folder = tmp_path_factory.mktemp("plain")
    return {
        "snapshot": str(plain_ratings(folder / "snapshots").directory),
        "parent": str(write_tiny_model(folder / "gpt2", "gpt2")),
        "songs": str(write_tiny_songs(folder / "songs")),
    }


def figures(found: str) -> dict[str, Any]:
    """Return what a command printed as JSON."""
    shown: dict[str, Any] = json.loads(found)["figures"]
    return shown


def test_a_candidate_is_measured_compared_and_not_let_into_the_gate(
    asked: dict[str, str], terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    candidate = str(tmp_path / "run" / "checkpoint")
    told = terminal.run("finetune", "lyrics", "--snapshot", asked["snapshot"], "--from", asked["parent"], "--out",
                        str(tmp_path / "run"), *STEPS)  # fmt: skip
    assert told.code == 0, told.err
    assert f"Next: songwright compare {asked['parent']} {candidate} --data PREPARED" in told.out

    measured = terminal.run("evaluate", "text", candidate, "--data", asked["songs"], "--songs", "0", "--json")
    assert figures(measured.out)["test"]["bits per byte, plain text"] > 0
    monkeypatch.setattr("engine.lyrics.plain_writer.IDS_PER_LINE", 1)  # a random model finds no end by itself
    compared = terminal.run("compare", asked["parent"], candidate, "--data", asked["songs"], "--songs", "10", "--texts",
                            "10", "--json")  # fmt: skip
    assert "bits per byte, plain text" in {row["name"] for row in json.loads(compared.out)["figures"]}

    refused = terminal.run("gate", candidate, "--snapshot", asked["snapshot"])
    assert refused.code == 2
    assert f"songwright compare PARENT {candidate}" in refused.err


def test_what_is_for_models_that_songs_are_made_with_is_refused(
    asked: dict[str, str], terminal: Terminal, tmp_path: Path
) -> None:
    whole = [
        "finetune",
        "lyrics",
        "--snapshot",
        asked["snapshot"],
        "--from",
        asked["parent"],
        "--out",
        str(tmp_path / "r"),
    ]
    for option, sentence in (("--judged=5", "--judged must be 0"), ("--adapter", "leave --adapter away")):
        refused = terminal.run(*whole, option)
        assert refused.code == 2
        assert sentence in refused.err
    assert not (tmp_path / "r").exists()


def test_two_processes_learn_what_one_would(asked: dict[str, str], terminal: Terminal, tmp_path: Path) -> None:
    """And one of them writes: a second log, or a second candidate, would be an error."""
    words = ["finetune", "lyrics", "--snapshot", asked["snapshot"], "--from", asked["parent"], *STEPS]
    done = in_two_processes("-m", "bot", *words, "--out", str(tmp_path / "two"))
    assert done.out.count("wrote ") == done.out.count("Next: ") == 1
    assert terminal.run(*words, "--out", str(tmp_path / "one")).code == 0

    one, two = (open_checkpoint(tmp_path / name / "checkpoint") for name in ("one", "two"))
    assert two.card["rows"] == one.card["rows"]
    assert two.card["kl_per_id"] == pytest.approx(one.card["kl_per_id"], rel=0.05)
    logs = [(tmp_path / name / "run" / "log.jsonl").read_text().splitlines() for name in ("one", "two")]
    assert len(logs[0]) == len(logs[1])
    losses = [[row["loss"] for row in map(json.loads, log) if "loss" in row] for log in logs]
    assert losses[1] == pytest.approx(losses[0], abs=1e-3)  # the same rows in the same order
    assert figures(
        terminal.run("evaluate", "text", str(two.directory), "--data", asked["songs"], "--songs", "0", "--json").out
    )
