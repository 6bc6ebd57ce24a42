"""Promises of `songwright models`: a checkpoint is looked at before songs are made with it; every act says what follows."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.bot.conftest import Outcome, Terminal
from tests.tiny_adapters import write_tiny_adapter
from tests.tiny_chinese import write_tiny_chinese_model
from worker.store import model_versions
from worker.store.database import open_store

if TYPE_CHECKING:
    from tests.tiny_models import TinyModels

SERVER = "71000000000000001"


def found(outcome: Outcome) -> dict:
    assert outcome.code == 0, outcome.err
    return json.loads(outcome.out)


def added(terminal: Terminal, path: Path) -> str:
    return found(terminal.run("models", "add", str(path), "--json"))["id"]


def states(terminal: Terminal) -> dict[str, str]:
    versions = found(terminal.run("models", "list", "--json"))["versions"]
    return {version["id"]: version["state"] for version in versions}


def test_before_any_model_is_added_the_starters_are_in_use(terminal: Terminal) -> None:
    listed = found(terminal.run("models", "list", "--json"))
    assert [(s["role"], s["in_use"]) for s in listed["starters"]] == [
        ("lyrics", True),
        ("melody", True),
        ("chinese", True),
        ("music", True),
    ]
    assert listed["versions"] == []
    shown = terminal.run("models", "list", "--role", "lyrics").out
    assert "in use" in shown
    assert "melody" not in shown
    assert "songwright models add PATH" in shown


def test_a_model_goes_from_candidate_to_trial_to_use_and_back(terminal: Terminal, tiny_models: TinyModels) -> None:
    said = terminal.run("models", "add", str(tiny_models.lyrics)).out
    (version,) = states(terminal)
    assert f"lyrics model {version}" in said
    assert f"songwright models trial {version} --share 0.1" in said
    assert "at most 0.5" in terminal.run("models", "trial", version, "--share", "0.9").err
    assert terminal.run("models", "trial", version, "--share", "0.25").out.startswith(f"{version} makes 25 %")
    assert "trial, 25 % of the songs" in terminal.run("models", "list").out
    assert "on trial for 25 %" in terminal.run("stats").out
    assert found(terminal.run("models", "trial", version, "--end", "--json"))["state"] == "candidate"
    assert "makes the lyrics of all next songs" in terminal.run("models", "promote", version).out
    assert states(terminal) == {version: "promoted"}
    assert terminal.run("models", "rollback", "lyrics").out == "The starter makes the lyrics of all next songs.\n"
    assert found(terminal.run("models", "promote", version, "--json"))["promoted_at"] is not None
    assert "the starter makes the lyrics" in terminal.run("models", "retire", version).out
    assert states(terminal) == {version: "retired"}


def test_a_model_of_chinese_lyrics_goes_into_use_and_back(terminal: Terminal, tmp_path: Path) -> None:
    version = added(terminal, write_tiny_chinese_model(tmp_path / "chinese"))
    assert terminal.run("models", "promote", version).code == 0
    assert states(terminal) == {version: "promoted"}
    assert terminal.run("models", "rollback", "chinese").out == "The starter makes the chinese of all next songs.\n"


def test_a_rollback_goes_to_the_one_before(terminal: Terminal, tiny_models: TinyModels, tmp_path: Path) -> None:
    first, second = added(terminal, tiny_models.melody), added(terminal, other_melody(tmp_path / "other"))
    for version in (first, second):
        assert terminal.run("models", "promote", version).code == 0
    assert states(terminal) == {first: "retired", second: "promoted"}
    assert found(terminal.run("models", "rollback", "melody", "--json"))["id"] == first
    assert states(terminal) == {first: "promoted", second: "retired"}


def test_a_model_is_shown_with_its_card(terminal: Terminal, tiny_models: TinyModels, tmp_path: Path) -> None:
    parent = added(terminal, tiny_models.melody)
    child = other_melody(tmp_path / "other")
    digest = found(terminal.run("models", "add", str(child), "--parent", parent, "--json"))["digest"]
    shown = terminal.run("models", "show", digest).out
    assert parent in shown
    assert '"name": "another tiny melody model"' in shown
    assert found(terminal.run("models", "show", digest, "--json"))["parent_id"] == parent
    again = found(terminal.run("models", "add", str(child), "--json"))
    assert again["digest"] == digest
    assert len(states(terminal)) == 2


def test_what_no_song_can_be_made_with_is_not_added(
    terminal: Terminal, tiny_models: TinyModels, tmp_path: Path
) -> None:
    damaged = Path(shutil.copytree(tiny_models.lyrics, tmp_path / "damaged"))
    (damaged / "model.safetensors").write_bytes(b"no weights")
    for path, said in (
        (tmp_path / "nowhere", "there is no model directory"),
        (damaged, "is damaged or was changed"),
        (other_melody(tmp_path / "nan", weight=float("nan")), "not all numbers"),
        (other_melody(tmp_path / "words", vocabulary=50), "neither a lyric model"),
    ):
        outcome = terminal.run("models", "add", str(path))
        assert (outcome.code, outcome.out) == (1, "")
        assert said in outcome.err
    assert states(terminal) == {}


@pytest.mark.parametrize("act", [["promote"], ["trial", "--share", "0.1"]])
def test_a_checkpoint_that_has_gone_bad_is_not_put_to_use(
    terminal: Terminal, tiny_models: TinyModels, tmp_path: Path, act: list[str]
) -> None:
    path = other_melody(tmp_path / "other")
    version = added(terminal, path)
    (path / "model.safetensors").write_bytes(b"no weights")
    refused = terminal.run("models", act[0], version, *act[1:])
    assert (refused.code, "is damaged" in refused.err) == (1, True)
    shutil.rmtree(path)
    shutil.copytree(tiny_models.melody, path)
    refused = terminal.run("models", act[0], version, *act[1:])
    assert (refused.code, "put that back" in refused.err) == (1, True)
    assert states(terminal) == {version: "candidate"}


def test_a_rollback_to_what_is_gone_changes_nothing(
    terminal: Terminal, tiny_models: TinyModels, tmp_path: Path
) -> None:
    path = other_melody(tmp_path / "other")
    first, second = added(terminal, path), added(terminal, tiny_models.melody)
    for version in (first, second):
        assert terminal.run("models", "promote", version).code == 0
    shutil.rmtree(path)
    assert terminal.run("models", "rollback", "melody").code == 1
    assert states(terminal) == {first: "retired", second: "promoted"}


def test_an_adapter_is_put_to_use_in_its_server_and_taken_back(
    terminal: Terminal, tiny_models: TinyModels, tmp_path: Path
) -> None:
    base = added(terminal, tiny_models.lyrics)
    paths = [write_tiny_adapter(tmp_path / str(number), tiny_models.lyrics, number) for number in range(2)]
    refused = terminal.run("models", "add", str(paths[0]))
    assert (refused.code, "--server ID" in refused.err) == (2, True)
    said = terminal.run("models", "add", str(paths[0]), "--server", SERVER).out
    assert f"is here in the server {SERVER}: candidate" in said
    assert "models trial" not in said
    first, second = (found(terminal.run("models", "add", str(path), "--server", SERVER, "--json")) for path in paths)
    assert (first["server"], first["role"], first["parent_id"]) == (SERVER, "lyrics", base)
    assert "trials are for everybody" in terminal.run("models", "trial", first["id"], "--share", "0.1").err
    said = terminal.run("models", "promote", first["id"]).out
    assert f"makes the lyrics of all next songs in the server {SERVER}." in said
    assert f"songwright models rollback lyrics --server {SERVER}" in said
    assert terminal.run("models", "promote", second["id"]).code == 0
    assert states(terminal) == {base: "candidate", first["id"]: "retired", second["id"]: "promoted"}
    listed = terminal.run("models", "list", "--role", "lyrics").out
    assert re.search(r"starter +lyrics +- +in use", listed)
    assert re.search(rf"{second['id']} +lyrics +{SERVER} +promoted", listed)
    assert f"promoted in the server {SERVER}" in terminal.run("stats").out
    assert SERVER in terminal.run("models", "show", second["id"]).out
    assert SERVER not in terminal.run("models", "card", second["id"]).out
    back = ("models", "rollback", "lyrics", "--server", SERVER)
    assert (
        f"{first['id']} ({first['digest']}) makes the lyrics of all next songs in the server" in terminal.run(*back).out
    )
    assert (
        terminal.run(*back).out == f"What everybody uses makes the lyrics of all next songs in the server {SERVER}.\n"
    )
    assert "nothing to go back from" in terminal.run(*back).err
    assert terminal.run("models", "promote", second["id"]).code == 0
    said = terminal.run("models", "retire", second["id"]).out
    assert f"what everybody uses makes the lyrics of the next songs in the server {SERVER}" in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["promote", "nothing"], "no model version 'nothing'"),
        (["promote", "starter"], "songwright models retire ID"),
        (["trial", "nothing"], "give either --share"),
        (["trial", "nothing", "--share", "0.1", "--end"], "give either --share"),
        (["rollback", "melody"], "nothing to go back from"),
        (["rollback", "drums"], "Invalid value"),
        (["rollback", "melody", "--server", "Harbour"], "a server's id is digits"),
        (["rollback", "melody", "--server", "7"], "no melody model is promoted for the server 7"),
    ],
)
def test_mistakes_are_sentences(terminal: Terminal, arguments: list[str], said: str) -> None:
    outcome = terminal.run("models", *arguments)
    assert (outcome.code, outcome.out) == (2, "")
    assert said in outcome.err


def other_melody(directory: Path, weight: float | None = None, vocabulary: int | None = None) -> Path:
    """Write another tiny melody checkpoint. weight: in the place of all of them."""
    import numpy as np

    from engine.checkpoint import write_checkpoint
    from engine.music.melody_tokens import VOCABULARY
    from tests.engine.tiny_llama import random_weights, tiny_config

    config = tiny_config(vocab_size=vocabulary or len(VOCABULARY), max_position_embeddings=512)
    weights = random_weights(config, 77)
    if weight is not None:
        weights = {name: np.full_like(values, weight) for name, values in weights.items()}
    write_checkpoint(directory, weights, config, None, {"name": "another tiny melody model"})
    return directory


def test_past_safety_lines_that_were_not_measured_it_takes_a_reason_and_a_flag(
    terminal: Terminal, tiny_models: TinyModels
) -> None:
    version = added(terminal, tiny_models.lyrics)
    store = open_store(terminal.database_url)
    with store.writing() as session:
        model_versions.record_gate(session, version, {"passed": False, "lines": []})
    store.close()
    assert "--despite 'the reason' --unsafe" in terminal.run("models", "promote", version).err
    refused = terminal.run("models", "promote", version, "--despite", "it is a test")
    assert (refused.code, refused.err.count("\n")) == (2, 1)
    assert "safety lines not measured: structure accuracy" in refused.err
    assert terminal.run("models", "promote", version, "--despite", "it is a test", "--unsafe").code == 0
    assert states(terminal) == {version: "promoted"}
    shown = " ".join(terminal.run("models", "show", version).out.split())
    assert "promoted by host: it is a test | safety lines not measured: structure accuracy, length accuracy" in shown
