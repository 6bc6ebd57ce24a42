"""Promises of the benchmark table: every row says where it is from, and only runs that were carried out are recorded."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from engine.corpus.piano_rolls import RollCorpus
from engine.errors import OutputError, RequestError
from engine.evaluation.benchmarks import BENCHMARKS, RECORD, Row, find_data, read_record, record, sanity_rows, table
from tests.engine.piano_rolls import made_up_pieces

OURS = Row("LSTM", "dependent", 2.0, "this repository", ours=True, recipe="nottingham-nade", seed=0, command="...")


def corpus() -> RollCorpus:
    train = made_up_pieces(4)
    pieces = {"train": train, "valid": made_up_pieces(2, seed=1), "test": [*made_up_pieces(2, seed=2), train[0].copy()]}
    return RollCorpus("Tiny", {split: tuple(rolls) for split, rolls in pieces.items()}, "")  # type: ignore[misc]  # splits


@pytest.mark.parametrize("name", BENCHMARKS)
def test_the_papers_rows_are_in_the_table_with_their_league(name: str) -> None:
    rows = {(row.name, row.source): row for row in table(name) if not row.ours}
    bound = {"nottingham": (3.07, 2.31), "jsb": (8.10, 5.56)}[name]
    tcn, nade = rows["TCN", "Bai et al. 2018, table 1"], rows["RNN-NADE", "Boulanger-Lewandowski et al. 2012"]
    assert (tcn.nll_per_frame, nade.nll_per_frame) == bound
    assert (tcn.league, nade.league) == ("independent", "dependent")


@pytest.mark.parametrize("name", BENCHMARKS)
def test_every_recorded_row_of_ours_says_how_it_came_about(name: str) -> None:
    if not RECORD.is_file():
        pytest.skip("nothing was recorded yet")
    for row in (row for row in read_record().get(name, []) if row.ours):
        assert row.recipe in BENCHMARKS[name].recipes
        assert f"benchmark {name} --run --recipe {row.recipe} --seed {row.seed}" in (row.command or "")
        assert len(row.checkpoint or "") == 16
        assert (row.seconds or 0) > 0
        assert row.split == "test"
        assert row.nll_per_frame is not None
        assert row.nll_per_frame_from_second is not None


def test_sanity_rows_are_counted_and_say_what_changes_without_pieces_heard_in_training() -> None:
    unigram, markov = sanity_rows(corpus())
    assert unigram.nll_per_frame is not None
    assert markov.nll_per_frame is None  # it does not predict the first frame
    assert markov.nll_per_frame_from_second is not None
    assert unigram.without_heard is not None
    assert unigram.without_heard["pieces_left_out"] == 1
    assert unigram.without_heard["nll_per_frame"] != unigram.nll_per_frame


def test_recorded_rows_come_back_and_replace_those_of_the_same_recipe(tmp_path: Path) -> None:
    path = tmp_path / "benchmarks.json"
    assert read_record(path) == {}
    record("nottingham", [OURS], path)
    record("jsb", [OURS], path)
    better = replace(OURS, nll_per_frame=1.9)
    independent = replace(OURS, recipe="nottingham-independent", league="independent")
    record("nottingham", [better, independent], path)
    assert read_record(path) == {"nottingham": [independent, better], "jsb": [OURS]}
    assert list(tmp_path.iterdir()) == [path]


def test_a_record_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="record from a checkout"):
        record("jsb", [OURS], tmp_path / "nowhere" / "benchmarks.json")


def test_data_is_where_it_was_named_or_in_a_usual_place_or_nowhere(tmp_path: Path) -> None:
    asked = BENCHMARKS["jsb"]
    assert find_data(asked, None, [tmp_path]) is None
    with pytest.raises(RequestError, match=r"has no JSB_Chorales\.mat"):
        find_data(asked, tmp_path, [])
    (tmp_path / asked.file).touch()
    assert find_data(asked, None, [tmp_path / "other", tmp_path]) == tmp_path / asked.file
    assert find_data(asked, tmp_path, []) == tmp_path / asked.file


def test_the_record_is_json_that_others_can_read(tmp_path: Path) -> None:
    record("jsb", [OURS], tmp_path / "benchmarks.json")
    row = json.loads((tmp_path / "benchmarks.json").read_text())["jsb"][0]
    assert row["nll_per_frame"] == 2.0
    assert row["league"] == "dependent"
