r"""Songs in LilyPond: one voice in `\relative` with English note names, and its verses in `\lyricmode`. Does not know models.

It reads what song books need and refuses the rest: repeats are not unfolded, of several voices in one the first is taken.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction

from engine.errors import FileFormatError

STEPS = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11}
FIFTHS = {"f": -1, "c": 0, "g": 1, "d": 2, "a": 3, "e": 4, "b": 5}
ALTERATIONS = {"": 0, "s": 1, "f": -1, "ss": 2, "ff": -2}
PITCH = r"([a-g])(ss|ff|s|f)?([',]*)(?![a-z])"
DURATION = r"([1-9]\d*\.*(?:\*\d+)?)?"
MUSIC = re.compile(
    rf"<<|>>|\\?[<>{{}}()\[\]~|]|\\[A-Za-z]+|{PITCH}{DURATION}|[rsR]{DURATION}(?![A-Za-z])|{DURATION}|\S"
)
# Marks and settings that say nothing about pitch, time or words.
ORNAMENTS = re.compile(
    r"""[\^_-]?\\markup\s*(?:"[^"]*"|\{[^{}]*\}) | (?:\\once\s*)?\\(?:override|set|unset|revert)\s+\S+(?:\s+\#'\S+)?(?:\s*=\s*\S+)?
      | \\(?:tag|keepWithTag|removeWithTag)\s+\#'\w+ | \\(?:clef|mark)\s+\S+ | \\bar\s*"[^"]*" | [\^_-](?:\\\w+|"[^"]*"|[.>^-])
      | \\partial\s+\S+ | \\(?:context|new)\s+\w+\s*(?:=\s*"?\w+"?)? | \\repeat\s+\w+\s+\d+ | \\alternative""",
    re.VERBOSE,
)
SETTINGS = re.compile(r"\\(?:set|unset)\s+\S+(?:\s*=\s*\S+)?")
STANDING = re.compile(
    r"\\(?:stem|slur|tie|voice|oneVoice|autoBeam|break|fermata|accent|trill|turn|cresc|dim|p|f|mf|mp)\w*"
)


@dataclass(frozen=True)
class LilypondNote:
    """A note with times in quarters from the start. goes_on: whether the syllable of the note before is held on it."""

    onset: Fraction
    duration: Fraction
    pitch: int
    goes_on: bool


@dataclass(frozen=True)
class LilypondSong:
    """verses: per verse its syllables in order, each (text, position); empty text where a note is skipped."""

    title: str
    fifths: int
    time_signature: str
    bars: tuple[Fraction, ...]
    notes: tuple[LilypondNote, ...]
    verses: tuple[tuple[tuple[str, str], ...], ...]


def read_lilypond(text: str) -> LilypondSong:
    """Read the voice that has words, with its verses, the longest first. FileFormatError where it has what is not read."""
    text = re.sub(r"%\{.*?%\}|%[^\n]*", "", text, flags=re.DOTALL)
    blocks = {name: _block(text, end) for name, end in _definitions(text)}
    sung = re.findall(r'\\lyricsto\s+"?(\w+)"?\s+\{?\s*\\(\w+)', text)
    if not sung or sung[0][0] not in blocks:
        raise FileFormatError("the file has no voice with words of a name")
    voice = sung[0][0]
    verses = tuple(tuple(_syllables(blocks[words])) for name, words in sung if name == voice and words in blocks)
    music = blocks[voice]
    key = re.search(r"\\key\s+([a-g])(f|s)?\s+\\(major|minor)", music)
    times = set(re.findall(r"\\time\s+(\d+/\d+)", music))
    if key is None or len(times) != 1:
        raise FileFormatError("a song has one key and one time signature")
    fifths = FIFTHS[key[1]] + 7 * ALTERATIONS[key[2] or ""] - 3 * (key[3] == "minor")
    reader = _Reader()
    reader.read(re.sub(r"\\key\s+\w+\s+\\\w+|\\time\s+\S+", " ", music), _start(text, voice))
    title = re.search(r'title\s*=\s*(?:\\markup[^"]*)?"((?:[^"\\]|\\.)*)"', text)
    ordered = tuple(sorted(verses, key=len, reverse=True))
    return LilypondSong(
        title[1] if title else "", fifths, times.pop(), (Fraction(0), *reader.bars), tuple(reader.notes), ordered
    )


def _definitions(text: str) -> Iterator[tuple[str, int]]:
    for found in re.finditer(r"^(\w+)\s*=\s*(?:\\relative\s+[a-g][',]*|\\lyricmode)\s*\{", text, re.MULTILINE):
        yield found[1], found.end()


def _start(text: str, voice: str) -> int:
    """Return the pitch that the first note is near to."""
    found = re.search(rf"^{voice}\s*=\s*\\relative\s+([a-g])([',]*)", text, re.MULTILINE)
    if found is None:
        raise FileFormatError(f"the voice {voice} is not relative")
    return STEPS[found[1]] + 48 + 12 * (found[2].count("'") - found[2].count(","))


def _block(text: str, start: int) -> str:
    depth = 1
    for found in re.finditer(r"[{}]", text[start:]):
        depth += 1 if found[0] == "{" else -1
        if not depth:
            return text[start : start + found.start()]
    raise FileFormatError("a brace is not closed")


def _syllables(words: str) -> Iterator[tuple[str, str]]:
    words = re.sub(r'\\markup\s*\{\s*"([^"]*)"[^{}]*\}', r"\1", words)
    pieces = re.sub(r"\\skip\s+\S+", " \\\\skip ", SETTINGS.sub(" ", words)).replace('"', "").split()
    inside = False
    for index, piece in enumerate(pieces):
        if piece in ("--", "__", "_"):
            continue
        if piece == "\\skip":
            yield "", "single"
        elif piece.startswith("\\"):
            raise FileFormatError(f"{piece} among words is not read")
        else:
            goes_on = pieces[index + 1 : index + 2] == ["--"]
            yield (
                piece.replace("_", " "),
                ("middle" if goes_on else "end") if inside else ("begin" if goes_on else "single"),
            )
            inside = goes_on


@dataclass
class _Reader:
    """What grows while music is read from left to right: the note that the next is near to, and the time now."""

    notes: list[LilypondNote] = field(default_factory=list)
    bars: list[Fraction] = field(default_factory=list)
    now: Fraction = Fraction(0)
    length: Fraction = Fraction(1)
    near: tuple[int, int] = (0, 0)  # step of the scale counted from c of octave 0, pitch
    slurred: int = 0
    tied: bool = False

    def read(self, music: str, start: int) -> None:
        octave = start // 12
        self.near = (7 * octave + "cdefgab".index(next(n for n, s in STEPS.items() if s == start % 12)), start)
        tokens = [found for found in MUSIC.finditer(STANDING.sub(" ", ORNAMENTS.sub(" ", music))) if found[0]]
        hidden: list[int] = []
        chord: list[tuple[int, int]] | None = None
        index = 0
        while index < len(tokens):
            found, token = tokens[index], tokens[index][0]
            index += 1
            if token == "<<":
                hidden.append(0)
            elif token == ">>" and hidden:
                hidden.pop()
            elif token == "{" and hidden:
                hidden[-1] += 1
            elif token in ("{", "}"):
                continue
            elif token == "<":
                chord = []
            elif token == ">":
                self._take_chord(chord, tokens[index][0] if index < len(tokens) else "", any(n > 1 for n in hidden))
                index += index < len(tokens) and tokens[index][0][0].isdigit()
                chord = None
            elif found[1]:
                self._take_pitch(found, chord, any(n > 1 for n in hidden))
            else:
                self._take_other(token, any(n > 1 for n in hidden))

    def _take_pitch(self, found: re.Match[str], chord: list[tuple[int, int]] | None, hidden: bool) -> None:
        before = chord[-1] if chord else self.near
        near = _nearest(before[0], found[1], found[2] or "", found[3])
        if chord is not None:
            chord.append(near)
            return
        self.near = near
        self._add(near[1], found[4], hidden)

    def _take_chord(self, chord: list[tuple[int, int]] | None, duration: str, hidden: bool) -> None:
        if not chord:
            raise FileFormatError("a chord is empty or not opened")
        self.near = chord[0]
        self._add(max(pitch for _, pitch in chord), duration if duration[:1].isdigit() else None, hidden)

    def _take_other(self, token: str, hidden: bool) -> None:
        if token[0] in "rsR":
            if token[1:]:
                self.length = _quarters(token[1:])
            self.now += 0 if hidden else self.length
        elif hidden:
            return
        elif token in "([":
            self.slurred += 1
        elif token in ")]":
            self.slurred -= 1
        elif token == "~":
            self.tied = True
        elif token == "|":
            self.bars += [self.now] if self.now > (self.bars[-1] if self.bars else 0) else []
        else:
            raise FileFormatError(f"{token} is not read")

    def _add(self, pitch: int, duration: str | None, hidden: bool) -> None:
        if duration:
            self.length = _quarters(duration)
        if hidden:
            return
        if self.tied and self.notes and self.notes[-1].pitch == pitch:
            self.notes[-1] = replace(self.notes[-1], duration=self.notes[-1].duration + self.length)
        else:
            self.notes.append(LilypondNote(self.now, self.length, pitch, self.slurred > 0))
        self.tied = False
        self.now += self.length


def _nearest(step: int, letter: str, alteration: str, marks: str) -> tuple[int, int]:
    """Return scale step and pitch of the note at most a fourth from a step, then by octaves as marked."""
    degree = "cdefgab".index(letter)
    new = step + (degree - step + 3) % 7 - 3 + 7 * (marks.count("'") - marks.count(","))
    return new, 12 * (new // 7) + STEPS[letter] + ALTERATIONS[alteration]


def _quarters(duration: str) -> Fraction:
    value, _, factor = duration.partition("*")
    plain = value.rstrip(".")
    return Fraction(4, int(plain)) * (2 - Fraction(1, 2 ** value.count("."))) * int(factor or 1)
