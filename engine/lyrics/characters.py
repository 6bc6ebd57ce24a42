"""The characters of a corpus as ids, for models that read letters, and the artists that a song can open with.

Does not know models. Ids: END, UNKNOWN, the characters from the most frequent on, then one opening per artist. An opening
stands where END stands before a song and says whose song it is; END says that it is nobody's in particular. It is read,
never written, and has no text.
"""

from __future__ import annotations

import json
import math
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from engine.errors import CheckpointError
from engine.lyrics.plain_songs import HEADING

END = 0  # closes a text, and so also stands before the next one
UNKNOWN = 1
MOST_CHARACTERS = 8192
ESCAPE_BITS = math.log2(0x110000 - 0x800)  # naming one of all Unicode characters, about 20: what UNKNOWN leaves open
KIND = "characters"
_SPELLINGS = {"’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "—": "-", "…": "...", "\t": " "}
_SPELLINGS |= {"ß": "ss", "æ": "ae", "Æ": "Ae", "œ": "oe", "Œ": "Oe", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L"}


class Characters:
    """A `TextTokenizer`: one id per character of the alphabet, most frequent first, and one per artist.

    choices: how many ids can come next: END, UNKNOWN and the characters. vocab_size: those and the openings.
    """

    end_id = END

    def __init__(self, alphabet: str, artists: Sequence[str] = ()) -> None:
        self.alphabet, self.artists = alphabet, tuple(artists)
        self.choices = len(alphabet) + 2
        self.vocab_size = self.choices + len(self.artists)
        self._ids = {character: place for place, character in enumerate(alphabet, 2)}
        self._openings = {name.casefold(): place for place, name in enumerate(self.artists, self.choices)}

    @classmethod
    def learn(cls, texts: Iterable[str], *, artists: Sequence[str] = (), most: int = MOST_CHARACTERS) -> Characters:
        """Return the alphabet of texts: their `most` most frequent characters; equals by code point."""
        counts: Counter[str] = Counter()
        for text in texts:
            counts.update(text)
        known = [c for c in counts if unicodedata.category(c) != "Cs"]  # half a surrogate pair is no character
        return cls("".join(sorted(known, key=lambda c: (-counts[c], c))[:most]), artists)

    def encode(self, text: str) -> list[int]:
        """Return ids, after the opening of the artist whom the heading names, if known.

        A character outside the alphabet becomes the nearest spelling inside it, "é" "e" and a curly quote a straight
        one, or UNKNOWN.
        """
        opening = self.opening(text)
        ids = [opening] if opening != END else []
        if any(character not in self._ids for character in text):
            text = unicodedata.normalize("NFC", text)
        for character in text:
            ids += self._spelled(character)
        return ids

    def encode_exactly(self, text: str) -> NDArray[np.int32]:
        """Return one id per character and nothing else, int32 (characters,); UNKNOWN for those outside the alphabet."""
        codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
        if not self.alphabet:
            return np.full(len(codes), UNKNOWN, np.int32)
        known, ids = self._table
        at = np.minimum(np.searchsorted(known, codes), len(known) - 1)
        found: NDArray[np.int32] = np.where(known[at] == codes, ids[at], np.int32(UNKNOWN))
        return found

    def opening(self, text: str) -> int:
        """Return what a song opens with: the id of the artist in its heading, or END for one that is not known."""
        artist = artist_of(text)
        return END if artist is None else self._openings.get(artist.casefold(), END)

    def decode(self, ids: Iterable[int]) -> str:
        """Return the text of ids; END, UNKNOWN and openings give nothing."""
        return "".join(self.alphabet[int(i) - 2] for i in ids if 2 <= int(i) < self.choices)

    def join(self, texts: Iterable[str]) -> NDArray[np.int32]:
        """Return END, text, END, text, ... END, int32 (characters + texts + 1,), without openings."""
        end = np.full(1, END, np.int32)
        parts = [end]
        for text in texts:
            parts += [self.encode_exactly(text), end]
        return np.concatenate(parts)

    def to_json(self) -> bytes:
        """Return the file that a checkpoint keeps."""
        content = {"kind": KIND, "characters": self.alphabet, "artists": list(self.artists)}
        return json.dumps(content, ensure_ascii=False, indent=1).encode()

    @classmethod
    def from_json(cls, content: bytes) -> Characters:
        """Open what `to_json` wrote; CheckpointError for anything else."""
        try:
            row = json.loads(content)
            if row["kind"] == KIND and len(set(row["characters"])) == len(row["characters"]):
                return cls(row["characters"], tuple(row["artists"]))
        except (ValueError, KeyError, TypeError):
            pass
        raise CheckpointError("tokenizer.json is not an alphabet of characters; fetch or train the model again")

    @cached_property
    def _table(self) -> tuple[NDArray[np.uint32], NDArray[np.int32]]:
        """Code points, ascending, and their ids."""
        codes = np.array([ord(character) for character in self.alphabet], np.uint32)
        order = np.argsort(codes)
        return codes[order], (order + 2).astype(np.int32)

    def _spelled(self, character: str) -> list[int]:
        for spelling in _spellings(character):
            if all(c in self._ids for c in spelling):
                return [self._ids[c] for c in spelling]
        return [UNKNOWN]


def artist_of(text: str) -> str | None:
    """Return the artist that the heading of a song's text names, or None where it has none."""
    found = HEADING.match(text.partition("\n")[0])
    return found["artist"] if found else None


def _spellings(character: str) -> Iterator[str]:
    """Give a character and what may stand for it, nearest first; "" where it may be left out."""
    yield character
    yield unicodedata.normalize("NFKC", character)
    yield (apart := unicodedata.normalize("NFKD", character))
    if character == "\r" or unicodedata.category(character) in ("Mn", "Cf"):  # an accent by itself, a direction mark
        yield ""
    bare = "".join(c for c in apart if not unicodedata.combining(c))
    yield from filter(None, (bare, _SPELLINGS.get(character), character.lower(), character.upper()))
