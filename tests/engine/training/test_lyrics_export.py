"""A lyric checkpoint is exported with all that was prepared for it, and with a memory of its texts where there is one."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from safetensors.numpy import save_file

from engine.checkpoint import MANIFEST, open_checkpoint
from engine.corpus.memory import remember_texts
from engine.corpus.pairs import pairs_of_texts
from engine.errors import CheckpointError
from engine.lyrics.memory_filter import MEMORY_FILE
from engine.lyrics.word_pairs import PAIRS_FILE
from engine.song.models import open_lyric_model
from engine.training.lyrics import export_lyrics
from tests.tiny_models import TinyModels


@pytest.fixture
def weights(tiny_models: TinyModels, tmp_path: Path) -> Path:
    """Return a folder as training leaves it: weights and configuration."""
    folder = tmp_path / "final"
    folder.mkdir()
    trained = open_checkpoint(tiny_models.lyrics)
    save_file(trained.read_weights(), folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps(dict(trained.config)), encoding="utf-8")
    return folder


def test_a_prepared_folder_without_a_memory_gives_a_model_without_one(
    weights: Path, tiny_models: TinyModels, tmp_path: Path
) -> None:
    exported = export_lyrics(weights, tiny_models.lyrics, tmp_path / "out", {"name": "x"})
    assert MEMORY_FILE not in {path.name for path in exported.directory.iterdir()}
    assert open_lyric_model(exported.directory).memory is None


def test_a_memory_becomes_part_of_the_checkpoint_and_of_its_name(
    weights: Path, tiny_models: TinyModels, tmp_path: Path
) -> None:
    plain = export_lyrics(weights, tiny_models.lyrics, tmp_path / "plain", {"name": "x"})
    prepared = tmp_path / "prepared"
    prepared.mkdir()
    for file in tiny_models.lyrics.iterdir():
        (prepared / file.name).write_bytes(file.read_bytes())
    (prepared / MEMORY_FILE).write_bytes(remember_texts([["one two three four five"]]).to_bytes())
    exported = export_lyrics(weights, prepared, tmp_path / "out", {"name": "x"})
    guard = open_lyric_model(exported.directory).guard(())
    assert guard is not None
    assert guard.learned([], ["one two three four five".split()]) == [1]
    assert exported.digest != plain.digest
    (exported.directory / MEMORY_FILE).write_bytes(b"changed")
    with pytest.raises(CheckpointError, match="damaged"):
        open_lyric_model(exported.directory)


def test_word_pairs_become_part_of_the_checkpoint_too(weights: Path, tiny_models: TinyModels, tmp_path: Path) -> None:
    prepared = tmp_path / "prepared"
    shutil.copytree(tiny_models.lyrics, prepared)
    (prepared / PAIRS_FILE).write_bytes(pairs_of_texts([["the rain, the rain, the rain"]]).to_bytes())
    exported = export_lyrics(weights, prepared, tmp_path / "out", {"name": "x"})
    assert PAIRS_FILE in exported_files(exported.directory)
    assert open_lyric_model(exported.directory).pairs is not None
    assert open_lyric_model(tiny_models.lyrics).pairs is None


def exported_files(checkpoint: Path) -> set[str]:
    """Return the files that the manifest vouches for."""
    return set(json.loads((checkpoint / MANIFEST).read_text(encoding="utf-8"))["sha256"])
