"""What a prepared corpus holds, in numbers, for each split. Does not know pictures or terminals."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.corpus.prepared_songs import SPLITS, read_songs
from engine.corpus.records import Split
from engine.corpus.song_files import written_whole
from engine.errors import RequestError
from engine.lyrics.plain_songs import PlainSong
from engine.lyrics.prosody import rhyme_key
from engine.lyrics.rhyme import last_word

STATISTICS = "statistics.json"
TOP_ARTISTS = 20
RHYMED_SONGS = 400  # of a split, drawn evenly; counting rhymes is slow
WORD = re.compile(r"[\u3400-\u9fff]|(?:(?![\u3400-\u9fff])[^\W_])+(?:['-](?:(?![\u3400-\u9fff])[^\W_])+)*")
RHYMES_KNOWN = "en"  # the language whose sounds the pronouncing dictionary tells


@dataclass
class SplitStatistics:
    """Counts of one split. vocabulary: different words in lower case; a Chinese character is a word.

    characters: of lines, without their ends. top_artists: the 20 with most songs. lines_per_song, words_per_line: how many
    songs or lines have each number. sections: by the first word of their label. rhymed_share: share of lines that rhyme
    with another line of their section, in the first of every so many songs; None where rhymes are not known.
    """

    songs: int = 0
    lines: int = 0
    words: int = 0
    characters: int = 0
    vocabulary: int = 0
    artists: int = 0
    rhymed_share: float | None = None
    top_artists: list[tuple[str, int]] = field(default_factory=list)
    sections: dict[str, int] = field(default_factory=dict)
    lines_per_song: Counter[int] = field(default_factory=Counter)
    words_per_line: Counter[int] = field(default_factory=Counter)

    def as_object(self) -> dict[str, Any]:
        plain = {name: value for name, value in vars(self).items() if not isinstance(value, Counter)}
        return plain | {
            "lines_per_song": quartiles(self.lines_per_song),
            "words_per_line": quartiles(self.words_per_line),
        }


def count_songs(folder: Path, progress: Callable[[str, int, int], None]) -> dict[Split, SplitStatistics]:
    """Return the statistics of a prepared folder. RequestError where it is none."""
    rhymes = language_of(folder) in (RHYMES_KNOWN, "any")
    return {split: _count(folder, split, rhymes, progress) for split in SPLITS}


def language_of(folder: Path) -> str:
    """Return the language that a folder was prepared for; "en" where its report is missing."""
    try:
        report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
        return str(report["settings"]["language"])
    except FileNotFoundError:
        return RHYMES_KNOWN
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RequestError(f"{folder / 'report.json'} cannot be read; prepare the corpus again") from error


def quartiles(counts: Counter[int]) -> dict[str, float]:
    """Return least, first quarter, median, third quarter, most and mean of counted numbers; all 0 for none."""
    total = counts.total()
    if not total:
        return dict.fromkeys(("least", "quarter", "median", "three_quarters", "most", "mean"), 0)
    at = {name: _number_at(counts, share * (total - 1)) for name, share in
          (("least", 0), ("quarter", 0.25), ("median", 0.5), ("three_quarters", 0.75), ("most", 1))}  # fmt: skip
    return at | {"mean": round(sum(number * n for number, n in counts.items()) / total, 2)}


def rhymed_lines(lines: Sequence[str]) -> int:
    """Return how many lines rhyme with another of them: same sounds from the last stressed vowel on, other last word."""
    ends: dict[str, set[str]] = {}
    keys = [rhyme_key(line) for line in lines]
    for line, key in zip(lines, keys, strict=True):
        ends.setdefault(key, set()).add(last_word(line))
    return sum(bool(key) and len(ends[key]) > 1 for key in keys)


def write_statistics(folder: Path, found: dict[Split, SplitStatistics]) -> None:
    """Write the numbers as JSON and as a picture."""
    from engine.corpus.statistics_picture import PICTURE, statistics_png

    with written_whole(folder / STATISTICS) as file:
        numbers = {split: statistics.as_object() for split, statistics in found.items()}
        file.write(json.dumps(numbers, indent=2, ensure_ascii=False).encode() + b"\n")
    with written_whole(folder / PICTURE) as file:
        file.write(statistics_png(found))


def _count(folder: Path, split: Split, rhymes: bool, progress: Callable[[str, int, int], None]) -> SplitStatistics:
    found, words, artists, sections = SplitStatistics(), Counter[str](), Counter[str](), Counter[str]()
    for song in read_songs(folder, split):
        found.songs += 1
        artists[song.artist] += bool(song.artist)
        sections.update(kind_of(section.label) for section in song.sections)
        found.lines_per_song[len(song.lines)] += 1
        found.characters += sum(map(len, song.lines))
        for line in song.lines:
            in_line = WORD.findall(line.lower())
            words.update(in_line)
            found.words_per_line[len(in_line)] += 1
        if found.songs % 500 == 0:
            progress(f"counting {split}", found.songs, 0)
    found.lines, found.words, found.vocabulary = found.words_per_line.total(), words.total(), len(words)
    found.artists = sum(n > 0 for n in artists.values())
    found.top_artists = sorted(((a, n) for a, n in artists.items() if n), key=lambda x: (-x[1], x[0]))[:TOP_ARTISTS]
    found.sections = dict(sorted(sections.items(), key=lambda item: (-item[1], item[0])))
    if rhymes and found.songs:
        every = -(-found.songs // RHYMED_SONGS)
        found.rhymed_share = _rhymed_share(song for n, song in enumerate(read_songs(folder, split)) if n % every == 0)
    return found


def kind_of(label: str) -> str:
    """Return the part of a label that tells its kind: "Verse 2" -> "verse"; "none" for no label."""
    return re.sub(r"\s+[\dIVX]+[A-Z]?$", "", label).lower() or "none"


def _rhymed_share(songs: Iterable[PlainSong]) -> float:
    rhymed = total = 0
    for song in songs:
        for section in song.sections:
            rhymed += rhymed_lines(section.lines)
            total += len(section.lines)
    return round(rhymed / total, 4) if total else 0.0


def _number_at(counts: Counter[int], place: float) -> int:
    passed = 0
    for number in sorted(counts):
        passed += counts[number]
        if passed > place:
            return number
    return max(counts)
