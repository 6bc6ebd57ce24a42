"""Sound made in this process: the same samples each time. Does not judge how it sounds."""

from __future__ import annotations

import numpy as np
import pytest

from engine.music.score import Note, Score, TempoChange, Track
from engine.output.audio import find_soundfont
from engine.output.synthesis import score_seconds, synthesise


@pytest.mark.parametrize("program", [0, 33, 48, 65, 73, 78])
def test_rendering_again_in_one_process_gives_the_same_samples(program: int) -> None:
    pitches = (42, 66, 72, 75, 90)
    notes = tuple(Note(600 * index, pitch, 500, 90) for index, pitch in enumerate(pitches))
    score = Score((Track("Melody", program, notes),), length_ticks=3000)
    first = synthesise(score, find_soundfont())
    junk = [np.full(size, np.nan, np.float32) for size in range(1000, 40_000, 777)]
    del junk
    assert np.abs(first).max() < 4  # 78 gave samples of 1e36, and some that were no numbers
    assert np.array_equal(synthesise(score, find_soundfont()), first)


def test_seconds_follow_tempo_changes() -> None:
    score = Score(
        (), length_ticks=1920, tempos=(TempoChange(0, 120.0), TempoChange(960, 60.0), TempoChange(9999, 40.0))
    )
    assert score_seconds(score) == pytest.approx(1.0 + 2.0)
