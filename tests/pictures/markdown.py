"""The part of a chat client's markdown that the bot writes, as HTML. Knows nothing of messages, pages or styles."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape

_INLINE = re.compile(
    r"\\(?P<sign>[^\w\s])"
    r"|\*\*(?P<bold>(?:\\.|[^\\])+?)\*\*"
    r"|\*(?P<italic>(?:\\.|[^\\*])+?)\*"
    r"|`(?P<code>[^`]+)`"
    r"|<t:(?P<time>\d+)(?::(?P<style>[a-zA-Z]))?>"
    r"|<@!?(?P<member>\d+)>"
)
# Upper limit in seconds, how many seconds one of the unit has, and its name.
_UNITS = ((60, 1, "second"), (3600, 60, "minute"), (86400, 3600, "hour"), (float("inf"), 86400, "day"))
_CHINESE_UNITS = {"second": "秒钟", "minute": "分钟", "hour": "小时", "day": "天"}
_FORMATS = {"D": "%-d %B %Y", "d": "%d/%m/%Y", "f": "%-d %B %Y %H:%M", "T": "%H:%M:%S", "t": "%H:%M"}
_CHINESE_FORMATS = {"D": "%Y年%-m月%-d日", "d": "%Y/%m/%d", "f": "%Y年%-m月%-d日 %H:%M", "T": "%H:%M:%S", "t": "%H:%M"}


@dataclass(frozen=True)
class Reader:
    """Who reads, and when. at: Unix time. people: names by id."""

    at: float
    people: Mapping[str, str]
    chinese: bool = False


def markdown(text: str, reader: Reader) -> str:
    """Return lines of markdown as HTML: quotations and small print by line, the rest within lines."""
    blocks: list[str] = []
    for line in text.split("\n"):
        if line.startswith("> "):
            blocks.append(f"<blockquote>{inline(line[2:], reader)}</blockquote>")
        elif line.startswith("-# "):
            blocks.append(f"<small>{inline(line[3:], reader)}</small>")
        else:
            blocks.append(f"<p>{inline(line, reader)}</p>")
    return "".join(blocks)


def inline(text: str, reader: Reader) -> str:
    """Return the markdown within a line as HTML."""
    parts, end = [], 0
    for found in _INLINE.finditer(text):
        parts += [escape(text[end : found.start()]), _marked(found, reader)]
        end = found.end()
    return "".join([*parts, escape(text[end:])])


def plain(text: str, reader: Reader) -> str:
    """Return a line as its reader sees it, without bold type and other marks."""
    return re.sub(r"<[^>]+>", "", inline(text, reader))


def relative(seconds: float, *, chinese: bool = False) -> str:
    """Return a time as distance from now, "in 8 seconds" or "2 minutes ago"; past ones are negative."""
    ahead = abs(seconds)
    size, unit = next((size, unit) for most, size, unit in _UNITS if ahead < most)
    count = round(ahead / size)
    if chinese:
        return f"{count} {_CHINESE_UNITS[unit]}{'后' if seconds >= 0 else '前'}"
    words = f"{count} {unit}{'' if count == 1 else 's'}"
    return f"in {words}" if seconds >= 0 else f"{words} ago"


def _marked(found: re.Match[str], reader: Reader) -> str:
    match found.lastgroup:
        case "sign":
            return escape(found["sign"])
        case "bold":
            return f"<b>{inline(found['bold'], reader)}</b>"
        case "italic":
            return f"<i>{inline(found['italic'], reader)}</i>"
        case "code":
            return f"<code>{escape(found['code'])}</code>"
        case "member":
            name = reader.people.get(found["member"], found["member"])
            return f'<span class="mention">@{escape(name)}</span>'
    moment = int(found["time"])
    if found["style"] == "R":
        return f'<span class="time">{relative(moment - reader.at, chinese=reader.chinese)}</span>'
    formats = _CHINESE_FORMATS if reader.chinese else _FORMATS
    text = datetime.fromtimestamp(moment, tz=UTC).strftime(formats[found["style"] or "f"])
    return f'<span class="time">{text}</span>'
