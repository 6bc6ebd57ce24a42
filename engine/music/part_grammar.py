"""What may follow in an answer of the composing model, as masks over its ids: the only ways to leave are the right ones.

Does not know models or prompts. Holds by construction: exactly the bars asked for, positions that rise and lie inside their
bar, voices that sound one note at a time, pitches in range, no note beyond the last bar, and what is forced.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from engine.music.part_vocabulary import HIGHEST_PITCH, LOWEST_PITCH, VOCABULARY
from engine.music.piece import VOICES, Voice
from engine.music.piece_grid import GridBar

Mask = NDArray[np.bool_]
# Sixteenths and triplets; other places of the grid are kept for what people have played there.
GOOD_STEPS = np.array([step % 3 == 0 or step % 4 == 0 for step in range(12)])
GOOD_DURATIONS = (1, 2, 3, 4, 6, 8, 9, 12, 15, 16, 18, 21, 24, 30, 32, 36, 42, 48, 54, 60, 72, 84, 96, 108, 120, 144)
_POSITION, _VOICE, _PITCH = (VOCABULARY.ranges[kind] for kind in ("position", "voice", "pitch"))
_DURATION, _CHORD = VOCABULARY.ranges["duration"], VOCABULARY.ranges["chord"]


def _nothing() -> Mask:
    return np.zeros(len(VOCABULARY), np.bool_)


def _pitches(low: int, high: int) -> Mask:
    mask = _nothing()
    mask[VOCABULARY.pitch(max(low, LOWEST_PITCH)) : VOCABULARY.pitch(min(high, HIGHEST_PITCH)) + 1] = True
    return mask


class StreamGrammar:
    """Free voices and chords over given bars, then the end id.

    voices: that may sound; chords: whether chords may stand. ranges: (low, high) by voice as the model reads pitches.
    speaking: the voice named last in the prompt, where the answer goes on in the prompt's stream. A chord opens the first
    bar where there are chords and no voices.
    """

    def __init__(
        self,
        bars: Sequence[GridBar],
        voices: Sequence[Voice],
        *,
        chords: bool,
        ranges: Mapping[Voice, tuple[int, int]] | None = None,
        speaking: Voice | None = None,
    ) -> None:
        self._bars, self._chords = bars, chords
        self._voices = tuple(voice for voice in VOICES if voice in voices)
        self._starts = np.cumsum([0, *(bar.steps for bar in bars)])
        self._in_range = {v: _pitches(*(ranges or {}).get(v, (LOWEST_PITCH, HIGHEST_PITCH))) for v in self._voices}
        self._speaking = speaking
        self._bar, self._step, self._rank = -1, -1, -1
        self._busy = dict.fromkeys(self._voices, 0)  # step from the start until which a voice sounds
        self._expects = "event"
        self._just_placed = False
        self._chord = -1
        self._lowest: int | None = None  # of the pitches that the accompaniment has at this moment

    @property
    def _now(self) -> int:
        return int(self._starts[self._bar]) + self._step

    def _free(self, voice: Voice, now: int) -> bool:
        return voice == "accompaniment" or self._busy[voice] <= now

    def allowed(self) -> Mask:
        """Return which ids may follow (V,)."""
        mask = _nothing()
        if self._expects == "pitch":
            assert self._speaking is not None
            mask |= self._in_range[self._speaking]
            if self._lowest is not None:
                mask[VOCABULARY.pitch(self._lowest) : _PITCH.stop] = False
        elif self._expects == "duration":
            left = int(self._starts[-1]) - self._now
            mask[[VOCABULARY.duration(steps) for steps in GOOD_DURATIONS if steps <= left]] = True
        elif self._bar < 0:
            mask[VOCABULARY.bar(self._bars[0].signature)] = True
        else:
            self._allow_events(mask)
        return mask

    def _allow_events(self, mask: Mask) -> None:
        if self._chords and self._just_placed:
            mask[_CHORD.start : _CHORD.stop] = True
            if self._chord >= 0:
                mask[self._chord] = False  # a chord that goes on is not named again
        self._allow_voices(mask)
        if self._just_placed:
            return
        if self._bar == 0 and self._step < 0 and self._chords and not self._voices:
            mask[VOCABULARY.position(self._bars[0].offset)] = True
            return
        self._allow_moving_on(mask)

    def _allow_voices(self, mask: Mask) -> None:
        """Let through voices that come after the one that spoke last at this moment, and its next pitch."""
        if self._step < 0:
            return
        for voice in self._voices:
            rank = VOICES.index(voice)
            if not self._free(voice, self._now) or rank < self._rank:
                continue
            if rank == self._rank:
                if voice == "accompaniment" and self._lowest is not None and self._lowest > self._floor(voice):
                    mask |= self._below(voice)
            elif voice == self._speaking:
                mask |= self._in_range[voice]
            else:
                mask[VOCABULARY.voice(voice)] = True

    def _floor(self, voice: Voice) -> int:
        return int(np.flatnonzero(self._in_range[voice])[0]) - _PITCH.start + LOWEST_PITCH

    def _below(self, voice: Voice) -> Mask:
        mask = self._in_range[voice].copy()
        assert self._lowest is not None
        mask[VOCABULARY.pitch(self._lowest) : _PITCH.stop] = False
        return mask

    def _allow_moving_on(self, mask: Mask) -> None:
        bar = self._bars[self._bar]
        earliest = self._step + 1
        if not self._chords:
            first_free = min((0 if v == "accompaniment" else self._busy[v] for v in self._voices), default=0)
            earliest = max(earliest, first_free - int(self._starts[self._bar]))
        steps = np.arange(earliest, bar.steps)
        good = steps[GOOD_STEPS[(steps + bar.offset) % 12]]
        mask[_POSITION.start + bar.offset + good] = True
        if self._bar + 1 < len(self._bars):
            mask[VOCABULARY.bar(self._bars[self._bar + 1].signature)] = True
        else:
            mask[VOCABULARY.end_id] = True

    def accept(self, chosen: int) -> bool:
        """Take the id that was chosen; return whether the answer is finished."""
        kind = VOCABULARY.kind(chosen)
        if kind == "bar":
            self._bar, self._step, self._rank = self._bar + 1, -1, -1
        elif kind == "position":
            self._step = VOCABULARY.value(chosen) - self._bars[self._bar].offset
            self._rank, self._lowest = -1, None
        elif kind == "chord":
            self._chord = chosen
        elif kind == "voice":
            self._speaking, self._lowest = VOICES[VOCABULARY.value(chosen)], None
        elif kind == "pitch":
            assert self._speaking is not None
            self._rank = VOICES.index(self._speaking)
            self._lowest = VOCABULARY.value(chosen) + LOWEST_PITCH if self._speaking == "accompaniment" else None
        elif kind == "duration":
            assert self._speaking is not None
            self._busy[self._speaking] = self._now + VOCABULARY.value(chosen) + 1
        self._just_placed = kind == "position"
        self._expects = {"voice": "pitch", "pitch": "duration"}.get(kind, "event")
        return chosen == VOCABULARY.end_id


class ForcedGrammar:
    """An answer that is given but for some places: each entry is the id that must stand there, or a mask of those that may."""

    def __init__(self, places: Sequence[int | Mask]) -> None:
        self._places, self._at = places, 0

    def allowed(self) -> Mask:
        """Return which ids may follow (V,)."""
        place = self._places[self._at]
        if not isinstance(place, int):
            return place
        mask = _nothing()
        mask[place] = True
        return mask

    def accept(self, chosen: int) -> bool:
        """Take the id that was chosen; return whether the answer is finished."""
        self._at += 1
        return self._at == len(self._places)


class RhythmGrammar:
    """One voice whose pitches are given by bar, in order; onsets and durations are free within the bar.

    pitches: by bar. kept: bars whose rhythm stays as it is: (step, duration) of each note, or None where it is free. The step of
    a free bar is a sixteenth or a triplet wherever its notes have room for that.
    """

    def __init__(
        self,
        bars: Sequence[GridBar],
        voice: Voice,
        pitches: Sequence[Sequence[int]],
        kept: Sequence[Sequence[tuple[int, int]] | None],
    ) -> None:
        self._bars, self._voice, self._pitches, self._kept = bars, voice, pitches, kept
        self._starts = np.cumsum([0, *(bar.steps for bar in bars)])
        self._bar, self._note, self._step = -1, 0, -1
        self._expects, self._named = "event", False

    def allowed(self) -> Mask:
        """Return which ids may follow (V,)."""
        mask = _nothing()
        if self._bar >= 0 and self._note < len(self._pitches[self._bar]):
            getattr(self, f"_allow_{self._expects}")(mask)
        elif self._bar + 1 < len(self._bars):
            mask[VOCABULARY.bar(self._bars[self._bar + 1].signature)] = True
        else:
            mask[VOCABULARY.end_id] = True
        return mask

    def _allow_event(self, mask: Mask) -> None:
        bar, kept = self._bars[self._bar], self._kept[self._bar]
        if kept is not None:
            mask[VOCABULARY.position(bar.offset + kept[self._note][0])] = True
            return
        waiting = len(self._pitches[self._bar]) - self._note
        for fine in (GOOD_STEPS, np.ones(12, np.bool_)):
            steps = np.arange(self._step + 1, bar.steps)
            steps = steps[fine[(steps + bar.offset) % 12]]
            if len(steps) >= waiting:
                mask[_POSITION.start + bar.offset + steps[: len(steps) - waiting + 1]] = True
                return

    def _allow_voice(self, mask: Mask) -> None:
        mask[VOCABULARY.voice(self._voice)] = True

    def _allow_pitch(self, mask: Mask) -> None:
        mask[VOCABULARY.pitch(self._pitches[self._bar][self._note])] = True

    def _allow_duration(self, mask: Mask) -> None:
        kept = self._kept[self._bar]
        if kept is not None:
            mask[VOCABULARY.duration(kept[self._note][1])] = True
            return
        left = int(self._starts[-1] - self._starts[self._bar]) - self._step
        mask[[VOCABULARY.duration(steps) for steps in GOOD_DURATIONS if steps <= left]] = True

    def accept(self, chosen: int) -> bool:
        """Take the id that was chosen; return whether the answer is finished."""
        kind = VOCABULARY.kind(chosen)
        if kind == "bar":
            self._bar, self._note, self._step = self._bar + 1, 0, -1
        elif kind == "position":
            self._step = VOCABULARY.value(chosen) - self._bars[self._bar].offset
            self._expects = "pitch" if self._named else "voice"
        elif kind == "voice":
            self._named, self._expects = True, "pitch"
        elif kind == "pitch":
            self._expects = "duration"
        elif kind == "duration":
            self._note, self._expects = self._note + 1, "event"
        return chosen == VOCABULARY.end_id
