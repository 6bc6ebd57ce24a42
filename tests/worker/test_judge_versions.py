"""Promises of judges as versions: added, promoted and taken back like models, and songs are chosen by the promoted one."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.contract import LyricRequest
from engine.errors import CheckpointError
from engine.roles import JUDGE
from engine.training.judge import learn_judge
from tests.rated_takes import short_lines, snapshot_of, stars, takes
from tests.tiny_models import TinyModels
from tests.worker.conftest import WoundClock
from worker import promotion
from worker.generation import SongGenerator
from worker.loaded_models import LoadedModels, model_choice
from worker.store.database import Store
from worker.store.songs import GeneratedSong
from worker.store.trial_ratings import WITHOUT
from worker.trials import watches

REQUEST = LyricRequest(theme="rain", form="V", syllables="4")


@pytest.fixture(scope="module")
def judge(tiny_models: TinyModels, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a judge that likes short lines."""
    folder, of = tmp_path_factory.mktemp("judge"), takes()
    learn_judge(snapshot_of(folder, stars(3, short_lines, of), of), tiny_models.lyrics, folder / "judge")
    return folder / "judge"


def made(store: Store, tiny_models: TinyModels, best_of: int = 3) -> GeneratedSong:
    def choice() -> dict[str, Path]:
        return {**model_choice(store).paths, "lyrics": tiny_models.lyrics, "melody": tiny_models.melody}

    generate = SongGenerator(LoadedModels(choice), ("txt",), store=store, best_of=best_of)  # type: ignore[arg-type]
    return generate(REQUEST, 5, lambda progress: None, lambda: False)


def test_a_promoted_judge_chooses_from_the_next_song_on_until_it_is_taken_back(
    sqlite_store: Store, clock: WoundClock, tiny_models: TinyModels, judge: Path
) -> None:
    before = made(sqlite_store, tiny_models)
    assert JUDGE not in before.report.model_versions
    version = promotion.add(sqlite_store, judge, now=clock())
    assert (version.role, version.family, version.state) == (JUDGE, "judge", "candidate")
    promotion.promote(sqlite_store, version.id, now=clock())
    assert made(sqlite_store, tiny_models).report.model_versions[JUDGE] == version.digest
    assert JUDGE not in made(sqlite_store, tiny_models, best_of=1).report.model_versions
    assert promotion.roll_back(sqlite_store, JUDGE, now=clock()) is None
    assert made(sqlite_store, tiny_models).lyrics_text == before.lyrics_text


def test_a_judge_on_trial_is_set_against_the_songs_that_none_has_chosen(
    sqlite_store: Store, clock: WoundClock, judge: Path
) -> None:
    version = promotion.add(sqlite_store, judge, now=clock())
    promotion.begin_trial(sqlite_store, version.id, 0.1, now=clock())
    with sqlite_store.reading() as session:
        (watch,) = watches(session)
    assert (watch.version.id, watch.against) == (version.id, WITHOUT)


def test_a_damaged_judge_is_not_promoted(sqlite_store: Store, clock: WoundClock, judge: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    copy.mkdir()
    for file in judge.iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
    version = promotion.add(sqlite_store, copy, now=clock())
    (copy / "config.json").write_text("{}")
    with pytest.raises(CheckpointError, match="damaged"):
        promotion.promote(sqlite_store, version.id, now=clock())
