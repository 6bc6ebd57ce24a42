"""Chords of songs told from all parts of a printed score, in MusicXML with its piano. Does not know models or melodies."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree

from engine.corpus.harmony import infer_chord
from engine.errors import FileFormatError

ACCOMPANIMENTS_FILE = "lieder_mxl.tar"
NATURALS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}

TimedChord = tuple[float, int, str]  # onset in quarters as written, root's pitch class, quality
Sounding = tuple[Fraction, Fraction, int]  # onset in the bar, duration, pitch


def read_accompaniments(path: Path) -> dict[str, list[TimedChord]]:
    """Return by file name, without its ending, the chords of every score in an archive that can be read."""
    found: dict[str, list[TimedChord]] = {}
    try:
        with tarfile.open(path) as archive:
            for member in archive:
                file = archive.extractfile(member)
                if file is None or not member.name.endswith(".mxl"):
                    continue
                try:
                    found[Path(member.name).stem] = chords_of_score(_score(file.read()))
                except (ElementTree.ParseError, zipfile.BadZipFile, KeyError, ValueError):
                    continue
    except (OSError, tarfile.TarError) as error:
        raise FileFormatError(f"{path} cannot be read as an archive of scores: {error}") from error
    return found


def _score(data: bytes) -> ElementTree.Element:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith("xml") and not name.startswith("META-INF"))
        return ElementTree.fromstring(archive.read(name))


def chords_of_score(score: ElementTree.Element) -> list[TimedChord]:
    """Return a chord for each half of a bar, or each bar of an odd number of beats, in which anything sounds."""
    bars: dict[int, list[Sounding]] = defaultdict(list)
    lengths: dict[int, Fraction] = {}
    halved: dict[int, bool] = {}
    for part in score.iter("part"):
        for index, (sounding, length, beats) in enumerate(_bars_of(part)):
            bars[index] += sounding
            lengths[index] = max(length, lengths.get(index, Fraction(0)))
            halved[index] = beats % 2 == 0
    chords, start = [], Fraction(0)
    for index in range(len(lengths)):
        spans = 2 if halved[index] else 1
        for span in range(spans):
            first, last = lengths[index] * span / spans, lengths[index] * (span + 1) / spans
            chord = _chord(bars[index], first, last)
            if chord:
                chords.append((float(start + first), *chord))
        start += lengths[index]
    return chords


def _bars_of(part: ElementTree.Element) -> Iterator[tuple[list[Sounding], Fraction, int]]:
    """Yield for each bar what sounds in it, its length in quarters, and its number of beats."""
    divisions, beats = 1, 4
    for measure in part.iter("measure"):
        now = onset = longest = Fraction(0)
        sounding = []
        for element in measure:
            if element.tag == "attributes":
                divisions = int(element.findtext("divisions") or divisions)
                beats = int(element.findtext("time/beats") or beats)
                continue
            duration = Fraction(int(element.findtext("duration") or 0), divisions)
            if element.tag == "note":
                if element.find("chord") is None:
                    onset, now = now, now + duration
                pitch = _pitch(element)
                if pitch is not None and duration:
                    sounding.append((onset, duration, pitch))
            elif element.tag == "forward":
                now += duration
            elif element.tag == "backup":
                now -= duration
            longest = max(longest, now)
        yield sounding, longest, beats


def _pitch(note: ElementTree.Element) -> int | None:
    step = note.findtext("pitch/step")
    if step is None:
        return None
    alter = round(float(note.findtext("pitch/alter") or 0))
    return 12 * (int(note.findtext("pitch/octave") or 4) + 1) + NATURALS[step] + alter


def _chord(sounding: list[Sounding], first: Fraction, last: Fraction) -> tuple[int, str] | None:
    weights: dict[int, float] = {}
    lowest = 128
    for onset, duration, pitch in sounding:
        inside = min(last, onset + duration) - max(first, onset)
        if inside > 0:
            weights[pitch % 12] = weights.get(pitch % 12, 0.0) + float(inside)
            lowest = min(lowest, pitch)
    return infer_chord(weights, lowest % 12) if weights else None
