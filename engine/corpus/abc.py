"""ABC as Open Hymnal writes it: voices of notes, bar lines and syllables. Does not know keys' modes, chords or models.

Read are one tune per file, voices named in `[V: S1V1]` lines, and `w:` lines below the first voice, one per verse.
Times are exact fractions of a quarter.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fractions import Fraction

from engine.errors import FileFormatError

TOKEN = re.compile(
    r"(?P<skip>![^!]*!|\"[^\"]*\"|\{[^}]*\}|\[[QMLKrI]:[^\]]*\]|\\|[`$.~uvHLMOPST])"
    r"|(?P<tuplet>\((?P<p>\d)(?::(?P<q>\d?))?(?::(?P<r>\d?))?)"
    r"|(?P<bar>[:|\]]*\|[:|\]\d]*|::|\[\|)"
    r"|(?P<chord>\[(?P<inside>[^\]:]*)\])"
    r"|(?P<note>(?P<accidental>\^\^|\^|__|_|=)?(?P<letter>[A-Ga-gzxZ])(?P<octave>[,']*))"
)
LENGTH = re.compile(r"(\d*)(/*)(\d*)")
NOTE_IN_CHORD = re.compile(r"(\^\^|\^|__|_|=)?([A-Ga-g])([,']*)(\d*/*\d*)")
SEMITONE = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
ACCIDENTAL = {"^^": 2, "^": 1, "=": 0, "_": -1, "__": -2}
FIFTHS = {"Cb": -7, "Gb": -6, "Db": -5, "Ab": -4, "Eb": -3, "Bb": -2, "F": -1, "C": 0, "G": 1, "D": 2, "A": 3, "E": 4}
FIFTHS |= {"B": 5, "F#": 6, "C#": 7}
SHARP_ORDER = "FCGDAEB"


@dataclass(frozen=True)
class AbcNote:
    """pitches: every note of a chord, highest last. syllables: verse -> text and its place in the word."""

    onset: Fraction
    duration: Fraction
    pitches: tuple[int, ...]
    syllables: dict[int, tuple[str, str]] = field(default_factory=dict)
    tied: bool = False


@dataclass(frozen=True)
class AbcTune:
    """voices: name -> notes. bars: onsets of the first voice's bar lines, the first one at 0."""

    title: str
    fifths: int
    time_signature: str
    voices: dict[str, tuple[AbcNote, ...]]
    bars: tuple[Fraction, ...]
    fields: dict[str, str]


class _Voice:
    """Reads the music lines of one voice, one after another."""

    def __init__(self, fifths: int, unit: Fraction) -> None:
        self.signature = dict.fromkeys(SHARP_ORDER[: max(fifths, 0)], 1)
        self.signature |= dict.fromkeys(SHARP_ORDER[::-1][: max(-fifths, 0)], -1)
        self.unit = unit
        self.now = Fraction(0)
        self.notes: list[AbcNote] = []
        self.bars: list[Fraction] = [Fraction(0)]
        self.in_bar: dict[str, int] = {}
        self.tuplet_left, self.tuplet_factor = 0, Fraction(1)

    def read_line(self, text: str) -> list[int]:
        """Read one line of music; return the indices of its notes, as `w:` counts them."""
        first, at = len(self.notes), 0
        while at < len(text):
            match = TOKEN.match(text, at)
            if match is None:
                self._mark(text[at])
                at += 1
                continue
            at = match.end()
            if match.lastgroup == "bar" or match.group("bar"):
                self._bar()
            elif match.group("tuplet"):
                self._start_tuplet(int(match.group("p")), match.group("q"), match.group("r"))
            elif match.group("chord") or match.group("note"):
                length = LENGTH.match(text, at)
                assert length is not None  # every part of the pattern is optional
                at = length.end()
                self._sound(match, _length(length.group()))
        return list(range(first, len(self.notes)))

    def _mark(self, character: str) -> None:
        if character == "-" and self.notes:
            last = self.notes[-1]
            self.notes[-1] = AbcNote(last.onset, last.duration, last.pitches, last.syllables, tied=True)

    def _bar(self) -> None:
        self.in_bar = {}
        if self.now > self.bars[-1]:
            self.bars.append(self.now)

    def _start_tuplet(self, p: int, q: str | None, r: str | None) -> None:
        in_time_of = int(q) if q else {2: 3, 3: 2, 4: 3, 6: 2, 8: 3}.get(p, 2)
        self.tuplet_left, self.tuplet_factor = int(r) if r else p, Fraction(in_time_of, p)

    def _sound(self, match: re.Match[str], length: Fraction) -> None:
        pitches: tuple[int, ...] = ()
        if match.group("chord"):
            inside = list(NOTE_IN_CHORD.finditer(match.group("inside")))
            if not inside:
                return
            length *= _length(inside[0].group(4))
            pitches = tuple(sorted(self._pitch(m.group(1), m.group(2), m.group(3)) for m in inside))
        elif match.group("letter") not in "zxZ":
            pitches = (self._pitch(match.group("accidental"), match.group("letter"), match.group("octave")),)
        duration = length * self.unit
        if self.tuplet_left:
            self.tuplet_left -= 1
            duration *= self.tuplet_factor
        if pitches:
            self.notes.append(AbcNote(self.now, duration, pitches, {}))
        self.now += duration

    def _pitch(self, accidental: str | None, letter: str, octave: str) -> int:
        name = letter.upper()
        place = name + str(letter.islower()) + octave
        if accidental:
            self.in_bar[place] = ACCIDENTAL[accidental]
        alter = self.in_bar.get(place, self.signature.get(name, 0))
        height = (72 if letter.islower() else 60) + 12 * (octave.count("'") - octave.count(","))
        return height + SEMITONE[name] + alter


