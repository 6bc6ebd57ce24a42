"""How often keys and chords are found right, beside music21's way of finding a key.

Run by hand: `python -m tests.bench.bench_harmony DATA`; not a test. DATA: the folder of music corpora with leadsheets/,
nottingham/ and folk_melody/. music21's key is that of `stream.analyze("key")` (Krumhansl-Schmuckler) on the same notes.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path

import click

from engine.evaluation.harmony_figures import Found, all_figures
from engine.music.score import Note
from engine.music.theory import Key


def key_of_music21(notes: Sequence[Note]) -> Key:
    """Return the key that music21 finds in the notes."""
    from music21 import note as m21_note
    from music21 import stream

    part = stream.Stream()
    for each in notes:
        written = m21_note.Note(each.pitch, quarterLength=each.duration_ticks / 480)
        part.insert(each.onset_ticks / 480, written)
    found = part.analyze("key")
    return Key(found.tonic.pitchClass, "major" if found.mode == "major" else "minor")


@click.command()
@click.argument("data", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--peer/--no-peer", default=True, help="measure music21 too, which takes minutes")
@click.option("--json", "as_json", is_flag=True)
def main(data: Path, *, peer: bool, as_json: bool) -> None:
    """Measure and print."""
    rows: dict[str, dict[str, float]] = {}
    began = time.perf_counter()
    for name, found in all_figures(data):
        rows[name] = _row(found, began)
        began = time.perf_counter()
    if peer:
        for name, found in all_figures(data, key_of_music21):
            rows[name + " (music21)"] = _row(found, began)
            began = time.perf_counter()
    print(json.dumps(rows, indent=2) if as_json else "\n".join(f"{name}: {row}" for name, row in rows.items()))


def _row(found: Found, began: float) -> dict[str, float]:
    shares = {name: round(share, 3) for name, share in found.shares.items()}
    return {"pieces": found.pieces, **shares, "seconds": round(time.perf_counter() - began, 1)}


if __name__ == "__main__":
    main()
