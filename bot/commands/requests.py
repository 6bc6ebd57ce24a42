"""From the values of options to a request, for slash commands, buttons and forms. Knows no interactions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from bot.access import Refusal
from bot.plain_text import one_line, shown
from bot.terminal.options import parse_length
from engine.contract import Request, Sampling
from engine.verbs import Verb

SHOWN_CHARACTERS = 40


def extra_of(field: FieldInfo) -> dict[str, Any]:
    """Return what `contract.option` says about a field beside its type."""
    return field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}


def option_fields(request_type: type[Request]) -> dict[str, FieldInfo]:
    """Return the fields that are options, by name: the required first, the seed last, then those of the sampling."""
    fields = {
        name: field
        for name, field in request_type.model_fields.items()
        if name not in ("kind", "sampling", "seed") and not extra_of(field).get("hidden")
    }
    fields |= {"seed": request_type.model_fields["seed"]}
    if request_type.model_fields["kind"].default == "lyrics":
        fields |= Sampling.model_fields  # songs leave it to the style; a slash command has room for 25 options
    return fields


def option_name(name: str, field: FieldInfo) -> str:
    """Return what an option is called for people."""
    return str(extra_of(field).get("option", name))


def request_of(verb: Verb, values: Mapping[str, Any]) -> Request:
    """Return the request of these options, by field name; None counts as left out. A Refusal names the option."""
    given = {name: value for name, value in values.items() if value is not None}
    if isinstance(given.get("length_seconds"), str):
        given["length_seconds"] = parse_length(given["length_seconds"])
    sampling = {name: given.pop(name) for name in Sampling.model_fields if name in given}
    if sampling:
        given["sampling"] = sampling
    try:
        return verb.request.model_validate(given)
    except ValidationError as error:
        fault = error.errors()[0]
        name = str(fault["loc"][-1])
        fields: dict[str, FieldInfo] = {**verb.request.model_fields, **Sampling.model_fields}
        called = option_name(name, fields[name]) if name in fields else name
        raise Refusal(
            "option.refused", name=called, value=shown(one_line(str(fault.get("input"))), SHOWN_CHARACTERS)
        ) from error
