"""How often keys and chords are found right, on pieces whose keys and chords are known. Does not know how they are found.

Keys: the share that is exact, and MIREX's weighted score, in which a fifth off counts 0.5, the relative key 0.3 and the
parallel key 0.2. Chords, by time on a grid of eighths: the root, major or minor with the root, and the bass.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path

from engine.corpus.known_keys import KnownPiece, read_folk_melodies, read_lead_sheets, read_nottingham
from engine.music.arranger import arrange
from engine.music.bands import BANDS
from engine.music.chord_finding import find_chords
from engine.music.key_finding import key_of_notes, key_spans
from engine.music.lead_sheet import ChordSpan, LeadSheet, SungNote
from engine.music.qualities import QUALITIES
from engine.music.score import Note, Score, TimeSignature, Track
from engine.music.theory import Chord, Key, read_symbol

FindKey = Callable[[Sequence[Note]], Key]
GRID_TICKS = 240
BAR_TICKS = 1920
FEWEST_NOTES = 32  # of a piece that another one, a few keys away, is joined to


@dataclass
class Found:
    """Counts by name, of which `shares` are told."""

    pieces: int = 0
    counts: dict[str, list[float]] = field(default_factory=dict)

    def add(self, **right: float | bool | None) -> None:
        """Count values of 0 to 1; None where there is nothing to be right about."""
        for name, value in right.items():
            if value is not None:
                self.counts.setdefault(name, []).append(float(value))

    @property
    def shares(self) -> dict[str, float]:
        return {name: sum(values) / len(values) if values else math.nan for name, values in self.counts.items()}


def key_score(found: Key, known: Key) -> float:
    """Return MIREX's score of a key: 1, 0.5 for a fifth off, 0.3 for the relative and 0.2 for the parallel key, else 0."""
    if (found.tonic, found.mode) == (known.tonic, known.mode):
        return 1.0
    if found.mode == known.mode:
        return 0.5 if (found.tonic - known.tonic) % 12 in (5, 7) else 0.0
    if found.tonic == known.tonic:
        return 0.2
    return 0.3 if found.tonic == known.relative.tonic else 0.0


def measure_keys(pieces: Iterable[KnownPiece], find: FindKey = key_of_notes) -> Found:
    """Return the figures of finding one key per piece; "signature" where only that is known."""
    figures = Found()
    for piece in pieces:
        figures.pieces += 1
        found = find(piece.notes)
        if len(piece.keys) == 1:
            (known,) = piece.keys
            is_minor = known.mode == "minor"
            exact = key_score(found, known) == 1.0
            figures.add(exact=exact, weighted=key_score(found, known), exact_in_minor=exact if is_minor else None)
        else:
            figures.add(signature=any(key_score(found, known) == 1.0 for known in piece.keys))
    return figures


