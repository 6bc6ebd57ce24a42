"""Writes the melody of a song: plan and syllables in, a sung lead sheet out. Does not know corpora, files or arrangement.

Line by line: a batch of candidates under `LineGrammar`, the best by `rate_line`. A section whose words come back is sung
the same way; one that borrows a tune sings its own words to it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from engine.contract import Sampling
from engine.decoding import Session
from engine.errors import Cancelled, RequestError
from engine.families import CausalModel
from engine.lyrics.prosody import Syllable
from engine.music.lead_sheet import ChordSpan, LeadSheet, SungNote, SungSyllable
from engine.music.melody_tokens import (
    STEP_TICKS,
    TIME_SIGNATURES,
    TOKENS_PER_NOTE,
    VOCABULARY,
    ChordDegree,
    MelodyNote,
    Style,
)
from engine.music.theory import Chord, Key, voice_range
from engine.song.alignment import may_be_heavy, pickup_ticks, sung_stress
from engine.song.melody_grammar import ChordFrame, LineFrame, LineGrammar, SyllableFrame
from engine.song.melody_ranking import rate_line, rhythm_of
from engine.song.plan import SectionKind, SongPlan

Line = tuple[Syllable, ...]
Report = Callable[[int, int], None]  # lines done, lines in all

BREATH_STEPS = 6
LONGEST_CONTEXT = 500  # ids; the model was trained on rows of 507
REMEMBERED_LINES = 4
MEDIAN_PITCH = 67  # of the melodies that the model was trained on
# Semitones above the voice's middle: a chorus lies higher than its verse.
LIFT: dict[SectionKind, int] = {"verse": -2, "chorus": 2}
CHOSEN_PLACES = (3, 5, 6)
DEFAULT_SAMPLING = Sampling(temperature=0.9, top_p=0.95)
HYMN_STYLES = ("hymn", "carol", "gospel")
SUNG_STYLES = ("lullaby", "art song", "classical")


@dataclass
class _Writing:
    """What grows while a song is written. notes: per section, per line, transposed to C major or A minor."""

    plan: SongPlan
    lyrics: Sequence[Sequence[Line]]
    session: Session
    shift: int
    sections: list[list[list[MelodyNote]]] = field(default_factory=list)
    line_ids: list[list[int]] = field(default_factory=list)
    chords: tuple[tuple[int, ChordFrame], ...] = ()


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
) -> LeadSheet:
    """Return the song as a lead sheet; the same arguments give the same melody.

    lyrics_lines: per section of the plan its lines of syllables, empty for parts that are not sung. candidates: 1-16 per
    line. Raises RequestError where lines do not fit their bars, Cancelled when `cancelled()` says so.
    """
    _check(plan, lyrics_lines)
    key = Key.parse(plan.key_name)
    writing = _Writing(plan, lyrics_lines, Session(model, slots=candidates), shift_of(key, plan.voice))
    writing.chords = _chord_frames(plan, writing.shift)
    total, done = sum(len(lines) for lines in lyrics_lines), 0
    for index, section in enumerate(plan.sections):
        source = tune_source(plan, index)
        writing.sections.append([])
        for line in range(len(section.lines)):
            if cancelled and cancelled():
                raise Cancelled("the song was taken back")
            if source == index:
                notes = _write_line(writing, index, line, seed, sampling, candidates)
            else:
                notes = _sing_again(writing, source, index, line)
            writing.sections[index].append(notes)
            done += 1
            if report:
                report(done, total)
    return _lead_sheet(writing, key, title)


def _check(plan: SongPlan, lyrics_lines: Sequence[Sequence[Line]]) -> None:
    if str(plan.time_signature) not in TIME_SIGNATURES:
        raise RequestError(f"the time signature must be one of {', '.join(TIME_SIGNATURES)}, got {plan.time_signature}")
    if len(lyrics_lines) != len(plan.sections):
        raise RequestError(f"the plan has {len(plan.sections)} sections, but there are words for {len(lyrics_lines)}")
    for section, lines in zip(plan.sections, lyrics_lines, strict=True):
        if len(lines) != len(section.lines) or not all(lines):
            raise RequestError(f"{section.label} needs {len(section.lines)} lines of words, each with a syllable")


def tune_source(plan: SongPlan, index: int) -> int:
    """Return the section whose tune a section is sung to: itself, or the one that its words or tune come from."""
    section = plan.sections[index]
    source = section.words_of if section.words_of is not None else section.tune_of
    return index if source is None else tune_source(plan, source)


def shift_of(key: Key, voice: str) -> int:
    """Return the semitones from the song's pitches to C major or A minor, with the voice's middle near the model's."""
    low, high = voice_range(voice)
    shift = (0 if key.mode == "major" else 9) - key.tonic
    return shift + 12 * round((MEDIAN_PITCH - (low + high) / 2 - shift) / 12)


