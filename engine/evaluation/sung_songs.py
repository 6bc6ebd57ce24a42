"""The songs that singing is measured on: fixed requests on ten themes in ten styles, held-out hymns, and what was made of them.

Does not know figures. What was asked for is worked out again from the request and the printed text, so that a measure
never trusts what the writer says of itself.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from engine.contract import Request, SingRequest, SongRequest
from engine.corpus.records import parse_record, read_jsonl, split_of
from engine.errors import RequestError
from engine.evaluation.lyric_metrics import count_syllables
from engine.evaluation.peoples_tunes import HELD_OUT, KnownTexts
from engine.evaluation.song_figures import THEMES
from engine.lyrics.own_words import MOST_SYLLABLES
from engine.lyrics.text import parse_lyrics
from engine.music.lead_sheet import LeadSheet
from engine.music.score import Score
from engine.song.make_song import make_song
from engine.song.making import Making, Models
from engine.song.plan import DEFAULT_VOICE, make_plan
from engine.song.sing import sing
from engine.song.styles import STYLES

TEN_STYLES = ("pop", "rock", "ballad", "folk", "waltz", "hymn", "lullaby", "country", "blues", "jazz")
MOST_SONGS = len(THEMES) * len(TEN_STYLES)
HYMN_VOICES = ("soprano", "alto", "tenor", "bass")
HYMN_STANZAS, STANZA_LINES, FEWEST_SYLLABLES = 2, (4, 8), 3
TYPED_CHORDS = ("C G Am F", "Dm7 | G7 | Cmaj7 | A7", "Em C G D", "F Bb | C7 | F")
LENGTH_SECONDS = 180.0
SYMBOLIC = ("mid", "musicxml", "lrc")
Report = Callable[[int, int], None]


@dataclass(frozen=True)
class SungSong:
    """A song that was made. text: as printed, labels and lines. files: the bytes of each, by its ending."""

    request: Request
    style: str
    voice: str
    text: str
    sheet: LeadSheet
    score: Score
    files: dict[str, bytes]

    @cached_property
    def syllables(self) -> int:
        """How many syllables the printed words have."""
        sections = parse_lyrics(self.text).sections
        return sum(count_syllables(line) for section in sections if section.label for line in section.lines)


def song_requests(count: int) -> list[SongRequest]:
    """Return the first `count` requests: theme by theme, each in ten styles; the seed is the index."""
    pairs = [(theme, style) for theme in THEMES for style in TEN_STYLES]
    return [SongRequest(theme=theme, style=style, seed=seed) for seed, (theme, style) in enumerate(pairs[:count])]


def typed_requests(count: int) -> list[tuple[SongRequest, list[list[str]]]]:
    """Return requests with typed chords in ten styles, and the chords of each bar as they were typed."""
    found = []
    for seed in range(count):
        typed = TYPED_CHORDS[seed % len(TYPED_CHORDS)]
        bars = [bar.split() for bar in typed.split("|")] if "|" in typed else [[chord] for chord in typed.split()]
        style = TEN_STYLES[seed // 2 % len(TEN_STYLES)]
        request = SongRequest(theme=THEMES[seed % len(THEMES)], style=style, form="VC", chords=typed, seed=seed)
        found.append((request, bars))
    return found


def long_requests() -> list[SongRequest]:
    """Return a request for three minutes in every style that there is."""
    return [
        SongRequest(theme=THEMES[seed % len(THEMES)], style=style, seed=seed, length_seconds=LENGTH_SECONDS)
        for seed, style in enumerate(STYLES)
    ]


def hymn_texts(corpus: Path, known: KnownTexts, count: int) -> list[str]:
    """Return two stanzas each of `count` held-out hymns, drawn evenly, that the melody model was not trained on.

    Held out: the works that `split_of` puts into valid and test. A stanza has 4-8 lines of 3-14 syllables.
    """
    found = []
    for row in read_jsonl(corpus):
        if row.get("kind") != "hymn" or split_of(row.get("work") or row["id"]) not in HELD_OUT:
            continue
        record = parse_record(row)
        stanzas = [stanza.lines for stanza in record.stanzas if _can_be_sung(stanza.lines)][:HYMN_STANZAS]
        if len(stanzas) == HYMN_STANZAS and not known.knows(record.title, stanzas[0][0]):
            found.append("\n\n".join("\n".join(lines) for lines in stanzas))
    if not found:
        raise RequestError(f"{corpus.name} holds out no hymn of two stanzas; name a larger corpus")
    return random.Random(0).sample(found, min(count, len(found)))


def hymn_requests(texts: Iterable[str]) -> list[SingRequest]:
    """Return a request for each text, for the four voices in turn; the seed is the index."""
    return [
        SingRequest(lyrics=text, style="hymn", voice=HYMN_VOICES[seed % len(HYMN_VOICES)], seed=seed)
        for seed, text in enumerate(texts)
    ]


def make_sung_songs(
    requests: Sequence[SongRequest | SingRequest],
    models: Models,
    report: Report = lambda done, total: None,
    *,
    outputs: Sequence[str] = SYMBOLIC,
) -> Iterator[SungSong]:
    """Make every song, without sound and picture. report: songs done, songs in all."""
    for done, request in enumerate(requests, 1):
        making = Making(seed=request.seed or 0, models=models, outputs=outputs)
        made = make_song(request, making) if isinstance(request, SongRequest) else sing(request, making)
        assert made.sheet is not None
        assert made.score is not None  # neither request is for words alone
        files = {artifact.name.rsplit(".", 1)[1]: artifact.data for artifact in made.artifacts}
        yield SungSong(
            request, request.style or "", _voice_asked(request), made.lyrics_text, made.sheet, made.score, files
        )
        report(done, len(requests))


def _voice_asked(request: SongRequest | SingRequest) -> str:
    if isinstance(request, SongRequest):
        return make_plan(request, request.seed or 0).voice
    return request.voice or DEFAULT_VOICE


def _can_be_sung(lines: Sequence[str]) -> bool:
    low, high = STANZA_LINES
    return low <= len(lines) <= high and all(
        FEWEST_SYLLABLES <= count_syllables(line) <= MOST_SYLLABLES for line in lines
    )
