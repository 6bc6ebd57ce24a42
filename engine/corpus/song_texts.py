"""The songs of a prepared folder as text, whichever command prepared it. Does not know models."""

from __future__ import annotations

from pathlib import Path

from engine.corpus.lyric_corpus import TOKENIZER
from engine.corpus.plain_texts import plain_texts
from engine.corpus.prepared_songs import read_songs
from engine.corpus.records import Split
from engine.corpus.shards import Shard
from engine.lyrics.tokenizer import LyricTokenizer


def is_marked(folder: Path) -> bool:
    """Return whether `songwright train lyrics` prepared a folder: marked texts in shards, without headings."""
    return (folder / TOKENIZER).is_file() and (folder / "train.npz").is_file()


def song_texts(folder: Path, split: Split) -> list[str]:
    """Return the songs of a split, each under its heading; those of a marked folder, which keeps none, without.

    RequestError where the folder was not prepared.
    """
    if is_marked(folder):
        return plain_texts(Shard.open(folder / f"{split}.npz"), LyricTokenizer.open(folder / TOKENIZER))
    return [song.text() for song in read_songs(folder, split)]
