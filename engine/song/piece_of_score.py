"""A score as the models of music read it: voices over bars, with the notes of the score that each comes from.

Does not know models or requests. Whoever edits puts what comes back into the score, whose ticks stay exact elsewhere.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from engine.errors import RequestError
from engine.music.bars import bars_of
from engine.music.heard import find_melody, heard_chords, heard_key
from engine.music.lead_sheet import ChordSpan
from engine.music.part_vocabulary import STEP_TICKS
from engine.music.piece import CHOIR, VOICES, Bar, Piece, Voice
from engine.music.score import Note, Score, Track
from engine.music.theory import Key
from engine.song.change_words import MELODY
from engine.song.making import SourceSong
from engine.song.parts import part_of

BARS_BEFORE, BARS_AFTER = 16, 8  # what a model is shown around the bars that it writes
SINGLE = 0.9  # share of a track's notes that begin alone, from which on it is one voice
HIGHEST_BASS = 55.0  # mean pitch up to which the lowest track is a bass, whatever it is called
_CHOIR_NAMES: dict[Voice, str] = {
    "soprano": r"soprano|s",
    "alto": r"alto|a",
    "tenor": r"tenor|t",
    "bass": r"bass|bass voice|b",
}


@dataclass(frozen=True)
class Moment:
    """Notes of a track that begin together, from low to high. The highest is the line's; the others go with it."""

    notes: tuple[Note, ...]

    @property
    def onset_ticks(self) -> int:
        return self.notes[0].onset_ticks

    @property
    def top(self) -> Note:
        return self.notes[-1]


def moments_of(track: Track) -> list[Moment]:
    """Return the notes of a track by their onsets, in order."""
    by_onset = groupby(sorted(track.notes), key=lambda note: note.onset_ticks)
    return [Moment(tuple(together)) for _, together in by_onset]


def is_single(track: Track) -> bool:
    """Return whether a track sounds one note at a time, or nearly so; not for a track without notes."""
    onsets = {note.onset_ticks for note in track.notes}
    return bool(onsets) and len(onsets) >= SINGLE * len(track.notes)


@dataclass(frozen=True)
class ScorePiece:
    """A piece and the score that it was taken from.

    tracks: which track each voice is. lead: the voice that is meant. moments: for each voice, by the onset that a note has
    in the piece. That is its own onset, but for notes so close before a bar line that a grid would take them over it.
    """

    score: Score
    piece: Piece
    tracks: Mapping[Voice, int]
    lead: Voice
    moments: Mapping[Voice, Mapping[int, Moment]]

    @property
    def key(self) -> Key:
        assert self.piece.key is not None, "a piece of a score has the key that is heard in it"
        return self.piece.key

    @property
    def lead_track(self) -> Track:
        return self.score.tracks[self.tracks[self.lead]]

    def span(self, bars: tuple[int, int]) -> tuple[int, int]:
        """Return where bars begin and end, in ticks."""
        return self.piece.bars[bars[0]].onset_ticks, self.piece.bars[bars[1]].end_ticks

    def around(self, bars: tuple[int, int]) -> tuple[Piece, tuple[int, int]]:
        """Return the bars with those around them, as a piece, and where they are in it."""
        first = max(0, bars[0] - BARS_BEFORE)
        inside = self.piece.bars[first : bars[1] + 1 + BARS_AFTER]
        start, end = inside[0].onset_ticks, inside[-1].end_ticks
        parts = {v: tuple(n for n in part if start <= n.onset_ticks < end) for v, part in self.piece.parts.items()}
        cut = replace(self.piece, bars=inside, parts=parts, chords=chords_between(self.piece.chords, start, end))
        return cut, (bars[0] - first, bars[1] - first)


def piece_of_source(source: SourceSong, named: str | None = None, *, split: bool = False) -> ScorePiece:
    """Return the music of a song or an upload as a piece.

    named: the track that is meant, by number or name; the melody if None. split: where no track sounds one note at a time,
    the highest notes of the highest track are the melody. RequestError where there is none, or none is called so.
    """
    score = source.score
    assert score is not None, "whoever edits music looks whether there is some"
    bars = bars_of(score)
    tracks, lead = _voices(source, score, named, split=split)
    parts: dict[Voice, tuple[Note, ...]] = {}
    moments: dict[Voice, Mapping[int, Moment]] = {}
    for voice in VOICES:
        if voice in tracks:
            parts[voice], moments[voice] = _line(score.tracks[tracks[voice]], bars)
    key = Key.parse(source.sheet.key_name) if source.sheet is not None else heard_key(score)
    chords = source.sheet.chords if source.sheet is not None else heard_chords(score, key, _usual_bar_ticks(bars))
    return ScorePiece(score, Piece(bars, parts, chords, key), tracks, lead, moments)


