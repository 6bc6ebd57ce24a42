"""Texts of the bot in the language of whoever reads them, and the names of the slash commands for Discord.

Knows neither what the texts are for nor how error sentences are put together (`error_sentences`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from discord import Locale
from discord.app_commands import (
    Choice,
    Command,
    ContextMenu,
    Group,
    Parameter,
    TranslationContextLocation,
    TranslationContextTypes,
    Translator,
    locale_str,
)

from bot.language_files import ENGLISH, check_languages, language_file, language_of, languages

__all__ = ["SlashTranslator", "Words", "check_languages", "languages", "missing_command_texts"]

AnyCommand = Command[Any, ..., Any] | Group | ContextMenu
Keys = tuple[str, ...]  # where a text may stand, the first that is found counts


class Words:
    """The texts of one language. locale: of Discord, or its code; None and unknown ones mean English.

    >>> Words("de")("queue.place", place=3, when="<t:1700000000:R>")
    'Platz 3 in der Warteschlange · fertig <t:1700000000:R>'
    """

    __slots__ = ("language",)

    def __init__(self, locale: object = None) -> None:
        self.language = language_of(locale)

    def __call__(self, key: str, /, *, count: int | None = None, **given: object) -> str:
        """Return the text of a key with its {places} filled.

        key: in [messages], "queue.place", or with its table, "buttons.cancel". count: chooses between `.one` and
        `.other` where the key has them, and fills {count}. KeyError where English lacks the key or `given` a place:
        that is a bug.
        """
        if count is not None:
            given["count"] = count
        return self._text(key, count).format(**given)

    def has(self, key: str) -> bool:
        """Return whether there is such a text, be it in English only."""
        return self._find(key, 1) is not None

    def choice(self, value: object) -> str:
        """Return what a choice (a style, a voice) is called; the value itself where it has no other name."""
        return self._find(f"choices.{value}", None) or str(value)

    def stage(self, name: str) -> str:
        """Return what a stage of the work is called; its name where it is not known."""
        return self._find(f"stages.{name}", None) or name

    def _text(self, key: str, count: int | None) -> str:
        text = self._find(key, count)
        if text is None:
            raise KeyError(f"{key} is in no language file")
        return text

    def _find(self, key: str, count: int | None) -> str | None:
        endings = ("",) if count is None else (".one", ".other", "") if count == 1 else (".other", "")
        for language in (self.language, ENGLISH):
            texts = language_file(language).texts
            for path in (f"messages.{key}", key):
                for ending in endings:
                    if path + ending in texts:
                        return texts[path + ending]
        return None

    def __repr__(self) -> str:
        return f"Words({self.language!r})"


class SlashTranslator(Translator):
    """Gives Discord the names and descriptions of commands, options and choices in every language there is."""

    async def translate(self, string: locale_str, locale: Locale, context: TranslationContextTypes) -> str | None:
        """Return the text in the language of the locale; None for English and where there is none.

        A `locale_str("...", key="choices.bass_guitar")` names its own place; else the place follows from the context.
        """
        language = language_of(locale)
        if language == ENGLISH:
            return None
        keys = (string.extras["key"],) if "key" in string.extras else _keys_of(context.location, context.data)
        return _found(keys, language)


def missing_command_texts(commands: Iterable[AnyCommand], language: str) -> list[str]:
    """Return where a language (one of `languages()`, not English) lacks a text of these commands, sorted, each once.

    commands: as `tree.get_commands()` gives them; groups are entered. Choices without a letter need no text.
    """
    return sorted({keys[-1] for command in commands for keys in _texts_of(command) if _found(keys, language) is None})


def _found(keys: Keys, language: str) -> str | None:
    texts = language_file(language).texts
    return next((texts[key] for key in keys if key in texts), None)


def _texts_of(command: AnyCommand) -> Iterator[Keys]:
    places = TranslationContextLocation
    if isinstance(command, ContextMenu):
        yield _keys_of(places.command_name, command)
        return
    yield _keys_of(places.command_name, command)
    yield _keys_of(places.command_description, command)
    if isinstance(command, Group):
        for child in command.commands:
            yield from _texts_of(child)
        return
    for parameter in command.parameters:
        yield _keys_of(places.parameter_name, parameter)
        yield _keys_of(places.parameter_description, parameter)
        for choice in parameter.choices:
            if any(character.isalpha() for character in choice.name):
                yield _choice_keys(choice)


def _choice_keys(choice: Choice[Any]) -> Keys:
    named = choice._locale_name  # discord.py offers no other way to the extras of a choice's name
    if named is not None and "key" in named.extras:
        return (named.extras["key"],)
    return _keys_of(TranslationContextLocation.choice_name, choice)


def _keys_of(location: TranslationContextLocation, data: Any) -> Keys:
    """Return where the text of a command, an option or a choice may stand, the closest place first."""
    field = "description" if location.name.endswith("description") else "name"
    match data:
        case ContextMenu():
            return (f"menus.{data.name}",)
        case Command() | Group():
            return (f"{_path(data)}.{field}",)
        case Parameter():
            # What an option is called everywhere stands in [options] once; a command may say it otherwise.
            name = str(data.display_name)
            return (f"{_path(data.command)}.options.{name}.{field}", f"options.{name}.{field}")
        case Choice():
            return (f"choices.{data.value}",)
    return ()


def _path(command: Command[Any, ..., Any] | Group) -> str:
    return "commands." + command.qualified_name.replace(" ", ".")
