"""Training of the melody model: what it is shown, in which order, how it forgets, and a run that goes on."""

from __future__ import annotations

import gzip
import io
import json
import random
import tarfile
from pathlib import Path
from typing import Any

import pytest

from engine.corpus.lead_sheets import HYMNS_FILE, LEAD_SHEETS_FILE
from engine.errors import OutputError, RequestError
from engine.music.melody_tokens import UNKNOWN_STRESS, VOCABULARY

torch = pytest.importorskip("torch")
melody = pytest.importorskip("engine.training.melody")

WORDS = "The rain is soft and all the bells are long and loud and still to night".split()


def record(number: int, language: str = "en") -> dict[str, Any]:
    """A song of 32 notes on a tune of its own."""
    draw = random.Random(number)
    words = [draw.choice(WORDS) if language == "en" else "xqz" for _ in range(32)]
    notes = [[float(n), 1.0, draw.randint(60, 72), [[1, word, "single"]]] for n, word in enumerate(words)]
    return {
        "id": f"{language}{number}", "title": f"Song {'abcdefghij'[number // 10]}{'abcdefghij'[number % 10]} {language}",
        "source": "00sapo/OpenEWLD", "language": language, "key": [0, "major"], "time_signatures": [[0.0, "4/4"]],
        "measures": [float(bar) for bar in range(0, 32, 4)], "notes": notes, "chords": [[0.0, "C", "major", None]],
    }  # fmt: skip


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("leadsheets")
    records = [*(record(n) for n in range(60)), *(record(n, "de") for n in range(60, 70))]
    records.append({**record(3, "de"), "id": "the same tune"})
    (folder / LEAD_SHEETS_FILE).write_bytes(gzip.compress("\n".join(map(json.dumps, records)).encode()))
    with tarfile.open(folder / HYMNS_FILE, "w:xz") as archive:
        archive.addfile(tarfile.TarInfo("empty.txt"), io.BytesIO())
    return folder


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    config = melody.melody_config()
    config.update({"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 1,
                   "num_key_value_heads": 1, "head_dim": 16})  # fmt: skip
    monkeypatch.setattr(melody, "melody_config", lambda: config)
    monkeypatch.setattr(melody, "BATCH_ROWS", 2)


def test_what_is_held_out_is_not_learned_from(data: Path) -> None:
    splits = melody.read_splits(data)
    assert all(splits.values())
    held_out = splits["valid"][0]
    works = melody.works_to_learn(data, splits)
    assert {work.id for work in splits["train"]} <= {work.id for work in works}
    assert sum(not work.has_stress for work in works) >= 10
    copy = data.parent / "copy"
    copy.mkdir(exist_ok=True)
    number = int(held_out.id.removeprefix("en"))
    again = {**record(number), "id": "other words", "title": "Another name", "language": "de"}
    (copy / HYMNS_FILE).write_bytes((data / HYMNS_FILE).read_bytes())
    (copy / LEAD_SHEETS_FILE).write_bytes(
        gzip.compress(gzip.decompress((data / LEAD_SHEETS_FILE).read_bytes()) + b"\n" + json.dumps(again).encode())
    )
    assert "other words" not in {work.id for work in melody.works_to_learn(copy, melody.read_splits(copy))}


def test_songs_of_unknown_stress_come_first_and_none_come_last(data: Path) -> None:
    works = melody.works_to_learn(data, melody.read_splits(data))
    unknown = {token for name, token in VOCABULARY.ids.items() if name.startswith(f"sung:{UNKNOWN_STRESS}")}
    rows = melody.MelodyRows(works, 400, seed=1)

    def share(places: range) -> float:
        return sum(bool(unknown & set(rows[n]["input_ids"].tolist())) for n in places) / len(places)

    assert share(range(100)) > 0.5
    assert share(range(300, 400)) < 0.35
    assert rows[7]["input_ids"].tolist() == melody.MelodyRows(works, 400, seed=1)[7]["input_ids"].tolist()


def test_only_what_the_model_chooses_is_learned(data: Path) -> None:
    work = melody.read_splits(data)["train"][0]
    row = melody.row_of(work.melodies[0], 0)
    learned = [VOCABULARY.names[token].split(":")[0] for token in row["labels"].tolist() if token != -100]
    assert set(learned) == {"position", "pitch", "duration"}
    assert len(learned) == 3 * len(work.melodies[0].notes)
    assert len(row["input_ids"]) == melody.ROW_IDS


def test_a_model_forgets_only_while_it_learns(small: None) -> None:
    from transformers import LlamaForCausalLM

    torch.manual_seed(0)
    model = LlamaForCausalLM(melody.melody_config())
    ids = torch.tensor([[5, 6, 7, 8]])
    plain = model.eval()(ids).logits
    names = set(model.state_dict())
    melody.forgetful(model, dropout=0.5, lost=0.5)
    assert torch.equal(model.eval()(ids).logits, plain)
    assert set(model.state_dict()) == names
    assert not torch.equal(model.train()(ids).logits, model(ids).logits)


def test_a_run_is_logged_goes_on_and_ends_in_a_checkpoint_that_is_measured(
    data: Path, tmp_path: Path, small: None
) -> None:
    out = tmp_path / "out"
    checkpoint = melody.train_melody(data, out, steps=10, report=lambda text: None)
    assert {path.name for path in (out / "run").iterdir()} >= {"log.jsonl", "loss.png", "checkpoint-10"}
    card = json.loads((checkpoint / "manifest.json").read_text())["card"]
    assert card["kind"] == "melody"
    assert card["works"]["valid"] == len(melody.read_splits(data)["valid"])
    found = melody.evaluate_melody(checkpoint, data)
    assert found["valid model"]["total"] == pytest.approx(card["valid_nats_per_note"]["total"], rel=0.01)
    assert found["valid model, 00sapo/OpenEWLD"] == found["valid model"]
    with pytest.raises(OutputError, match="never changed"):
        melody.train_melody(data, out, steps=10)
    checkpoint.rename(tmp_path / "first")
    again = melody.train_melody(data, out, steps=12, resume=True, report=lambda text: None)
    rows = [json.loads(line) for line in (out / "run" / "log.jsonl").read_text().splitlines()]
    assert rows[-1]["step"] == 12
    assert (again / "model.safetensors").read_bytes() != (tmp_path / "first" / "model.safetensors").read_bytes()


def test_too_few_works_are_refused(tmp_path: Path, data: Path) -> None:
    (tmp_path / HYMNS_FILE).write_bytes((data / HYMNS_FILE).read_bytes())
    (tmp_path / LEAD_SHEETS_FILE).write_bytes(gzip.compress(json.dumps(record(0)).encode()))
    with pytest.raises(RequestError, match="too few works"):
        melody.read_splits(tmp_path)
