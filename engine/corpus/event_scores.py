"""Scores to train event models on: MIDI files of a folder, and the chorales, hymns and lead sheets that we know to read.

Does not know events or models.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from engine.corpus.music_pieces import read_works, split_by
from engine.corpus.records import Split
from engine.errors import FileFormatError, RequestError
from engine.music.midi_reading import midi_to_score
from engine.music.piece import CHOIR, Piece
from engine.music.score import Score, TimeSignatureChange, Track

MIDI_ENDINGS = (".mid", ".midi")
CHOIR_PROGRAM, PIANO_PROGRAM = 52, 0


@dataclass(frozen=True)
class ScoreWork:
    """A score with the name and the split of its work."""

    name: str
    split: Split
    score: Score


def read_scores(data: Path) -> list[ScoreWork]:
    """Return what a folder holds, in the order of names; RequestError where it holds no music.

    MIDI files that cannot be read are left out; their split is told by their path, so that it stays when others come.
    """
    if not data.is_dir():
        raise RequestError(f"there is no folder {data}; name one with MIDI files, chorales, hymns or lead sheets")
    found = list(_midi_files(data))
    try:
        found += [ScoreWork(work.id, work.split, piece_score(work.piece)) for work in read_works(data)]
    except RequestError:
        if not found:
            raise RequestError(
                f"{data} has no MIDI files, chorales, hymns or lead sheets; name a folder that holds some"
            ) from None
    return found


def _midi_files(data: Path) -> Iterator[ScoreWork]:
    for path in sorted(data.rglob("*")):
        if path.suffix.lower() in MIDI_ENDINGS and path.is_file():
            name = path.relative_to(data).as_posix()
            try:
                yield ScoreWork(name, split_by(name), midi_to_score(path.read_bytes()))
            except FileFormatError:
                continue


def piece_score(piece: Piece) -> Score:
    """Return a piece as a score: a track for each voice, the choir's sung, all others at the piano."""
    tracks = tuple(
        Track(voice, CHOIR_PROGRAM if voice in CHOIR else PIANO_PROGRAM, tuple(sorted(notes)))
        for voice, notes in piece.parts.items()
    )
    changes = [TimeSignatureChange(bar.onset_ticks, bar.time_signature) for bar in piece.bars]
    kept = [c for n, c in enumerate(changes) if not n or c.time_signature != changes[n - 1].time_signature]
    ends = [note.end_ticks for track in tracks for note in track.notes]
    length = max([*ends, *(bar.end_ticks for bar in piece.bars[-1:])], default=0)
    return Score(tracks, length, time_signatures=tuple(kept) or Score((), 0).time_signatures)
