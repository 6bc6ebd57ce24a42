"""Forms to type long words in. A form keeps its request in its custom id, so it outlives a restart while it is open.

    sw:form:<verb>:<field>:<other options>

discord.py forgets an open form when the bot restarts; therefore none is registered there, and `submitted` reads the
interaction itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode

import discord

from bot.access import Refusal
from bot.commands.requests import extra_of, request_of
from bot.translations import Words
from engine.contract import Request
from engine.verbs import VERBS, Verb

PREFIX = "sw:form:"
MOST_CUSTOM_ID_CHARACTERS = 100
MOST_TEXT_CHARACTERS, MOST_SHORT_CHARACTERS = 4000, 60


async def open_form(
    interaction: discord.Interaction,
    verb: Verb,
    field: str,
    values: Mapping[str, Any],
    *,
    filled_in: str = "",
    beside: str = "",
) -> None:
    """Open a form for one field of a verb's request. values: the others. filled_in: what stands in it at first.

    beside: what is to be read above the field, escaped.

    Refusal where the others do not fit into the custom id, or the text not into the form.
    """
    words = Words(interaction.locale)
    kept = urlencode({name: str(value) for name, value in values.items() if value is not None and name != field})
    custom_id = f"{PREFIX}{verb.name}:{field}:{kept}"
    if len(custom_id) > MOST_CUSTOM_ID_CHARACTERS:
        raise Refusal("modal.too_many_options")
    if len(filled_in) > MOST_TEXT_CHARACTERS:
        raise Refusal("modal.too_long", most=MOST_TEXT_CHARACTERS, characters=len(filled_in))
    asks = field if words.has(f"modal.{field}_title") else "words"
    title = words(f"modal.{asks}_title") if verb.edits else words("modal.sing_title")
    form = discord.ui.Modal(title=title[:45], custom_id=custom_id)
    if beside:
        form.add_item(discord.ui.TextDisplay(beside[:MOST_TEXT_CHARACTERS]))
    is_long = bool(extra_of(verb.request.model_fields[field]).get("long_text"))
    form.add_item(
        discord.ui.Label(
            text=words(f"modal.{asks}_label")[:45],
            description=words(f"modal.{asks}_hint")[:100],
            component=discord.ui.TextInput(
                custom_id=field,
                style=discord.TextStyle.long if is_long else discord.TextStyle.short,
                default=filled_in or None,
                max_length=MOST_TEXT_CHARACTERS if is_long else MOST_SHORT_CHARACTERS,
                required=True,
            ),
        )
    )
    form.stop()  # or discord.py keeps it in memory until it is sent in, which may be never
    await interaction.response.send_modal(form)


def is_form(interaction: discord.Interaction) -> bool:
    """Return whether this interaction is one of our forms, sent in."""
    data: Mapping[str, Any] = interaction.data or {}
    custom_id = str(data.get("custom_id", ""))
    return interaction.type is discord.InteractionType.modal_submit and custom_id.startswith(PREFIX)


def submitted(interaction: discord.Interaction) -> Request:
    """Return the request of a form that was sent in; RequestError, of which Refusal is one, where it cannot be one."""
    data: Mapping[str, Any] = interaction.data or {}
    verb_name, _, rest = str(data["custom_id"]).removeprefix(PREFIX).partition(":")
    field, _, kept = rest.partition(":")
    if verb_name not in VERBS:
        raise Refusal("song.gone")
    values: dict[str, Any] = dict(parse_qsl(kept))
    values[field] = _text_of(data.get("components", ()), field)
    if not values[field].strip():
        raise Refusal("modal.line_empty" if field == "line" else "modal.words_empty")
    return request_of(VERBS[verb_name], values)


def _text_of(components: Any, field: str) -> str:
    for component in components:
        inner = component.get("component")
        for part in [inner] if inner else component.get("components", ()):
            if part.get("custom_id") == field:
                return str(part.get("value") or "")
    return ""
