"""What every line of a song must keep to, told from plan and words. Does not know models, tokens or candidates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.lyrics.prosody import Syllable
from engine.music.melody_tokens import STEP_TICKS, ChordDegree
from engine.music.theory import Chord, Key, read_symbol, voice_range
from engine.song.alignment import may_be_heavy, pickup_ticks, sung_stress
from engine.song.melody_grammar import ChordFrame, LineFrame, SyllableFrame
from engine.song.plan import SectionKind, SongPlan

Line = tuple[Syllable, ...]

BREATH_STEPS = 6
MEDIAN_PITCH = 67  # of the melodies that the model was trained on
# Semitones above the voice's middle: a chorus lies higher than its verse.
LIFT: dict[SectionKind, int] = {"verse": -2, "chorus": 2}
NO_CHORD = ChordFrame(None, frozenset())


def tune_source(plan: SongPlan, index: int) -> int:
    """Return the section whose tune a section is sung to: itself, or the one that its words or tune come from."""
    section = plan.sections[index]
    source = section.words_of if section.words_of is not None else section.tune_of
    return index if source is None else tune_source(plan, source)


def shift_of(key: Key, voice: str) -> int:
    """Return the semitones from the song's pitches to C major or A minor, with the voice's middle near the model's."""
    low, high = voice_range(voice)
    shift = (0 if key.mode == "major" else 9) - key.tonic
    return shift + 12 * round((MEDIAN_PITCH - (low + high) / 2 - shift) / 12)


def simple_quality(chord: Chord) -> str:
    """Return the quality of melody tokens that a chord counts as."""
    intervals = {(tone - chord.root) % 12 for tone in chord.pitch_classes}
    if not intervals & {3, 4}:
        return "suspended" if intervals & {2, 5} else "major"
    if 4 in intervals:
        if 8 in intervals and 7 not in intervals:
            return "augmented"
        return "dominant" if 10 in intervals else "major7" if 11 in intervals else "major"
    if 6 in intervals and 7 not in intervals:
        return "diminished"
    return "minor7" if 10 in intervals else "minor"


def syllable_frame(syllable: Syllable) -> SyllableFrame:
    """Return what of a syllable concerns its note."""
    stress = sung_stress(syllable.text, syllable.stress, syllable.word_position)
    return SyllableFrame(stress, syllable.word_position, may_be_heavy(syllable.text))


@dataclass(frozen=True)
class SongFrames:
    """The frames of a song. words: per section its lines. chords: each with the step of the song that it starts at."""

    plan: SongPlan
    words: Sequence[Sequence[Line]]
    shift: int
    chords: tuple[tuple[int, ChordFrame], ...]

    @classmethod
    def of(cls, plan: SongPlan, words: Sequence[Sequence[Line]]) -> SongFrames:
        """Return the frames of a plan with its words."""
        key = Key.parse(plan.key_name)
        shift = shift_of(key, plan.voice)
        return cls(plan, words, shift, _chord_frames(plan, key, shift))

    @property
    def bar_steps(self) -> int:
        return self.plan.time_signature.bar_ticks // STEP_TICKS

    def line(self, section: int, line: int, previous_pitch: int | None) -> LineFrame:
        """Return what a line must keep to; previous_pitch: the last one sung before it, transposed."""
        plan, key = self.plan, Key.parse(self.plan.key_name)
        low, high = voice_range(plan.voice)
        following = self.following(section, line)
        return LineFrame(
            syllables=tuple(syllable_frame(syllable) for syllable in self.words[section][line]),
            start=self.start(section, line),
            end=following - BREATH_STEPS,
            following=following,
            time_signature=plan.time_signature,
            low=low + self.shift,
            high=high + self.shift,
            scale=frozenset((pitch_class + self.shift) % 12 for pitch_class in key.scale),
            tonic=(key.tonic + self.shift) % 12,
            chord_at=self.chord_at,
            line_break=2 if line == len(plan.sections[section].lines) - 1 else 1,
            previous_pitch=previous_pitch,
            middle=(low + high) / 2 + self.shift + LIFT.get(plan.sections[section].kind, 0),
        )

    def chord_at(self, step: int) -> ChordFrame:
        """Return the chord at a step of the song."""
        return next((frame for onset, frame in reversed(self.chords) if onset <= step), NO_CHORD)

    def start(self, section: int, line: int) -> int:
        """Return the first step of a line: its bar, or before it when the line begins with a weak syllable."""
        return max(0, self._bar_start(section, line) - self._pickup_steps(section, line))

    def following(self, section: int, line: int) -> int:
        """Return where the line after this one may start, wherever this line is sung again."""
        sections = self.plan.sections
        end = self._bar_start(section, line + 1)
        if line + 1 < len(sections[section].lines):
            return end - self._pickup_steps(section, line + 1)
        followers = [
            index + 1
            for index in range(len(sections) - 1)
            if tune_source(self.plan, index) == section and sections[index + 1].lines
        ]
        return end - max((self._pickup_steps(index, 0) for index in followers), default=0)

    def _bar_start(self, section: int, line: int) -> int:
        onset = self.plan.section_spans()[section].onset_ticks // STEP_TICKS
        return onset + line * self.plan.sections[section].bars_per_line * self.bar_steps

    def _pickup_steps(self, section: int, line: int) -> int:
        source = tune_source(self.plan, section)
        stresses = [syllable_frame(syllable).stress for syllable in self.words[source][line]]
        weak = next((n for n, stress in enumerate(stresses) if stress == 1), 1)
        return pickup_ticks(weak, self.plan.time_signature) // STEP_TICKS


def _chord_frame(chord: Chord, home: int) -> ChordFrame:
    degree = ChordDegree((chord.root - home) % 12, simple_quality(chord))
    return ChordFrame(degree, frozenset(chord.pitch_classes[:4]))


def _chord_frames(plan: SongPlan, key: Key, shift: int) -> tuple[tuple[int, ChordFrame], ...]:
    """Return every chord of the song with the step that it starts at."""
    home = 0 if key.mode == "major" else 9
    frames = []
    for span, section in zip(plan.section_spans(), plan.sections, strict=True):
        for chord_span in section.chords:
            onset = (span.onset_ticks + chord_span.onset_ticks) // STEP_TICKS
            chord = read_symbol(chord_span.symbol)
            frames.append((onset, NO_CHORD if chord is None else _chord_frame(chord.transpose(shift), home)))
    return tuple(sorted(frames, key=lambda frame: frame[0]))
