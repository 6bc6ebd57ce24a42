"""Promises of music without words: exact bars, the key and instrument asked for, and nothing to sing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from engine.contract import BARS_RANGE, STYLES, MusicRequest
from engine.errors import RequestError
from engine.music.midi_file import midi_to_score
from engine.song.making import Making
from engine.verbs import carry_out
from tests.engine.song.whole_songs import make

if TYPE_CHECKING:
    from engine.song.models import SongModels


@pytest.mark.parametrize("bars", [BARS_RANGE[0], 5, 15, 16, 33, BARS_RANGE[1]])
@pytest.mark.parametrize("meter", ["4/4", "6/8", "3/4", "2/4"])
def test_music_has_exactly_the_bars_asked_for(opened_tiny_models: SongModels, bars: int, meter: str) -> None:
    made = make(MusicRequest(bars=bars, time_signature=meter, tempo_qpm=240), opened_tiny_models)
    assert made.score is not None
    assert made.score.length_ticks == bars * made.score.time_signatures[0].time_signature.bar_ticks


@pytest.mark.parametrize("style", STYLES)
def test_nothing_is_sung(opened_tiny_models: SongModels, style: str) -> None:
    made = make(MusicRequest(style=style, bars=8, instrument="flute", key="Bb"), opened_tiny_models)
    assert [artifact.name.split(".")[1] for artifact in made.artifacts] == ["mid", "musicxml"]
    assert made.lyrics_text == ""
    assert b"<lyric" not in made.artifacts[1].data
    assert b"<slur" not in made.artifacts[1].data
    score = midi_to_score(made.artifacts[0].data)
    assert not any(track.lyrics for track in score.tracks)
    assert score.tracks[0].program == 73
    assert score.tracks[0].notes
    assert (score.key_name, made.report.key) == ("Bb major", "Bb major")


def test_sections_of_one_kind_share_their_tune(opened_tiny_models: SongModels) -> None:
    made = make(MusicRequest(bars=24, time_signature="4/4", style="pop"), opened_tiny_models)
    assert [section.label for section in made.report.sections] == ["Theme", "Chorus", "Theme"]
    assert made.sheet is not None
    moved = 16 * 1920
    first = [(note.onset_ticks, note.pitch) for note in made.sheet.notes if note.onset_ticks < 7 * 1920]
    last = [(note.onset_ticks - moved, note.pitch) for note in made.sheet.notes if note.onset_ticks >= moved]
    assert first == last[: len(first)]


def test_all_files_are_made(opened_tiny_models: SongModels) -> None:
    made = carry_out(MusicRequest(bars=4), Making(seed=1, models=opened_tiny_models))
    assert [artifact.name.split(".")[1] for artifact in made.artifacts] == ["mid", "musicxml", "png", "ogg"]
    assert made.report.notices == ()


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"bars": 3}, "bars must be 4-64, got 3"),
        ({"bars": 65}, "bars must be 4-64"),
        ({"instrument": "floot"}, "did you mean flute"),
        ({"style": "polka"}, "unknown"),
        ({"tempo_qpm": 500}, "tempo must be"),
        ({"time_signature": "7/8"}, "time signature"),
        ({"chords": "C Hm"}, "chord"),
    ],
)
def test_what_cannot_be_played_is_refused(
    opened_tiny_models: SongModels, values: dict[str, object], sentence: str
) -> None:
    with pytest.raises(RequestError, match=sentence):
        make(MusicRequest.model_validate(values), opened_tiny_models)