def read_abc(text: str) -> AbcTune:
    """Read one tune. Raise FileFormatError without a key, a unit length or a time signature that can be used."""
    fields = _header(text)
    key = fields.get("K", "").split()[:1]
    metre = re.match(r"(\d+)/(\d+)", fields.get("M", ""))
    unit = re.match(r"(\d+)/(\d+)", fields.get("L", ""))
    if not key or key[0] not in FIFTHS or metre is None or unit is None:
        raise FileFormatError(f"an ABC tune needs K:, M: and L: lines, got {fields.get('T', 'an untitled one')}")
    fifths, unit_quarters = FIFTHS[key[0]], Fraction(int(unit[1]), int(unit[2])) * 4
    voices: dict[str, _Voice] = {}
    line_notes: list[int] = []
    verse, current = 0, ""
    for line in text.splitlines():
        voice_line = re.match(r"\[V:\s*(\w+)\](.*)", line)
        if voice_line:
            current = voice_line[1]
            voice = voices.setdefault(current, _Voice(fifths, unit_quarters))
            line_notes, verse = voice.read_line(voice_line[2].split("%")[0]), 0
        elif line.startswith("w:") and current:
            _sing(voices[current], line_notes, line[2:].split("%")[0], verse)
            verse += 1
    if not voices:
        raise FileFormatError(f"the ABC tune {fields.get('T', '')} has no voices in [V: ...] lines")
    first = next(iter(voices.values()))
    read = {name: _merge_ties(voice.notes) for name, voice in voices.items()}
    return AbcTune(fields.get("T", ""), fifths, metre.group(), read, tuple(first.bars), fields)


def _header(text: str) -> dict[str, str]:
    """Return the first line of every field up to the key; `%OHNAME value` comments count as fields too."""
    fields: dict[str, str] = {}
    for line in text.splitlines():
        comment = re.match(r"%(OH[A-Z]+)\s+(.*)", line)
        plain = re.match(r"([A-Z]):\s*([^%]*)", line)
        if comment:
            fields.setdefault(comment[1], comment[2].strip())
        elif plain:
            fields.setdefault(plain[1], plain[2].strip())
    return fields


def _length(text: str) -> Fraction:
    match = LENGTH.match(text)
    assert match is not None  # every part of the pattern is optional
    over = int(match[3]) if match[3] else 2 ** len(match[2])
    return Fraction(int(match[1] or 1), over)


def _sing(voice: _Voice, notes: list[int], words: str, verse: int) -> None:
    """Put the syllables of a `w:` line under the notes of the music line above it."""
    syllables = re.findall(r"\*|_|\||(?:\\-|[^\s*_|-])+-?|-", words)
    at, inside_word = 0, False
    for written in syllables:
        if at >= len(notes):
            return
        if written == "|":
            continue
        if written not in "*_-":
            goes_on = written.endswith("-") and not written.endswith("\\-")
            text = written.rstrip("-") if goes_on else written
            text = re.sub(r"^\d+\.~", "", text).replace("~", " ").replace("\\-", "-")
            position = {(0, 0): "single", (0, 1): "begin", (1, 1): "middle", (1, 0): "end"}[(inside_word, goes_on)]
            voice.notes[notes[at]].syllables[verse] = (text, position)
            inside_word = goes_on
        at += 1


def _merge_ties(notes: list[AbcNote]) -> tuple[AbcNote, ...]:
    merged: list[AbcNote] = []
    for note in notes:
        last = merged[-1] if merged else None
        joins = last and last.tied and last.onset + last.duration == note.onset and last.pitches == note.pitches
        if last and joins:
            merged[-1] = AbcNote(last.onset, last.duration + note.duration, last.pitches, last.syllables, note.tied)
        else:
            merged.append(note)
    return tuple(merged)
