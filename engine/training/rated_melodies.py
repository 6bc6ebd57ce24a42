"""A take's tune as the very ids that the melody model wrote, after the context that it read. Does not know ratings.

The plan is read back from the lead sheet. Sections that are sung to the tune of an earlier one were not written again. Of a
tune too long for the context, its beginning.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from engine.contract import SongReport
from engine.corpus.snapshots import Take
from engine.errors import EngineError
from engine.lyrics.prosody import syllables_of
from engine.music.as_json import lead_sheet_from_json
from engine.music.lead_sheet import LeadSheet, SungNote
from engine.music.melody_tokens import HEADER_TOKENS, TOKENS_PER_NOTE, VOCABULARY, Melody, MelodyNote, encode
from engine.music.theory import Key
from engine.song.kept_lines import kept_line
from engine.song.line_frame import melismas_of
from engine.song.melody_frames import SongFrames
from engine.song.melody_writer import LONGEST_CONTEXT, style_token
from engine.song.plan import DEFAULT_VOICE, SongPlan
from engine.song.shared_tunes import tune_source
from engine.song.source_plan import notes_by_line, plan_of_source
from engine.training.rated_rows import Row

TIME_LEFT = 2  # where among the ids of a note it says how much time the line still has
ByLine = Mapping[tuple[int, int], Sequence[SungNote]]


def encode_tune(take: Take) -> Row | None:
    """Return the tune of a take as a row; None where there is none, or none that this version of the tokens can say.

    What is sung, the time left and the chords are given; positions, pitches and durations are learned.
    """
    if take.sheet is None or not take.sections:
        return None
    try:
        sheet = lead_sheet_from_json(take.sheet)
        frames, notes = _frames(take, sheet)
        lines = [_line_ids(frames, place, notes[place]) for place in sorted(notes) if _is_written(frames, place)]
    except (EngineError, KeyError, ValueError, IndexError):  # of another version, or changed by hand since
        return None
    plan = frames.plan
    ids = VOCABULARY.header(Key.parse(plan.key_name).mode, str(plan.time_signature), style_token(plan.style))
    for line in lines:
        if len(ids) + len(line) > LONGEST_CONTEXT:
            break
        ids += line
    chosen = [False, False, False, True, False, True, True] * ((len(ids) - HEADER_TOKENS) // TOKENS_PER_NOTE)
    return Row(tuple(ids), (*[False] * HEADER_TOKENS, *chosen), HEADER_TOKENS) if chosen else None


def _frames(take: Take, sheet: LeadSheet) -> tuple[SongFrames, ByLine]:
    """Return what the lines had to keep to, and their notes."""
    report = SongReport(
        title=take.title, request=take.request, sections=take.sections, style=str(take.request.get("style", "")),
        seed=take.seed,
    )  # fmt: skip
    notes = notes_by_line(sheet, report)
    plan = replace(plan_of_source(sheet, report), voice=str(take.request.get("voice") or DEFAULT_VOICE).strip().lower())
    words = [[syllables_of(line.text) for line in section.lines] for section in take.sections]
    return SongFrames.of(_with_shared_tunes(plan, notes), words), notes


def _with_shared_tunes(plan: SongPlan, notes: ByLine) -> SongPlan:
    """Return the plan with the tunes that sections share: those whose notes are the same from their beginning on."""
    first: dict[tuple[tuple[int, int], ...], int] = {}
    sections = []
    for index, (section, span) in enumerate(zip(plan.sections, plan.section_spans(), strict=True)):
        sung = [note for line in range(len(section.lines)) for note in notes[index, line]]
        shape = tuple((note.onset_ticks - span.onset_ticks, note.pitch) for note in sung)
        source = first.setdefault(shape, index) if shape else index
        sections.append(replace(section, tune_of=source if source < index else None))
    return replace(plan, sections=tuple(sections))


def _is_written(frames: SongFrames, place: tuple[int, int]) -> bool:
    return tune_source(frames.plan, place[0]) == place[0]


def _line_ids(frames: SongFrames, place: tuple[int, int], sung: Sequence[SungNote]) -> list[int]:
    """Return the ids of a line; its time left is told from where it may begin, as the grammar does."""
    notes = kept_line(frames, place, sung)
    if len(notes) - len(melismas_of(notes)) != len(frames.words[place[0]][place[1]]):
        raise ValueError("the line has other words than notes")
    plan, frame = frames.plan, frames.line(*place, None)
    melody = Melody(Key.parse(plan.key_name).mode, str(plan.time_signature), style_token(plan.style), tuple(notes))
    ids = encode(melody)[0][HEADER_TOKENS:]
    for index, at in enumerate(_from(notes, frame.start)):
        ids[index * TOKENS_PER_NOTE + TIME_LEFT] = VOCABULARY.time_left(frame.following - at)
    return ids


def _from(notes: Sequence[MelodyNote], start: int) -> list[int]:
    """Return for each note from when on it may begin: where the one before it ends."""
    return [start, *(note.end for note in notes[:-1])]
