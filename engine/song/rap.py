"""Rapped sections: which there are, how many bars their lines take, and the notes of their syllables.

Does not know models or bands. The rhythm is that of `flow`; the pitch is one near that of speech, and falls at line ends.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from engine.errors import RequestError
from engine.lyrics.prosody import Syllable
from engine.music.flow_patterns import RHYME_SLOT, SLOTS, SLOTS_PER_BEAT, Flow, flows_at, is_double_time
from engine.music.lead_sheet import SungNote, SungSyllable
from engine.music.score import TICKS_PER_QUARTER
from engine.music.theory import Key, voice_range
from engine.song.flow import FlowLine, place_line
from engine.song.kept_lines import with_words_sung
from engine.song.line_frame import SyllableFrame
from engine.song.melody_frames import Line, syllable_frame
from engine.song.plan import SongPlan

SIXTEENTH_TICKS = TICKS_PER_QUARTER // 4
BREATH_TICKS = SIXTEENTH_TICKS  # between two lines, at least
LONGEST_TICKS = TICKS_PER_QUARTER // 2  # of a syllable before a rest
PICKUP_SLOTS = 2
_SLOTS_BETWEEN = 1  # free between the last syllable of a line and the next one
# How lines share the flows of their section: the first ones come back.
_ORDERS = ("ABAB", "AABB", "AAAB", "ABAC")
_OTHER_BEAT, _OVER_THE_BAR, _LAST_BEAT = 6.0, -0.5, 2.0  # what the rhyme costs there
_SPEECH_SHARE = 0.25  # of the voice's range, from its lowest note, where it speaks


def rhyme_syllable(words: Sequence[Syllable]) -> int:
    """Return which syllable of a line its rhyme begins with: the last one of its last word that is stressed, else the last."""
    first = max(n for n, syllable in enumerate(words) if syllable.word_position in ("single", "begin"))
    return max((n for n in range(first, len(words)) if words[n].stress), default=len(words) - 1)


@dataclass
class _Section:
    """A section while it is rapped. flows: that of each line. motifs: by flow, the slots of the first line that had it."""

    flows: Sequence[Flow]
    slot_ticks: int
    bars_per_line: int
    motifs: dict[str, frozenset[int]] = field(default_factory=dict)

    @property
    def line_slots(self) -> int:
        return self.bars_per_line * 4 * TICKS_PER_QUARTER // self.slot_ticks


def rap_section(
    plan: SongPlan, section: int, lines: Sequence[Line], seed: int, kept: Mapping[int, Sequence[SungNote]]
) -> list[list[SungNote]]:
    """Return the spoken notes of each line of a section; lines count from 0 in it, onsets from the start of the song.

    kept: by line, the notes that are there already, one per syllable. The same words give the same rhythm wherever the
    section stands. RequestError where a line does not fit its bars.
    """
    planned = plan.sections[section]
    onset = plan.section_spans()[section].onset_ticks
    slot_ticks = SIXTEENTH_TICKS * (2 if is_double_time(plan.tempo_qpm) else 1)
    rapped = _Section(_flows(plan, section, len(lines), seed), slot_ticks, planned.bars_per_line)
    frames = [tuple(map(syllable_frame, line)) for line in lines]
    speech = speech_pitch(plan)
    found: list[list[SungNote]] = []
    free = onset  # the first tick that a line may use
    for number, words in enumerate(lines):
        if number in kept:
            notes = _with_words(kept[number], words, number, len(lines))
        else:
            limits = free, _limit(plan, section, number, kept)
            slots = _place(rapped, frames, lines, number, onset, limits)
            if slots is None:
                raise RequestError(
                    f"line {number + 1} of {planned.label} has {len(words)} syllables for {planned.bars_per_line} bars; "
                    "write shorter lines, or ask for a slower tempo"
                )
            start = onset + number * rapped.line_slots * slot_ticks
            onsets = [start + slot * slot_ticks for slot in slots]
            following = start + rapped.line_slots * slot_ticks
            limit = (
                max(onsets[-1] + SIXTEENTH_TICKS, following - BREATH_TICKS) if number + 1 < len(lines) else limits[1]
            )
            notes = _notes(onsets, words, frames[number], number, len(lines), limit, speech)
        found.append(notes)
        free = notes[-1].onset_ticks + notes[-1].duration_ticks + BREATH_TICKS
    return found


def speech_pitch(plan: SongPlan) -> tuple[int, int]:
    """Return the pitch that is spoken at, the key's tonic in the lower part of the voice, and that to which lines fall."""
    key, (low, high) = Key.parse(plan.key_name), voice_range(plan.voice)
    wanted = low + _SPEECH_SHARE * (high - low)
    tonic = min((p for p in range(low + 2, high + 1) if p % 12 == key.tonic), key=lambda p: abs(p - wanted))
    return tonic, next(pitch for pitch in (tonic - 1, tonic - 2) if pitch % 12 in key.scale)


