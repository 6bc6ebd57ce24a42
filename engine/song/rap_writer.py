"""Writes the melody of a song some of whose sections may be rapped: those by rule, the others by the model.

Does not know requests, files or bands.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from engine.families import CausalModel
from engine.music.lead_sheet import LeadSheet, SungNote
from engine.song.melody_frames import Line
from engine.song.melody_writer import Report, write_melody
from engine.song.plan import SongPlan
from engine.song.rap import rap_section

Kept = Mapping[tuple[int, int], Sequence[SungNote]]  # by section and line


def write_sung_and_rapped(
    model: CausalModel,
    plan: SongPlan,
    lyrics_lines: Sequence[Sequence[Line]],
    title: str,
    *,
    seed: int,
    report: Report | None = None,
    cancelled: Callable[[], bool] | None = None,
    kept: Kept = MappingProxyType({}),
) -> LeadSheet:
    """Return the song as a lead sheet whose rapped sections are spoken notes; arguments as of `write_melody`."""
    rapped = {index for index, section in enumerate(plan.sections) if section.is_rapped and section.lines}
    parts = {
        index: rap_section(
            plan, index, lyrics_lines[index], seed, {n: notes for (s, n), notes in kept.items() if s == index}
        )
        for index in sorted(rapped)
    }
    sheet = write_melody(
        model,
        replace(plan, sections=tuple(replace(s, lines=()) if n in rapped else s for n, s in enumerate(plan.sections))),
        [() if n in rapped else lines for n, lines in enumerate(lyrics_lines)],
        title,
        seed=seed,
        report=report,
        cancelled=cancelled,
        kept={place: notes for place, notes in kept.items() if place[0] not in rapped},
    )
    return replace(sheet, notes=_in_order(plan, sheet, parts)) if rapped else sheet


def _in_order(
    plan: SongPlan, sheet: LeadSheet, rapped: Mapping[int, Sequence[Sequence[SungNote]]]
) -> tuple[SungNote, ...]:
    """Return the notes of all sections, with lines counted over the whole song."""
    sung, notes, number = _lines(sheet), list[SungNote](), 0
    for index, section in enumerate(plan.sections):
        lines = rapped[index] if index in rapped else [sung.pop(0) for _ in section.lines]
        for line in lines:
            notes += [_numbered(note, number) for note in line]
            number += 1
    return tuple(notes)


def _lines(sheet: LeadSheet) -> list[list[SungNote]]:
    """Return the notes line by line; those without a syllable go on with the one before."""
    lines: list[list[SungNote]] = []
    for note in sheet.notes:
        if note.syllable is not None and note.syllable.line == len(lines):
            lines.append([])
        lines[-1].append(note)
    return lines


def _numbered(note: SungNote, line: int) -> SungNote:
    return note if note.syllable is None else replace(note, syllable=replace(note.syllable, line=line))