def _chord_frames(plan: SongPlan, shift: int) -> tuple[tuple[int, ChordFrame], ...]:
    """Return every chord of the song with the step that it starts at."""
    key, frames = Key.parse(plan.key_name), []
    home = 0 if key.mode == "major" else 9
    for span, section in zip(plan.section_spans(), plan.sections, strict=True):
        for chord_span in section.chords:
            chord = Chord.parse(chord_span.symbol).transpose(shift)
            degree = ChordDegree((chord.root - home) % 12, simple_quality(chord))
            onset = (span.onset_ticks + chord_span.onset_ticks) // STEP_TICKS
            frames.append((onset, ChordFrame(degree, frozenset(chord.pitch_classes[:4]))))
    return tuple(sorted(frames, key=lambda frame: frame[0]))


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


def _write_line(
    writing: _Writing, section: int, line: int, seed: int, sampling: Sampling, candidates: int
) -> list[MelodyNote]:
    frame = line_frame(writing, section, line)
    earlier = [rhythm_of(notes, _line_start(writing, section, n)) for n, notes in enumerate(writing.sections[section])]
    rhythms = _rhythms_to_try(earlier, len(frame.syllables), candidates)
    grammars = [LineGrammar(frame, strict=n != candidates - 1, rhythm=rhythms[n]) for n in range(candidates)]
    session = writing.session
    _make_room(writing, len(frame.syllables) * TOKENS_PER_NOTE)
    seeds = [(seed * 1_000_003 + section * 10_007 + line * 101 + n) % 2**31 for n in range(candidates)]
    found = session.sample(grammars, sampling, seeds, len(frame.syllables) * TOKENS_PER_NOTE)
    ratings = []
    for candidate, grammar in zip(found, grammars, strict=True):
        chosen = [nats for n, nats in enumerate(candidate.log_probabilities) if n % TOKENS_PER_NOTE in CHOSEN_PLACES]
        nats_per_note = -sum(chosen) / len(grammar.notes)
        ratings.append(rate_line(grammar.notes, frame, nats_per_note, earlier))
    best = max(range(candidates), key=lambda n: ratings[n])
    session.keep(found[best])
    writing.line_ids.append(list(found[best].ids))
    return grammars[best].notes


