"""Tiny songs and bases for tests of training on plain songs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from engine.training.text_training import TextTraining  # noqa: E402
from tests.tiny_hf_models import ARCHITECTURES, write_tiny_model, write_tiny_songs  # noqa: E402


@pytest.fixture(scope="session")
def songs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_songs(tmp_path_factory.mktemp("songs"))


@pytest.fixture(scope="session")
def bases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("bases")
    return {name: write_tiny_model(folder / name, name) for name in ARCHITECTURES}


@pytest.fixture
def training(songs: Path, bases: dict[str, Path], tmp_path: Path) -> Iterator[TextTraining]:
    """Six updates of GPT-2, on one thread."""
    before = torch.get_num_threads()
    yield TextTraining(
        "hf-causal", songs, tmp_path / "out", base=str(bases["gpt2"]), steps=6, batch_rows=4, row_tokens=32, every=2,
        sample_every=3, learning_rate=3e-3, threads=1,
    )  # fmt: skip
    torch.set_num_threads(before)


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the picture, which takes longer than a tiny run."""
    monkeypatch.setattr("engine.training.trainer.draw_losses", lambda *_, **__: None)
