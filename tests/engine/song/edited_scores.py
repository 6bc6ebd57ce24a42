"""Scores of all kinds for edits, and edits that are looked at afterwards. Knows nothing of what is promised."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from engine.contract import Request
from engine.evaluation.edit_exactness import Edit, broken
from engine.music.bars import bar_range, bar_spans, first_bar
from engine.music.midi_file import midi_to_score, score_to_midi
from engine.music.score import LyricEvent, Note, Score, TempoChange, TimeSignature, TimeSignatureChange, Track
from engine.song.making import MadeSong, Making, SourceSong
from engine.song.piece_of_score import piece_of_source
from engine.verbs import carry_out
from tests.scale_composer import ScaleComposer

SIGNATURES = ("4/4", "3/4", "6/8", "2/4", "5/4", "7/8")
SYLLABLES = ("la", "lo-", "li")


@dataclass(frozen=True)
class ComposerAlone:
    """The models of an edit that needs no words."""

    lyrics: Any = None
    melody: Any = None
    chinese: Any = None
    music: Any = field(default_factory=ScaleComposer)


def signature(name: str) -> TimeSignature:
    return TimeSignature(*map(int, name.split("/")))


@st.composite
def tracks(draw: st.DrawFn, name: str, program: int, length: int, pitches: tuple[int, int], *, chords: bool) -> Track:
    """A track whose notes may be off the grid, overlap, and sound over bar lines."""
    notes, onset = list[Note](), draw(st.integers(0, 700))
    while onset < length - 1 and len(notes) < 60:
        for pitch in draw(st.sets(st.integers(*pitches), min_size=1, max_size=3 if chords else 1)):
            duration = min(draw(st.sampled_from((60, 119, 240, 470, 480, 1100, 2500))), length - onset)
            notes.append(Note(onset, pitch, duration, draw(st.integers(30, 110))))
        onset += draw(st.sampled_from((1, 7, 120, 233, 240, 320, 480, 480, 961)))
    words = tuple(LyricEvent(n.onset_ticks, SYLLABLES[i % 3]) for i, n in enumerate(notes)) if name == "Vocals" else ()
    return Track(name, program, tuple(sorted(notes)), lyrics=words)


@st.composite
def scores(draw: st.DrawFn, *, steady: bool = False) -> Score:
    """A score as a file has it: a melody, sung or not, perhaps with chords, a bass, drums, a pickup, and other meters."""
    name = draw(st.sampled_from(SIGNATURES[:4] if steady else SIGNATURES))
    bar = signature(name).bar_ticks
    pickup = 0 if steady else draw(st.sampled_from((0, 0, 480, 481)))
    length = pickup + bar * draw(st.integers(3, 6)) - draw(st.sampled_from((0, 0, 100)))
    found = [draw(tracks(draw(st.sampled_from(("Vocals", "Flute"))), 73, length, (60, 79), chords=False))]
    if draw(st.booleans()):
        found.append(draw(tracks("Piano", 0, length, (50, 72), chords=True)))
    if draw(st.booleans()):
        found.append(draw(tracks("Bass", 33, length, (30, 48), chords=False)))
    if draw(st.booleans()):
        hits = tuple(Note(onset, 36, 60) for onset in range(0, length - 60, 480))
        found.append(Track("Drums", 0, hits, is_drum=True))
    changes = [TimeSignatureChange(0, signature(name))]
    if pickup:
        changes = [TimeSignatureChange(0, signature("1/4")), TimeSignatureChange(pickup, signature(name))]
    elif not steady and draw(st.booleans()):
        changes.append(TimeSignatureChange(bar * 2, signature("3/4")))
    return midi_to_score(score_to_midi(Score(tuple(found), length, (TempoChange(0, 97.0),), tuple(changes))))


@st.composite
def ranges(draw: st.DrawFn, score: Score) -> str:
    """Some of the bars in which the melody begins a note."""
    starts = [note.onset_ticks for note in score.tracks[0].notes]
    spans = bar_spans(score)
    sounding = [n for n, (start, end) in enumerate(spans) if any(start <= onset < end for onset in starts)]
    first = draw(st.sampled_from(sounding))
    last = draw(st.integers(first, len(spans) - 1))
    return bar_text(score, first, last)


def bar_text(score: Score, first: int, last: int) -> str:
    """Return what people type for bars by their index."""
    return f"{first + first_bar(score)}-{last + first_bar(score)}"


def edit(request: Request, source: SourceSong, models: Any = None, seed: int = 3) -> MadeSong:
    """Carry out an edit, with the MIDI file alone."""
    models = ComposerAlone() if models is None else models
    return carry_out(request, Making(seed=seed, models=models, source=source, outputs=("mid",)))


def upload(score: Score) -> SourceSong:
    return SourceSong("an upload", "", score)


def broken_laws(
    kind: str, source: SourceSong, made: MadeSong, bars: str | None, track: str | None = None
) -> Sequence[str]:
    """Return what the edit changed without naming it, in the score and in the file that is sent."""
    score, after = source.score, made.score
    assert score is not None
    assert after is not None
    told = piece_of_source(source, track, split=True)
    spans = bar_spans(score)
    first, last = bar_range(bars or "", score)
    start, end = spans[first][0], spans[last][1]
    lead = told.tracks[told.lead]
    found = broken(Edit(kind, score, after, lead, start, end, alone=track is not None))
    written = midi_to_score(made.artifacts[0].data)
    if midi_to_score(score_to_midi(score)) == score and all(t.notes for t in after.tracks):
        found += [f"in the file: {b}" for b in broken(Edit(kind, score, written, lead, start, end, track is not None))]
    return found
