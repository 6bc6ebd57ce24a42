"""Terminal options made from the fields of a request, so that each is declared once. Does not know what they do."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable, Mapping
from typing import Any, get_args

import annotated_types
import click
from pydantic import ValidationError
from pydantic.fields import FieldInfo

from engine.contract import Request, Sampling
from engine.errors import RequestError

# Required fields of these names are what a command is about; they are typed without a name, in this order. So are
# fields that say so themselves.
POSITIONAL = (
    "source", "other", "line", "after", "what", "bars", "style", "instrument", "theme", "lyrics", "steps", "formats",
)  # fmt: skip
NEVER_OPTIONS = {"kind", "sampling"}
SHOWN_CHARACTERS = 40


def extra_of(field: FieldInfo) -> Mapping[str, Any]:
    """Return what `engine.contract.option` wrote down about a field."""
    return field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}


def option_name(name: str, field: FieldInfo) -> str:
    """Return what a field is called on the terminal: --tempo for tempo_qpm."""
    return "--" + str(extra_of(field).get("option", name)).replace("_", "-")


def positional_fields(request_type: type[Request]) -> dict[str, FieldInfo]:
    """Return the fields that are typed without a name, in the order of typing."""
    fields = request_type.model_fields
    return {
        name: fields[name]
        for name in POSITIONAL
        if name in fields and (fields[name].is_required() or extra_of(fields[name]).get("positional"))
    }


def option_fields(request_type: type[Request]) -> dict[str, FieldInfo]:
    """Return the fields that are options, by name: the request's, those of its sampling, and last the seed."""
    left_out = NEVER_OPTIONS | {"seed"} | set(positional_fields(request_type))
    fields = {
        name: field
        for name, field in request_type.model_fields.items()
        if name not in left_out and not extra_of(field).get("hidden")
    }
    sampling = Sampling.model_fields if "sampling" in request_type.model_fields else {}
    return fields | sampling | {"seed": request_type.model_fields["seed"]}


def request_options(request_type: type[Request]) -> Callable[[Any], Any]:
    """Decorate a command with `--option`s for every field of the request and of its sampling."""

    def decorate(command: Any) -> Any:
        for name, field in reversed(option_fields(request_type).items()):
            # All come as text: what is wrong with a number is said by the same kind of sentence as all else.
            takes: dict[str, Any] = {"required": field.is_required(), "metavar": _kind(field).upper()}
            if field.annotation is bool:
                takes = {"flag_value": "true"}
            option = click.option(option_name(name, field), name, default=None, help=_help(field), **takes)
            command = option(command)
        return command

    return decorate


def _help(field: FieldInfo) -> str:
    shown = "" if field.is_required() or field.default in (None, "", False) else f"  [{field.default}]"
    return (field.description or "") + shown


def build_request(request_type: type[Request], typed: Mapping[str, str], given: Mapping[str, Any]) -> Request:
    """Return the request; RequestError with the option's name where a value is of the wrong kind or out of range.

    typed: the positional values by field. given: the options by field, None where one was not given.
    """
    values: dict[str, Any] = dict(typed) | {name: value for name, value in given.items() if value is not None}
    for name, value in values.items():
        _refuse_undecoded(name, value)
    fields = positional_fields(request_type) | option_fields(request_type)
    values |= {name: _as_choice(field, values[name]) for name, field in fields.items() if name in values}
    if "length_seconds" in values:
        values["length_seconds"] = parse_length(values["length_seconds"])
    sampling = {name: values.pop(name) for name in Sampling.model_fields if name in values}
    try:
        return request_type.model_validate(values | ({"sampling": sampling} if sampling else {}))
    except ValidationError as error:
        fault = error.errors()[0]
        raise RequestError(_sentence(request_type, str(fault["loc"][-1]), fault.get("input"))) from error


def check_values(request: Request) -> None:
    """Raise RequestError for a value that is none of its field's choices, or outside the range that it states."""
    positional = positional_fields(type(request))
    for name, field in (positional | option_fields(type(request))).items():
        value = getattr(request, name, None)  # the fields of sampling have been checked with it
        if value is None:
            continue
        called = name.upper() if name in positional else option_name(name, field)
        choices, limits = extra_of(field).get("choices"), extra_of(field).get("range")
        if choices and value not in choices:
            raise RequestError(_not_a_choice(called, str(value), choices))
        if limits and not limits[0] <= value <= limits[1]:
            raise RequestError(f"{called} must be {limits[0]:g} to {limits[1]:g}, got {value:g}")


def _as_choice(field: FieldInfo, typed: str) -> str:
    """Return the choice that was meant, whatever its capitals, spaces and hyphens; what was typed where it is none."""
    meant = _plain(typed)
    return next((choice for choice in extra_of(field).get("choices", ()) if _plain(choice) == meant), typed)


def _plain(text: str) -> str:
    return re.sub(r"[\s_-]+", "", text).casefold()


def _not_a_choice(name: str, typed: str, choices: tuple[str, ...]) -> str:
    near = difflib.get_close_matches(typed.casefold(), choices, n=2, cutoff=0.5)
    hint = f"; did you mean {' or '.join(near)}?" if near else ""
    return f"{name} must be one of {', '.join(choices)}, got {typed[:SHOWN_CHARACTERS]!a}{hint}"


def _sentence(request_type: type[Request], name: str, value: object) -> str:
    """Say what an option takes and what it was given."""
    positional = positional_fields(request_type)
    field = positional.get(name) or option_fields(request_type)[name]
    limits = "".join(_limit(limit, _kind(field)) for limit in field.metadata)
    shown = ascii(str(value)[:SHOWN_CHARACTERS])
    called = name.upper() if name in positional else option_name(name, field)
    return f"{called} must be a {_noun(_kind(field))}{limits}, got {shown}: {field.description}"


def _refuse_undecoded(name: str, value: str) -> None:
    """Raise RequestError for bytes that are not text: Python passes them on as halves of surrogate pairs."""
    try:
        value.encode()
    except UnicodeEncodeError as error:
        shown = ascii(value[:SHOWN_CHARACTERS])
        raise RequestError(f"the {name} is not text in UTF-8, got {shown}; type it in plain letters") from error


def _kind(field: FieldInfo) -> str:
    kinds = {kind for kind in (field.annotation, *get_args(field.annotation)) if kind is not type(None)}
    return "integer" if int in kinds else "number" if float in kinds else "text"


def _noun(kind: str) -> str:
    return "whole number" if kind == "integer" else kind


def _limit(limit: object, kind: str) -> str:
    match limit:
        case annotated_types.Ge(ge=lowest):
            return f" from {lowest:g}"
        case annotated_types.Gt(gt=lowest):
            return f" above {lowest:g}"
        case annotated_types.Le(le=highest):
            return f" up to {highest:g}"
        case annotated_types.Lt(lt=highest):
            return f" up to {highest - 1}" if kind == "integer" else f" below {highest:g}"  # type: ignore[operator]  # limits of options are numbers
        case annotated_types.MaxLen(max_length=most):
            return f" of at most {most} characters"
    return ""


def parse_length(text: str) -> float:
    """Read "90" as seconds and "3:00" as minutes and seconds."""
    minutes, colon, seconds = text.strip().rpartition(":")
    try:
        length = (float(minutes) * 60 if colon else 0.0) + float(seconds)
    except ValueError:
        length = math.nan
    if not math.isfinite(length):
        shown = ascii(text[:SHOWN_CHARACTERS])
        raise RequestError(f"--length must be seconds such as 90, or minutes such as 3:00, got {shown}")
    return length
