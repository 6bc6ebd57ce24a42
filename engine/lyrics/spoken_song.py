"""The song in what a model that talks says of it, piece by piece. Does not know servers.

Such a model may think aloud first, put a fence around its answer, and begin with what it was given.
"""

from __future__ import annotations

import re

THOUGHT = re.compile(r"(?s)\A\s*<think>.*?(?:</think>|\Z)")
FENCES = re.compile(r"^```\w*\n|\n?```\s*$")
MAY_YET_GO = re.compile(r"[\n`]?[\s`]*$")  # what an answer may end in, and is no part of the song


class SpokenSong:
    """What is said of a song that was given as `opening`, its first line, and `body`, what there is below."""

    def __init__(self, opening: str, body: str) -> None:
        self._givens = [given for given in (f"{opening}\n{body}", f"{opening}\n", body) if given.strip()]
        self._said, self._passed = "", 0

    def add(self, piece: str) -> str:
        """Take what was said, and return what is certainly of the song and was not returned before."""
        self._said += piece
        return "" if self._is_undecided() else self._new(MAY_YET_GO.sub("", self._text()))

    def close(self) -> str:
        """Return what was held back, when all is said."""
        return self._new(self._text())

    def _new(self, text: str) -> str:
        found = text[self._passed :]
        self._passed = max(self._passed, len(text))
        return found

    def _text(self) -> str:
        """Return all that was said, without what is not of the song, or was given."""
        text = FENCES.sub("", THOUGHT.sub("", self._said).strip("\n"))
        for given in self._givens:
            if text.startswith(given.rstrip("\n")):
                text = text[len(given.rstrip("\n")) :]
                return text.removeprefix("\n") if given.endswith("\n") else text
        return text

    def _is_undecided(self) -> bool:
        """Return whether what was said may still be a thought, a fence, or what was given."""
        thought = self._said.lstrip()
        if "<think>".startswith(thought[:7]) and "</think>" not in thought:
            return True
        answer = THOUGHT.sub("", self._said).lstrip("\n")
        if "```".startswith(answer[:3]) and "\n" not in answer:
            return True
        text = re.sub(r"^```\w*\n", "", answer)
        return any(given.startswith(text) for given in self._givens)
