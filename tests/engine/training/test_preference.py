"""Tuning on ratings gives a whole candidate: the same for a seed, never too far from its parent, whole after a kill."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

pytest.importorskip("trl")

import torch

from engine.adapters import base_digest
from engine.checkpoint import open_checkpoint
from engine.contract import LyricRequest
from engine.corpus.snapshots import Judgement, Rules, Snapshot, Take, open_snapshot, write_snapshot
from engine.errors import RequestError
from engine.evaluation.lyric_likelihood import open_for_scoring
from engine.song.make_song import make_lyrics
from engine.song.making import Making
from engine.song.models import SongModels, open_adapted, open_lyric_model
from engine.training.checkpoints import checkpoints_of, fault_of
from engine.training.preference import Tuning, tune
from engine.training.preference_trainers import OBJECTIVES, Objective
from tests.tiny_models import TinyModels

# TRL, peft and transformers warn of each other's names
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning", "ignore::DeprecationWarning")

DAY = date(2026, 11, 21)
THEMES = ("rain", "the sea", "a song of stone", "morning light", "the road", "winter", "a bird", "the old house",
          "snow", "a ship", "the hill", "summer")  # fmt: skip


@pytest.fixture(scope="session")
def rated(tmp_path_factory: pytest.TempPathFactory, opened_tiny_models: SongModels) -> Snapshot:
    """Return a snapshot of one verse each to twelve themes, in two takes, of which the first was liked."""
    takes, judged = [], []
    for theme in THEMES:
        request = LyricRequest(theme=theme, form="V", syllables="4")
        for seed in (1, 2):
            made = make_lyrics(request, Making(seed=seed, models=opened_tiny_models))
            name = f"{theme} {seed}"
            takes.append(Take(id=name, request=request.model_dump(mode="json"), seed=seed, versions={}, title=made.report.title,
                              text=made.lyrics_text, sections=made.report.sections))  # fmt: skip
            judged.append(Judgement(rater="rater 1", kind="stars", take=name, value=5.0 if seed == 1 else 1.0, day=DAY))
    return write_snapshot(tmp_path_factory.mktemp("snapshots"), takes, judged, Rules(), DAY, lambda statistics: b"")


@pytest.fixture
def tuning(tiny_models: TinyModels, tmp_path: Path) -> Tuning:
    """Four updates of the tiny lyric model, without a judge."""
    return Tuning(
        "lyrics", tiny_models.lyrics, tmp_path / "run", steps=4, rate=1e-3, kl_limit=100.0, threads=1, judged=0
    )


def silent(text: str) -> None:
    """Say nothing."""


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_a_candidate_is_a_lyric_model_with_its_parents_files_and_a_card(
    objective: Objective, tuning: Tuning, rated: Snapshot
) -> None:
    parent = open_checkpoint(tuning.parent)
    made = open_checkpoint(tune(replace(tuning, objective=objective), rated, silent))
    assert made.digest != parent.digest
    assert (made.card["parent"], made.card["snapshot"], made.card["objective"]) == (
        parent.digest,
        rated.digest,
        objective,
    )
    assert made.card["consent"] == rated.rules.consent
    assert {path.name for path in made.directory.iterdir()} == {path.name for path in parent.directory.iterdir()}
    weights = made.read_weights()
    assert {name: weight.shape for name, weight in weights.items()} == {
        name: weight.shape for name, weight in parent.read_weights().items()
    }
    words = make_lyrics(
        LyricRequest(theme="rain", form="V", syllables="4"),
        Making(seed=1, models=SongModels(open_lyric_model(made.directory), None)),  # type: ignore[arg-type]  # no tune is made
    )
    assert words.lyrics_text


def test_lora_leaves_the_shapes_as_they_were(tuning: Tuning, rated: Snapshot) -> None:
    made = open_checkpoint(tune(replace(tuning, method="lora"), rated, silent))
    assert made.card["options"]["lora_rank"] > 0
    assert set(made.read_weights()) == set(open_checkpoint(tuning.parent).read_weights())


def test_an_adapter_with_its_base_is_what_lora_merges_into_a_whole_model(tuning: Tuning, rated: Snapshot) -> None:
    whole = open_checkpoint(tune(replace(tuning, method="lora", out=tuning.out / "whole"), rated, silent))
    made = open_checkpoint(tune(replace(tuning, adapter=True, out=tuning.out / "adapter"), rated, silent))
    assert made.family == "adapter"
    assert {path.name for path in made.directory.iterdir()} == {"config.json", "manifest.json", "model.safetensors"}
    assert base_digest(made.directory) == made.card["parent"] == open_checkpoint(tuning.parent).digest
    assert {name: made.card[name] for name in ("step", "kl_per_id", "rows", "options", "snapshot", "consent")} == {
        name: whole.card[name] for name in ("step", "kl_per_id", "rows", "options", "snapshot", "consent")
    }
    merged, beside = open_for_scoring(whole.directory), open_for_scoring(made.directory, base=tuning.parent)
    ids = torch.arange(40)[None]
    with torch.inference_mode():
        expected, found, before = (
            model(input_ids=ids).logits for model in (merged, beside, open_for_scoring(tuning.parent))
        )
    torch.testing.assert_close(found, expected, atol=4e-3, rtol=0)  # the whole model's weights are half floats
    assert (expected - before).abs().max() > 0.05
    opened = open_adapted("lyrics", made.directory, open_lyric_model(tuning.parent))
    words = make_lyrics(
        LyricRequest(theme="rain", form="V", syllables="4"),
        Making(seed=1, models=SongModels(opened, None)),  # type: ignore[arg-type]  # no tune is made
    )
    assert words.lyrics_text


def test_an_adapter_is_resumed_and_is_no_parent(tuning: Tuning, rated: Snapshot) -> None:
    made = tune(replace(tuning, adapter=True), rated, silent)
    assert tune(replace(tuning, adapter=True, resume=True), rated, silent) == made
    with pytest.raises(RequestError, match="tune its base anew"):
        tune(replace(tuning, parent=made, out=tuning.out / "further"), rated, silent)
    with pytest.raises(RequestError, match="an adapter is tuned by lora"):
        tune(replace(tuning, adapter=True, method="full", out=tuning.out / "full"), rated, silent)


def test_what_was_liked_becomes_likelier_than_what_was_not(tuning: Tuning, rated: Snapshot) -> None:
    from engine.training.preference import encoder_of, rated_rows
    from engine.training.preference_trainers import log_probabilities

    made = tune(replace(tuning, objective="dpo", steps=12), rated, silent)
    pairs = rated_rows(rated, "train", "dpo", encoder_of("lyrics", tuning.parent))
    margins = []
    for path in (tuning.parent, made):
        odds = log_probabilities(
            open_for_scoring(path), [row for pair in pairs for row in (pair.chosen, pair.rejected)]
        )  # type: ignore[union-attr]  # pairs
        margins.append(sum(odds[pair.chosen] - odds[pair.rejected] for pair in pairs))  # type: ignore[union-attr]  # pairs
    assert margins[1] > margins[0]


def test_a_run_that_goes_too_far_at_once_gives_no_candidate(tuning: Tuning, rated: Snapshot) -> None:
    with pytest.raises(RequestError, match="smaller --rate"):
        tune(replace(tuning, kl_limit=1e-9), rated, silent)
    assert not (tuning.out / "checkpoint").exists()


def test_too_few_ratings_are_refused(tuning: Tuning, rated: Snapshot) -> None:
    few = replace(rated, judgements=rated.judgements[:3])
    with pytest.raises(RequestError, match="wait for more ratings"):
        tune(tuning, few, silent)


TUNE = """
import sys
from pathlib import Path
from engine.corpus.snapshots import open_snapshot
from engine.training.preference import Tuning, tune
parent, out, snapshot, resume = sys.argv[1:]
tune(Tuning("lyrics", Path(parent), Path(out), steps=40, rate=1e-3, kl_limit=100.0, threads=1, judged=0,
            resume=resume == "resume"), open_snapshot(Path(snapshot)), lambda text: None)
"""


def test_a_killed_run_goes_on_and_gives_what_it_would_have_given(tuning: Tuning, rated: Snapshot) -> None:
    arguments = [str(tuning.parent), str(tuning.out), str(rated.directory)]
    environ = {**os.environ, "OMP_NUM_THREADS": "1"}
    run = subprocess.Popen(
        [sys.executable, "-c", TUNE, *arguments, "anew"], env=environ,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    until = time.monotonic() + 300
    while not any(fault_of(path) is None for path in checkpoints_of(tuning.out / "run")):
        assert run.poll() is None, "it ended before it was killed"
        assert time.monotonic() < until
        time.sleep(0.01)
    run.send_signal(signal.SIGKILL)
    run.wait()
    assert not (tuning.out / "checkpoint").exists()
    longer = replace(tuning, steps=40)
    resumed = tune(replace(longer, resume=True), open_snapshot(rated.directory), silent)
    whole = tune(replace(longer, out=tuning.out.with_name("whole")), rated, silent)
    assert open_checkpoint(resumed).digest == open_checkpoint(whole).digest
    assert tune(replace(longer, resume=True), rated, silent) == resumed  # and once more is nothing
