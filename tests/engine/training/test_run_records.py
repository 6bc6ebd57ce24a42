"""Promises of what a run leaves behind and warns of: log, samples, picture, alarms, rows. Without a model."""

from __future__ import annotations

import json
import struct
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("transformers")

from hypothesis import given
from hypothesis import strategies as st

from engine.errors import RequestError
from engine.training.loss_plot import draw_losses
from engine.training.overfitting import RISES, OverfittingWatch, mean_between
from engine.training.packed_rows import PackedRows, full_rows
from engine.training.recipes import RECIPES, TAKES, recipe_of
from engine.training.run_log import RunLog, read_rows
from engine.training.samples import SampleFile
from engine.training.text_training import TextTraining


def silent(text: str) -> None:
    pass


def test_a_log_that_goes_on_forgets_what_came_after_its_checkpoint(tmp_path: Path) -> None:
    first = RunLog(tmp_path / "log.jsonl", silent)
    for step in (10, 20, 30):
        first.add(step, {"loss": 1.0 / step})
    with (tmp_path / "log.jsonl").open("a") as file:
        file.write('{"step": 40, "lo')  # killed while it wrote
    again = RunLog(tmp_path / "log.jsonl", silent, from_step=20)
    again.add(30, {"loss": 0.5})
    assert again.curve("loss") == [(10, 0.1), (20, 0.05), (30, 0.5)]
    assert read_rows(tmp_path / "log.jsonl") == again.rows
    seconds = [row["seconds"] for row in again.rows]
    assert all(a <= b for a, b in pairwise(seconds))
    assert RunLog(tmp_path / "log.jsonl", silent).rows == []


