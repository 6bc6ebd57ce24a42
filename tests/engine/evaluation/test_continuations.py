"""Continuations beside people's bars: what is given and compared, with a composer that repeats and one that knows nothing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import pytest

from engine.contract import Sampling
from engine.corpus.music_pieces import Work
from engine.errors import RequestError
from engine.evaluation.continuations import (
    Comparison,
    compare,
    compare_by_style,
    count_inside,
    openings,
    write_continuations,
)
from engine.music.composer import EventComposer
from engine.music.lead_sheet import ChordSpan
from engine.music.piece import Asked, Piece
from engine.music.score import Note, TimeSignature
from tests.engine.music.test_composer import AnyMusic, bars_of, piece, tune

WILD = Sampling(temperature=1.0, top_p=1.0)


def work(name: str, music: Piece, style: str = "song") -> Work:
    return Work(name, style, "test", music)


class Peeking:
    """A composer that writes what people wrote there, by what it is given; and keeps how it was asked."""

    version = "peeking"

    def __init__(self, works: Sequence[Work]) -> None:
        self.wholes = {w.piece.parts["melody"][:8]: w.piece for w in works}
        self.asked: list[Asked] = []

    def continue_piece(self, given: Piece, bars: int, asked: Asked) -> Piece:
        self.asked.append(asked)
        whole, start = self.wholes[given.parts["melody"][:8]], given.bars[-1].end_ticks
        following = tuple(bar for bar in whole.bars if bar.onset_ticks >= start)[:bars]
        end = following[-1].end_ticks
        notes = {voice: tuple(n for n in part if start <= n.onset_ticks < end) for voice, part in whole.parts.items()}
        return Piece(following, notes, tuple(c for c in whole.chords if start <= c.onset_ticks < end), whole.key)


class Refusing:
    version = "refusing"

    def continue_piece(self, given: Piece, bars: int, asked: Asked) -> Piece:
        raise RequestError("these bars hold too many notes; name fewer bars, or a track with fewer notes")


@pytest.mark.parametrize("pickup", [0, 240])
def test_eight_whole_bars_are_given_and_the_next_eight_compared(pickup: int) -> None:
    music = piece(20, "3/4", pickup=pickup)
    (opening,) = openings([work("a", music)])
    end = pickup + 8 * TimeSignature(3, 4).bar_ticks
    assert opening.given.bars == music.bars[: 8 + (pickup > 0)]
    assert all(note.end_ticks <= end for part in opening.given.parts.values() for note in part)
    assert opening.followed_by.bars == 8
    assert opening.followed_by.notes[0].onset_ticks == opening.followed_by.chords[0].onset_ticks == 0
    people = sum(end <= n.onset_ticks < 2 * end - pickup for part in music.parts.values() for n in part)
    assert len(opening.followed_by.notes) == people


def test_works_that_cannot_be_compared_are_left_out() -> None:
    music = piece(20)
    halves = [replace(bar, time_signature=TimeSignature(2, 2)) for bar in music.bars[10:]]
    changing = replace(music, bars=(*music.bars[:10], *halves))
    late = {voice: tuple(n for n in part if n.onset_ticks >= 8 * 1920) for voice, part in music.parts.items()}
    left_out = [
        Work("train", "song", "train", music),
        work("short", piece(15)),
        work("changing", changing),
        work("late", replace(music, parts=late)),
    ]
    assert openings(left_out) == []
    with pytest.raises(RequestError, match="16 whole bars"):
        list(write_continuations(Refusing(), [], 3))  # type: ignore[arg-type]  # goes on, and no more


def test_a_note_held_over_the_border_is_on_neither_side() -> None:
    border = 8 * 1920
    held = (Note(0, 60, 480), Note(border - 480, 62, 960), Note(border + 480, 64, 480))
    (opening,) = openings([work("a", Piece(bars_of(16), {"melody": held}))])
    assert opening.given.parts["melody"][-1] == Note(border - 480, 62, 480)
    assert opening.followed_by.notes == (Note(480, 64, 480),)


def test_who_writes_what_people_wrote_is_where_people_are() -> None:
    tunes = [tune(bars_of(16), seed) for seed in range(3)]
    works = [work(str(n), Piece(bars_of(16), {"melody": notes}, piece(16).chords)) for n, notes in enumerate(tunes)]
    composer = Peeking(works)
    found = compare(list(write_continuations(composer, openings(works), 6, sampling=WILD)))  # type: ignore[arg-type]
    assert [asked.seed for asked in composer.asked] == [0, 1, 2, 3, 4, 5]
    assert {asked.sampling for asked in composer.asked} == {WILD}
    assert all(figure.ours == pytest.approx(figure.people) for figure in found.values())
    assert count_inside(found) == 6


def test_the_chord_that_was_given_last_holds_until_one_is_written() -> None:
    border = 8 * 1920
    melody = tuple(Note(n * 1920, 60, 480) for n in range(16))
    chords = (ChordSpan(0, border, "C"), ChordSpan(border + 1920, 7 * 1920, "D"))
    (opening,) = openings([work("a", Piece(bars_of(16), {"melody": melody}, chords))])
    (made,) = write_continuations(Peeking([opening.work]), [opening], 1)  # type: ignore[arg-type]
    assert made.written is not None
    assert made.written.chords == (ChordSpan(0, 1920, "C"), ChordSpan(1920, 7 * 1920, "D"))


def test_a_refusal_is_kept_and_compared_with_nothing() -> None:
    made = list(write_continuations(Refusing(), openings([work("a", piece(16))]), 2))  # type: ignore[arg-type]
    assert [continuation.written for continuation in made] == [None, None]
    found = compare(made)
    assert all(math.isnan(figure.ours) and figure.is_inside is None for figure in found.values())
    assert count_inside(found) == 0


def test_quartiles_are_inside() -> None:
    assert Comparison(1.0, 1.0, 2.0, 3.0).is_inside
    assert Comparison(3.0, 1.0, 2.0, 3.0).is_inside
    assert Comparison(3.1, 1.0, 2.0, 3.0).is_inside is False


def test_a_model_that_knows_nothing_is_measured_and_found_outside() -> None:
    works = [work("0", piece(18, "4/4", pickup=240)), work("1", piece(18, "3/4", pickup=240), "hymn")]
    composer = EventComposer(AnyMusic(), "none")
    made = list(write_continuations(composer, openings(works), 4, sampling=WILD))
    assert [continuation.opening.work.id for continuation in made] == ["0", "0", "1", "1"]
    assert all(c.written is not None and c.written.bars == 8 and c.written.notes for c in made)
    found = compare_by_style(made)
    assert list(found) == ["all", "song", "hymn"]
    assert not any(math.isnan(figure.ours) for figure in found["all"].values())
    assert count_inside(found["all"]) < 4
