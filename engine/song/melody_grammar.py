"""The grammar of one sung line, as a mask over melody tokens. Does not know models, sections or ranking.

Holds by construction, whatever the model prefers: one note per syllable, in order, inside the line's own time, and one
more where the line has a melisma; no rest inside a word; the last note at least as long as the line's median note, on a
chord tone or, where the line may end open, beside one, with a breath after it or so long that one can be taken from it;
pitches in the voice's range, in the scale or the chord, or, where the style has colours, beside the next note; no leap
beyond an octave; no way against the tones of the words where another is open; stresses as near to the beats as the line's
time allows, within the slack that is given (see `placement`).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.music.melody_tokens import (
    LONGEST_DURATION_STEPS,
    LOWEST_PITCH,
    TOKENS_PER_NOTE,
    VOCABULARY,
    MelodyNote,
    next_onset,
)
from engine.song.line_frame import LineFrame, has_spoken_tones, with_melismas
from engine.song.line_places import LinePlaces
from engine.song.placement import IMPOSSIBLE
from engine.song.spoken_tones import fitting

LONGEST_LEAP, MELISMA_LEAP = 12, 4
LAST_GRID_STEPS = 6
STRONG_WEIGHT = 2  # of the downbeat and the middle of a bar
BREATHLESS_STEPS = 12  # the shortest last note from which a breath can be taken
COLOUR_WEIGHT, COLOUR_STEPS = 1, 12  # the heaviest place and the longest note outside scale and chord

Rhythm = Sequence[tuple[int, int]]


class LineGrammar:
    """A constraint that lets through exactly the token sequences of well-formed lines; one per sequence."""

    def __init__(
        self,
        frame: LineFrame,
        places: LinePlaces | None = None,
        *,
        slack: int = 0,
        choice: int = 0,
        rhythm: Rhythm | None = None,
        melismas: frozenset[int] = frozenset(),
        opening: Sequence[int] = (),
        seeks_colour: bool = False,
        moves_with_tones: bool = False,
        is_calm: bool = False,
        ends_open: bool = False,
        rest_steps: int | None = None,
        is_breathless: bool = False,
        keeps_chords: bool = False,
    ) -> None:
        """slack: what the line may cost (`spent`) beyond the least that is possible. choice, is_calm: see `LinePlaces.best`.

        rhythm: onsets (counted from `frame.start`) and durations to be sung, if they are possible and cost no more.
        melismas: the syllables that have a second note. opening: by how many degrees of the scale the first notes lie
        above the very first, where they can. seeks_colour: whether the first note that may lie outside scale and chord does.
        moves_with_tones: whether the melody goes the way that the tones of the words ask for rather than stay level.
        ends_open: whether the last note may lie beside its chord. rest_steps: how long before the end of the line's time the
        last note ends at most, where it can be so long; None if it may end anywhere.
        is_breathless: whether it may last until the next line, if it is so long that the breath can be taken from it.
        keeps_chords: whether notes on strong beats are tones of their chords where one is in reach.
        """
        self._frame, self._opening, self._seeks_colour = frame, opening, seeks_colour
        self._ends_open, self._rest_steps, self._is_breathless = ends_open, rest_steps, is_breathless
        self._keeps_chords = keeps_chords
        self._moves_with_tones = moves_with_tones
        self._sung = with_melismas(frame.syllables, melismas)
        self._with_tones = [with_melismas(verse, melismas) for verse in frame.verses if has_spoken_tones(verse)]
        self._place_of = (places or LinePlaces(frame)).best(melismas, choice, is_calm=is_calm)
        self.least = self._place_of.least()
        self._bound = self.least + slack
        self.spent = 0
        self._long_left = self._place_of.most_long
        self._place = 0
        self._onset = self._pitch = 0
        self.notes: list[MelodyNote] = []
        self.ids: list[int] = []
        self._rhythm = rhythm if rhythm and self._is_possible(rhythm) else None

    @property
    def ids_needed(self) -> int:
        """How many ids the whole line has."""
        return TOKENS_PER_NOTE * len(self._sung)

    def allowed(self) -> NDArray[np.bool_]:
        """Return the mask (V,) of ids that may follow."""
        mask = np.zeros(len(VOCABULARY), np.bool_)
        mask[self._next_ids()] = True
        return mask

    def accept(self, token: int) -> bool:
        """Take the id that was chosen; return whether the line is finished."""
        self.ids.append(token)
        if self._place == 3:
            self._take_onset(next_onset(self._from, token - VOCABULARY.first_position, self._frame.bar_steps))
        elif self._place == 5:
            self._pitch = token - VOCABULARY.first_pitch + LOWEST_PITCH
        elif self._place == 6:
            self._add_note(token - VOCABULARY.first_duration + 1)
        self._place = (self._place + 1) % TOKENS_PER_NOTE
        return len(self.notes) == len(self._sung)

    def _take_onset(self, onset: int) -> None:
        """Pay for the onset of the item in hand, and for what it is to the one before."""
        n = len(self.notes)
        self.spent += self._place_of.cost_at(n, onset)
        if n:
            self.spent += self._place_of.join_cost(n, self.notes[-1].onset, self.notes[-1].end, onset)
        self._onset = onset

    def _add_note(self, duration: int) -> None:
        sung = self._sung[len(self.notes)]
        line_break = 0 if self._left else self._frame.line_break
        chord = self._frame.chord_at(self._onset).degree
        self._long_left -= bool(self._left) and duration > self._place_of.last_steps
        self.notes.append(
            MelodyNote(self._onset, duration, self._pitch, sung.stress, sung.word_position, line_break, chord)
        )

    @property
    def _left(self) -> int:
        """How many notes follow the one in hand."""
        return len(self._sung) - len(self.notes) - 1

    @property
    def _from(self) -> int:
        return self.notes[-1].end if self.notes else self._frame.start

    def _next_ids(self) -> list[int]:
        match self._place:
            case 0:
                return [self._sung_id()]
            case 1:
                after = self._sung[len(self.notes) + 1 :]
                return [VOCABULARY.syllables_left(sum(sung.word_position != "melisma" for sung in after))]
            case 2:
                return [VOCABULARY.time_left(self._frame.following - self._from)]
            case 3:
                return [VOCABULARY.position(onset % self._frame.bar_steps) for onset in self.onsets()]
            case 4:
                return [VOCABULARY.chord(self._frame.chord_at(self._onset).degree)]
            case 5:
                return [VOCABULARY.pitch(pitch) for pitch in self.pitches()]
            case _:
                return [VOCABULARY.duration(steps) for steps in self.durations()]

    def _sung_id(self) -> int:
        sung = self._sung[len(self.notes)]
        line_break = 0 if self._left else self._frame.line_break
        following = [s.stress for s in self._sung[len(self.notes) + 1 :] if s.word_position != "melisma"]
        note = MelodyNote(0, 1, 0, sung.stress, sung.word_position, line_break)
        return VOCABULARY.sung(note, following[0] if following else 0)

    def onsets(self) -> list[int]:
        """Return the steps at which the syllable in hand may start."""
        n = len(self.notes)
        if self._rhythm:
            return [self._frame.start + self._rhythm[n][0]]
        found = self._place_of.onsets(n, self._from, self._long_left)
        spent = self.spent
        if n and self._place_of.joined[n]:
            spent += self._place_of.join_cost(n, self.notes[-1].onset, self._from, self._from)
        return [onset for onset, cost in found.items() if spent + cost <= self._bound]

    def durations(self) -> list[int]:
        """Return how many steps the note in hand may last."""
        n = len(self.notes)
        if self._rhythm and (self._left or self._rest_steps is None):
            return [self._rhythm[n][1]]
        if not self._left:
            return self._last_durations()
        found = self._place_of.lengths(n, self._onset, self._long_left)
        possible = [steps for steps, cost in found.items() if self.spent + cost <= self._bound]
        if self._place == 6 and not self._is_plain(self._pitch, self._onset):
            return [steps for steps in possible if steps <= COLOUR_STEPS]
        return possible

    def pitches(self) -> list[int]:
        """Return the pitches that may be sung now."""
        frame, chord = self._frame, self._frame.chord_at(self._onset)
        before = self.notes[-1].pitch if self.notes else frame.previous_pitch
        low, high = frame.low, frame.high
        if before is not None:
            leap = MELISMA_LEAP if self._sung[len(self.notes)].word_position == "melisma" else LONGEST_LEAP
            low, high = max(low, min(before - leap, high)), min(high, max(before + leap, low))
        reach = [pitch for pitch in range(low, high + 1) if self._suits(pitch)]
        tones = [pitch for pitch in reach if pitch % 12 in chord.pitch_classes]
        if frame.keeps_scale:
            tones = [pitch for pitch in tones if pitch % 12 in frame.scale] or tones
        if not self._left and tones:
            if self._ends_open:
                tones = [pitch for pitch in reach if pitch in tones or self._is_beside(pitch, chord.pitch_classes)]
            tones = self._fitting(tones)
            at_home = [pitch for pitch in tones if pitch % 12 == frame.tonic]
            return at_home if frame.line_break == 2 and at_home else tones
        plain = [pitch for pitch in reach if self._is_plain(pitch, self._onset)]
        plain = self._fitting(plain)
        if self._keeps_chords and tones and frame.weight(self._onset) >= STRONG_WEIGHT:
            plain = tones
        wanted = self._wanted_pitch()
        if wanted in plain:
            return [wanted]
        if self._may_colour():
            assert before is not None
            colours = [
                pitch for pitch in reach if pitch not in plain and abs(pitch - before) <= 2 and pitch < frame.high
            ]
            if self._seeks_colour and colours:
                self._seeks_colour = False
                return colours
            return [*plain, *colours]
        return plain

    def _fitting(self, pitches: list[int]) -> list[int]:
        """Return those of the pitches that let the tones of the words be heard; all where the words have none."""
        if not self._with_tones:
            return pitches
        return fitting(self._with_tones, self.notes, pitches, moving=self._moves_with_tones)

    def _suits(self, pitch: int) -> bool:
        """Return whether a pitch may follow the last: a colour leads to a neighbour, and a melisma moves."""
        if not self.notes:
            return True
        before = self.notes[-1]
        if not self._is_plain(before.pitch, before.onset):
            # One that was stepped up to goes on up: it leads, and going back it would only sound wrong.
            ways = (1,) if len(self.notes) > 1 and self.notes[-2].pitch < before.pitch else (1, -1)
            return pitch - before.pitch in ways and self._is_plain(pitch, self._onset)
        return self._sung[len(self.notes)].word_position != "melisma" or pitch != before.pitch

    def _is_plain(self, pitch: int, onset: int) -> bool:
        if pitch % 12 in self._frame.scale or self._frame.keeps_scale:
            return pitch % 12 in self._frame.scale
        return pitch % 12 in self._frame.chord_at(onset).pitch_classes

    def _wanted_pitch(self) -> int | None:
        """Return the pitch that the opening asks for, None after it."""
        n = len(self.notes)
        if not 0 < n < len(self._opening):
            return None
        degree = self._frame.degree(self.notes[0].pitch) + self._opening[n]
        octave, place = divmod(degree, len(self._frame.scale))
        return octave * 12 + sorted(self._frame.scale)[place]

    def _may_colour(self) -> bool:
        """Return whether the note in hand may lie outside scale and chord: short, off the strong beats, between others."""
        if (
            not (self._frame.colours and self.notes and self._left > 1)
            or self._frame.weight(self._onset) > COLOUR_WEIGHT
        ):
            return False
        before = self.notes[-1]
        return self._is_plain(before.pitch, before.onset) and min(self.durations()) <= COLOUR_STEPS

    def _is_beside(self, pitch: int, chord: frozenset[int]) -> bool:
        """Return whether a pitch is of the scale and no semitone above a tone of the chord, as a sixth or ninth is."""
        return pitch % 12 in self._frame.scale and (pitch - 1) % 12 not in chord

    def _last_durations(self) -> list[int]:
        """Return how many steps the last note may last: held until the line's time ends, or the rest that is asked for begins."""
        end = self._place_of.end
        if self._is_breathless and self._frame.breathless_end - self._onset >= BREATHLESS_STEPS:
            end = self._frame.breathless_end
        space = min(end - self._onset, LONGEST_DURATION_STEPS)
        possible = list(range(self._least_last(), space + 1, min(self._place_of.unit, LAST_GRID_STEPS)))
        if self._rest_steps is None:
            return possible
        held = [steps for steps in possible if self._onset + steps >= end - self._rest_steps]
        return held or possible[-1:]

    def _least_last(self) -> int:
        """Return how long the last note must be: the median note (the longer of two), and what is left for it at least."""
        durations = sorted(note.duration for note in self.notes)
        return max(self._place_of.last_steps, durations[len(durations) // 2] if durations else 0)

    def _is_possible(self, rhythm: Rhythm) -> bool:
        """Return whether a rhythm of an earlier line keeps every law here and costs no more than this line may."""
        if len(rhythm) != len(self._sung):
            return False
        placement, start = self._place_of, self._frame.start
        spent, at, long_left = 0, start, placement.most_long
        for n, (offset, duration) in enumerate(rhythm):
            onset = start + offset
            if onset not in placement.onsets(n, at, long_left):
                return False
            spent += placement.cost_at(n, onset)
            if n:
                spent += placement.join_cost(n, start + rhythm[n - 1][0], at, onset)
            at = onset + duration
            if n < len(rhythm) - 1:
                if duration not in placement.lengths(n, onset, long_left):
                    return False
                long_left -= duration > placement.last_steps
        longest = sorted(duration for _, duration in rhythm[:-1])
        median = longest[len(longest) // 2] if longest else 0
        return spent <= self._bound < IMPOSSIBLE and at <= self._place_of.end and rhythm[-1][1] >= median
