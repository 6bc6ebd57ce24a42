"""Records of a lyric corpus, read and cleaned into plain lines. Does not know tokens or models."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from engine.errors import FileFormatError

Split = Literal["train", "valid", "test"]


@dataclass(frozen=True)
class Stanza:
    """Lines between blank lines. is_chorus: labelled so, or printed more than once in its record."""

    lines: tuple[str, ...]
    is_chorus: bool = False


@dataclass(frozen=True)
class LyricRecord:
    """One work after cleaning. born: the first year of the author's birth period, or None."""

    id: str
    kind: str
    title: str
    author: str
    work: str
    licence: str
    born: int | None
    n_lines: int
    stanzas: tuple[Stanza, ...]


def read_jsonl(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the records of a JSON-lines file, gzipped or not; a bad line is named in the error."""
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            try:
                yield json.loads(line)
            except json.JSONDecodeError as error:
                raise FileFormatError(
                    f"{path.name} line {number} is not JSON ({error}); repair or remove it"
                ) from error


def split_of(work: str, *, valid: float = 0.02, test: float = 0.02) -> Split:
    """Assign a work to a split by its SHA-1, so that all parts of a work are on one side."""
    share = int(hashlib.sha1(work.encode()).hexdigest()[:8], 16) / 2**32
    return "valid" if share < valid else "test" if share < valid + test else "train"


_REPLACEMENTS = str.maketrans(
    {"’": "'", "‘": "'", "`": "'", "“": "", "”": "", '"': "", "_": "", "*": "", "Æ": "Ae", "æ": "ae", "œ": "oe"}
)


def clean_line(line: str) -> str:
    """Reduce a printed line to words and , . ! ? ' -: no quotes, markup, verse numbers or accents. "" if nothing is left."""
    line = unicodedata.normalize("NFKD", line.translate(_REPLACEMENTS))
    line = "".join(c for c in line if not unicodedata.combining(c))
    line = re.sub(r"\[[^\]]*\]|\{[^}]*\}|[()<>|/\\~^=+#]", " ", line)
    line = re.sub(r"^\s*(?:\d+\.?|[IVXL]+\.|(?!ILL\b)[IVXL]{2,}|[VX])\s+(?=\S)", "", line)  # a bare I is the pronoun
    line = re.sub(r"\s*(?:—|–|--+|\s-(?=\s|$)|:|;)\s*", ", ", line)
    line = re.sub(r"\.{2,}|…", ",", line)
    line = re.sub(r"[^A-Za-z0-9 ,.!?'-]", "", line)
    line = re.sub(r"' (twas|tis|twere|twill|mid|neath|gainst)\b", r"'\1", line, flags=re.IGNORECASE)
    line = re.sub(r"(?<=\d),(?=\d{3})", "", line)
    line = re.sub(r"([,.!?])(?=[A-Za-z0-9'-])", r"\1 ", line)  # "rain,sea" is two words
    line = re.sub(r"(?<![A-Za-z])'(?![A-Za-z])|(?<=[,.!?])'|(?<![A-Za-z])-+|-+(?![A-Za-z])", "", line)
    line = re.sub(r"\s+([,.!?])", r"\1", line)
    line = re.sub(r"([,.!?])[,.!?]*\1|([!?])[,.]+|,+([!?.])", lambda m: m[1] or m[2] or m[3], line)
    line = re.sub(r"^[\s,.!?]+|\s+$", "", line)
    return re.sub(r"\s+", " ", line) if re.search(r"[A-Za-z]", line) else ""


def parse_record(row: dict[str, Any]) -> LyricRecord:
    """Turn a corpus row into a cleaned record; a repeated stanza is kept once, as a chorus."""
    stanzas: dict[tuple[str, ...], bool] = {}
    labelled = False
    block: list[str] = []
    for line in [*str(row["text"]).splitlines(), ""]:
        if line.strip().lower().startswith("[chorus"):
            labelled = True
        elif line.strip():
            if cleaned := clean_line(line):
                block.append(cleaned)
        elif block:
            lines = tuple(block)
            stanzas[lines] = labelled or lines in stanzas
            block, labelled = [], False
    found = re.search(r"(\d{4})-", row.get("era") or "")
    return LyricRecord(
        id=row["id"],
        kind=row["kind"],
        title=clean_line(row.get("title") or ""),
        author=clean_line(row.get("author") or ""),
        work=row.get("work") or row["id"],
        licence=row.get("licence") or "",
        born=int(found[1]) if found else None,
        n_lines=int(row.get("n_lines") or 0),
        stanzas=tuple(Stanza(lines, is_chorus) for lines, is_chorus in stanzas.items()),
    )


class Truecaser:
    """Lower-case words that are capital only because they start a line or are shouted; names keep their capital."""

    def __init__(self, counts: Counter[str]) -> None:
        self._capital = {w.lower() for w, n in counts.items() if w[:1].isupper() and n > counts[w.lower()]}

    @classmethod
    def learn(cls, lines: Iterable[str]) -> Truecaser:
        """Count words inside lines, where a capital means a name."""
        counts: Counter[str] = Counter()
        for line in lines:
            counts.update(
                word
                for word in re.findall(r"(?<=[a-z,] )'?[A-Za-z][A-Za-z'-]*", line)
                if not word.isupper() or word == "I"
            )
        return cls(counts)

    def line(self, line: str) -> str:
        return re.sub(r"[A-Za-z][A-Za-z'-]*", lambda m: self._word(m[0]), line)

    def _word(self, word: str) -> str:
        lower = word.lower()
        base = re.split(r"['-]", lower)[0]
        if lower in self._capital or lower.removesuffix("'s") in self._capital or base == "i":
            return word.capitalize() if word.isupper() and len(word) > 1 else word[:1].upper() + word[1:]
        return lower

    def record(self, record: LyricRecord) -> LyricRecord:
        return replace(record, stanzas=tuple(replace(s, lines=tuple(map(self.line, s.lines))) for s in record.stanzas))
