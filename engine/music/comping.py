"""The chords and the pad of a band: voicings struck in patterns, or held. Does not know the words or the bass.

Chords lie below the middle of the melody, so that the tune stays on top.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence

from engine.music.arrangement import Arrangement, in_order, named_for
from engine.music.dynamics import CHORD_VELOCITIES, PAD_VELOCITY, SINGLE_NOTE_VELOCITY, velocity
from engine.music.lead_sheet import LeadSheet
from engine.music.passages import FULL, Passage
from engine.music.patterns import CHORD_PATTERNS
from engine.music.program_ranges import range_of
from engine.music.score import Note, Track
from engine.music.theory import Chord
from engine.music.tones import pentatonic
from engine.music.voicing import pentatonic_voicing, power_voicings, voice_chords

_REGISTER = 22  # semitones, see `voicing.voice_chords`
_ABOVE_REGISTER = 3  # semitones that a broken chord may go above it
_USUAL_MELODY = 67
_PAD_KINDS = frozenset({"bridge", "instrumental"})


def chord_track(song: Arrangement) -> Track:
    """Return the part of the instrument that plays the chords; without notes where there is none."""
    return Track(
        "Chords", song.band.chord_program, in_order(_chord_notes(song, _voicings(song, song.band.chord_program)))
    )


def pad_track(song: Arrangement) -> Track:
    """Return the long chords of the band's pad; without notes where it has none."""
    if song.band.pad_program is None:
        return Track("Pad", 0, ())
    return Track("Pad", song.band.pad_program, in_order(_pad_notes(song)))


def _register(sheet: LeadSheet, program: int) -> tuple[int, int]:
    """Return the register of chords: below the middle of the melody, but not so low that they turn to mud."""
    middle = statistics.median(note.pitch for note in sheet.notes) if sheet.notes else _USUAL_MELODY
    lowest, highest = range_of(program)
    low = max(min(max(round(middle), 65), 71, highest) - _REGISTER, lowest)
    return low, low + _REGISTER


def _voicings(song: Arrangement, program: int) -> list[tuple[int, ...]]:
    """Return the pitches of every chord, none where the band is silent."""
    sounding = [chord for chord in song.chords if chord is not None]
    voiced = iter(_voiced(song, sounding, _register(song.sheet, program)))
    return [() if chord is None else next(voiced) for chord in song.chords]


def _voiced(song: Arrangement, chords: Sequence[Chord], register: tuple[int, int]) -> list[tuple[int, ...]]:
    low, high = register
    if song.band.voicing == "power":
        return power_voicings(chords, low=low)
    close = voice_chords(chords, low=low, high=high)
    if song.band.voicing == "pentatonic":
        five = pentatonic(song.key)
        return [pentatonic_voicing(chord, voicing, five) for chord, voicing in zip(chords, close, strict=True)]
    return close


def _chord_notes(song: Arrangement, voicings: Sequence[tuple[int, ...]]) -> Iterator[Note]:
    rng = song.rng("chords")
    top = _register(song.sheet, song.band.chord_program)[1] + _ABOVE_REGISTER
    shift, highest = rng.randrange(4), min(range_of(song.band.chord_program)[1], top)
    for bar in song.bars:
        names = song.band.full_chords if bar.passage.level >= FULL else song.band.quiet_chords
        name = named_for(names, bar, shift)
        assert name is not None, "every band plays chords"
        for index, onset, end, stroke, begins in song.chord_strokes(bar, CHORD_PATTERNS[name]):
            anchored = begins or onset == bar.onset_ticks
            played = min(song.band.groove.loose(onset, rng, on_time=anchored), end - 1)
            base = CHORD_VELOCITIES.get(stroke.sign, SINGLE_NOTE_VELOCITY)
            for pitch in _struck(voicings[index], stroke.sign, highest):
                yield Note(played, pitch, end - played, velocity(base, bar.passage, onset, rng))
    loud = velocity(CHORD_VELOCITIES["B"], song.passages[-1], song.hold_ticks, rng)
    yield from song.held(voicings[-1] if voicings else (), loud)


def _struck(voicing: tuple[int, ...], sign: str, highest: int) -> tuple[int, ...]:
    """Return the notes of a sign; a digit beyond the chord goes on an octave up, but no higher than `highest`."""
    if sign.isdigit():
        octave, step = divmod(int(sign), len(voicing))
        pitch = voicing[step] + 12 * octave
        return (pitch if pitch <= highest else voicing[step],)
    return voicing[1:] if sign == "h" else voicing


def _has_pad(song: Arrangement, passage: Passage) -> bool:
    return passage.level >= song.band.pad_from or passage.kind in _PAD_KINDS


def _pad_notes(song: Arrangement) -> Iterator[Note]:
    rng = song.rng("pad")
    assert song.band.pad_program is not None, "whoever asks has looked"
    close = voice_chords([c for c in song.chords if c is not None], **_limits(song, song.band.pad_program))
    voiced = iter(close)
    voicings = [() if chord is None else next(voiced) for chord in song.chords]
    for passage in filter(lambda p: _has_pad(song, p), song.passages):
        section_end = min(passage.end_ticks, song.hold_ticks)
        for n, span in enumerate(song.spans):
            onset, end = max(span.onset_ticks, passage.onset_ticks), min(song.span_end(n), section_end)
            for pitch in voicings[n] if onset < end else ():
                yield Note(onset, pitch, end - onset, velocity(PAD_VELOCITY, passage, onset, rng))
    if any(_has_pad(song, passage) for passage in song.passages):
        loud = velocity(PAD_VELOCITY, song.passages[-1], song.hold_ticks, rng)
        yield from song.held(voicings[-1] if voicings else (), loud)


def _limits(song: Arrangement, program: int) -> dict[str, int]:
    low, high = _register(song.sheet, program)
    return {"low": low, "high": high}
