"""Judges requests and responses by Discord's own OpenAPI document. Knows none of the rules that are not in it.

The document is Discord's; nothing here repeats it.  Two of its stated conventions are
applied while it is read: a union means "one of these", however it is written, and an
integer field also takes a string of digits (and a snowflake an integer).
"""

from __future__ import annotations

import functools
import json
import os
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from jsonschema import Draft202012Validator, validators
from jsonschema.exceptions import ValidationError


def find_openapi() -> Path | None:
    """Return the document's path: where DISCORD_OPENAPI says, else discord/ or shared/discord/ in a folder above; or None."""
    if named := os.environ.get("DISCORD_OPENAPI"):
        return Path(named)
    places = ("discord", "shared/discord")
    tries = (above / place / "openapi.json" for above in Path(__file__).resolve().parents for place in places)
    return next((path for path in tries if path.is_file()), None)


CODES = {
    "maxLength": "BASE_TYPE_MAX_LENGTH",
    "minLength": "BASE_TYPE_MIN_LENGTH",
    "maxItems": "BASE_TYPE_MAX_LENGTH",
    "required": "BASE_TYPE_REQUIRED",
    "enum": "BASE_TYPE_CHOICES",
}


class Problem(NamedTuple):
    """One thing wrong with a body: where, Discord's code for it, and in words."""

    path: tuple[str | int, ...]
    code: str
    text: str

    def __str__(self) -> str:
        return f"{'.'.join(map(str, self.path)) or 'body'}: {self.text}"


def _read(node: Any) -> Any:
    if isinstance(node, list):
        return [_read(item) for item in node]
    if isinstance(node, dict):
        return {("anyOf" if key == "oneOf" else key): _read(value) for key, value in node.items()}
    return node


def _is_integer(checker: Any, value: Any) -> bool:
    if isinstance(value, str):
        return value.isdigit()
    return bool(Draft202012Validator.TYPE_CHECKER.is_type(value, "integer"))


_Validator: Any = validators.extend(
    Draft202012Validator,
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine("integer", _is_integer),
)


def _wrong_branch(error: ValidationError) -> bool:
    """Whether an error only says that a union's branch is for another kind of thing."""
    if error.validator in ("enum", "const"):
        return bool(error.path) and error.path[-1] == "type"
    return bool(error.validator == "type" and error.validator_value == "null")


def _causes(error: ValidationError) -> Iterator[ValidationError]:
    """The errors behind a failed union, from the branch that the sender meant."""
    if error.validator != "anyOf" or not error.context:
        yield error
        return
    branches: dict[Any, list[ValidationError]] = defaultdict(list)
    for inner in error.context:
        branches[inner.schema_path[0]].append(inner)
    meant = min(branches.values(), key=lambda errors: (any(map(_wrong_branch, errors)), len(errors)))
    for inner in meant:
        yield from _causes(inner)


@functools.cache
def _published() -> Spec:
    path = find_openapi()
    return Spec(json.loads(path.read_text("utf-8")) if path else None)


class Spec:
    """The document, or None; without it nothing is judged and no route is known."""

    def __init__(self, document: dict[str, Any] | None) -> None:
        self.document = _read(document)
        self._validators: dict[tuple[str, ...], Any] = {}
        self._templates: list[tuple[re.Pattern[str], str]] = []
        if self.document:
            self.document["components"]["schemas"]["SnowflakeType"]["type"] = ["string", "integer"]
            self._templates = [
                (re.compile(re.sub(r"\{[^}]+\}", "[^/]+", template.replace(".", r"\.")) + "$"), template)
                for template in sorted(self.document["paths"], key=lambda text: text.count("{"))
            ]

    @staticmethod
    def published() -> Spec:
        """Return the document that is found, read once per process."""
        return _published()

    def template(self, method: str, path: str) -> str | None:
        """Return the documented route that a concrete path belongs to."""
        for pattern, template in self._templates:
            if pattern.match(path) and method.lower() in self.document["paths"][template]:
                return template
        return None

    def request(self, method: str, template: str, body: Any) -> list[Problem]:
        """Return what is wrong with a request's body."""
        if self.document is None:
            return []
        operation = self.document["paths"][template][method.lower()]
        if "requestBody" not in operation:
            return []
        content = operation["requestBody"]["content"]
        kind = "application/json" if "application/json" in content else "multipart/form-data"
        return self._check((template, method, kind), content[kind]["schema"], body)

    def response(self, method: str, template: str, status: int, body: Any) -> list[Problem]:
        """Return what is wrong with an answer."""
        if self.document is None:
            return []
        answers = self.document["paths"][template][method.lower()]["responses"]
        if str(status) not in answers:
            return [Problem((), "STATUS", f"status {status} is not documented, only {sorted(answers)}")]
        schema = answers[str(status)].get("content", {}).get("application/json", {}).get("schema")
        if schema is None:
            return [] if body is None else [Problem((), "BODY", f"status {status} has no body")]
        return self._check((template, method, str(status)), schema, body)

    def component(self, name: str, body: Any) -> list[Problem]:
        """Return what is wrong with something that has a schema of its own."""
        if self.document is None:
            return []
        return self._check((name,), {"$ref": f"#/components/schemas/{name}"}, body)

    def _check(self, key: tuple[str, ...], schema: dict[str, Any], body: Any) -> list[Problem]:
        if key not in self._validators:
            self._validators[key] = _Validator(schema | {"components": self.document["components"]})
        return [
            Problem(tuple(cause.absolute_path), CODES.get(str(cause.validator), "INVALID"), cause.message[:300])
            for error in self._validators[key].iter_errors(body)
            for cause in _causes(error)
        ]
