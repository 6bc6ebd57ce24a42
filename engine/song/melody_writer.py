"""Writes the melody of a song: plan and syllables in, a sung lead sheet out. Does not know corpora, files or bands.

Line by line: a batch of candidates under `LineGrammar`, the best by `rate_line`. A section whose words come back is
sung the same way; one that borrows a tune sings its own words to it.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from engine.contract import Sampling
from engine.decoding import Session
from engine.errors import Cancelled, RequestError
from engine.families import CausalModel
from engine.music.lead_sheet import ChordSpan, LeadSheet, SungNote, SungSyllable
from engine.music.melody_tokens import (
    HEADER_TOKENS,
    STEP_TICKS,
    TIME_SIGNATURES,
    TOKENS_PER_NOTE,
    VOCABULARY,
    Melody,
    MelodyNote,
    Style,
    encode,
    fold_to_grid,
)
from engine.music.theory import Key
from engine.song.kept_lines import KeptLines, clear_of_kept, kept_line, with_words
from engine.song.line_candidates import EarlierLine, grammars_of
from engine.song.line_frame import LineFrame, melismas_of
from engine.song.melody_frames import PLAIN_STYLES, Line, SongFrames
from engine.song.melody_ranking import rate_line
from engine.song.plan import SongPlan
from engine.song.shared_tunes import tune_source
from engine.song.tune_habits import TuneHabits

Report = Callable[[int, int], None]  # lines done, lines in all

LONGEST_CONTEXT = 500  # ids; the model was trained on rows of 507
REMEMBERED_LINES = 4
CHOSEN_PLACES = (3, 5, 6)
ROOM_FOR_CLIMAX = 2  # semitones at the top of the voice that are kept for the chorus
NARROWEST = 9  # semitones that a line may use at least
DEFAULT_SAMPLING = Sampling(temperature=0.95, top_p=0.97)
STYLE_OF: dict[str, Style] = {"hymn": "hymn"}


@dataclass
class _Writing:
    """What grows while a song is written. sections: per section and line its notes, in C major or A minor."""

    frames: SongFrames
    session: Session
    seed: int
    sampling: Sampling
    candidates: int
    habits: TuneHabits
    kept: KeptLines = field(default_factory=dict)
    sections: list[list[list[MelodyNote]]] = field(default_factory=list)
    line_ids: list[tuple[int, ...]] = field(default_factory=list)


def write_melody(
    model: CausalModel,
    plan: SongPlan,
    lyrics_lines: Sequence[Sequence[Line]],
    title: str,
    *,
    seed: int,
    sampling: Sampling = DEFAULT_SAMPLING,
    candidates: int = 8,
    report: Report | None = None,
    cancelled: Callable[[], bool] | None = None,
    kept: Mapping[tuple[int, int], Sequence[SungNote]] = MappingProxyType({}),
) -> LeadSheet:
    """Return the song as a lead sheet; the same arguments give the same melody.

    lyrics_lines: per section of the plan its lines of syllables, empty for parts that are not sung. candidates: 1-16
    per line. kept: by section and line the notes that are there already, one per syllable; new lines stay clear of them.
    Raises RequestError where lines do not fit their bars, Cancelled when `cancelled()` says so.
    """
    _check(plan, lyrics_lines)
    frames = SongFrames.of(plan, lyrics_lines)
    habits = TuneHabits.drawn(
        seed, is_plain=plan.style in PLAIN_STYLES, in_eighths=plan.time_signature.denominator == 8
    )
    given = {place: kept_line(frames, place, notes) for place, notes in kept.items()}
    with Session(model, candidates, cancelled) as session:
        writing = _Writing(frames, session, seed, sampling, candidates, habits, given)
        total, done = sum(len(lines) for lines in lyrics_lines), 0
        for index, section in enumerate(plan.sections):
            source = tune_source(plan, index)
            writing.sections.append([])
            for line in range(len(section.lines)):
                if cancelled and cancelled():
                    raise Cancelled("the song was taken back")
                if (index, line) in given:
                    notes = given[index, line]
                    _remember(writing, notes)
                else:
                    notes = (_write_line if source == index else _sing_again)(writing, index, line)
                writing.sections[index].append(notes)
                done += 1
                if report:
                    report(done, total)
    return _lead_sheet(frames, writing.sections, title)


def _check(plan: SongPlan, lyrics_lines: Sequence[Sequence[Line]]) -> None:
    if str(plan.time_signature) not in TIME_SIGNATURES:
        raise RequestError(f"the time signature must be one of {', '.join(TIME_SIGNATURES)}, got {plan.time_signature}")
    if len(lyrics_lines) != len(plan.sections):
        raise RequestError(f"the plan has {len(plan.sections)} sections, but there are words for {len(lyrics_lines)}")
    for section, lines in zip(plan.sections, lyrics_lines, strict=True):
        if len(lines) != len(section.lines) or not all(lines):
            raise RequestError(f"{section.label} needs {len(section.lines)} lines of words, each with a syllable")


def _write_line(writing: _Writing, section: int, line: int) -> list[MelodyNote]:
    """Sample candidates for a line, keep the best one in the context, and return its notes."""
    before = next((notes for lines in reversed(writing.sections) for notes in reversed(lines)), None)
    frame = writing.frames.line(section, line, before[-1].pitch if before else None)
    frame = clear_of_kept(frame, writing.frames, writing.kept, section, line)
    frame = _with_climax(frame, writing, section)
    earlier = [
        EarlierLine(notes, writing.frames.pickups.start(section, n))
        for n, notes in enumerate(writing.sections[section])
    ]
    count = writing.candidates
    rng = random.Random(f"{writing.seed}: {section}, {line}")
    habits = writing.habits.of_line(rng, is_inner=frame.line_break == 1)
    grammars = grammars_of(frame, earlier, count, rng, habits)
    needed = max(grammar.ids_needed for grammar in grammars)
    _make_room(writing, needed)
    seeds = [(writing.seed * 1_000_003 + section * 10_007 + line * 101 + n) % 2**31 for n in range(count)]
    found = writing.session.sample(grammars, writing.sampling, seeds, needed)
    ratings = []
    for candidate, grammar in zip(found, grammars, strict=True):
        chosen = [nats for n, nats in enumerate(candidate.log_probabilities) if n % TOKENS_PER_NOTE in CHOSEN_PLACES]
        ratings.append(rate_line(grammar.notes, frame, -sum(chosen) / len(grammar.notes), earlier, habits))
    best = max(range(count), key=lambda n: ratings[n])
    writing.session.keep(found[best])
    writing.line_ids.append(found[best].ids)
    return grammars[best].notes


def _with_climax(frame: LineFrame, writing: _Writing, section: int) -> LineFrame:
    """Return the frame of a line in a song whose highest note belongs to the chorus: that one rises above the rest."""
    sections = writing.frames.plan.sections
    if all(part.kind != "chorus" for part in sections):
        return frame
    tops: dict[bool, int] = {}
    for part, lines in zip(sections, writing.sections, strict=False):
        sung = [note.pitch for notes in lines for note in notes]
        is_chorus = part.kind == "chorus"
        tops[is_chorus] = max(sung, default=0) if is_chorus not in tops else max(tops[is_chorus], *sung, 0)
    if sections[section].kind == "chorus":
        reached = tops.get(True, 0) > tops.get(False, 0)
        return frame if reached else replace(frame, peak=tops.get(False))
    ceiling = (tops[True] or frame.high) if True in tops else frame.high - ROOM_FOR_CLIMAX
    return replace(frame, high=min(frame.high, max(ceiling, frame.low + NARROWEST)))


def _make_room(writing: _Writing, needed: int) -> None:
    """Start the context anew from the last lines when it would grow beyond what the model knows."""
    session, plan = writing.session, writing.frames.plan
    if session.length and session.length + needed <= LONGEST_CONTEXT:
        return
    recent = [token for ids in writing.line_ids[-REMEMBERED_LINES:] for token in ids]
    most = LONGEST_CONTEXT // 2 // TOKENS_PER_NOTE * TOKENS_PER_NOTE
    session.truncate(0)
    mode = Key.parse(plan.key_name).mode
    session.extend(VOCABULARY.header(mode, str(plan.time_signature), style_token(plan.style)))
    if recent:
        session.extend(recent[-most:])


def _remember(writing: _Writing, notes: Sequence[MelodyNote]) -> None:
    """Put a line that was not written here into the context, so that the next one goes on from it."""
    plan = writing.frames.plan
    mode = Key.parse(plan.key_name).mode
    melody = Melody(mode, str(plan.time_signature), style_token(plan.style), tuple(notes))
    ids = encode(fold_to_grid(melody))[0][HEADER_TOKENS:]
    _make_room(writing, len(ids))
    writing.session.extend(ids)
    writing.line_ids.append(tuple(ids))


def style_token(style: str) -> Style:
    """Return which corpus a style of the song sounds most like."""
    return STYLE_OF.get(style, "song")


def _sing_again(writing: _Writing, section: int, line: int) -> list[MelodyNote]:
    """Return a line of an earlier section moved to this one, with this section's words under it."""
    plan = writing.frames.plan
    source = tune_source(plan, section)
    notes, words = writing.sections[source][line], writing.frames.words[section][line]
    syllables = len(notes) - len(melismas_of(notes))
    if syllables != len(words):
        label = plan.sections[section].label
        raise RequestError(f"line {line + 1} of {label} has {len(words)} syllables for a tune of {syllables}")
    spans = plan.section_spans()
    moved = (spans[section].onset_ticks - spans[source].onset_ticks) // STEP_TICKS
    return [replace(note, onset=note.onset + moved) for note in with_words(notes, words)]


