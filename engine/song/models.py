"""The models that songs are made with, opened with all that belongs to them. Does not know requests or jobs."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from engine.checkpoint import open_checkpoint
from engine.errors import CheckpointError, RequestError
from engine.families import CausalModel, open_model
from engine.lyrics.associations import Associations
from engine.lyrics.lexicon import Lexicon
from engine.lyrics.tokenizer import LyricTokenizer

Role = Literal["lyrics", "melody"]
Share = Callable[[CausalModel], CausalModel]
WORDS_FILE, ASSOCIATIONS_FILE, AUTHORS_FILE = "words.txt.gz", "associations.npz", "authors.txt"


@dataclass
class LyricModel:
    """A causal model over the ids of `tokenizer`, the words that it may write, and which words belong together."""

    version: str
    directory: Path
    model: CausalModel
    tokenizer: LyricTokenizer
    associations: Associations
    authors: tuple[str, ...] = ()
    _lexicons: dict[bool, Lexicon] = field(default_factory=dict)

    def lexicon(self, *, archaic: bool, avoid: Collection[str] = ()) -> Lexicon:
        """Return the words that may be written, with or without those of long ago; built at the first need.

        avoid: words in lower case that are left out, each time anew.
        """
        if archaic not in self._lexicons:
            self._lexicons[archaic] = Lexicon.open(self.directory / WORDS_FILE, self.tokenizer, archaic=archaic)
        return self._lexicons[archaic].without(avoid)

    def find_author(self, name: str) -> str:
        """Return the author of that name as the model knows it; RequestError names the nearest known ones."""
        known = {author.lower(): author for author in self.authors}
        wanted = " ".join(name.lower().split())
        if wanted in known:
            return known[wanted]
        surname = [author for author in self.authors if wanted and author.lower().split()[-1] == wanted.split()[-1]]
        near = surname or [known[n] for n in difflib.get_close_matches(wanted, known, n=3, cutoff=0.4)]
        hint = f"did you mean {', '.join(near[:3])}?" if near else "leave --artist out"
        raise RequestError(
            f"artist {name[:40]!r} is not among the {len(known)} authors that the model has read; {hint}"
        )


@dataclass
class MelodyModel:
    version: str
    model: CausalModel


@dataclass(frozen=True)
class SongModels:
    lyrics: LyricModel
    melody: MelodyModel


def open_lyric_model(path: Path, share: Share = lambda model: model) -> LyricModel:
    """Open and verify a lyric checkpoint; CheckpointError says what is missing. share: as in `open_role`."""
    checkpoint = open_checkpoint(path)
    for name in (WORDS_FILE, ASSOCIATIONS_FILE, AUTHORS_FILE, "tokenizer.json"):
        if not (path / name).is_file():
            raise CheckpointError(
                f"{path} has no {name}, so it is not a lyric model; train one with `songwright train lyrics`"
            )
    return LyricModel(
        checkpoint.digest,
        path,
        share(open_model(path)),
        LyricTokenizer.open(path / "tokenizer.json"),
        Associations.open(path / ASSOCIATIONS_FILE),
        tuple((path / AUTHORS_FILE).read_text(encoding="utf-8").splitlines()),
    )


def open_melody_model(path: Path, share: Share = lambda model: model) -> MelodyModel:
    """Open and verify a melody checkpoint. share: as in `open_role`."""
    return MelodyModel(open_checkpoint(path).digest, share(open_model(path)))


def open_shared(role: Role, path: Path) -> LyricModel | MelodyModel:
    """Open the checkpoint of a role for songs in several threads at once."""
    from engine.batching import share

    return open_role(role, path, share=share)


def open_role(role: Role, path: Path, *, share: Share | None = None) -> LyricModel | MelodyModel:
    """Open the checkpoint of a role.

    share: what makes it fit for songs in several threads at once, `engine.batching.share`; None where only one
    song is made at a time.
    """
    opening = open_lyric_model if role == "lyrics" else open_melody_model
    return opening(path) if share is None else opening(path, share)
