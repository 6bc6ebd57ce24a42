"""What every line of a song must keep to, told from plan and words. Does not know models, tokens or candidates."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from operator import itemgetter

from engine.lyrics.chinese.tones import glide, movements
from engine.lyrics.prosody import Syllable
from engine.music.melody_tokens import HIGHEST_PITCH, LOWEST_PITCH, STEP_TICKS, ChordDegree
from engine.music.theory import Chord, Key, read_symbol, voice_range
from engine.song.alignment import breath_after, may_be_heavy, sung_stress
from engine.song.line_frame import BREATH_STEPS, ChordFrame, LineFrame, SyllableFrame
from engine.song.pickups import Pickups
from engine.song.plan import SectionKind, SongPlan
from engine.song.shared_tunes import other_verses, tune_source

Line = tuple[Syllable, ...]

MEDIAN_PITCH = 67  # of the melodies that the model was trained on
# Semitones above the voice's middle: a chorus lies higher than its verse.
LIFT: dict[SectionKind, int] = {"verse": -2, "chorus": 2}
# How likely a line of a style has a syllable on two notes; none in the others.
MELISMAS = {
    "hymn": 0.3, "ballad": 0.2, "folk": 0.25, "waltz": 0.2, "lullaby": 0.25, "country": 0.15, "blues": 0.3, "jazz": 0.15,
    "bossa nova": 0.15, "chinese": 0.3,
}  # fmt: skip
PLAIN_STYLES = ("hymn", "lullaby", "chinese")  # sung without notes outside scale and chord
FIVE_TONE_STYLES = ("chinese",)
FIVE_TONES = frozenset({0, 2, 4, 7, 9})  # do re mi so la, of C major and of A minor alike
NO_CHORD = ChordFrame(None, frozenset())


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
    """Return what of a syllable concerns its note, whatever is sung before it."""
    breath = breath_after(syllable.text)
    if syllable.tone:
        stress, way_by_itself = syllable.stress, glide(syllable.tone)
        return SyllableFrame(stress, syllable.word_position, breath=breath, glide=way_by_itself, spoken_tone=True)
    stress = sung_stress(syllable.text, syllable.stress, syllable.word_position)
    return SyllableFrame(stress, syllable.word_position, may_be_heavy(syllable.text), breath)


def line_frames(line: Line) -> tuple[SyllableFrame, ...]:
    """Return what of each syllable of a line concerns its note; after a breath the melody may begin anywhere."""
    frames = [syllable_frame(syllable) for syllable in line]
    if not any(frame.spoken_tone for frame in frames):
        return tuple(frames)
    found, start = list(frames), 0
    for end, frame in enumerate(frames, start=1):
        if frame.breath or end == len(frames):
            ways = movements([syllable.tone for syllable in line[start:end]])
            found[start:end] = [replace(one, way=way) for one, way in zip(frames[start:end], ways, strict=True)]
            start = end
    return tuple(found)


@dataclass(frozen=True)
class SongFrames:
    """The frames of a song. words: per section its lines. chords: each with the step of the song that it starts at.

    verses: of each line with a tune of its own, the syllables of all verses that are sung to it.
    """

    plan: SongPlan
    words: Sequence[Sequence[Line]]
    shift: int
    chords: tuple[tuple[int, ChordFrame], ...]
    verses: Mapping[tuple[int, int], tuple[tuple[SyllableFrame, ...], ...]]
    pickups: Pickups

    @classmethod
    def of(cls, plan: SongPlan, words: Sequence[Sequence[Line]]) -> SongFrames:
        """Return the frames of a plan with its words."""
        key = Key.parse(plan.key_name)
        shift = shift_of(key, plan.voice)
        verses = _verses(plan, words)
        return cls(plan, words, shift, _chord_frames(plan, key, shift), verses, Pickups(plan, verses))

    @property
    def bar_steps(self) -> int:
        return self.plan.time_signature.bar_ticks // STEP_TICKS

    def line(self, section: int, line: int, previous_pitch: int | None) -> LineFrame:
        """Return what a line must keep to; previous_pitch: the last one sung before it, transposed."""
        plan, key = self.plan, Key.parse(self.plan.key_name)
        low, high = voice_range(plan.voice)
        following = self.pickups.following(section, line)
        syllables, *others = self.verses[section, line]
        return LineFrame(
            syllables=syllables,
            start=self.pickups.start(section, line),
            end=following - BREATH_STEPS,
            following=following,
            time_signature=plan.time_signature,
            low=max(low + self.shift, LOWEST_PITCH),
            high=min(high + self.shift, HIGHEST_PITCH),
            scale=FIVE_TONES
            if plan.style in FIVE_TONE_STYLES
            else frozenset((pitch_class + self.shift) % 12 for pitch_class in key.scale),
            tonic=(key.tonic + self.shift) % 12,
            chord_at=self.chord_at,
            line_break=2 if line == len(plan.sections[section].lines) - 1 else 1,
            previous_pitch=previous_pitch,
            middle=(low + high) / 2 + self.shift + LIFT.get(plan.sections[section].kind, 0),
            also_sung=tuple(others),
            colours=plan.style not in PLAIN_STYLES,
            melismas=MELISMAS.get(plan.style, 0.0),
            keeps_scale=plan.style in FIVE_TONE_STYLES,
        )

    def chord_at(self, step: int) -> ChordFrame:
        """Return the chord at a step of the song."""
        place = bisect_right(self.chords, step, key=itemgetter(0))
        return self.chords[place - 1][1] if place else NO_CHORD


def _verses(
    plan: SongPlan, words: Sequence[Sequence[Line]]
) -> dict[tuple[int, int], tuple[tuple[SyllableFrame, ...], ...]]:
    """Return the syllables that are sung to each line with a tune of its own; those of another length are left out."""
    found = {}
    for index in range(len(plan.sections)):
        if tune_source(plan, index) != index:
            continue
        sung_by = [index, *other_verses(plan, index)]
        for line, own in enumerate(words[index]):
            verses = [words[verse][line] for verse in sung_by if len(words[verse][line]) == len(own)]
            found[index, line] = tuple(line_frames(verse) for verse in verses)
    return found


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
