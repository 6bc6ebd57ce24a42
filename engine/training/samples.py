"""What a model writes while it learns: samples.txt, each sample under its step. Does not know models or how they write."""

from __future__ import annotations

import re
from pathlib import Path

SAMPLES = "samples.txt"
HEADER = re.compile(r"^=== step (\d+) ===$", re.MULTILINE)


class SampleFile:
    """Samples in the order of their steps. from_step: as for `run_log.RunLog`; later samples are forgotten."""

    def __init__(self, path: Path, from_step: int = 0) -> None:
        self._path = path
        kept = path.read_text(encoding="utf-8") if from_step and path.is_file() else ""
        later = next((found.start() for found in HEADER.finditer(kept) if int(found[1]) > from_step), len(kept))
        path.unlink(missing_ok=True)
        if kept[:later]:
            path.write_text(kept[:later], encoding="utf-8")

    def add(self, step: int, text: str) -> None:
        """Append a sample; a line in it that looks like a header is moved in."""
        body = HEADER.sub(r" \g<0>", text.strip("\n"))
        with self._path.open("a", encoding="utf-8") as file:
            file.write(f"=== step {step} ===\n{body}\n\n")
