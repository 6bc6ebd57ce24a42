"""The language files, read once and checked against each other. Does not know Discord, nor who shows the texts.

One TOML file per language in `languages/`, named by Discord's locale code. What a language lacks is said in English.
`en.toml` holds no names of commands and options and no error sentences: those stand in the code, in English.
"""

from __future__ import annotations

import re
import string
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "languages"
ENGLISH = "en"
ERRORS = "errors"
OUTSIDE_ENGLISH = ("commands.", "options.", "menus.", "choices.", "values.")  # their English stands in the code
# Discord's limits: names of commands and options, their descriptions, names of choices, labels of buttons.
_NAME = re.compile(r"[-_'\w\u0900-\u0963\u0e31-\u0e4e]{1,32}")
_MOST_CHARACTERS = {"description": 100, "choices": 100, "buttons": 80, "menus": 32}
_COMMAND_IN_TEXT = re.compile(r"(?<![\w/<:.])/([^\W\d_][\w-]*)")


@dataclass(frozen=True)
class LanguageFile:
    """One language. texts: by dotted path, "messages.queue.place". errors: English template to translation."""

    code: str
    texts: Mapping[str, str]
    errors: Mapping[str, str]


@cache
def languages() -> tuple[str, ...]:
    """Return the codes of the languages that there is a file for, English first."""
    codes = sorted(path.stem for path in FOLDER.glob("*.toml"))
    return tuple(sorted(codes, key=lambda code: code != ENGLISH))


@cache
def language_file(code: str) -> LanguageFile:
    """Return the texts of a language of `languages()`; read at the first use, kept afterwards."""
    return parse_language(code, (FOLDER / f"{code}.toml").read_text(encoding="utf-8"))


def parse_language(code: str, toml: str) -> LanguageFile:
    """Read a language file; tomllib.TOMLDecodeError where it is not TOML."""
    tables = tomllib.loads(toml)
    errors = tables.pop(ERRORS, {})
    return LanguageFile(code, dict(_flat(tables, "")), errors)


def _flat(table: Mapping[str, object], path: str) -> Iterator[tuple[str, str]]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{path}{name}.")
        else:
            yield path + name, str(value)


def language_of(locale: object) -> str:
    """Return the language for a locale of Discord (or its code, or None): zh-TW is read as zh-CN, de-AT as de.

    English for every locale without a file.
    """
    code = str(locale)
    if code in languages():
        return code
    root = code.split("-")[0]
    return next((known for known in languages() if known.split("-")[0] == root), ENGLISH)


def places(text: str) -> tuple[str, ...]:
    """Return the names of the {places} of a text, sorted; ValueError where braces do not match."""
    return tuple(sorted(name for _, name, _, _ in string.Formatter().parse(text) if name is not None))


def check_languages(files: Mapping[str, LanguageFile] | None = None) -> list[str]:
    """Return what is wrong with the files, one sentence each: missing or surplus keys, places, Discord's limits."""
    files = files or {code: language_file(code) for code in languages()}
    english, others = files[ENGLISH], [file for file in files.values() if file.code != ENGLISH]
    faults: list[str] = []
    for file in files.values():
        faults += _faults_of_texts(file)
    for file in others:
        faults += _faults_against(file, english, others)
    return faults


def _faults_against(file: LanguageFile, english: LanguageFile, others: list[LanguageFile]) -> Iterator[str]:
    of_code = {key for other in others for key in other.texts if key.startswith(OUTSIDE_ENGLISH)}
    wanted = set(english.texts) | of_code
    for key in sorted(wanted - set(file.texts)):
        if not _is_needless_one(key, file):
            yield f"{file.code}: {key} is missing"
    for key in sorted(set(file.texts) - wanted):
        yield f"{file.code}: {key} is not in {ENGLISH}.toml"
    for key in sorted(set(file.texts) & set(english.texts)):
        if set(places(file.texts[key])) != set(places(english.texts[key])):
            yield f"{file.code}: {key} has the places {places(file.texts[key])}, in English {places(english.texts[key])}"
    for template in sorted({template for other in others for template in other.errors} - set(file.errors)):
        yield f"{file.code}: the error {template!r} is missing"
    for template, text in file.errors.items():
        if not set(places(text)) <= set(places(template)):
            yield f"{file.code}: the error {template!r} has no places {places(text)}"


def _is_needless_one(key: str, file: LanguageFile) -> bool:
    """A language without a singular form of its own says `.other` for one as well."""
    return key.endswith(".one") and key.removesuffix("one") + "other" in file.texts


def _faults_of_texts(file: LanguageFile) -> Iterator[str]:
    commands = _command_names(file)
    for key, text in {**file.texts, **file.errors}.items():
        for name in _COMMAND_IN_TEXT.findall(text) if commands else ():
            if name not in commands:
                yield f"{file.code}: {key} names /{name}, which is no command"
    for key, text in file.texts.items():
        if not text.strip():
            yield f"{file.code}: {key} is empty"
        if not all(place.isidentifier() for place in places(text)):
            yield f"{file.code}: {key} may only have named {{places}}"
        if fault := _fault_of_limits(key, text):
            yield f"{file.code}: {key} {fault}: {text!r}"
    for scope, names in _scopes(file).items():
        for name, count in Counter(names).items():
            if count > 1:
                yield f"{file.code}: {scope} has {count} things named {name!r}"


def _fault_of_limits(key: str, text: str) -> str | None:
    table, *_, last = key.split(".")
    if table in ("commands", "options") and last == "name":
        return None if _NAME.fullmatch(text) and text == text.lower() else "is not a name that Discord takes"
    most = _MOST_CHARACTERS.get(last if table in ("commands", "options") else table)
    return f"has more than {most} characters" if most and len(text) > most else None


def _command_names(file: LanguageFile) -> set[str]:
    """Return the names of the commands as the language's members see them."""
    source = language_file(next(code for code in languages() if code != ENGLISH)) if file.code == ENGLISH else file
    found = {
        key.split(".")[1]: text for key, text in source.texts.items() if re.fullmatch(r"commands\.[^.]+\.name", key)
    }
    return set(found) if file.code == ENGLISH else set(found.values())


def _scopes(file: LanguageFile) -> dict[str, list[str]]:
    """Return the names that must differ from each other: those of commands of one group, and those of options."""
    scopes: dict[str, list[str]] = {}
    for key, text in file.texts.items():
        if key.startswith(("commands.", "options.")) and key.endswith(".name"):
            scopes.setdefault(".".join(key.split(".")[:-2]), []).append(text)
    return scopes
