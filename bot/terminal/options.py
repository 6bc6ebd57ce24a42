"""Terminal options made from the fields of a request, so that each is declared once. Does not know what they do."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, get_args

import annotated_types
import click
from pydantic import ValidationError
from pydantic.fields import FieldInfo

from engine.contract import LyricRequest, Sampling
from engine.errors import RequestError

NOT_OPTIONS = {"kind", "theme", "sampling"}
SHOWN_CHARACTERS = 40


def option_name(name: str, field: FieldInfo) -> str:
    """Return what a field is called on the terminal: --tempo for tempo_qpm."""
    extra = field.json_schema_extra
    return "--" + (str(extra["option"]) if isinstance(extra, dict) else name).replace("_", "-")


def option_fields(request_type: type[LyricRequest]) -> dict[str, FieldInfo]:
    """Return the fields that are options, by name: the request's, then those of its sampling."""
    return {n: f for n, f in request_type.model_fields.items() if n not in NOT_OPTIONS} | Sampling.model_fields


def request_options(request_type: type[LyricRequest]) -> Callable[[Any], Any]:
    """Decorate a command with `--option`s for every field of the request and of its sampling."""

    def decorate(command: Any) -> Any:
        for name, field in reversed(option_fields(request_type).items()):
            text = (field.description or "") + (f"  [{field.default}]" if field.default not in (None, "") else "")
            # All come as text: what is wrong with a number is said by the same kind of sentence as all else.
            metavar = _kind(field).upper()
            option = click.option(option_name(name, field), name, default=None, metavar=metavar, help=text)
            command = option(command)
        return command

    return decorate


def build_request(request_type: type[LyricRequest], theme: str, given: dict[str, Any]) -> LyricRequest:
    """Return the request; RequestError with the option's name where a value is of the wrong kind or out of range."""
    values = {name: value for name, value in given.items() if value is not None}
    for name, value in {"theme": theme, **values}.items():
        _refuse_undecoded(name, value)
    if "length_seconds" in values:
        values["length_seconds"] = parse_length(values["length_seconds"])
    sampling = {name: values.pop(name) for name in Sampling.model_fields if name in values}
    try:
        return request_type.model_validate({"theme": theme, **values, "sampling": sampling})
    except ValidationError as error:
        fault = error.errors()[0]
        raise RequestError(_sentence(request_type, str(fault["loc"][-1]), fault.get("input"))) from error


def _sentence(request_type: type[LyricRequest], name: str, value: object) -> str:
    """Say what an option takes and what it was given."""
    field = option_fields(request_type)[name]
    limits = "".join(_limit(limit, _kind(field)) for limit in field.metadata)
    shown = ascii(str(value)[:SHOWN_CHARACTERS])
    return f"{option_name(name, field)} must be a {_noun(_kind(field))}{limits}, got {shown}: {field.description}"


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
