"""Promises of promotion past the gate: safety lines that failed or were never measured take more to say, and are on record."""

from __future__ import annotations

from typing import Any

import pytest

from engine.errors import RequestError
from engine.evaluation.gate_lines import SAFETY_LINES, GateLine, filter_line, learnable_line, not_lower_line, share_of
from engine.evaluation.model_card import card_text
from tests.worker.conftest import WoundClock
from worker import promotion
from worker.gate_verdict import SafetyGap, safety_gap
from worker.store import model_versions
from worker.store.database import Store
from worker.version_facts import card_facts

WHY = "the judge has too little to go by"


@pytest.fixture(autouse=True)
def _checkpoints_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the checkpoints, whose directories no test here makes, for whole."""
    monkeypatch.setattr(promotion, "verify", lambda version, store: None)


def gated(store: Store, clock: WoundClock, *lines: GateLine) -> str:
    """Return a version whose gate had these lines."""
    gate: dict[str, Any] = {
        "passed": all(line.passed for line in lines), "verdict": "", "lines": [line.as_json() for line in lines],
    }  # fmt: skip
    with store.writing() as session:
        version = model_versions.add(
            session, role="lyrics", digest="new", family="llama", path="/new", card={}, now=clock()
        )
        return model_versions.record_gate(session, version.id, gate).id


def gap_of(store: Store, version_id: str) -> SafetyGap:
    with store.reading() as session:
        return safety_gap(model_versions.get(session, version_id))


def whole(*other: GateLine) -> tuple[GateLine, ...]:
    """Return every safety line of lyrics, passed but for the others, after a first line that was not."""
    passed = [not_lower_line(name, 1.0, 1.0) for name in SAFETY_LINES["lyrics"]]
    named = {line.name: line for line in (learnable_line(share_of(5, 10)), *passed, *other)}
    return tuple(named.values())


def test_a_gate_that_stopped_at_its_first_line_is_passed_over_with_what_it_did_not_measure_on_record(
    store: Store, clock: WoundClock
) -> None:
    version = gated(store, clock, learnable_line(share_of(5, 10)))
    assert gap_of(store, version) == SafetyGap(unmeasured=SAFETY_LINES["lyrics"])
    with pytest.raises(RequestError, match="--despite 'the reason' --unsafe"):
        promotion.promote(store, version, now=clock())
    with pytest.raises(RequestError, match=rf"not measured: .*insults.*; songwright gate {version} --all --snapshot"):
        promotion.promote(store, version, now=clock(), despite=WHY)
    with store.reading() as session:
        assert model_versions.get(session, version).state == "candidate"
    made = promotion.promote(store, version, now=clock(), by="Ann", despite=WHY, unsafe=True)
    said = f"{WHY} | safety lines not measured: {', '.join(SAFETY_LINES['lyrics'])}"
    assert (made.decisions[-1]["why"], made.decisions[-1]["by"]) == (said, "Ann")
    assert made.gate is not None
    assert made.gate["despite"]["safety"] == {"failed": [], "unmeasured": list(SAFETY_LINES["lyrics"])}
    assert "Safety lines not measured: structure accuracy" in card_text(card_facts(store, version))


def test_a_failed_safety_line_is_named_on_record(store: Store, clock: WoundClock) -> None:
    version = gated(store, clock, *whole(filter_line("insults", 0, 2, 100)))
    with pytest.raises(RequestError, match="safety lines not passed: insults; --unsafe"):
        promotion.promote(store, version, now=clock(), despite=WHY)
    made = promotion.promote(store, version, now=clock(), despite=WHY, unsafe=True)
    assert made.decisions[-1]["why"] == f"{WHY} | safety lines not passed: insults"
    assert "Safety lines not passed: insults." in card_text(card_facts(store, version))


def test_where_safety_was_measured_and_passed_a_reason_is_enough(store: Store, clock: WoundClock) -> None:
    version = gated(store, clock, *whole())
    assert not gap_of(store, version)
    assert promotion.promote(store, version, now=clock(), despite=WHY).decisions[-1]["why"] == WHY


def test_a_line_without_a_figure_was_not_measured(store: Store, clock: WoundClock) -> None:
    version = gated(store, clock, *whole(not_lower_line("coverage", float("nan"), float("nan"))))
    assert gap_of(store, version) == SafetyGap(unmeasured=("coverage",))


def test_a_blank_reason_is_none_and_a_passed_gate_needs_none(store: Store, clock: WoundClock) -> None:
    version = gated(store, clock, *whole(filter_line("insults", 0, 2, 100)))
    with pytest.raises(RequestError, match="say why"):
        promotion.promote(store, version, now=clock(), despite="  ", unsafe=True)
    with store.writing() as session:
        model_versions.record_gate(session, version, {"passed": True, "lines": []})
    assert promotion.promote(store, version, now=clock()).decisions[-1]["why"] == ""


def test_a_later_promotion_of_the_same_is_on_record_too(store: Store, clock: WoundClock) -> None:
    version = gated(store, clock, *whole(filter_line("insults", 0, 2, 100)))
    promotion.promote(store, version, now=clock(), despite=WHY, unsafe=True)
    promotion.roll_back(store, "lyrics", now=clock())
    assert promotion.promote(store, version, now=clock()).decisions[-1]["why"] == "safety lines not passed: insults"
