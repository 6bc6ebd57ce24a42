"""The second voice of a band: it answers in the rests of the tune, sings below it, holds a slow line or plays along.

Does not know words or other players. Whatever it does, it stays below the tune while both sound, a minor third at least, and
in the scale over the chord; where the tune leaves no room, it rests.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

from engine.music.arrangement import Arrangement, in_order
from engine.music.bands import Role
from engine.music.dynamics import SECOND_VELOCITY, velocity
from engine.music.passages import FULL, Passage
from engine.music.program_ranges import range_of
from engine.music.score import TICKS_PER_QUARTER, Note, Track
from engine.music.tones import local_scale, pentatonic
from engine.music.tune import Tune, TuneNote

LEAST_BELOW, MOST_BELOW = 3, 10  # semitones below the tune
_EIGHTH = TICKS_PER_QUARTER // 2
_LOWEST = 48  # the second voice is no bass
_SHORTEST_ANSWER_TICKS = 3 * _EIGHTH  # of rest
_MOST_ANSWER_NOTES = 4
_LONG_TICKS = 3 * _EIGHTH  # of a note of the tune that gets an ornament when it is played along
_SHORTEST_TICKS = _EIGHTH // 4

Line = Iterator[tuple[int, int, int]]  # onset, end, pitch


def second_voice_track(song: Arrangement, tune: Tune) -> Track:
    """Return the second voice; without notes where there is no tune, or the band keeps it silent."""
    return Track("Second Voice", song.band.second_program, in_order(_SecondVoice(song, tune).notes()))


class _SecondVoice:
    """One player, who hears the tune and remembers the pitch played last."""

    def __init__(self, song: Arrangement, tune: Tune) -> None:
        self.song, self.tune, self.rng = song, tune, song.rng("second voice")
        lowest, self.high = range_of(song.band.second_program)
        self.low = max(lowest, _LOWEST)
        self.last: int | None = None

    def notes(self) -> Iterator[Note]:
        """Yield the notes of all sections, and one that is held with the last chord."""
        if not self.tune.notes:
            return
        lines: dict[Role, Callable[[Passage], Line]] = {
            "thirds": self._below, "slow line": self._slow_line, "heterophony": self._along, "answers": self._answers,
        }  # fmt: skip
        for passage in self.song.passages:
            role = self._role(passage)
            if role != "rest":
                for onset, end, pitch in lines[role](passage):
                    yield from self._clear_of_tune(passage, onset, end, pitch)
        if self.last is not None:
            yield from self._held()

    def _role(self, passage: Passage) -> Role:
        """Return what is played in a passage; a full one that comes again has the voice of the fullest."""
        comes_again = passage.level == FULL and passage.nth > 0
        role = self.song.band.second[passage.level + comes_again]
        return "answers" if passage.kind in ("intro", "outro") and role != "rest" else role

    def _clear_of_tune(self, passage: Passage, onset: int, end: int, pitch: int) -> Iterator[Note]:
        """Yield the note, cut where the tune comes near or the band is silent, and left out where too little is left."""
        end = min(end, passage.end_ticks, self.song.hold_ticks)
        near = [n.onset_ticks for n in self.tune.sounding_in(onset, end) if n.pitch < pitch + LEAST_BELOW]
        end = min([end, *near])
        index = self.song.chord_index(onset)
        if index is None or self.song.chords[index] is None or not self.low <= pitch <= self.high:
            return
        while index + 1 < len(self.song.chords) and self.song.span_end(index) < end:
            index += 1
            if self.song.chords[index] is None:
                end = self.song.spans[index].onset_ticks
        if end - onset >= _SHORTEST_TICKS:
            played = min(self.song.band.groove.loose(onset, self.rng, on_time=True), end - 1)
            yield Note(played, pitch, end - played, velocity(SECOND_VELOCITY, passage, onset, self.rng))

    def _held(self) -> Iterator[Note]:
        start, end = self.song.hold_ticks, self.song.length_ticks
        near = self._nearest(self._chord_tones(start), self._room(start, end))
        if near is not None:
            yield from self.song.held((near,), velocity(SECOND_VELOCITY, self.song.passages[-1], start, self.rng))

    def _room(self, start: int, end: int) -> range:
        """Return the pitches that are free below the tune between two ticks."""
        lowest = self.tune.lowest_in(start, end)
        top = self._usual_top(start) if lowest is None else lowest - LEAST_BELOW
        return range(self.low, min(self.high, top) + 1)

    def _usual_top(self, ticks: int) -> int:
        """Return the highest pitch in a rest: below where the tune was and usually is, so that an answer is no outcry."""
        before = self.tune.before(ticks, 8) or self.tune.notes[:8]
        recent, usual = (sum(note.pitch for note in notes) / len(notes) for notes in (before, self.tune.notes))
        return round(min(recent, usual)) - LEAST_BELOW

    def _chord_tones(self, ticks: int) -> frozenset[int]:
        chord = self.song.chord_at(ticks)
        return frozenset() if chord is None else frozenset(chord.pitch_classes)

    def _scale(self, ticks: int) -> frozenset[int]:
        return local_scale(self.song.chord_at(ticks), self.song.key)

    def _nearest(self, classes: frozenset[int], room: Sequence[int], goal: float | None = None) -> int | None:
        """Return the pitch of some classes that is nearest to a goal, or to the last one played, high in the room if none."""
        fitting = [pitch for pitch in room if pitch % 12 in classes]
        goal = goal if goal is not None else self.last if self.last is not None else room[-1] if room else 0
        return min(fitting, key=lambda pitch: abs(pitch - goal), default=None)

    def _below(self, passage: Passage) -> Line:
        """Yield a third or a sixth below every note of the tune that is sung."""
        for note in self.tune.starting_in(passage.onset_ticks, passage.end_ticks):
            if note.is_spoken:
                continue
            near = range(max(self.low, note.pitch - MOST_BELOW), min(self.high, note.pitch - LEAST_BELOW) + 1)
            tones, end = self._chord_tones(note.onset_ticks), note.end_ticks
            fitting = [pitch for pitch in near if tones and pitch % 12 in self._scale(note.onset_ticks)]
            later = self._chord_tones(end - 1)
            if later != tones:  # held into another chord: a tone of both, or it ends there
                index = self.song.chord_index(note.onset_ticks)
                both = [pitch for pitch in fitting if pitch % 12 in later]
                end = end if both or index is None else self.song.span_end(index)
                fitting = both or fitting
            if fitting:
                self.last = min(fitting, key=lambda pitch: self._unfit(pitch, note, tones))
                yield note.onset_ticks, end, self.last

    def _unfit(self, pitch: int, note: TuneNote, tones: frozenset[int]) -> float:
        """Return how badly a pitch sings below a note: thirds and sixths first, chord tones where it is heavy, small steps."""
        interval = note.pitch - pitch
        unlike = {3: 0.0, 4: 0.0, 8: 1.0, 9: 1.0, 5: 1.5, 7: 2.0, 10: 5.0, 6: 3.0}[interval]
        is_long = note.end_ticks - note.onset_ticks >= 2 * TICKS_PER_QUARTER
        is_heavy = is_long or note.onset_ticks % self.song.time_signature.bar_ticks == 0
        outside = 0.0 if pitch % 12 in tones else 3.0 if is_heavy else 0.7
        return unlike + outside + (0.2 * abs(pitch - self.last) if self.last is not None else 0.0)

    def _slow_line(self, passage: Passage) -> Line:
        """Yield a note for each bar of each chord, the nearest of its tones, with steps between those a third apart."""
        held: list[tuple[int, int, int]] = []
        for start, end in self._chord_bars(passage):
            pitch = self._nearest(self._chord_tones(start), self._room(start, end))
            if pitch is not None:
                if pitch == self.last and len(held) % 2:  # a tone that stays twice would be a drone
                    others = self._chord_tones(start) - {pitch % 12}
                    pitch = self._nearest(others, self._room(start, end)) or pitch
                held.append((start, end, pitch))
                self.last = pitch
        for (start, end, pitch), (following, _, goal) in pairwise([*held, (passage.end_ticks, 0, -1)]):
            between = [p for p in range(min(pitch, goal) + 1, max(pitch, goal)) if p % 12 in self._scale(end - 1)]
            if following == end and 3 <= abs(goal - pitch) <= 4 and between and end - start >= 4 * _EIGHTH:
                yield start, end - 2 * _EIGHTH, pitch
                yield end - 2 * _EIGHTH, end, between[len(between) // 2]
            else:
                yield start, end, pitch

    def _chord_bars(self, passage: Passage) -> list[tuple[int, int]]:
        """Return the bars of a passage, cut where a chord begins."""
        ends = {self.song.span_end(n) for n in range(len(self.song.spans))}
        cuts = {ticks for bar in self.song.bars if bar.passage is passage for ticks in (bar.onset_ticks, bar.end_ticks)}
        inside = {end for end in ends if cuts and passage.onset_ticks < end < max(cuts)}
        return list(pairwise(sorted(cuts | inside)))

    def _answers(self, passage: Passage) -> Line:
        """Yield what answers the tune in its rests: its last notes, lower, in the order that they had."""
        longest = 2 * self.song.time_signature.bar_ticks
        for start, end in self.tune.rests(passage.onset_ticks, min(passage.end_ticks, self.song.hold_ticks)):
            for begins in range(start, end, longest):
                ends = min(end, begins + longest)
                if ends - begins >= _SHORTEST_ANSWER_TICKS:
                    yield from self._answer(begins, ends)

    def _answer(self, start: int, end: int) -> Line:
        """Yield up to four eighths, the last of which is held; they begin on an eighth after the tune has ended."""
        first = -(-(start + 1) // _EIGHTH) * _EIGHTH
        eighths = (end - first) // _EIGHTH
        asked = [note.pitch for note in self.tune.before(start, _MOST_ANSWER_NOTES)]
        many = min(eighths - 1, len(asked) or 2, self.rng.choice((2, 3, 4)))
        if many < 1 or not self._chord_tones(first):
            return
        steps = [b - a for a, b in pairwise(asked[-many:])] or [2]
        room, pitch = self._room(first, first + 1), None
        for n in range(many):
            at = first + n * _EIGHTH
            classes = self._chord_tones(at) if n in (0, many - 1) else self._scale(at)
            goal = None if pitch is None else pitch + min(max(steps[(n - 1) % len(steps)], -5), 5)
            pitch = self._nearest(classes, room, goal if goal is not None else self._usual_top(at) - 2)
            if pitch is None:
                return
            last = n == many - 1
            self.last = pitch
            yield at, min(at + 4 * _EIGHTH, end - _EIGHTH) if last else at + _EIGHTH, pitch

    def _along(self, passage: Passage) -> Line:
        """Yield the tune an octave lower: what is on the beat alone, or in full sections all of it with ornaments."""
        beat = self.song.time_signature.beat_ticks
        sung = self.tune.starting_in(passage.onset_ticks, passage.end_ticks)
        tune = [note for note in sung if not note.is_spoken]
        if passage.level < FULL:
            tune = [note for note in tune if (note.onset_ticks - passage.onset_ticks) % beat == 0]
        for n, note in enumerate(tune):
            following = tune[n + 1].onset_ticks if n + 1 < len(tune) else note.end_ticks
            end = note.end_ticks if passage.level >= FULL else min(following, note.end_ticks + beat)
            pitch = note.pitch - 12
            if pitch % 12 in self._scale(note.onset_ticks):
                self.last = pitch
                yield from self._ornamented(note.onset_ticks, end, pitch, often=passage.level >= FULL)

    def _ornamented(self, start: int, end: int, pitch: int, *, often: bool) -> Line:
        """Yield a long note with its upper or lower neighbour of the five tones in its middle, or as it is."""
        five = pentatonic(self.song.key) & self._scale(start)
        near = [p for p in (*range(pitch + 1, pitch + 4), *range(pitch - 3, pitch)) if p % 12 in five]
        if end - start < _LONG_TICKS or not near or self.rng.random() > (0.75 if often else 0.35):
            yield start, end, pitch
            return
        turn = start + _EIGHTH
        yield start, turn, pitch
        yield turn, turn + _EIGHTH // 2, self.rng.choice(near)
        yield turn + _EIGHTH // 2, end, pitch
