"""Lead sheet: one melody, its chord symbols and its syllables, with its laws. Does not know how it was written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from engine.errors import RequestError
from engine.music.score import LyricEvent, Note, TimeSignature, Track
from engine.music.theory import Key, read_symbol

WordPosition = Literal["single", "begin", "middle", "end"]


@dataclass(frozen=True)
class SungSyllable:
    """A syllable as it stands under a note.

    text: as printed, without hyphens. stress: 0 none, 1 primary, 2 secondary. line_end: last syllable of a
    line of words. line: index of the line in the song, counted from 0 over all sections as sung.
    """

    text: str
    stress: int
    word_position: WordPosition
    line: int
    line_end: bool = False
    section_end: bool = False


@dataclass(frozen=True)
class SungNote:
    """A note of the melody. `syllable` is None where the syllable before goes on (a melisma), or nothing is sung.

    is_spoken: whether its syllable is rapped, so that only its time counts and the pitch is one near that of speech.
    """

    onset_ticks: int
    duration_ticks: int
    pitch: int
    syllable: SungSyllable | None
    is_spoken: bool = False


@dataclass(frozen=True)
class ChordSpan:
    """A chord symbol ("Am7/G"), or "N.C." for none, that holds for `duration_ticks` from `onset_ticks` on."""

    onset_ticks: int
    duration_ticks: int
    symbol: str


@dataclass(frozen=True)
class SectionSpan:
    """A labelled part of the song ("Verse 1", "Chorus", "Intro") and where it lies."""

    label: str
    onset_ticks: int
    duration_ticks: int


@dataclass(frozen=True)
class LeadSheet:
    """Melody, chords and words of a song. Notes are in order and do not overlap; chords fill the length.

    is_sung: False for a tune without words, in which no note has a syllable.
    """

    title: str
    key_name: str
    time_signature: TimeSignature
    tempo_qpm: float
    length_ticks: int
    notes: tuple[SungNote, ...]
    chords: tuple[ChordSpan, ...]
    sections: tuple[SectionSpan, ...]
    is_sung: bool = True


def syllables_covered(sheet: LeadSheet) -> tuple[SungSyllable, ...]:
    """Return the syllables that have a note, in the order sung; a melisma counts once."""
    return tuple(note.syllable for note in sheet.notes if note.syllable is not None)


def words_of_line(sheet: LeadSheet, line: int) -> tuple[str, ...]:
    """Return the words sung in a line, syllables put together; empty for a line that is not there."""
    words: list[str] = []
    for syllable in syllables_covered(sheet):
        if syllable.line == line and (syllable.word_position in ("single", "begin") or not words):
            words.append(syllable.text)
        elif syllable.line == line:
            words[-1] += syllable.text
    return tuple(words)


def melody_track(sheet: LeadSheet, program: int, *, velocity: int = 90) -> Track:
    """Return the melody with its lyrics as a track; program: 0-127, velocity: 1-127 for every note."""
    notes = tuple(Note(note.onset_ticks, note.pitch, note.duration_ticks, velocity) for note in sheet.notes)
    sung = [(note.onset_ticks, note.syllable) for note in sheet.notes if note.syllable is not None]
    lyrics = tuple(LyricEvent(onset, hyphened(syllable)) for onset, syllable in sung)
    return Track("Melody", program, notes, lyrics=lyrics)


def check(sheet: LeadSheet) -> None:
    """Raise ValueError unless notes, chords, sections and words obey the laws of a lead sheet.

    Notes lie in order inside the length and do not overlap; chords fill the length from tick 0; sections lie in order
    and do not overlap; words are whole, lines count up and end where they say; key and chords can be read.
    """
    try:
        Key.parse(sheet.key_name)
        for chord in sheet.chords:
            read_symbol(chord.symbol)
    except RequestError as error:
        raise ValueError(str(error)) from error
    _check_spans("note", [(note.onset_ticks, note.duration_ticks) for note in sheet.notes], sheet.length_ticks)
    _check_spans("section", [(part.onset_ticks, part.duration_ticks) for part in sheet.sections], sheet.length_ticks)
    _check_chords(sheet)
    if sheet.is_sung and sheet.notes and sheet.notes[0].syllable is None:
        raise ValueError("the first note continues a syllable, but none came before it")
    if not sheet.is_sung and syllables_covered(sheet):
        raise ValueError("the tune has no words, but a note of it has a syllable")
    for note in sheet.notes:
        if not 0 <= note.pitch <= 127:
            raise ValueError(f"pitch must be 0-127: {note}")
    _check_words(syllables_covered(sheet))


def goes_on(syllable: SungSyllable) -> bool:
    """Say whether the word goes on in the next syllable."""
    return syllable.word_position in ("begin", "middle")


def bare(syllable: SungSyllable) -> str:
    """Return the text without the hyphen of "good-bye" where hyphens are put between syllables anyway."""
    return syllable.text.rstrip("-") or syllable.text if goes_on(syllable) else syllable.text


def hyphened(syllable: SungSyllable) -> str:
    """Return the text with one hyphen behind it if the word goes on."""
    return bare(syllable) + ("-" if goes_on(syllable) else "")


def space_between(before: str, text: str) -> str:
    """Return what is printed between two words: a space, but nothing between Chinese characters and their marks."""
    return "" if before and text and _is_wide(before[-1]) and _is_wide(text[0]) else " "


def _is_wide(sign: str) -> bool:
    return "\u3000" <= sign <= "\u9fff" or "\uff01" <= sign <= "\uff65" or sign in "“”‘’…—"


def _check_spans(what: str, spans: list[tuple[int, int]], length_ticks: int) -> None:
    end = 0
    for onset, duration in spans:
        if onset < end or duration < 1 or onset + duration > length_ticks:
            raise ValueError(
                f"{what} of {duration} ticks at {onset}: the one before ends at {end}, all at {length_ticks}"
            )
        end = onset + duration


def _check_chords(sheet: LeadSheet) -> None:
    end = 0
    for chord in sheet.chords:
        if chord.onset_ticks != end or chord.duration_ticks < 1:
            raise ValueError(f"chords must follow one another without a gap: {chord} follows one that ends at {end}")
        end += chord.duration_ticks
    if end != sheet.length_ticks:
        raise ValueError(f"chords fill {end} of {sheet.length_ticks} ticks")


def _check_words(syllables: tuple[SungSyllable, ...]) -> None:
    for before, syllable in zip((None, *syllables), (*syllables, None), strict=True):
        inside_word = before is not None and before.word_position in ("begin", "middle")
        if inside_word != (syllable is not None and syllable.word_position in ("middle", "end")):
            raise ValueError(f"a word is broken between {before} and {syllable}")
        if before is None:
            continue
        if before.line_end != (syllable is None or syllable.line != before.line):
            raise ValueError(f"line_end is not where the line ends: {before}, then {syllable}")
        if syllable is not None and not before.line <= syllable.line <= before.line + 1:
            raise ValueError(f"lines must count up one by one: {before}, then {syllable}")
