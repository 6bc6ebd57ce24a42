"""Lines of a melody that are there already: other words put under their notes, and new lines kept clear of them.

Does not know models or ranking.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from engine.music.lead_sheet import SungNote, SungSyllable
from engine.music.melody_tokens import STEP_TICKS, MelodyNote
from engine.song.line_frame import BREATH_STEPS, LineFrame, melismas_of, with_melismas
from engine.song.melody_frames import Line, SongFrames, syllable_frame
from engine.song.shared_tunes import tune_source

KeptLines = Mapping[tuple[int, int], list[MelodyNote]]  # by section and line


def kept_line(frames: SongFrames, place: tuple[int, int], notes: Sequence[SungNote]) -> list[MelodyNote]:
    """Return the notes of a line, in steps and transposed as its song is written, with the song's words under them."""
    section, line = place
    line_break = 2 if line == len(frames.plan.sections[section].lines) - 1 else 1
    moved = [
        MelodyNote(
            onset=note.onset_ticks // STEP_TICKS,
            duration=max(1, note.duration_ticks // STEP_TICKS),
            pitch=note.pitch + frames.shift,
            stress=0,
            word_position="single" if note.syllable is not None else "melisma",
            line_break=line_break if index == len(notes) - 1 else 0,
            chord=frames.chord_at(note.onset_ticks // STEP_TICKS).degree,
        )
        for index, note in enumerate(notes)
    ]
    return with_words(moved, frames.words[section][line])


def with_words(notes: Sequence[MelodyNote], words: Line) -> list[MelodyNote]:
    """Return the notes with other syllables, one each but for melismas; no word or melisma has a rest inside."""
    carried = with_melismas([syllable_frame(syllable) for syllable in words], melismas_of(notes))
    sung = []
    for index, (note, frame) in enumerate(zip(notes, carried, strict=True)):
        goes_on = index + 1 < len(notes) and carried[index + 1].goes_on
        duration = notes[index + 1].onset - note.onset if goes_on else note.duration
        sung.append(replace(note, duration=duration, stress=frame.stress, word_position=frame.word_position))
    return sung


def with_words_sung(notes: Sequence[SungNote], syllables: Sequence[SungSyllable]) -> list[SungNote]:
    """Return the notes of a lead sheet's line with other syllables, one for each that was sung, held inside words."""
    carried = iter(syllables)
    sung: list[SungNote] = []
    for index, note in enumerate(notes):
        syllable = next(carried) if note.syllable is not None else None
        inside = syllable is not None and syllable.word_position in ("begin", "middle")
        goes_on = inside and index + 1 < len(notes)
        duration = notes[index + 1].onset_ticks - note.onset_ticks if goes_on else note.duration_ticks
        sung.append(replace(note, duration_ticks=duration, syllable=syllable))
    return sung


def clear_of_kept(frame: LineFrame, frames: SongFrames, kept: KeptLines, section: int, line: int) -> LineFrame:
    """Return the frame within what kept lines leave free, here and wherever the line is sung again."""
    if not kept:
        return frame
    spans = frames.plan.section_spans()
    sung_at = [index for index in range(len(spans)) if tune_source(frames.plan, index) == section]
    start, end, following = frame.start, frame.end, frame.following
    for index in sung_at:
        moved = (spans[index].onset_ticks - spans[section].onset_ticks) // STEP_TICKS
        before = [notes[-1].end for place, notes in kept.items() if place < (index, line)]
        after = [notes[0].onset for place, notes in kept.items() if place > (index, line)]
        start = max(start, max(before, default=0) - moved)
        following = min(following, min(after, default=following + moved) - moved)
    return replace(frame, start=start, end=min(end, following - BREATH_STEPS), following=following)
