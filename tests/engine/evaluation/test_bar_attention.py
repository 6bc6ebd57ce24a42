"""What a model looked at while it wrote a bar is read from its attention, event by event, and drawn."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.errors import RequestError
from engine.evaluation.bar_attention import BarAttention, attention_of_bar, looks_of
from engine.evaluation.music_with_ids import MusicWithIds, gathered
from engine.music.note_events import NoteEvents

torch = pytest.importorskip("torch")

TEXT = "xxbos xxpad n60 d4 xxsep d16 n64 d2 n62 d4 xxsep d4 n65 d128 d2"
FAMILIES = ("music-transformer", "transformer-xl", "hf-causal")


def music(text: str = TEXT) -> MusicWithIds:
    vocabulary = NoteEvents()
    ids = vocabulary.ids(text)
    starts = [0, 16, 32, 48]
    return gathered(ids, text.split(), vocabulary.onsets(ids).tolist(), starts, vocabulary.steps_per_quarter)


def saved(folder: Path, family: str) -> Path:
    from engine.training.event_models import save_event_model
    from engine.training.event_training import EventTraining, new_network

    torch.manual_seed(3)
    training = EventTraining(family, folder, folder, architecture="gpt2", hidden=32, layers=2)
    save_event_model(new_network(training), folder / family, {}, family)
    return folder / family


def a_bar(path: Path) -> tuple[int, int, BarAttention]:
    """Return a bar, a seed and what was looked at; a network of random weights leaves many bars empty."""
    for seed in range(20):
        for bar in (3, 2, 1):
            try:
                return bar, seed, attention_of_bar(path, bar, seed)
            except RequestError:
                continue
    raise AssertionError("twenty pieces without an event in three bars")


def test_ids_are_gathered_into_notes_and_moves() -> None:
    found = music()
    names = ["start", "C4", "move 16", "E4", "D4", "move 4", "F4"]
    assert [event.name for event in found.events] == names
    assert [event.stop for event in found.events] == [*(event.first for event in found.events[1:]), len(found.ids)]
    assert found.events[-1].steps == 130
    assert [found.bar_of(event.step) for event in found.events] == [1, 1, 1, 2, 2, 2, 2]


def test_an_event_looks_with_the_ids_before_its_own() -> None:
    """Every id looks at itself: so a note's pitch was chosen looking at the event before, its duration at its own pitch."""
    found = music()
    count = len(found.ids)
    looks = looks_of(np.eye(count, dtype=np.float32)[None], found, 2)
    assert looks.shape == (1, 4, 7)
    assert looks[0, 0].tolist() == [0, 0, 0.5, 0.5, 0, 0, 0]  # E4: the move, then E4
    assert looks[0, 3].tolist() == pytest.approx([0, 0, 0, 0, 0, 1 / 3, 2 / 3])  # F4 has three ids


def test_lines_lead_to_earlier_notes_only_and_the_strongest_come_first() -> None:
    found = music()
    weights = np.tril(np.random.default_rng(0).random((2, len(found.ids), len(found.ids)))).astype(np.float32)
    weights /= weights.sum(axis=-1, keepdims=True)
    shown = BarAttention("any", 2, found, looks_of(weights, found, 2))
    lines = shown.strongest(100)
    assert len(lines) == 1 + 2 + 3  # E4 at C4, D4 at both before it, F4 at all three
    assert all(row.pitch is not None and event.pitch is not None and event.first < row.first for row, event, _ in lines)
    shares = [share for _, _, share in lines]
    assert shares == sorted(shares, reverse=True)
    notes = [event.pitch is not None for event in found.events]
    assert shown.on_notes == pytest.approx(shown.looks[:, :, notes].sum() / (2 * 4))


@pytest.mark.parametrize("family", FAMILIES)
def test_looks_of_every_family_add_up_and_see_nothing_that_comes_later(family: str, tmp_path: Path) -> None:
    path = saved(tmp_path, family)
    bar, seed, found = a_bar(path)
    assert found.looks.shape[0] == 2
    assert found.looks.sum(axis=-1) == pytest.approx(1.0, abs=1e-5)
    begin = len(found.music.events) - len(found.rows)
    for place in range(len(found.rows)):
        assert not found.looks[:, place, begin + place + 1 :].any()
    assert (attention_of_bar(path, bar, seed).looks == found.looks).all()


def test_a_bar_is_drawn_the_same_each_time(tmp_path: Path) -> None:
    from engine.evaluation.attention_picture import attention_png

    _, _, found = a_bar(saved(tmp_path, "music-transformer"))
    png = attention_png(found, "tiny")
    assert png.startswith(b"\x89PNG")
    assert attention_png(found, "tiny") == png


def test_a_bar_that_is_not_there_or_empty_is_refused() -> None:
    with pytest.raises(RequestError, match="--bar must be 1-3"):
        music().up_to(4)
    with pytest.raises(RequestError, match="nothing is written in bar 2"):
        music("xxbos xxpad n60 d4 xxsep d32 n60 d4").up_to(2)
    assert music().up_to(1).events[-1].name == "move 16"
