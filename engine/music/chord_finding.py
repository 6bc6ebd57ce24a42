"""The chords of notes: which one every beat belongs to, and its bass. Does not know files, words or lead sheets' laws.

Every beat is scored against every chord by the tones that sound in it and by the bass; the likeliest way through all
beats (Viterbi) changes chords more readily at bar lines than inside a bar, and prefers chords of the key.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from engine.music.lead_sheet import ChordSpan
from engine.music.score import Score, TimeSignature
from engine.music.sounding import SILENT, Sounding, Ticks
from engine.music.theory import NO_CHORD, Chord, Key

# What each quality costs, in nats per chord: a passing note should not make a seventh chord.
QUALITY_COSTS = {
    "maj": 0.0, "m": 0.2, "7": 1.0, "m7": 1.6, "maj7": 2.0, "dim": 2.4, "dim7": 2.8, "m7b5": 2.8, "aug": 4.0, "sus4": 2.8,
}  # fmt: skip
CHORDS = tuple(Chord(root, quality) for quality in QUALITY_COSTS for root in range(12))
OUTSIDE = 0.06  # share of sounding time that is expected on tones outside the chord
SCALE_TONES = 4.0  # how much more of it on tones of the scale than on others
ROOT, FIFTH = 1.3, 1.26  # how much of a chord's time its root and fifth have, other tones having 1
TONES = 1.1  # nats that a beat of one sounding voice weighs
BASS_IS_ROOT, BASS_IS_TONE, BASS_IS_OUTSIDE = 0.0, -1.7, -1.75
FOREIGN_TONE = 0.3  # cost of each tone of a chord that is outside the key
# What each root costs by semitones above the tonic: tonic and dominant are the commonest, then the subdominants.
DEGREE_COSTS = (0.0, 2.1, 0.8, 1.4, 1.5, 0.7, 2.2, 0.1, 1.4, 1.0, 1.4, 2.1)
CHANGE = {"bar": 0.4, "half": 0.55, "beat": 1.0}  # cost of another chord, by where it begins
SILENCE = -0.2  # nats of a beat of silence, unless there is no chord: two bars of it are N.C.
SOUND_IN_SILENCE = -12.0
MOST_BEATS = 40_000  # more are told in longer steps
SLASH_SHARE = 0.6  # of a chord's beats that must have another bass than the root for it to be written
FEWEST_VOICES = 2  # that sound at once, on average, where there is a bass at all


@dataclass(frozen=True)
class Beats:
    """The beats of a score. bounds: ticks (B + 1,). strengths: "bar", "half" or "beat" of each."""

    bounds: Ticks
    strengths: tuple[str, ...]


def find_chords(score: Score, key: Key) -> tuple[ChordSpan, ...]:
    """Return the chords of a score from its start to its end, spelled in a key; "N.C." where nothing sounds for long."""
    beats = beats_of(score)
    sounding = Sounding.of_score(score)
    shares = sounding.shares(beats.bounds)  # (B, 12)
    basses = _basses(sounding, beats)  # (B,)
    path = _likeliest_path(_fits(shares, basses, beats, key), _priors(key), beats)
    starts = [0, *(beat for beat in range(1, len(path)) if path[beat] != path[beat - 1])]
    spans = []
    for start, end in zip(starts, [*starts[1:], len(path)], strict=True):
        onset = int(beats.bounds[start])
        symbol = _symbol(path[start], basses[start:end], key)
        spans.append(ChordSpan(onset, int(beats.bounds[end]) - onset, symbol))
    return tuple(spans)


def beats_of(score: Score) -> Beats:
    """Return the beats of all bars, through every time signature; those of 6/8, 9/8 and 12/8 are dotted quarters."""
    end = max(score.length_ticks, 1)
    changes = [*((c.onset_ticks, c.time_signature) for c in score.time_signatures), (end, None)]
    bounds: list[int] = []
    strengths: list[str] = []
    coarser = 1
    while _count(score, coarser) > MOST_BEATS:
        coarser *= 2
    for (onset, signature), (following, _) in pairwise(changes):
        if signature is None or onset >= min(following, end):
            continue
        beat, in_bar = _beat(signature)
        for number, at in enumerate(range(onset, min(following, end), beat * coarser)):
            place = number * coarser % in_bar
            bounds.append(at)
            strengths.append("bar" if not place else "half" if 2 * place == in_bar else "beat")
    return Beats(np.array([*bounds, end], dtype=np.int64), tuple(strengths))


def _beat(signature: TimeSignature) -> tuple[int, int]:
    """Return the ticks of a beat and how many a bar has."""
    if signature.numerator > 3 and signature.numerator % 3 == 0 and signature.denominator >= 8:
        return 3 * signature.beat_ticks, signature.numerator // 3
    return signature.beat_ticks, signature.numerator


def _count(score: Score, coarser: int) -> int:
    shortest = min(_beat(change.time_signature)[0] for change in score.time_signatures)
    return score.length_ticks // (shortest * coarser)


def _basses(sounding: Sounding, beats: Beats) -> Ticks:
    """Return the pitch class of the lowest note as each beat begins, SILENT without one, or where one voice is alone."""
    times = beats.bounds[:-1]
    voices = sounding.voices(times)
    if not len(sounding.onsets) or voices[voices > 0].sum() < FEWEST_VOICES * np.count_nonzero(voices):
        return np.full(len(times), SILENT, dtype=np.int64)
    lowest = sounding.lowest(times)
    return np.where(lowest == SILENT, SILENT, lowest % 12)


def _fits(shares: NDArray[np.float64], basses: Ticks, beats: Beats, key: Key) -> NDArray[np.float64]:
    """Return the nats of every beat under every chord, and, last, under none: (B, C + 1)."""
    lengths = np.diff(beats.bounds)[:, None]
    sounds = shares / lengths  # voices that sound each pitch class, on average
    amount = sounds.sum(axis=1, keepdims=True)
    # Many voices say little more than a few: they double each other.
    weighed = TONES * np.divide(sounds, np.sqrt(amount), out=np.zeros_like(sounds), where=amount > 0)
    fits = weighed @ np.log(_expected(key)).T + _bass_fits()[basses]
    silent = amount[:, 0] < 0.05
    fits[silent] = SILENCE
    none = np.where(silent, 0.0, SOUND_IN_SILENCE)
    return np.concatenate([fits, none[:, None]], axis=1)


def _expected(key: Key) -> NDArray[np.float64]:
    """Return the share of time that each chord gives each pitch class: (C, 12)."""
    expected = np.zeros((len(CHORDS), 12))
    for index, chord in enumerate(CHORDS):
        tones = chord.pitch_classes
        inside = np.zeros(12)
        for tone in tones:
            inside[tone] = ROOT if tone == chord.root else FIFTH if (tone - chord.root) % 12 == 7 else 1.0
        outside = np.array([SCALE_TONES if tone in key.scale else 1.0 for tone in range(12)])
        outside[list(tones)] = 0.0
        expected[index] = (1 - OUTSIDE) * inside / inside.sum() + OUTSIDE * outside / outside.sum()
    return expected


def _bass_fits() -> NDArray[np.float64]:
    """Return the nats of each bass under each chord, the last row for no bass: (13, C)."""
    fits = np.full((13, len(CHORDS)), BASS_IS_OUTSIDE)
    for index, chord in enumerate(CHORDS):
        fits[list(chord.pitch_classes), index] = BASS_IS_TONE
        fits[chord.root, index] = BASS_IS_ROOT
    fits[SILENT] = 0.0
    return fits


def _priors(key: Key) -> NDArray[np.float64]:
    """Return the nats of beginning each chord in a key, and none, last: (C + 1,)."""
    # In minor the leading tone is at home too, in the chords of the fifth and seventh degree.
    leading = (key.tonic + 11) % 12
    home = set(key.scale)
    priors = []
    for chord in CHORDS:
        at_home = home | {leading} if (chord.root - key.tonic) % 12 in (7, 11) else home
        foreign = len(set(chord.pitch_classes) - at_home)
        degree = DEGREE_COSTS[(chord.root - key.tonic) % 12]
        priors.append(-QUALITY_COSTS[chord.quality] - FOREIGN_TONE * foreign - degree)
    return np.array([*priors, 0.0])


def _likeliest_path(fits: NDArray[np.float64], priors: NDArray[np.float64], beats: Beats) -> list[int]:
    best = fits[0] + priors
    came_from = np.zeros(fits.shape, dtype=np.int16)
    states = np.arange(fits.shape[1])
    for beat in range(1, len(fits)):
        winner = int(best.argmax())
        changed = best[winner] - CHANGE[beats.strengths[beat]] + priors
        stays = best >= changed
        came_from[beat] = np.where(stays, states, winner)
        best = np.where(stays, best, changed) + fits[beat]
    path = [int(best.argmax())]
    for beat in range(len(fits) - 1, 0, -1):
        path.append(int(came_from[beat, path[-1]]))
    return path[::-1]


def _symbol(state: int, basses: Sequence[int] | Ticks, key: Key) -> str:
    """Return the symbol of a chord that holds for beats with these basses; a bass is named where it stays another."""
    if state == len(CHORDS):
        return NO_CHORD
    chord = CHORDS[state]
    heard = [int(bass) for bass in basses if bass != SILENT]
    if heard and heard[0] in chord.pitch_classes and heard.count(heard[0]) >= SLASH_SHARE * len(heard):
        chord = Chord(chord.root, chord.quality, heard[0])  # which is the plain chord where that is its root
    return chord.symbol_in(key)
