"""Chinese songs made to be measured, and those of people beside them. Does not know files, pictures or terminals."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from engine.contract import LyricRequest
from engine.corpus.chinese_corpus import ChineseText, planned
from engine.evaluation.chinese_figures import (
    ChineseSong,
    ReadBefore,
    distinct_pairs,
    length_accuracy,
    rhyme_accuracy,
    theme_hit,
    tone_accuracy,
)
from engine.lyrics.chinese.rhyme import is_hanzi
from engine.lyrics.chinese.theme import theme_words
from engine.song.chinese_lyrics import make_chinese_lyrics
from engine.song.chinese_model import ChineseLyricModel
from engine.song.chinese_plan import find_tune, form_sections, tune_sections, usual_tunes
from engine.song.making import Making

THEMES = ("江南春雨", "明月", "离别", "秋夜思乡", "梅花", "饮酒", "边塞风雪", "少年往事", "江上渔舟", "手机")
TUNES, FORMS = 10, (("VCVC", "7", "AAXA"), ("VVC", "5", "ABAB"))
BARS = {"length_accuracy": ">= 1.000", "rhyme_accuracy": ">= 0.980", "verbatim_lines": "0"}


@dataclass(frozen=True)
class _Models:
    """Stands for the models of a song: there is no other here."""

    chinese: ChineseLyricModel

    @property
    def lyrics(self) -> Any:
        raise LookupError("only Chinese lyrics are measured here")

    melody = music = judge = lyrics


def requests(model: ChineseLyricModel, count: int) -> list[LyricRequest]:
    """Return requests: the ten tunes with most texts, each on ten themes; in that order, so that few are varied too."""
    tunes = usual_tunes(model.tunes)[:TUNES]
    return [
        LyricRequest(theme=THEMES[(number + number // len(tunes)) % len(THEMES)], tune=tunes[number % len(tunes)], language="zh",
                     seed=number)
        for number in range(count)
    ]  # fmt: skip


def form_requests(count: int) -> list[LyricRequest]:
    """Return requests for forms of today instead of tunes."""
    return [
        LyricRequest(theme=THEMES[number % len(THEMES)], language="zh", form=form, syllables=syllables, rhyme=rhyme, seed=number)
        for number in range(count)
        for form, syllables, rhyme in [FORMS[number % 2]]
    ]  # fmt: skip


def write(
    model: ChineseLyricModel, asked: Sequence[LyricRequest], report: Callable[[int, int], None]
) -> list[ChineseSong]:
    """Return what the model writes, read back from what people see: the printed lines of the report."""
    songs = []
    for number, request in enumerate(asked):
        made = make_chinese_lyrics(request, Making(seed=request.seed or 0, models=_Models(model)))
        sections = tune_sections(find_tune(request.tune, model.tunes)) if request.tune else form_sections(request)
        plan = [line for section in sections for line in section.lines]
        lines = ["".join(filter(is_hanzi, line.text)) for section in made.report.sections for line in section.lines]
        songs.append(ChineseSong(plan, lines, theme_words(request.theme, model.words, model.tokenizer)))
        report(number + 1, len(asked))
    return songs


def figures(songs: Sequence[ChineseSong], read: ReadBefore | None) -> dict[str, float]:
    """Return all figures of songs; those of memorisation are NaN without the training texts."""
    texts = [song.lines for song in songs]
    return {
        "songs": len(songs),
        "length_accuracy": length_accuracy(songs),
        "rhyme_accuracy": rhyme_accuracy(songs),
        "tone_accuracy": tone_accuracy(songs),
        "theme_hit": theme_hit(songs),
        "distinct_pairs": distinct_pairs(texts),
        "verbatim_lines": read.verbatim_line_share(texts) if read else math.nan,
        "songs_with_a_run_of_8": read.share_with_run(texts) if read else math.nan,
    }


def human_songs(texts: Sequence[ChineseText], model: ChineseLyricModel, count: int) -> list[ChineseSong]:
    """Return held-out songs of people to the same ten tunes, their own plan beside them; the pattern is not asked of them."""
    tunes = set(usual_tunes(model.tunes)[:TUNES])
    held_out = [text for text in texts if text.split == "test" and text.tune in tunes][:count]
    return [
        ChineseSong(
            [replace(line, tones="") for line in planned(text.lines)], [line.characters for line in text.lines], ()
        )
        for text in held_out
    ]


def against_pattern(texts: Sequence[ChineseText], model: ChineseLyricModel) -> dict[str, float]:
    """Return length, rhyme and tone accuracy of held-out songs of people against the pattern of their tune."""
    tunes = set(usual_tunes(model.tunes)[:TUNES])
    songs = [
        ChineseSong(model.tunes[text.tune].lines, [line.characters for line in text.lines], ())
        for text in texts
        if text.split == "test" and text.tune in tunes
    ]
    same = [song for song in songs if len(song.plan) == len(song.lines)]
    return {
        "songs": len(songs),
        "length_accuracy": length_accuracy(songs),
        "rhyme_accuracy": rhyme_accuracy(same),
        "tone_accuracy": tone_accuracy(same),
    }
