"""Promises of best-of-n: without a judge nothing changes, with one the best of several takes is kept, each time the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from statistics import fmean

import pytest

from engine.contract import LyricRequest, Progress, SongRequest
from engine.music.lead_sheet import LeadSheet
from engine.song.best_take import seed_of
from engine.song.make_song import make_lyrics, make_song
from engine.song.making import Making
from engine.song.models import SongModels

WORDS = LyricRequest(theme="rain", form="VC", syllables="4")
SONG = SongRequest(theme="rain", form="V", syllables="4")


@dataclass
class Taste:
    """Stands for a judge with a simple taste, and remembers what it read."""

    likes: Callable[[str], float]
    version: str = "taste"
    hears_tunes: bool = False
    read: list[str] = field(default_factory=list)
    heard: list[float] = field(default_factory=list)

    def score(self, text: str, sheet: LeadSheet | None = None) -> float:
        if sheet is not None:
            self.heard.append(mean_pitch(sheet))
            return self.heard[-1]
        self.read.append(text)
        return self.likes(text)


def letters(text: str) -> float:
    return float(sum(map(text.count, "aeiou")))


def mean_pitch(sheet: LeadSheet) -> float:
    return fmean(note.pitch for note in sheet.notes)


def judged(models: SongModels, likes: Callable[[str], float] = letters) -> tuple[SongModels, Taste]:
    taste = Taste(likes)
    return replace(models, judge=taste), taste  # type: ignore[arg-type]  # as little of a judge as is asked


def test_without_a_judge_or_a_choice_the_bytes_are_those_of_one_take(opened_tiny_models: SongModels) -> None:
    with_judge, taste = judged(opened_tiny_models)
    once = make_song(SONG, Making(seed=5, models=opened_tiny_models, outputs=("mid",)))
    for making in (
        Making(seed=5, models=opened_tiny_models, outputs=("mid",), best_of=4),
        Making(seed=5, models=with_judge, outputs=("mid",), best_of=1),
    ):
        again = make_song(SONG, making)
        assert (again.lyrics_text, again.artifacts) == (once.lyrics_text, once.artifacts)
        assert again.report.model_versions == once.report.model_versions
    assert not taste.read


def test_the_take_that_the_judge_likes_best_is_kept_and_again_the_same(opened_tiny_models: SongModels) -> None:
    models, taste = judged(opened_tiny_models)
    made = make_lyrics(WORDS, Making(seed=5, models=models, best_of=4))
    assert len(set(taste.read)) > 1
    assert made.lyrics_text == max(taste.read, key=letters)
    assert taste.read[0] == make_lyrics(WORDS, Making(seed=5, models=opened_tiny_models)).lyrics_text
    assert made.report.model_versions["judge"] == "taste"
    assert made.report.seed == 5
    again = make_lyrics(WORDS, Making(seed=5, models=judged(opened_tiny_models)[0], best_of=4))
    assert again.lyrics_text == made.lyrics_text


def test_a_song_is_sung_to_the_words_that_were_chosen(opened_tiny_models: SongModels) -> None:
    models, taste = judged(opened_tiny_models, lambda text: -letters(text))
    made = make_song(SONG, Making(seed=5, models=models, outputs=("mid",), best_of=3))
    assert made.lyrics_text == min(taste.read, key=letters)
    printed = [line.text for section in made.report.sections for line in section.lines]
    assert [line for line in printed if line not in made.lyrics_text] == []
    assert set(made.report.model_versions) == {"lyrics", "melody", "judge"}


def test_a_judge_of_tunes_keeps_the_one_that_it_likes_best_and_one_of_words_hears_none(
    opened_tiny_models: SongModels,
) -> None:
    models, taste = judged(opened_tiny_models)
    taste.hears_tunes = True
    made = make_song(SONG, Making(seed=5, models=models, outputs=("mid",), best_of=3))
    assert made.sheet is not None
    assert len(set(taste.heard)) > 1
    assert mean_pitch(made.sheet) == max(taste.heard)
    models, taste = judged(opened_tiny_models)
    make_song(SONG, Making(seed=5, models=models, outputs=("mid",), best_of=3))
    assert not taste.heard


def test_a_judge_that_likes_all_alike_keeps_the_first(opened_tiny_models: SongModels) -> None:
    models, taste = judged(opened_tiny_models, lambda text: 0.0)
    assert make_lyrics(WORDS, Making(seed=5, models=models, best_of=3)).lyrics_text == taste.read[0]


def test_progress_goes_on_over_all_takes_and_tells_the_chosen_words_alone(opened_tiny_models: SongModels) -> None:
    models, _ = judged(opened_tiny_models)
    told: list[Progress] = []
    made = make_lyrics(WORDS, Making(seed=5, models=models, best_of=3, report=told.append))
    stages = list(dict.fromkeys(progress.stage for progress in told))
    assert stages == ["plan", "words", "lyrics"]
    assert [progress.stage for progress in told] == sorted((p.stage for p in told), key=stages.index)
    writing = [progress for progress in told if progress.stage == "lyrics"]
    assert [progress.done for progress in writing] == sorted(progress.done for progress in writing)
    assert {progress.total for progress in writing} == {writing[-1].done}
    lines = "".join(progress.text for progress in told).splitlines()
    assert lines == [line.text for section in made.report.sections for line in section.lines]
    assert made.report.seconds_per_stage["lyrics"] > 0


@pytest.mark.parametrize("seed", [0, 5, 2**31 - 1])
def test_seeds_of_takes_differ_and_begin_with_the_songs_own(seed: int) -> None:
    seeds = [seed_of(seed, number) for number in range(16)]
    assert seeds[0] == seed
    assert len(set(seeds)) == 16
    assert all(0 <= one < 2**31 for one in seeds)
