"""The composer with a model that knows nothing: what it promises holds by construction, whatever the model prefers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from engine.contract import Sampling
from engine.errors import Cancelled, RequestError
from engine.music.composer import EventComposer
from engine.music.lead_sheet import ChordSpan
from engine.music.part_events import read_stream, stream
from engine.music.part_vocabulary import VOCABULARY
from engine.music.piece import CHOIR, Asked, Bar, Piece, Voice
from engine.music.piece_grid import to_grid, to_notes
from engine.music.score import Note, TimeSignature
from engine.music.theory import Chord, Key

WILD = Sampling(temperature=1.0, top_p=1.0)


class AnyMusic:
    """A model that finds some ids likelier than others, by what came last and no more."""

    vocab_size, context_length = len(VOCABULARY), 1024

    def __init__(self, seed: int = 0) -> None:
        self._logits = np.random.default_rng(seed).normal(0, 1, (self.vocab_size, self.vocab_size)).astype(np.float32)
        # Bars and ends come often enough for answers to end.
        for name in ("bar", "mark"):
            ids = [i for i in range(self.vocab_size) if VOCABULARY.kind(i) == name]
            self._logits[:, ids] += 2.0

    def new_memory(self, slots: int) -> list[list[int]]:
        return [[] for _ in range(slots)]

    def length(self, memory: list[list[int]], slot: int) -> int:
        return len(memory[slot])

    def extend(self, memory: list[list[int]], slot: int, ids: Sequence[int]) -> np.ndarray:
        memory[slot].extend(ids)
        return self._logits[memory[slot][-1]].copy()

    def step(self, memory: list[list[int]], slots: np.ndarray, ids: np.ndarray) -> np.ndarray:
        return np.stack([self.extend(memory, int(s), [int(i)]) for s, i in zip(slots, ids, strict=True)])

    def fork(self, memory: list[list[int]], source: int, targets: Sequence[int]) -> None:
        for target in targets:
            memory[target] = list(memory[source])

    def truncate(self, memory: list[list[int]], slot: int, length: int) -> None:
        del memory[slot][length:]


def bars_of(count: int, signature: str = "4/4", pickup: int = 0) -> tuple[Bar, ...]:
    whole = TimeSignature(*map(int, signature.split("/")))
    first = [Bar(0, pickup, whole)] if pickup else []
    return (*first, *(Bar(pickup + n * whole.bar_ticks, whole.bar_ticks, whole) for n in range(count)))


def tune(bars: Sequence[Bar], seed: int = 1, low: int = 60, high: int = 76, unit: int = 240) -> tuple[Note, ...]:
    rng = np.random.default_rng(seed)
    return tuple(
        Note(onset, int(rng.integers(low, high + 1)), unit, int(rng.integers(40, 100)))
        for bar in bars
        for onset in range(bar.onset_ticks, bar.end_ticks - unit + 1, unit)
        if rng.random() < 0.7 or onset == bar.onset_ticks
    )


def piece(count: int = 10, signature: str = "4/4", key: str = "D", pickup: int = 0) -> Piece:
    bars = bars_of(count, signature, pickup)
    symbols = ("D", "A7", "Bm", "G")
    chords = tuple(ChordSpan(b.onset_ticks, b.duration_ticks, symbols[n % 4]) for n, b in enumerate(bars))
    return Piece(bars, {"melody": tune(bars), "bass": tune(bars, 2, 38, 50, 480)}, chords, Key.parse(key))


@pytest.fixture(scope="module")
def composer() -> EventComposer:
    return EventComposer(AnyMusic(), "none")


ASKED = Asked(seed=3, sampling=WILD)


def assert_one_at_a_time(notes: Sequence[Note]) -> None:
    assert all(first.end_ticks <= second.onset_ticks for first, second in pairwise(sorted(notes)))


@pytest.mark.parametrize("signature", ["4/4", "3/4", "6/8", "7/8"])
@pytest.mark.parametrize("bars", [1, 4, 11])
def test_a_continuation_has_exactly_the_bars_asked_for(composer: EventComposer, signature: str, bars: int) -> None:
    given = piece(6, signature, pickup=240)
    more = composer.continue_piece(given, bars, ASKED)
    start, length = given.bars[-1].end_ticks, given.bars[-1].time_signature.bar_ticks
    assert [bar.onset_ticks for bar in more.bars] == [start + n * length for n in range(bars)]
    assert set(more.parts) == {"melody", "bass"}
    for notes in more.parts.values():
        assert_one_at_a_time(notes)
        assert all(start <= note.onset_ticks and note.end_ticks <= start + bars * length for note in notes)
    assert all(start <= span.onset_ticks < start + bars * length for span in more.chords)


def test_infilled_bars_lie_where_they_were_asked_for(composer: EventComposer) -> None:
    given = piece()
    filled = composer.infill(given, (3, 5), ASKED)
    start, end = given.bars[3].onset_ticks, given.bars[5].end_ticks
    for notes in filled.parts.values():
        assert_one_at_a_time(notes)
        assert all(start <= note.onset_ticks and note.end_ticks <= end for note in notes)


def test_chords_fill_the_bars(composer: EventComposer) -> None:
    given = replace(piece(12), chords=())
    found = composer.chords_for(given, (2, 11), ASKED)
    assert found[0].onset_ticks == given.bars[2].onset_ticks
    assert all(a.onset_ticks + a.duration_ticks == b.onset_ticks for a, b in pairwise(found))
    assert found[-1].onset_ticks + found[-1].duration_ticks == given.bars[11].end_ticks
    assert all(a.symbol != b.symbol for a, b in pairwise(found))
    assert all(span.symbol == "N.C." or Chord.parse(span.symbol) for span in found)


def test_voices_sing_in_their_ranges(composer: EventComposer) -> None:
    found = composer.voices_for(piece(9), (0, 8), ASKED)
    assert set(found) == {"alto", "tenor", "bass"}
    for voice, (low, high) in {"alto": (53, 77), "tenor": (46, 69), "bass": (36, 64)}.items():
        assert_one_at_a_time(found[voice])  # type: ignore[index]
        assert all(low <= note.pitch <= high for note in found[voice])  # type: ignore[index]


def test_a_new_melody_stays_in_the_range_asked_for(composer: EventComposer) -> None:
    given = piece(10)
    found = composer.melody_for(given, (1, 9), replace(ASKED, low=62, high=70))
    assert found
    assert_one_at_a_time(found)
    assert all(62 <= note.pitch <= 70 for note in found)
    assert all(given.bars[1].onset_ticks <= note.onset_ticks < given.bars[9].end_ticks for note in found)


@pytest.mark.parametrize("amount", [0.3, 1.0])
def test_other_pitches_keep_every_onset_duration_and_velocity(composer: EventComposer, amount: float) -> None:
    given = piece(10)
    inside = [n for n in given.parts["melody"] if given.bars[2].onset_ticks <= n.onset_ticks < given.bars[8].end_ticks]
    found = composer.other_pitches(given, "melody", (2, 8), replace(ASKED, amount=amount, low=55, high=80))
    assert [(n.onset_ticks, n.duration_ticks, n.velocity) for n in found] == [
        (n.onset_ticks, n.duration_ticks, n.velocity) for n in inside
    ]
    same = sum(a.pitch == b.pitch for a, b in zip(inside, found, strict=True)) / len(inside)
    assert same < 0.4 if amount == 1.0 else same > 0.5
    assert all(55 <= n.pitch <= 80 for n, was in zip(found, inside, strict=True) if n.pitch != was.pitch)


def test_another_rhythm_keeps_the_order_of_pitches_within_each_bar(composer: EventComposer) -> None:
    given = piece(10)
    found = composer.other_rhythm(given, "melody", (2, 8), ASKED)
    for bar in given.bars[2:9]:
        before, after = (
            [n.pitch for n in notes if bar.onset_ticks <= n.onset_ticks < bar.end_ticks]
            for notes in (given.parts["melody"], found)
        )
        assert before == after
    assert_one_at_a_time(found)
    assert {n.onset_ticks for n in found} != {n.onset_ticks for n in given.parts["melody"]}


def test_the_same_seed_writes_the_same(composer: EventComposer) -> None:
    assert composer.infill(piece(), (3, 5), ASKED) == composer.infill(piece(), (3, 5), ASKED)
    assert composer.infill(piece(), (3, 5), ASKED) != composer.infill(piece(), (3, 5), replace(ASKED, seed=4))


def test_cancelling_stops_it(composer: EventComposer) -> None:
    with pytest.raises(Cancelled):
        composer.infill(piece(), (3, 5), replace(ASKED, cancelled=lambda: True))


def test_what_is_missing_is_said(composer: EventComposer) -> None:
    with pytest.raises(RequestError, match="no chords"):
        composer.melody_for(replace(piece(), chords=()), (0, 3), ASKED)
    with pytest.raises(RequestError, match="no melody"):
        composer.chords_for(replace(piece(), parts={"accompaniment": piece().parts["bass"]}), (0, 3), ASKED)


@pytest.mark.parametrize("amount", [0.1, 0.5])
def test_just_so_many_pitches_change_as_were_asked_for(composer: EventComposer, amount: float) -> None:
    given = piece(8)
    found = composer.other_pitches(given, "melody", (0, 7), replace(ASKED, amount=amount))
    changed = sum(a.pitch != b.pitch for a, b in zip(given.parts["melody"], found, strict=True))
    assert changed == max(1, round(amount * len(found)))


@pytest.mark.parametrize(("last", "symbol"), [(62, "D"), (66, "D"), (64, None)])
def test_chords_end_at_home_where_the_melody_does(composer: EventComposer, last: int, symbol: str | None) -> None:
    given = piece(8)
    melody = (*given.parts["melody"], Note(given.bars[-1].end_ticks - 120, last, 120))
    found = composer.chords_for(replace(given, parts={"melody": melody}, chords=()), (0, 7), ASKED)
    assert symbol is None or found[-1].symbol == symbol
    assert found[-1].onset_ticks + found[-1].duration_ticks == given.bars[-1].end_ticks


def test_a_pickup_written_as_a_bar_of_its_own_leads_into_the_first() -> None:
    waltz = TimeSignature(3, 4)
    bars = (Bar(0, 480, TimeSignature(1, 4)), *(Bar(480 + 1440 * n, 1440, waltz) for n in range(4)))
    grid = to_grid(Piece(bars, {"melody": tune(bars)}, (), Key.parse("G")))
    assert (grid.bars[0].signature, grid.bars[0].offset) == ("3/4", 24)


@pytest.mark.parametrize("key", ["C", "Eb", "F#m", "Am", "B"])
def test_a_piece_on_the_grid_comes_back_in_its_own_key(key: str) -> None:
    given = piece(6, "3/4", key, pickup=480)
    grid = to_grid(given)
    for voice in ("melody", "bass"):
        assert to_notes(grid.notes[voice], grid.bars, grid.semitones, single=True) == given.parts[voice]


def test_a_stream_reads_back_as_it_was_written() -> None:
    bars = bars_of(6, "3/4", pickup=480)
    ranges: dict[Voice, tuple[int, int]] = {"soprano": (60, 79), "alto": (55, 74), "tenor": (48, 67), "bass": (40, 60)}
    parts = {voice: tune(bars, n, *ranges[voice]) for n, voice in enumerate(CHOIR)}
    grid = to_grid(Piece(bars, parts, piece(6, "3/4", "Bm", 480).chords, Key.parse("Bm")))
    told = read_stream(stream(grid, range(len(bars)), grid.voices, chords=True), grid.bars)
    plain = {v: [[(n.step, n.pitch, n.duration) for n in bar] for bar in part] for v, part in grid.notes.items()}
    assert {
        v: [[(n.step, n.pitch, n.duration) for n in bar] for bar in part] for v, part in told.notes.items()
    } == plain
    assert told.chords == grid.chords
