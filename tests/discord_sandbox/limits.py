"""Discord's documented rules that its OpenAPI document does not express. Knows nothing of who breaks them.

Every rule names the page of Discord's developer documentation it is from, except
``TEXT_TOTAL``, which is from discord.py's documentation of ``LayoutView``.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterator
from typing import Any

from .spec import Problem

MIB = 1024 * 1024
FILE_SIZE = 10 * MIB  # reference: Uploading Files, the default for each file
REQUEST_SIZE = 25 * MIB  # resources/message: Create Message
FILE_COUNT = 10
CONTENT = 2000  # resources/message; the OpenAPI document has 4000, which is for paying users
EMBED_TOTAL = 6000  # resources/message: Embed Limits
LEGACY_ROWS = 5  # components/reference: Legacy Message Component Behavior
COMPONENTS = 40  # components/reference
TEXT_TOTAL = 4000
COMMANDS = {1: 100, 2: 15, 3: 15}  # interactions/application-commands: Registering a Command
COMMAND_TEXT = 8000  # interactions/application-commands: Slash Commands
CREATES_A_DAY = 200
CHOICES = 25

EPHEMERAL, LOADING, COMPONENTS_V2 = 1 << 6, 1 << 7, 1 << 15
ROW, BUTTON, TEXT_INPUT, TEXT, FILE, LABEL = 1, 2, 4, 10, 13, 18
SELECTS = frozenset({3, 5, 6, 7, 8})
LINK, PREMIUM = 5, 6
EMBED_IMAGES = (".jpg", ".jpeg", ".png", ".webp", ".gif")


def walk(
    components: Any, path: tuple[str | int, ...] = ("components",)
) -> Iterator[tuple[tuple[str | int, ...], dict[str, Any]]]:
    """Yield every component below a list of them, with its place."""
    for index, component in enumerate(components or []):
        here = (*path, index)
        yield here, component
        yield from walk(component.get("components"), (*here, "components"))
        for single in ("accessory", "component"):
            if component.get(single):
                yield from walk([component[single]], (*here, single))


def message(body: dict[str, Any], flags: int, names: Collection[str]) -> list[Problem]:
    """Return what is wrong with a message that will have ``flags`` and attachments called ``names``."""
    length = len(body.get("content") or "")
    return [
        *(
            [Problem(("content",), "BASE_TYPE_MAX_LENGTH", f"Must be {CONTENT} or fewer in length.")]
            if length > CONTENT
            else []
        ),
        *_embeds(body.get("embeds") or [], names),
        *_components(body.get("components") or [], bool(flags & COMPONENTS_V2), names),
        *_mentions(body.get("allowed_mentions") or {}),
        *(
            Problem((key,), "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2", "not with IS_COMPONENTS_V2")
            for key in ("content", "embeds", "poll", "sticker_ids")
            if flags & COMPONENTS_V2 and body.get(key)
        ),
    ]


def _embeds(embeds: list[dict[str, Any]], names: Collection[str]) -> Iterator[Problem]:
    total = 0
    for index, embed in enumerate(embeds):
        texts = [embed.get("title"), embed.get("description")]
        texts += [(embed.get(part) or {}).get(key) for part, key in (("footer", "text"), ("author", "name"))]
        texts += [field.get(key) for field in embed.get("fields") or [] for key in ("name", "value")]
        total += sum(len(text.strip()) for text in texts if text)
        for part in ("image", "thumbnail"):
            url = (embed.get(part) or {}).get("url") or ""
            if url.startswith("attachment://"):
                yield from _attached(("embeds", index, part, "url"), url, names)
                if not url.lower().endswith(EMBED_IMAGES):
                    yield Problem(
                        ("embeds", index, part, "url"), "URL_TYPE_INVALID", f"only {EMBED_IMAGES} work in an embed"
                    )
    if total > EMBED_TOTAL:
        yield Problem(("embeds",), "MAX_EMBED_SIZE_EXCEEDED", f"{total} characters in all, {EMBED_TOTAL} allowed")


def _attached(path: tuple[str | int, ...], url: str, names: Collection[str]) -> Iterator[Problem]:
    if url.removeprefix("attachment://") not in names:
        yield Problem(path, "UNFURLED_MEDIA_ITEM_REFERENCED_ATTACHMENT_NOT_FOUND", f"{url} is not attached")


def _components(components: list[dict[str, Any]], v2: bool, names: Collection[str]) -> Iterator[Problem]:
    every = list(walk(components))
    for key in ("custom_id", "id"):
        counts = Counter(part[key] for _, part in every if part.get(key))
        for value in (value for value, count in counts.items() if count > 1):
            yield Problem(("components",), "COMPONENT_CUSTOM_ID_DUPLICATED", f"{key} {value!r} used more than once")
    if v2 and len(every) > COMPONENTS:
        yield Problem(("components",), "BASE_TYPE_MAX_LENGTH", f"{len(every)} components, {COMPONENTS} allowed")
    if v2 and sum(len(part.get("content") or "") for _, part in every) > TEXT_TOTAL:
        yield Problem(
            ("components",), "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED", f"more than {TEXT_TOTAL} characters of text"
        )
    if not v2:
        if len(components) > LEGACY_ROWS:
            yield Problem(("components",), "BASE_TYPE_BAD_LENGTH", f"{len(components)} rows, {LEGACY_ROWS} allowed")
        for path, part in every:
            if len(path) == 2 and part.get("type") != ROW:
                yield Problem(path, "UNION_TYPE_CHOICES", "needs the flag IS_COMPONENTS_V2")
    for path, part in every:
        kind = part.get("type")
        if (
            kind == ROW
            and len(part["components"]) > 1
            and any(child.get("type") in SELECTS for child in part["components"])
        ):
            yield Problem(path, "COMPONENT_LAYOUT_WIDTH_EXCEEDED", "a select menu fills its row")
        if kind == BUTTON:
            link, premium = part.get("style") == LINK, part.get("style") == PREMIUM
            if bool(part.get("url")) != link or bool(part.get("sku_id")) != premium:
                yield Problem(path, "BUTTON_COMPONENT_INVALID_URL", "url is for link buttons, sku_id for premium ones")
            if bool(part.get("custom_id")) == (link or premium):
                yield Problem(path, "BUTTON_COMPONENT_CUSTOM_ID_REQUIRED", "custom_id is for buttons that call the app")
            if not premium and not part.get("label") and not part.get("emoji"):
                yield Problem(path, "BUTTON_COMPONENT_LABEL_OR_EMOJI_REQUIRED", "needs a label or an emoji")
        for url in ((part.get(key) or {}).get("url") or "" for key in ("file", "media")):
            if url.startswith("attachment://"):
                yield from _attached(path, url, names)


def _mentions(allowed: dict[str, Any]) -> Iterator[Problem]:
    for kind in ("users", "roles"):
        if kind in (allowed.get("parse") or []) and allowed.get(kind):
            yield Problem(
                ("allowed_mentions", kind), "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE", "both parsed and listed"
            )


def _good_name(name: str) -> bool:
    """``^[-_'\\p{L}\\p{N}\\p{sc=Deva}\\p{sc=Thai}]{1,32}$``, in lower case where there is one."""
    return (
        bool(re.fullmatch(r".{1,32}", name))
        and name == name.lower()
        and all(
            letter in "-_'"
            or unicodedata.category(letter)[0] in "LN"
            or 0x900 <= ord(letter) < 0x980
            or 0xE00 <= ord(letter) < 0xE80
            for letter in name
        )
    )


def commands(body: list[dict[str, Any]]) -> list[Problem]:
    """Return what is wrong with an application's commands, registered together."""
    problems = []
    kinds = Counter(command.get("type") or 1 for command in body)
    names = Counter((command.get("type") or 1, command["name"]) for command in body)
    for kind, most in COMMANDS.items():
        if kinds[kind] > most:
            problems.append(
                Problem((), "APPLICATION_COMMANDS_MAX", f"{kinds[kind]} commands of type {kind}, {most} allowed")
            )
    for (_, name), count in names.items():
        if count > 1:
            problems.append(Problem((), "APPLICATION_COMMANDS_DUPLICATE_NAME", f"{name!r} given {count} times"))
    for index, command in enumerate(body):
        if (command.get("type") or 1) == 1:
            problems += _option(command, (index,))
            if (length := _text(command)) > COMMAND_TEXT:
                problems.append(
                    Problem((index,), "APPLICATION_COMMAND_TOO_LARGE", f"{length} characters, {COMMAND_TEXT} allowed")
                )
        elif command.get("description") or command.get("options"):
            problems.append(Problem((index,), "INVALID", "only slash commands have a description and options"))
    return problems


def _text(option: dict[str, Any]) -> int:
    """Characters of names, descriptions and values, the longest localisation of each counted."""
    total = 0
    for key in ("name", "description"):
        total += max(map(len, [option.get(key) or "", *(option.get(f"{key}_localizations") or {}).values()]))
    total += len(option["value"]) if isinstance(option.get("value"), str) else 0
    return total + sum(_text(inner) for key in ("options", "choices") for inner in option.get(key) or [])


def _option(option: dict[str, Any], path: tuple[str | int, ...]) -> Iterator[Problem]:
    for name in (option["name"], *(option.get("name_localizations") or {}).values()):
        if not _good_name(name):
            yield Problem((*path, "name"), "APPLICATION_COMMAND_INVALID_NAME", f"{name!r} is not a command name")
    if not 1 <= len(option.get("description") or "") <= 100:
        yield Problem((*path, "description"), "BASE_TYPE_BAD_LENGTH", "must be 1 to 100 characters long")
    if option.get("autocomplete") and option.get("choices"):
        yield Problem((*path, "autocomplete"), "INVALID", "not together with choices")
    inner = option.get("options") or []
    required = [bool(part.get("required")) for part in inner]
    if required != sorted(required, reverse=True):
        yield Problem((*path, "options"), "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", "required options come first")
    if len({part["name"] for part in inner}) < len(inner):
        yield Problem((*path, "options"), "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS", "option names repeat")
    for index, part in enumerate(inner):
        yield from _option(part, (*path, "options", index))
