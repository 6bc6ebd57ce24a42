"""Figures of whole songs: fifty fixed requests, made and measured, together and by style. Does not know how songs are made.

The words are read back from the printed text and the melody from the lead sheet, so nothing is taken from the plan but what
was asked for.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from engine.contract import SongRequest
from engine.corpus.lyric_corpus import dictionary_words
from engine.evaluation import lyric_metrics, song_metrics
from engine.evaluation.memorisation import LONGEST_LINE_ALLOWED, LONGEST_RUN_ALLOWED, TrainingText
from engine.lyrics.text import parse_lyrics
from engine.lyrics.theme import clean_theme
from engine.lyrics.theme_words import theme_words_of
from engine.music.lead_sheet import LeadSheet
from engine.song.make_song import make_song
from engine.song.making import MadeSong, Making, Models
from engine.song.plan import make_plan

THEMES = (
    "rain over the harbour",
    "winter train",
    "my dog at the beach",
    "the last bus home",
    "a letter from my brother",
    "dancing in the kitchen",
    "an old guitar",
    "stars above the desert",
    "goodbye to the city",
    "coffee in the morning",
)
STYLES = ("pop", "rock", "ballad", "folk", "waltz")
WORDS_COMPARED = 100  # distinct-n falls with length, so every song is cut to as many words
BARS = {
    "structure accuracy": "1.000",
    "length accuracy": ">= 0.9985",
    "rhyme accuracy": ">= 0.990",
    "coverage": "1.000",
    "range": "1.000",
    "split words": "0.000",
    "stress on strong beat": "human 0.916",
    "weak off strong": "human 0.176",
    "pair agreement": "human 0.959",
    "longer when stressed": "human 0.797",
    "real-word rate": ">= 0.995",
    "longest shared run (words)": f"<= {LONGEST_RUN_ALLOWED}",
    "songs with a shared run of 8 or more": "0.000",
    "verbatim lines of 5 words or more": "0.000",
}


@dataclass(frozen=True)
class MeasuredSong:
    """A made song and what was asked for. labels: of the sung sections. lines: (syllables, letter) of each sung line."""

    style: str
    theme_words: tuple[str, ...]
    labels: tuple[str, ...]
    lines: tuple[tuple[tuple[int, str], ...], ...]
    voice: str
    text: str
    sheet: LeadSheet

    @property
    def sections(self) -> list[tuple[str, tuple[str, ...]]]:
        """Return (label, lines) as they stand in the printed text."""
        return [(section.label, section.lines) for section in parse_lyrics(self.text).sections if section.label]

    @property
    def written(self) -> list[tuple[str, tuple[str, ...]]]:
        """Return the sections without those that repeat an earlier one word for word."""
        return list({lines: (label, lines) for label, lines in reversed(self.sections)}.values())[::-1]

    @property
    def sung_lines(self) -> list[str]:
        return [line for _, lines in self.sections for line in lines]

    @property
    def words(self) -> list[str]:
        """Return the words of what was written, a repeated chorus once."""
        return lyric_metrics.words_of_lines(line for _, lines in self.written for line in lines)


def song_requests(count: int = 50, *, rhyme: str | None = None, syllables: str | None = None) -> list[SongRequest]:
    """Return the first `count` of the fifty requests: theme by theme, each in five styles; the seed is the index."""
    return [
        SongRequest(
            theme=THEMES[index // len(STYLES) % len(THEMES)],
            style=STYLES[index % len(STYLES)],
            seed=index,
            rhyme=rhyme,
            syllables=syllables,
        )
        for index in range(count)
    ]


def make_songs(
    requests: Sequence[SongRequest], models: Models, report: Callable[[int, int], None] = lambda done, total: None
) -> list[MeasuredSong]:
    """Make every song, without pictures and audio. report: songs done, songs in all."""
    made = []
    for request in requests:
        making = Making(seed=request.seed or 0, models=models, outputs=("mid",))
        made.append(measured(request, make_song(request, making)))
        report(len(made), len(requests))
    return made


def measured(request: SongRequest, song: MadeSong) -> MeasuredSong:
    """Put a song beside what its request and seed ask for."""
    assert song.sheet is not None  # a SongRequest always has music
    plan = make_plan(request, request.seed or 0)
    sung = [section for section in plan.sections if section.lines]
    return MeasuredSong(
        style=request.style,
        theme_words=tuple(theme_words_of(clean_theme(request.theme))),
        labels=tuple(section.label for section in sung),
        lines=tuple(tuple((line.syllables, line.rhyme) for line in section.lines) for section in sung),
        voice=plan.voice,
        text=song.lyrics_text,
        sheet=song.sheet,
    )


def figures_by_style(songs: Sequence[MeasuredSong], training: TrainingText | None = None) -> dict[str, dict[str, Any]]:
    """Return every figure of all songs ("all") and of each style."""
    styles = dict.fromkeys(song.style for song in songs)
    return {
        "all": figures(songs, training),
        **{style: figures([song for song in songs if song.style == style], training) for style in styles},
    }


def figures(songs: Sequence[MeasuredSong], training: TrainingText | None = None) -> dict[str, Any]:
    """Return the figures of METRICS 3 and 4 of these songs; those of memorisation only with the training text."""
    texts = [[line for _, lines in song.written for line in lines] for song in songs]
    shared = shared_figures(texts, training) if training else {}
    return {**_words_figures(songs, training), **shared, **_music_figures(songs)}


def _words_figures(songs: Sequence[MeasuredSong], training: TrainingText | None) -> dict[str, Any]:
    lines = [line for song in songs for line in song.sung_lines]
    return {
        "structure accuracy": lyric_metrics.structure_accuracy(
            (
                list(zip(song.labels, map(len, song.lines), strict=True)),
                [(label, len(lines)) for label, lines in song.sections],
            )
            for song in songs
        ),
        "length accuracy": lyric_metrics.length_accuracy(
            (line, syllables)
            for song in songs
            for (_, printed), asked in zip(song.sections, song.lines, strict=False)
            for line, (syllables, _) in zip(printed, asked, strict=False)
        ),
        "rhyme accuracy": lyric_metrics.rhyme_accuracy(
            (printed, "".join(letter for _, letter in asked)[: len(printed)])
            for song in songs
            for (_, printed), asked in zip(song.sections, song.lines, strict=False)
        ),
        "theme hit": lyric_metrics.theme_hit((song.theme_words, song.sung_lines) for song in songs),
        "theme overlap": _mean(lyric_metrics.theme_overlap(song.theme_words, song.sung_lines) for song in songs),
        **variety_figures([song.words for song in songs]),
        "repetition": lyric_metrics.repetition(song.written for song in songs),
        "real-word rate": lyric_metrics.real_word_rate(lines, real_words(training)),
    }


def variety_figures(texts: Sequence[Sequence[str]]) -> dict[str, Any]:
    """Return how varied texts are, given as words: within each and among them, each cut to its first hundred words."""
    cut = [words[:WORDS_COMPARED] for words in texts]
    return {
        "distinct-1": _mean(lyric_metrics.distinct([words], 1) for words in cut),
        "distinct-2": _mean(lyric_metrics.distinct([words], 2) for words in cut),
        "distinct-1 over songs": lyric_metrics.distinct(cut, 1),
        "distinct-2 over songs": lyric_metrics.distinct(cut, 2),
        "self-BLEU-4": lyric_metrics.self_bleu_4(cut),
    }


def shared_figures(texts: Sequence[Sequence[str]], training: TrainingText) -> dict[str, Any]:
    """Return what texts, given as lines, share word for word with the training texts."""
    runs = [training.longest_run(lines)[0] for lines in texts]
    return {
        "longest shared run (words)": max(runs),
        "mean longest run (words)": fmean(runs),
        "songs with a shared run of 8 or more": sum(run > LONGEST_RUN_ALLOWED for run in runs) / len(runs),
        f"verbatim lines of {LONGEST_LINE_ALLOWED + 1} words or more": training.verbatim_line_share(
            line for lines in texts for line in lines
        ),
    }


def _music_figures(songs: Sequence[MeasuredSong]) -> dict[str, Any]:
    sheets = [song.sheet for song in songs]
    return {
        "coverage": _mean(
            song_metrics.coverage(song.sheet, sum(map(lyric_metrics.count_syllables, song.sung_lines)))
            for song in songs
        ),
        "range": _mean(song_metrics.inside_range([song.sheet], song.voice) for song in songs),
        "split words": song_metrics.split_words(sheets),
        "stress on strong beat": song_metrics.stress_on_strong_beat(sheets),
        "weak off strong": song_metrics.weak_off_strong(sheets),
        "pair agreement": song_metrics.pair_agreement(sheets),
        "longer when stressed": song_metrics.longer_when_stressed(sheets),
        "cadence": song_metrics.cadence(sheets),
    }


def real_words(training: TrainingText | None) -> frozenset[str]:
    """Return the words of the pronouncing dictionary and those used three times or more in training."""
    return dictionary_words() | (training.usual_words if training else frozenset())


def _mean(values: Any) -> float:
    """Return the mean of the values that are there; NaN for none."""
    kept = [value for value in values if not math.isnan(value)]
    return fmean(kept) if kept else math.nan
