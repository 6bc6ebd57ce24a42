"""Score: tracks of notes in integer ticks, and nothing of files, channels or seconds."""

from __future__ import annotations

from dataclasses import dataclass, field

TICKS_PER_QUARTER = 480


@dataclass(frozen=True, order=True, slots=True)
class Note:
    """One sounding note.

    onset_ticks: 0 or more. pitch: 0-127, 60 = C4. duration_ticks: 1 or more. velocity: 1-127.
    """

    onset_ticks: int
    pitch: int
    duration_ticks: int
    velocity: int = 80

    def __post_init__(self) -> None:
        if self.onset_ticks < 0 or self.duration_ticks < 1:
            raise ValueError(f"a note starts at 0 or later and lasts at least 1 tick: {self}")
        if not 0 <= self.pitch <= 127 or not 1 <= self.velocity <= 127:
            raise ValueError(f"pitch must be 0-127 and velocity 1-127: {self}")

    @property
    def end_ticks(self) -> int:
        return self.onset_ticks + self.duration_ticks


@dataclass(frozen=True)
class LyricEvent:
    """Text sung from `onset_ticks` on. A syllable that goes on in the next event ends in `-`."""

    onset_ticks: int
    text: str


@dataclass(frozen=True)
class Track:
    """The notes that one General MIDI program (0-127) plays. Drums use pitches of the drum map."""

    name: str
    program: int
    notes: tuple[Note, ...]
    is_drum: bool = False
    lyrics: tuple[LyricEvent, ...] = ()


@dataclass(frozen=True)
class TimeSignature:
    """numerator: 1-32. denominator: 1, 2, 4, 8, 16 or 32."""

    numerator: int
    denominator: int

    @property
    def beat_ticks(self) -> int:
        return 4 * TICKS_PER_QUARTER // self.denominator

    @property
    def bar_ticks(self) -> int:
        return self.numerator * self.beat_ticks

    def __str__(self) -> str:
        return f"{self.numerator}/{self.denominator}"


@dataclass(frozen=True)
class TempoChange:
    """From `onset_ticks` on: `tempo_qpm` quarter notes per minute, above 0."""

    onset_ticks: int
    tempo_qpm: float


@dataclass(frozen=True)
class TimeSignatureChange:
    onset_ticks: int
    time_signature: TimeSignature


@dataclass(frozen=True)
class Marker:
    """A named place in the score: a section label."""

    onset_ticks: int
    text: str


@dataclass(frozen=True)
class Score:
    """Tracks with their tempo, time signatures, key and length.

    tempos and time_signatures start at tick 0. key_name as `theory.Key` prints it ("A minor"), or None.
    length_ticks: at least the end of the last note.
    """

    tracks: tuple[Track, ...]
    length_ticks: int
    tempos: tuple[TempoChange, ...] = (TempoChange(0, 120.0),)
    time_signatures: tuple[TimeSignatureChange, ...] = (TimeSignatureChange(0, TimeSignature(4, 4)),)
    key_name: str | None = None
    markers: tuple[Marker, ...] = field(default=())
    title: str = ""
