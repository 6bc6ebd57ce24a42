"""Promises of `songwright evaluate`: figures as a table and as JSON, sentences where something is missing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from bot.terminal.evaluate import evaluate
from engine.errors import RequestError

if TYPE_CHECKING:
    from tests.tiny_models import TinyModels


def test_songs_are_made_measured_and_printed_as_json(
    tiny_models: TinyModels, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    corpus = tmp_path / "songs.jsonl"
    corpus.write_text(json.dumps({"id": "a", "work": "a", "text": "The rain is here\n"}) + "\n", encoding="utf-8")
    given = ["--lyrics", str(tiny_models.lyrics), "--melody", str(tiny_models.melody), "--corpus", str(corpus)]
    result = CliRunner().invoke(evaluate, ["songs", "--count", "1", *given, "--json"], catch_exceptions=False)
    assert result.exit_code == 0
    figures = json.loads(result.stdout)["figures"]["all"]
    assert figures["length accuracy"] == figures["coverage"] == figures["structure accuracy"] == 1.0
    assert figures["longest shared run (words)"] <= 4
    assert list((tmp_path / "runs" / "training_text").glob("songs-*.npz"))


@pytest.mark.parametrize(
    "command",
    [["baselines", "--data", "nowhere"], ["lyrics", "nowhere", "--data", "nowhere"], ["songs", "--lyrics", "nowhere"]],
)
def test_what_is_missing_is_said(command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    with pytest.raises(Exception, match="nowhere") as raised:
        CliRunner().invoke(evaluate, command, catch_exceptions=False)
    assert isinstance(raised.value, RequestError) or type(raised.value).__name__ == "CheckpointError"
