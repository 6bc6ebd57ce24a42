"""Which artists of a collection are wanted: named ones, or those with most songs. Does not know where songs come from."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from engine.corpus.song_files import text_lines
from engine.errors import RequestError


@lru_cache(maxsize=1 << 16)
def artist_key(name: str) -> str:
    """Return what two spellings of an artist share: letters and digits, no accents, no "the" in front."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", name.casefold()) if not unicodedata.combining(c))
    return re.sub(r"[\W_]+", "", re.sub(r"^the\s+", "", plain.strip())) or plain.strip()


def read_artists(given: str) -> tuple[str, ...]:
    """Return the names in a file, one per line, or in a list parted by commas."""
    if Path(given).is_file():
        names = [line.strip() for line in text_lines(Path(given))]
    elif given.endswith((".txt", ".csv")):
        raise RequestError(f"there is no file {given}; name a file of artists, one per line, or list them with commas")
    else:
        names = [name.strip() for name in given.split(",")]
    if not any(names):
        raise RequestError("--artists names nobody; give a file of names, one per line, or a list with commas")
    return tuple(dict.fromkeys(name for name in names if name))


def most_heard(artists: Iterable[str], count: int) -> frozenset[str]:
    """Return the keys of the `count` artists with most songs, of equal ones the first by name."""
    counts = Counter(artist_key(artist) for artist in artists if artist)
    return frozenset(sorted(counts, key=lambda key: (-counts[key], key))[:count])


def unknown_artists(wanted: Iterable[str], seen: Iterable[str]) -> dict[str, list[str]]:
    """Return the wanted names that nobody has, each with up to three that look like it."""
    known = {artist_key(name): name for name in seen}
    missing = [name for name in wanted if artist_key(name) not in known]
    return {
        name: [known[key] for key in difflib.get_close_matches(artist_key(name), known, n=3, cutoff=0.6)]
        for name in missing
    }
