"""Lines and tunes that a judge tells apart: after one context, as long as asked, the better one chosen."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from engine.contract import SongRequest
from engine.corpus.snapshots import Rules, Snapshot, Take
from engine.lyrics.prompt import reverse_line
from engine.lyrics.prosody import count_syllables
from engine.music.as_json import lead_sheet_to_json
from engine.song.make_song import make_song
from engine.song.making import Making
from engine.song.models import SongModels
from engine.training.judged_lines import judged_lines
from engine.training.judged_tunes import judged_tunes
from engine.training.rated_rows import Preferred


class LikesShort:
    """A judge who likes short texts, and low tunes."""

    def score(self, text: str, sheet: Any = None) -> float:
        return -len(text) if sheet is None else -sum(note.pitch for note in sheet.notes) / len(sheet.notes)


@pytest.fixture(scope="module")
def snapshot(opened_tiny_models: SongModels) -> Snapshot:
    request = SongRequest(theme="rain over the harbour", form="VC", syllables="6")
    song = make_song(request, Making(seed=1, models=opened_tiny_models, outputs=()))
    assert song.sheet is not None
    take = Take(
        id="1", request=request.model_dump(mode="json"), seed=1, versions={}, title=song.report.title,
        text=song.lyrics_text, sections=song.report.sections, sheet=lead_sheet_to_json(song.sheet),
    )  # fmt: skip
    return Snapshot(Path(), "0" * 64, date(2026, 11, 21), Rules(), {"1": take}, ())


def lines_of(snapshot: Snapshot, models: SongModels, seed: int) -> list[Preferred]:
    split = snapshot.takes["1"].split
    return judged_lines(snapshot, split, model=models.lyrics, judge=LikesShort(), takes=2, seed=seed)  # type: ignore[arg-type]  # a judge of its own


def test_of_two_lines_after_one_context_the_judge_likes_the_chosen_one_better(
    snapshot: Snapshot, opened_tiny_models: SongModels
) -> None:
    pairs = lines_of(snapshot, opened_tiny_models, 0)
    assert pairs
    for pair in pairs:
        texts = []
        for row in (pair.chosen, pair.rejected):
            first = row.learned.index(True)
            assert all(row.learned[first:])
            texts.append(reverse_line(opened_tiny_models.lyrics.tokenizer.decode(row.ids[first:]).rstrip("\n")).strip())
        context = pair.chosen.learned.index(True)
        assert pair.chosen.ids[:context] == pair.rejected.ids[:context]
        assert [count_syllables(text) for text in texts] == [6, 6]
        assert len(texts[0]) < len(texts[1])
        assert pair.weight > 0


def test_the_same_seed_gives_the_same_pairs(snapshot: Snapshot, opened_tiny_models: SongModels) -> None:
    assert lines_of(snapshot, opened_tiny_models, 3) == lines_of(snapshot, opened_tiny_models, 3)
    assert lines_of(snapshot, opened_tiny_models, 3) != lines_of(snapshot, opened_tiny_models, 4)


def test_of_two_tunes_to_the_same_words_the_judge_likes_the_chosen_one_better(
    snapshot: Snapshot, opened_tiny_models: SongModels
) -> None:
    split = snapshot.takes["1"].split
    pairs = judged_tunes(snapshot, split, model=opened_tiny_models.melody, judge=LikesShort(), takes=1, seed=0)  # type: ignore[arg-type]  # a judge of its own
    assert pairs
    for pair in pairs:
        assert pair.chosen.ids != pair.rejected.ids
        assert pair.chosen.ids[:3] == pair.rejected.ids[:3]
        assert pair.weight > 0
