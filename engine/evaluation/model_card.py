"""The model card of a version, as Markdown written from what is on record: nobody has to keep it up to date by hand.

Parents, data and licences, consent, recipe, the gate's figures, ratings, decisions, examples. Does not know where these are
kept. A starter's own card is the text that lies beside its weights.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

CONSENT = (
    "A snapshot holds what members who said yes to training (/privacy training) said about songs of members who did, under "
    "pseudonyms. Whoever withdraws is in no later snapshot; nothing is tuned on one that is older than the newest."
)
NOT_ON_RECORD = "Not on record."


@dataclass(frozen=True)
class Ancestor:
    """A model that a version goes back to. readme: its own card, "" where it has none."""

    name: str
    digest: str
    card: Mapping[str, Any]
    readme: str = ""


@dataclass(frozen=True)
class CardFacts:
    """What is on record of a version. ancestors: its parent first. snapshot: statistics and rules, None without one.

    ratings: (songs, ratings, mean stars or None). trial: what the sequential test says, "" without one. examples: (what
    was asked, words).
    """

    name: str
    role: str
    digest: str
    family: str
    state: str
    card: Mapping[str, Any]
    readme: str = ""
    ancestors: Sequence[Ancestor] = ()
    snapshot: Mapping[str, Any] | None = None
    gate: Mapping[str, Any] | None = None
    ratings: tuple[int, int, float | None] = (0, 0, None)
    trial: str = ""
    decisions: Sequence[Mapping[str, Any]] = ()
    examples: Sequence[tuple[str, str]] = field(default=())


def card_text(facts: CardFacts) -> str:
    """Return the card as Markdown, always with the same sections; what is not on record is said to be so."""
    parts = [
        f"# Model card: {facts.role} {facts.digest}",
        f"Version {facts.name}, family {facts.family}, {facts.state}. It {_work(facts.role)}.",
        *_section("Goes back to", _ancestors(facts)),
        *_section("Data and licences", _data(facts)),
        *_section(
            "Consent", [CONSENT, *_rules(facts)] if facts.snapshot is not None else ["No ratings of members are in it."]
        ),
        *_section("Recipe", _recipe(facts.card)),
        *_section("The gate", _gate(facts.gate)),
        *_section("Ratings until now", _ratings(facts)),
        *_section("Decisions", [_decision(one) for one in facts.decisions]),
        *_section("Examples", _examples(facts.examples)),
    ]
    if facts.readme:
        parts += ["## Its own card", _lowered(facts.readme)]
    return "\n\n".join(parts) + "\n"


def _section(title: str, lines: Iterable[str]) -> list[str]:
    return [f"## {title}", "\n".join(lines) or NOT_ON_RECORD]


def _work(role: str) -> str:
    work = {
        "lyrics": "writes English words",
        "melody": "writes tunes",
        "chinese": "writes Chinese words",
        "music": "composes",
    }
    return work.get(role, "chooses between takes")


def _ancestors(facts: CardFacts) -> list[str]:
    if not facts.ancestors:
        return ["Nothing: it was not tuned from another version that is known here."]
    return [f"{number}. {one.name} (`{one.digest}`)" for number, one in enumerate(facts.ancestors, 1)]


def _data(facts: CardFacts) -> list[str]:
    """Return what it and those before it were trained on; licences where a card or a corpus names them."""
    lines = []
    if facts.snapshot is not None:
        told = facts.snapshot
        lines.append(
            f"- ratings: snapshot `{str(told.get('digest', ''))[:12]}` of {told.get('day', 'an unknown day')}: "
            f"{told.get('judgements')} judgements by {told.get('raters')} raters of {told.get('takes')} takes of "
            f"{told.get('prompts')} prompts"
        )
    for name, card in ((facts.name, facts.card), *((one.name, one.card) for one in facts.ancestors)):
        for key in ("corpus", "corpora", "data", "source", "licence", "licences", "license"):
            if card.get(key):
                lines.append(f"- {key} of {name}: {_short(card[key])}")
    readmes = [facts.readme, *(one.readme for one in facts.ancestors)]
    paragraphs = (text for readme in readmes for text in _about_data(readme))
    return [*lines, *(f"\n{text}" for text in paragraphs)]


def _about_data(readme: str) -> list[str]:
    """Return the paragraphs of a card that say what the data are."""
    marks = ("**Data", "## Data", "**Licen", "## Licen")
    return [text.strip() for text in readme.split("\n\n") if text.strip().startswith(marks)]


def _rules(facts: CardFacts) -> list[str]:
    rules = (facts.snapshot or {}).get("rules")
    return [f"\nRules of the snapshot: {_short(rules)}"] if rules else []


def _recipe(card: Mapping[str, Any]) -> list[str]:
    return [f"- {name}: {_short(value)}" for name, value in card.items()]


def _gate(gate: Mapping[str, Any] | None) -> list[str]:
    if gate is None:
        return ["It was not compared with a parent."]
    lines = [str(gate.get("verdict") or ("Passed." if gate.get("passed") else "Not passed.")), ""]
    lines += ["| line | parent | candidate | bar | passed | |", "|---|---|---|---|---|---|"]
    for one in gate.get("lines", ()):
        name = f"{one.get('name')} (safety)" if one.get("safety") else one.get("name")
        figures = [_figure(one.get("parent")), _figure(one.get("candidate"))]
        passed = "**no**" if not one.get("passed") else "not measured" if one.get("candidate") is None else "yes"
        cells = [name, *figures, one.get("bar", ""), passed, one.get("sentence", "")]
        lines.append(f"| {' | '.join(_cell(cell) for cell in cells)} |")
    despite = gate.get("despite")
    if despite:
        lines += ["", f"Promoted all the same by {despite.get('by')} at {despite.get('at')}: {despite.get('why')}"]
        safety = despite.get("safety") or {}
        said = {"Safety lines not passed": safety.get("failed"), "Safety lines not measured": safety.get("unmeasured")}
        lines += [f"{what}: {', '.join(names)}." for what, names in said.items() if names]
    return lines


def _ratings(facts: CardFacts) -> list[str]:
    songs, ratings, stars = facts.ratings
    mean = "" if stars is None else f", {stars:.2f} stars on average"
    lines = [f"{ratings} ratings of {songs} of its songs among the last 2,000{mean}."]
    return [*lines, *([facts.trial] if facts.trial else [])]


def _decision(one: Mapping[str, Any]) -> str:
    why = f": {one['why']}" if one.get("why") else ""
    return f"- {str(one.get('at'))[:16].replace('T', ' ')} UTC: {one.get('what')} by {one.get('by')}{why}"


def _examples(examples: Sequence[tuple[str, str]]) -> list[str]:
    return [f"{asked}\n\n```\n{text.strip()}\n```\n" for asked, text in examples]


def _lowered(readme: str) -> str:
    """Return a card with its headings two levels lower, so that it stands inside another."""
    return "\n".join(f"##{line}" if line.startswith("#") else line for line in readme.strip().splitlines())


def _short(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _figure(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, int | float) else "–"


def _cell(value: Any) -> str:
    return str(value).replace("|", "\\|").replace("\n", " ")
