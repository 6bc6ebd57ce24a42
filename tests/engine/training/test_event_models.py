"""Training of every family over events, from a folder of music to a checkpoint that writes by the grammar."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.checkpoint import open_checkpoint
from engine.contract import Sampling
from engine.corpus.event_scores import read_scores
from engine.errors import RequestError
from engine.evaluation.event_streams import stream_figures
from engine.music.event_model import EventModel, is_event_checkpoint, open_event_model
from engine.music.midi_file import score_to_midi
from engine.music.music_models import MUSIC_FAMILIES
from engine.music.score import Note, Score, Track
from engine.training.event_models import train_event_model
from engine.training.event_training import EVENT_FAMILIES, EventTraining
from engine.training.run_log import read_rows

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning", "ignore::DeprecationWarning")
FAMILIES = [*EVENT_FAMILIES, "hf-causal gpt2"]
OPENERS = {name for name, family in MUSIC_FAMILIES.items() if family.open.endswith(":open_event_model")}


def write_midi_folder(folder: Path, count: int = 40) -> Path:
    """Write short tunes of two tracks, all different, and one file that is no music."""
    folder.mkdir()
    for number in range(count):
        tune = tuple(Note(n * 240, 60 + (n * (1 + number % 5) + number) % 13, 240) for n in range(12))
        bass = tuple(Note(n * 960, 40 + (number + 5 * n) % 12, 960) for n in range(3))
        score = Score((Track("tune", 73, tune), Track("bass", 33, bass)), 2880)
        (folder / f"tune{number}.mid").write_bytes(score_to_midi(score))
    (folder / "broken.mid").write_bytes(b"MThd and nothing more")
    return folder


def tiny_training(family: str, data: Path, out: Path, **changes: Any) -> EventTraining:
    name, _, architecture = family.partition(" ")
    return EventTraining(
        name, data, out, architecture=architecture or "llama", hidden=32, layers=2, row_events=32, batch_rows=2,
        learning_rate=5e-3, **{"steps": 8, "every": 4, **changes},
    )  # fmt: skip


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_midi_folder(tmp_path_factory.mktemp("music") / "midi")


@pytest.fixture(scope="module", params=FAMILIES)
def trained(request: pytest.FixtureRequest, data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    out = tmp_path_factory.mktemp("runs") / "run"
    return request.param, train_event_model(tiny_training(request.param, data, out), lambda text: None)


def test_every_family_over_events_is_in_the_registry() -> None:
    assert set(EVENT_FAMILIES) == OPENERS


def test_files_that_cannot_be_read_are_left_out(data: Path) -> None:
    assert len(read_scores(data)) == 40


def test_a_trained_model_writes_what_the_grammar_accepts(trained: tuple[str, Path]) -> None:
    family, path = trained
    model = open_event_model(path)
    written = model.write([1, 2, 1], most_events=60, sampling=Sampling(temperature=1.0, top_p=1.0))
    assert written[0].ids == written[2].ids
    assert written[0].ids != written[1].ids
    for stream in written:
        grammar = model.vocabulary.grammar()
        for token_id in stream.ids:
            grammar.advance(token_id)
    assert is_event_checkpoint(path)
    card = open_checkpoint(path).card
    assert card["kind"] == "music"
    assert card["asked"]["family"] == family.split()[0]


def test_five_hundred_streams_keep_to_grammar_and_range(trained: tuple[str, Path]) -> None:
    model = open_event_model(trained[1])
    asked = Sampling(temperature=1.0, top_p=1.0)
    written = model.write(range(500), most_events=20, sampling=asked, pitches=(55, 79))
    found = stream_figures(model.vocabulary, [stream.ids for stream in written], low=55, high=79)
    assert (found.streams, found.refused, found.out_of_range) == (500, 0, 0)


def test_a_llama_is_decoded_by_the_kernels(trained: tuple[str, Path]) -> None:
    family, path = trained
    if family == "hf-causal":
        assert open_event_model(path).family == "llama"


def test_steps_equal_extending_at_once(trained: tuple[str, Path]) -> None:
    model = open_event_model(trained[1]).model
    ids = np.random.default_rng(0).integers(0, model.vocab_size, 50).tolist()
    memory = model.new_memory(2)
    whole = model.extend(memory, 0, ids)
    model.extend(memory, 1, ids[:1])
    for token_id in ids[1:]:
        stepped = model.step(memory, np.array([1]), np.array([token_id]))[0]
    np.testing.assert_allclose(stepped, whole, atol=2e-2 if "hf-causal" in trained[0] else 1e-4)  # int8 for the Llama


def test_the_loss_is_logged_and_falls(data: Path, tmp_path: Path) -> None:
    training = tiny_training("music-transformer", data, tmp_path / "run", steps=40, every=20, mask_steps=4)
    train_event_model(training, lambda text: None)
    losses = [row["eval_loss"] for row in read_rows(tmp_path / "run" / "run" / "log.jsonl") if "eval_loss" in row]
    assert losses[-1] < 0.8 * np.log(263)


def test_a_run_that_was_stopped_goes_on_as_if_it_had_not(data: Path, tmp_path: Path) -> None:
    """Transformer-XL also takes up the memory of its streams."""
    whole = tiny_training("transformer-xl", data, tmp_path / "whole", mask_steps=4)
    paths = [train_event_model(whole, lambda text: None)]
    parted = replace(whole, out=tmp_path / "parted")
    train_event_model(parted, lambda text: None)
    for late in ("checkpoint", "run/checkpoint-8"):
        _remove(tmp_path / "parted" / late)
    paths.append(train_event_model(replace(parted, resume=True), lambda text: None))
    first, second = (open_checkpoint(path).read_weights() for path in paths)
    assert all((first[name] == second[name]).all() for name in first)


def _remove(folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()


@pytest.mark.parametrize(
    ("family", "changes", "sentence"),
    [
        ("hf-causal", {"mask_steps": 4}, "--mask-steps is for"),
        ("hf-causal bert-like", {}, "no causal model of the type"),
        ("transformer-xl", {"accumulate": 2}, "--accumulate must be 1"),
        ("transformer-xl", {"joint": True}, "--joint is for"),
    ],
)
def test_what_means_nothing_is_refused(
    family: str, changes: dict[str, Any], sentence: str, data: Path, tmp_path: Path
) -> None:
    with pytest.raises(RequestError, match=sentence):
        train_event_model(tiny_training(family, data, tmp_path / "run", **changes), lambda text: None)


def test_a_folder_without_music_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="no MIDI files"):
        read_scores(tmp_path)


def test_a_start_that_leaves_no_room_is_refused(trained: tuple[str, Path]) -> None:
    model: EventModel = open_event_model(trained[1])
    with pytest.raises(RequestError, match="the start has 1 events"):
        model.write([1], most_events=10, sampling=Sampling())
