"""Promises of a whole gate on tiny models: every safety line of the role is measured, and the page shows what was made."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch")

from engine.checkpoint import open_checkpoint, write_checkpoint
from engine.contract import SongRequest
from engine.corpus.snapshots import Rules, Snapshot, Take, write_snapshot
from engine.evaluation.gate import Contest, GateResult, Opinion, People, hold
from engine.evaluation.gate_lines import SAFETY_LINES, Interval
from engine.evaluation.gate_report import report_page
from engine.evaluation.memorisation import TrainingText
from engine.evaluation.tune_memory import sheet_as_words
from engine.music.as_json import lead_sheet_from_json, lead_sheet_to_json
from engine.roles import Role
from engine.song.make_song import make_song
from engine.song.making import Making
from engine.song.models import SongModels
from tests.rated_takes import DAY, short_lines, stars, takes
from tests.tiny_models import TinyModels

SURE = Interval(0.9, 0.8, 1.0, 100)
PROMPTS = 2


def nudged(path: Path, out: Path) -> Path:
    """Write a model that is nearly, and not quite, the same."""
    whole = open_checkpoint(path)
    weights = {
        name: values * 1.001 if values.dtype.kind == "f" else values for name, values in whole.read_weights().items()
    }
    tokenizer = whole.tokenizer_file.read_bytes() if whole.tokenizer_file else None
    made = write_checkpoint(out, weights, whole.config, tokenizer, {}).directory
    for file in path.iterdir():
        if not (made / file.name).exists():
            (made / file.name).write_bytes(file.read_bytes())
    return made


def sung(models: SongModels) -> Take:
    """Return a take with a tune, of the training split."""
    made = make_song(SongRequest(theme="rain", form="V", syllables="4"), Making(seed=1, models=models))
    assert made.sheet is not None
    sheet = lead_sheet_to_json(made.sheet)
    asked = ({"theme": f"theme {number}"} for number in range(100))
    tries = (
        Take(id="sung", request=request, seed=1, versions={}, title="Rain", text=made.lyrics_text, sheet=sheet)
        for request in asked
    )
    return next(take for take in tries if take.split == "train")


def snapshot(folder: Path, more: tuple[Take, ...] = ()) -> Snapshot:
    of = [*takes(6), *more]
    return write_snapshot(folder, of, stars(3, short_lines, of), Rules(), DAY, lambda statistics: b"")


def held(role: Role, models: TinyModels, folder: Path, people: People, more: tuple[Take, ...] = ()) -> GateResult:
    parent = getattr(models, role)
    contest = Contest(role, parent, nudged(parent, folder / "candidate"), models.lyrics, models.melody)
    opinion = Opinion(SURE, lambda text, sheet: float(len(text) if sheet is None else len(sheet.notes)))
    return hold(contest, snapshot(folder / "snapshots", more), opinion, people, prompts=PROMPTS)


def test_of_lyrics_every_safety_line_is_measured(tiny_models: TinyModels, tmp_path: Path) -> None:
    result = held("lyrics", tiny_models, tmp_path, People())
    measured = {line.name for line in result.lines if line.safety and line.candidate is not None}
    assert measured == set(SAFETY_LINES["lyrics"])


def test_of_melodies_too_and_tunes_are_compared_with_rated_and_with_learned_ones(
    tiny_models: TinyModels, opened_tiny_models: SongModels, tmp_path: Path
) -> None:
    rated = sung(opened_tiny_models)
    assert rated.sheet is not None
    learned = TrainingText.build([[sheet_as_words(lead_sheet_from_json(rated.sheet))]])
    result = held("melody", tiny_models, tmp_path, People(learned=learned), (rated,))
    lines = {line.name: line for line in result.lines if line.safety and line.candidate is not None}
    assert set(lines) == {*SAFETY_LINES["melody"], "longest run of learned tunes"}
    found = [lines[f"longest run of {which} tunes"].candidate for which in ("rated", "learned")]
    assert found[0] == found[1] > 0  # it is the same tune that was rated and learned
    page = report_page(result, "made by a test")
    assert page.count("<rect") > PROMPTS * 2  # tunes are shown, not only their words
