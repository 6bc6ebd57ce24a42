"""Small made-up songs of two artists who never use each other's words, the same every time. Knows no model."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from engine.corpus.prepared_songs import write_songs
from engine.lyrics.plain_songs import PlainSection, PlainSong

WORDS = {
    "Ann Harbour": "sea boat wave sail salt tide harbour rope island anchor".split(),
    "Bob Hill": "corn field horse plough barn furrow meadow cart clover hay".split(),
}
TITLES = "Morning Evening Winter Summer Sunday Monday Home Away".split()
BETWEEN = "the a my and over under with of by near".split()


def made_up_song(number: int, rng: np.random.Generator) -> PlainSong:
    """Return a song of two verses and a chorus; even numbers are the first artist's."""
    artist = list(WORDS)[number % 2]

    def line() -> str:
        pairs = (f"{rng.choice(BETWEEN)} {rng.choice(WORDS[artist])}" for _ in range(3))
        return " ".join(pairs) + str(rng.choice([",", ".", "!"]))

    sections = [PlainSection(label, tuple(line() for _ in range(4))) for label in ("Verse 1", "Chorus", "Verse 2")]
    return PlainSong(artist, f"{rng.choice(TITLES)} {number}", tuple(sections))


def made_up_songs(count: int, seed: int = 0) -> list[PlainSong]:
    """Return songs of both artists in turn."""
    rng = np.random.default_rng(seed)
    return [made_up_song(number, rng) for number in range(count)]


def prepare(folder: Path, *, train: int = 24, valid: int = 6, test: int = 6) -> Path:
    """Write a prepared folder and return it."""
    for seed, (split, count) in enumerate((("train", train), ("valid", valid), ("test", test))):
        write_songs(folder, split, made_up_songs(count, seed))
    return folder
