"""Terminal options made from the fields of a request, so that each is declared once. Does not know what they do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args

import click
from pydantic import ValidationError
from pydantic.fields import FieldInfo

from engine.contract import LyricRequest, Sampling
from engine.errors import RequestError

NOT_OPTIONS = {"kind", "theme", "sampling"}


def option_name(name: str, field: FieldInfo) -> str:
    """Return what a field is called on the terminal: tempo for tempo_qpm."""
    extra = field.json_schema_extra
    return str(extra["option"]) if isinstance(extra, dict) else name


def request_options(request_type: type[LyricRequest]) -> Callable[[Any], Any]:
    """Decorate a command with `--option`s for every field of the request and of its sampling."""
    fields = {n: f for n, f in request_type.model_fields.items() if n not in NOT_OPTIONS}

    def decorate(command: Any) -> Any:
        for name, field in reversed({**fields, **Sampling.model_fields}.items()):
            flag = "--" + option_name(name, field).replace("_", "-")
            text = (field.description or "") + (f"  [{field.default}]" if field.default not in (None, "") else "")
            command = click.option(flag, name, type=_click_type(field), default=None, help=text)(command)
        return command

    return decorate


def _click_type(field: FieldInfo) -> type:
    kinds = {kind for kind in (field.annotation, *get_args(field.annotation)) if kind is not type(None)}
    # Numbers come as text: what is wrong with them is said by the same sentence everywhere.
    return int if kinds == {int} else str


def build_request(request_type: type[LyricRequest], theme: str, given: dict[str, Any]) -> LyricRequest:
    """Return the request; RequestError with the option's name where a value is of the wrong kind or out of range."""
    values = {name: value for name, value in given.items() if value is not None}
    if "length_seconds" in values:
        values["length_seconds"] = parse_length(values["length_seconds"])
    sampling = {name: values.pop(name) for name in Sampling.model_fields if name in values}
    try:
        return request_type.model_validate({"theme": theme, **values, "sampling": sampling})
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][-1])
        field = {**request_type.model_fields, **Sampling.model_fields}[name]
        said = first["msg"][:1].lower() + first["msg"][1:]
        shown = str(first.get("input"))[:40]
        raise RequestError(f"--{option_name(name, field).replace('_', '-')} {shown}: {said}; see --help") from error


def parse_length(text: str) -> float:
    """Read "90" as seconds and "3:00" as minutes and seconds."""
    minutes, colon, seconds = text.strip().rpartition(":")
    try:
        return (float(minutes) * 60 if colon else 0.0) + float(seconds)
    except ValueError:
        raise RequestError(f"--length must be seconds such as 90, or minutes such as 3:00, got {text[:40]!r}") from None
