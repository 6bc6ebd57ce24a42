"""What all players of a band look at: bars, chords, key and beat of one song. Does not know what each of them plays."""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import replace

from engine.music.bands import Band
from engine.music.lead_sheet import LeadSheet, SectionSpan
from engine.music.passages import FULLEST, PlayedBar, passages_of, played_bars
from engine.music.patterns import BarPatterns, Stroke, bar_pattern, bar_strokes
from engine.music.score import Note
from engine.music.theory import Chord, Key, read_symbol

Played = tuple[int, int, int, Stroke, bool]  # chord, onset, end, stroke, whether the chord begins here


class Arrangement:
    """A lead sheet as a band reads it. chords: None where the band is silent; hold_ticks: where the last chord is held."""

    def __init__(self, sheet: LeadSheet, band: Band, seed: int) -> None:
        self.sheet, self.band, self.seed = sheet, band, seed
        self.time_signature, self.length_ticks = sheet.time_signature, sheet.length_ticks
        self.key = Key.parse(sheet.key_name)
        self.spans = sheet.chords
        self.chords = [read_symbol(span.symbol) for span in sheet.chords]
        self._starts = [span.onset_ticks for span in sheet.chords]
        bar_ticks = sheet.time_signature.bar_ticks
        last_bar_ticks = max(0, sheet.length_ticks - 1) // bar_ticks * bar_ticks
        self.hold_ticks = max(last_bar_ticks, self._starts[-1] if self._starts else 0)
        sections = sheet.sections or (SectionSpan("Verse", 0, sheet.length_ticks),)
        self.passages = passages_of(sections)
        self.bars = played_bars(self.passages, bar_ticks, self.hold_ticks)

    def rng(self, player: str) -> random.Random:
        """Return a player's own generator, so that what one plays does not hang on the others."""
        return random.Random(f"{self.seed} {self.band.name} {player}")

    def chord_index(self, ticks: int) -> int | None:
        """Return which chord sounds at a tick; None before the first or in a gap."""
        index = bisect_right(self._starts, ticks) - 1
        return index if index >= 0 and ticks < self.span_end(index) else None

    def chord_at(self, ticks: int) -> Chord | None:
        """Return the chord that sounds at a tick; None where there is none, or the lead sheet has N.C."""
        index = self.chord_index(ticks)
        return None if index is None else self.chords[index]

    def is_silent(self, ticks: int) -> bool:
        """Tell whether the band is silent at a tick, where the lead sheet has N.C."""
        index = self.chord_index(ticks)
        return index is not None and self.chords[index] is None

    def span_end(self, index: int) -> int:
        """Return the tick at which a chord ends."""
        return self.spans[index].onset_ticks + self.spans[index].duration_ticks

    def swung(self, bar: PlayedBar, offset_ticks: int) -> int:
        """Return the tick at which an offset in a bar is played."""
        return bar.onset_ticks + self.band.groove.swung(offset_ticks, self.time_signature)

    def chord_strokes(self, bar: PlayedBar, patterns: BarPatterns) -> Iterator[Played]:
        """Yield the strokes of a bar of a pattern with the chord that each plays.

        A chord that begins where the pattern has no stroke is struck all the same, and no stroke outlasts its chord.
        """
        pattern = bar_pattern(patterns, self.time_signature)
        played = {
            self.swung(bar, s.offset_ticks): s
            for s in bar_strokes(pattern, bar.index, self.time_signature.bar_ticks)
            if self.swung(bar, s.offset_ticks) < bar.end_ticks
        }
        begins = self._struck_anew(bar, played, pattern.replace("/", "").strip(".-")[0])
        for onset, stroke in sorted(played.items()):
            index = self.chord_index(onset)
            if index is not None and self.chords[index] is not None:
                ends = self.swung(bar, stroke.offset_ticks + stroke.duration_ticks)
                yield index, onset, min(ends, self.span_end(index), bar.end_ticks), stroke, onset in begins

    def _struck_anew(self, bar: PlayedBar, played: dict[int, Stroke], sign: str) -> set[int]:
        """Add strokes for the chords that begin in a bar; a stroke that swing puts just after one is taken for it."""
        begins = {start for start in self._starts_between(bar) if start > bar.onset_ticks}
        for onset in sorted(begins):
            late = onset - bar.onset_ticks
            near = next((at for at, s in played.items() if s.offset_ticks == late and at != onset), None)
            if near is not None:
                played[onset] = played.pop(near)
            ends = min([bar.end_ticks, *(other for other in played if other > onset)])
            played.setdefault(onset, Stroke(late, ends - onset, sign))
        return begins

    def _starts_between(self, bar: PlayedBar) -> list[int]:
        return [start for start in self._starts if bar.onset_ticks <= start < bar.end_ticks]

    def held(self, pitches: Sequence[int], velocity: int) -> Iterator[Note]:
        """Yield the last chord, from its onset (or the last bar's) to the end."""
        for pitch in pitches:
            yield Note(self.hold_ticks, pitch, self.length_ticks - self.hold_ticks, velocity)


def named_for(names: Sequence[str], bar: PlayedBar, shift: int) -> str | None:
    """Return the pattern of a passage, of those for its level: the seed's first, another one each time it comes again.

    The fullest passage has the last, which is the busiest. None where there are no names.
    """
    if not names:
        return None
    return names[-1] if bar.passage.level == FULLEST else names[(shift + bar.passage.nth) % len(names)]


def in_order(notes: Iterator[Note]) -> tuple[Note, ...]:
    """Return the notes in order, each ended where the next of its pitch begins, and one of two that begin together."""
    found: list[Note] = []
    last: dict[int, int] = {}
    for note in sorted(notes):
        before = last.get(note.pitch)
        if before is not None and found[before].end_ticks > note.onset_ticks:
            if found[before].onset_ticks == note.onset_ticks:
                continue
            found[before] = replace(found[before], duration_ticks=note.onset_ticks - found[before].onset_ticks)
        last[note.pitch] = len(found)
        found.append(note)
    return tuple(found)
