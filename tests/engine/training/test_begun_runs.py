"""Promises of what is written down when a run begins, and compared when it goes on."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("transformers")

from engine.errors import RequestError
from engine.training.begun_runs import BEGUN, RUN, begin_or_go_on, files_fact

FACTS: dict[str, Any] = {
    "command": "train lyrics",
    "family": "llama",
    "steps": 100,
    "seed": 1,
    "base": None,
    "with_artist": False,
}


def interrupted(out: Path, facts: dict[str, Any]) -> None:
    """Begin a run and leave a checkpoint of it."""
    begin_or_go_on(out, facts, resume=False)
    (out / RUN / "checkpoint-5").mkdir(parents=True)


def test_what_was_begun_goes_on_and_is_not_begun_again(tmp_path: Path) -> None:
    interrupted(tmp_path, FACTS)
    assert begin_or_go_on(tmp_path, FACTS, resume=True) == set()
    with pytest.raises(RequestError, match="holds a run at step 5"):
        begin_or_go_on(tmp_path, FACTS, resume=False)


@pytest.mark.parametrize(
    ("name", "value", "begun", "asked"),
    [
        ("steps", 200, "--steps 100", "--steps 200"),
        ("base", "models/gpt2", "no --base", "--base models/gpt2"),
        ("with_artist", True, "no --with-artist", "--with-artist"),
        ("family", "hf-causal", "--family llama", "--family hf-causal"),
        ("command", "train chinese", "`songwright train lyrics`", "`songwright train chinese`"),
    ],
)
def test_another_option_is_told_with_both_values_and_the_way_out(
    name: str, value: Any, begun: str, asked: str, tmp_path: Path
) -> None:
    interrupted(tmp_path, FACTS)
    sentence = f"was begun with {begun}, and this command says {asked}; go on with the same, or choose another --out"
    with pytest.raises(RequestError, match=re.escape(sentence)):
        begin_or_go_on(tmp_path, {**FACTS, name: value}, resume=True)


def test_of_another_kind_of_run_the_kind_alone_is_told(tmp_path: Path) -> None:
    interrupted(tmp_path, FACTS)
    with pytest.raises(RequestError, match="--family markov; go on"):
        begin_or_go_on(tmp_path, {**FACTS, "family": "markov", "steps": 7, "seed": 8}, resume=True)


def test_texts_are_compared_by_what_is_in_them_and_not_by_where_they_are(tmp_path: Path) -> None:
    one, moved, other = (tmp_path / name for name in ("one.jsonl", "moved.jsonl", "other.jsonl"))
    for path, text in ((one, "sea"), (moved, "sea"), (other, "hill")):
        path.write_text(text)
    interrupted(tmp_path / "out", {"corpus": files_fact(one, [one])})
    begin_or_go_on(tmp_path / "out", {"corpus": files_fact(moved, [moved])}, resume=True)
    with pytest.raises(RequestError, match=r"--corpus .*one\.jsonl \(sha256 .{8}\), and this .*other\.jsonl \(sha256"):
        begin_or_go_on(tmp_path / "out", {"corpus": files_fact(other, [other])}, resume=True)
    one.write_text("river")
    with pytest.raises(RequestError, match=r"one\.jsonl .* and this command says .*one\.jsonl"):
        begin_or_go_on(tmp_path / "out", {"corpus": files_fact(one, [one])}, resume=True)


def test_facts_that_an_earlier_version_did_not_write_are_not_compared(tmp_path: Path) -> None:
    interrupted(tmp_path, {"steps": 100})
    begin_or_go_on(tmp_path, FACTS, resume=True)
    for spoilt in ("", '{"steps": 1'):
        (tmp_path / BEGUN).write_text(spoilt)
        begin_or_go_on(tmp_path, FACTS, resume=True)
    (tmp_path / BEGUN).unlink()
    begin_or_go_on(tmp_path, FACTS, resume=True)


def test_where_no_run_was_begun_there_is_none_to_go_on_with(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=r"no run in .* leave --resume away"):
        begin_or_go_on(tmp_path, FACTS, resume=True)


def test_a_start_that_left_nothing_may_be_followed_by_another_and_what_differs_is_said(tmp_path: Path) -> None:
    begin_or_go_on(tmp_path, FACTS, resume=False)
    assert begin_or_go_on(tmp_path, {**FACTS, "seed": 2}, resume=False) == {"seed"}
    assert begin_or_go_on(tmp_path, {**FACTS, "seed": 2}, resume=False) == set()
    (tmp_path / "checkpoint").mkdir()
    with pytest.raises(RequestError, match="checkpoints are never changed"):
        begin_or_go_on(tmp_path, FACTS, resume=False)
