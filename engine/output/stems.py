"""The tracks of a score as sound files of their own, in a zip: aligned, and adding up to the mix. Does not know processes."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from engine.music.score import Score, Track
from engine.output.encoding import decoded, encode_flac, encode_vorbis
from engine.output.loudness import level_curve, levelled
from engine.output.synthesis import SAMPLE_RATE_HZ, synthesise

EARLIEST = (1980, 1, 1, 0, 0, 0)  # a zip's first date; that of today would give other bytes each day
SMALLER = (
    "These tracks are Ogg Vorbis: as FLAC, which loses nothing, they are {megabytes:.0f} MB, too much to be sent here.\n"
    "`songwright export SONG stems` writes them as FLAC in a terminal.\n"
)


def score_to_stems(score: Score, soundfont: Path, largest_bytes: int | None = None) -> bytes:
    """Return a zip with a file for each track that sounds, in their order; the same bytes each time.

    All begin at the start of the song, are as long as it, and have the gain that the mix has at each moment, so that
    played together they are the mix. Each track is rendered twice, so that no more than two are in memory at once. Files
    are FLAC; or Ogg Vorbis, with a README that says so, where together they would be larger than `largest_bytes`.
    """
    tracks = [track for track in score.tracks if track.notes]
    curve = level_curve(synthesise(score, soundfont), SAMPLE_RATE_HZ)
    files = {
        f"{name}.flac": encode_flac(
            levelled(synthesise(replace(score, tracks=(track,)), soundfont), curve), SAMPLE_RATE_HZ
        )
        for name, track in zip(stem_names(tracks), tracks, strict=True)
    }
    total = sum(map(len, files.values()))
    if largest_bytes is not None and total > largest_bytes:
        smaller = {f"{name.removesuffix('flac')}ogg": encode_vorbis(*decoded(data)) for name, data in files.items()}
        files = {"README.txt": SMALLER.format(megabytes=total / 1e6).encode(), **smaller}
    return _zipped(files)


def _zipped(files: Mapping[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name, EARLIEST), data)
    return file.getvalue()


def stem_names(tracks: list[Track]) -> list[str]:
    """Return "1-melody", "2-chords" ...: numbers keep the order of the score and tell equal names apart."""
    plain = [re.sub(r"[^a-z0-9]+", "-", track.name.lower()).strip("-") for track in tracks]
    width = len(str(len(tracks)))
    return [f"{n:0{width}d}-{name or 'track'}" for n, name in enumerate(plain, start=1)]
