"""Times reading MIDI files, and reading and tokenising them, against pretty_midi that only reads; all in one run.

Run by `make bench`; not a test. The files are Nottingham's, and those of songbooks, where they lie beside the
project, else of our own making.
"""

from __future__ import annotations

import io
import json
import statistics
import time
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import click
import pretty_midi
import symusic

from engine.music.midi_file import midi_to_score, score_to_midi
from engine.music.midi_reading import midi_to_columns
from engine.music.multitrack_events import MultitrackEvents
from engine.music.note_events import NoteEvents
from tests.bench.midi_files import REAL_ARCHIVES, arranged_song, real_files

AT_LEAST = 10.0


def readers() -> dict[str, Callable[[bytes], Any]]:
    """Return what is timed, by name; pretty_midi is what the others are compared with."""
    multitrack, notes = MultitrackEvents(), NoteEvents()
    return {
        "pretty_midi": lambda data: pretty_midi.PrettyMIDI(io.BytesIO(data)),
        "score": midi_to_score,
        "multitrack events": lambda data: multitrack.encode_columns(midi_to_columns(data)),
        "note events": lambda data: notes.encode_columns(midi_to_columns(data)),
        "symusic alone": symusic.Score.from_midi,
    }


def seconds_of(read: Callable[[bytes], Any], files: Sequence[bytes]) -> float:
    """Return the processor seconds that reading takes: others may be at work on the machine."""
    start = time.process_time()
    for data in files:
        read(data)
    return time.process_time() - start


def measure(files: Sequence[bytes], rounds: int) -> dict[str, Any]:
    """Return medians of rounds in which the readers take turns, after one that is not counted."""
    timed = readers()
    for read in timed.values():
        seconds_of(read, files)
    found = [{name: seconds_of(read, files) for name, read in timed.items()} for _ in range(rounds)]
    seconds = {name: statistics.median(one[name] for one in found) for name in timed}
    notes = sum(len(track.notes) for data in files for track in midi_to_score(data).tracks)
    return {
        "files": len(files),
        "different_files": len(set(files)),
        "notes_per_file": round(notes / len(files)),
        "milliseconds_per_file": {name: round(1000 * spent / len(files), 3) for name, spent in seconds.items()},
        "times_as_fast_as_pretty_midi": {
            name: round(statistics.median(one["pretty_midi"] / one[name] for one in found), 1) for name in timed
        },
    }


@click.command()
@click.option("--count", default=1000, show_default=True, help="Files to read; fewer are read again.")
@click.option("--rounds", default=3, show_default=True)
@click.option("--json", "as_json", is_flag=True)
def main(count: int, rounds: int, as_json: bool) -> None:
    """Time reading and tokenising MIDI files against pretty_midi."""
    warnings.simplefilter("ignore")  # pretty_midi warns of files whose tempos lie in other tracks
    files = [file for archive in REAL_ARCHIVES for file in real_files(archive)]
    source = "Nottingham, then songbooks" if files else "our own"
    files = files or [score_to_midi(arranged_song(seed)) for seed in range(50)]
    figures = measure([files[n % len(files)] for n in range(count)], rounds)
    if as_json:
        print(json.dumps({"source": source, **figures}, indent=2))
        return
    print(f"{figures['files']} files ({source}), {figures['notes_per_file']} notes each; medians of {rounds} rounds")
    for name, milliseconds in figures["milliseconds_per_file"].items():
        ratio = figures["times_as_fast_as_pretty_midi"][name]
        bar = "" if name in ("pretty_midi", "symusic alone") else f"at least {AT_LEAST:g}"
        print(f"{name:<17} {milliseconds:8.3f} ms per file  {ratio:7.1f} x  {bar}")


if __name__ == "__main__":
    main()
