"""Promises of the figures of written songs: fixed requests, one definition each, kept songs measure as new ones do.

Models are tiny and random: they keep to the plan and say nothing.
"""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from engine.contract import LyricRequest
from engine.corpus.prepared_songs import write_songs
from engine.errors import FileFormatError, OutputError, RequestError
from engine.evaluation import lyric_metrics as metrics
from engine.evaluation.human_songs import LINES_COMPARED, human_songs_of_corpus, human_songs_of_folder
from engine.evaluation.memorisation import TrainingText
from engine.evaluation.word_figures import (
    BARS,
    FIGURES,
    LONGEST_RUN,
    SONGS_COMPARED,
    VERBATIM,
    WORDS_COMPARED,
    Reference,
    figures_of,
    song_values,
    values_of,
    verdict,
)
from engine.evaluation.word_songs import (
    AUTHORS,
    THEMES,
    WrittenSong,
    keep_songs,
    kept_songs,
    known_authors,
    planned_requests,
    varied_requests,
    write_words_of,
)
from engine.lyrics.plain_songs import PlainSection, PlainSong
from engine.song.plan import make_plan
from engine.song.styles import STYLES

if TYPE_CHECKING:
    from engine.song.models import SongModels

WORDS = "rain sun moon star sky sea hill road house home tree leaf bird song day night door wind snow fire".split()


@pytest.fixture(scope="module")
def songs(opened_tiny_models: SongModels) -> list[WrittenSong]:
    requests = [request.model_copy(update={"form": "VC"}) for request in varied_requests()[:12:3]]
    return list(write_words_of([("varied", request) for request in requests], opened_tiny_models.lyrics))


@pytest.fixture(scope="module")
def reference() -> Reference:
    return Reference.of(None)


def free_song(seed: int, words: int = 80) -> WrittenSong:
    """Return a song of random words, eight a line and four lines a verse."""
    chosen = np.random.default_rng(seed).choice(WORDS, words).tolist()
    lines = [" ".join(chosen[start : start + 8]) for start in range(0, words, 8)]
    verses = [lines[start : start + 4] for start in range(0, len(lines), 4)]
    body = "\n".join(f"[Verse {i}]\n" + "".join(f"{line}\n" for line in verse) for i, verse in enumerate(verses, 1))
    return WrittenSong("plain", {"artist": "", "title": "Rain", "seed": seed}, f"<<Unknown - Rain>>\n{body}")


# --- requests


def test_every_theme_is_asked_for_in_every_style_and_all_can_be_planned() -> None:
    requests = varied_requests()
    assert {(request.theme, request.style) for request in requests} == {(t, s) for t in THEMES for s in STYLES}
    assert len({request.seed for request in requests}) == len(requests) == len(THEMES) * len(STYLES)
    assert all(make_plan(request, request.seed or 0).sections for request in requests)


@pytest.mark.parametrize("option", ["rhyme", "syllables", "form"])
def test_every_style_meets_every_value_of_an_option(option: str) -> None:
    for style in STYLES:
        values = {getattr(request, option) for request in varied_requests() if request.style == style}
        assert None in values
        assert len(values) >= 4, (style, values)


def test_fewer_requests_are_a_part_of_all() -> None:
    assert set(map(str, varied_requests(30))) < set(map(str, varied_requests()))
    assert len({request.style for request in varied_requests(30)}) == len(STYLES)


def test_only_authors_that_the_model_knows_are_asked_for() -> None:
    authors = known_authors([AUTHORS[1], "Ann Harbour"])
    requests = planned_requests(10, 5, authors, 3)
    assert authors == [AUTHORS[1]]
    assert [part for part, _ in requests] == ["varied"] * 10 + ["one prompt"] * 5 + ["by author"] * 3
    assert {request.artist for part, request in requests if part == "by author"} == set(authors)


# --- kept songs


def test_kept_songs_give_the_same_figures(songs: list[WrittenSong], tmp_path: Path, reference: Reference) -> None:
    path = tmp_path / "deep" / "songs.jsonl"
    assert keep_songs(path, iter(songs)) == songs
    assert kept_songs(path) == songs
    assert figures_of(kept_songs(path), reference) == figures_of(songs, reference)


def test_a_run_that_breaks_keeps_what_was_done(songs: list[WrittenSong], tmp_path: Path) -> None:
    def breaking() -> object:
        yield songs[0]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        keep_songs(tmp_path / "songs.jsonl", breaking())  # type: ignore[arg-type]  # a generator of songs
    assert kept_songs(tmp_path / "songs.jsonl") == songs[:1]


