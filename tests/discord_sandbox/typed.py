"""What a client sends for the options, menus and forms a user filled in, and what it would not send. Knows nothing of state."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn

from . import limits
from .places import GUILD_TEXT, Channel
from .world import CDN, EVERY_PERMISSION, Attachment, ClientRefused, Role, User

STRING, INTEGER, NUMBER = 3, 4, 10
OPTION_TYPES: dict[int, tuple[type, ...]] = {
    STRING: (str,),
    INTEGER: (int,),
    5: (bool,),
    6: (User,),
    7: (Channel,),
    8: (Role,),
    9: (User, Role),
    NUMBER: (int, float),
    11: (Attachment,),
}
STRING_SELECT = 3
SELECT_TYPES: dict[int, tuple[type, ...]] = {5: (User,), 6: (Role,), 7: (User, Role), 8: (Channel,), 19: (Attachment,)}
RADIO, CHECKBOXES, CHECKBOX = 21, 22, 23
LONGEST_STRING, LONGEST_TEXT = 6000, 4000
Thing = User | Role | Channel | Attachment


def refuse(reason: str) -> NoReturn:
    """Raise ClientRefused."""
    raise ClientRefused(reason)


class Resolved:
    """The descriptions that go beside ids; files among them are kept for download in ``uploads``."""

    def __init__(self, place: Channel, uploads: list[Attachment]) -> None:
        self.place, self.uploads = place, uploads
        self.data: dict[str, dict[str, Any]] = {}

    def add(self, value: Thing) -> str:
        """Describe a thing, and return its id."""
        if isinstance(value, User):
            self._put("users", value, value.payload())
            if self.place.guild and value in self.place.guild.members:
                member = self.place.guild.member(value, in_interaction=True)
                self._put("members", value, {key: member[key] for key in member if key not in ("user", "mute", "deaf")})
        elif isinstance(value, Role):
            self._put("roles", value, value.payload())
        elif isinstance(value, Channel):
            self._put("channels", value, value.payload() | {"permissions": str(EVERY_PERMISSION)})
        else:
            value.url = f"{CDN}/attachments/{self.place.id}/{value.id}/{value.filename}"
            self.uploads.append(value)
            self._put("attachments", value, value.payload())
        return value.id

    def _put(self, kind: str, value: Thing, body: dict[str, Any]) -> None:
        self.data.setdefault(kind, {})[value.id] = body

    def beside(self, data: dict[str, Any]) -> dict[str, Any]:
        """Return data with the descriptions, if there are any."""
        return data | ({"resolved": self.data} if self.data else {})


def options(
    known: list[dict[str, Any]], given: dict[str, Any], focused: str | None, resolved: Resolved
) -> list[dict[str, Any]]:
    """Return a command's options as they are sent; raise ClientRefused for what a client would not take."""
    if strangers := given.keys() - {option["name"] for option in known}:
        refuse(f"no options {sorted(strangers)}")
    result = []
    for option in known:
        name, kind = option["name"], option["type"]
        if name == focused:
            result.append({"name": name, "type": kind, "value": str(given.get(name, "")), "focused": True})
        elif given.get(name) is not None:
            value = _option_value(option, given[name])
            sent = resolved.add(value) if isinstance(value, Thing) else value
            result.append({"name": name, "type": kind, "value": sent})
        elif option.get("required") and focused is None:
            refuse(f"{name} is required")
    return result


def _option_value(option: dict[str, Any], value: Any) -> Any:
    name, kind = option["name"], option["type"]
    if not isinstance(value, OPTION_TYPES[kind]) or (kind in (INTEGER, NUMBER) and isinstance(value, bool)):
        refuse(f"{name} does not take {value!r}")
    if option.get("choices") and value not in [choice["value"] for choice in option["choices"]]:
        refuse(f"{value!r} is not a choice of {name}")
    if isinstance(value, Channel) and GUILD_TEXT not in (option.get("channel_types") or [GUILD_TEXT]):
        refuse(f"{name} does not take a text channel")
    size = len(str(value)) if kind == STRING else value if kind in (INTEGER, NUMBER) else 0
    low, high = ("min_length", "max_length") if kind == STRING else ("min_value", "max_value")
    if not option.get(low, size) <= size <= option.get(high, LONGEST_STRING if kind == STRING else size):
        refuse(f"{name} is out of bounds")
    return value


def chosen(part: dict[str, Any], values: Sequence[Any], resolved: Resolved) -> list[str]:
    """Return the values of a select menu (or file upload) as they are sent; options go by value or label."""
    name, kind = str(part.get("custom_id")), int(part["type"])
    required = part.get("required", True)
    fewest = part.get("min_values", 1) if required or values else 0
    if not fewest <= len(values) <= part.get("max_values", 1):
        refuse(f"{name} takes {fewest} to {part.get('max_values', 1)} values, not {len(values)}")
    if kind in SELECT_TYPES:
        if wrong := [value for value in values if not isinstance(value, SELECT_TYPES[kind])]:
            refuse(f"{name} does not take {wrong}")
        return [resolved.add(value) for value in values]
    offered = {option["value"]: option["value"] for option in part.get("options", [])}
    by_label = {option["label"]: option["value"] for option in part.get("options", [])} | offered
    if unknown := [value for value in values if value not in by_label]:
        refuse(f"{name} does not offer {unknown}")
    sent = [by_label[value] for value in values]
    return sent if len(set(sent)) == len(sent) else refuse(f"{name} takes each value once")


def form(modal: dict[str, Any], values: dict[str, Any], resolved: Resolved) -> dict[str, Any]:
    """Return a filled-in modal as it is sent; values go by custom id or label, and what is left out keeps its default."""
    left, components = dict(values), []
    for part in modal["components"]:
        inner = part.get("component") or (part.get("components") or [None])[0]
        if inner is None or "custom_id" not in inner:
            continue
        names = [name for name in (inner["custom_id"], part.get("label"), inner.get("label")) if name in left]
        answer = {"type": inner["type"], "id": 0, "custom_id": inner["custom_id"]}
        answer |= _field(inner, left.pop(names[0]) if names else None, resolved)
        place = {"component": answer} if part["type"] == limits.LABEL else {"components": [answer]}
        components.append({"type": part["type"], "id": 0} | place)
    if left:
        refuse(f"the modal has no {sorted(left)}")
    return resolved.beside({"custom_id": modal["custom_id"], "components": components})


def _field(part: dict[str, Any], value: Any, resolved: Resolved) -> dict[str, Any]:
    kind, name = part["type"], part["custom_id"]
    if kind == limits.TEXT_INPUT:
        text = (part.get("value") or "") if value is None else value
        low, high = part.get("min_length") or 0, part.get("max_length") or LONGEST_TEXT
        required = part.get("required", True)
        if len(text) > high or (required and not text) or ((text or required) and len(text) < low):
            refuse(f"{name} takes {low} to {high} characters, not {len(text)}")
        return {"value": text}
    if kind == CHECKBOX:
        return {"value": bool(part.get("default") if value is None else value)}
    values: list[Any] = [option["value"] for option in part.get("options", []) if option.get("default")]
    values = values if value is None else [value] if isinstance(value, str | Thing) else list(value)
    if kind == RADIO:
        return {"value": next(iter(chosen(part, values, resolved)), None)}
    if kind == CHECKBOXES:
        part = {"max_values": len(part.get("options", [])), "min_values": 1} | part
    return {"values": chosen(part, values, resolved)}
