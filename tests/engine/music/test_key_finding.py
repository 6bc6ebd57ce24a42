"""Laws of key finding: transposition, order and length change nothing; then keys a musician would hear."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.music.key_finding import KEYS, key_of_notes, key_of_score, key_spans
from engine.music.score import Note, Score, Track
from engine.music.sounding import SILENT, Sounding
from engine.music.theory import Key

BAR = 1920
notes = st.lists(
    st.builds(Note, st.integers(0, 4000), st.integers(40, 80), st.integers(1, 900)), min_size=1, max_size=40
)


def score_of(*rows: list[Note]) -> Score:
    tracks = tuple(Track("", 0, tuple(sorted(row))) for row in rows)
    return Score(tracks, max((note.end_ticks for row in rows for note in row), default=BAR))


def melody(text: str, start: int = 0) -> list[Note]:
    """Return quarters of letters from C4 up, "-" a quarter longer, "." a rest."""
    found: list[Note] = []
    for place, letter in enumerate(text.replace(" ", "")):
        if letter == "-":
            found[-1] = replace(found[-1], duration_ticks=found[-1].duration_ticks + 480)
        elif letter != ".":
            pitch = {"c": 60, "d": 62, "e": 64, "f": 65, "g": 67, "a": 69, "b": 71, "G": 68, "F": 66}[letter]
            found.append(Note(start + 480 * place, pitch, 480))
    return found


@given(notes, st.integers(-12, 12))
def test_a_key_moves_with_its_notes(found: list[Note], semitones: int) -> None:
    moved = [replace(note, pitch=note.pitch + semitones) for note in found]
    key = key_of_notes(found)
    assert key_of_notes(moved) == Key((key.tonic + semitones) % 12, key.mode)


@given(notes, st.randoms(), st.integers(2, 5))
def test_neither_order_nor_tempo_nor_drums_matter(found: list[Note], random: object, factor: int) -> None:
    shuffled = list(found)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    slower = [
        replace(note, onset_ticks=factor * note.onset_ticks, duration_ticks=factor * note.duration_ticks)
        for note in shuffled
    ]
    assert key_of_notes(found) == key_of_notes(shuffled) == key_of_notes(slower)
    drums = Track("drums", 0, tuple(Note(480 * n, 37, 240) for n in range(50)), is_drum=True)
    score = score_of(found)
    assert key_of_score(replace(score, tracks=(drums, *score.tracks))) == key_of_score(score)


@given(notes, st.sampled_from([240, 480, BAR]))
def test_spans_fill_the_score_and_change_from_one_to_the_next(found: list[Note], step: int) -> None:
    score = score_of(found)
    spans = key_spans(score, step)
    assert [span.onset_ticks for span in spans[1:]] == [s.onset_ticks + s.duration_ticks for s in spans[:-1]]
    assert (spans[0].onset_ticks, sum(span.duration_ticks for span in spans)) == (0, score.length_ticks)
    assert all(a.key != b.key for a, b in itertools.pairwise(spans))


@given(notes, st.lists(st.integers(0, 6000), min_size=2, max_size=9, unique=True))
def test_what_sounds_is_counted_as_by_hand(found: list[Note], times: list[int]) -> None:
    bounds = np.array(sorted(times), dtype=np.int64)
    sounding = Sounding.of(found)
    by_hand = np.zeros((len(bounds) - 1, 12))
    for row, (start, end) in enumerate(itertools.pairwise(bounds)):
        for note in found:
            by_hand[row, note.pitch % 12] += max(0, min(end, note.end_ticks) - max(start, note.onset_ticks))
    assert np.array_equal(sounding.shares(bounds), by_hand)
    for time, lowest, voices in zip(bounds, sounding.lowest(bounds), sounding.voices(bounds), strict=True):
        at = [note.pitch for note in found if note.onset_ticks <= time < note.end_ticks]
        assert (lowest, voices) == (min(at, default=SILENT), len(at))


@pytest.mark.parametrize(
    ("tune", "key"),
    [("c d e f g a b g c--- ", "C major"), ("a b c d e-G- a---", "A minor"), ("d e F g a-F- d---", "D major"),
     ("g a b c d-b- c a F d g---", "G major"), ("e F g a b-g- F e d F e---", "E minor"), ("", "C major")],
)  # fmt: skip
def test_tunes_are_heard_in_their_keys(tune: str, key: str) -> None:
    assert str(key_of_notes(melody(tune))) == key


def test_a_modulation_is_heard_where_it_happens_and_a_passing_note_is_none() -> None:
    home = melody("c e g c e d c- f a g f e d c- " * 3)
    away = [replace(note, pitch=note.pitch + 4) for note in home]
    there = score_of(home + [replace(note, onset_ticks=note.onset_ticks + 12 * BAR) for note in away])
    spans = key_spans(there, BAR)
    assert [str(span.key) for span in spans] == ["C major", "E major"]
    assert abs(spans[1].onset_ticks - 12 * BAR) <= BAR
    assert [str(span.key) for span in key_spans(score_of(melody("c e g c e F g- f a g f e d c- " * 3)), BAR)] == [
        "C major"
    ]
    assert len(KEYS) == 24
