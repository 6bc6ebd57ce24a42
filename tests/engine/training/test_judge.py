"""Promises of learning a judge: it finds what people like, finds nothing in chance, and says how sure that is."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from engine.checkpoint import open_checkpoint
from engine.corpus.snapshots import Judgement, Snapshot
from engine.errors import OutputError, RequestError
from engine.evaluation.judge_figures import accuracy, score_of
from engine.lyrics.associations import Associations
from engine.song.judge import Judge, open_judge
from engine.song.models import ASSOCIATIONS_FILE
from engine.training.judge import agreement, fit_judge, learn_judge
from tests.rated_takes import DAY, by_chance, letters_in_line, short_lines, snapshot_of, stars, takes
from tests.tiny_models import TinyModels

RATERS = 4
TAKES = takes()


@pytest.fixture(scope="module")
def associations(tiny_models: TinyModels) -> Associations:
    return Associations.open(tiny_models.lyrics / ASSOCIATIONS_FILE)


def rank_correlation(judge: Judge) -> float:
    """Return how well scores follow short lines, which is what the raters liked."""
    scores = [score_of(judge, take) for take in TAKES]
    lengths = [-letters_in_line(take) for take in TAKES]
    return float(np.corrcoef(np.argsort(np.argsort(scores)), np.argsort(np.argsort(lengths)))[0, 1])


def pairs(snapshot: Snapshot) -> list[Judgement]:
    """Return the choices of somebody who takes the shorter lines of every prompt."""
    found = []
    for first, second in zip(TAKES[::2], TAKES[1::2], strict=True):
        chosen, rejected = sorted((first, second), key=letters_in_line)
        found.append(Judgement(rater="rater 1", kind="preference", take=chosen.id, rejected=rejected.id, day=DAY))
    return found


def test_what_raters_like_is_found(associations: Associations, tmp_path: Path) -> None:
    snapshot = snapshot_of(tmp_path, stars(RATERS, short_lines, TAKES), TAKES)
    judge, choice = fit_judge(snapshot, associations)
    assert choice.error < choice.baseline
    assert rank_correlation(judge) > 0.8
    assert accuracy(judge, snapshot, "test").knows
    assert agreement(snapshot, associations).knows


def test_pairs_alone_teach_it_too(associations: Associations, tmp_path: Path) -> None:
    snapshot = snapshot_of(tmp_path / "all", pairs(snapshot_of(tmp_path, stars(1, short_lines, TAKES), TAKES)), TAKES)
    judge, _ = fit_judge(snapshot, associations)
    assert rank_correlation(judge) > 0.7
    assert judge.preference(1.0, 0.0) > 0.5


def test_chance_ratings_teach_nothing(associations: Associations, tmp_path: Path) -> None:
    for number in range(4):
        said = stars(RATERS, lambda rater, take, number=number: by_chance(f"{number} {rater}", take), TAKES)  # type: ignore[misc]
        snapshot = snapshot_of(tmp_path / str(number), said, TAKES)
        judge, _ = fit_judge(snapshot, associations)
        assert not accuracy(judge, snapshot, "test").knows
        assert not agreement(snapshot, associations).knows


def test_who_counts_for_nothing_changes_nothing(associations: Associations, tmp_path: Path) -> None:
    honest = stars(RATERS, short_lines, TAKES)
    against = [
        one.model_copy(update={"rater": f"brigade {one.rater}", "value": 6 - one.value, "weight": 0.0})
        for one in honest
    ]
    without, _ = fit_judge(snapshot_of(tmp_path / "without", honest, TAKES), associations)
    beside, _ = fit_judge(snapshot_of(tmp_path / "beside", [*honest, *against], TAKES), associations)
    np.testing.assert_allclose(beside.weights, without.weights, atol=1e-9)
    assert beside.steepness == pytest.approx(without.steepness)


def test_a_judge_is_written_whole_with_its_card_and_judges_as_it_was_learned(
    associations: Associations, tiny_models: TinyModels, tmp_path: Path
) -> None:
    snapshot = snapshot_of(tmp_path, stars(RATERS, short_lines, TAKES), TAKES)
    card = learn_judge(snapshot, tiny_models.lyrics, tmp_path / "judge")
    judge = open_judge(tmp_path / "judge")
    assert score_of(judge, TAKES[0]) == pytest.approx(
        score_of(fit_judge(snapshot, associations)[0], TAKES[0]), abs=0.02
    )
    assert json.loads(json.dumps(card)) == open_checkpoint(tmp_path / "judge").card
    assert card["learned from"]["snapshot"] == snapshot.digest
    assert card["learned from"]["raters"] == RATERS
    assert card["agreement on test"]["n"] > 0
    assert learn_judge(snapshot, tiny_models.lyrics, tmp_path / "again") == card
    assert open_judge(tmp_path / "again").version == judge.version
    with pytest.raises(OutputError, match="choose a new directory"):
        learn_judge(snapshot, tiny_models.lyrics, tmp_path / "judge")


def test_too_few_ratings_are_refused_with_how_many_it_takes(associations: Associations, tmp_path: Path) -> None:
    few = TAKES[:8]
    with pytest.raises(RequestError, match="20 or more ratings and pairs of 10 or more prompts"):
        fit_judge(snapshot_of(tmp_path, stars(RATERS, short_lines, few), few), associations)
