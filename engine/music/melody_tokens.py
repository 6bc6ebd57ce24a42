"""Melody tokens: a sung melody with its conditions as a sequence of ids, and back. Does not know corpora or models.

A sequence is a header (mode, time signature, style) and seven tokens per note. Four are given: what is sung, how many
syllables and how much time the line still has, and the chord; three are chosen: position in the bar, pitch, duration.
Time is counted on a grid of 12 steps per quarter, fine enough for sixteenths and triplets alike.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from engine.errors import FileFormatError
from engine.music.score import TICKS_PER_QUARTER, TimeSignature

STEPS_PER_QUARTER = 12
STEP_TICKS = TICKS_PER_QUARTER // STEPS_PER_QUARTER
LONGEST_BAR_STEPS = 72
LONGEST_DURATION_STEPS = 96
LOWEST_PITCH, HIGHEST_PITCH = 40, 92
UNKNOWN_STRESS = 3

Mode = Literal["major", "minor"]
SungPosition = Literal["single", "begin", "middle", "end", "melisma"]
Style = Literal["song", "hymn", "art song"]

MODES: tuple[Mode, ...] = ("major", "minor")
STYLES: tuple[Style, ...] = ("song", "hymn", "art song")
TIME_SIGNATURES = ("2/4", "3/4", "4/4", "2/2", "3/8", "6/8", "9/8", "12/8", "6/4", "3/2", "5/4")
QUALITIES = ("major", "minor", "dominant", "minor7", "major7", "diminished", "augmented", "suspended")
WORD_POSITIONS = ("single", "begin", "middle", "end")
LINE_BREAKS = 3  # 0 within a line, 1 at a line's end, 2 at a section's end
MOST_COUNTED_SYLLABLES = 15
MOST_COUNTED_EIGHTHS = 40
HEADER_TOKENS = 3
TOKENS_PER_NOTE = 7


@dataclass(frozen=True)
class ChordDegree:
    """A chord by its root in semitones above the tonic (0-11) and one of QUALITIES."""

    root: int
    quality: str


@dataclass(frozen=True)
class MelodyNote:
    """One note in steps of the grid, with what is sung on it.

    onset: steps from a bar line; duration: 1-96 steps; pitch: transposed so that the tonic is C (major) or A (minor).
    stress: 0-2, or 3 where unknown. line_break: 0 none, 1 last note of a line, 2 last note of a section.
    """

    onset: int
    duration: int
    pitch: int
    stress: int
    word_position: SungPosition
    line_break: int = 0
    chord: ChordDegree | None = None

    @property
    def end(self) -> int:
        return self.onset + self.duration


@dataclass(frozen=True)
class Melody:
    """A melody in C major or A minor: bar lines lie at multiples of the bar; notes are in order, without overlap."""

    mode: Mode
    time_signature: str
    style: Style
    notes: tuple[MelodyNote, ...]

    @property
    def bar_steps(self) -> int:
        return bar_steps(self.time_signature)


def bar_steps(time_signature: str) -> int:
    """Return the length of a bar in steps: 48 for 4/4, 36 for 6/8."""
    numerator, denominator = time_signature.split("/")
    return TimeSignature(int(numerator), int(denominator)).bar_ticks // STEP_TICKS


class MelodyVocabulary:
    """All tokens with their ids. `kind:value` is a token's name, e.g. "pitch:60"."""

    def __init__(self) -> None:
        names = ["pad"]
        names += [f"mode:{mode}" for mode in MODES]
        names += [f"time:{signature}" for signature in TIME_SIGNATURES]
        names += [f"style:{style}" for style in STYLES]
        names += [f"sung:melisma:{line_break}" for line_break in range(LINE_BREAKS)]
        for line_break in range(LINE_BREAKS):
            for position in WORD_POSITIONS:
                names += [f"sung:{stress}{after}:{position}:{line_break}" for stress in range(4) for after in range(4)]
        names += [f"syllables:{count}" for count in range(MOST_COUNTED_SYLLABLES + 1)]
        names += [f"eighths:{count}" for count in range(MOST_COUNTED_EIGHTHS + 1)]
        names += [f"position:{step}" for step in range(LONGEST_BAR_STEPS)]
        names += ["chord:none", *(f"chord:{root}:{quality}" for root in range(12) for quality in QUALITIES)]
        names += [f"pitch:{pitch}" for pitch in range(LOWEST_PITCH, HIGHEST_PITCH + 1)]
        names += [f"duration:{steps}" for steps in range(1, LONGEST_DURATION_STEPS + 1)]
        self.names = tuple(names)
        self.ids = {name: index for index, name in enumerate(names)}
        self.first_position = self.ids["position:0"]
        self.first_pitch = self.ids[f"pitch:{LOWEST_PITCH}"]
        self.first_duration = self.ids["duration:1"]

    def __len__(self) -> int:
        return len(self.names)

    def position(self, step: int) -> int:
        """Return the id of a position in the bar, in steps."""
        return self.first_position + step

    def pitch(self, pitch: int) -> int:
        """Return the id of a pitch, LOWEST_PITCH-HIGHEST_PITCH."""
        return self.first_pitch + pitch - LOWEST_PITCH

    def duration(self, steps: int) -> int:
        """Return the id of a duration in steps, 1-96."""
        return self.first_duration + steps - 1

    def header(self, mode: str, time_signature: str, style: str) -> list[int]:
        """Return the ids that open a sequence."""
        return [self.ids[f"mode:{mode}"], self.ids[f"time:{time_signature}"], self.ids[f"style:{style}"]]

    def sung(self, note: MelodyNote, next_stress: int) -> int:
        """Return the id of what is sung on a note; `next_stress` lets a duration look ahead to the next syllable."""
        if note.word_position == "melisma":
            return self.ids[f"sung:melisma:{note.line_break}"]
        return self.ids[f"sung:{note.stress}{next_stress}:{note.word_position}:{note.line_break}"]

    def syllables_left(self, count: int) -> int:
        """Return the id of how many syllables of the line follow this one; many count as MOST_COUNTED_SYLLABLES."""
        return self.ids[f"syllables:{min(count, MOST_COUNTED_SYLLABLES)}"]

    def time_left(self, steps: int) -> int:
        """Return the id of the time left for the line, in eighths rounded up."""
        eighths = -(-max(steps, 0) * 2 // STEPS_PER_QUARTER)
        return self.ids[f"eighths:{min(eighths, MOST_COUNTED_EIGHTHS)}"]

    def chord(self, chord: ChordDegree | None) -> int:
        """Return the id of a chord, "none" where it is unknown."""
        return self.ids["chord:none" if chord is None else f"chord:{chord.root}:{chord.quality}"]


VOCABULARY = MelodyVocabulary()


def fold_to_grid(melody: Melody) -> Melody:
    """Return the melody as tokens can hold it: no rest of a whole bar, pitches and durations inside their ranges."""
    folded: list[MelodyNote] = []
    bar = melody.bar_steps
    shift, end = 0, None
    for note in melody.notes:
        if end is None:
            shift = note.onset // bar * bar
        else:
            shift += max(0, note.onset - shift - end) // bar * bar
        pitch = note.pitch
        while pitch < LOWEST_PITCH:
            pitch += 12
        while pitch > HIGHEST_PITCH:
            pitch -= 12
        duration = min(note.duration, LONGEST_DURATION_STEPS)
        folded.append(replace(note, onset=note.onset - shift, duration=duration, pitch=pitch))
        end = folded[-1].end
    return replace(melody, notes=tuple(folded))


def split_into_lines(notes: tuple[MelodyNote, ...]) -> list[tuple[MelodyNote, ...]]:
    """Return the notes line by line; a line ends where `line_break` says so."""
    lines, start = [], 0
    for index, note in enumerate(notes):
        if note.line_break or index == len(notes) - 1:
            lines.append(notes[start : index + 1])
            start = index + 1
    return lines


def encode(melody: Melody, vocabulary: MelodyVocabulary = VOCABULARY) -> tuple[list[int], list[bool]]:
    """Return the ids of a melody folded to the grid, and for each id whether the model chooses it."""
    ids = vocabulary.header(melody.mode, melody.time_signature, melody.style)
    lines = split_into_lines(melody.notes)
    for index, line in enumerate(lines):
        bar = melody.bar_steps
        line_end = lines[index + 1][0].onset if index + 1 < len(lines) else -(-line[-1].end // bar) * bar
        ids += _encode_line(line, line_end, bar, vocabulary)
    chosen = [False, False, False, True, False, True, True]
    return ids, [False] * HEADER_TOKENS + chosen * len(melody.notes)


def _encode_line(line: tuple[MelodyNote, ...], line_end: int, bar: int, vocabulary: MelodyVocabulary) -> list[int]:
    ids: list[int] = []
    time_from = line[0].onset
    for index, note in enumerate(line):
        following = [after for after in line[index + 1 :] if after.word_position != "melisma"]
        ids += [
            vocabulary.sung(note, following[0].stress if following else 0),
            vocabulary.syllables_left(len(following)),
            vocabulary.time_left(line_end - time_from),
            vocabulary.position(note.onset % bar),
            vocabulary.chord(note.chord),
            vocabulary.pitch(note.pitch),
            vocabulary.duration(note.duration),
        ]
        time_from = note.end
    return ids


def decode(ids: list[int], vocabulary: MelodyVocabulary = VOCABULARY) -> Melody:
    """Return the melody that `encode` wrote. Raise FileFormatError where the ids are not such a sequence."""
    names = [vocabulary.names[token] for token in ids]
    if len(names) < HEADER_TOKENS or (len(names) - HEADER_TOKENS) % TOKENS_PER_NOTE:
        raise FileFormatError(f"a melody has {HEADER_TOKENS} + {TOKENS_PER_NOTE} ids per note, got {len(ids)}")
    mode, time_signature, style = (name.split(":", 1)[1] for name in names[:HEADER_TOKENS])
    bar, end, notes = bar_steps(time_signature), 0, []
    for start in range(HEADER_TOKENS, len(names), TOKENS_PER_NOTE):
        notes.append(_decode_note(names[start : start + TOKENS_PER_NOTE], bar, end))
        end = notes[-1].end
    return Melody(mode, time_signature, style, tuple(notes))  # type: ignore[arg-type]  # names are of the vocabulary


def _decode_note(names: list[str], bar: int, previous_end: int) -> MelodyNote:
    sung, _, _, position, chord, pitch, duration = names
    parts = sung.split(":")
    onset = next_onset(previous_end, int(position.split(":")[1]), bar)
    melisma = parts[1] == "melisma"
    root_and_quality = chord.split(":")[1:]
    return MelodyNote(
        onset=onset,
        duration=int(duration.split(":")[1]),
        pitch=int(pitch.split(":")[1]),
        stress=0 if melisma else int(parts[1][0]),
        word_position="melisma" if melisma else parts[2],  # type: ignore[arg-type]  # one of WORD_POSITIONS
        line_break=int(parts[-1]),
        chord=None if root_and_quality == ["none"] else ChordDegree(int(root_and_quality[0]), root_and_quality[1]),
    )


def next_onset(previous_end: int, position: int, bar: int) -> int:
    """Return the first step at or after `previous_end` that lies at `position` of a bar."""
    return previous_end + (position - previous_end) % bar
