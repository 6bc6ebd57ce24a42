"""`songwright finetune` says what it needs, and prints where the candidate is."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

pytest.importorskip("trl")

from click.testing import CliRunner

from bot.cli import cli
from engine.adapters import base_digest
from engine.checkpoint import open_checkpoint
from engine.contract import LyricRequest
from engine.corpus.snapshots import Judgement, Rules, Take, write_snapshot
from engine.errors import RequestError
from engine.song.make_song import make_lyrics
from engine.song.making import Making
from engine.song.models import SongModels
from tests.tiny_models import TinyModels

# TRL, peft and transformers warn of each other's names
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning", "ignore::DeprecationWarning")

DAY = date(2026, 11, 21)


@pytest.fixture
def snapshot(tmp_path: Path, opened_tiny_models: SongModels) -> Path:
    """Return the folder of a snapshot of twelve themes, each in a take that was liked and one that was not."""
    takes, judged = [], []
    for number in range(12):
        request = LyricRequest(theme=f"rain {'over stone ' * (number % 3)}{number}", form="V", syllables="4")
        for seed, stars in ((1, 5.0), (2, 1.0)):
            made = make_lyrics(request, Making(seed=seed, models=opened_tiny_models))
            name = f"{number} {seed}"
            takes.append(Take(id=name, request=request.model_dump(mode="json"), seed=seed, versions={},
                              title=made.report.title, text=made.lyrics_text, sections=made.report.sections))  # fmt: skip
            judged.append(Judgement(rater="rater 1", kind="stars", take=name, value=stars, day=DAY))
    return write_snapshot(tmp_path / "snapshots", takes, judged, Rules(), DAY, lambda statistics: b"").directory


def test_json_says_where_the_candidate_is_and_how_it_came_to_be(
    snapshot: Path, tiny_models: TinyModels, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    found = CliRunner().invoke(
        cli,
        ["finetune", "lyrics", "--snapshot", str(snapshot), "--from", str(tiny_models.lyrics), "--out", str(out), "--steps", "2",
         "--judged", "0", "--threads", "1", "--kl-limit", "9", "--json"],
        catch_exceptions=False,
    )  # fmt: skip
    assert found.exit_code == 0, found.output
    told = json.loads(found.stdout)
    assert told["checkpoint"] == str(out / "checkpoint")
    assert told["card"]["snapshot"] == json.loads((snapshot / "manifest.json").read_text())["digest"]
    steps = [json.loads(line) for line in (out / "run" / "log.jsonl").read_text().splitlines()]
    assert any("kl_per_id" in row for row in steps)
    assert steps[0]["steps"] == 2


def test_an_adapter_is_what_lora_trains_and_lies_upon_its_parent(
    snapshot: Path, tiny_models: TinyModels, tmp_path: Path
) -> None:
    arguments = ["finetune", "lyrics", "--snapshot", str(snapshot), "--from", str(tiny_models.lyrics), "--adapter"]
    refused = CliRunner().invoke(cli, [*arguments, "--full", "--out", str(tmp_path / "none")])
    assert isinstance(refused.exception, RequestError)
    assert "leave one of the two out" in str(refused.exception)
    few = ["--steps", "2", "--judged", "0", "--threads", "1", "--kl-limit", "9", "--json"]
    found = CliRunner().invoke(cli, [*arguments, *few, "--out", str(tmp_path / "run")], catch_exceptions=False)
    assert found.exit_code == 0, found.output
    checkpoint = Path(json.loads(found.stdout)["checkpoint"])
    assert base_digest(checkpoint) == open_checkpoint(tiny_models.lyrics).digest
    whole = (tiny_models.lyrics / "model.safetensors").stat().st_size
    assert (checkpoint / "model.safetensors").stat().st_size < whole
