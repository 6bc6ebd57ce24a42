"""Every family of plain songs keeps the promises of `TextModel`, `TextTokenizer` and `CausalModel`, from one training call."""

from __future__ import annotations

import math
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.contract import Sampling
from engine.decoding import Sequence, decode
from engine.errors import CheckpointError, OutputError, RequestError
from engine.lyrics.plain_songs import body_start
from engine.lyrics.text_models import LYRIC_FAMILIES, TextModel, function_of, open_text_model
from engine.training.text_training import TextTraining
from tests.engine.lyrics.written_songs import made_up_songs, prepare

pytest.importorskip("torch")
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning", "ignore::DeprecationWarning")

# What each is trained with here, in a second. A family that is added to the registry adds its line.
TRAININGS: dict[str, dict[str, Any]] = {
    "char-lstm": {"size": "small", "steps": 3, "every": 3, "batch_rows": 4, "row_tokens": 16, "with_artist": True},
    "markov": {"order": 3},
}


def _train(family: str, data: Path, out: Path) -> Path:
    place = LYRIC_FAMILIES[family].train
    assert place is not None
    found: Path = function_of(place)(TextTraining(family, data, out, threads=1, **TRAININGS[family]), lambda line: None)
    return found


@pytest.fixture(scope="module", params=TRAININGS)
def checkpoint(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("family")
    return _train(request.param, prepare(folder / "data"), folder / "out")


@pytest.fixture(scope="module")
def opened(checkpoint: Path) -> TextModel:
    return open_text_model(checkpoint, threads=1)


def _ids(opened: TextModel, count: int, seed: int = 0) -> list[int]:
    return np.random.default_rng(seed).integers(0, opened.model.vocab_size, count).tolist()


def _log2(logits: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    wide = logits.astype(np.float64) - logits.max()
    return (wide - np.log(np.exp(wide).sum())) / math.log(2)


def test_a_checkpoint_says_its_family(checkpoint: Path, opened: TextModel) -> None:
    assert opened.family in LYRIC_FAMILIES
    assert checkpoint.name == "checkpoint"
    assert opened.tokenizer.vocab_size == opened.model.vocab_size


def test_text_comes_back_from_its_ids(opened: TextModel) -> None:
    for song in made_up_songs(4, 7):
        assert opened.tokenizer.decode([*opened.tokenizer.encode(song.text()), opened.tokenizer.end_id]) == song.text()


def test_bits_are_what_the_decoding_loop_would_pay(opened: TextModel) -> None:
    song = made_up_songs(1, 5)[0].text()
    start, tokenizer, model = body_start(song), opened.tokenizer, opened.model
    memory, bits = model.new_memory(1), 0.0
    logits = model.extend(memory, 0, tokenizer.encode(song[:start]))
    for i in [*tokenizer.encode(song[start:]), tokenizer.end_id]:
        bits -= _log2(logits)[i]
        logits = model.extend(memory, 0, [i])
    assert opened.bits([song]) == pytest.approx([bits], rel=1e-4)


def test_bits_of_songs_do_not_depend_on_what_is_measured_beside_them(opened: TextModel) -> None:
    songs = [song.text() for song in made_up_songs(5, 9)] + ["", "a\n"]
    alone = [opened.bits([song])[0] for song in songs]
    assert opened.bits(songs) == pytest.approx(alone, rel=1e-4)
    assert opened.bits(songs[::-1]) == pytest.approx(alone[::-1], rel=1e-4)
    assert opened.bits([]) == []
    assert all(bits > 0 for bits in alone)


def test_stepping_equals_reading_at_once(opened: TextModel) -> None:
    model, ids = opened.model, _ids(opened, 70)
    memory = model.new_memory(2)
    whole = model.extend(memory, 0, ids)
    model.extend(memory, 1, ids[:3])
    for i in ids[3:]:
        stepped = model.step(memory, np.array([1]), np.array([i]))[0]
    np.testing.assert_allclose(stepped, whole, atol=1e-4)
    assert whole.shape == (model.vocab_size,)
    assert whole.dtype == np.float32


def test_a_ragged_batch_is_each_sequence_alone_to_the_bit(opened: TextModel) -> None:
    model = opened.model
    prompts = [_ids(opened, n, n) for n in (1, 7, 40, 4, 12)]
    batch, alone = model.new_memory(5), model.new_memory(1)
    for slot, prompt in enumerate(prompts):
        model.extend(batch, slot, prompt)
    together = model.step(batch, np.array([3, 0, 4, 2, 1]), np.array([2, 3, 4, 5, 6]))
    for row, (slot, i) in enumerate(zip([3, 0, 4, 2, 1], [2, 3, 4, 5, 6], strict=True)):
        model.truncate(alone, 0, 0)
        np.testing.assert_array_equal(together[row], model.extend(alone, 0, [*prompts[slot], i]))


@pytest.mark.parametrize("length", [0, 1, 31, 32, 33, 64, 69, 70])
def test_what_is_cut_is_forgotten(opened: TextModel, length: int) -> None:
    model, ids = opened.model, _ids(opened, 70)
    memory, fresh = model.new_memory(1), model.new_memory(1)
    model.extend(memory, 0, ids)
    model.truncate(memory, 0, length)
    assert model.length(memory, 0) == length
    np.testing.assert_allclose(
        model.extend(memory, 0, [5, 6]), model.extend(fresh, 0, [*ids[:length], 5, 6]), atol=1e-5
    )
    model.truncate(memory, 0, length // 2)
    model.truncate(fresh, 0, length // 2)
    np.testing.assert_allclose(model.extend(memory, 0, [4]), model.extend(fresh, 0, [4]), atol=1e-5)


def test_a_fork_goes_on_like_its_source_and_leaves_it_alone(opened: TextModel) -> None:
    model = opened.model
    memory = model.new_memory(3)
    model.extend(memory, 2, _ids(opened, 50, 2))
    model.extend(memory, 0, _ids(opened, 40, 1))
    model.fork(memory, 0, [1, 2])
    model.extend(memory, 1, [7, 8, 9])
    model.truncate(memory, 1, 10)
    one, other = model.extend(memory, 0, [3, 4]), model.extend(memory, 2, [3, 4])
    np.testing.assert_array_equal(one, other)
    assert [model.length(memory, slot) for slot in range(3)] == [42, 10, 42]


def test_what_does_not_fit_is_refused(opened: TextModel) -> None:
    model = opened.model
    memory = model.new_memory(1)
    with pytest.raises(ValueError, match="do not fit"):
        model.extend(memory, 0, [2] * (model.context_length + 1))
    with pytest.raises(ValueError, match="do not fit"):
        model.extend(memory, 0, [])
    with pytest.raises(ValueError, match="ids must be"):
        model.extend(memory, 0, [model.vocab_size])
    assert model.length(memory, 0) == 0


def test_the_same_seed_writes_the_same_text_whatever_is_written_beside_it(opened: TextModel) -> None:
    prompt = opened.tokenizer.encode("<<Ann Harbour - Sea>>\n")
    one = Sequence(prompt, Sampling(temperature=1.0, top_p=1.0), 3, 60, None, {opened.tokenizer.end_id})
    others = [Sequence(prompt, Sampling(), seed, 40) for seed in range(4, 9)]
    alone = decode(opened.model, [one])[0]
    beside = decode(opened.model, [*others, one], slots=3)[-1]
    assert alone.ids == beside.ids
    assert opened.tokenizer.decode(alone.ids) == opened.tokenizer.decode(beside.ids)


def test_the_same_training_gives_the_same_checkpoint(checkpoint: Path, opened: TextModel, tmp_path: Path) -> None:
    from engine.checkpoint import open_checkpoint

    again = _train(opened.family, prepare(tmp_path / "data"), tmp_path / "out")
    assert open_checkpoint(again).digest == open_checkpoint(checkpoint).digest


def test_a_checkpoint_is_not_written_over(checkpoint: Path, opened: TextModel) -> None:
    with pytest.raises(OutputError, match="exists"):
        _train(opened.family, checkpoint.parent.parent / "data", checkpoint.parent)


def test_a_damaged_checkpoint_and_anothers_are_said(checkpoint: Path, opened: TextModel, tmp_path: Path) -> None:
    from engine.checkpoint import open_checkpoint, write_checkpoint

    damaged = Path(shutil.copytree(checkpoint, tmp_path / "damaged"))
    with (damaged / "model.safetensors").open("r+b") as file:
        file.truncate(100)
    with pytest.raises(CheckpointError, match="damaged"):
        open_text_model(damaged)
    held = open_checkpoint(checkpoint)
    tokenizer = (checkpoint / "tokenizer.json").read_bytes()
    for name, weights, config in (
        ("empty", {"x": np.zeros(1)}, held.config),
        ("sizes", {"x": np.zeros(1)}, {"model_type": "moon"}),
    ):
        write_checkpoint(tmp_path / name, weights, config, tokenizer, {}, family=opened.family)
        with pytest.raises(CheckpointError, match=name):
            open_text_model(tmp_path / name)
    write_checkpoint(tmp_path / "other", held.read_weights(), held.config, tokenizer, {}, family="llama")
    with pytest.raises(CheckpointError, match="llama"):
        function_of(LYRIC_FAMILIES[opened.family].open)(tmp_path / "other", 1)


def test_a_folder_that_was_not_prepared_and_one_without_songs_are_said(opened: TextModel, tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="corpus prepare"):
        _train(opened.family, tmp_path / "nowhere", tmp_path / "out")
    with pytest.raises(RequestError, match="no train songs"):
        _train(opened.family, prepare(tmp_path / "none", train=0), tmp_path / "out")
