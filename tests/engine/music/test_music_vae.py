"""Promises of MusicVAE without torch: same seed same melodies, the ends of a way as they are, whole checkpoints."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from engine.checkpoint import write_checkpoint
from engine.errors import CheckpointError
from engine.music.melody_bars import FIRST_NOTE, HOLD, OFF, SYMBOLS
from engine.music.music_vae import FAMILY, MusicVae, MusicVaeShape, open_music_vae, save_music_vae, spherical
from tests.tiny_music_vae import TINY, random_music_vae


@pytest.fixture(params=TINY, ids=lambda bars: f"{bars} bars")
def model(request: pytest.FixtureRequest) -> MusicVae:
    return random_music_vae(request.param)


def melodies_for(model: MusicVae, count: int = 3) -> np.ndarray:
    return np.random.default_rng(1).integers(0, SYMBOLS, (count, model.shape.steps))


def test_the_same_seed_gives_the_same_melodies_and_another_others(model: MusicVae) -> None:
    melodies = model.sample(4, seed=1)
    assert melodies.shape == (4, model.shape.steps)
    assert np.array_equal(melodies, model.sample(4, seed=1))
    assert not np.array_equal(melodies, model.sample(4, seed=2))


def test_a_melody_comes_out_the_same_whatever_is_beside_it(model: MusicVae) -> None:
    melodies = melodies_for(model)
    alone = [model.reconstruct(melody[None])[0] for melody in melodies]
    assert np.array_equal(model.reconstruct(melodies), np.stack(alone))


def test_greedy_writing_takes_the_likeliest_symbol_given_those_before(model: MusicVae) -> None:
    points = model.encode(melodies_for(model))[0]
    written = model.decode(points)
    logits = model.logits(points, written)
    sounding = np.zeros(len(points), bool)
    for step in range(model.shape.steps):
        logits[~sounding, step, OFF] = -np.inf  # silence does not end
        sounding = np.where(written[:, step] == HOLD, sounding, written[:, step] >= FIRST_NOTE)
    assert np.array_equal(logits.argmax(2), written)


def test_silence_is_never_ended(model: MusicVae) -> None:
    for melody in model.sample(20, seed=3, temperature=3.0):
        told = melody[melody != HOLD]
        assert told[0] != OFF
        assert not ((told[1:] == OFF) & (told[:-1] == OFF)).any()


def test_a_way_begins_and_ends_with_what_was_given(model: MusicVae) -> None:
    first, last = melodies_for(model, 2)
    way = model.interpolate(first, last, 4, seed=0)
    assert way.shape == (4, model.shape.steps)
    assert np.array_equal(way[[0, -1]], [first, last])


def test_of_several_the_melody_nearest_to_the_point_is_taken(model: MusicVae) -> None:
    point = model.encode(melodies_for(model, 1))[0][0]

    def away(melody: np.ndarray) -> float:
        return float(np.square(model.encode(melody[None])[0][0] - point).sum())

    assert away(model.nearest(point, seed=0)) <= away(model.decode(point[None])[0]) + 1e-5


def test_the_arc_keeps_the_length_and_goes_evenly() -> None:
    a, b = np.array([2.0, 0.0, 0.0], np.float32), np.array([0.0, 2.0, 0.0], np.float32)
    points = [spherical(a, b, share) for share in (0, 0.25, 0.5, 0.75, 1)]
    assert np.allclose(points[0], a)
    assert np.allclose(points[-1], b, atol=1e-6)
    assert np.allclose([np.linalg.norm(p) for p in points], 2)
    steps = [float(np.linalg.norm(q - p)) for p, q in pairwise(points)]
    assert np.allclose(steps, steps[0])
    assert np.allclose(spherical(a, 3 * a, 0.5), 2 * a)  # in one line: straight
    assert np.isfinite(spherical(a, -a, 0.3)).all()


def test_a_checkpoint_gives_the_same_melodies(tmp_path: Path) -> None:
    model = random_music_vae(2)
    weights = {name: weight.astype(np.float16) for name, weight in model._weights.items()}
    checkpoint = save_music_vae(model.shape, weights, tmp_path / "c", {})
    opened = open_music_vae(tmp_path / "c")
    assert opened.version == checkpoint.digest
    assert np.array_equal(opened.sample(3, seed=1), MusicVae(model.shape, weights).sample(3, seed=1))


def test_a_checkpoint_of_other_sizes_or_another_family_is_refused(tmp_path: Path) -> None:
    weights = {name: np.zeros(size, np.float16) for name, size in TINY[2].tensors().items()}
    config = TINY[2].to_config()
    write_checkpoint(tmp_path / "a", weights | {"embed.weight": np.zeros((3, 3))}, config, None, {}, family=FAMILY)
    write_checkpoint(tmp_path / "b", weights, config | {"latent": 0}, None, {}, family=FAMILY)
    write_checkpoint(tmp_path / "c", weights, config, None, {}, family="llama")
    for name, sentence in (("a", r"config.json in embed\.weight"), ("b", "not a MusicVAE's"), ("c", "but of llama")):
        with pytest.raises(CheckpointError, match=sentence):
            open_music_vae(tmp_path / name)


@pytest.mark.parametrize("sizes", [{"bars": 3}, {"latent": 0}])
def test_sizes_that_cannot_be_are_refused(sizes: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="sizes must be 1 or more"):
        MusicVaeShape(**sizes)
