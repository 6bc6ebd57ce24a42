"""Promises of finding remembered tunes: in any key, in score or corpus; a copy is found, held-out tunes were not learned."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from engine.corpus.lead_sheets import SungWork, split_of
from engine.evaluation import tune_memory
from engine.evaluation.memorisation import TrainingText
from engine.evaluation.tune_memory import longest_run, melody_as_words, read_tunes, sheet_as_words
from engine.music.lead_sheet import LeadSheet, SungNote
from engine.music.melody_tokens import STEP_TICKS, Melody, MelodyNote
from engine.music.score import TimeSignature


def pitches_of(seed: int, count: int = 40) -> list[int]:
    chance = random.Random(seed)
    return [chance.randint(55, 79) for _ in range(count)]


def melody(pitches: Sequence[int], steps: int = 12) -> Melody:
    notes = tuple(MelodyNote(steps * place, steps, pitch, 1, "single") for place, pitch in enumerate(pitches))
    return Melody("major", "4/4", "song", notes)


def sheet(pitches: Sequence[int], ticks: int = 12 * STEP_TICKS) -> LeadSheet:
    notes = tuple(SungNote(ticks * place, ticks, pitch, None) for place, pitch in enumerate(pitches))
    return LeadSheet("t", "C major", TimeSignature(4, 4), 90, ticks * len(notes), notes, (), (), is_sung=False)


def test_a_tune_reads_alike_in_every_key_and_in_score_and_corpus() -> None:
    pitches = pitches_of(1)
    higher = [pitch + 5 for pitch in pitches]
    assert sheet_as_words(sheet(pitches)) == sheet_as_words(sheet(higher)) == melody_as_words(melody(pitches))
    assert sheet_as_words(sheet(pitches, ticks=240)) != sheet_as_words(sheet(pitches))  # another rhythm
    assert sheet_as_words(sheet([])) == ""


def test_a_copied_part_is_found_by_its_length_and_an_own_tune_is_not() -> None:
    learned = TrainingText.build([melody_as_words(melody(pitches_of(seed)))] for seed in range(20))
    copied = [*pitches_of(101, 10), *pitches_of(3)[5:30], *pitches_of(102, 10)]
    assert longest_run([sheet(copied)], learned) in (24, 25)  # the first note's step is from another note
    assert longest_run([sheet(pitches_of(200)), sheet(copied)], learned) >= 24
    assert longest_run([sheet(pitches_of(200))], learned) < 8
    assert longest_run([], learned) == 0


def test_what_was_learned_is_train_and_other_songs_apart_from_what_is_held_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def work(name: str, pitches: Sequence[int]) -> SungWork:
        return SungWork(name, name, "x", name, (melody(pitches),))

    names = [f"work {chr(ord('a') + number // 26)}{chr(ord('a') + number % 26)}" for number in range(200)]
    works = [work(name, pitches_of(number)) for number, name in enumerate(names)]
    tests = [work for work in works if split_of(work) == "test"]
    assert tests
    abroad = [
        work("ein Lied", pitches_of(900)),
        work("une chanson", [note.pitch for note in tests[0].melodies[0].notes]),
    ]
    monkeypatch.setattr(tune_memory, "read_sung_works", lambda folder: works)
    monkeypatch.setattr(tune_memory, "read_foreign_works", lambda folder: abroad)
    held_out, learned = read_tunes(Path("nowhere"))
    assert held_out == [work.melodies[0] for work in tests]

    def known(one: SungWork) -> bool:
        return learned.longest_run([melody_as_words(one.melodies[0])])[0] == 40

    assert [known(work) for work in works] == [split_of(work) == "train" for work in works]
    assert [known(one) for one in abroad] == [True, False]  # the second has the tune of one that is held out
