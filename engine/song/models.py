"""The models that songs are made with, opened with all that belongs to them. Does not know requests or jobs."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from engine.adapters import FAMILY as ADAPTER
from engine.adapters import is_adapter, needs_base, not_taken, read_adapter
from engine.checkpoint import Checkpoint, open_checkpoint
from engine.errors import CheckpointError, RequestError
from engine.families import CausalModel, adapted, open_model
from engine.lyrics.associations import Associations
from engine.lyrics.lexicon import Lexicon
from engine.lyrics.memory_filter import MEMORY_FILE, MemoryFilter, MemoryGuard
from engine.lyrics.tokenizer import LyricTokenizer
from engine.lyrics.word_filter import avoided
from engine.lyrics.word_pairs import PAIRS_FILE, WordPairs
from engine.music.composer import EventComposer
from engine.music.part_vocabulary import VOCABULARY as PARTS
from engine.music.piece import Composer
from engine.roles import JUDGE, Role
from engine.song.chinese_model import TUNES_FILE as TUNES_FILE
from engine.song.chinese_model import ChineseLyricModel, open_chinese_model
from engine.song.judge import Judge, open_judge

MOST_AUTHORS = 6
Share = Callable[[CausalModel], CausalModel]
WORDS_FILE, ASSOCIATIONS_FILE, AUTHORS_FILE = "words.txt.gz", "associations.npz", "authors.txt"


@dataclass
class LyricModel:
    """A causal model over the ids of `tokenizer`, the words that it may write, and which words belong together.

    memory: what its training texts say word for word; pairs: which words stand side by side in them. None where the
    checkpoint has no such file.
    """

    version: str
    directory: Path
    model: CausalModel
    tokenizer: LyricTokenizer
    associations: Associations
    authors: tuple[str, ...] = ()
    memory: MemoryFilter | None = None
    pairs: WordPairs | None = None
    _lexicons: dict[bool, Lexicon] = field(default_factory=dict)

    def lexicon(self, *, archaic: bool, avoid: Collection[str] = ()) -> Lexicon:
        """Return the words that may be written, with or without those of long ago; built at the first need.

        avoid: words in lower case, and lists of them (`word_filter`), that are left out, each time anew.
        """
        if archaic not in self._lexicons:
            self._lexicons[archaic] = Lexicon.open(self.directory / WORDS_FILE, self.tokenizer, archaic=archaic)
        return self._lexicons[archaic].without(avoided(avoid))

    def guard(self, own: Iterable[str]) -> MemoryGuard | None:
        """Return what keeps one song from lines learned by heart; None without a memory. own: texts that the asker typed."""
        return MemoryGuard(self.memory, own) if self.memory is not None else None

    def find_authors(self, names: str) -> tuple[str, ...]:
        """Return the authors of one name or of several, parted by commas, "and", "&" or "/"; RequestError as `find_author`."""
        known = {author.lower() for author in self.authors}
        if " ".join(names.lower().split()) in known:
            return (self.find_author(names),)
        parts = [part for part in re.split(r"[,;/&]+|\band\b", names, flags=re.IGNORECASE) if part.strip()]
        if len(parts) > MOST_AUTHORS:
            raise RequestError(f"a song takes 1-{MOST_AUTHORS} artists, got {len(parts)}; name fewer")
        return tuple(dict.fromkeys(self.find_author(part.strip()) for part in parts or [names]))

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
    """chinese: None where only English words are wanted. music: None where no music is edited by a model.

    judge: None where the first take is the one that is kept.
    """

    lyrics: LyricModel
    melody: MelodyModel
    chinese: ChineseLyricModel | None = None
    music: Composer | None = None
    judge: Judge | None = None


DecodingModel = LyricModel | MelodyModel | ChineseLyricModel | EventComposer
OpenedModel = DecodingModel | Judge


def open_lyric_model(path: Path, share: Share = lambda model: model) -> LyricModel:
    """Open and verify a lyric checkpoint; CheckpointError says what is missing. share: as in `open_role`."""
    checkpoint = _whole(path)
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
        MemoryFilter.read(path / MEMORY_FILE) if (path / MEMORY_FILE).is_file() else None,
        WordPairs.read(path / PAIRS_FILE) if (path / PAIRS_FILE).is_file() else None,
    )


def open_melody_model(path: Path, share: Share = lambda model: model) -> MelodyModel:
    """Open and verify a melody checkpoint. share: as in `open_role`."""
    return MelodyModel(_whole(path).digest, share(open_model(path)))


def _whole(path: Path) -> Checkpoint:
    """Return the checkpoint of a whole model; CheckpointError says which base an adapter needs."""
    checkpoint = open_checkpoint(path)
    if checkpoint.family == ADAPTER:
        raise needs_base(checkpoint)
    return checkpoint


def open_music_model(path: Path, share: Share = lambda model: model) -> EventComposer:
    """Open and verify a checkpoint of the composing model; CheckpointError for one of another kind. share: as in `open_role`."""
    checkpoint = open_checkpoint(path)
    if checkpoint.config.get("vocabulary") is not None or checkpoint.config.get("vocab_size") != len(PARTS):
        raise CheckpointError(
            f"{path} is a model of another kind ({checkpoint.family}), which does not compose for the band; "
            "train one with `songwright train music --family composer`"
        )
    return EventComposer(share(open_model(path)), checkpoint.digest)


def open_shared(role: Role, path: Path) -> OpenedModel:
    """Open the checkpoint of a role for songs in several threads at once."""
    from engine.batching import share

    return open_role(role, path, share=share)


def open_role(role: Role, path: Path, *, share: Share | None = None) -> OpenedModel:
    """Open the checkpoint of a role.

    share: what makes it fit for songs in several threads at once, `engine.batching.share`; None where only one
    song is made at a time.
    """
    if role == JUDGE:
        return open_judge(path)  # only read, so that any number of songs may ask it at once
    opening: dict[Role, Callable[..., OpenedModel]] = {
        "lyrics": open_lyric_model,
        "melody": open_melody_model,
        "chinese": open_chinese_model,
        "music": open_music_model,
    }
    return opening[role](path) if share is None else opening[role](path, share)


def open_adapted(role: Role, path: Path, base: OpenedModel, *, share: Share | None = None) -> LyricModel | MelodyModel:
    """Open an adapter beside its opened base: only its own matrices are new, all else is the base's and shared with it.

    share: as in `open_role`, where the base was opened without; one that is shared gives adapters that are. CheckpointError
    for an adapter of another base, for a damaged one, and for roles that have none.
    """
    if role not in ("lyrics", "melody") or not isinstance(base, LyricModel | MelodyModel):
        raise not_taken(path, f"models of {role}")
    adapter = read_adapter(path, base.version)
    model = adapted(base.model, adapter)
    return replace(base, version=adapter.digest, model=model if share is None else share(model))


def open_with_base(role: Role, path: Path, base: Path | None, *, share: Share | None = None) -> OpenedModel:
    """Open a checkpoint of a role, whole or an adapter; base: where the base of an adapter is, not looked at otherwise."""
    if not is_adapter(path):
        return open_role(role, path, share=share)
    if base is None:
        raise needs_base(open_checkpoint(path))
    return open_adapted(role, path, open_role(role, base, share=share))
