"""The gate compares an adapter with the model that it lies upon as it compares whole models."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch")

from engine.adapters import merged, read_adapter
from engine.checkpoint import open_checkpoint, write_checkpoint
from engine.corpus.snapshots import Rules, write_snapshot
from engine.errors import CheckpointError
from engine.evaluation.gate import Contest, Opinion, People, hold
from engine.evaluation.gate_likelihood import of_lyrics, of_melodies
from engine.evaluation.gate_lines import Interval
from engine.evaluation.lyric_likelihood import open_for_scoring
from engine.music.melody_tokens import Melody, MelodyNote
from tests.rated_takes import DAY, short_lines, stars, takes
from tests.tiny_adapters import write_tiny_adapter
from tests.tiny_models import TinyModels

TEXTS = [["the river runs under the moon", "and the morning is cold"], ["a bird sings over the harbour"]]


@pytest.fixture
def adapter(tiny_models: TinyModels, tmp_path: Path) -> Path:
    """Return an adapter of the tiny lyric model."""
    return write_tiny_adapter(tmp_path / "adapter", tiny_models.lyrics, strength=0.05)


def merged_copy(adapter: Path, base: Path, out: Path) -> Path:
    """Write the base with an adapter in its weights, and its other files."""
    whole = open_checkpoint(base)
    weights = merged(whole.read_weights(), read_adapter(adapter, whole.digest))
    tokenizer = whole.tokenizer_file.read_bytes() if whole.tokenizer_file else None
    return write_checkpoint(out, weights, whole.config, tokenizer, {}).directory


def test_likelihoods_of_an_adapter_are_those_of_merged_weights(
    adapter: Path, tiny_models: TinyModels, tmp_path: Path
) -> None:
    whole = merged_copy(adapter, tiny_models.lyrics, tmp_path / "whole")
    found, expected = (of_lyrics(tiny_models.lyrics, path, TEXTS, []) for path in (adapter, whole))
    assert found.parent == expected.parent
    assert found.candidate == pytest.approx(expected.candidate, rel=1e-5)
    assert found.kl_nats == pytest.approx(expected.kl_nats, rel=1e-3)
    assert found.kl_nats > 0
    with pytest.raises(CheckpointError, match="needs its base"):
        open_for_scoring(adapter)


def test_likelihoods_of_melodies_too(tiny_models: TinyModels, tmp_path: Path) -> None:
    path = write_tiny_adapter(tmp_path / "adapter", tiny_models.melody)
    whole = merged_copy(path, tiny_models.melody, tmp_path / "whole")
    notes = tuple(MelodyNote(12 * n, 12, 60 + n % 7, 1, "single", line_break=int(n % 8 == 7)) for n in range(24))
    people = [Melody("major", "4/4", "song", notes)]
    found, expected = (of_melodies(tiny_models.melody, each, people) for each in (path, whole))
    assert found.candidate == pytest.approx(expected.candidate, rel=1e-5)
    assert found.candidate != found.parent


def test_an_adapter_is_held_against_its_base(adapter: Path, tiny_models: TinyModels, tmp_path: Path) -> None:
    of = takes(6)
    snapshot = write_snapshot(
        tmp_path / "snapshots", of, stars(3, short_lines, of), Rules(), DAY, lambda statistics: b""
    )
    contest = Contest("lyrics", tiny_models.lyrics, adapter, tiny_models.lyrics, tiny_models.melody)
    base, candidate = contest.models(tiny_models.lyrics), contest.models(adapter)
    assert (base.lyrics.version, candidate.lyrics.version) == tuple(
        open_checkpoint(path).digest for path in (tiny_models.lyrics, adapter)
    )
    opinion = Opinion(Interval(0.9, 0.8, 1.0, 100), lambda text, sheet: float(len(text)))
    result = hold(contest, snapshot, opinion, People(texts=TEXTS), prompts=2)
    assert result.versions == (base.lyrics.version, candidate.lyrics.version)
    assert result.prompts == 2
    lines = {line.name: line for line in result.lines}
    assert lines["distance"].candidate > 0
    assert lines["bits per byte"].candidate != lines["bits per byte"].parent