def _lead_sheet(frames: SongFrames, sections: Sequence[Sequence[Sequence[MelodyNote]]], title: str) -> LeadSheet:
    plan = frames.plan
    notes: list[SungNote] = []
    line_number = 0
    for words, lines in zip(frames.words, sections, strict=True):
        for line, sung in enumerate(lines):
            notes += _sung_notes(words[line], sung, line_number, frames.shift, is_last=line == len(lines) - 1)
            line_number += 1
    return LeadSheet(
        title=title,
        key_name=str(Key.parse(plan.key_name)),
        time_signature=plan.time_signature,
        tempo_qpm=plan.tempo_qpm,
        length_ticks=plan.length_ticks,
        notes=tuple(notes),
        chords=_chords_of(plan),
        sections=plan.section_spans(),
    )


def _sung_notes(
    words: Line, sung: Sequence[MelodyNote], line_number: int, shift: int, *, is_last: bool
) -> list[SungNote]:
    notes, index = [], -1
    for note in sung:
        carried = None
        if note.word_position != "melisma":
            index += 1
            said, ends = words[index], index == len(words) - 1
            carried = SungSyllable(said.text, said.stress, said.word_position, line_number, ends, ends and is_last)
        notes.append(SungNote(note.onset * STEP_TICKS, note.duration * STEP_TICKS, note.pitch - shift, carried))
    return notes


def _chords_of(plan: SongPlan) -> tuple[ChordSpan, ...]:
    return tuple(
        replace(chord, onset_ticks=chord.onset_ticks + span.onset_ticks)
        for span, section in zip(plan.section_spans(), plan.sections, strict=True)
        for chord in section.chords
    )
