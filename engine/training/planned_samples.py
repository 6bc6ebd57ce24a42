"""What a planned lyric model writes while it learns: the words of a held-out plan, drawn id by id. Does not know languages.

The plan of a text (its sections, lengths and rhymes) is told and never learned, so the model can only be looked at under
somebody's plan: that of a text which it does not learn from. Its words are drawn as the model believes them, without the
masks that songs are written with, so that a sample shows what has been learned.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.contract import Sampling
from engine.decoding import Sequence as Prompt
from engine.decoding import decode
from engine.torch_causal import TorchCausal
from engine.training.trainer import Sample

Ids = Sequence[int]
Texts = Sequence[NDArray[np.uint16]]  # (T,) each
AS_IT_BELIEVES = Sampling(temperature=1.0, top_p=1.0)
LINES_SHOWN = 12
LONGEST_LINE = 32  # ids of words, where the length of a line is not told by its marks
MARK = re.compile(r"<([^<>]+)>")


@dataclass(frozen=True)
class PlannedForm:
    """How texts of a language stand in ids. is_mark: bool (entries,), which ids tell the plan or end the text.

    words_id: the mark that closes the heading. closing_id: what ends a line, None where a line has as many ids as its
    marks say. words: of the ids of a line in reading order. printed: of the marks and words of a line. told: ids as text,
    marks in it as <mark>.
    """

    is_mark: NDArray[np.bool_]
    words_id: int
    closing_id: int | None
    words: Callable[[Ids], str]
    printed: Callable[[str, str], str]
    told: Callable[[Ids], str]


@dataclass(frozen=True)
class Line:
    """marks: the ids that announce it, none where a text is shown without. words: the ids after them, its end among them."""

    marks: tuple[int, ...]
    words: tuple[int, ...]


def heading_and_lines(ids: Ids | NDArray[np.uint16], form: PlannedForm) -> tuple[tuple[int, ...], list[Line]]:
    """Return the ids of a text up to its first line, and its lines; what ends the text belongs to none."""
    first = list(ids).index(form.words_id) + 1
    lines: list[Line] = []
    marks: list[int] = []
    words: list[int] = []
    for i in map(int, ids[first:]):
        if words and (form.is_mark[i] or words[-1] == form.closing_id):
            lines.append(Line(tuple(marks), tuple(words)))
            marks, words = [], []
        (marks if form.is_mark[i] else words).append(i)
    if words:
        lines.append(Line(tuple(marks), tuple(words)))
    return tuple(map(int, ids[:first])), lines


class PlanKept:
    """A constraint that gives the marks of each line, and lets all words stand between them. Has the lines written so far."""

    def __init__(self, plan: Sequence[Line], form: PlannedForm, vocab_size: int) -> None:
        self._plan, self._form = plan, form
        self._is_word = np.zeros(vocab_size, np.bool_)
        self._is_word[: len(form.is_mark)] = ~form.is_mark
        self.lines: list[Line] = []
        self._words: list[int] = []
        self._given = list(plan[0].marks)

    def allowed(self) -> NDArray[np.bool_]:
        if self._given:
            return self._only(self._given[0])
        if self._form.closing_id is not None and len(self._words) == LONGEST_LINE:
            return self._only(self._form.closing_id)
        return self._is_word

    def accept(self, chosen: int) -> bool:
        if self._given:
            self._given.pop(0)
            return False
        self._words.append(chosen)
        if self._is_whole():
            self.lines.append(Line(self._plan[len(self.lines)].marks, tuple(self._words)))
            self._words = []
            if len(self.lines) == len(self._plan):
                return True
            self._given = list(self._plan[len(self.lines)].marks)
        return False

    def _is_whole(self) -> bool:
        if self._form.closing_id is not None:
            return self._words[-1] == self._form.closing_id
        return len(self._words) == len(self._plan[len(self.lines)].words)

    def _only(self, chosen: int) -> NDArray[np.bool_]:
        return np.arange(len(self._is_word)) == chosen


def sampler(texts: Texts, form: PlannedForm) -> Sample:
    """Return what writes words to the plan of one of these texts, told by the step."""

    def sample(model: Any, step: int) -> str | None:
        heading, lines = heading_and_lines(texts[int(np.random.default_rng(step).integers(len(texts)))], form)
        reader = TorchCausal(model, str(model.device))
        if not lines or len(heading) >= reader.context_length:
            return None
        kept = PlanKept(lines[:LINES_SHOWN], form, reader.vocab_size)
        prompt = Prompt(heading, AS_IT_BELIEVES, step, reader.context_length - len(heading), kept)
        decode(reader, [prompt])
        return _shown(heading, kept.lines, form)

    return sample


def _shown(heading: Ids, lines: Sequence[Line], form: PlannedForm) -> str:
    """Return a line that tells the heading, "song, plain, theme rain harbour", and the lines in reading order."""
    told = [
        f"{found[0].strip('<>')} {after.strip()}".strip()
        for found, after in _marks_and_texts(form.told(heading))
        if found[1] not in ("bos", "words")
    ]
    return "\n".join(
        [", ".join(told), *(form.printed(form.told(line.marks), form.words(line.words)) for line in lines)]
    )


def _marks_and_texts(text: str) -> list[tuple[re.Match[str], str]]:
    """Return each mark of a text with what follows it up to the next."""
    found = list(MARK.finditer(text))
    ends = [*(mark.start() for mark in found[1:]), len(text)]
    return [(mark, text[mark.end() : end]) for mark, end in zip(found, ends, strict=True)]


def training_lines(texts: Texts, form: PlannedForm) -> Iterator[tuple[str, ...]]:
    """Yield the lines of texts in reading order, each text once: Chinese ones are shown under several headings."""
    seen: set[int] = set()
    for ids in texts:
        lines = tuple(form.words(line.words) for line in heading_and_lines(ids, form)[1])
        if hash(lines) not in seen:
            seen.add(hash(lines))
            yield lines


def bytes_per_id(texts: Texts, learned: Sequence[NDArray[np.bool_]], form: PlannedForm) -> float | None:
    """Return the UTF-8 bytes of the words of texts over the ids that are learned in them; None where there are none.

    The bytes are those that people read: of a line with the newline that closes it, if an id does. Where a mark tells
    what closes a line, that is not learned and its bytes do not count.
    """
    size = 0
    for ids in texts:
        for line in heading_and_lines(ids, form)[1]:
            size += len(form.words(line.words).encode()) + (line.words[-1] == form.closing_id)
    count = int(sum(part.sum() for part in learned))
    return size / count if size and count else None
