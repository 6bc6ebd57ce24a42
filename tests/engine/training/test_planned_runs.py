"""What a run of the planned English model keeps, from corpus to checkpoint, and with what it goes on."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from engine.errors import Cancelled, RequestError  # noqa: E402
from engine.training import lyrics  # noqa: E402
from engine.training.lyrics import train_lyrics  # noqa: E402
from engine.training.planned_runs import RowShape  # noqa: E402
from engine.training.run_log import read_rows  # noqa: E402
from engine.training.run_options import RunOptions  # noqa: E402

pytestmark = [
    pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning", "ignore::DeprecationWarning"),
    pytest.mark.usefixtures("undrawn"),
]
STARTS = ["I saw", "And I heard", "The wind brought", "We followed", "They found"]
THINGS = ["the rain", "a silver ship", "the harbour light", "the morning train", "my mother's song"]
ENDS = ["upon the bay", "above the sea", "along the way", "for you and me", "at break of day", "beneath the tree"]
RUN = RunOptions(4, every=2, sample_every=1, threads=1)


def song(number: int) -> dict[str, object]:
    rng = random.Random(number)
    lines = [f"{rng.choice(STARTS)} {rng.choice(THINGS)} {end}," for end in rng.sample(ENDS, 4)]
    return {"id": f"s{number}", "kind": "song", "title": "The Bay", "author": "Ann Lee", "era": "born 1860-1869",
            "n_lines": 4, "licence": "CC0-1.0", "text": "\n".join(lines)}  # fmt: skip


def corpus(path: Path, first: int = 0) -> Path:
    path.write_text("".join(json.dumps(song(n)) + "\n" for n in range(first, first + 120)), encoding="utf-8")
    return path


@pytest.fixture(autouse=True)
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    """Train a model of one layer on short rows."""
    sizes: dict[str, Any] = {"hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 1, "num_attention_heads": 2,
                             "num_key_value_heads": 2, "max_position_embeddings": 256}  # fmt: skip
    monkeypatch.setattr(lyrics, "lyric_config", lambda: transformers.LlamaConfig(
        vocab_size=lyrics.VOCAB_SIZE, tie_word_embeddings=True, use_cache=False, **sizes))  # fmt: skip
    monkeypatch.setattr(lyrics, "ROWS", RowShape(ids=96, batch_rows=2, valid_texts=4, late_share=0.4))


def stop(text: str) -> None:
    """Take the run back when it tells of its first validation."""
    if text.startswith("{") and "eval_loss" in text:
        raise Cancelled("stopped")


def test_a_run_has_samples_and_bits_per_byte_and_goes_on_only_with_what_it_was_begun_with(tmp_path: Path) -> None:
    one, other, out = corpus(tmp_path / "one.jsonl"), corpus(tmp_path / "other.jsonl", 500), tmp_path / "out"
    with pytest.raises(Cancelled):
        train_lyrics(one, out, RUN, report=stop)
    (out / "run" / "checkpoint-2").mkdir(exist_ok=True)  # it was stopped before it wrote one
    for asked, source in ((RunOptions(5, every=2, threads=1, resume=True), one), (RunOptions(4, resume=True), other)):
        with pytest.raises(RequestError, match=r"was begun with --(steps 4|corpus .*one.jsonl).*choose another --out"):
            train_lyrics(source, out, asked)
    with pytest.raises(RequestError, match="holds a run at step 2"):
        train_lyrics(one, out, RUN)


def test_what_is_kept_of_a_whole_run(tmp_path: Path) -> None:
    checkpoint = train_lyrics(corpus(tmp_path / "one.jsonl"), tmp_path / "out", RUN, report=lambda text: None)
    assert (checkpoint / "model.safetensors").is_file()
    samples = (tmp_path / "out" / "run" / "samples.txt").read_text(encoding="utf-8")
    assert [f"=== step {step} ===" in samples for step in range(1, 6)] == [True] * 4 + [False]
    assert samples.count("[Verse]") + samples.count("[Chorus]") >= 4
    assert "song, plain, late" in samples
    rows = [row for row in read_rows(tmp_path / "out" / "run" / "log.jsonl") if "eval_loss" in row]
    assert [row["step"] for row in rows] == [2, 4]
    ratio = {round(row["eval_bits_per_byte"] / row["eval_loss"], 9) for row in rows}
    assert len(ratio) == 1


def test_a_start_with_another_corpus_prepares_it(tmp_path: Path) -> None:
    def refuse(text: str) -> None:
        if text.startswith("test:"):
            raise Cancelled("stopped while preparing")

    one, other, out = corpus(tmp_path / "one.jsonl"), corpus(tmp_path / "other.jsonl", 500), tmp_path / "out"
    told: list[str] = []
    with pytest.raises(Cancelled):
        train_lyrics(one, out, RUN, report=refuse)
    (out / "prepared" / lyrics.ASSOCIATIONS).touch()  # as if it had been done, and the run ended before a checkpoint
    with pytest.raises(Cancelled):
        train_lyrics(other, out, RUN, report=lambda text: (told.append(text), refuse(text))[0])
    assert any("records read" in sentence for sentence in told)
