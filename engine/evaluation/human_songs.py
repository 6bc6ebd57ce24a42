"""The same figures for held-out songs that people wrote, to stand beside made ones. Does not know models."""

from __future__ import annotations

import random
import re
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

from engine.corpus.lyric_corpus import TOKENIZER
from engine.corpus.prepared_songs import read_songs
from engine.corpus.records import LyricRecord, Split, parse_record, read_jsonl, split_of
from engine.corpus.shards import Shard
from engine.errors import RequestError
from engine.evaluation import lyric_metrics
from engine.evaluation.memorisation import TrainingText
from engine.evaluation.song_figures import WORDS_COMPARED, real_words, shared_figures, variety_figures
from engine.evaluation.word_songs import WrittenSong
from engine.lyrics.plain_songs import PlainSection, PlainSong, numbered
from engine.lyrics.prompt import reverse_line
from engine.lyrics.tokenizer import LyricTokenizer

SONGS = 50
LINES_COMPARED = 24  # repetition and shared runs grow with length: songs of people are cut to as many lines
HELD_OUT: tuple[Split, ...] = ("valid", "test")
Sections = list[tuple[str, tuple[str, ...]]]


def human_figures(data: Path, training: TrainingText | None = None, count: int = SONGS) -> dict[str, Any]:
    """Return the figures of METRICS 3 that do not need a request, of up to `count` songs of the held-out splits.

    data: a prepared lyric corpus. Songs are texts of kind "song" of a hundred words or more, in order of the test split,
    then valid.
    """
    songs = list(_songs(data))[:count]
    if not songs:
        raise RequestError(f"{data} holds out no song of {WORDS_COMPARED} words; prepare a larger corpus")
    texts = [[line for _, lines in sections for line in lines] for sections in songs]
    return {
        **variety_figures([lyric_metrics.words_of_lines(lines) for lines in texts]),
        "repetition": lyric_metrics.repetition(songs),
        "real-word rate": lyric_metrics.real_word_rate(
            (line for lines in texts for line in lines), real_words(training)
        ),
        **(shared_figures(texts, training) if training else {}),
    }


def _songs(data: Path) -> Iterator[Sections]:
    """Yield the sections of held-out songs that are long enough to compare."""
    for name in (TOKENIZER, "test.npz", "valid.npz"):
        if not (data / name).is_file():
            raise RequestError(f"{data} has no {name}; name a folder that `songwright train lyrics` prepared")
    tokenizer = LyricTokenizer.open(data / TOKENIZER)
    kind = tokenizer.id_of("<song>")
    for split in ("test", "valid"):
        shard = Shard.open(data / f"{split}.npz")
        for index in range(len(shard)):
            ids = shard.text_ids(index)
            if kind in ids[:3]:
                sections = sections_of(tokenizer.decode(ids))
                if len(_words(sections)) >= WORDS_COMPARED:
                    yield sections


def sections_of(text: str) -> Sections:
    """Read a marked training text back into (label, lines): label is verse, chorus or bridge."""
    body = text.split("<words>", 1)[1]
    sections: Sections = []
    for label, inside in re.findall(r"<(verse|chorus|bridge)>((?:(?!<(?:verse|chorus|bridge)>).)*)", body, re.DOTALL):
        lines = re.sub(r"<[a-zA-Z0-9]+>", "", inside).split("\n")
        sections.append((label, tuple(reverse_line(line).strip() for line in lines if line)))
    return sections


def _words(sections: Sequence[tuple[str, Sequence[str]]]) -> list[str]:
    return lyric_metrics.words_of_lines(line for _, lines in sections for line in lines)


def human_songs_of_corpus(
    path: Path, count: int = 100, *, kinds: Collection[str] = ("song",), fewest_words: int = 60
) -> list[WrittenSong]:
    """Return up to `count` held-out texts of a JSON-lines corpus, drawn evenly, cleaned as for training.

    Held out: the works that `split_of` puts into valid and test, which the lyric model never saw. A stanza that comes again
    is there once, as a chorus. RequestError where none is long enough.
    """
    songs = []
    for row in read_jsonl(path):
        if row.get("kind") in kinds and split_of(row.get("work") or row["id"]) in HELD_OUT:
            song = _people(plain_song(parse_record(row)))
            if len(song.words) >= fewest_words:
                songs.append(song)
    if not songs:
        raise RequestError(
            f"{path.name} holds out no {' or '.join(kinds)} of {fewest_words} words; name a larger corpus"
        )
    return _drawn(songs, count)


def human_songs_of_folder(folder: Path, split: Split, count: int = 100, *, fewest_words: int = 60) -> list[WrittenSong]:
    """Return up to `count` songs of a split of a prepared folder of plain songs, drawn evenly; [] if none is long enough."""
    songs = [_people(song) for song in read_songs(folder, split)]
    return _drawn([song for song in songs if len(song.words) >= fewest_words], count)


def plain_song(record: LyricRecord) -> PlainSong:
    """Return a cleaned record as a plain song: its stanzas are verses and choruses."""
    sections = [PlainSection("Chorus" if stanza.is_chorus else "", stanza.lines) for stanza in record.stanzas]
    return PlainSong(record.author, record.title, numbered(sections))


def _people(song: PlainSong) -> WrittenSong:
    return WrittenSong("people", {}, PlainSong(song.artist, song.title, _cut(song.sections)).text())


def _cut(sections: Sequence[PlainSection]) -> tuple[PlainSection, ...]:
    """Return the sections up to the line that fills `LINES_COMPARED`."""
    kept, room = [], LINES_COMPARED
    for section in sections:
        if room > 0:
            kept.append(PlainSection(section.label, section.lines[:room]))
        room -= len(section.lines)
    return tuple(kept)


def _drawn(songs: list[WrittenSong], count: int) -> list[WrittenSong]:
    return random.Random(0).sample(songs, min(count, len(songs)))
