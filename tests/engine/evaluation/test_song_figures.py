"""Promises of the figures of whole songs: what is asked is fixed, what is broken is seen. Models are tiny and random."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from engine.corpus.lyric_corpus import tokenize
from engine.corpus.prepare import Chunk
from engine.errors import RequestError
from engine.evaluation.human_songs import human_figures, sections_of
from engine.evaluation.memorisation import TrainingText
from engine.evaluation.song_figures import STYLES, THEMES, figures, figures_by_style, make_songs, song_requests
from engine.lyrics.prompt import reverse_line
from engine.lyrics.tokenizer import train_tokenizer

if TYPE_CHECKING:
    from engine.evaluation.song_figures import MeasuredSong
    from engine.song.models import SongModels


@pytest.fixture(scope="module")
def songs(opened_tiny_models: SongModels) -> list[MeasuredSong]:
    requests = [request.model_copy(update={"form": "VC"}) for request in song_requests(2, rhyme="AABB", syllables="6")]
    return make_songs(requests, opened_tiny_models)


def test_fifty_requests_are_every_theme_in_every_style() -> None:
    requests = song_requests()
    assert {(request.theme, request.style) for request in requests} == {(t, s) for t in THEMES for s in STYLES}
    assert [request.seed for request in requests] == list(range(50))


def test_what_is_guaranteed_is_measured_as_kept(songs: list[MeasuredSong]) -> None:
    found = figures(songs)
    for name in ("structure accuracy", "length accuracy", "rhyme accuracy", "coverage", "range"):
        assert found[name] == 1.0, name
    assert found["split words"] == 0.0


def test_broken_words_are_seen(songs: list[MeasuredSong]) -> None:
    song = songs[0]
    first, second = song.sung_lines[:2]
    broken = replace(song, text=song.text.replace(first, "oh no").replace(second, "a strange elephant is waiting here"))
    found = figures([broken])
    assert found["length accuracy"] < 1.0
    assert found["rhyme accuracy"] < 1.0
    assert found["coverage"] != 1.0


def test_a_missing_line_is_a_missed_structure(songs: list[MeasuredSong]) -> None:
    song = songs[0]
    assert (
        figures([replace(song, text=song.text.replace(song.sung_lines[0] + "\n", "", 1))])["structure accuracy"] == 0.0
    )


def test_words_learned_by_heart_are_found(songs: list[MeasuredSong]) -> None:
    line = " ".join(songs[0].sung_lines[:3])
    found = figures_by_style(songs, TrainingText.build([[line], songs[1].sung_lines[:1]]))
    assert found["all"]["longest shared run (words)"] >= len(line.split())
    assert found["all"]["songs with a shared run of 8 or more"] >= 0.5
    assert set(found) == {"all", songs[0].style, songs[1].style}


def test_marked_texts_are_read_back_as_sections() -> None:
    line, other = reverse_line(" the rain is here"), reverse_line(" sing with me")
    text = f"<bos><song><plain><late><words><verse><s4><rA>{line}\n<chorus>{other}\n{other}\n<eos>"
    assert sections_of(text) == [("verse", ("the rain is here",)), ("chorus", ("sing with me", "sing with me"))]


def held_out(folder: Path, lines: list[str]) -> Path:
    """Write a prepared corpus whose held-out splits hold one song each."""
    marked = "".join(f"<s6><rA>{reverse_line(' ' + line)}\n" for line in lines)
    text = f"<bos><song><plain><late><words><verse>{marked}<chorus>{marked}<eos>"
    tokenizer = train_tokenizer(lines, 420)
    (folder / "tokenizer.json").write_text(tokenizer.to_json(), encoding="utf-8")
    for split in ("valid", "test"):
        tokenize([Chunk(text, "song", "test", len(lines), 1.0, 1.0)], tokenizer).save(folder / f"{split}.npz")
    return folder


def test_songs_of_people_are_measured_beside(tmp_path: Path) -> None:
    lines = [" ".join(["rain"] * 9 + ["sea"])] * 6
    found = human_figures(held_out(tmp_path, lines), TrainingText.build([lines[:1]]))
    assert found["distinct-1"] == pytest.approx(2 / 100)
    assert found["repetition"] == pytest.approx(5 / 6)
    assert found["longest shared run (words)"] == 10
    assert found["verbatim lines of 5 words or more"] == 1.0


def test_without_a_long_song_there_is_nothing_to_compare(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="100 words"):
        human_figures(held_out(tmp_path, ["the rain is here"]))