def chords_between(chords: Sequence[ChordSpan], start: int, end: int) -> tuple[ChordSpan, ...]:
    """Return the chords that sound between two ticks, cut there."""
    cut = []
    for chord in chords:
        onset, stop = max(chord.onset_ticks, start), min(chord.onset_ticks + chord.duration_ticks, end)
        if onset < stop:
            cut.append(ChordSpan(onset, stop - onset, chord.symbol))
    return tuple(cut)


def _voices(source: SourceSong, score: Score, named: str | None, *, split: bool) -> tuple[dict[Voice, int], Voice]:
    """Return which track each voice is, and which voice is meant."""
    chosen = None if named is None else find_melody(score, named, _called_melody(score))
    try:
        melody = _melody_of(source, score, split=split)
    except RequestError:
        if chosen is None:
            raise
        melody = chosen
    choir = _choir(score, melody)
    if choir:
        lead: Voice | None = next((voice for voice in CHOIR if choir[voice] == chosen), None)
        if chosen is None or lead is not None:
            return choir, lead or "soprano"
    bass = _bass(score, melody)
    if chosen is not None and chosen == bass:
        return {"melody": melody, "bass": bass}, "bass"
    melody = melody if chosen is None else chosen
    bass = _bass(score, melody)
    return ({"melody": melody} if bass is None else {"melody": melody, "bass": bass}), "melody"


def _melody_of(source: SourceSong, score: Score, *, split: bool) -> int:
    if source.sheet is not None:
        own = [n for n, track in enumerate(score.tracks) if track.name == MELODY and track.notes]
        if not own:
            raise RequestError(
                "the melody was left out of this song; go back to a version that has it, or name a track"
            )
        return own[0]
    try:
        return find_melody(score, None, _called_melody(score))
    except RequestError:
        pitched = [n for n, track in enumerate(score.tracks) if track.notes and not track.is_drum]
        if not split or not pitched:
            raise
        return max(pitched, key=lambda n: _mean_pitch(score.tracks[n]))


def _called_melody(score: Score) -> list[bool]:
    return [part_of(track) == "melody" for track in score.tracks]


def _choir(score: Score, melody: int) -> dict[Voice, int]:
    """Return the tracks of a choir of four by their names, the melody as its soprano if none is called so; else none."""
    found: dict[Voice, int] = {}
    for voice, names in _CHOIR_NAMES.items():
        called = [n for n, track in enumerate(score.tracks) if _is_called(track, names)]
        if len(called) > 1:
            return {}
        if called:
            found[voice] = called[0]
    found.setdefault("soprano", melody)
    whole = len(found) == len(CHOIR) and len(set(found.values())) == len(CHOIR)
    return found if whole and all(is_single(score.tracks[n]) for n in found.values()) else {}


def _is_called(track: Track, names: str) -> bool:
    return bool(track.notes) and not track.is_drum and re.fullmatch(names, track.name.strip().lower()) is not None


def _bass(score: Score, melody: int) -> int | None:
    """Return the lowest track that sounds one note at a time, if it is low or called a bass."""
    single = [n for n, t in enumerate(score.tracks) if n != melody and t.notes and not t.is_drum and is_single(t)]
    low = [n for n in single if part_of(score.tracks[n]) == "bass" or _mean_pitch(score.tracks[n]) <= HIGHEST_BASS]
    low = [n for n in low if _mean_pitch(score.tracks[n]) < _mean_pitch(score.tracks[melody])]
    return min(low, key=lambda n: _mean_pitch(score.tracks[n]), default=None)


def _mean_pitch(track: Track) -> float:
    return sum(note.pitch for note in track.notes) / len(track.notes)


def _usual_bar_ticks(bars: Sequence[Bar]) -> int:
    return max(bars, key=lambda bar: bar.duration_ticks).duration_ticks


def _line(track: Track, bars: Sequence[Bar]) -> tuple[tuple[Note, ...], dict[int, Moment]]:
    """Return a track as one voice, each note in the bar in which it begins, and which notes of the track each stands for."""
    starts = [bar.onset_ticks for bar in bars]
    line: list[Note] = []
    found: dict[int, Moment] = {}
    for moment in reversed(moments_of(track)):
        bar = bars[bisect_right(starts, moment.onset_ticks) - 1]
        onset = min(moment.onset_ticks, _last_onset(bar))
        end = moment.top.end_ticks
        if line:
            onset, end = min(onset, line[-1].onset_ticks - 1), min(end, line[-1].onset_ticks)
        onset = max(onset, bar.onset_ticks)
        line.append(Note(onset, moment.top.pitch, max(1, end - onset), moment.top.velocity))
        found[onset] = moment
    return tuple(reversed(line)), found


def _last_onset(bar: Bar) -> int:
    """Return the last tick that the models' grid does not round into the next bar."""
    steps = max(1, round(bar.duration_ticks / STEP_TICKS))
    return bar.onset_ticks + steps * STEP_TICKS - STEP_TICKS // 2 - 1
