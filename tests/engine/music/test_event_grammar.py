"""Grammars of events: no walk that they allow leaves the scores, limits hold, and the decoding loop obeys them."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.contract import Sampling
from engine.decoding import Sequence, decode
from engine.errors import RequestError
from engine.music import multitrack_vocabulary as vocab
from engine.music import note_grammar
from engine.music.events import EVENT_VOCABULARIES, GrammarConstraint, Template, grammar_after, open_vocabulary
from engine.music.multitrack_events import MultitrackEvents
from engine.music.multitrack_grammar import Limits, MultitrackGrammar
from engine.music.note_events import NoteEvents
from tests.engine.music.event_scores import arranged, random_walk

few = settings(max_examples=25)
MULTITRACK, NOTES = MultitrackEvents(), NoteEvents()
KINDS = {
    "note-events": (note_grammar.FIRST_PITCH, note_grammar.LAST_PITCH + 1),
    "multitrack-events": (
        vocab.BAR, vocab.LATER, vocab.DRUMS, vocab.TIME_SIGNATURE, vocab.POSITION, vocab.TEMPO, vocab.CHORD, vocab.PROGRAM,
        vocab.VOICE, vocab.PITCH, vocab.DRUM_PITCH, vocab.VELOCITY, vocab.LONG, vocab.DURATION,
    ),
}  # fmt: skip
names = st.sampled_from(sorted(EVENT_VOCABULARIES))
seeds = st.integers(0, 2**32 - 1)


def walk_of(name: str, grammar: Any, seed: int, most: int = 1500) -> list[int]:
    return random_walk(grammar, np.random.default_rng(seed), KINDS[name], most)


def encode_again(name: str, ids: list[int]) -> list[int]:
    vocabulary = open_vocabulary(name)
    score = vocabulary.decode(ids)
    return MULTITRACK.encode(score, MULTITRACK.chords(ids)) if name == MULTITRACK.name else vocabulary.encode(score)


@few
@given(names, seeds)
def test_every_whole_walk_is_the_one_way_to_write_its_score(name: str, seed: int) -> None:
    vocabulary = open_vocabulary(name)
    walk = walk_of(name, vocabulary.grammar(), seed)
    if walk[-1] == vocabulary.end_id:
        assert encode_again(name, walk) == walk
    score = vocabulary.decode(walk)
    assert vocabulary.decode(vocabulary.encode(score)) == score


@few
@given(seeds, st.integers(0, 300), st.integers(0, 127), st.integers(0, 127))
def test_note_events_keep_length_and_range_and_never_get_stuck(seed: int, length: int, one: int, other: int) -> None:
    low, high = min(one, other), max(one, other)
    grammar = NOTES.grammar(lowest_pitch=low, highest_pitch=high, length_steps=length)
    walk = walk_of(NOTES.name, grammar, seed, most=20_000)
    assert walk[-1] == NOTES.end_id
    assert encode_again(NOTES.name, walk) == walk
    score = NOTES.decode(walk)
    assert score.length_ticks == length * 120
    assert all(low <= note.pitch <= high for track in score.tracks for note in track.notes)


@few
@given(seeds, st.integers(1, 6), st.integers(0, 127), st.integers(0, 127), st.sets(st.integers(0, 127), max_size=3))
def test_multitrack_events_keep_bars_range_and_programs(
    seed: int, bars: int, one: int, other: int, programs: set[int]
) -> None:
    low, high = min(one, other), max(one, other)
    limits = Limits(low, high, frozenset(programs), has_drums=seed % 2 == 0, bars=bars)
    walk = walk_of(MULTITRACK.name, MULTITRACK.grammar(limits), seed, most=50_000)
    assert walk[-1] == MULTITRACK.end_id
    assert encode_again(MULTITRACK.name, walk) == walk
    assert walk.count(vocab.BAR) == bars
    for track in MULTITRACK.decode(walk).tracks:
        assert limits.has_drums if track.is_drum else track.program in programs
        assert all(track.is_drum or low <= note.pitch <= high for note in track.notes)


@few
@given(names, seeds, seeds)
def test_a_copy_goes_its_own_way(name: str, seed: int, other_seed: int) -> None:
    vocabulary = open_vocabulary(name)
    grammar = vocabulary.grammar()
    walk = walk_of(name, grammar, seed, most=40)
    before, copied = grammar.allowed().copy(), grammar.copy()
    walk_of(name, copied, other_seed, most=40)
    assert (grammar.allowed() == before).all()
    assert (grammar_after(vocabulary.grammar(), walk).allowed() == before).all()


@few
@given(names, seeds, st.data())
def test_what_is_not_allowed_is_refused_and_changes_nothing(name: str, seed: int, data: st.DataObject) -> None:
    grammar = open_vocabulary(name).grammar()
    walk_of(name, grammar, seed, most=data.draw(st.integers(0, 60)))
    allowed = grammar.allowed().copy()
    refused = data.draw(st.sampled_from([-1, allowed.size, *np.flatnonzero(~allowed).tolist()]))
    with pytest.raises(ValueError, match="does not allow"):
        grammar.advance(refused)
    assert (grammar.allowed() == allowed).all()


@pytest.mark.parametrize("name", EVENT_VOCABULARIES)
def test_marks_of_training_are_never_written(name: str) -> None:
    vocabulary: Any = open_vocabulary(name)
    assert vocabulary.name == name
    never = vocabulary.mask_id
    grammar = vocabulary.grammar()
    for seed in range(20):
        assert never not in walk_of(name, grammar.copy(), seed, most=300)


def test_limits_out_of_range_are_refused() -> None:
    for wrong in ({"lowest_pitch": 5, "highest_pitch": 4}, {"highest_pitch": 128}):
        with pytest.raises(ValueError, match="pitches"):
            Limits(**wrong)
        with pytest.raises(ValueError, match="pitches"):
            NOTES.grammar(**wrong)
    with pytest.raises(ValueError, match="bars"):
        Limits(bars=0)


def test_an_unknown_vocabulary_is_refused_with_those_there_are() -> None:
    with pytest.raises(RequestError, match="use note-events or multitrack-events"):
        open_vocabulary("abc")


class RandomLogits:
    """A model whose logits are noise of what it has read: it would write anything."""

    context_length = 4096

    def __init__(self, vocab_size: int) -> None:
        self.vocab_size = vocab_size

    def new_memory(self, slots: int) -> list[list[int]]:
        return [[] for _ in range(slots)]

    def length(self, memory: list[list[int]], slot: int) -> int:
        return len(memory[slot])

    def truncate(self, memory: list[list[int]], slot: int, length: int) -> None:
        del memory[slot][length:]

    def fork(self, memory: list[list[int]], source: int, targets: Any) -> None:
        for target in targets:
            memory[target] = list(memory[source])

    def extend(self, memory: list[list[int]], slot: int, ids: Any) -> np.ndarray:
        memory[slot] += list(ids)
        return self._logits(memory[slot])

    def step(self, memory: list[list[int]], slots: Any, ids: Any) -> np.ndarray:
        return np.stack([self.extend(memory, slot, [i]) for slot, i in zip(slots, ids, strict=True)])

    def _logits(self, read: list[int]) -> np.ndarray:
        generator = np.random.default_rng([len(read), sum(read)])
        return generator.normal(size=self.vocab_size).astype(np.float32)


def test_the_decoding_loop_stays_in_the_grammar() -> None:
    prompt = MULTITRACK.encode(arranged(bars=1)[0])[:5]
    grammar = grammar_after(MULTITRACK.grammar(Limits(bars=1, lowest_pitch=60, highest_pitch=64)), prompt)
    written = decode(
        RandomLogits(MULTITRACK.size),
        [Sequence(prompt, Sampling(), seed, 3000, GrammarConstraint(grammar, MULTITRACK.end_id)) for seed in range(4)],
        slots=2,
    )
    for candidate in written:
        assert candidate.finished
        assert encode_again(MULTITRACK.name, [*prompt, *candidate.ids]) == [*prompt, *candidate.ids]


def test_a_template_leaves_only_its_holes_to_the_model() -> None:
    ids = NOTES.ids("xxbos xxpad n60 d4 xxsep d4 n62 d4 xxsep d4 n64 d8 xxeos")
    pitches = np.zeros(NOTES.size, np.bool_)
    pitches[NOTES.id_of("n70") : NOTES.id_of("n80")] = True
    entries: list[Any] = [pitches if NOTES.token_of(i)[0] == "n" else i for i in ids]
    constraint = GrammarConstraint(grammar_after(NOTES.grammar(), ids[:2]), NOTES.end_id, Template(entries[2:]))
    [candidate] = decode(RandomLogits(NOTES.size), [Sequence(ids[:2], Sampling(), 3, 50, constraint)])
    assert candidate.finished
    for chosen, entry in zip(candidate.ids, entries[2:], strict=True):
        assert pitches[chosen] if entry is pitches else chosen == entry


def test_a_template_against_the_grammar_ends_the_sequence_as_stuck() -> None:
    constraint = GrammarConstraint(
        grammar_after(NOTES.grammar(), NOTES.ids("xxbos xxpad")), NOTES.end_id, Template(NOTES.ids("n60 d4 n61"))
    )
    [candidate] = decode(RandomLogits(NOTES.size), [Sequence([0, 1], Sampling(), 3, 50, constraint)])
    assert (candidate.ending, NOTES.text(candidate.ids)) == ("stuck", "n60 d4")


@settings(max_examples=5)
@given(seeds)
def test_asking_takes_microseconds(seed: int) -> None:
    """Bound by processor time, far above what is measured (2 to 4), so that a busy machine does not fail it."""
    grammar: MultitrackGrammar = MULTITRACK.grammar()
    walk = walk_of(MULTITRACK.name, MULTITRACK.grammar(), seed, most=400)
    begun = time.process_time()
    for token_id in walk:
        grammar.allowed()
        grammar.advance(token_id)
    assert time.process_time() - begun < 50e-6 * max(len(walk), 400)
