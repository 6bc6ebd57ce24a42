"""Streams of every family of music can be counted, and what is no note, or out of range, is found."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.errors import CheckpointError
from engine.evaluation.sampled_streams import Asked, sampled_figures
from engine.music.four_voices import FourVoices
from engine.music.melody_bars import FIRST_NOTE, LOWEST_PITCH, OFF
from engine.music.music_vae import MusicVae, MusicVaeShape, save_music_vae

ANY = Asked(count=6, events=32, low=21, high=108)
SMALL = MusicVaeShape(embedding=4, encoder=8, writer=8, condition=4, latent=3)


def _vae(folder: Path) -> Path:
    rng = np.random.default_rng(0)
    weights = {name: rng.normal(size=shape).astype(np.float32) for name, shape in SMALL.tensors().items()}
    return save_music_vae(SMALL, weights, folder / "vae", {}).directory


def _roll_rnn(folder: Path, head: str) -> Path:
    torch = pytest.importorskip("torch")
    from engine.music.piano_roll_model import save_piano_roll_rnn
    from engine.music.piano_roll_rnn import PianoRollRnn, PianoRollShape

    torch.manual_seed(0)
    network = PianoRollRnn(PianoRollShape(head=head, hidden=8, head_hidden=4))
    return save_piano_roll_rnn(network, folder / head, {}).directory


def test_melodies_are_counted_and_the_same_each_time(tmp_path: Path) -> None:
    name, found = sampled_figures(_vae(tmp_path), ANY)
    assert "music-vae" in name
    assert (found.streams, found.refused, found.out_of_range) == (6, 0, 0)
    assert sampled_figures(tmp_path / "vae", ANY) == (name, found)


def test_melodies_with_a_rest_that_ends_nothing_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sounding = np.zeros((3, SMALL.steps), np.int64)
    sounding[:, 4] = FIRST_NOTE + 60 - LOWEST_PITCH
    sounding[1, 2] = OFF
    sounding[2, 9] = OFF
    monkeypatch.setattr(MusicVae, "sample", lambda *_, **__: sounding)
    assert sampled_figures(_vae(tmp_path), ANY)[1].refused == 1


@pytest.mark.parametrize("head", ["nade", "independent"])
def test_rolls_are_counted_and_keys_out_of_range_found(tmp_path: Path, head: str) -> None:
    path = _roll_rnn(tmp_path, head)
    found = sampled_figures(path, ANY)[1]
    assert (found.streams, found.refused, found.out_of_range) == (6, 0, 0)
    narrow = sampled_figures(path, Asked(count=6, events=32, low=60, high=61))[1]
    assert narrow.out_of_range == 6  # random weights play all keys


@pytest.mark.parametrize("family", ["music-transformer", "transformer-xl", "hf-causal"])
def test_events_keep_to_their_grammar_and_range(tmp_path: Path, family: str) -> None:
    pytest.importorskip("torch")
    from engine.training.event_models import save_event_model
    from engine.training.event_training import EventTraining, new_network

    training = EventTraining(family, tmp_path, tmp_path, architecture="gpt2", hidden=32, layers=1)
    save_event_model(new_network(training), tmp_path / "m", {}, family)
    name, found = sampled_figures(tmp_path / "m", Asked(count=4, events=60, low=50, high=60))
    assert name == f"{family} over note-events"
    assert (found.streams, found.refused, found.out_of_range) == (4, 0, 0)


def test_a_model_of_the_chorale_benchmark_says_that_it_has_no_grammar(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    from engine.training.event_models import save_event_model
    from engine.training.event_training import EventTraining, new_network

    training: Any = EventTraining("music-transformer", tmp_path, tmp_path, hidden=32, layers=1)
    save_event_model(new_network(training, FourVoices()), tmp_path / "m", {}, "music-transformer")
    with pytest.raises(CheckpointError, match="four-voices for a benchmark"):
        sampled_figures(tmp_path / "m", ANY)