class Speaking:
    """A report that shows steps."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def __call__(self, text: str) -> None:
        self.told.append(text)

    def show(self, shown: object) -> None:
        pass


def test_lines_are_json_and_a_bar_is_told_sentences(tmp_path: Path) -> None:
    rows = ({"loss": 2.0}, {"eval_loss": 1.5, "eval_bits_per_byte": 0.7}, {"alarm": "gap", "text": "look out"})
    plain: list[str] = []
    bar = Speaking()
    for report in (plain.append, bar):
        log = RunLog(tmp_path / "log.jsonl", report)
        for row in rows:
            log.add(5, row)
    assert [json.loads(line)["step"] for line in plain] == [5, 5, 5]
    assert bar.told == ["step 5: validation loss 1.5000, 0.700 bits per byte", "look out"]


def test_samples_stand_under_their_steps_and_later_ones_are_forgotten(tmp_path: Path) -> None:
    path = tmp_path / "samples.txt"
    first = SampleFile(path)
    for step in (100, 200, 300):
        first.add(step, f"song of {step}\n=== step 1 ===\n")
    SampleFile(path, from_step=200).add(300, "another")
    text = path.read_text()
    assert [
        text.count(f"\n=== step {step} ===") + text.startswith(f"=== step {step} ===") for step in (100, 200, 300)
    ] == [1] * 3
    assert "song of 200" in text
    assert "song of 300" not in text
    assert text.endswith("another\n\n")


@pytest.mark.parametrize("bytes_per_id", [None, 3.9])
def test_a_picture_is_drawn_of_any_losses_and_none_of_nothing(bytes_per_id: float | None, tmp_path: Path) -> None:
    path = tmp_path / "loss.png"
    draw_losses(path, [], [(1, float("nan"))], bytes_per_id=bytes_per_id)
    assert not path.exists()
    for valid in ([], [(10, 2.0), (20, float("inf")), (30, 1.5)]):
        draw_losses(path, [(5, 3.0), (15, 1.2)], valid, bytes_per_id=bytes_per_id)
        width, height = struct.unpack(">II", path.read_bytes()[16:24])
        assert (width, height) == (960, 540)
    assert [file.name for file in tmp_path.iterdir()] == ["loss.png"]


def curves(train: list[float], valid: list[float]) -> tuple[list[tuple[int, float]], list[tuple[int, float]]]:
    steps = [10 * (k + 1) for k in range(len(valid))]
    return list(zip(steps, train, strict=True)), list(zip(steps, valid, strict=True))


def causes(train: list[float], valid: list[float]) -> list[str]:
    """Return the alarms of a run in the order in which they are raised."""
    watch, found = OverfittingWatch(), []
    for count in range(1, len(valid) + 1):
        found += [cause for cause, _ in watch.of_losses(*curves(train[:count], valid[:count]))]
    return found


def test_a_loss_that_rises_while_training_falls_is_an_alarm_and_only_once() -> None:
    train = [3.0 - 0.02 * k for k in range(12)]
    assert causes(train, [3.0, 2.9, 2.91, 2.92, 2.93, *[2.94 + 0.01 * k for k in range(7)]]) == ["rising"]
    assert causes(train, [3.0 - 0.01 * k for k in range(12)]) == []
    up_and_down = [2.9 + 0.02 * (k % RISES) for k in range(12)]
    assert causes(train, up_and_down) == []
    rising_together = [3.0 + 0.02 * k for k in range(12)]
    assert causes(rising_together, rising_together) == []


def test_a_wide_gap_is_an_alarm_that_says_what_to_do() -> None:
    assert causes([3.0, 2.4], [3.1, 3.01]) == ["gap"]
    assert causes([3.0, 2.5], [3.1, 3.1]) == []
    ((_, sentence),) = OverfittingWatch().of_losses(*curves([2.0], [3.0]))
    assert "50%" in sentence
    assert "--lora-rank" in sentence
    assert OverfittingWatch(known=["gap"]).of_losses(*curves([2.0], [3.0])) == []


@given(st.lists(st.floats(0.1, 9), min_size=1, max_size=30), st.sets(st.integers(0, 29), min_size=1))
def test_means_between_validations_weigh_every_value_once(values: list[float], steps: set[int]) -> None:
    chosen = sorted(steps)
    means = mean_between(list(enumerate(values)), chosen)
    counts = [len([v for v in range(a + 1, b + 1) if v < len(values)]) for a, b in pairwise([-1, *chosen])]
    total = sum(mean * count for mean, count in zip(means, counts, strict=True) if mean is not None)
    assert total == pytest.approx(sum(values[: chosen[-1] + 1]))
    assert [mean is None for mean in means] == [count == 0 for count in counts]


def test_a_sample_with_eight_words_of_a_training_song_is_an_alarm_across_lines_and_case() -> None:
    song = ["the river runs to the sea tonight", "and takes my heart along"]
    watch = OverfittingWatch(training_lines=lambda: [song])
    assert watch.of_sample("new words\nRuns to the sea\ntonight and takes\nother") == []  # seven
    ((cause, sentence),) = watch.of_sample("la la runs to the sea,\nTonight and takes my la")
    assert cause == "verbatim"
    assert "8 words" in sentence
    assert watch.of_sample("\n".join(song)) == []
    assert OverfittingWatch().of_sample("\n".join(song)) == []


def test_in_chinese_every_character_counts_as_a_word() -> None:
    song = ["春江潮水连海平，", "海上明月共潮生。"]
    watch = OverfittingWatch(training_lines=lambda: [song])
    assert watch.of_sample("江潮水连海平，\n海天一色") == []  # seven
    ((cause, sentence),) = watch.of_sample("夜潮水连海平，\n海上明，")
    assert cause == "verbatim"
    assert "8 words" in sentence


@given(
    st.lists(st.lists(st.integers(1, 50), min_size=1, max_size=9), min_size=1, max_size=6),
    st.integers(1, 7),
    st.integers(0, 3),
)
def test_rows_show_every_song_once_per_pass_in_the_order_of_the_seed(
    songs: list[list[int]], length: int, seed: int
) -> None:
    total = sum(map(len, songs))
    rows = PackedRows(songs, rows=-(-3 * total // length), length=length, seed=seed)
    ids = np.concatenate([rows[index]["input_ids"] for index in range(len(rows))])
    for number in range(3):
        one_pass = ids[number * total : (number + 1) * total]
        assert sorted(one_pass) == sorted(i for song in songs for i in song)
    again = PackedRows(songs, rows=len(rows), length=length, seed=seed)
    np.testing.assert_array_equal(again[len(rows) - 1]["input_ids"], rows[len(rows) - 1]["input_ids"])
    with pytest.raises(IndexError):
        rows[len(rows)]


def test_no_songs_are_no_rows() -> None:
    with pytest.raises(RequestError, match="no songs"):
        PackedRows([], rows=3, length=4, seed=0)


@given(st.lists(st.lists(st.integers(1, 50), min_size=1, max_size=9), min_size=1, max_size=6), st.integers(1, 40))
def test_full_rows_are_the_songs_end_to_end(songs: list[list[int]], length: int) -> None:
    ids = [i for song in songs for i in song]
    rows = full_rows(songs, length=length)
    learned = np.concatenate([row["labels"] for row in rows])
    learned = learned[learned != -100]
    assert learned.tolist() == ids[: max(len(rows) * length, 0)][: len(learned)]
    assert len(ids) - len(learned) < length
    assert all(len(row["input_ids"]) == length for row in rows)


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_is_one_that_its_family_takes(name: str) -> None:
    recipe = recipe_of(name, RECIPES[name].family)
    assert set(recipe.options) <= TAKES[recipe.family]
    TextTraining(recipe.family, Path("songs"), Path("out"), **recipe.options)


def test_an_unknown_recipe_is_answered_with_the_known_ones() -> None:
    with pytest.raises(RequestError, match="gpt2-small"):
        recipe_of("gpt5", "hf-causal")
    with pytest.raises(RequestError, match="none"):
        recipe_of("gpt2-small", "markov")