def _rhythms_to_try(
    earlier: Sequence[tuple[tuple[int, int], ...]], syllables: int, candidates: int
) -> list[tuple[tuple[int, int], ...] | None]:
    """Return for each candidate the rhythm of an earlier line of the section, or None for a rhythm of its own.

    Songs answer a line with the rhythm of the line two before it, or of the one before.
    """
    fitting = [rhythm for rhythm in (*earlier[-2:], *earlier[:-2]) if len(rhythm) == syllables][:2]
    tried: list[tuple[tuple[int, int], ...] | None] = [None] * candidates
    for n in range(candidates // 2 if fitting else 0):
        tried[n] = fitting[n % len(fitting)]
    return tried


def _make_room(writing: _Writing, needed: int) -> None:
    """Start the context anew from the last lines when it would grow beyond what the model knows."""
    session = writing.session
    if session.length and session.length + needed <= LONGEST_CONTEXT:
        return
    mode = Key.parse(writing.plan.key_name).mode
    recent = [token for ids in writing.line_ids[-REMEMBERED_LINES:] for token in ids]
    session.truncate(0)
    session.extend(VOCABULARY.header(mode, str(writing.plan.time_signature), style_token(writing.plan.style)))
    session.extend(recent[-(LONGEST_CONTEXT // 2 // TOKENS_PER_NOTE) * TOKENS_PER_NOTE :] if recent else [])


def style_token(style: str) -> Style:
    """Return which corpus a style of the song sounds most like."""
    return "hymn" if style in HYMN_STYLES else "art song" if style in SUNG_STYLES else "song"


def line_frame(writing: _Writing, section: int, line: int) -> LineFrame:
    """Return what a line must keep to."""
    plan = writing.plan
    key = Key.parse(plan.key_name)
    low, high = voice_range(plan.voice)
    words = writing.lyrics[section][line]
    is_last = line == len(plan.sections[section].lines) - 1
    before = next((notes for lines in reversed(writing.sections) for notes in reversed(lines)), None)
    start, following = _line_start(writing, section, line), _line_following(writing, section, line)
    return LineFrame(
        syllables=tuple(_syllable_frame(syllable) for syllable in words),
        start=start,
        end=following - BREATH_STEPS,
        following=following,
        time_signature=plan.time_signature,
        low=low + writing.shift,
        high=high + writing.shift,
        scale=frozenset((pitch_class + writing.shift) % 12 for pitch_class in key.scale),
        tonic=(key.tonic + writing.shift) % 12,
        chord_at=lambda step: next(
            (frame for onset, frame in reversed(writing.chords) if onset <= step), ChordFrame(None, frozenset())
        ),
        line_break=2 if is_last else 1,
        previous_pitch=before[-1].pitch if before else None,
        middle=(low + high) / 2 + writing.shift + LIFT.get(plan.sections[section].kind, 0),
    )


def _syllable_frame(syllable: Syllable) -> SyllableFrame:
    stress = sung_stress(syllable.text, syllable.stress, syllable.word_position)
    return SyllableFrame(stress, syllable.word_position, may_be_heavy(syllable.text))


def _line_start(writing: _Writing, section: int, line: int) -> int:
    """Return the first step of a line: its bar, or before it when the line begins with a weak syllable."""
    spans = writing.plan.section_spans()
    bar = writing.plan.time_signature.bar_ticks // STEP_TICKS
    bar_start = spans[section].onset_ticks // STEP_TICKS + line * writing.plan.sections[section].bars_per_line * bar
    return max(0, bar_start - _pickup_steps(writing, section, line))


def _pickup_steps(writing: _Writing, section: int, line: int) -> int:
    source = tune_source(writing.plan, section)
    stresses = [_syllable_frame(syllable).stress for syllable in writing.lyrics[source][line]]
    weak = next((n for n, stress in enumerate(stresses) if stress == 1), 1)
    return pickup_ticks(weak, writing.plan.time_signature) // STEP_TICKS


def _line_following(writing: _Writing, section: int, line: int) -> int:
    """Return where the line after this one may start, wherever this line is sung again."""
    plan = writing.plan
    bar = plan.time_signature.bar_ticks // STEP_TICKS
    bars = plan.sections[section].bars_per_line
    end = plan.section_spans()[section].onset_ticks // STEP_TICKS + (line + 1) * bars * bar
    if line + 1 < len(plan.sections[section].lines):
        return end - _pickup_steps(writing, section, line + 1)
    followers = [
        index + 1
        for index in range(len(plan.sections) - 1)
        if tune_source(plan, index) == section and plan.sections[index + 1].lines
    ]
    return end - max((_pickup_steps(writing, index, 0) for index in followers), default=0)


def _sing_again(writing: _Writing, source: int, section: int, line: int) -> list[MelodyNote]:
    """Return a line of an earlier section moved to this one, with this section's words under it."""
    notes, words = writing.sections[source][line], writing.lyrics[section][line]
    if len(notes) != len(words):
        label = writing.plan.sections[section].label
        raise RequestError(f"line {line + 1} of {label} has {len(words)} syllables for a tune of {len(notes)}")
    spans = writing.plan.section_spans()
    moved = (spans[section].onset_ticks - spans[source].onset_ticks) // STEP_TICKS
    sung = []
    for index, (note, syllable) in enumerate(zip(notes, words, strict=True)):
        frame = _syllable_frame(syllable)
        goes_on = index + 1 < len(words) and words[index + 1].word_position in ("middle", "end")
        duration = notes[index + 1].onset - note.onset if goes_on else note.duration  # no rest inside the new word
        sung.append(
            replace(
                note,
                onset=note.onset + moved,
                duration=duration,
                stress=frame.stress,
                word_position=frame.word_position,
            )
        )
    return sung


def _lead_sheet(writing: _Writing, key: Key, title: str) -> LeadSheet:
    plan = writing.plan
    notes: list[SungNote] = []
    line_number = 0
    for section, lines in enumerate(writing.sections):
        for line, sung in enumerate(lines):
            words = writing.lyrics[section][line]
            is_last = line == len(lines) - 1
            for index, (note, syllable) in enumerate(zip(sung, words, strict=True)):
                line_end = index == len(words) - 1
                carried = SungSyllable(
                    syllable.text, syllable.stress, syllable.word_position, line_number, line_end, line_end and is_last
                )
                pitch = note.pitch - writing.shift
                notes.append(SungNote(note.onset * STEP_TICKS, note.duration * STEP_TICKS, pitch, carried))
            line_number += 1
    return LeadSheet(
        title=title,
        key_name=str(key),
        time_signature=plan.time_signature,
        tempo_qpm=plan.tempo_qpm,
        length_ticks=plan.length_ticks,
        notes=tuple(notes),
        chords=_chords_of(plan),
        sections=plan.section_spans(),
    )


def _chords_of(plan: SongPlan) -> tuple[ChordSpan, ...]:
    spans = plan.section_spans()
    return tuple(
        replace(chord, onset_ticks=chord.onset_ticks + span.onset_ticks)
        for span, section in zip(spans, plan.sections, strict=True)
        for chord in section.chords
    )
