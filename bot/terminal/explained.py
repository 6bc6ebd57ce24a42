"""How the terminal shows what the verb `explain` made: the text itself, or one JSON object. Does not know songs or topics."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path

from engine.contract import Artifact
from engine.lyrics.text import parse_lyrics

COLUMNS = 100


def explained_text(artifacts: Sequence[Artifact], files: Mapping[str, Path]) -> str:
    """Return the explanation as paragraphs under headings, and where its files are."""
    found = parse_lyrics(_ending_in("explained.txt", artifacts))
    parts = [
        f"{section.label}\n\n" + "\n\n".join(textwrap.fill(" ".join(stanza), COLUMNS) for stanza in section.stanzas)
        for section in found.sections
    ]
    return "\n\n".join([*parts, "\n".join(f"  {path}" for path in files.values())])


def explained_object(song_id: str, artifacts: Sequence[Artifact], files: Mapping[str, Path]) -> str:
    """Return the explanation with the figures behind it as one JSON object."""
    told = json.loads(_ending_in("explained.json", artifacts))
    paths = {ending: str(path) for ending, path in files.items()}
    return json.dumps({"id": song_id} | told | {"files": paths}, ensure_ascii=False, indent=2)


def _ending_in(ending: str, artifacts: Sequence[Artifact]) -> str:
    return next(item.data.decode() for item in artifacts if item.name.endswith(f".{ending}"))
