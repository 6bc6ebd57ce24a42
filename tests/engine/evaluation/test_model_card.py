"""Promises of model cards: always the same sections, what is on record is there, what is not is said to be missing."""

from __future__ import annotations

import re

from engine.evaluation.model_card import Ancestor, CardFacts, card_text

SECTIONS = [
    "Goes back to",
    "Data and licences",
    "Consent",
    "Recipe",
    "The gate",
    "Ratings until now",
    "Decisions",
    "Examples",
]


def sections(text: str) -> list[str]:
    return re.findall(r"^## (.*)$", text, re.MULTILINE)


def test_a_card_of_nothing_has_every_section() -> None:
    text = card_text(CardFacts("v", "lyrics", "d1", "llama", "candidate", {}))
    assert sections(text) == SECTIONS
    assert text.count("Not on record.") == 4
    assert "was not compared" in text


def test_a_card_tells_of_parents_data_gate_and_decisions() -> None:
    starter = Ancestor(
        "starter", "d0", {"corpus": "english.jsonl.gz"}, "# Starter\n\n**Data.** Published before 1931.\n\nMore."
    )
    line = {
        "name": "range",
        "parent": 1.0,
        "candidate": 0.98,
        "bar": "high",
        "safety": True,
        "passed": False,
        "sentence": "a|b",
    }
    gate = {
        "passed": False,
        "lines": [line],
        "despite": {"why": "the judge is wrong", "by": "host", "at": "2026-01-01"},
    }
    facts = CardFacts(
        "v", "lyrics", "d1", "llama", "promoted", {"objective": "kto"}, readme="# Own\ntext", ancestors=[starter],
        snapshot={"digest": "5" * 40, "day": "2026-01-01", "judgements": 600, "raters": 60, "takes": 500, "prompts": 90},
        gate=gate, ratings=(10, 4, 4.25), decisions=[{"at": "2026-01-02", "what": "promoted", "why": "so", "by": "host"}],
        examples=[("rain", "It rains\n")],
    )  # fmt: skip
    text = card_text(facts)
    assert sections(text) == [*SECTIONS, "Its own card"]
    for told in ("`d0`", "Published before 1931", "corpus of starter: english", "600 judgements by 60 raters", "objective: kto",
                 "range (safety)", "a\\|b", "the judge is wrong", "4.25 stars", "promoted by host: so", "It rains"):  # fmt: skip
        assert told in text, told
    assert "### Own" in text
