"""Training of the composing model: works that it is shown, examples of every task, and a checkpoint that composes."""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path

import numpy as np
import pytest

from engine.corpus.music_pieces import CHORALES_FILE, Work, chorale_piece, read_works, sheet_piece
from engine.errors import FileFormatError, OutputError, RequestError
from engine.music.part_tasks import Example
from engine.music.part_vocabulary import TASKS, VOCABULARY
from engine.music.piece import CHOIR
from engine.music.theory import Key

torch = pytest.importorskip("torch")
composing = pytest.importorskip("engine.training.composing")

SIXTEENTHS = 16 * 8  # eight bars


def chorale(seed: int) -> list[list[int]]:
    """Four voices in C major that change every quarter, each in its own octave."""
    rng = np.random.default_rng(seed)
    chords = [(72, 67, 64, 48), (72, 69, 65, 53), (71, 67, 62, 55), (76, 67, 60, 48)]
    quarters = [chords[int(n)] for n in rng.integers(0, 4, SIXTEENTHS // 4 - 1)] + [chords[0]]
    return [list(quarters[n // 4]) for n in range(SIXTEENTHS)]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("music")
    splits = {"train": [chorale(n) for n in range(6)], "valid": [chorale(90)], "test": [chorale(99)]}
    (folder / CHORALES_FILE).write_bytes(gzip.compress(json.dumps(splits).encode()))
    return folder


def test_a_chorale_has_four_voices_a_key_bars_and_told_chords() -> None:
    piece = chorale_piece(chorale(1))
    assert set(piece.parts) == set(CHOIR)
    assert piece.key == Key(0)
    assert all(a.end_ticks == b.onset_ticks for a, b in zip(piece.bars, piece.bars[1:], strict=False))
    assert {span.symbol for span in piece.chords} <= {"C", "F", "G", "Am", "Dm", "Em", "G7", "Bdim", "F/C"}
    assert sum(note.duration_ticks for note in piece.parts["bass"]) == SIXTEENTHS * 120


def test_a_lead_sheet_keeps_its_own_bars_and_printed_chords() -> None:
    record = {
        "key": [1, "major"], "time_signatures": [[0.0, "3/4"]], "measures": [0.0, 1.0, 4.0, 7.0, 10.0, 13.0],
        "notes": [[float(n), 1.0, 67 + n % 5, []] for n in range(16)],
        "chords": [[1.0, "G", "major", None], [7.0, "D", "dominant", None]],
    }  # fmt: skip
    piece = sheet_piece(record)
    assert piece is not None
    assert [bar.duration_ticks for bar in piece.bars] == [480, *[1440] * 5]
    assert [(span.onset_ticks, span.symbol) for span in piece.chords] == [(480, "G"), (3360, "D7")]
    assert piece.key == Key(7)


def test_works_keep_their_splits_and_what_is_missing_is_said(data: Path, tmp_path: Path) -> None:
    works = read_works(data)
    assert [work.split for work in works].count("train") == 6
    with pytest.raises(RequestError, match=CHORALES_FILE):
        read_works(tmp_path)
    (tmp_path / CHORALES_FILE).write_bytes(b"no archive")
    with pytest.raises(FileFormatError, match="chorales"):
        read_works(tmp_path)


@pytest.fixture(scope="module")
def works(data: Path) -> list[Work]:
    return read_works(data)


@pytest.mark.parametrize("task", TASKS)
def test_every_task_is_shown_with_an_answer_that_ends(works: list[Work], task: str) -> None:
    (shown, *_) = composing.shown_works(works, "train")
    example: Example = composing.draw_example(shown.grid, task, random.Random(3))
    assert example.prompt[1] == VOCABULARY.id_of(f"task:{task}")
    assert example.answer[-1] == VOCABULARY.end_id
    assert VOCABULARY.end_id not in example.prompt


def test_rows_are_the_same_for_the_same_seed_and_learn_no_given_answers(works: list[Work]) -> None:
    shown = composing.shown_works(works, "train")
    first, again, other = (composing.TaskRows(shown, rows=4, length=256, seed=s) for s in (1, 1, 2))
    for row, same in zip((first[n] for n in range(4)), (again[n] for n in range(4)), strict=True):
        assert (row["input_ids"] == same["input_ids"]).all()
        assert row["input_ids"].shape == row["labels"].shape == (256,)
        learned = row["labels"] != -100
        assert (row["labels"][learned] == row["input_ids"][learned]).all()
        assert not np.isin(row["labels"][learned], list(VOCABULARY.ranges["task"])).any()
    assert any((first[n]["input_ids"] != other[n]["input_ids"]).any() for n in range(4))


def test_moving_a_work_moves_all_its_notes_and_chords(works: list[Work]) -> None:
    (shown, *_) = composing.shown_works(works, "train")
    moved = shown.moved(3)
    for voice, part in shown.grid.notes.items():
        assert [[n.pitch + 3 for n in bar] for bar in part] == [[n.pitch for n in bar] for bar in moved.notes[voice]]
    assert len(moved.chords) == len(shown.grid.chords)
    assert moved.chords != shown.grid.chords


def test_a_trained_composer_opens_and_is_never_overwritten(data: Path, tmp_path: Path) -> None:
    from engine.music.piece import Asked, Piece
    from engine.song.models import open_music_model

    checkpoint = composing.train_composer(data, tmp_path / "run", steps=2, threads=1, every=2, report=lambda line: None)
    composer = open_music_model(checkpoint)
    piece = chorale_piece(chorale(5))
    chords = composer.chords_for(Piece(piece.bars, {"melody": piece.parts["soprano"]}, (), piece.key), (0, 3), Asked(1))
    assert chords[0].onset_ticks == 0
    with pytest.raises(OutputError, match="never changed"):
        composing.train_composer(data, tmp_path / "run", steps=2, threads=1, report=lambda line: None)
