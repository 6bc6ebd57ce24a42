"""Recorded messages as an HTML page that looks like a chat. Adds names of controls and times, never words of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from tests.pictures.markdown import Reader, inline, markdown, plain

STYLE = Path(__file__).with_name("chat.css")
COLOURS = ("#c2557a", "#3f8f6b", "#b0752c", "#6a6fd0", "#2f8ea6")
BUTTON_KINDS = {1: "primary", 3: "success", 4: "danger"}
BUTTON, ACTION_ROW = 2, 1
MIB = 1024 * 1024
REPLY_CHARACTERS = 70
# What a chat client writes around messages, in the reader's language.
CLIENT_WORDS = {"used": "used", "app": "APP", "private": "Only {name} can see this"}
CHINESE_CLIENT_WORDS = {"used": "使用了", "app": "应用", "private": "只有 {name} 能看到"}


@dataclass(frozen=True)
class Scene:
    """entries: messages as recorded; the `hidden` ones are only replied to. commands: what they are called here.

    caption: a line above them, "" for none.
    """

    entries: Sequence[Mapping[str, Any]]
    reader: Reader
    caption: str = ""
    commands: Mapping[str, str] | None = None

    @property
    def words(self) -> Mapping[str, str]:
        return CHINESE_CLIENT_WORDS if self.reader.chinese else CLIENT_WORDS


def page(channel: str, scenes: Iterable[Scene]) -> str:
    """Return a whole page: the name of the channel, then the scenes, one below the other."""
    body = "".join(_scene(scene) for scene in scenes)
    head = f'<meta charset="utf-8"><style>{STYLE.read_text(encoding="utf-8")}</style>'
    return f"<!doctype html>{head}<body><header><i>#</i>{escape(channel)}</header><main>{body}</main><footer></footer>"


def _scene(scene: Scene) -> str:
    caption = f'<div class="caption"><span>{escape(scene.caption)}</span></div>' if scene.caption else ""
    known = {entry["id"]: entry for entry in scene.entries}
    shown = [entry for entry in scene.entries if not entry.get("hidden")]
    return caption + "".join(_message(entry, scene, known) for entry in shown)


def _message(entry: Mapping[str, Any], scene: Scene, known: Mapping[str, Mapping[str, Any]]) -> str:
    name = _name(entry, scene.reader)
    badge = f'<span class="badge">{scene.words["app"]}</span>' if entry["author"]["bot"] else ""
    private = scene.words["private"].format(name=escape(entry["used"]["by"].title())) if entry["ephemeral"] else ""
    parts = [
        f'<div class="text">{markdown(entry["content"], scene.reader)}</div>' if entry["content"] else "",
        *_attachments(entry),
        *(_embed(embed, entry, scene.reader) for embed in entry["embeds"]),
        *(_row(row) for row in entry["components"]),
        f'<div class="private">👁 {private}</div>' if private else "",
    ]
    avatar = f'<div class="avatar" style="background:{_colour(name)}">{escape(name[0])}</div>'
    return (
        f"<article>{_cause(entry, scene, known)}{avatar}"
        f'<div class="name">{escape(name)}{badge}</div>{"".join(parts)}</article>'
    )


def _cause(entry: Mapping[str, Any], scene: Scene, known: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the line above a message: the command that it answers, or the message that it replies to."""
    used, replied = entry["used"], known.get(entry["reply_to"])
    if used is not None:
        words = used["what"].split(" ")
        command = (scene.commands or {}).get(words[0].removeprefix("/"), words[0].removeprefix("/"))
        options = " ".join(words[1:])
        chip = f"<b>/{escape(command)}</b>{f' <span>{escape(options)}</span>' if options else ''}"
        return f'<div class="cause"><em>{escape(used["by"].title())}</em> {scene.words["used"]} {chip}</div>'
    if replied is None:
        return ""
    title = next((embed.get("title", "") for embed in replied["embeds"]), "")
    text = plain(title or replied["content"], scene.reader)
    return f'<div class="cause"><em>@{escape(_name(replied, scene.reader))}</em> {text[:REPLY_CHARACTERS]}</div>'


def _attachments(entry: Mapping[str, Any]) -> Iterable[str]:
    """Give the files of a message, but for pictures that one of its embeds shows."""
    embedded = {(embed.get("image") or {}).get("url") for embed in entry["embeds"]}
    for item in entry["attachments"]:
        kind = item["content_type"] or ""
        if kind.startswith("image/"):
            if item["url"] not in embedded:
                yield f'<img class="picture" src="{Path(item["path"]).as_uri()}">'
            continue
        sign = "🔊" if _is_played(item) else "🎼"
        bar = '<div class="player"><b>▶</b><span>0:00</span><hr></div>' if _is_played(item) else ""
        name = f"<b>{escape(item['filename'])}</b><span>{_size(item['size'])}</span>"
        yield f'<div class="file"><div class="card"><i>{sign}</i>{name}</div>{bar}</div>'


def _is_played(item: Mapping[str, Any]) -> bool:
    return str(item["filename"]).endswith((".ogg", ".mp3", ".wav"))


def _embed(embed: Mapping[str, Any], entry: Mapping[str, Any], reader: Reader) -> str:
    colour = f"#{embed['color']:06x}" if embed.get("color") else "#4e5058"
    fields = "".join(
        f'<div class="field"><b>{inline(field["name"], reader)}</b>{markdown(field["value"], reader)}</div>'
        for field in embed.get("fields") or []
    )
    parts = [
        f"<h2>{inline(embed['title'], reader)}</h2>" if embed.get("title") else "",
        markdown(embed["description"], reader) if embed.get("description") else "",
        fields,
        _image(embed, entry),
        f'<div class="foot">{escape(embed["footer"]["text"])}</div>' if embed.get("footer") else "",
    ]
    return f'<div class="embed" style="border-color:{colour}">{"".join(parts)}</div>'


def _image(embed: Mapping[str, Any], entry: Mapping[str, Any]) -> str:
    url = (embed.get("image") or {}).get("url")
    path = next((item["path"] for item in entry["attachments"] if item["url"] == url), None)
    return f'<img src="{Path(path).as_uri()}">' if path else ""


def _row(row: Mapping[str, Any]) -> str:
    assert row["type"] == ACTION_ROW, "the bot sends no other layout"
    return f'<div class="row">{"".join(_control(part) for part in row["components"])}</div>'


def _control(part: Mapping[str, Any]) -> str:
    if part["type"] != BUTTON:
        return f'<div class="select">{escape(part.get("placeholder") or "")}<b>⌄</b></div>'
    emoji = (part.get("emoji") or {}).get("name") or ""
    label = " ".join(text for text in (emoji, part.get("label") or "") if text)
    return f'<div class="button {BUTTON_KINDS.get(part["style"], "")}">{escape(label)}</div>'


def _name(entry: Mapping[str, Any], reader: Reader) -> str:
    return reader.people.get(entry["author"]["id"], entry["author"]["name"])


def _colour(name: str) -> str:
    return COLOURS[sum(map(ord, name)) % len(COLOURS)]


def _size(size_bytes: int) -> str:
    return f"{size_bytes / MIB:.2f} MB" if size_bytes >= MIB / 10 else f"{size_bytes / 1024:.1f} KB"
