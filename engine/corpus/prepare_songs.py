"""From records to a prepared folder of plain songs: cleaned, each once, split so that nothing is on two sides.

Texts stay on disk; in memory are 4 bytes a word and about 1 kB a song. Does not know importers, models or ids.

**Near-duplicates and works.** A work is never divided: it is the unit that a split takes. By default, of songs that are
near-duplicates the longest stays and the others go, whatever works they are in, and the works keep the split that their
names give them. Joining the works instead would be the other way to keep both sides apart, and is what
`keep_near_duplicates` does: works that share a near-duplicate become one group with one split. It is not the default
because it spreads: anthologies print the same poems, so that a few shared ones tie hundreds of books into one group, which
then cannot be held out at all (a joined group with more than a tenth of the songs is always trained on). Dropping costs the
second printing and keeps every book free to be held out. Equal texts, by the hash of their words, always go but the first.
"""

from __future__ import annotations

import hashlib
import json
import random
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from engine.corpus.cleaning import Dropped, clean_lines, clean_words, frequent_lines
from engine.corpus.import_songs import identity, work_of
from engine.corpus.importers.json_lines import json_line_songs
from engine.corpus.importers.raw_songs import BadRow, RawSong
from engine.corpus.language import check_language, other_language
from engine.corpus.near_duplicates import keep_one_of_each, near_duplicates, shingles, words_in
from engine.corpus.prepared_songs import ORIGINS, SPLITS, Origin, file_of, write_origins, write_songs
from engine.corpus.records import Split
from engine.corpus.section_labels import read_stanzas, sections_of
from engine.corpus.song_files import text_lines, written_whole
from engine.corpus.work_splits import groups_of, splits_of
from engine.errors import OutputError, RequestError
from engine.lyrics.plain_songs import PlainSection, PlainSong

REPORT = "report.json"
MAKING, DRAFT = ".making", "cleaned.jsonl.gz"
SAMPLED = 4000  # texts that are looked through for lines which a page wrote
QUOTED = 5
NOT_A_RECORD = "not a record"

Progress = Callable[[str, int, int], None]
"""Told what is done, how far it is and out of how much."""


@dataclass(frozen=True)
class Preparation:
    """What to prepare. language: a code, or "any". valid, test: shares of the works, 0 to 0.4 each.

    shortest_lines: songs with fewer lines are left out.
    """

    files: tuple[Path, ...]
    out: Path
    language: str = "en"
    keep_near_duplicates: bool = False
    valid: float = 0.02
    test: float = 0.02
    shortest_lines: int = 4

    def __post_init__(self) -> None:
        for name, share in (("valid", self.valid), ("test", self.test)):
            if not 0 <= share <= 0.4:
                raise RequestError(f"--{name} must be 0 to 0.4, got {share:g}")
        if self.shortest_lines < 1:
            raise RequestError(f"--shortest-lines must be 1 or more, got {self.shortest_lines}")
        for file in self.files:
            if not file.is_file():
                raise RequestError(f"there is no file {file}; name what `songwright corpus import` wrote")
        if len({file.resolve() for file in self.files}) < len(self.files):
            raise RequestError("a file is named twice; name each once")


@dataclass
class Cleaned:
    """What is remembered of every cleaned song, by its place in the draft, and of what was left out before."""

    works: list[str] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    runs: list[np.ndarray] = field(default_factory=list)
    titles: list[str] = field(default_factory=list)
    read: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    bad_rows: list[BadRow] = field(default_factory=list)
    lines: Dropped = field(default_factory=Dropped)
    languages: Counter[str] = field(default_factory=Counter)


def prepare_songs(asked: Preparation, progress: Progress) -> dict[str, Any]:
    """Write a prepared folder and return its report. RequestError where no song is left.

    All files are made below the folder and moved at the end, so that no side of an earlier corpus stands beside new ones.
    """
    check_language(asked.language)
    total, boilerplate = _look_through(asked.files, progress)
    making = asked.out / MAKING
    draft = making / DRAFT
    try:
        cleaned = _clean(asked, draft, boilerplate, total, progress)
        progress("near-duplicates", 0, 1)
        pairs = near_duplicates(cleaned.runs)
        gone = {} if asked.keep_near_duplicates else keep_one_of_each(cleaned.sizes, pairs)
        progress("near-duplicates", 1, 1)
        groups = groups_of(cleaned.works, pairs if asked.keep_near_duplicates else ())
        sides = splits_of(cleaned.works, groups, valid=asked.valid, test=asked.test)
        cleaned.dropped["near-duplicate"] = len(gone)
        report = _write(asked, draft, cleaned, _Placing(gone, sides, groups, pairs), progress)
        _move(making, asked.out)
        return report
    finally:
        shutil.rmtree(making, ignore_errors=True)


