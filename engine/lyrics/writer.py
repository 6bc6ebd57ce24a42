"""Writes lyrics line by line under a plan: candidates for each line, the best one kept. Does not know music or songs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from engine.contract import Sampling
from engine.decoding import Candidate, Session
from engine.errors import RequestError
from engine.families import CausalModel
from engine.lyrics.associations import Associations
from engine.lyrics.constraints import InnerRhyme, LineConstraint, LineEnds, Punctuation, WishedWord
from engine.lyrics.draft import Draft, WrittenLine
from engine.lyrics.end_words import EndWords
from engine.lyrics.lexicon import Lexicon, Rows
from engine.lyrics.manner import PLAIN, Manner
from engine.lyrics.metre import MetreRows
from engine.lyrics.prompt import PIECE, ControlPrompt, line_marks, reverse_line
from engine.lyrics.prosody import word_rhyme_key, words_of
from engine.lyrics.rhyme import FREE
from engine.lyrics.scoring import LIKELY_ENOUGH, score_line
from engine.lyrics.tokenizer import LyricTokenizer
from engine.lyrics.word_pairs import WordPairs

MOST_MARKS, ROOM_PER_LINE = 4, 64  # ids before a line and in it; no line of 16 syllables needs more
LINES_REMEMBERED = 16  # when the context is full, it starts again with this many lines
WISHED_PLACES = (1, 2, 1, 3, 2)  # how many words stand behind a theme word that is brought in
PRONOUN_PLACES = (3, 4, 5, 2)  # the same of a pronoun: near the beginning of its line
EACH_SEED = 7919  # seeds of a line's candidates: far apart, so that no two lines share one
TIMES_AGAIN = 3  # that a line is written anew where all its candidates are known by heart
LEARNED = 1000.0  # what a score loses for each piece known by heart: more than any other difference


class Guard(Protocol):
    """Knows the training texts well enough to say what is learned from them by heart; see `memory_filter`."""

    def learned(self, before: Sequence[Sequence[str]], lines: Sequence[Sequence[str]]) -> list[int]:
        """Return how many pieces of each line, alone or together with the lines before it, are known by heart."""


@dataclass(frozen=True)
class WantedSection:
    """A section to write. kind: verse, chorus or bridge. lines: (syllables, rhyme letter) each.

    like: index of an earlier section with the same line lengths, sung to the same tune; stresses should agree.
    inner_rhyme: whether every line has a word inside that rhymes with its last; of 4 syllables or more.
    """

    kind: str
    lines: tuple[tuple[int, str], ...]
    like: int | None = None
    inner_rhyme: bool = False


class LyricWriter:
    """Holds the model and its lexicon; one `write` per song. candidates: written per line, 1 or more.

    guard: what is not to be written though the model knows it; `learned` then has the lines that were all the same.
    pairs: of words that go together; None where the model has none.
    """

    def __init__(
        self,
        model: CausalModel,
        tokenizer: LyricTokenizer,
        lexicon: Lexicon,
        associations: Associations,
        *,
        candidates: int = 32,
        guard: Guard | None = None,
        pairs: WordPairs | None = None,
    ) -> None:
        self._model, self._tokenizer, self._lexicon = model, tokenizer, lexicon
        self._associations = associations
        self._punctuation = Punctuation(tokenizer)
        self._candidates = candidates
        self._guard, self._pairs = guard, pairs
        self.learned: list[str] = []

    def write(
        self,
        prompt: ControlPrompt,
        wanted: Sequence[WantedSection],
        *,
        seed: int,
        sampling: Sampling,
        report: Callable[[int, int, str], None] = lambda done, total, text: None,
        cancelled: Callable[[], bool] = lambda: False,
        before: Sequence[tuple[WantedSection, Sequence[WrittenLine]]] = (),
        manner: Manner = PLAIN,
        prompts: Sequence[ControlPrompt] = (),
    ) -> list[list[WrittenLine]]:
        """Return one list of lines per wanted section.

        prompts: for the wanted sections in turn, where not `prompt` is for all; their themes are not looked at. before:
        sections that are there already; `WantedSection.like` counts them too, and their rhymes do not come again.
        report: called after each line with lines done, lines in all and the line. Raises RequestError where the lexicon
        has no line for the plan, Cancelled when `cancelled` returns True between two steps.
        """
        spelled = {name.lower(): name for name in manner.names}
        theme, hook = (
            _whole_words([spelled.get(word, word) for word in words]) for words in (prompt.theme_words, manner.hook)
        )
        sung = [*theme, *hook]
        lexicon = self._lexicon.with_words(sung, self._tokenizer)
        lexicon = lexicon.with_names([word for word in sung if word != word.lower()], self._tokenizer)
        # Of "my old smartphone" the smartphone is to come: the rest would be in many a song.
        must = _lower(word for word in theme if word.lower() not in self._associations)
        draft = Draft(_lower(theme), must=must, hook=_lower(hook), kin=_lower(manner.kin))
        work = _Work(self, lexicon, prompt, seed, sampling, cancelled, draft, manner)
        with work.session:
            for section, lines in before:
                work.take_over(section, lines)
            total = sum(len(section.lines) for section in wanted)
            done = 0
            for number, section in enumerate(wanted):
                work.begin(section, prompts[number % len(prompts)] if prompts else None)
                work.is_last_section = number == len(wanted) - 1
                for index in range(len(section.lines)):
                    line = work.write_line(section, index)
                    done += 1
                    report(done, total, line.text)
        return work.draft.sections[len(before) :]


def _whole_words(texts: Sequence[str]) -> list[str]:
    """Return the texts that are one word each, in letters that the model writes."""
    return [text for text in texts if PIECE.fullmatch(f" {text}") and words_of(text) == [text]]


def _lower(texts: Iterable[str]) -> frozenset[str]:
    return frozenset(text.lower() for text in texts)


@dataclass
class _Work:
    """One song under way: the session with the model and the draft."""

    writer: LyricWriter
    lexicon: Lexicon
    prompt: ControlPrompt
    seed: int
    sampling: Sampling
    cancelled: Callable[[], bool]
    draft: Draft
    manner: Manner = PLAIN
    lines_tried: int = 0
    is_last_section: bool = False

    def __post_init__(self) -> None:
        self.session = Session(self.writer._model, self.writer._candidates, self.cancelled)
        self.metre = MetreRows(self.lexicon, self.manner.metre) if self.manner.metre else None
        self.ends = EndWords(self.lexicon, self.metre)
        self.marks: list[tuple[str, str]] = []  # of each line: its section's, and all before it
        self._extend(self.prompt.text())

    def _extend(self, text: str) -> None:
        self.session.extend(self.writer._tokenizer.encode(text))

    def begin(self, section: WantedSection, prompt: ControlPrompt | None = None) -> None:
        """Begin a section; with another prompt than before, the context starts again with it."""
        if prompt is not None and prompt != self.prompt:
            self.prompt = prompt
            self._start_again()
        self.draft.sections.append([])
        self.draft.rhyme_words.clear()
        self.section_mark, self.inner_rhyme = f"<{section.kind}>", section.inner_rhyme

    def take_over(self, section: WantedSection, lines: Sequence[WrittenLine]) -> None:
        """Take in a section that is written already, as if its lines had been chosen here."""
        self.begin(section)
        for index, ((syllables, letter), line) in enumerate(zip(section.lines, lines, strict=True)):
            marks = (self.section_mark if index == 0 else "") + line_marks(syllables, letter)
            if self.session.length + MOST_MARKS + ROOM_PER_LINE > self.writer._model.context_length:
                self._start_again()
            self._extend(marks + as_written(line))
            self.marks.append((self.section_mark, marks))
            self.draft.add(line, letter)

    def write_line(self, section: WantedSection, index: int) -> WrittenLine:
        """Write the candidates of one line, keep the best, and add it to the draft."""
        syllables, letter = section.lines[index]
        marks = (self.section_mark if index == 0 else "") + line_marks(syllables, letter)
        if self.session.length + MOST_MARKS + ROOM_PER_LINE > self.writer._model.context_length:
            self._start_again()
        self._extend(marks)
        end_words = self.ends.of_line(section.lines, index, self.draft, inner_rhyme=section.inner_rhyme)
        asked = (
            self.draft.rhyme_words[letter].rhyme_key if letter != FREE and letter in self.draft.rhyme_words else None
        )
        finished, lines, learned = self._written(syllables, end_words, asked)
        scores = [self._score(c, line, section, index) for c, line in zip(finished, lines, strict=True)]
        best = int(np.argmax(np.array(scores) - LEARNED * np.array(learned)))
        if learned[best]:
            self.writer.learned.append(lines[best].text)
        self.session.keep(finished[best])
        self.marks.append((self.section_mark, marks))
        self.draft.add(lines[best], letter)
        return lines[best]

    def _written(
        self, syllables: int, end_words: Rows, asked: str | None
    ) -> tuple[list[Candidate], list[WrittenLine], list[int]]:
        """Return finished candidates, their lines, and how much of each is known by heart; once more if all are."""
        for _ in range(1 + TIMES_AGAIN):
            candidates, constraints = self._sample(syllables, end_words)
            finished = [(c, k) for c, k in zip(candidates, constraints, strict=True) if c.finished]
            if not finished:
                raise RequestError(f"no line of {syllables} syllables was found; ask for 3-14 syllables per line")
            lines = [self._line(c, k, asked) for c, k in finished]
            learned = self._learned(lines)
            if not all(learned):
                break
        return [candidate for candidate, _ in finished], lines, learned

    def _learned(self, lines: Sequence[WrittenLine]) -> list[int]:
        if self.writer._guard is None:
            return [0] * len(lines)
        return self.writer._guard.learned(self.draft.texts, [[w.text.lower() for w in line.words] for line in lines])

    def _sample(self, syllables: int, end_words: Rows) -> tuple[list[Candidate], list[LineConstraint]]:
        constraints = self._constraints(syllables, end_words)
        self.lines_tried += 1
        seeds = [(self.seed + self.lines_tried * EACH_SEED) * 64 + i for i in range(len(constraints))]
        found = self.session.sample(constraints, self.sampling, seeds, ROOM_PER_LINE, cancelled=self.cancelled)
        return found, constraints

    def _constraints(self, syllables: int, end_words: Rows) -> list[LineConstraint]:
        """Return one constraint per candidate; while the theme is missing, half of them bring one of its words.

        It is missing in a chorus that has none of its words, elsewhere in a song that has none. A quarter of the
        candidates end in one if it may end the line, a quarter have it inside. Until a section says who tells the song,
        a quarter bring a pronoun.
        """
        ends = LineEnds(self.lexicon, end_words, syllables)
        choices: list[tuple[LineEnds, WishedWord | None]] = [(ends, None)] * self.writer._candidates
        theme = self.lexicon.spelled(self.draft.missing(in_chorus=self.section_mark == "<chorus>"))
        quarter = self.writer._candidates // 4
        if theme.any():
            for i in range(quarter):
                choices[i] = (ends, WishedWord(theme, WISHED_PLACES[i % len(WISHED_PLACES)]))
            if (theme & ends.rows).any():
                choices[quarter : 2 * quarter] = [
                    (LineEnds(self.lexicon, theme & end_words, syllables), None)
                ] * quarter
        pronouns = self.lexicon.spelled(self.manner.pronouns)
        if pronouns.any() and not self.draft.section_says(self.manner.pronouns):
            for i in range(quarter):
                choices[-1 - i] = (ends, WishedWord(pronouns, PRONOUN_PLACES[i % len(PRONOUN_PLACES)]))
        mark, inner = self.writer._punctuation, self._inner_rhymes(syllables) if self.inner_rhyme else None
        return [
            LineConstraint(self.lexicon, mark, syllables=syllables, ends=e, wish=w, inner=inner, metre=self.metre)
            for e, w in choices
        ]

    def _inner_rhymes(self, syllables: int) -> InnerRhyme:
        """Return what is to rhyme inside a line: near its middle, and not with a word that ends a line already."""
        return InnerRhyme(~self.lexicon.spelled(self.draft.end_words_of_section()), (syllables + 1) // 2)

    def _line(self, candidate: Candidate, constraint: LineConstraint, asked: str | None) -> WrittenLine:
        text = reverse_line(self.writer._tokenizer.decode(candidate.ids).rstrip("\n")).strip()
        words = tuple(reversed(constraint.words))
        return WrittenLine(text[:1].upper() + text[1:], words, asked, word_rhyme_key(words[-1].text.lower()))

    def _score(self, candidate: Candidate, line: WrittenLine, section: WantedSection, index: int) -> float:
        model = self.draft.sections[section.like][index].syllables if section.like is not None else None
        likelihood = min(LIKELY_ENOUGH, candidate.log_probability / max(1, len(candidate.ids)))
        is_last = index == len(section.lines) - 1
        return likelihood + score_line(
            line.words, line.text, self.draft, self.writer._associations, like=model, is_last=is_last,
            is_chorus=section.kind == "chorus", is_end=is_last and self.is_last_section, manner=self.manner,
            pairs=self.writer._pairs,
        )  # fmt: skip

    def _start_again(self) -> None:
        """Fill half of the context anew, with the prompt and the latest lines."""
        self.session.truncate(0)
        self._extend(self.prompt.text())
        room = (self.writer._model.context_length - self.session.length - ROOM_PER_LINE) // 2
        latest: list[int] = []
        written = list(zip(self.marks, self.draft.lines(), strict=True))[-LINES_REMEMBERED:]
        for (section_mark, marks), line in reversed(written):
            ids = self.writer._tokenizer.encode(marks + as_written(line))
            if len(latest) + len(ids) >= room:
                break
            latest = ids + latest
            is_begun = marks.startswith(section_mark)
        if latest and not is_begun:
            latest = [self.writer._tokenizer.id_of(section_mark), *latest]
        self.session.extend(latest)


def as_written(line: WrittenLine) -> str:
    """Return a line as the model wrote it: last word first, and the first word as the lexicon has it."""
    first = line.words[0].text
    return reverse_line(f" {first}{line.text[len(first) :]}") + "\n"