def _flows(plan: SongPlan, section: int, lines: int, seed: int) -> list[Flow]:
    """Return the flow of each line: two or three of those that suit the tempo, by the seed, in an order that brings them back.

    Sections of one kind share theirs, as verses share a tune.
    """
    rng = random.Random(f"{seed}: flow of {plan.sections[section].kind}")
    order = rng.choice(_ORDERS)
    chosen = rng.sample(flows_at(plan.tempo_qpm), len(set(order)))
    return [chosen["ABC".index(order[line % len(order)])] for line in range(lines)]


def _limit(plan: SongPlan, section: int, number: int, kept: Mapping[int, Sequence[SungNote]]) -> int:
    """Return the tick at which a line must have ended: a breath before the next one that is there, or the section's end."""
    span = plan.section_spans()[section]
    later = [notes[0].onset_ticks for line, notes in kept.items() if line > number]
    return min([span.onset_ticks + span.duration_ticks, *(onset - BREATH_TICKS for onset in later)])


def _place(
    rapped: _Section, frames: Sequence[tuple[SyllableFrame, ...]], lines: Sequence[Line], number: int, onset: int,
    limits: tuple[int, int],
) -> tuple[int, ...] | None:  # fmt: skip
    """Return the slots of a line, counted from its first bar; limits: the first tick it may use, and its latest end."""
    size, ticks = rapped.line_slots, rapped.slot_ticks
    start = onset + number * size * ticks
    flow, rhyme, beats = rapped.flows[number], rhyme_syllable(lines[number]), _rhyme_slots(size, ticks)
    first = max(-PICKUP_SLOTS if number else 0, -((start - limits[0]) // ticks))
    last = min(size + (SLOTS_PER_BEAT if flow.over else 0), (limits[1] - start) // ticks) - 1
    if number + 1 < len(lines):
        last = min(last, size + _latest_start(lines[number + 1], size, beats) - 1 - _SLOTS_BETWEEN)
    if flow.over:
        beats = {**beats, size: _OVER_THE_BAR}
    hits = rapped.motifs.get(flow.name, flow.hits)
    line = FlowLine(frames[number], rhyme, beats, first, last, hits, flow.accents)
    slots = place_line(line) or place_line(replace(line, rhyme_slots=dict.fromkeys(range(first, last + 1), 0.0)))
    if slots is not None:
        rapped.motifs.setdefault(flow.name, frozenset(slot % SLOTS for slot in slots))
    return slots


def _latest_start(words: Line, size: int, beats: Mapping[int, float]) -> int:
    """Return the last slot from which a line can still reach a beat with its rhyme and end in its bars."""
    rhyme = rhyme_syllable(words)
    reached = [beat for beat in beats if beat + len(words) - 1 - rhyme < size]
    return max(reached, default=0) - rhyme


def _rhyme_slots(size: int, slot_ticks: int) -> dict[int, float]:
    """Return the beats on which a line of so many slots may rhyme: the fourth felt one of its last bar, else another."""
    usual = size - SLOTS + RHYME_SLOT
    beats = {beat: abs(usual - beat) / SLOTS_PER_BEAT * _OTHER_BEAT for beat in range(0, usual + 1, SLOTS_PER_BEAT)}
    # In double time the last beat of the second bar lies half a felt beat later.
    return {**beats, usual + SLOTS_PER_BEAT // 2: _LAST_BEAT} if slot_ticks > SIXTEENTH_TICKS else beats


def _notes(
    onsets: Sequence[int], words: Line, frames: Sequence[SyllableFrame], number: int, lines: int, limit: int,
    speech: tuple[int, int],
) -> list[SungNote]:  # fmt: skip
    """Return a note for each syllable, which sounds until the next of its word, or for an eighth before a rest."""
    notes = []
    for index, (onset, said) in enumerate(zip(onsets, words, strict=True)):
        ends = index == len(words) - 1
        room = limit - onset if ends else onsets[index + 1] - onset
        if ends or not frames[index + 1].goes_on:
            breath = SIXTEENTH_TICKS if frames[index].breath and room > SIXTEENTH_TICKS else 0
            room = min(room - breath, LONGEST_TICKS)
        pitch = speech[1] if ends else speech[0]
        notes.append(SungNote(onset, room, pitch, _syllable(said, number, lines, ends=ends), is_spoken=True))
    return notes


def _syllable(said: Syllable, number: int, lines: int, *, ends: bool) -> SungSyllable:
    return SungSyllable(said.text, said.stress, said.word_position, number, ends, ends and number == lines - 1)


def _with_words(kept: Sequence[SungNote], words: Line, number: int, lines: int) -> list[SungNote]:
    """Return notes that are there already with the words of their line under them; a melisma stays one."""
    last = len(words) - 1
    return with_words_sung(kept, [_syllable(said, number, lines, ends=n == last) for n, said in enumerate(words)])
