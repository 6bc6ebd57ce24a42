"""The least misplacement that a line's time allows is found, and a strict line never costs more."""

from __future__ import annotations

import itertools
from statistics import median

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.music.melody_tokens import STEP_TICKS
from engine.music.score import TimeSignature
from engine.song.alignment import breath_after, metric_weight
from engine.song.line_frame import MELISMA, ChordFrame, LineFrame, SyllableFrame, melismas_of, with_melismas
from engine.song.melody_grammar import LineGrammar
from engine.song.placement import IMPOSSIBLE, LONGEST_REST_STEPS, Placement, pace_of

SIGNATURES = st.sampled_from([TimeSignature(4, 4), TimeSignature(3, 4), TimeSignature(6, 8), TimeSignature(2, 4)])
WORDS = st.sampled_from([((1, "single"),), ((0, "single"),), ((1, "begin"), (0, "end")), ((0, "begin"), (1, "end"))])
C_MAJOR = frozenset({0, 2, 4, 5, 7, 9, 11})


@st.composite
def verses(draw: st.DrawFn, most_words: int = 6) -> list[SyllableFrame]:
    words = draw(st.lists(WORDS, min_size=1, max_size=most_words))
    return [SyllableFrame(stress, position) for word in words for stress, position in word]  # type: ignore[arg-type]


def least_by_trying(found: Placement, rests: range) -> int:
    """Return the least cost of all ways to sing the line, tried one by one."""

    def tried(n: int, at: int, before: tuple[int, int] | None, long: int) -> int:
        best = IMPOSSIBLE
        for onset in range(at, found.end, found.unit) if n == 0 else [at + rest for rest in rests]:
            if (n and found.joined[n] and onset > at) or onset >= found.end:
                continue
            cost = found.cost_at(n, onset) + (found.join_cost(n, *before, onset) if before else 0)
            if n == found.count - 1:
                best = min(best, cost if found.end - onset >= found.last_steps else IMPOSSIBLE)
                continue
            for duration in found.durations:
                longer = long + (duration > found.last_steps)
                if longer <= found.most_long and onset + duration <= found.end:
                    best = min(best, cost + tried(n + 1, onset + duration, (onset, onset + duration), longer))
        return best

    return tried(0, found.start, None, 0)


@settings(max_examples=25, deadline=None)
@given(verses(2), SIGNATURES, st.sampled_from([36, 42]), st.sampled_from([6, 12, 18]))
def test_the_least_cost_is_that_of_the_best_of_all_ways(
    line: list[SyllableFrame], signature: TimeSignature, steps: int, last: int
) -> None:
    found = Placement([line], 0, steps, signature, 6, last)
    wanted = least_by_trying(found, range(0, LONGEST_REST_STEPS + 1, 6))
    within_reach = signature.bar_ticks // STEP_TICKS >= steps
    assert found.least() == wanted if within_reach else found.least() >= wanted


def frame_of(lines: list[list[SyllableFrame]], signature: TimeSignature, *, colours: bool = False) -> LineFrame:
    bars = 4 if signature.numerator in (2, 3) else 2
    end = bars * signature.bar_ticks // STEP_TICKS
    chord = ChordFrame(None, frozenset({0, 4, 7}))
    return LineFrame(
        tuple(lines[0]), 0, end - 6, end, signature, 60, 72, C_MAJOR, 0, lambda step: chord, 1,
        also_sung=tuple(map(tuple, lines[1:])), colours=colours,
    )  # fmt: skip


def sing(grammar: LineGrammar, seed: int) -> LineGrammar:
    """Return the grammar after a line of ids chosen blindly among those that it lets through."""
    rng = np.random.default_rng(seed)
    while not grammar.accept(int(rng.choice(np.flatnonzero(grammar.allowed())))):
        pass
    return grammar


@settings(max_examples=60, deadline=None)
@given(verses(), SIGNATURES, st.integers(0, 9), st.integers(0, 2), st.sampled_from([0, 3, 12]), st.booleans())
def test_a_line_is_never_stuck_and_costs_no_more_than_it_may(
    line: list[SyllableFrame], signature: TimeSignature, seed: int, choice: int, slack: int, colours: bool
) -> None:
    frame = frame_of([line], signature, colours=colours)
    melismas = frozenset({0}) if seed % 2 and 2 < len(line) < 9 else frozenset[int]()
    grammar = sing(LineGrammar(frame, slack=slack, choice=choice, melismas=melismas), seed)
    notes = grammar.notes
    assert melismas_of(notes) == melismas
    assert grammar.spent <= grammar.least + slack
    assert notes[-1].duration >= median(note.duration for note in notes[:-1] or notes)
    for before, after in itertools.pairwise(notes):
        assert after.onset == before.end or after.word_position in ("single", "begin")
        assert after.word_position != "melisma" or after.pitch != before.pitch


def test_long_words_lie_on_the_beat_where_there_is_room() -> None:
    line = [SyllableFrame(n % 2, "end" if n % 2 else "begin") for n in range(6)]  # "alone" three times
    signature = TimeSignature(4, 4)
    for seed in range(5):
        notes = sing(LineGrammar(frame_of([line], signature)), seed).notes
        weights = [metric_weight(note.onset * STEP_TICKS, signature) for note in notes]
        assert min(weights[1::2]) >= 2
        assert max(weights[::2]) <= 1


def test_a_verse_sung_to_the_same_notes_counts_as_much() -> None:
    first = [SyllableFrame(1, "begin"), SyllableFrame(0, "end"), SyllableFrame(0, "single")]
    second = [SyllableFrame(0, "begin"), SyllableFrame(1, "end"), SyllableFrame(0, "single")]
    signature = TimeSignature(4, 4)
    alone = Placement([first], 0, 90, signature, 6, 12).least()
    together = Placement([first, second], 0, 90, signature, 6, 12).least()
    assert alone == 0 < together


def test_a_comma_is_a_breath_where_nothing_is_lost() -> None:
    line = [SyllableFrame(1, "single", breath=breath_after("hills,")), SyllableFrame(1, "single")]
    notes = sing(LineGrammar(frame_of([line], TimeSignature(4, 4))), 0).notes
    assert notes[1].onset > notes[0].end


@pytest.mark.parametrize(
    ("text", "breath"), [("hills,", 1), ("home.”", 2), ("why?", 2), ("o'er", 0), ("", 0), ("天，", 1)]
)
def test_a_breath_is_read_from_what_is_printed(text: str, breath: int) -> None:
    assert breath_after(text) == breath


def test_melismas_are_put_after_their_syllables() -> None:
    line = [SyllableFrame(1, "single"), SyllableFrame(0, "single")]
    assert with_melismas(line, {0}) == (line[0], MELISMA, line[1])


def test_an_early_rhythm_that_costs_too_much_is_not_sung() -> None:
    line = [SyllableFrame(1, "begin"), SyllableFrame(0, "end")]
    grammar = LineGrammar(frame_of([line], TimeSignature(4, 4)), rhythm=((6, 6), (12, 12)))
    assert next(note.onset for note in sing(grammar, 0).notes) in (0, 24)
    kept = LineGrammar(frame_of([line], TimeSignature(4, 4)), rhythm=((24, 12), (36, 24)))
    assert [(note.onset, note.duration) for note in sing(kept, 0).notes] == [(24, 12), (36, 24)]


def test_a_pace_is_found_for_as_many_syllables_as_fit() -> None:
    assert pace_of(6, 66) == (6, 12)
