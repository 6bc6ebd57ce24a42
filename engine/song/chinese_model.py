"""The model of Chinese lyrics, opened with the tunes, words and authors that belong to it. Does not know requests."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from engine.checkpoint import open_checkpoint
from engine.errors import CheckpointError, RequestError
from engine.families import CausalModel, open_model
from engine.lyrics.chinese.tokenizer import ChineseTokenizer
from engine.lyrics.chinese.tunes import TunePattern, open_patterns
from engine.lyrics.memory_filter import MEMORY_FILE, MemoryFilter

TUNES_FILE, WORDS_FILE, AUTHORS_FILE, TOKENIZER_FILE = "tunes.json", "words.json", "authors.txt", "tokenizer.json"
MOST_AUTHORS = 6
_BETWEEN_NAMES = re.compile(r"[,;/&+，；、和与]+|\band\b", re.IGNORECASE)


@dataclass(frozen=True)
class ChineseLyricModel:
    """tunes: patterns by name. words: pairs of characters that it has read often, with their texts.

    memory: what its training texts say word for word, every character a word; None where the checkpoint has none.
    """

    version: str
    model: CausalModel
    tokenizer: ChineseTokenizer
    tunes: Mapping[str, TunePattern]
    words: Mapping[str, int]
    authors: tuple[str, ...]
    memory: MemoryFilter | None = None

    def find_authors(self, names: str) -> tuple[str, ...]:
        """Return the authors of one name or of several, parted by commas, "和", "&" or "/"; RequestError as `find_author`."""
        if "".join(names.split()) in self.authors:  # 和凝 is one name
            return (self.find_author(names),)
        parts = [part for part in _BETWEEN_NAMES.split(names) if part.strip()]
        if len(parts) > MOST_AUTHORS:
            raise RequestError(f"a song takes 1-{MOST_AUTHORS} artists, got {len(parts)}; name fewer")
        return tuple(dict.fromkeys(self.find_author(part) for part in parts or [names]))

    def find_author(self, name: str) -> str:
        """Return the author of that name; RequestError names the nearest known ones."""
        wanted = "".join(name.split())
        if wanted in self.authors:
            return wanted
        near = difflib.get_close_matches(wanted, self.authors, n=3, cutoff=0.3)
        hint = f"did you mean {', '.join(near)}?" if near else "leave --artist out"
        raise RequestError(
            f"artist {name[:40]!r} is not among the {len(self.authors)} authors that the model has read; {hint}"
        )


def open_chinese_model(
    path: Path, share: Callable[[CausalModel], CausalModel] = lambda model: model
) -> ChineseLyricModel:
    """Open and verify a checkpoint; CheckpointError says what is missing. share: as in `engine.song.models.open_role`."""
    checkpoint = open_checkpoint(path)
    for name in (TUNES_FILE, WORDS_FILE, AUTHORS_FILE, TOKENIZER_FILE):
        if not (path / name).is_file():
            raise CheckpointError(
                f"{path} has no {name}, so it is no model of Chinese lyrics; train one with `songwright train chinese`"
            )
    return ChineseLyricModel(
        checkpoint.digest,
        share(open_model(path)),
        ChineseTokenizer.open(path / TOKENIZER_FILE),
        open_patterns(path / TUNES_FILE),
        json.loads((path / WORDS_FILE).read_text(encoding="utf-8")),
        tuple((path / AUTHORS_FILE).read_text(encoding="utf-8").splitlines()),
        MemoryFilter.read(path / MEMORY_FILE) if (path / MEMORY_FILE).is_file() else None,
    )
