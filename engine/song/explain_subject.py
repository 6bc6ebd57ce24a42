"""What is explained: the words in sections, and the music as a lead sheet, written or heard. Does not know what is told of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from engine.errors import RequestError
from engine.lyrics.chinese.rhyme import is_hanzi
from engine.lyrics.text import Section, parse_lyrics
from engine.music.bars import first_bar, main_time_signature
from engine.music.heard import find_melody, heard_chords, heard_key, melody_line
from engine.music.lead_sheet import LeadSheet, SectionSpan, SungNote
from engine.music.midi_file import length_seconds
from engine.music.score import Score
from engine.music.theory import Key
from engine.song.making import SourceSong


@dataclass(frozen=True)
class Subject:
    """sections: of the words, without the title. sheet: None for words alone; is_heard: it was found in a file's notes;
    key_is_heard: its key as well, since the file names none.

    seconds: how long the music lasts. first_bar: the number of the first bar, 0 where there is a pickup.
    """

    title: str
    sections: tuple[Section, ...]
    sheet: LeadSheet | None
    is_heard: bool = False
    key_is_heard: bool = False
    seconds: float | None = None
    first_bar: int = 1

    @property
    def lines(self) -> list[str]:
        """All lines of words in order."""
        return [line for section in self.sections for line in section.lines]

    @property
    def is_chinese(self) -> bool:
        return any(map(is_hanzi, "".join(self.lines)))

    @property
    def key(self) -> Key:
        assert self.sheet is not None, "words alone have no key"
        return Key.parse(self.sheet.key_name)

    @cached_property
    def sung_lines(self) -> list[list[SungNote]]:
        """The notes of each line of words, by its index; [] unless every printed line is sung as one."""
        if self.sheet is None:
            return []
        found: dict[int, list[SungNote]] = {}
        line = -1
        for note in self.sheet.notes:
            line = note.syllable.line if note.syllable is not None else line
            if line >= 0:
                found.setdefault(line, []).append(note)
        return [found[n] for n in sorted(found)] if sorted(found) == list(range(len(self.lines))) else []

    def bar(self, onset_ticks: int) -> int:
        """Return the number of the bar in which a tick lies."""
        assert self.sheet is not None
        return onset_ticks // self.sheet.time_signature.bar_ticks + self.first_bar

    def section_at(self, onset_ticks: int) -> SectionSpan | None:
        """Return the section of the music in which a tick lies."""
        spans = self.sheet.sections if self.sheet is not None else ()
        return next((s for s in spans if s.onset_ticks <= onset_ticks < s.onset_ticks + s.duration_ticks), None)


def kind_of(label: str) -> str:
    """Return what sort of section a label names: "Verse 2" -> "verse"."""
    return label.lower().rstrip("0123456789 ").strip()


def subject_of(source: SourceSong) -> Subject:
    """Return what there is to explain; RequestError where there is neither a word nor a note."""
    sections = sections_of(source.title, source.text)
    score = source.score if source.score is not None and any(track.notes for track in source.score.tracks) else None
    sheet = source.sheet or (heard_sheet(score, source.title) if score is not None else None)
    if sheet is None and not sections:
        raise RequestError("there is nothing to explain: no words, and no notes with a pitch; choose another song")
    seconds = length_seconds(score) if score is not None else None
    first = first_bar(score) if score is not None and source.sheet is None else 1
    is_heard = source.sheet is None and sheet is not None
    key_is_heard = is_heard and score is not None and score.key_name is None
    return Subject(source.title, sections, sheet, is_heard, key_is_heard, seconds, first)


def sections_of(title: str, text: str) -> tuple[Section, ...]:
    """Return the sections that have lines, without the title that stored words begin with."""
    sections: Sequence[Section] = parse_lyrics(text).sections
    if sections and not sections[0].label and sections[0].stanzas and sections[0].stanzas[0] == (title.strip(),):
        sections = [Section("", sections[0].stanzas[1:]), *sections[1:]]
    return tuple(section for section in sections if section.lines)


def heard_sheet(score: Score, title: str) -> LeadSheet | None:
    """Return key, chords and melody as they are heard in a score; no notes where no track is a melody, None for drums alone."""
    if not any(track.notes and not track.is_drum for track in score.tracks):
        return None
    key, signature = heard_key(score), main_time_signature(score)
    try:
        track = score.tracks[find_melody(score, None, [False] * len(score.tracks))]
        notes = tuple(SungNote(n.onset_ticks, n.duration_ticks, n.pitch, None) for n in melody_line(track))
    except RequestError:
        notes = ()
    from engine.song.edits import main_tempo

    length = max(score.length_ticks, 1)
    return LeadSheet(
        title=title, key_name=str(key), time_signature=signature, tempo_qpm=main_tempo(score), length_ticks=length,
        notes=notes, chords=heard_chords(score, key, signature.bar_ticks), sections=_marked(score, length), is_sung=False,
    )  # fmt: skip


def _marked(score: Score, length: int) -> tuple[SectionSpan, ...]:
    """Return the sections that a file's markers name; () where it has fewer than two."""
    marks = {
        mark.onset_ticks: mark.text.strip() for mark in score.markers if mark.text.strip() and mark.onset_ticks < length
    }
    starts = sorted(marks)
    if len(starts) < 2:
        return ()
    return tuple(SectionSpan(marks[a], a, b - a) for a, b in zip(starts, [*starts[1:], length], strict=True))
