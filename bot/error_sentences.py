"""Error sentences of engine and worker in the language of whoever reads them. Does not know who raises them, or when.

The engine says what is wrong in English, with the commands of Discord (/sing) and the options of the terminal (--top-k);
each side gives the other's its own form. A template is such a sentence with its values as numbered places,
"stars must be {0}-{1}, got {2}; give {3}"; [errors] of a language file maps templates to translations. A sentence that
no template fits stays English. The result is plain text: values in it come from people, so escape it (`plain_text`).
"""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from bot.language_files import ENGLISH, language_file, language_of
from engine.verbs import VERBS

LONGEST_SENTENCE = 2000  # what is longer is no sentence of ours and is shown as it is
_DEEPEST = 3  # a sentence may hold another (a way out), and that one a list of names
_OPTION = re.compile(r"(?<![\w-])--([a-z][a-z0-9-]*)")
# A command as Discord has it, with values for its options: "/song key:Dm". Not a path such as /song/one.mid.
_COMMAND = re.compile(rf"(?<![\w/.-])/({'|'.join(VERBS)})(?![\w/.-])((?: [a-z_]+:[^\s,;)]+)*)")
_VALUE = re.compile(r" ([a-z_]+):")
_NO_TEXTS: Mapping[str, object] = {}


def localise(sentence: str, locale: object) -> str:
    """Return the sentence in the language of a locale (of Discord, or its code); as it is where it is not known."""
    language = language_of(locale)
    return sentence if language == ENGLISH else _localised(sentence, language, _DEEPEST)


def without_dashes(sentence: str) -> str:
    """Return the sentence with terminal options as Discord calls them: "leave --top-k out" -> "leave top_k out"."""
    return _OPTION.sub(lambda found: found[1].replace("-", "_"), sentence)


def with_subcommands(sentence: str) -> str:
    """Return the sentence with commands as the terminal has them: "/song key:Dm" -> "songwright song --key Dm"."""
    return _COMMAND.sub(lambda found: f"songwright {found[1]}{_VALUE.sub(_option, found[2])}", sentence)


def _option(found: re.Match[str]) -> str:
    return f" --{found[1].replace('_', '-')} "


def template_of(node: ast.expr, texts: Mapping[str, object] = _NO_TEXTS) -> str:
    """Return the template of a message in source code: a text, an f-string, or several with + between.

    texts: values of names that stand for whole texts (those of the module). Each value of an f-string becomes the next
    number. ValueError where the message is known only when the program runs.
    """
    parts = _parts(node, texts)
    if parts is None:
        raise ValueError(f"not known before the program runs: {ast.unparse(node)}")
    numbers = iter(range(len(parts)))
    return "".join(f"{{{next(numbers)}}}" if part is None else part for part in parts)


def template_of_named(text: str) -> str:
    """Return the template of a text for `str.format`: "{where} is full" -> "{0} is full"."""
    parts = _named_parts(text)
    numbers = iter(range(len(parts)))
    return "".join(f"{{{next(numbers)}}}" if part is None else part for part in parts)


def _parts(node: ast.expr, texts: Mapping[str, object]) -> list[str | None] | None:
    """Return the pieces of a message, None for a value; None for all where it cannot be known."""
    match node:
        case ast.Constant(value=str(text)):
            return [_braced(text)]
        case ast.FormattedValue():
            return [None]
        case ast.JoinedStr(values=pieces):
            return _joined([_parts(piece, texts) for piece in pieces])
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _joined([_parts(left, texts), _parts(right, texts)])
        case ast.Name(id=name) if isinstance(texts.get(name), str):
            return [_braced(str(texts[name]))]
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="format")) if isinstance(texts.get(name), str):
            return _named_parts(str(texts[name]))
    return None


def _joined(pieces: list[list[str | None] | None]) -> list[str | None] | None:
    joined: list[str | None] = []
    for piece in pieces:
        if piece is None:
            return None
        joined += piece
    return joined


def _named_parts(text: str) -> list[str | None]:
    parts: list[str | None] = []
    for literal, name, _, _ in string.Formatter().parse(text):
        parts += [_braced(literal), *([None] if name is not None else [])]
    return parts


def _braced(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


@dataclass(frozen=True)
class _Known:
    """A template ready to match. places: their numbers in the order of the template. quoted: those in quotes, as typed."""

    pattern: re.Pattern[str]
    literal_characters: int
    places: tuple[str, ...]
    quoted: frozenset[str]
    translation: str


@cache
def _templates(language: str) -> tuple[_Known, ...]:
    """Return the templates of a language, those with the most words of their own first."""
    known = (_known(template, translation) for template, translation in language_file(language).errors.items())
    return tuple(sorted(known, key=lambda template: -template.literal_characters))


def _known(template: str, translation: str) -> _Known:
    pattern, literal_characters = "", 0
    places: list[str] = []
    quoted: set[str] = set()
    for literal, name, _, _ in string.Formatter().parse(template):
        if (
            places and not literal and name is not None
        ):  # of two values side by side the first is one word: "40", " at 100 ..."
            pattern = pattern.removesuffix("(.*?)") + r"(\S*)"
        pattern += re.escape(literal)
        literal_characters += len(literal)
        if name is not None:
            pattern += "(.*?)"
            places.append(name)
            quoted |= {name} if literal.endswith('"') else set()
    return _Known(re.compile(pattern, re.DOTALL), literal_characters, tuple(places), frozenset(quoted), translation)


def _localised(sentence: str, language: str, depth: int) -> str:
    if not depth or len(sentence) > LONGEST_SENTENCE:
        return sentence
    for known in _templates(language):
        if found := known.pattern.fullmatch(sentence):
            values = dict(zip(known.places, found.groups(), strict=True))
            said = {
                name: value if name in known.quoted else _value(value, language, depth)
                for name, value in values.items()
            }
            return _filled(known.translation, said)
    return sentence


def _value(text: str, language: str, depth: int) -> str:
    """Return a value in the language where it is a known word, a list of known words or a sentence; else as it is."""
    words = {**_table("choices.", language), **_table("values.", language)}
    if text in words:
        return words[text]
    for comma in (", ", " or "):
        named = text.split(comma)
        if len(named) > 1 and all(name in words for name in named):
            return words.get(comma, comma).join(words[name] for name in named)
    return _localised(text, language, depth - 1)


@cache
def _table(prefix: str, language: str) -> dict[str, str]:
    texts = language_file(language).texts
    return {key.removeprefix(prefix): text for key, text in texts.items() if key.startswith(prefix)}


def _filled(translation: str, values: Mapping[str, str]) -> str:
    """Fill named places; `str.format` would take "{0}" for the first argument, not for the place of that name."""
    return "".join(
        literal + (values[name] if name is not None else "")
        for literal, name, _, _ in string.Formatter().parse(translation)
    )
