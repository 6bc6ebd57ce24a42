"""Chinese lyrics from a request: what was asked for exactly is there, and what cannot be met is said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from engine.contract import LyricRequest, Progress, SongRequest
from engine.errors import RequestError
from engine.evaluation import chinese_figures, chinese_songs
from engine.lyrics import word_filter
from engine.lyrics.chinese.moods import mood_words
from engine.lyrics.chinese.persons import chinese_telling
from engine.lyrics.chinese.prompt import ChinesePrompt, PlannedLine
from engine.song.chinese_lyrics import check_chinese, is_chinese
from engine.song.chinese_model import ChineseLyricModel, open_chinese_model
from engine.song.chinese_plan import second_half
from engine.song.making import MadeSong, Making
from engine.verbs import carry_out
from tests.tiny_chinese import write_tiny_chinese_model


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> ChineseLyricModel:
    return open_chinese_model(write_tiny_chinese_model(tmp_path_factory.mktemp("chinese") / "model"))


def write(model: ChineseLyricModel, seed: int = 1, **asked: Any) -> MadeSong:
    request = LyricRequest(**{"theme": "江南明月", **asked})
    return carry_out(request, Making(seed=seed, models=SimpleNamespace(chinese=model)))  # type: ignore[arg-type]


@pytest.mark.parametrize("tune", ["浣溪沙", "长相思", "如梦令"])
@pytest.mark.parametrize("seed", range(4))
def test_a_tune_has_its_lines_its_rhymes_and_the_theme(model: ChineseLyricModel, tune: str, seed: int) -> None:
    made = write(model, seed, tune=tune)
    lines = [line for section in made.report.sections for line in section.lines]
    assert [line.syllables_found for line in lines] == [line.length for line in model.tunes[tune].lines]
    assert all(line.syllables_found == line.syllables_asked for line in lines)
    assert all(line.rhymes is not False for line in lines)
    assert sum(line.rhymes is True for line in lines) >= 3
    assert "江南" in made.lyrics_text.split("\n", 2)[2]
    assert made.report.title == f"{tune}·江南明月"
    assert made.artifacts[0].data.decode() == made.lyrics_text


def test_halves_of_a_tune_are_printed_apart() -> None:
    lin = [PlannedLine(n, "X", m) for n, m in [(7, "，"), (6, "。"), (7, "。"), (5, "，"), (5, "。")]]
    assert second_half(lin * 2) == 5
    alone = [PlannedLine(n, "X", "。") for n in (6, 6, 5, 6, 2, 2, 6)]
    assert second_half(alone) is None


def test_a_form_of_today_has_verse_and_chorus_and_the_chorus_comes_back(model: ChineseLyricModel) -> None:
    made = write(model, form="VCVC", syllables="7/5", rhyme="AABB/ABAB")
    labels = [section.label for section in made.report.sections]
    assert labels == ["主歌1", "副歌", "主歌2", "副歌"]
    assert made.report.sections[1] == made.report.sections[3]
    assert made.report.sections[0] != made.report.sections[2]
    assert [line.syllables_found for line in made.report.sections[0].lines] == [7] * 4
    assert [line.syllables_found for line in made.report.sections[1].lines] == [5] * 4
    assert [line.rhyme for line in made.report.sections[0].lines] == list("AABB")
    assert all(line.rhymes is not False for section in made.report.sections for line in section.lines)


@pytest.mark.parametrize(("typed", "letters"), [("internal", "AAXA"), ("AABB internal", "AABB")])
def test_rhymes_inside_lines_leave_the_scheme_as_it_is(model: ChineseLyricModel, typed: str, letters: str) -> None:
    (verse,) = write(model, form="V", rhyme=typed).report.sections
    assert "".join(line.rhyme for line in verse.lines) == letters


def test_the_same_request_and_seed_give_the_same_bytes(model: ChineseLyricModel) -> None:
    texts = [write(model, seed, tune="浣溪沙").lyrics_text for seed in (7, 7, 8)]
    assert texts[0] == texts[1] != texts[2]


def test_lines_are_told_as_they_are_written(model: ChineseLyricModel) -> None:
    told: list[Progress] = []
    request = LyricRequest(theme="江南", tune="浣溪沙")
    models = SimpleNamespace(chinese=model)
    made = carry_out(request, Making(seed=1, models=models, report=told.append))  # type: ignore[arg-type]
    written = "".join(progress.text for progress in told if progress.stage == "lyrics")
    assert written.split() == [line.text for section in made.report.sections for line in section.lines]


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"tune": "浣溪纱"}, "did you mean 浣溪沙"),
        ({"tune": "ABC"}, "known are 浣溪沙"),
        ({"artist": "李清昭"}, "did you mean 李清照"),
        ({"language": "zh", "theme": "rain"}, "no Chinese characters"),
        ({"theme": "江" * 301}, "1-300 characters, got 301"),
        ({"language": "fr"}, "language must be one of en, zh"),
        ({"form": "VQ"}, "not understood"),
        ({"form": "V", "syllables": "7,7,7", "rhyme": "AABB"}, "as many numbers as letters"),
    ],
)
def test_what_cannot_be_met_is_said(model: ChineseLyricModel, asked: dict[str, str], sentence: str) -> None:
    with pytest.raises(RequestError, match=sentence):
        write(model, **asked)


def test_a_title_is_printed_as_it_was_typed_and_no_path(model: ChineseLyricModel) -> None:
    made = write(model, tune="浣溪沙", title=" 春 / ../天 Two ")
    assert made.report.title == "浣溪沙·春 / ../天 Two"
    assert made.lyrics_text.startswith("浣溪沙·春 / ../天 Two\n\n")
    assert made.artifacts[0].name == "浣溪沙-春-天-Two.txt"


def test_the_language_is_that_of_the_theme_unless_it_is_said() -> None:
    assert is_chinese(LyricRequest(theme="江南春雨"))
    assert is_chinese(LyricRequest(theme="rain", tune="浣溪沙"))
    assert not is_chinese(LyricRequest(theme="rain"))
    assert not is_chinese(LyricRequest(theme="江南", language="en"))


def test_a_song_with_music_is_refused_before_its_words_are_written_where_its_music_cannot_be() -> None:
    for asked in ({"key": "H"}, {"voice": "robot"}, {"tempo_qpm": 900.0}):
        with pytest.raises(RequestError):
            check_chinese(SongRequest(theme="江南春雨", **asked))  # type: ignore[arg-type]


def test_figures_count_what_is_printed() -> None:
    plan = [PlannedLine(3, "A", "，"), PlannedLine(3, "A", "。"), PlannedLine(5, "X", "。")]
    good = chinese_figures.ChineseSong(plan, ["春花开", "燕归来", "明月照江南"], ["明月"])
    bad = chinese_figures.ChineseSong(plan, ["春花开", "燕归去了"], ["东风"])
    assert chinese_figures.length_accuracy([good]) == 1
    assert chinese_figures.length_accuracy([bad]) == pytest.approx(1 / 3)
    assert chinese_figures.rhyme_accuracy([good]) == 1
    assert chinese_figures.rhyme_accuracy([good, bad]) == 0.5
    assert chinese_figures.theme_hit([good, bad]) == 0.5
    assert chinese_figures.distinct_pairs([["春春春", "春春"]]) == pytest.approx(1 / 3)
    read = chinese_figures.ReadBefore.of([["明月照江南", "春花开满山"]])
    assert read.verbatim_line_share([good.lines]) == 1
    assert read.share_with_run([["月照江南", "春花开满"], ["春花"]]) == 0.5


def test_measured_songs_are_read_back_from_what_people_see(model: ChineseLyricModel) -> None:
    asked = [*chinese_songs.requests(model, 6), *chinese_songs.form_requests(2)]
    asked = [request for request in asked if request.theme in ("江南春雨", "明月", "离别")]
    songs = chinese_songs.write(model, asked[:2], lambda done, total: None)
    found = chinese_songs.figures(songs, None)
    assert (found["length_accuracy"], found["rhyme_accuracy"]) == (1.0, 1.0)


def test_options_that_chinese_words_do_not_follow_are_named(model: ChineseLyricModel) -> None:
    made = write(model, tune="浣溪沙", mood="sad", metre="iambic", form="VC")
    feet = "Chinese words do not have feet; a tune keeps its level and oblique tones instead"
    assert made.report.notices == ("Chinese words do not follow form; left out", feet)
    assert write(model, tune="浣溪沙").report.notices == ()


@pytest.mark.parametrize(
    ("person", "others"), [("I", "君你他"), ("我", "君你他"), ("you", "我吾"), ("I and you", "他"), ("我和你", "他")]
)
def test_a_person_keeps_the_words_of_others_out_and_each_part_says_it(
    model: ChineseLyricModel, person: str, others: str
) -> None:
    words = chinese_telling(person).words
    for seed in range(4):
        made = write(model, seed, tune="长相思", person=person)
        texts = ["".join(line.text for line in section.lines) for section in made.report.sections]
        assert not [c for text in texts for c in others if c in text]
        assert all(any(word in text for word in words) for text in texts)


def test_a_mood_brings_its_words_and_keeps_those_against_it_away(model: ChineseLyricModel) -> None:
    def lines_with(words: Sequence[str], **asked: Any) -> int:
        texts = [write(model, seed, tune="长相思", **asked).lyrics_text.split("\n", 2)[2] for seed in range(5)]
        return sum(word in text for text in texts for word in words)

    sought, against = mood_words("sad")
    assert lines_with(sought, mood="sad") > 2 * lines_with(sought)
    assert lines_with(against, mood="sad") <= lines_with(against)
    with pytest.raises(RequestError, match="mood must be one of"):
        write(model, mood="sadd")


def test_several_authors_take_turns_and_one_name_may_have_an_and_in_it(
    model: ChineseLyricModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert model.find_authors("李清照、苏轼, 李清照") == ("李清照", "苏轼")
    assert replace(model, authors=("和凝",)).find_authors("和凝") == ("和凝",)
    with pytest.raises(RequestError, match="a song takes 1-6 artists, got 7"):
        model.find_authors("苏轼/" * 7)
    began: list[str] = []
    ids = ChinesePrompt.ids
    monkeypatch.setattr(ChinesePrompt, "ids", lambda self, tokenizer: began.append(self.author) or ids(self, tokenizer))
    made = write(model, tune="长相思", artist="李清照和苏轼")
    assert list(dict.fromkeys(began)) == ["李清照", "苏轼"]
    assert [len(section.lines) for section in made.report.sections] == [4, 4]


@pytest.mark.parametrize("level", ["mild", "strict"])
def test_words_of_a_level_are_not_written(
    model: ChineseLyricModel, monkeypatch: pytest.MonkeyPatch, level: str
) -> None:
    often = ("江南", "花", "明月")
    monkeypatch.setattr(word_filter, "words_of_level", lambda name: frozenset(often if name == level else ()))
    for seed in range(4):
        made = write(model, seed, tune="浣溪沙", avoid=(f"@{level}",))
        assert not [word for word in often for s in made.report.sections for line in s.lines if word in line.text]


@pytest.mark.parametrize("asked", [{"theme": "支那"}, {"title": "支 那"}])
def test_insults_are_refused(model: ChineseLyricModel, asked: dict[str, str]) -> None:
    with pytest.raises(RequestError, match="not sung here"):
        write(model, **asked)
