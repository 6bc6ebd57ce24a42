"""A split as fine-tuning examples for servers with the OpenAI-compatible interface. Does not know any server.

completions: {"prompt": "<<Artist - Title>>\\n", "completion": the rest of the song}, the form in which every family reads songs.
chat: a request in words and the song as the answer.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from engine.corpus.prepared_songs import read_songs
from engine.corpus.records import Split
from engine.corpus.song_files import written_whole
from engine.errors import RequestError
from engine.lyrics.plain_songs import PlainSong

INSTRUCTION = (
    "You write song lyrics. Answer with the lyrics alone: sections under labels such as [Verse 1] and [Chorus]."
)


def as_completion(song: PlainSong) -> dict[str, Any]:
    """Return a song as prompt and completion."""
    return {"prompt": song.heading() + "\n", "completion": song.body()}


def as_chat(song: PlainSong) -> dict[str, Any]:
    """Return a song as an instruction, a request and its answer."""
    by = f" by {song.artist}" if song.artist else ""
    labels = ", ".join(section.label or "Verse" for section in song.sections)
    asked = f'Write the lyrics of "{song.title or "Untitled"}"{by}, with these sections: {labels}.'
    messages = (("system", INSTRUCTION), ("user", asked), ("assistant", song.body()))
    return {"messages": [{"role": role, "content": content} for role, content in messages]}


EXPORTS: dict[str, Callable[[PlainSong], dict[str, Any]]] = {"completions": as_completion, "chat": as_chat}


def export_songs(folder: Path, split: Split, out: Path, form: str) -> int:
    """Write a split of a prepared folder as JSON lines, whole or not at all, and return how many songs there were."""
    if form not in EXPORTS:
        raise RequestError(f"there is no form {form!r}; known are {', '.join(EXPORTS)}")
    count = 0
    with written_whole(out) as file:
        for count, song in enumerate(read_songs(folder, split), 1):  # noqa: B007  # the last number is the count
            file.write(json.dumps(EXPORTS[form](song), ensure_ascii=False).encode() + b"\n")
        if not count:
            raise RequestError(f"the split {split} of {folder} is empty; name another --split")
    return count
