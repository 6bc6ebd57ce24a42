"""`songwright evaluate attention`, from a checkpoint to a picture."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

import engine
from bot.terminal.evaluate import evaluate
from engine.errors import OutputError, RequestError

STARTER = Path(engine.__path__[0]) / "starter" / "music"


def run(*typed: str) -> str:
    pytest.importorskip("torch")
    return CliRunner().invoke(evaluate, ["attention", str(STARTER), *typed], catch_exceptions=False).stderr


def test_the_composer_is_drawn_and_it_is_said_what_is_seen(tmp_path: Path) -> None:
    said = run("--out", str(tmp_path / "bar.png"), "--bar", "2")
    assert (tmp_path / "bar.png").read_bytes().startswith(b"\x89PNG")
    assert "events of bar 2, 6 layers" in said


def test_what_cannot_be_drawn_is_said(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="--bar must be 1-8"):
        run("--out", str(tmp_path / "bar.png"), "--bar", "9")
    with pytest.raises(OutputError, match="choose another place"):
        run("--out", str(tmp_path / "none" / "bar.png"))
    assert list(tmp_path.iterdir()) == []
