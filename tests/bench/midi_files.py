"""MIDI files to measure with: real ones where the data of the project lies beside it, and some of our own making."""

from __future__ import annotations

import random
import struct
import tarfile
from pathlib import Path

from engine.music.arranger import arrange
from engine.music.bands import BANDS
from engine.music.lead_sheet import ChordSpan, LeadSheet, SectionSpan, SungNote
from engine.music.midi_file import score_to_midi
from engine.music.score import LyricEvent, Note, Score, TempoChange, TimeSignature, TimeSignatureChange, Track

SHARED = Path(__file__).parents[3] / "shared" / "data" / "music"
REAL_ARCHIVES = (SHARED / "nottingham" / "midi.tar.xz", SHARED / "leadsheets" / "pg_songbooks_ly_midi.tar.xz")
SIGNATURES = (TimeSignature(4, 4), TimeSignature(3, 4), TimeSignature(6, 8))
SCALE = (0, 2, 4, 5, 7, 9, 11, 12, 14, 16)


def real_files(archive: Path = REAL_ARCHIVES[0]) -> list[bytes]:
    """Return the MIDI files of an archive in the order of their names; none where there is no archive."""
    if not archive.exists():
        return []
    with tarfile.open(archive) as tar:
        members = sorted((m for m in tar if m.name.endswith((".mid", ".midi"))), key=lambda m: m.name)
        return [file.read() for member in members if (file := tar.extractfile(member)) is not None]


def arranged_song(seed: int) -> Score:
    """Return a song of 32 bars: a tune that walks up and down a scale, and one of our bands."""
    rng = random.Random(seed)
    signature, band = rng.choice(SIGNATURES), rng.choice(list(BANDS.values()))
    bar, bars = signature.bar_ticks, 32
    chords = tuple(ChordSpan(n * bar, bar, rng.choice(("C", "Am", "F", "G7", "Dm7", "Em"))) for n in range(bars))
    notes, onset, step, low = list[SungNote](), 0, 3, rng.choice((55, 60, 65))
    while onset < (bars - 1) * bar:
        step = min(max(step + rng.choice((-2, -1, -1, 0, 1, 1, 2)), 0), len(SCALE) - 1)
        length = min(rng.choice((240, 240, 480, 480, 720, 960)), (bars - 1) * bar - onset)
        notes.append(SungNote(onset, length, low + SCALE[step], None))
        onset += length + (rng.random() < 0.1) * 240
    sections = tuple(SectionSpan(("Verse", "Chorus")[n % 2], n * 8 * bar, 8 * bar) for n in range(4))
    sheet = LeadSheet("Walk", "C major", signature, 100.0, bars * bar, tuple(notes), chords, sections, is_sung=False)
    return arrange(sheet, band, seed)


def sung_song() -> bytes:
    """Return a small file with words, drums, tempo changes and another time signature."""
    notes = tuple(Note(n * 240, 60 + n % 12, 200, 80) for n in range(64))
    drums = tuple(Note(n * 480, 36, 100, 90) for n in range(32))
    tracks = (
        Track("Melody", 73, notes, lyrics=tuple(LyricEvent(n * 240, "la") for n in range(64))),
        Track("Drums", 0, drums, is_drum=True),
    )
    signatures = (TimeSignatureChange(0, TimeSignature(4, 4)), TimeSignatureChange(7680, TimeSignature(3, 4)))
    return score_to_midi(Score(tracks, 15360, (TempoChange(0, 97.0), TempoChange(4800, 130.0)), signatures, "A minor"))


def many_tracks() -> bytes:
    """Return a file of 64 tracks, longer than any song."""
    tracks = tuple(Track(f"part {n}", n * 2 % 128, (Note(n, 60, 480),)) for n in range(64))
    return score_to_midi(Score(tracks, 1_000_000))


def written_bytes(body: bytes, *, file_type: int = 0, division: int = 96) -> bytes:
    """Return a file of one chunk with these events."""
    head = b"MThd" + struct.pack(">IHHH", 6, file_type, 1, division)
    return head + b"MTrk" + struct.pack(">I", len(body)) + body


def running_status() -> bytes:
    """Return a file of type 0 whose notes leave out their status, at 96 ticks per quarter."""
    notes = b"\x60\x3c\x00\x00\x3e\x40" * 50
    return written_bytes(b"\x00\x90\x3c\x40" + notes + b"\x60\x3e\x00\x00\xff\x2f\x00")


def note_bomb(size: int) -> bytes:
    """Return a file of about so many bytes that is nothing but notes, six bytes each."""
    return written_bytes(b"\x00\x90" + b"\x3c\x40\x01\x3c\x00\x00" * ((size - 40) // 6) + b"\xff\x2f\x00", division=480)


def small_files() -> tuple[bytes, ...]:
    """Return a file of each kind that mutants are made from."""
    return sung_song(), many_tracks(), running_status(), score_to_midi(arranged_song(0))
