"""Promises of the training loop, kept by a Llama of one layer."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from engine.training.optimizer import MuonWithAdamW, rate_factor  # noqa: E402
from engine.training.trainer import TrainingOptions, train_causal  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning", "ignore::DeprecationWarning")
OPTIONS = TrainingOptions(steps=8, batch_rows=2, every=4, threads=1, bf16=False)
RATES = {"muon_rate": 0.01, "adamw_rate": 0.01, "weight_decay": 0.0}


def tiny_model(seed: int = 0) -> Any:
    torch.manual_seed(seed)
    sizes = {"vocab_size": 20, "hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 1,
             "num_attention_heads": 2, "num_key_value_heads": 2, "max_position_embeddings": 16}  # fmt: skip
    return transformers.LlamaForCausalLM(transformers.LlamaConfig(**sizes, tie_word_embeddings=True, use_cache=False))


def rows(count: int, seed: int = 0) -> list[dict[str, np.ndarray]]:
    ids = np.random.default_rng(seed).integers(0, 20, (count, 8))
    return [{"input_ids": row, "labels": np.where(np.arange(8) < 2, -100, row)} for row in ids]


def losses(model: Any, optimizer: Any, steps: int) -> list[float]:
    batch = torch.tensor(np.stack([row["input_ids"] for row in rows(4)]))
    found = []
    for _ in range(steps):
        loss = model(input_ids=batch, labels=batch).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        found.append(float(loss.detach()))
    return found


def test_loss_falls_on_one_batch() -> None:
    model = tiny_model()
    found = losses(model, MuonWithAdamW(model, **RATES), 30)
    assert found[-1] < 0.6 * found[0]


def test_every_weight_belongs_to_exactly_one_of_the_two() -> None:
    model = tiny_model()
    optimizer = MuonWithAdamW(model, **RATES)
    owned = [id(weight) for group in optimizer.param_groups for weight in group["params"]]
    assert sorted(owned) == sorted(id(weight) for weight in model.parameters())
    matrices = {id(w) for name, w in model.named_parameters() if "proj" in name}
    assert {id(w) for w in optimizer.param_groups[0]["params"]} == matrices


def test_a_saved_optimizer_goes_on_as_if_never_stopped() -> None:
    model = tiny_model()
    optimizer = MuonWithAdamW(model, **RATES)
    losses(model, optimizer, 3)
    weights, state = {k: v.clone() for k, v in model.state_dict().items()}, optimizer.state_dict()
    copy = tiny_model(seed=1)
    copy.load_state_dict(weights)
    resumed = MuonWithAdamW(copy, muon_rate=0.5, adamw_rate=0.5, weight_decay=0.5)
    resumed.load_state_dict(torch.load(save(state), weights_only=True))
    assert losses(copy, resumed, 5) == losses(model, optimizer, 5)


def save(state: dict[str, Any]) -> Any:
    import io

    file = io.BytesIO()
    torch.save(state, file)
    file.seek(0)
    return file


def test_a_schedule_reaches_both_parts_also_after_loading() -> None:
    model = tiny_model()
    optimizer = MuonWithAdamW(model, **RATES)
    optimizer.load_state_dict(optimizer.state_dict())
    for group in optimizer.param_groups:
        group["lr"] = 0.0
    before = {name: weight.clone() for name, weight in model.state_dict().items()}
    losses(model, optimizer, 2)
    assert all(torch.equal(weight, before[name]) for name, weight in model.state_dict().items())


def test_the_rate_rises_stays_and_falls_to_nothing() -> None:
    factors = [rate_factor(step, steps=100, warmup=0.1, decay=0.4) for step in range(101)]
    assert factors[:10] == pytest.approx([(step + 1) / 10 for step in range(10)])
    assert factors[10:61] == [1.0] * 51
    assert all(a > b for a, b in pairwise(factors[60:]))
    assert factors[-1] == 0.0
    assert factors[70] == pytest.approx(1 - 0.5)


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_the_shortest_runs_have_rates_too(steps: int) -> None:
    factors = [rate_factor(step, steps=steps, warmup=0.03, decay=0.35) for step in range(steps + 1)]
    assert all(0 <= factor <= 1 for factor in factors)
    assert factors[0] > 0


def logged(out: Path) -> dict[int, float]:
    found = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    return {row["step"]: row["eval_loss"] for row in found if "eval_loss" in row}


class _StoppedError(Exception):
    pass


def test_an_interrupted_run_goes_on_to_the_same_weights(tmp_path: Path) -> None:
    def stop(model: Any, step: int) -> None:
        if step == 8:
            raise _StoppedError

    options = replace(OPTIONS, steps=12)
    whole = train_causal(tiny_model(), rows(24), rows(4, 1), tmp_path / "a", options, report=lambda row: None)
    with pytest.raises(_StoppedError):
        train_causal(tiny_model(), rows(24), rows(4, 1), tmp_path / "b", options, report=lambda row: None, sample=stop)
    resumed = train_causal(
        tiny_model(5), rows(24), rows(4, 1), tmp_path / "b", replace(options, resume=True), report=lambda row: None
    )
    assert logged(tmp_path / "a").keys() == {4, 8, 12}
    assert logged(tmp_path / "b") == logged(tmp_path / "a")
    for name, weight in whole.state_dict().items():
        assert torch.equal(weight, resumed.state_dict()[name])


def test_the_weights_with_the_lowest_validation_loss_are_returned_and_samples_are_told(tmp_path: Path) -> None:
    seen: list[int] = []
    told: list[str] = []
    options = replace(OPTIONS, muon_rate=0.3, adamw_rate=0.3)
    model = train_causal(
        tiny_model(),
        rows(16),
        rows(4, 1),
        tmp_path,
        options,
        report=told.append,
        sample=lambda _, step: seen.append(step),
    )
    assert seen == [4, 8]
    assert told
    with torch.no_grad():
        batch = {key: torch.tensor(np.stack([row[key] for row in rows(4, 1)])) for key in ("input_ids", "labels")}
        loss = float(model(**batch).loss)
    assert loss == pytest.approx(min(logged(tmp_path).values()), rel=1e-3)