def _move(making: Path, out: Path) -> None:
    """Put the files of a folder into another; the report goes first and comes last."""
    try:
        (out / REPORT).unlink(missing_ok=True)
        for name in (*(file_of(making, split).name for split in SPLITS), ORIGINS, REPORT):
            (making / name).replace(out / name)
    except OSError as error:
        raise OutputError(f"{out} cannot be written: {error.strerror or error}; name another folder") from error


@dataclass(frozen=True)
class _Placing:
    """gone: near-duplicates that go, and which stays. sides, groups: of works. pairs: all near-duplicates."""

    gone: dict[int, int]
    sides: dict[str, Split]
    groups: dict[str, str]
    pairs: list[tuple[int, int]]


def _look_through(files: Iterable[Path], progress: Progress) -> tuple[int, frozenset[str]]:
    """Return how many rows there are, and lines that stand in too many texts to be words."""
    rng, total = random.Random(0), 0
    sample: list[str] = []
    for row in chain.from_iterable(map(json_line_songs, files)):
        total += 1
        if isinstance(row, BadRow):
            continue
        place = rng.randrange(total)
        if len(sample) < SAMPLED:
            sample.append(row.text)
        elif place < SAMPLED:
            sample[place] = row.text
        if total % 1000 == 0:
            progress("reading", total, 0)
    return total, frequent_lines(sample)


def _clean(asked: Preparation, draft: Path, boilerplate: frozenset[str], total: int, progress: Progress) -> Cleaned:
    """Write the songs that are good by themselves into a draft, and remember what tells them from others."""
    cleaned = Cleaned()
    texts: set[bytes] = set()
    with written_whole(draft) as file:
        for row in chain.from_iterable(map(json_line_songs, asked.files)):
            cleaned.read += 1
            if cleaned.read % 200 == 0:
                progress("cleaning", cleaned.read, total)
            if isinstance(row, BadRow):
                cleaned.dropped[NOT_A_RECORD] += 1
                cleaned.bad_rows += [row] if len(cleaned.bad_rows) < QUOTED else []
                continue
            song = plain_song(row, boilerplate, cleaned.lines)
            words = words_in("\n".join(song.lines))
            if why := _why_not(asked, row, song, words, texts, cleaned):
                cleaned.dropped[why] += 1
                continue
            file.write(_draft_line(row, song))
            cleaned.works.append(_work(row))
            cleaned.titles.append(song.heading()[:80])
            cleaned.sizes.append(len(words))
            cleaned.runs.append(shingles(words))
    if not cleaned.works:
        raise RequestError(_nothing_left(cleaned))
    return cleaned


def plain_song(row: RawSong, boilerplate: frozenset[str], dropped: Dropped) -> PlainSong:
    """Return the song of a record as it is kept, its sections labelled and the verses numbered."""
    stanzas = read_stanzas(clean_lines(row.text, boilerplate, dropped)).stanzas
    kept = (PlainSection(s.label, tuple(filter(None, map(clean_words, s.lines)))) for s in stanzas)
    return PlainSong(clean_words(row.artist), clean_words(row.title), sections_of([s for s in kept if s.lines]))


def _why_not(
    asked: Preparation, row: RawSong, song: PlainSong, words: list[str], texts: set[bytes], cleaned: Cleaned
) -> str:
    """Return why a song is left out, or "" and remember its words."""
    if not (row.facts.get("licence") and row.facts.get("source")):
        return "no licence or no source"
    if len(song.lines) < asked.shortest_lines:
        return f"under {asked.shortest_lines} lines"
    digest = hashlib.blake2b(" ".join(words).encode(), digest_size=12).digest()
    if digest in texts:
        return "the same words as another"
    if code := other_language("\n".join(song.lines), asked.language):
        cleaned.languages[code] += 1
        return "another language"
    texts.add(digest)
    return ""


