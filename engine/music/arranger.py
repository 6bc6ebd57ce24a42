"""The arrangement of a lead sheet for a band: melody, chords, bass, drums and pads.

Does not know styles of words, plans or files.
"""

from __future__ import annotations

import random
import statistics
from collections.abc import Iterator
from dataclasses import dataclass, replace

from engine.music import patterns
from engine.music.bands import Band
from engine.music.lead_sheet import ChordSpan, LeadSheet, SectionSpan, melody_track
from engine.music.patterns import Stroke, bar_drums, bar_pattern, strokes
from engine.music.score import Marker, Note, Score, TempoChange, TimeSignatureChange, Track
from engine.music.theory import Chord, nearest_pitch, read_symbol
from engine.music.voicing import voice_chords

BASS_RANGE = (28, 50)
MELODY_FLOOR_VELOCITY, ACCOMPANIMENT_CEILING_VELOCITY = 84, 80
LOUDNESS = {"intro": 0.88, "verse": 0.9, "pre-chorus": 0.97, "chorus": 1.08, "bridge": 0.95, "outro": 0.86}
FULL_SECTIONS = frozenset({"chorus", "instrumental"})
PAD_SECTIONS = frozenset({"chorus", "bridge", "instrumental"})
_CHORD_VELOCITIES = {"B": 66, "b": 58, "h": 58}
_BASS_VELOCITIES = {"R": 74, "F": 68, "T": 66, "O": 68, "A": 66}
_DRUM_VELOCITIES = {"X": 84, "x": 70, "o": 50}
_MELODY_VELOCITY = 96
_DRUM_TICKS = 120
_CHORD_REGISTER = 22  # semitones, see voicing.voice_chords


def arrange(sheet: LeadSheet, band: Band, seed: int) -> Score:
    """Return the lead sheet played by a band, as long as the sheet; the same seed gives the same score.

    Tracks: Melody with the words, Chords, Bass, and Drums and Pad where the band has them. The last chord is held; where
    the lead sheet has N.C., the band is silent and the melody goes on alone.
    """
    rng = random.Random(seed)
    song = _Song(sheet, band, rng)
    tracks = [
        _sung(sheet, band, rng),
        Track("Chords", band.chord_program, _ordered(_chord_notes(song, rng))),
        Track("Bass", band.bass_program, _ordered(_bass_notes(song, rng))),
    ]
    if band.pad_program is not None:
        tracks.append(Track("Pad", band.pad_program, _ordered(_pad_notes(song, rng))))
    if band.full_drums or band.quiet_drums:
        tracks.append(Track("Drums", 0, _ordered(_drum_notes(song, rng)), is_drum=True))
    return Score(
        tracks=tuple(track for track in tracks if track.notes or track.name == "Melody"),
        length_ticks=sheet.length_ticks,
        tempos=(TempoChange(0, sheet.tempo_qpm),),
        time_signatures=(TimeSignatureChange(0, sheet.time_signature),),
        key_name=sheet.key_name,
        markers=tuple(Marker(section.onset_ticks, section.label) for section in sheet.sections),
        title=sheet.title,
    )


@dataclass(frozen=True)
class _Bar:
    """A bar before the held ending. opens, closes: whether it is the first or last of its section."""

    onset_ticks: int
    kind: str
    opens: bool
    closes: bool
    next_kind: str | None


