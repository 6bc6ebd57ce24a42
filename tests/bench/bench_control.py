"""Measures how words keep what was asked of them: theme, title, mood, rhymes, syllables, metre, person. Not a test.

Run by hand; all is read back from the printed lines, with the shipped model and nothing synthetic.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import cycle
from statistics import fmean
from typing import Any

import click

from engine.contract import METRES, MOODS, LyricRequest
from engine.evaluation.lyric_metrics import length_accuracy, rhyme_accuracy, rhyme_density, theme_hit
from engine.lyrics.associations import Associations
from engine.lyrics.metre import find_metre, keeps
from engine.lyrics.moods import find_mood
from engine.lyrics.persons import parse_person
from engine.lyrics.prosody import count_syllables, syllables_of, words_of
from engine.lyrics.rhyme import last_word, lines_rhyme
from engine.lyrics.theme import clean_theme
from engine.lyrics.theme_words import FUNCTION_WORDS, theme_words_of
from engine.song.make_song import make_lyrics
from engine.song.making import Making
from engine.song.models import SongModels, open_lyric_model

THEMES = (
    "rain over the harbour", "winter train", "my dog at the beach", "the last bus home", "a letter from my brother",
    "dancing in the kitchen", "an old guitar", "stars above the desert", "goodbye to the city", "coffee in the morning",
)  # fmt: skip
TODAY = (
    "my old smartphone", "wifi in the train", "dancing with Alice in Zürich", "pizza at midnight", "99 red balloons",
    "my robot girlfriend", "a video call with my mother", "traffic on the highway",
    "streaming movies all night", "lost in the supermarket",
)  # fmt: skip
TITLES = ("Harbour Lights", "Don't Let Go", "Seven Candles", "Kiss Me (Again)", "The Long Way Home")
SCHEMES = ("AABB", "ABAB", "ABCB", "AABBA", "ABBA", "AAAA", "ABABCDCD")
RANGES = {"7-9": [(7, 9)] * 4, "8,6-7,8,6": [(8, 8), (6, 7), (8, 8), (6, 6)], "5-12": [(5, 12)] * 4}
PERSONS = ("I", "we", "she", "I and you")


@dataclass(frozen=True)
class Written:
    """request, title, and the printed lines of each section that is not a repetition."""

    request: LyricRequest
    title: str
    sections: tuple[tuple[str, ...], ...]

    @property
    def lines(self) -> list[str]:
        return [line for section in self.sections for line in section]


class Bench:
    """Writes songs of a verse and a chorus."""

    def __init__(self, songs: int) -> None:
        from worker.loaded_models import starter_paths

        paths = starter_paths()
        self.models = SongModels(open_lyric_model(paths["lyrics"]), None)  # type: ignore[arg-type]  # words alone
        self.songs = songs

    @property
    def associations(self) -> Associations:
        return self.models.lyrics.associations

    def write(self, theme: str, seed: int, **options: Any) -> Written:
        request = LyricRequest(theme=theme, seed=seed, **{"form": "VC", **options})
        made = make_lyrics(request, Making(seed=seed, models=self.models))
        return Written(
            request, made.report.title, tuple(tuple(line.text for line in s.lines) for s in made.report.sections)
        )

    def songs_about(self, themes: Iterable[str], **options: Any) -> list[Written]:
        return [self.write(theme, seed, **options) for seed, theme in zip(range(self.songs), cycle(themes))]

    def shares(self) -> dict[str, dict[str, float]]:
        """Return figures by group and name, each announced as it is found."""
        groups: dict[str, Callable[[], dict[str, float]]] = {
            "theme": self.theme, "title": self.title, "mood": self.mood, "rhyme": self.rhyme,
            "syllables": self.syllables, "inner rhyme": self.inner_rhyme, "metre": self.metre, "person": self.person,
        }  # fmt: skip
        found = {}
        for name, measure in groups.items():
            found[name] = measure()
            click.echo(f"{name}: " + ", ".join(f"{k} {v:.3f}" for k, v in found[name].items()), err=True)
        return found

    def theme(self) -> dict[str, float]:
        with_moods = [
            self.write(theme, 70 + i, mood=mood)
            for i, (theme, mood) in enumerate(zip(cycle(THEMES), list(MOODS) * 2, strict=False))
        ]
        return {
            "plain themes": hit(self.songs_about(THEMES)), "themes of today": hit(self.songs_about(TODAY)),
            "their newest word": fmean(map(self._names_what_is_new, self.songs_about(TODAY))), "with moods": hit(with_moods),
        }  # fmt: skip

    def _names_what_is_new(self, song: Written) -> bool:
        words = theme_words_of(clean_theme(song.request.theme))
        new = [word for word in words if word not in self.associations] or words
        return theme_hit([(new, song.lines)]) == 1

    def title(self) -> dict[str, float]:
        songs = [
            self.write(theme, 30 + i, title=title)
            for i, (theme, title) in enumerate(zip(THEMES, TITLES * 2, strict=True))
        ]
        in_chorus = [(theme_words_of(song.title), song.sections[1]) for song in songs]
        return {
            "exact": fmean(song.title == song.request.title for song in songs),
            "in the chorus": theme_hit(in_chorus), "theme": hit(songs),
        }  # fmt: skip

    def mood(self) -> dict[str, float]:
        """Return how near the words are to those of the mood asked for, beside the same songs without a mood."""
        plain = self.songs_about(THEMES)
        found: dict[str, float] = {}
        for name in MOODS:
            words = find_mood(name).words
            with_it = self.songs_about(THEMES, mood=name)
            found[name] = fmean(self.nearness(song, words) for song in with_it)
            found[f"{name}, not asked"] = fmean(self.nearness(song, words) for song in plain)
        return found

    def nearness(self, song: Written, words: Sequence[str]) -> float:
        content = {w.lower() for line in song.lines for w in words_of(line)} - FUNCTION_WORDS
        return fmean(max(0.0, self.associations.nearness(word, words)) for word in content)

    def rhyme(self) -> dict[str, float]:
        found = {}
        for scheme in SCHEMES:
            songs = self.songs_about(THEMES, rhyme=scheme)
            found[scheme] = rhyme_accuracy((lines, scheme) for song in songs for lines in song.sections)
        return found

    def syllables(self) -> dict[str, float]:
        found = {}
        for asked, limits in RANGES.items():
            pairs = [
                (count_syllables(line), limit)
                for song in self.songs_about(THEMES, syllables=asked, rhyme="ABAB")
                for section in song.sections
                for line, limit in zip(section, limits, strict=True)
            ]
            found[asked] = fmean(low <= number <= high for number, (low, high) in pairs)
            found[f"{asked}: lengths used"] = len({number for number, _ in pairs})
        exact = self.songs_about(THEMES, syllables="8")
        return found | {"8": length_accuracy((line, 8) for song in exact for line in song.lines)}

    def inner_rhyme(self) -> dict[str, float]:
        plain = self.songs_about(THEMES, rhyme="AABB")
        songs = self.songs_about(THEMES, rhyme="AABB internal")
        return {
            "lines with it": fmean(rhymes_inside(line) for song in songs for line in song.lines),
            "not asked": fmean(rhymes_inside(line) for song in plain for line in song.lines),
            "end rhymes": rhyme_accuracy((lines, "AABB") for song in songs for lines in song.sections),
            "density": rhyme_density([words_of(" ".join(song.lines).lower()) for song in songs]),
            "density, not asked": rhyme_density([words_of(" ".join(song.lines).lower()) for song in plain]),
        }

    def metre(self) -> dict[str, float]:
        found = {}
        for name in METRES:
            metre, songs = find_metre(name), self.songs_about(THEMES, metre=name)
            rows = [",".join(str(count_syllables(line)) for line in section) for section in songs[0].sections]
            plain = self.songs_about(THEMES, syllables="/".join(rows))
            found[name] = fmean(keeps(syllables_of(line), metre) for song in songs for line in song.lines)
            found[f"{name}, not asked"] = fmean(
                keeps(syllables_of(line), metre) for song in plain for line in song.lines
            )
        return found

    def person(self) -> dict[str, float]:
        found = {}
        for name in PERSONS:
            telling, songs = parse_person(name), self.songs_about(THEMES, person=name)
            said = [{word.lower() for line in song.lines for word in words_of(line)} for song in songs]
            found[f"{name}: no other"] = fmean(not words & telling.others for words in said)
            found[f"{name}: said"] = fmean(bool(words & telling.pronouns) for words in said)
        return found


def hit(songs: Iterable[Written]) -> float:
    """Return the share of songs that say a word of their theme."""
    return theme_hit((theme_words_of(clean_theme(song.request.theme)), song.lines) for song in songs)


def rhymes_inside(line: str) -> bool:
    """Return whether a word before the last rhymes with it."""
    return any(lines_rhyme(word, last_word(line)) for word in words_of(line.lower())[:-1])


@click.command(help=__doc__)
@click.option("--songs", default=10, show_default=True, help="songs per figure, of 8 lines or more each")
@click.option("--json", "as_json", is_flag=True, help="print one JSON object")
def main(songs: int, as_json: bool) -> None:
    found = Bench(songs).shares()
    if as_json:
        json.dump(found, sys.stdout, indent=1)
        return
    for group, figures in found.items():
        for name, value in figures.items():
            click.echo(f"{group:12} {name:32} {value:.3f}")


if __name__ == "__main__":
    main()
