"""Promises of the way from one melody to another: its ends are the melodies as they are, its steps lie one after another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from io import BytesIO
from typing import TYPE_CHECKING

import mido
import pytest

from engine.errors import RequestError
from engine.music.melody_bars import BAR_TICKS
from engine.music.score import Note, Score, TempoChange, TimeSignature, TimeSignatureChange, Track
from engine.music_edit_requests import BlendRequest
from engine.song.blend import blend
from engine.song.making import MadeSong, Making, SourceSong
from tests.tiny_music_vae import random_music_vae

if TYPE_CHECKING:
    from engine.song.models import SongModels

UP, DOWN = [60, 62, 64, 65, 67, 69, 71, 72], [72, 71, 69, 67, 65, 64, 62, 60]


def tune(pitches: Sequence[int], *, repeats: int = 1, title: str = "Up", meter: tuple[int, int] = (4, 4)) -> SourceSong:
    """Return a song of quarters, two bars each time, over a bass."""
    notes = tuple(Note(n * 480, pitch, 480) for n, pitch in enumerate(pitches * repeats))
    bass = Track("Bass", 33, tuple(Note(n * BAR_TICKS, 36, BAR_TICKS) for n in range(2 * repeats)))
    score = Score(
        (bass, Track("Flute", 73, notes)), len(notes) * 480, (TempoChange(0, 90.0),),
        (TimeSignatureChange(0, TimeSignature(*meter)),),
    )  # fmt: skip
    return SourceSong(title, "", score)


@pytest.fixture
def made(opened_tiny_models: SongModels) -> MadeSong:
    return blended(opened_tiny_models, tune(UP), tune(DOWN, title="Down"), steps=4)


def blended(
    models: SongModels, first: SourceSong, last: SourceSong, *, steps: int = 3, bars: int | None = None
) -> MadeSong:
    making = Making(seed=1, models=models, source=first, other=last, outputs=("mid",))
    request = BlendRequest(source="a", other="b", steps=steps, bars=bars)
    return blend(request, making, lambda: random_music_vae(2))


def melody_at(score: Score, step: int, bars: int = 2) -> list[tuple[int, int]]:
    """Return onset in quarters and pitch of the notes of a step."""
    start, end = step * bars * BAR_TICKS, (step + 1) * bars * BAR_TICKS
    return [((n.onset_ticks - start) // 480, n.pitch) for n in score.tracks[0].notes if start <= n.onset_ticks < end]


def test_the_ends_are_the_melodies_as_they_are(made: MadeSong) -> None:
    assert made.score is not None
    assert melody_at(made.score, 0) == list(enumerate(UP))
    assert melody_at(made.score, 3) == list(enumerate(DOWN))
    assert melody_at(made.score, 1) != list(enumerate(UP))
    assert made.score.length_ticks == 4 * 2 * BAR_TICKS


def test_tempo_and_instrument_are_the_first_songs_and_markers_count(made: MadeSong) -> None:
    assert made.score is not None
    assert (made.score.tempos, made.score.tracks[0].program) == ((TempoChange(0, 90.0),), 73)
    assert [(m.onset_ticks // BAR_TICKS, m.text) for m in made.score.markers] == [
        (0, "1"),
        (2, "2"),
        (4, "3"),
        (6, "4"),
    ]
    assert made.report.title == "Up → Down"


def test_each_step_is_a_file_of_its_own_and_the_way_comes_last(made: MadeSong) -> None:
    names = [artifact.name for artifact in made.artifacts]
    assert names == ["up-down-1.mid", "up-down-2.mid", "up-down-3.mid", "up-down-4.mid", "up-down.mid"]
    first = mido.MidiFile(file=BytesIO(made.artifacts[0].data))
    assert [m.note for t in first.tracks for m in t if m.type == "note_on" and m.velocity] == UP


def test_the_same_seed_gives_the_same_way(opened_tiny_models: SongModels, made: MadeSong) -> None:
    again = blended(opened_tiny_models, tune(UP), tune(DOWN, title="Down"), steps=4)
    assert again.artifacts == made.artifacts


def test_as_many_bars_as_both_have(opened_tiny_models: SongModels) -> None:
    long = blended(opened_tiny_models, tune(UP, repeats=8), tune(DOWN, repeats=9))
    assert long.score is not None
    assert melody_at(long.score, 0, 16) == list(enumerate(UP * 8))
    some = blended(opened_tiny_models, tune(UP, repeats=8), tune(DOWN, repeats=3))
    assert some.score is not None
    assert melody_at(some.score, 2, 4) == list(enumerate(DOWN * 2))
    short = blended(opened_tiny_models, tune(UP, repeats=8), tune(DOWN, repeats=9), bars=2)
    assert short.score is not None
    assert short.score.length_ticks == 3 * 2 * BAR_TICKS


@pytest.mark.parametrize(
    ("first", "steps", "bars", "sentence"),
    [
        (tune(UP), 8, None, "steps must be 3-7, got 8"),
        (tune(UP), 3, 3, "bars must be 16, 8, 4, 2, got 3"),
        (tune(UP), 3, 16, "'Up' has no melody of 16 bars of 4/4 in a row"),
        (tune(UP, repeats=9, meter=(3, 4)), 3, None, "'Up' has no melody of 2 bars of 4/4 in a row"),
        (SourceSong("Words", "words", None), 3, None, "this has words alone"),
    ],
)
def test_what_cannot_be_blended_is_refused(
    opened_tiny_models: SongModels, first: SourceSong, steps: int, bars: int | None, sentence: str
) -> None:
    with pytest.raises(RequestError, match=sentence):
        blended(opened_tiny_models, first, tune(DOWN, repeats=8, title="Down"), steps=steps, bars=bars)


def test_long_titles_are_cut(opened_tiny_models: SongModels) -> None:
    made = blended(opened_tiny_models, replace(tune(UP), title="A" * 80), tune(DOWN, title="B" * 80))
    assert len(made.report.title) <= 80
