"""The songs that lyrics are measured on: fixed requests, their words written, kept as JSON lines and read back.

Does not know figures. A kept song has the request and the printed text and nothing of the plan: what was asked for is
worked out again from the request, so that a measure never trusts what the writer says of itself.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, TextIO

from engine.contract import LyricRequest
from engine.corpus.records import read_jsonl
from engine.errors import FileFormatError, OutputError, RequestError
from engine.evaluation.lyric_metrics import words_of_lines
from engine.lyrics.plain_songs import PlainSong, read_plain_song
from engine.lyrics.theme import clean_theme
from engine.lyrics.theme_words import theme_words_of
from engine.song.make_song import make_lyrics
from engine.song.making import Making
from engine.song.models import LyricModel, MelodyModel
from engine.song.plan import SectionPlan, make_plan
from engine.song.styles import STYLES, find_style

Part = Literal["varied", "one prompt", "by author", "plain", "people"]
Labelled = tuple[str, tuple[str, ...]]

# What people type, old and new, easy and hard; none was chosen or left out after looking at songs about it.
THEMES = (
    "my old smartphone", "grandma's kitchen", "summer love", "traffic jam", "Maria", "missing you", "pizza night",
    "the sea at dawn", "lost keys", "video games", "Emily and Tom", "robots in the rain", "football",
    "first day at school", "my cat is a liar", "a long way home", "midnight in Tokyo", "broken heart",
    "working from home", "an astronaut's letter",
)  # fmt: skip
RHYMES = (None, "AABB", "ABAB", "ABCB")
SYLLABLES = (None, "8", "8,6,8,6", "7", "10,8")
FORMS = (None, "VCVC", "VVC", "VCVCBC")
VARIED = len(THEMES) * len(STYLES)
ONE_PROMPT: dict[str, Any] = {"theme": "summer love", "style": "pop", "form": "VCVCB", "syllables": "8"}
BY_AUTHOR: dict[str, Any] = {"style": "folk", "form": "VVC", "rhyme": "ABAB", "syllables": "8"}
# Authors of the public-domain corpus with works both in training and held out.
AUTHORS = (
    "Jean Ingelow", "Algernon Charles Swinburne", "John Milton", "Walt Whitman", "William Cowper", "Robert W. Service",
    "Herman Melville", "Andrew Lang",
)  # fmt: skip


@dataclass(frozen=True)
class WrittenSong:
    """A song and what was asked for. part: of which requests it is one. model: version of the model that wrote it.

    request: fields of the LyricRequest; in the part "plain", where a model wrote freely, what it was told: artist, title
    and seed; {} for "people". text: as printed.
    """

    part: Part
    request: dict[str, Any] = field(hash=False)
    text: str
    model: str = ""

    @property
    def request_name(self) -> str:
        """Return what names the request and its seed, the same for two models that were asked the same."""
        return json.dumps([self.part, self.request], sort_keys=True)

    @cached_property
    def song(self) -> PlainSong:
        """Return the sections of the text. A first line that is only the title is none of them."""
        found = read_plain_song(self.text)
        is_titled = self.lyric_request and found.sections and not found.sections[0].label
        return PlainSong(found.artist, found.title, found.sections[1:]) if is_titled else found

    @property
    def sections(self) -> list[Labelled]:
        """Return (label, lines) in the order printed."""
        return [(section.label, section.lines) for section in self.song.sections]

    @cached_property
    def written(self) -> list[Labelled]:
        """Return the sections without those that repeat an earlier one word for word."""
        return list({lines: (label, lines) for label, lines in reversed(self.sections)}.values())[::-1]

    @property
    def lines(self) -> list[str]:
        """Return all lines in the order printed."""
        return [line for _, lines in self.sections for line in lines]

    @property
    def written_lines(self) -> list[str]:
        """Return the lines of `written`."""
        return [line for _, lines in self.written for line in lines]

    @cached_property
    def words(self) -> list[str]:
        """Return the words of `written` as they are compared."""
        return words_of_lines(self.written_lines)

    @cached_property
    def lyric_request(self) -> LyricRequest | None:
        """Return what was asked for; None where nothing exact was."""
        return None if self.part in ("plain", "people") else LyricRequest(**self.request)

    @cached_property
    def asked(self) -> list[SectionPlan]:
        """Return the sung sections that the request and its seed ask for; [] where a model wrote freely."""
        request = self.lyric_request
        return (
            [section for section in make_plan(request, request.seed or 0).sections if section.lines] if request else []
        )

    @property
    def theme_words(self) -> list[str]:
        """Return the words that carry the theme; [] for none."""
        return theme_words_of(clean_theme(self.lyric_request.theme)) if self.lyric_request else []

    @property
    def kind(self) -> str:
        """Return the kind of training text that its style stands for; "" where a model wrote freely."""
        return find_style(self.lyric_request.style).lyric_kind if self.lyric_request else ""

    @property
    def author(self) -> str:
        """Return the author that was asked for; "" for none."""
        return (self.lyric_request.artist or "") if self.lyric_request else ""


def varied_requests(count: int = VARIED) -> list[LyricRequest]:
    """Return 20 themes in all styles, or `count` of them drawn evenly, other options by a fixed plan.

    Rhyme, syllables and form are each now and then left to the style. The seed is the place among them all, so that the
    same request stays the same song in a smaller draw.
    """
    styles = tuple(STYLES)
    chosen = sorted(random.Random(0).sample(range(VARIED), min(count, VARIED)))
    return [
        LyricRequest(
            theme=THEMES[theme],
            style=styles[style],
            rhyme=RHYMES[(theme + style) % len(RHYMES)],
            syllables=SYLLABLES[(theme + 2 * style) % len(SYLLABLES)],
            form=FORMS[(theme // len(FORMS) + style) % len(FORMS)],
            seed=theme * len(styles) + style,
        )
        for theme, style in (divmod(place, len(styles)) for place in chosen)
    ]


def one_prompt_requests(count: int = 100) -> list[LyricRequest]:
    """Return one request with the seeds 0, 1, 2 ..."""
    return [LyricRequest(**ONE_PROMPT, seed=seed) for seed in range(count)]


def planned_requests(
    varied: int, one_prompt: int, authors: Sequence[str] = (), of_author: int = 10
) -> list[tuple[Part, LyricRequest]]:
    """Return the requests of all three parts, as many as asked for of each."""
    found: list[tuple[Part, LyricRequest]] = [("varied", request) for request in varied_requests(varied)]
    found += [("one prompt", request) for request in one_prompt_requests(one_prompt)]
    return found + [("by author", request) for request in author_requests(authors, of_author)]


def author_requests(authors: Sequence[str], each: int = 10) -> list[LyricRequest]:
    """Return `each` requests in the manner of every author, on the themes in turn."""
    return [
        LyricRequest(**BY_AUTHOR, artist=author, theme=THEMES[index % len(THEMES)], seed=index)
        for author in authors
        for index in range(each)
    ]


def known_authors(names: Iterable[str]) -> list[str]:
    """Return those of `AUTHORS` that a model with these names can be asked for."""
    known = set(names)
    return [author for author in AUTHORS if author in known]


@dataclass(frozen=True)
class LyricsAlone:
    """The models of words without music."""

    lyrics: LyricModel
    chinese: None = None
    music: None = None
    judge: None = None

    @property
    def melody(self) -> MelodyModel:
        """Not there: nothing is sung here."""
        raise AssertionError("words alone need no melody")


def write_words_of(requests: Iterable[tuple[Part, LyricRequest]], model: LyricModel) -> Iterator[WrittenSong]:
    """Write the words of each request, one after the other."""
    for part, request in requests:
        made = make_lyrics(request, Making(seed=request.seed or 0, models=LyricsAlone(model)))
        asked = request.model_dump(mode="json", exclude_defaults=True)
        yield WrittenSong(part, asked, made.lyrics_text, model.version)


def keep_songs(
    path: Path | None, songs: Iterable[WrittenSong], report: Callable[[int], None] = lambda done: None
) -> list[WrittenSong]:
    """Write songs to a file as they come, one JSON object a line, and return them; what is there is replaced.

    path: None keeps nothing. A run that is stopped leaves the songs that were done. report: songs done.
    """
    kept: list[WrittenSong] = []
    try:
        with _opened(path) as file:
            for song in songs:
                if file is not None:
                    file.write(json.dumps(asdict(song), ensure_ascii=False) + "\n")
                    file.flush()
                kept.append(song)
                report(len(kept))
    except OSError as error:
        raise OutputError(f"songs cannot be kept in {path}: {error.strerror}; name another file") from error
    return kept


def _opened(path: Path | None) -> AbstractContextManager[TextIO | None]:
    if path is None:
        return nullcontext()
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.open("w", encoding="utf-8")


def kept_songs(path: Path) -> list[WrittenSong]:
    """Read what `keep_songs` wrote. RequestError for no file or none of songs, FileFormatError for a line that is broken."""
    if not path.is_file():
        raise RequestError(f"there is no file {path}; write one with `songwright evaluate words --keep {path.name}`")
    songs = []
    for number, row in enumerate(read_jsonl(path), 1):
        try:
            song = WrittenSong(row["part"], row["request"], row["text"], row["model"])
            assert song.lyric_request is None or song.asked is not None  # it can be planned
        except (KeyError, TypeError, ValueError) as error:
            raise FileFormatError(
                f"{path.name} line {number} is not a kept song; keep songs with `songwright evaluate words --keep`"
            ) from error
        songs.append(song)
    if not songs:
        raise RequestError(f"{path} holds no songs; write them with `songwright evaluate words --keep {path.name}`")
    return songs
