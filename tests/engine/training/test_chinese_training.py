"""The training of Chinese lyrics from a corpus to a checkpoint that verse is written with."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from engine.contract import LyricRequest
from engine.errors import RequestError
from engine.song.chinese_model import open_chinese_model
from engine.song.making import Making
from engine.training.run_options import RunOptions
from engine.verbs import carry_out

pytest.importorskip("torch")

VERSE = "春雨江南花满山，年年流水下云间。东风吹落楼前月，一夜飞霜人未还。\n天上人家来又去，青山红叶自清闲。"


def test_a_trained_checkpoint_writes_to_the_tune_that_it_has_read(tmp_path: Path) -> None:
    from engine.training.chinese_lyrics import train_chinese_lyrics

    characters = "春风明月江南花开落水流东西人家天上下山云雨夜长短亭年心头楼"
    rows = [
        {"id": f"t{n}", "kind": "ci", "rhythmic": "玉楼春", "author": "晏殊",
         "text": VERSE.replace("雨", characters[n % 25]).replace("霜", characters[n // 25])}
        for n in range(300)
    ]  # fmt: skip
    corpus = tmp_path / "verse.jsonl"
    corpus.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    told: list[str] = []
    path = train_chinese_lyrics([corpus], tmp_path / "run", RunOptions(2, every=2, threads=1), report=told.append)
    assert "=== step 2 ===\nci" in (tmp_path / "run" / "run" / "samples.txt").read_text(encoding="utf-8")
    assert any("eval_bits_per_byte" in line for line in told)
    model = open_chinese_model(path)
    assert model.memory is not None
    assert list(model.tunes) == ["玉楼春"]
    assert any("eval_loss" in line for line in told)
    request = LyricRequest(theme="江南", form="V", syllables="5", rhyme="XXXX", language="zh")
    made = carry_out(request, Making(seed=1, models=SimpleNamespace(chinese=model)))  # type: ignore[arg-type]
    assert [line.syllables_found for line in made.report.sections[0].lines] == [5] * 4


def test_a_corpus_that_is_not_there_is_named(tmp_path: Path) -> None:
    from engine.training.chinese_lyrics import train_chinese_lyrics

    with pytest.raises(RequestError, match="there is no corpus"):
        train_chinese_lyrics([tmp_path / "none.jsonl"], tmp_path / "run", RunOptions(2))