def measure_modulations(pieces: Sequence[KnownPiece]) -> Found:
    """Return how many bars are heard in their key where two pieces of known keys follow each other, and in one alone."""
    figures = Found()
    for first, second in pairwise(
        piece for piece in pieces if len(piece.keys) == 1 and len(piece.notes) >= FEWEST_NOTES
    ):
        figures.pieces += 1
        (here,), (there,) = first.keys, second.keys
        change = -(-max(note.end_ticks for note in first.notes) // BAR_TICKS) * BAR_TICKS
        later = [replace(note, onset_ticks=note.onset_ticks + change) for note in second.notes]
        figures.add(
            bars_alone=_bars_right(first.notes, [(0, here)]),
            bars_joined=_bars_right([*first.notes, *later], [(0, here), (change, there)]),
        )
    return figures


def measure_arranged_chords(pieces: Iterable[KnownPiece]) -> tuple[Found, Found]:
    """Return the figures of chords found in what our bands make of lead sheets, and in their melodies alone."""
    arranged, alone = Found(), Found()
    bands = list(BANDS.values())
    for number, piece in enumerate(piece for piece in pieces if piece.chords and len(piece.keys) == 1):
        (key,) = piece.keys
        sheet = _sheet(piece, key)
        score = arrange(sheet, bands[number % len(bands)], seed=number)
        _count_chords(arranged, piece.chords, find_chords(score, key), sheet.length_ticks)
        melody = Score((Track("Melody", 0, piece.notes),), sheet.length_ticks)
        _count_chords(alone, piece.chords, find_chords(melody, key), sheet.length_ticks)
    return arranged, alone


def measure_nottingham_chords(tunes: Iterable[tuple[KnownPiece, Score]]) -> Found:
    """Return the figures of chords found in melody and accompaniment, against the chords of the accompaniment."""
    figures = Found()
    for piece, score in tunes:
        (key,) = piece.keys
        known = [(onset, chord) for onset, chord in _block_chords(score.tracks[-1]) if chord is not None]
        if len(score.tracks) > 1 and known:
            _count_chords(figures, known, find_chords(score, key), score.length_ticks)
    return figures


def held_out_lead_sheets(directory: Path) -> list[KnownPiece]:
    """Return the lead sheets that the profiles were not learnt from."""
    return [piece for piece in read_lead_sheets(directory) if not piece.is_for_training]


def all_figures(directory: Path, find: FindKey = key_of_notes) -> Iterator[tuple[str, Found]]:
    """Yield each set of pieces with its figures; `find` is the way of finding one key that is measured."""
    sheets = held_out_lead_sheets(directory)
    songs = [piece for piece in sheets if piece.source == "OpenEWLD"]
    tunes = list(read_nottingham(directory))
    yield "keys: OpenEWLD, melody", measure_keys((p for p in songs if len(p.keys) == 1), find)
    yield "keys: Lieder, voice", measure_keys((p for p in sheets if p.source == "Lieder"), find)
    yield "keys: Nottingham, melody", measure_keys((piece for piece, _ in tunes), find)
    yield "keys: Ryan and O'Neill, melody", measure_keys(read_folk_melodies(directory), find)
    if find is not key_of_notes:
        return
    yield "modulations: Nottingham, two tunes", measure_modulations([piece for piece, _ in tunes])
    arranged, alone = measure_arranged_chords(songs)
    yield "chords: OpenEWLD, our band", arranged
    yield "chords: OpenEWLD, melody alone", alone
    yield "chords: Nottingham, all tracks", measure_nottingham_chords(tunes)


def _bars_right(notes: Sequence[Note], known: Sequence[tuple[int, Key]]) -> float:
    """Return the share of bars that are heard in their key. known: (tick from which it holds, key), the last one last."""
    length = max(note.end_ticks for note in notes)
    spans = key_spans(Score((Track("", 0, tuple(sorted(notes))),), length), BAR_TICKS)
    bars = range(0, length, BAR_TICKS)
    heard = [next(span.key for span in reversed(spans) if span.onset_ticks <= bar) for bar in bars]
    right = [next(key for onset, key in reversed(known) if onset <= bar) for bar in bars]
    return sum(key_score(a, b) == 1.0 for a, b in zip(heard, right, strict=True)) / len(bars)


def _sheet(piece: KnownPiece, key: Key) -> LeadSheet:
    end = max(note.end_ticks for note in piece.notes)
    ends = [*(onset for onset, _ in piece.chords[1:]), end]
    spans = [
        ChordSpan(onset, following - onset, chord.symbol)
        for (onset, chord), following in zip(piece.chords, ends, strict=True)
        if following > onset
    ]
    notes = tuple(SungNote(note.onset_ticks, note.duration_ticks, note.pitch, None) for note in piece.notes)
    return LeadSheet("", str(key), TimeSignature(4, 4), 100.0, end, notes, tuple(spans), (), is_sung=False)


def _count_chords(
    figures: Found, known: Sequence[tuple[int, Chord]], found: Sequence[ChordSpan], length_ticks: int
) -> None:
    figures.pieces += 1
    symbols = {span.symbol: read_symbol(span.symbol) for span in found}
    place = 0
    for (onset, chord), (following, _) in pairwise((*known, (length_ticks, None))):
        for tick in range(onset, following, GRID_TICKS):
            while place + 1 < len(found) and found[place + 1].onset_ticks <= tick:
                place += 1
            heard = symbols[found[place].symbol]
            assert chord is not None
            kind, same_root = _kind(chord), heard is not None and heard.root == chord.root
            figures.add(
                root=same_root,
                major_or_minor=None if not kind else same_root and heard is not None and _kind(heard) == kind,
                bass=heard is not None and heard.bass_pitch_class == chord.bass_pitch_class,
            )


def _kind(chord: Chord) -> str:
    """Return whether a chord has a major or a minor third, empty for neither."""
    intervals = QUALITIES[chord.quality]
    return "major" if 4 in intervals else "minor" if 3 in intervals else ""


def _block_chords(track: Track) -> Iterator[tuple[int, Chord | None]]:
    """Yield the chords of an accompaniment whose notes begin together: the lowest is the bass; None for no known one."""
    onsets: dict[int, list[int]] = {}
    for note in track.notes:
        onsets.setdefault(note.onset_ticks, []).append(note.pitch)
    for onset, pitches in sorted(onsets.items()):
        if len(pitches) > 2:
            yield onset, _stacked({pitch % 12 for pitch in pitches}, min(pitches) % 12)


def _stacked(tones: set[int], bass: int) -> Chord | None:
    """Return the chord of exactly these tones, of several the one on the bass."""
    for root in (bass, *sorted(tones - {bass})):
        for quality, intervals in QUALITIES.items():
            if {(root + interval) % 12 for interval in intervals} == tones:
                return Chord(root, quality, bass)
    return None
