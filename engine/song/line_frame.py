"""What a sung line must keep to, as plain values: its syllables, its time, its pitches. Does not know how it is written."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from engine.music.melody_tokens import STEP_TICKS, ChordDegree, MelodyNote, SungPosition
from engine.music.score import TimeSignature
from engine.song.alignment import metric_weight

BREATH_STEPS = 6  # between two lines


@dataclass(frozen=True)
class SyllableFrame:
    """What of a syllable concerns its note. stress: 0-2 as sung. may_be_heavy: weak, but as good on a beat.

    breath: how much a singer wants to breathe after it, 0 no, 1 as at a comma, 2 as at a stop. way: where its tone asks the
    melody to go from the syllable before, 1 up, -1 down, 0 either. glide: where its tone goes by itself. spoken_tone:
    whether it has one.
    """

    stress: int
    word_position: SungPosition
    may_be_heavy: bool = False
    breath: int = 0
    way: int = 0
    glide: int = 0
    spoken_tone: bool = False

    @property
    def goes_on(self) -> bool:
        """Whether it belongs to the syllable before it, so that no rest may stand between them."""
        return self.word_position in ("middle", "end", "melisma")


MELISMA = SyllableFrame(0, "melisma")


@dataclass(frozen=True)
class ChordFrame:
    """A chord with its pitch classes; degrees and pitch classes are those of C major or A minor."""

    degree: ChordDegree | None
    pitch_classes: frozenset[int]


@dataclass(frozen=True)
class LineFrame:
    """What a line must keep to, in steps of the song and pitches transposed to C major or A minor.

    start: first step that may be sung. end: last notes end here at the latest. following: where the next line starts.
    chord_at: the chord at a step. line_break: 1 at the end of a line, 2 at the end of a section.
    middle: the mean pitch that suits the section. also_sung: the syllables of other verses to the same notes, as many.
    colours: whether notes outside scale and chord may lead to a neighbour. melismas: how likely a line has one, 0-1.
    peak: the pitch that the line had better rise above, as the song's climax; None where it need not. keeps_scale: whether
    nothing outside the scale is sung, not even where the chord has it.
    """

    syllables: tuple[SyllableFrame, ...]
    start: int
    end: int
    following: int
    time_signature: TimeSignature
    low: int
    high: int
    scale: frozenset[int]
    tonic: int
    chord_at: Callable[[int], ChordFrame]
    line_break: int
    previous_pitch: int | None = None
    middle: float = 67.0
    also_sung: tuple[tuple[SyllableFrame, ...], ...] = ()
    colours: bool = False
    melismas: float = 0.0
    peak: int | None = None
    keeps_scale: bool = False

    @property
    def bar_steps(self) -> int:
        return self.time_signature.bar_ticks // STEP_TICKS

    @property
    def verses(self) -> tuple[tuple[SyllableFrame, ...], ...]:
        """The syllables of every verse that is sung to the line's notes, its own first."""
        return (self.syllables, *self.also_sung)

    @property
    def breathless_end(self) -> int:
        """The step at which the last note ends at the latest where the breath is taken from it, as hymn books write it."""
        return self.following if self.following - self.end == BREATH_STEPS else self.end

    def weight(self, onset: int) -> int:
        """Return the metric weight of a step, 0-3."""
        return metric_weight(onset * STEP_TICKS, self.time_signature)

    def degree(self, pitch: int) -> int:
        """Return which note of the scale a pitch is, counted over all octaves; that below it where it is none."""
        return pitch // 12 * len(self.scale) + sum(tone <= pitch % 12 for tone in self.scale) - 1


def has_spoken_tones(syllables: Sequence[SyllableFrame]) -> bool:
    """Return whether the words are of a language in which tones tell them apart."""
    return any(syllable.spoken_tone for syllable in syllables)


def with_melismas(syllables: Sequence[SyllableFrame], melismas: Collection[int]) -> tuple[SyllableFrame, ...]:
    """Return what is sung on each note of a line: the syllables, and after some of them a melisma."""
    found: list[SyllableFrame] = []
    for index, syllable in enumerate(syllables):
        found += [syllable, MELISMA] if index in melismas else [syllable]
    return tuple(found)


def melismas_of(notes: Sequence[MelodyNote]) -> frozenset[int]:
    """Return which syllables of a line have a second note."""
    syllable, found = -1, set()
    for note in notes:
        if note.word_position == "melisma":
            found.add(syllable)
        else:
            syllable += 1
    return frozenset(found)
