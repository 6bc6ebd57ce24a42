"""Promises of the judge as it is used: what it measures of any song, what it stores, which checkpoints it refuses."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.checkpoint import CONFIG, write_checkpoint
from engine.errors import CheckpointError
from engine.lyrics.associations import Associations
from engine.song.judge import COMPANY_FILE, FAMILY, Judge, company_bytes, config_of, open_judge, tensors_of
from engine.song.judge_features import features_of, names_of
from engine.song.models import SongModels
from tests.engine.song.whole_songs import make
from tests.tiny_models import WORDS, TinyModels

VERSE = "[Verse 1]\nThe night is long and bright,\nYou sing of morning light!\n"


def company() -> Associations:
    vectors = np.random.default_rng(1).standard_normal((len(WORDS), 8)).astype(np.float32)
    return Associations(list(WORDS), vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


ASSOCIATIONS = company()
NAMES = names_of(ASSOCIATIONS)


def judge_of(weights: dict[str, float], steepness: float = 1.0) -> Judge:
    """Return a judge of a few features, for whom 0 is usual and 1 a deviation."""
    values = np.array([weights.get(name, 0.0) for name in NAMES])
    return Judge("", ASSOCIATIONS, NAMES, np.zeros(len(NAMES)), np.ones(len(NAMES)), values, steepness)


def written(judge: Judge, directory: Path, family: str = FAMILY) -> Path:
    files = {COMPANY_FILE: company_bytes(judge.associations)}
    write_checkpoint(directory, tensors_of(judge), config_of(judge), None, {}, family=family, more_files=files)
    return directory


@settings(max_examples=30)
@given(text=st.text(max_size=200))
def test_any_text_has_the_same_features_and_a_score(text: str) -> None:
    found = features_of(text, None, ASSOCIATIONS)
    assert tuple(found) == NAMES
    assert not any(map(math.isinf, found.values()))
    assert math.isfinite(judge_of(dict.fromkeys(NAMES, 0.1)).score(text))


def test_a_song_has_every_feature_of_its_tune(opened_tiny_models: SongModels) -> None:
    from engine.contract import SongRequest

    made = make(SongRequest(theme="rain", form="V", syllables="4"), opened_tiny_models)
    found = features_of(made.lyrics_text, made.sheet, ASSOCIATIONS)
    assert tuple(found) == NAMES
    assert found["step share (1-2 semitones)"] >= 0
    assert math.exp(found["tempo"]) == pytest.approx(made.report.tempo_qpm)
    assert math.isnan(features_of(made.lyrics_text, None, ASSOCIATIONS)["tempo"])


def test_words_are_measured_as_a_reader_would() -> None:
    found = features_of(VERSE, None, ASSOCIATIONS)
    assert found["lines that rhyme"] == 1.0
    assert found["words in a line"] == (6 + 5) / 2
    assert found["exclamation marks in a line"] == 0.5
    assert found["you"] == 1 / 11
    # long, bright, night, the, and / you, sing, morning, light: night, bright and light are three of nine
    assert found["words that rhyme within two lines"] == pytest.approx(3 / 9)


def test_a_judge_of_words_alone_hears_no_tune() -> None:
    assert not judge_of({"words in a line": 1.0}).hears_tunes
    assert judge_of({"step share (1-2 semitones)": 1.0}).hears_tunes


def test_a_chorus_that_comes_again_counts_once() -> None:
    chorus = "[Chorus]\nSing, oh sing,\n"
    once, twice = (features_of(VERSE + "\n" + chorus * count, None, ASSOCIATIONS) for count in (1, 2))
    np.testing.assert_equal(once, twice)


def test_what_is_stored_judges_alike(tmp_path: Path) -> None:
    judge = judge_of({name: 0.01 * place for place, name in enumerate(NAMES)}, steepness=1.5)
    opened = open_judge(written(judge, tmp_path / "judge"))
    assert opened.version
    assert opened.steepness == judge.steepness
    assert opened.score(VERSE) == pytest.approx(judge.score(VERSE), abs=0.05)  # the vectors are rounded


def test_other_checkpoints_are_refused_with_a_sentence(tmp_path: Path, tiny_models: TinyModels) -> None:
    with pytest.raises(CheckpointError, match="another kind"):
        open_judge(tiny_models.lyrics)
    fewer = judge_of({})
    for name, judge in {
        "fewer": Judge("", ASSOCIATIONS, NAMES[:-1], fewer.mean[:-1], fewer.spread[:-1], fewer.weights[:-1], 1.0),
        "no numbers": judge_of({NAMES[0]: math.nan}),
    }.items():
        with pytest.raises(CheckpointError, match="finetune judge"):
            open_judge(written(judge, tmp_path / name))
    damaged = written(judge_of({}), tmp_path / "damaged")
    (damaged / CONFIG).write_text("{}")
    with pytest.raises(CheckpointError, match="damaged"):
        open_judge(damaged)


@given(a=st.floats(-100, 100), b=st.floats(-100, 100))
def test_probabilities_of_both_ways_add_up_and_follow_the_scores(a: float, b: float) -> None:
    judge = judge_of({}, steepness=1.3)
    assert judge.preference(a, b) + judge.preference(b, a) == pytest.approx(1.0)
    assert (judge.preference(a, b) > 0.5) <= (a > b)


def test_what_no_rated_song_had_counts_no_more_than_the_most_that_one_had() -> None:
    judge = judge_of({"exclamation marks in a line": 1.0})
    shouted = [f"[Verse 1]\nHo{'!' * count}\n" for count in (1, 4, 40)]
    scores = [judge.score(text) for text in shouted]
    assert scores[0] < scores[1] == scores[2]