def _draft_line(row: RawSong, song: PlainSong) -> bytes:
    sections = [[section.label, list(section.lines)] for section in song.sections]
    facts = row.facts
    origin = [str(facts.get("id") or identity(row.artist, row.title, row.text)), _work(row), str(facts["source"]),
              str(facts["licence"])]  # fmt: skip
    return json.dumps([song.artist, song.title, sections, origin], ensure_ascii=False).encode() + b"\n"


def _work(row: RawSong) -> str:
    given = row.facts.get("work") or work_of(row.artist, row.title) or row.facts.get("id")
    return str(given or identity(row.artist, row.title, row.text))


def _read_draft(draft: Path) -> Iterator[tuple[PlainSong, list[str]]]:
    for line in text_lines(draft):
        artist, title, sections, origin = json.loads(line)
        yield PlainSong(artist, title, tuple(PlainSection(label, tuple(lines)) for label, lines in sections)), origin


def _write(asked: Preparation, draft: Path, cleaned: Cleaned, placing: _Placing, progress: Progress) -> dict[str, Any]:
    origins: list[Origin] = []
    counts: dict[str, Any] = {}

    def songs_of(split: Split) -> Iterator[PlainSong]:
        for place, (song, (id_, work, source, licence)) in enumerate(_read_draft(draft)):
            if place not in placing.gone and placing.sides[work] == split:
                origins.append(Origin(split, id_, work, source, licence))
                yield song

    for number, split in enumerate(SPLITS):
        progress("writing", number, len(SPLITS))
        before = len(origins)
        songs = write_songs(draft.parent, split, songs_of(split))
        counts[split] = {"songs": songs, "works": len({origin.work for origin in origins[before:]})}
    write_origins(draft.parent, origins)
    report = _report(asked, cleaned, placing, origins, counts)
    with written_whole(draft.parent / REPORT) as file:
        file.write(json.dumps(report, indent=2, ensure_ascii=False).encode() + b"\n")
    progress("writing", len(SPLITS), len(SPLITS))
    return report


def _report(
    asked: Preparation, cleaned: Cleaned, placing: _Placing, origins: list[Origin], counts: dict[str, Any]
) -> dict[str, Any]:
    """Return every count; nothing in it depends on the day, the machine or where the files are."""
    groups = Counter(placing.groups[origin.work] for origin in origins)
    largest, size = max(groups.items(), key=lambda item: (item[1], item[0]))
    near = [[cleaned.titles[other], cleaned.titles[kept]] for other, kept in sorted(placing.gone.items())[:QUOTED]]
    return {
        "inputs": [{"name": f.name, "bytes": f.stat().st_size, "sha256": _digest(f)} for f in asked.files],
        "settings": {"language": asked.language, "keep_near_duplicates": asked.keep_near_duplicates,
                     "valid": asked.valid, "test": asked.test, "shortest_lines": asked.shortest_lines},
        "read": cleaned.read,
        "kept": len(origins),
        "dropped": dict(sorted((why, n) for why, n in cleaned.dropped.items() if n)),
        "other_languages": dict(cleaned.languages.most_common()),
        "bad_rows": [vars(row) for row in cleaned.bad_rows],
        "lines_dropped": {why: {"lines": n, "examples": cleaned.lines.examples[why]}
                          for why, n in sorted(cleaned.lines.counts.items())},
        "near_duplicates": {"pairs": len(placing.pairs), "dropped_for": near},
        "splits": counts,
        "largest_group": {"name": largest, "songs": size, "works": sum(g == largest for g in placing.groups.values())},
        "licences": dict(Counter(origin.licence for origin in origins).most_common()),
        "sources": dict(Counter(origin.source for origin in origins).most_common()),
        "warnings": [f"{split} is empty: there are too few works to hold any out" for split, share in
                     (("valid", asked.valid), ("test", asked.test)) if share and not counts[split]["songs"]],
    }  # fmt: skip


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _nothing_left(cleaned: Cleaned) -> str:
    if not cleaned.read:
        return "the files hold no records; name what `songwright corpus import` wrote"
    why, count = cleaned.dropped.most_common(1)[0]
    hint = ""
    if why == "another language":
        hint = f" ({cleaned.languages.most_common(1)[0][0]}); give --language"
    elif why == NOT_A_RECORD:
        hint = "; `songwright corpus import` makes records of other files"
    return f"no song is left of {cleaned.read}: {count} are left out for this reason: {why}{hint}"