@pytest.mark.parametrize(
    "line",
    ['{"part": "varied"}', '{"part": "varied", "request": {"theme": 3}, "text": "", "model": ""}', "[1]", "rain",
     '{"part": "varied", "request": {"theme": "rain", "unknown": 1}, "text": "", "model": ""}'],
)  # fmt: skip
def test_a_line_that_is_no_song_is_named(line: str, tmp_path: Path) -> None:
    (tmp_path / "songs.jsonl").write_text(line + "\n", encoding="utf-8")
    with pytest.raises(FileFormatError, match="line 1"):
        kept_songs(tmp_path / "songs.jsonl")


def test_nothing_kept_is_said(tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").touch()
    for name in ("empty.jsonl", "none.jsonl"):
        with pytest.raises(RequestError, match=name):
            kept_songs(tmp_path / name)
    with pytest.raises(OutputError, match="another file"):
        keep_songs(tmp_path / "empty.jsonl" / "songs.jsonl", [])


# --- figures


def test_what_is_guaranteed_is_measured_as_kept(songs: list[WrittenSong], reference: Reference) -> None:
    found = figures_of(songs, reference)
    for name in ("structure accuracy", "length accuracy", "rhyme accuracy"):
        assert found[name] == 1.0, name
        assert verdict(name, found[name]) == "pass"


def test_broken_words_are_seen(songs: list[WrittenSong], reference: Reference) -> None:
    song = next(song for song in songs if "AABB" in str(song.request))
    first, second = song.lines[:2]
    broken = replace(
        song, text=song.text.replace(first, "oh no").replace(second, "a strange zqxing is waiting here, sir")
    )
    found = figures_of([broken], reference)
    assert found["length accuracy"] < 1.0
    assert found["rhyme accuracy"] < 1.0
    assert found["real-word rate"] < 1.0
    assert verdict("length accuracy", found["length accuracy"]) == "short"
    lost = replace(song, text=song.text.replace(first + "\n", "", 1))
    assert figures_of([lost], reference)["structure accuracy"] == 0.0


def test_a_figure_of_many_songs_is_that_of_all_their_lines(songs: list[WrittenSong], reference: Reference) -> None:
    found = figures_of(songs, reference)
    assert found["repetition"] == pytest.approx(metrics.repetition(song.written for song in songs))
    assert found["rhyme density"] == pytest.approx(metrics.rhyme_density(song.words for song in songs))
    lines = [line for song in songs for line in song.written_lines]
    assert found["real-word rate"] == pytest.approx(metrics.real_word_rate(lines, reference.known_words))
    assert found["stress evenness"] == pytest.approx(metrics.stress_evenness(lines))


def test_figures_among_songs_are_those_of_all_texts_cut_alike(reference: Reference) -> None:
    free = [free_song(seed) for seed in range(12)] + [free_song(99, words=40)]
    found = figures_of(free, reference)
    cut = [song.words[:WORDS_COMPARED] for song in free[:12]]
    for n in (1, 2):
        assert found[f"distinct-{n} over songs"] == pytest.approx(metrics.distinct(cut, n))
        assert found[f"distinct-{n}"] == pytest.approx(np.mean([metrics.distinct([words], n) for words in cut]))
    assert found["self-BLEU-4"] == pytest.approx(metrics.self_bleu_4(cut))


def test_no_more_than_a_hundred_songs_are_compared_with_each_other(reference: Reference) -> None:
    values = values_of([free_song(seed) for seed in range(SONGS_COMPARED + 20)], reference)
    assert (values["self-BLEU-4"].weights > 0).sum() == SONGS_COMPARED


def test_words_learned_by_heart_are_found(songs: list[WrittenSong]) -> None:
    line = " ".join(songs[0].written_lines[:3])
    found = figures_of(songs, Reference.of(TrainingText.build([[line], songs[1].written_lines[:1]])))
    assert found[LONGEST_RUN] >= len(line.split())
    assert found[VERBATIM] > 0
    assert verdict(LONGEST_RUN, found[LONGEST_RUN]) == verdict(VERBATIM, found[VERBATIM]) == "short"


def test_free_text_has_no_figures_of_a_plan(reference: Reference) -> None:
    found = figures_of([free_song(0)], reference)
    assert found["labels parse"] == 1.0
    assert not {"length accuracy", "rhyme accuracy", "theme hit"} & set(found)


def test_every_bar_is_of_a_figure_and_every_value_has_a_name(songs: list[WrittenSong]) -> None:
    assert set(BARS) <= set(FIGURES)
    assert set(song_values(songs[0], Reference.of(TrainingText.build([["rain"]])))) <= set(FIGURES)


def test_a_bar_of_people_needs_people() -> None:
    assert verdict("repetition", 0.1) == ""
    assert verdict("repetition", 0.1, 0.2) == "pass"
    assert verdict("distinct-2", 0.7, 0.9) == "short"
    assert verdict("distinct-2", math.nan, 0.9) == ""


# --- songs of people


def write_corpus(path: Path, works: int, stanzas: int) -> Path:
    verse = "\n".join(" ".join(WORDS[i : i + 6]) for i in range(4))
    rows = [
        {"id": str(i), "work": f"work {i}", "kind": "song", "title": f"Song {i}", "author": "", "licence": "",
         "text": "\n\n".join(f"{verse}\nverse {'abcdefghij'[s]} of the song" for s in range(stanzas)) + "\n"}
        for i in range(works)
    ]  # fmt: skip
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_songs_of_people_are_held_out_cut_and_the_same_every_time(tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path / "songs.jsonl", works=300, stanzas=8)
    found = human_songs_of_corpus(corpus, 5)
    assert found == human_songs_of_corpus(corpus, 5)
    assert len(found) == 5
    assert all(len(song.lines) == LINES_COMPARED for song in found)
    assert 0 < len(human_songs_of_corpus(corpus, 300)) < 60  # some 4 % of works are held out


def test_without_a_held_out_song_there_is_nothing_to_compare(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="60 words"):
        human_songs_of_corpus(write_corpus(tmp_path / "songs.jsonl", works=300, stanzas=1))
    with pytest.raises(RequestError, match="corpus prepare"):
        human_songs_of_folder(tmp_path, "test")
    write_songs(tmp_path, "test", [PlainSong("", "", (PlainSection("Verse 1", ("the rain",)),))])
    assert human_songs_of_folder(tmp_path, "test") == []


# --- the new metrics, by hand


def test_rhyme_lengths_of_a_line_worked_out_by_hand() -> None:
    # the vowels: AH | AH IY | EY IY | AO | AH | AH IY | EY IY. funny-hungry share IY, AH; then "the" is said twice.
    assert metrics.rhyme_lengths("the hungry baby saw the funny lady".split()) == [0, 0, 0, 0, 0, 2, 4]
    assert metrics.rhyme_density(["the hungry baby saw the funny lady".split()]) == pytest.approx(6 / 7)


@pytest.mark.parametrize(
    ("words", "lengths"),
    [
        ("night light", [0, 0]),  # one vowel is no rhyme
        ("baby baby", [0, 0]),  # a word said twice is none either
        ("lady baby", [0, 2]),
        ("baby " + "oh " * 9 + "lady", [0] * 10 + [2]),  # ten words back
        ("baby " + "oh " * 10 + "lady", [0] * 12),  # eleven are too far
        ("see me go so", [0, 0, 0, 0]),
        ("so see me go be he", [0, 0, 0, 0, 2, 3]),  # "go be" as "so see", "go be he" as "so see me"
    ],
)
def test_rhyme_lengths_by_hand(words: str, lengths: list[int]) -> None:
    assert metrics.rhyme_lengths(words.split()) == lengths


def test_a_theme_is_whole_only_where_all_its_words_are_sung() -> None:
    theme = ["old", "smartphone"]
    songs = [(theme, ["my old dog"]), (theme, ["two smartphones grow", "so old"]), ([], ["la"])]
    assert metrics.whole_theme(songs) == 0.5
    assert metrics.theme_hit(songs) == 1.0


def test_rhyme_density_of_nothing_is_not_a_number() -> None:
    assert math.isnan(metrics.rhyme_density([]))


def test_stress_is_even_where_it_alternates() -> None:
    assert metrics.stress_evenness(["the river and the mountain"]) == 1.0
    assert metrics.stress_evenness(["mountain alone"]) == 0.5
    assert math.isnan(metrics.stress_evenness(["the rain is on the sea"]))


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("<<Ann - Rain>>\n[Verse 1]\nThe rain\n\n[Chorus]\nThe sea\n", 1.0),
        ("[Verse 1]\nThe rain\n", 0.0),
        ("<<Ann - Rain>>\nThe rain\n", 0.0),
        ("<<Ann - Rain>>\n[Verse 1]\n[Chorus]\nThe sea\n", 0.0),
        ("<<Ann - Rain>>\n[Verse 1]\nThe rain\n\nThe sea\n", 0.0),
        ("", 0.0),
    ],
)
def test_labels_parse_only_where_every_line_has_one(text: str, share: float) -> None:
    assert metrics.labelled_share([text]) == share


def test_an_older_request_is_still_read() -> None:
    song = WrittenSong("varied", {"theme": "rain"}, "Rain\n\n[Verse 1]\nThe rain\n")
    assert song.lyric_request == LyricRequest(theme="rain")
    assert song.sections == [("Verse 1", ("The rain",))]
