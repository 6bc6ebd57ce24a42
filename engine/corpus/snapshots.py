"""Snapshots of what people said about songs: frozen, dated folders that tuning, judge and gate read. Knows no store.

A snapshot is a folder named by its day and digest, 2026-11-21-3f2a9c0d1e4b, and never changes:

    takes.jsonl        a song each: what was asked for, by which models, its words and its lead sheet
    judgements.jsonl   what one person said of one song, or of two
    statistics.json    counts by split, kind, style and model version
    statistics.png     the same to look at
    manifest.json      sizes and digests of the others, the rules it was made by; written last

Raters are pseudonyms that mean nothing outside the snapshot. All takes of one prompt are in one split.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from engine.contract import Frozen, SectionReport
from engine.corpus.records import Split
from engine.corpus.song_files import written_whole
from engine.errors import FileFormatError, OutputError, RequestError

JudgementKind = Literal["stars", "preference", "edit", "another take", "favourite", "download"]
PAIRED: frozenset[JudgementKind] = frozenset({"preference", "edit"})  # name a rejected take beside the chosen one
NOT_PROMPT = frozenset({"seed", "avoid", "sampling", "source"})  # of a request: what does not say what is wanted
TAKES, JUDGEMENTS, STATISTICS, PICTURE, MANIFEST = (
    "takes.jsonl", "judgements.jsonl", "statistics.json", "statistics.png", "manifest.json",
)  # fmt: skip
VALID_SHARE, TEST_SHARE = 0.1, 0.1
DIGEST_CHARACTERS = 12


class Take(Frozen):
    """A song as it was judged. versions: digest of the model by role. sheet: as `music.as_json` writes it."""

    id: str
    request: dict[str, Any]
    seed: int
    versions: dict[str, str]
    title: str
    text: str
    sections: tuple[SectionReport, ...] = ()
    sheet: dict[str, Any] | None = None

    @property
    def prompt(self) -> str:
        """The prompt as a digest: the same for all takes of what was asked for."""
        return prompt_of(self.request)

    @property
    def split(self) -> Split:
        return split_of_prompt(self.prompt)


class Judgement(Frozen):
    """What one person said. value: stars 1-5, else 1. rejected: the other take of a pair. weight: 0-1, see `vote_weights`."""

    rater: str
    kind: JudgementKind
    take: str
    rejected: str | None = None
    value: Annotated[float, Field(ge=1, le=5)] = 1.0
    weight: Annotated[float, Field(ge=0, le=1)] = 1.0
    day: date


class Rules(Frozen):
    """By which rules a snapshot was made. fewest_raters: songs whose stars are counted have as many at least."""

    consent: str = "askers and raters who said yes to training when it was made"
    fewest_raters: int = 1
    weighted: bool = True
    roles: tuple[str, ...] = ()


@dataclass(frozen=True)
class Snapshot:
    """An opened snapshot; `digest` names its content."""

    directory: Path
    digest: str
    day: date
    rules: Rules
    takes: Mapping[str, Take]
    judgements: tuple[Judgement, ...]

    def of(self, split: Split) -> list[Judgement]:
        """Return the judgements of the takes of a split; both takes of a pair are of one prompt, hence of one split."""
        return [judgement for judgement in self.judgements if self.takes[judgement.take].split == split]

    def pairs(self, split: Split) -> list[tuple[Take, Take, float]]:
        """Return (chosen, rejected, weight) of every pair of a split that people told apart."""
        return [
            (self.takes[j.take], self.takes[j.rejected], j.weight)
            for j in self.of(split)
            if j.kind in PAIRED and j.rejected is not None
        ]

    def stars(self, split: Split) -> list[tuple[Take, float, float]]:
        """Return (take, stars, weight) of every rating of a split."""
        return [(self.takes[j.take], j.value, j.weight) for j in self.of(split) if j.kind == "stars"]


def prompt_of(request: Mapping[str, Any]) -> str:
    """Return what was asked for as a digest of 12 characters, whatever the seed."""
    asked = {name: value for name, value in request.items() if name not in NOT_PROMPT and value is not None}
    return hashlib.sha1(json.dumps(asked, sort_keys=True, ensure_ascii=False).encode()).hexdigest()[:DIGEST_CHARACTERS]


def split_of_prompt(prompt: str) -> Split:
    """Return the split of a prompt by its SHA-1: a tenth valid, a tenth test, the rest train."""
    share = int(hashlib.sha1(prompt.encode()).hexdigest()[:8], 16) / 2**32
    return "valid" if share < VALID_SHARE else "test" if share < VALID_SHARE + TEST_SHARE else "train"


def write_snapshot(
    folder: Path,
    takes: Iterable[Take],
    judgements: Iterable[Judgement],
    rules: Rules,
    day: date,
    draw: Callable[[Mapping[str, Any]], bytes],
) -> Snapshot:
    """Write a snapshot into `folder` under a name of its own and return it; the one that is there if nothing changed.

    draw: makes the picture of the statistics. RequestError where there is nothing to write.
    """
    judged = sorted(judgements, key=lambda j: (j.day, j.take, j.rater, j.kind))
    named = {name for j in judged for name in (j.take, j.rejected) if name is not None}
    kept = sorted((take for take in takes if take.id in named), key=lambda take: take.id)
    if not judged:
        raise RequestError(
            "nobody who agreed to training has rated a song yet; /privacy training says yes to it, and stars are given "
            "by the buttons under a song"
        )
    missing = named - {take.id for take in kept}
    if missing:
        raise ValueError(f"judgements of takes that are not there: {sorted(missing)[:3]}")
    statistics = count(kept, judged)
    files = {
        TAKES: _lines(kept),
        JUDGEMENTS: _lines(judged),
        STATISTICS: json.dumps(statistics, indent=1, ensure_ascii=False).encode(),
    }
    facts = {"rules": rules.model_dump(mode="json"), "files": {name: _digest(data) for name, data in files.items()}}
    digest = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
    directory = folder / f"{day.isoformat()}-{digest[:DIGEST_CHARACTERS]}"
    if not (directory / MANIFEST).is_file():
        for name, data in (files | {PICTURE: draw(statistics)}).items():
            _write(directory / name, data)
        manifest = {"digest": digest, "day": day.isoformat(), **facts}
        _write(directory / MANIFEST, json.dumps(manifest, indent=1).encode())
    return open_snapshot(directory)


def open_snapshot(directory: Path) -> Snapshot:
    """Open a snapshot and verify it; FileFormatError where it is not whole or was changed."""
    try:
        manifest = json.loads((directory / MANIFEST).read_bytes())
        rules, day, digest = Rules(**manifest["rules"]), date.fromisoformat(manifest["day"]), manifest["digest"]
        data = {name: (directory / name).read_bytes() for name in manifest["files"]}
        takes = [Take.model_validate_json(line) for line in data[TAKES].splitlines()]
        judgements = tuple(Judgement.model_validate_json(line) for line in data[JUDGEMENTS].splitlines())
    except FileNotFoundError as error:
        raise FileFormatError(
            f"{directory} is no whole snapshot: {error.filename} is missing; make a new one"
        ) from error
    except (OSError, KeyError, TypeError, ValueError, ValidationError) as error:
        raise FileFormatError(f"{directory} cannot be read as a snapshot; make a new one") from error
    changed = [name for name, expected in manifest["files"].items() if _digest(data[name]) != expected]
    if changed:
        raise FileFormatError(f"{directory} was changed after it was made ({', '.join(changed)}); make a new one")
    return Snapshot(directory, digest, day, rules, {take.id: take for take in takes}, judgements)


def export_lines(snapshot: Snapshot, out: Path) -> int:
    """Write a snapshot as JSON lines, whole or not at all, and return how many: a judgement each with its takes."""
    with written_whole(out) as file:
        for judgement in snapshot.judgements:
            row = judgement.model_dump(mode="json", exclude_none=True)
            for name in ("take", "rejected"):
                if name in row:
                    row[name] = snapshot.takes[row[name]].model_dump(mode="json", exclude_none=True)
            row["split"] = snapshot.takes[judgement.take].split
            file.write(json.dumps(row, ensure_ascii=False).encode() + b"\n")
    return len(snapshot.judgements)


def count(takes: Sequence[Take], judgements: Sequence[Judgement]) -> dict[str, Any]:
    """Return the statistics of a snapshot: how many of each kind, split, style, stars, rater and model version."""
    of = {take.id: take for take in takes}
    raters = Counter(judgement.rater for judgement in judgements)
    return {
        "takes": len(takes),
        "prompts": len({take.prompt for take in takes}),
        "raters": len(raters),
        "judgements": len(judgements),
        "kinds": _sorted(Counter(judgement.kind for judgement in judgements)),
        "splits": _sorted(Counter(of[judgement.take].split for judgement in judgements)),
        "stars": _sorted(Counter(f"{j.value:g}" for j in judgements if j.kind == "stars")),
        "styles": _sorted(Counter(str(of[j.take].request.get("style", "")) for j in judgements)),
        "versions": _sorted(Counter(f"{role} {d}" for take in takes for role, d in take.versions.items())),
        "of one rater at most": max(raters.values(), default=0),
        "mean weight": round(sum(j.weight for j in judgements) / len(judgements), 4) if judgements else None,
    }


def _sorted(counts: Counter[Any]) -> dict[str, int]:
    return {str(name): counts[name] for name in sorted(counts, key=str)}


def _lines(rows: Iterable[Frozen]) -> bytes:
    return b"".join(row.model_dump_json(exclude_defaults=True).encode() + b"\n" for row in rows)


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _write(path: Path, data: bytes) -> None:
    try:
        with written_whole(path) as file:
            file.write(data)
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror}; make room or name another folder") from error
