"""Songs that a model of any family writes freely, and what held-out songs cost it in bits. Does not know the families."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from engine.contract import Sampling
from engine.corpus.prepared_songs import read_songs
from engine.corpus.records import Split
from engine.errors import RequestError
from engine.evaluation.word_figures import Values
from engine.evaluation.word_songs import THEMES, WrittenSong
from engine.lyrics.plain_songs import PlainSong
from engine.lyrics.text_models import SongWriter
from engine.lyrics.theme_words import title_of

MOST_LINES, BITS_BATCH = 60, 16
SEED = 0
Heading = tuple[str, str]  # artist, title


def write_freely(
    model: SongWriter, headings: Sequence[Heading], *, version: str = "", sampling: Sampling | None = None
) -> Iterator[WrittenSong]:
    """Write one song for each heading, with its number as seed, until the model ends it or it has 60 lines.

    An artist whom a model with known artists does not know is replaced by one that it does, in turn.
    """
    for seed, (artist, title) in enumerate(headings):
        if model.artists and artist not in model.artists:
            artist = model.artists[seed % len(model.artists)]
        found = model.write(
            artist=artist, title=title, sampling=sampling or Sampling(), seed=seed, most_lines=MOST_LINES
        )
        yield WrittenSong("plain", {"artist": artist, "title": title, "seed": seed}, found[0].text, version)


def headings_of(songs: Sequence[PlainSong], count: int) -> list[Heading]:
    """Return artist and title of `count` songs, from the start again where there are fewer; without songs, of the themes."""
    known = [(song.artist, song.title) for song in songs] or [("", title_of(theme)) for theme in THEMES]
    return [known[i % len(known)] for i in range(count)]


def drawn_songs(folder: Path, split: Split, count: int) -> list[PlainSong]:
    """Return up to `count` songs of a split, the same every time; 0 is all. RequestError where there is none."""
    songs = list(read_songs(folder, split))
    if not songs:
        raise RequestError(f"{folder} has no songs in {split}; prepare a larger corpus")
    order = np.random.default_rng(SEED).permutation(len(songs))[: count or len(songs)]
    return [songs[i] for i in sorted(order.tolist())]


def text_bits(
    model: SongWriter, songs: Sequence[PlainSong], report: Callable[[int, int], None] = lambda done, total: None
) -> Values:
    """Return what each song costs: bits of all below its heading and of its end, over the UTF-8 bytes below its heading.

    METRICS 2, bits per byte. The heading is given. The end of a song costs bits and has no byte, in every family but
    remote: servers put no price on it, so their songs cost some bits less. Raises NoBits where the model does not say.
    """
    bits: list[float] = []
    for start in range(0, len(songs), BITS_BATCH):
        bits += model.bits([song.text() for song in songs[start : start + BITS_BATCH]])
        report(len(bits), len(songs))
    return Values(np.array(bits), np.array([float(len(song.body().encode())) for song in songs]))
