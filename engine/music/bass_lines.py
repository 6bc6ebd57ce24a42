"""The bass: its patterns, the way it walks, and how it leads from one chord to the next. Does not know the melody.

In patterns `R` is the root (or the bass that the symbol names), `F` the fifth, `T` the third, `O` the root an octave up, `A`
a step that leads to the next bass note, and `W` a note of a line that walks there.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from itertools import pairwise

from engine.music.arrangement import Arrangement, Played, in_order, named_for
from engine.music.dynamics import BASS_VELOCITIES, velocity
from engine.music.passages import FULL
from engine.music.patterns import BarPatterns
from engine.music.program_ranges import range_of
from engine.music.score import Note, Track
from engine.music.theory import Chord, nearest_pitch
from engine.music.tones import local_scale

BASS_RANGE = (28, 50)
_MIDDLE = 38
_MOST_STEP = 5  # semitones between two notes of a walking line
_WAYS_KEPT = 24  # of those that a walking line may take so far

BASS_PATTERNS: dict[str, BarPatterns] = {
    "long": {"4/4": "R-------", "3/4": "R-----", "6/8": "R-----", "2/4": "R---"},
    "lead": {"4/4": "R-----A-", "3/4": "R---A-", "6/8": "R---A-", "2/4": "R-A-"},
    "two": {"4/4": "R---F---", "3/4": "R---F-", "6/8": "R--F--", "2/4": "R-F-"},
    "two_lead": {"4/4": "R---F-A-", "3/4": "R-F-A-", "6/8": "R--F-A", "2/4": "R-A-"},
    "oom": {"4/4": "R-..F-..", "3/4": "R-..../F-....", "6/8": "R-.F-.", "2/4": "R-../F-.."},
    "oom_lead": {"4/4": "R-..F-A-", "3/4": "R-..../F-..A-", "6/8": "R-.F-A", "2/4": "R-../F-A-"},
    "quarters": {"4/4": "R-R-F-A-", "3/4": "R---A-", "6/8": "R--R-A", "2/4": "R-A-"},
    "eighths": {"4/4": "RRRRRRRA", "3/4": "RRRRRA", "6/8": "R-RR-A", "2/4": "RRRA"},
    "push": {"4/4": "R--RR-FA", "3/4": "R--RFA", "6/8": "R--R-A", "2/4": "R--A"},
    "walk": {"4/4": "W-W-W-W-", "3/4": "W-W-W-", "6/8": "W--W-W", "2/4": "W-W-"},
    "boogie": {"4/4": "R-T-F-A-", "3/4": "R-T-A-", "6/8": "R-TF-A", "2/4": "R-A-"},
    "bossa": {"4/4": "R--FF--R", "3/4": "R--FF-", "6/8": "R--F-F", "2/4": "R--FF--R"},
    "bossa_lead": {"4/4": "R--FF--A", "3/4": "R--FFA", "6/8": "R--F-A", "2/4": "R--FF--A"},
    "sub": {"4/4": "R---------R---../R-------....R-A-", "3/4": "R-------R-A-", "6/8": "R-----..R-A-", "2/4": "R-----A-"},
    "sub_two": {
        "4/4": "R-----R---F---A-/R-....RR-.R---A-", "3/4": "R-----R-F-A-", "6/8": "R-----F---A-", "2/4": "R--R--A-",
    },
    "pedal": {"4/4": "R-R-R-R-", "3/4": "R-R-R-", "6/8": "R--R--", "2/4": "R-R-"},
    "off_beat": {"4/4": "..R-..R-..R-..A-", "3/4": "..R-..R-..A-", "6/8": "..R-....A-..", "2/4": "..R-..A-"},
    "rolling": {"4/4": ".RRR.RRR.RRO.RRA", "3/4": ".RRR.RRO.RRA", "6/8": ".RRR.R.RRO.A", "2/4": ".RRO.RRA"},
}  # fmt: skip


def bass_track(song: Arrangement) -> Track:
    """Return the bass part; without notes where there is no chord."""
    return Track("Bass", song.band.bass_program, in_order(_notes(song)))


def bass_range(program: int) -> tuple[int, int]:
    """Return the lowest and highest pitch that a program plays as a bass, an octave and a half at least."""
    lowest, highest = range_of(program)
    low = max(BASS_RANGE[0], lowest)
    return low, min(max(BASS_RANGE[1], low + 16), highest)


def _notes(song: Arrangement) -> Iterator[Note]:
    rng = song.rng("bass")
    shift, limits, at = rng.randrange(4), bass_range(song.band.bass_program), _MIDDLE
    for bar in song.bars:
        names = song.band.full_bass if bar.passage.level >= FULL else song.band.quiet_bass
        name = named_for(names, bar, shift)
        assert name is not None, "every band has a bass"
        strokes = list(song.chord_strokes(bar, BASS_PATTERNS[name]))
        pitches = _bar_pitches(song, strokes, at, limits, rng)
        for (_, onset, end, stroke, begins), pitch in zip(strokes, pitches, strict=True):
            anchored = begins or onset == bar.onset_ticks
            played = song.band.groove.loose(onset, rng, on_time=anchored, late_ticks=song.band.groove.laid_back_ticks)
            loud = velocity(BASS_VELOCITIES[stroke.sign], bar.passage, onset, rng)
            yield Note(min(played, end - 1), pitch, max(1, end - min(played, end - 1)), loud)
        at = pitches[-1] if pitches else at
    if song.chords and (last := song.chords[-1]) is not None:
        pitch = nearest_pitch(last.bass_pitch_class, (at + _MIDDLE) // 2, *limits)
        yield from song.held((pitch,), velocity(BASS_VELOCITIES["R"], song.passages[-1], song.hold_ticks, rng))


def _bar_pitches(
    song: Arrangement, strokes: Sequence[Played], at: int, limits: tuple[int, int], rng: random.Random
) -> list[int]:
    """Return the pitches of a bar's strokes; at: the pitch before."""
    pitches: list[int] = []
    walked: list[int] = []
    for n, (index, onset, end, stroke, begins) in enumerate(strokes):
        chord, following = song.chords[index], _following(song, index)
        assert chord is not None, "`chord_strokes` leaves out where the band is silent"
        new = begins or n == 0 or strokes[n - 1][0] != index
        root = nearest_pitch(chord.bass_pitch_class, (2 * at + _MIDDLE) // 3, *limits)
        if stroke.sign == "W":
            if new:
                goal = following if _ends_here(song, strokes, index) else None
                walked = _walk(song, chord, goal, root, sum(1 for s in strokes[n:] if s[0] == index), limits, rng)
            pitch = walked.pop(0) if walked else root
        elif new and (stroke.sign not in "FA" or begins or onset == song.spans[index].onset_ticks):
            pitch = root
        elif stroke.sign == "A" and end >= song.span_end(index) and following is not None:
            pitch = _approach(song, chord, following, at, limits, rng)
        else:
            pitch = _chord_pitch(chord, stroke.sign, root, limits)
        pitches.append(pitch)
        at = pitch
    return pitches


def _ends_here(song: Arrangement, strokes: Sequence[Played], index: int) -> bool:
    """Tell whether a chord ends with the last of its strokes."""
    return max(end for other, _, end, _, _ in strokes if other == index) >= song.span_end(index)


def _following(song: Arrangement, index: int) -> Chord | None:
    return song.chords[index + 1] if index + 1 < len(song.chords) else None


def _chord_pitch(chord: Chord, sign: str, root: int, limits: tuple[int, int]) -> int:
    low, high = limits
    if sign == "O":
        return root + 12 if root + 12 <= high else root
    if sign in "FAT":
        tones = chord.pitch_classes
        wanted = tones[1] if sign == "T" else tones[min(2, len(tones) - 1)]
        return nearest_pitch(wanted, root + 3 if root <= _MIDDLE else root - 2, low, high)
    return root


def _approach(
    song: Arrangement, chord: Chord, following: Chord, at: int, limits: tuple[int, int], rng: random.Random
) -> int:
    """Return the note before the next chord's bass: a step of the scale, or a semitone, from the side of the line."""
    low, high = limits
    goal = nearest_pitch(following.bass_pitch_class, at, low, high)
    if following.bass_pitch_class == chord.bass_pitch_class:
        return nearest_pitch(chord.pitch_classes[min(2, len(chord.pitch_classes) - 1)], at, low, high)
    scale = local_scale(chord, song.key)
    sides = (-1, -2, 1, 2) if at <= goal else (1, 2, -1, -2)
    steps = [goal + side for side in sides if low <= goal + side <= high]
    inside = [pitch for pitch in steps if pitch % 12 in scale]
    nearest = [pitch for pitch in inside if (pitch < goal) == (at <= goal)] or inside or steps
    return min(nearest, key=lambda pitch: (abs(pitch - at), rng.random()))


def _walk(
    song: Arrangement, chord: Chord, following: Chord | None, root: int, many: int, limits: tuple[int, int],
    rng: random.Random,
) -> list[int]:  # fmt: skip
    """Return so many notes from the root on, the last a step from the next chord's bass, or from the root again.

    Of all ways of small steps it is the one with the fewest turns and repeated tones, and chord tones on every other beat.
    """
    if many == 1:
        return [root]
    low, high = limits
    goal_chord = chord if following is None else following
    scale, tones = local_scale(chord, song.key), frozenset(chord.pitch_classes)
    goals = [p for p in range(low, high + 1) if p % 12 == goal_chord.bass_pitch_class and abs(p - root) <= 12]
    ways = [[root]]
    for n in range(1, many):
        last = n == many - 1
        ways = [
            [*way, pitch]
            for way in ways
            for pitch in range(max(low, way[-1] - _MOST_STEP), min(high, way[-1] + _MOST_STEP) + 1)
            if pitch not in way and (pitch % 12 in scale) and (not last or any(1 <= abs(pitch - g) <= 2 for g in goals))
        ]
        ways = sorted(ways, key=lambda way: _roughness(way, tones) + 0.5 * rng.random())[:_WAYS_KEPT]
    return ways[0] if ways else [root] * many


def _roughness(way: Sequence[int], tones: frozenset[int]) -> float:
    """Return how far a line is from walking well."""
    steps = [b - a for a, b in pairwise(way)]
    turns = sum(1 for a, b in pairwise(steps) if (a > 0) != (b > 0))
    passing = sum(1 for pitch in way[2::2] if pitch % 12 not in tones)
    return 1.2 * turns + 1.5 * passing + sum(max(0, abs(step) - 4) for step in steps)
