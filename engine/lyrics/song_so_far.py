"""A plain song while it is written: its text, its lines, whether it must go on, and how it ended. Does not know models."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from engine.lyrics.growing_text import GrowingText
from engine.lyrics.loops import begins_a_loop, ids_that_loop, lines_that_loop, same_line
from engine.lyrics.plain_songs import HEADING, LABEL, PlainSong, read_plain_song
from engine.lyrics.text_models import TextTokenizer

# What steers terminals, or breaks lines elsewhere than \n does; a model may write anything.
STEERING = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")
LONGEST_LINE = 200  # characters; a line that has not ended by then is ended

Ending = Literal["end", "phrase", "lines", "loop", "another song", "length"]
NOTICES: dict[str, str] = {
    "loop": "the model could only go on by saying the same again, so the song ends there",
    "length": "the song was cut where its length ran out",
}
LEFT_OUT = "its last line was not finished and is left out"
UNFINISHED = "its last line is not finished"


@dataclass(frozen=True)
class Wanted:
    """fewest_lines, most_lines: sung lines. end_phrase: what the text is to end with, or None."""

    fewest_lines: int = 0
    most_lines: int = 60
    end_phrase: str | None = None


@dataclass(frozen=True)
class PlainText:
    """A song as it was written. text: from its heading on, closed by a newline.

    seed: what gives this very song again. ending: the model's own (end), the end phrase, the most lines, a loop that was
    not entered, another song that the model began, or the length that ran out. notices: sentences for people.
    """

    text: str
    seed: int
    ending: Ending
    notices: tuple[str, ...] = ()

    @property
    def song(self) -> PlainSong:
        """Return it in sections."""
        return read_plain_song(self.text)


class SongSoFar:
    """Grows by ids; `ending` is None while it goes on. tell: is told the text as soon as it can change no more.

    glimpse: is told the line under way, all of it, whenever it grows; it may yet be cut or taken back, and is "" at the end.
    """

    def __init__(self, tokenizer: TextTokenizer, opening: str, start: str, wanted: Wanted) -> None:
        self.opening, self.body = opening, start
        self.ending: Ending | None = None
        self.tell: Callable[[str], None] | None = None
        self.glimpse: Callable[[str], None] | None = None
        self._start, self._wanted, self._tokenizer = start, wanted, tokenizer
        self._growing = GrowingText(tokenizer)
        self._notices: list[str] = []
        *whole, self._line = start.split("\n")
        self._lines = [same_line(line) for line in whole]  # all that are whole, with labels and blank ones
        self._first_ids: list[int | None] = [None] * len(whole)
        self._line_ids = tokenizer.encode(self._line) if self._line else []
        self._is_whole_line = not self._line  # the ids of this line are known from its first
        self.sung = sum(map(is_sung, whole))
        self._told = 0
        self._most = wanted.most_lines - (0 if wanted.end_phrase is None else wanted.end_phrase.strip().count("\n") + 1)
        if self.sung >= self._most:
            self.ending = "lines"

    @property
    def text(self) -> str:
        """The whole text so far."""
        return f"{self.opening}\n{self.body}"

    @property
    def at_line_start(self) -> bool:
        """Whether nothing of the line is there yet."""
        return not self._line

    @property
    def is_too_short(self) -> bool:
        """Whether it must go on: fewer lines than wanted, the one under way counted."""
        return self.sung + is_sung(self._line) < self._wanted.fewest_lines

    @property
    def lines_left(self) -> int:
        """How many lines it may still have."""
        return max(0, self._most - self.sung)

    @property
    def is_endless_line(self) -> bool:
        """Whether the line under way is longer than lines are."""
        return len(self._line) > LONGEST_LINE

    def note(self, sentence: str) -> None:
        """Keep a sentence for people, once."""
        if sentence not in self._notices:
            self._notices.append(sentence)

    def go_on_from(self, prompt: Sequence[int]) -> None:
        """Say which ids the next ones follow."""
        self._growing = GrowingText(self._tokenizer, prompt)

    def looping_ids(self) -> set[int]:
        """Return the ids that would run in circles, as far as the next one shows it."""
        if not self.at_line_start:
            return ids_that_loop(self._line_ids, len(self._line))
        begun = [self._first_ids[-size] for size in lines_that_loop(self._lines)]
        return {first for first in begun if first is not None}

    def add(self, chosen: int) -> None:
        """Grow by an id, and end where that ends the song."""
        self._line_ids.append(chosen)
        piece = STEERING.sub("", self._growing.add(chosen))
        while piece and self.ending is None:
            part, newline, piece = piece.partition("\n")
            self.body += part + newline
            self._line += part
            if self._has_reached_phrase():
                self.ending = "phrase"
            elif newline:
                self._close_line()
        if self.glimpse is not None and self.ending is None:
            self.glimpse(self._line)

    def _close_line(self) -> None:
        line, self._line = self._line, ""
        self._lines.append(same_line(line))
        self._first_ids.append(self._line_ids[0] if self._line_ids and self._is_whole_line else None)
        self._line_ids, self._is_whole_line = [], True
        if HEADING.match(line.strip()) or begins_a_loop(self._lines):
            self.ending = "another song" if HEADING.match(line.strip()) else "loop"
            self.body = self.body[: len(self.body) - len(line) - 1]
            return
        if is_sung(line):
            self.sung += 1
            if self.sung >= self._most:
                self.ending = "lines"
            self._tell_to(len(self.text))

    def _has_reached_phrase(self) -> bool:
        """Cut the body after the end phrase, if it is there as words of its own and the song is long enough."""
        phrase = self._wanted.end_phrase
        if phrase is None or self.is_too_short:
            return False
        settled = max(len(self._start), self._told - len(self.opening) - 1)
        looked_at = max(0, settled - len(phrase.strip()) - 1)
        for found in re.finditer(re.escape(phrase.strip()), self.body[looked_at:]):
            start, end = looked_at + found.start(), looked_at + found.end()
            if end > settled and _stands_alone(self.body, start, end):
                self.body = self.body[:end]
                return True
        return False

    def tell_start(self) -> None:
        """Tell what is there before anything is written: heading and start stay as they are."""
        self._tell_to(len(self.text))

    def _tell_to(self, end: int) -> None:
        if self.tell is not None and end > self._told:
            self.tell(self.text[self._told : end])
        self._told = max(self._told, end)

    def finish(self, seed: int) -> PlainText:
        """Return the song when it has ended: whole lines, nothing hanging below them, and the end phrase."""
        assert self.ending is not None
        if self.ending in NOTICES:
            self.note(NOTICES[self.ending])
        if self.ending == "length":
            self._cut_unfinished_line()
        if self.ending != "phrase":
            self._leave_out_what_hangs()
            self._add_end_phrase()
        if self.body and not self.body.endswith("\n"):
            self.body += "\n"
        lines = sum(map(is_sung, self.body.split("\n")))
        if lines < self._wanted.fewest_lines:
            self.note(f"it has {lines} lines of the {self._wanted.fewest_lines} that were asked for at least")
        if self.glimpse is not None:
            self.glimpse("")
        self._tell_to(len(self.text))
        return PlainText(self.text, seed, self.ending, tuple(self._notices))

    def _cut_unfinished_line(self) -> None:
        kept = self.body.rfind("\n") + 1
        if self._line and kept > len(self._start):
            self.body = self.body[:kept]
            self.note(LEFT_OUT)
        elif self._line:
            self.note(UNFINISHED)

    def _leave_out_what_hangs(self) -> None:
        """Drop labels and blank lines that nothing follows, but nothing of the start."""
        lines = self.body[len(self._start) :].split("\n")
        while lines and not is_sung(lines[-1]) and (len(lines) > 1 or not self._start):
            lines.pop()
        self.body = self._start + "\n".join(lines)

    def _add_end_phrase(self) -> None:
        phrase, end = (self._wanted.end_phrase or "").strip(), len(self.body.rstrip())
        start = end - len(phrase)
        if not phrase or (self.body[max(0, start) : end] == phrase and _stands_alone(f"{self.body}\n", start, end)):
            return
        self.body += phrase if not self.body or self.body.endswith("\n") else f"\n{phrase}"
        self.note("the model did not come to the end phrase by itself, so it is added as the last line")


def is_sung(line: str) -> bool:
    """Return whether a line is sung: not blank, not a label, not a heading."""
    return bool(line.strip()) and not LABEL.match(line.strip()) and not HEADING.match(line.strip())


def _stands_alone(text: str, start: int, end: int) -> bool:
    """Return whether text[start:end] is not part of longer words; what may yet grow is not sure, and counts as part."""
    if _is_lettered(text[end - 1]) and (end == len(text) or _is_lettered(text[end])):
        return False
    return not (start > 0 and _is_lettered(text[start]) and _is_lettered(text[start - 1]))


def _is_lettered(sign: str) -> bool:
    """Return whether a sign joins others to words: letters and digits, but not those of Chinese, which need no spaces."""
    return sign.isalnum() and unicodedata.category(sign) != "Lo"
