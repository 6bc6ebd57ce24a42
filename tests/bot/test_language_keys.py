"""No text stands in the language files that nothing says. Reads the sources, runs none of them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.language_files import language_file
from bot.translations import Words
from worker.store.privacy import COPIES, TRACES

SOURCES = Path(__file__).parents[2] / "bot"
# Figures that the worker names, and `pages` looks up as f"{table}.{name}".
STATISTICS = ("songs", "members", "ratings", "waiting", "running", "today")
COUNTED = frozenset(
    {f"stats.{name}" for name in STATISTICS}
    | {f"privacy.{name}" for name in ("songs", "files", *TRACES.keys() - COPIES)}
)


@dataclass(frozen=True)
class Named:
    """What sources may mean as keys: whole texts, and the known begin or end of those that they build."""

    texts: frozenset[str]
    beginnings: tuple[str, ...]
    endings: frozenset[str]

    def uses(self, key: str) -> bool:
        """Return whether a key is named: wholly, by its beginning, or by its end after a table named elsewhere."""
        table, _, rest = key.partition(".")
        return key in self.texts or key.startswith(self.beginnings) or (rest in self.endings and table in self.texts)


def named_in(sources: Iterable[str]) -> Named:
    nodes = [node for source in sources for node in ast.walk(ast.parse(source))]
    built = [node.values for node in nodes if isinstance(node, ast.JoinedStr)]
    return Named(
        frozenset(text for node in nodes if (text := text_of(node))),
        tuple(text for parts in built if re.fullmatch(r"[a-z]+\.[\w.]*", text := text_of(parts[0]))),
        frozenset(text[1:] for parts in built if re.fullmatch(r"\.[a-z_]+", text := text_of(parts[-1]))),
    )


def text_of(node: ast.AST) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def unused(keys: Iterable[str], named: Named) -> list[str]:
    short = {key: re.sub(r"\.(one|other)$", "", key).removeprefix("messages.") for key in keys}
    return sorted(key for key, name in short.items() if name not in COUNTED and not named.uses(name))


def sources() -> list[str]:
    return [path.read_text(encoding="utf-8") for path in sorted(SOURCES.rglob("*.py"))]


def test_every_english_text_is_said_somewhere() -> None:
    assert unused(language_file("en").texts, named_in(sources())) == []


def test_every_figure_that_is_counted_has_a_text() -> None:
    assert sorted(key for key in COUNTED if not Words("en").has(key)) == []


@pytest.mark.parametrize(("source", "key"), [
    ("words('a.b')", "messages.a.b"),
    ("words('a.b', count=1)", "messages.a.b.other"),
    ("words('buttons.go')", "buttons.go"),
    ("words(f'a.{kind}')", "messages.a.b"),
    ("words(f'a.b_{kind}')", "messages.a.b_c.one"),
    ("f'{words(f\"a.b_{kind}\")} x'", "messages.a.b_c"),
    ("words(f'{table}.title'), 'a'", "messages.a.title"),
])  # fmt: skip
def test_a_key_counts_as_used_as_a_text_or_by_a_known_part(source: str, key: str) -> None:
    assert unused([key], named_in([source])) == []


@pytest.mark.parametrize(("source", "key"), [
    ("words('a.b')", "messages.a.c"), ("# a.b", "messages.a.b"), ("'say a.b'", "messages.a.b"),
    ("words(f'a.b_{kind}')", "messages.a.b"), ("words(f'{table}.{name}'), 'a'", "messages.a.b"),
    ("words(f'{table}.title'), 'a'", "messages.b.title"), ("f'{a} b'", "messages.a.b"), ("f'a{b}'", "messages.a.b"),
])  # fmt: skip
def test_a_key_that_only_looks_like_one_that_is_used_is_found(source: str, key: str) -> None:
    assert unused([key], named_in([source])) == [key]
