"""The four tasks over note events say what they ask, hide what is asked, and their losses are told apart."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from engine.checkpoint import open_checkpoint
from engine.corpus import music_pieces
from engine.corpus.music_pieces import Work
from engine.music.events import open_vocabulary
from engine.music.lead_sheet import ChordSpan
from engine.music.note_events import NoteEvents
from engine.music.note_grammar import CHORDS, END, MASK, MELODY, PAD, START
from engine.music.piece import Bar, Piece
from engine.music.score import Note, TimeSignature
from engine.training import event_models, note_tasks
from engine.training.event_training import EventTraining
from engine.training.note_tasks import TASKS, JointRows, draw_example

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning", "ignore::DeprecationWarning")
VOCABULARY = NoteEvents()
FOUR_FOUR = TimeSignature(4, 4)


def _piece(number: int = 0) -> Piece:
    bars = tuple(Bar(n * 1920, 1920, FOUR_FOUR) for n in range(4))
    melody = tuple(Note(n * 480, 60 + (n * (1 + number % 4)) % 12, 480) for n in range(16))
    chords = tuple(ChordSpan(n * 1920, 1920, ("C", "F", "G7", "N.C.")[n]) for n in range(4))
    return Piece(bars, {"melody": melody}, chords)


WORKS = [Work(f"w{n}", "song", "train" if n % 4 else "valid", _piece(n)) for n in range(12)]


def _drawn(task: str) -> tuple[list[int], list[int]]:
    example = draw_example(_piece(), task, random.Random(1), most_semitones=0)
    assert example is not None
    return example.prompt, example.answer


def test_chords_and_melody_are_each_others_question() -> None:
    prompt, answer = _drawn("chords")
    again, back = _drawn("melody")
    assert (prompt[:2], prompt[-1], answer[-1]) == ([START, MELODY], CHORDS, END)
    assert (again[:2], again[-1], back[-1]) == ([START, CHORDS], MELODY, END)
    assert prompt[2:-1] == back[:-1]
    assert again[2:-1] == answer[:-1]
    first = VOCABULARY.text(answer)
    assert first.startswith("n55 d16 n52 d16 n48 d16 xxsep d16 ")
    assert "n64 d4 " not in first


def test_masks_are_filled_by_their_answers_in_order() -> None:
    prompt, answer = _drawn("masked")
    whole = _drawn("next")[1]
    assert (prompt[1], prompt[-1]) == (MASK, PAD)
    filled = iter(answer)
    assert [next(filled) if i == MASK else i for i in prompt[2:-1]] == whole[:-1]
    assert list(filled) == [END]
    assert all(VOCABULARY.token_of(i)[0] in "nd" for i in answer[:-1])


def test_a_move_is_the_same_on_both_sides() -> None:
    for seed in range(8):
        example = draw_example(_piece(), "chords", random.Random(seed))
        assert example is not None
        plain = _drawn("chords")
        moved = [s for s in range(-5, 7) if VOCABULARY.transpose(plain[0], s) == example.prompt]
        assert [VOCABULARY.transpose(plain[1], s) for s in moved] == [example.answer]


def test_a_piece_without_chords_shows_other_tasks() -> None:
    bare = Piece(_piece().bars, _piece().parts)
    assert draw_example(bare, "chords", random.Random(0)) is None
    assert draw_example(bare, "next", random.Random(0)) is not None


def test_rows_are_drawn_by_seed_and_place() -> None:
    rows, again = (JointRows(WORKS, rows=6, length=64, seed=2, moved_until=0.5) for _ in range(2))
    for index in (5, 0, 3):
        assert (rows[index]["input_ids"] == again[index]["input_ids"]).all()
    labels = np.concatenate([rows[i]["labels"] for i in range(6)])
    assert (labels == -100).any()
    assert (labels >= 0).any()


def test_a_joint_training_tells_four_losses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "data").mkdir()
    monkeypatch.setattr(music_pieces, "read_works", lambda data: WORKS)
    monkeypatch.setattr(note_tasks, "read_works", lambda data: WORKS)
    monkeypatch.setattr("engine.corpus.event_scores.read_works", lambda data: WORKS)
    told: list[str] = []
    training = EventTraining(
        "music-transformer", tmp_path / "data", tmp_path / "run", hidden=32, layers=1, steps=4, every=2, row_events=128,
        batch_rows=2, joint=True,
    )  # fmt: skip
    path = event_models.train_event_model(training, told.append)
    losses = open_checkpoint(path).card["nats_by_task"]
    assert set(losses) == set(TASKS)
    assert all(0 < nats["nats_per_id"] < 7 for nats in losses.values())
    by_task = [line for line in told if "nats per id of" in line]
    assert len(by_task) == 2
    assert all(task in by_task[0] for task in TASKS)
    assert open_vocabulary("note-events").size == open_checkpoint(path).config["vocab_size"]