class _Song:
    """What all players look at: bars, chords with their voicings, and the patterns that the seed chose."""

    def __init__(self, sheet: LeadSheet, band: Band, rng: random.Random) -> None:
        self.time_signature = sheet.time_signature
        self.length_ticks = sheet.length_ticks
        self.spans = sheet.chords
        self.chords = [read_symbol(span.symbol) for span in sheet.chords]  # None where no chord is played
        low, high = _chord_register(sheet)
        voicings = iter(voice_chords([chord for chord in self.chords if chord is not None], low=low, high=high))
        self.voicings = [() if chord is None else next(voicings) for chord in self.chords]
        self.chord_patterns = {True: rng.choice(band.full_chords), False: rng.choice(band.quiet_chords)}
        self.bass_patterns = {True: rng.choice(band.full_bass), False: rng.choice(band.quiet_bass)}
        self.drum_patterns = {True: band.full_drums, False: band.quiet_drums}
        self.sections = sheet.sections or (SectionSpan("Verse", 0, sheet.length_ticks),)
        bar_ticks = sheet.time_signature.bar_ticks
        last_bar_ticks = max(0, sheet.length_ticks - 1) // bar_ticks * bar_ticks
        self.hold_ticks = max(last_bar_ticks, self.spans[-1].onset_ticks if self.spans else 0)

    def bars(self) -> Iterator[_Bar]:
        """Yield the bars of all sections up to the one in which the last chord is held."""
        bar_ticks = self.time_signature.bar_ticks
        for section, following in zip(self.sections, (*self.sections[1:], None), strict=True):
            end = section.onset_ticks + section.duration_ticks
            for onset in range(section.onset_ticks, min(end, self.hold_ticks), bar_ticks):
                yield _Bar(
                    onset, section_kind(section), onset == section.onset_ticks, onset + bar_ticks >= end,
                    section_kind(following) if following else None,
                )  # fmt: skip

    def chord_strokes(self, bar: _Bar, pattern: str) -> Iterator[tuple[int, int, Stroke, bool]]:
        """Yield (index of the chord, end in ticks, stroke, whether the chord begins here) for a bar of a pattern.

        A chord that begins where the pattern has no stroke is struck all the same, and no stroke outlasts its chord.
        """
        bar_end = min(bar.onset_ticks + self.time_signature.bar_ticks, self.hold_ticks)
        played = {bar.onset_ticks + stroke.offset_ticks: stroke for stroke in strokes(pattern)}
        begins = [span.onset_ticks for span in self.spans if bar.onset_ticks < span.onset_ticks < bar_end]
        for onset in begins:
            ends = min([bar_end, *(other for other in played if other > onset)])
            first_sign = pattern.lstrip(".")[0]
            played.setdefault(onset, Stroke(onset - bar.onset_ticks, ends - onset, first_sign))
        for onset, stroke in sorted(played.items()):
            index = self.chord_index(onset)
            if onset < bar_end and index is not None and self.chords[index] is not None:
                span_end = self.spans[index].onset_ticks + self.spans[index].duration_ticks
                yield index, min(onset + stroke.duration_ticks, span_end, bar_end), stroke, onset in begins

    def is_silent(self, ticks: int) -> bool:
        """Tell whether the band is silent at a tick, where the lead sheet has N.C."""
        index = self.chord_index(ticks)
        return index is not None and self.chords[index] is None

    def chord_index(self, ticks: int) -> int | None:
        """Return which chord sounds at a tick; None before the first or in a gap."""
        for index, span in enumerate(self.spans):
            if span.onset_ticks <= ticks < span.onset_ticks + span.duration_ticks:
                return index
        return None


def section_kind(section: SectionSpan) -> str:
    """Return the first word of a label in lower case: "Verse 2" -> "verse"."""
    return section.label.lower().split(" ")[0]


def _chord_register(sheet: LeadSheet) -> tuple[int, int]:
    """Return the register of the chords: below the middle of the melody, but not so low that they turn to mud."""
    middle = statistics.median(note.pitch for note in sheet.notes) if sheet.notes else 67
    high = min(max(round(middle), 65), 71)
    return high - _CHORD_REGISTER, high


def _sung(sheet: LeadSheet, band: Band, rng: random.Random) -> Track:
    track = melody_track(sheet, band.lead_program, velocity=_MELODY_VELOCITY)
    sections = sheet.sections or (SectionSpan("Verse", 0, sheet.length_ticks),)

    def loud(note: Note) -> int:
        kind = next((section_kind(s) for s in reversed(sections) if s.onset_ticks <= note.onset_ticks), "verse")
        # Half of the band's contrast: a voice that drops as far as the band does is lost.
        softened = note.velocity * (1 + LOUDNESS.get(kind, 1.0)) / 2 + rng.gauss(0, 2)
        return min(max(round(softened), MELODY_FLOOR_VELOCITY), 120)

    return replace(track, notes=tuple(replace(note, velocity=loud(note)) for note in track.notes))


def _velocity(base: float, kind: str, rng: random.Random) -> int:
    return min(max(round(base * LOUDNESS.get(kind, 1.0) + rng.gauss(0, 2.5)), 20), ACCOMPANIMENT_CEILING_VELOCITY)


def _chord_notes(song: _Song, rng: random.Random) -> Iterator[Note]:
    for bar in song.bars():
        named = patterns.CHORD_PATTERNS[song.chord_patterns[bar.kind in FULL_SECTIONS]]
        for index, end, stroke, _ in song.chord_strokes(bar, bar_pattern(named, song.time_signature)):
            voicing, onset = song.voicings[index], bar.onset_ticks + stroke.offset_ticks
            velocity = _velocity(_CHORD_VELOCITIES.get(stroke.sign, 62), bar.kind, rng)
            for pitch in _struck(voicing, stroke.sign):
                yield Note(onset, pitch, end - onset, velocity)
    yield from _held(song, song.voicings[-1] if song.voicings else (), 62, rng)


def _struck(voicing: tuple[int, ...], sign: str) -> tuple[int, ...]:
    if sign.isdigit():
        step = int(sign)  # a chord of three notes goes on an octave up
        return (voicing[step] if step < len(voicing) else voicing[step % len(voicing)] + 12,)
    return voicing[1:] if sign == "h" else voicing


def _held(song: _Song, pitches: tuple[int, ...], base: float, rng: random.Random) -> Iterator[Note]:
    """Yield the last chord, from its onset (or the last bar's) to the end."""
    velocity = _velocity(base, section_kind(song.sections[-1]), rng)
    for pitch in pitches:
        yield Note(song.hold_ticks, pitch, song.length_ticks - song.hold_ticks, velocity)


def _bass_notes(song: _Song, rng: random.Random) -> Iterator[Note]:
    for bar in song.bars():
        named = patterns.BASS_PATTERNS[song.bass_patterns[bar.kind in FULL_SECTIONS]]
        for index, end, stroke, begins in song.chord_strokes(bar, bar_pattern(named, song.time_signature)):
            sign = "R" if begins else stroke.sign
            onset = bar.onset_ticks + stroke.offset_ticks
            following = song.chords[index + 1] if index + 1 < len(song.chords) else None
            is_last_of_chord = end >= song.spans[index].onset_ticks + song.spans[index].duration_ticks
            chord = song.chords[index]
            assert chord is not None  # `chord_strokes` leaves out where the band is silent
            pitch = _bass_pitch(chord, sign, following if is_last_of_chord else None)
            yield Note(onset, pitch, end - onset, _velocity(_BASS_VELOCITIES[sign], bar.kind, rng))
    if song.chords and (last := song.chords[-1]) is not None:
        yield from _held(song, (_bass_pitch(last, "R", None),), 72, rng)


def _bass_pitch(chord: Chord, sign: str, following: Chord | None) -> int:
    """Return the bass note of a sign; `A` leads to the following chord's bass, or is the fifth without one."""
    low, high = BASS_RANGE
    root = nearest_pitch(chord.bass_pitch_class, 38, low, high)
    if sign == "O":
        return root + 12 if root + 12 <= high else root
    if sign == "A" and following is not None and following.bass_pitch_class != chord.bass_pitch_class:
        goal = nearest_pitch(following.bass_pitch_class, 38, low, high)
        return goal - 1 if root < goal else goal + 1
    if sign in "FAT":
        tones = chord.pitch_classes
        wanted = tones[1] if sign == "T" else tones[min(2, len(tones) - 1)]
        return nearest_pitch(wanted, root + 3 if root <= 38 else root - 2, low, high)
    return root


def _pad_notes(song: _Song, rng: random.Random) -> Iterator[Note]:
    for section in song.sections:
        if section_kind(section) in PAD_SECTIONS:
            section_end = min(section.onset_ticks + section.duration_ticks, song.hold_ticks)
            for span, voicing in zip(song.spans, song.voicings, strict=True):
                yield from _pad_chord(span, voicing, section, section_end, rng)
    if any(section_kind(section) in PAD_SECTIONS for section in song.sections):
        yield from _held(song, song.voicings[-1] if song.voicings else (), 46, rng)


def _pad_chord(
    span: ChordSpan, voicing: tuple[int, ...], section: SectionSpan, section_end: int, rng: random.Random
) -> Iterator[Note]:
    onset = max(span.onset_ticks, section.onset_ticks)
    end = min(span.onset_ticks + span.duration_ticks, section_end)
    if onset < end:
        velocity = _velocity(46, section_kind(section), rng)
        for pitch in voicing:
            yield Note(onset, pitch, end - onset, velocity)


def _drum_notes(song: _Song, rng: random.Random) -> Iterator[Note]:
    for bar in song.bars():
        full = bar.kind in FULL_SECTIONS
        name = song.drum_patterns[full]
        if name is None:
            continue
        drums = bar_drums(patterns.DRUM_PATTERNS[name], song.time_signature)
        if bar.closes and bar.next_kind and (full or bar.next_kind in FULL_SECTIONS) and name != "brushes":
            drums = _with_fill(drums, bar_drums(patterns.FILLS, song.time_signature))
        for pitch, pattern in drums.items():
            for stroke in strokes(pattern):
                onset = bar.onset_ticks + stroke.offset_ticks
                if onset < song.hold_ticks and not song.is_silent(onset):
                    yield _hit(song, onset, pitch, _velocity(_DRUM_VELOCITIES[stroke.sign], bar.kind, rng))
        if bar.opens and full and name != "brushes" and not song.is_silent(bar.onset_ticks):
            yield _hit(song, bar.onset_ticks, patterns.CRASH, _velocity(72, bar.kind, rng))
    last_kind = section_kind(song.sections[-1])
    if song.drum_patterns[last_kind in FULL_SECTIONS] and not song.is_silent(song.hold_ticks):
        yield _hit(song, song.hold_ticks, patterns.KICK, _velocity(66, last_kind, rng))
        yield _hit(song, song.hold_ticks, patterns.CRASH, _velocity(60, last_kind, rng))


def _hit(song: _Song, onset_ticks: int, pitch: int, velocity: int) -> Note:
    return Note(onset_ticks, pitch, min(_DRUM_TICKS, song.length_ticks - onset_ticks), velocity)


def _with_fill(drums: dict[int, str], fill: dict[int, str]) -> dict[int, str]:
    """Return the bar's own drums up to where the fill begins, and the fill from there on."""
    begins = min(len(pattern) - len(pattern.lstrip(".")) for drum, pattern in fill.items() if drum != patterns.KICK)
    joined = {}
    for drum in [*drums, *(drum for drum in fill if drum not in drums)]:
        own = drums.get(drum, "." * begins)[:begins]
        joined[drum] = own + fill.get(drum, "")[begins:]
    return joined


def _ordered(notes: Iterator[Note]) -> tuple[Note, ...]:
    return tuple(sorted(notes))
