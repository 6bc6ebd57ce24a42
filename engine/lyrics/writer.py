"""Writes lyrics line by line under a plan: candidates for each line, the best one kept. Does not know music or songs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from engine.contract import Sampling
from engine.decoding import Candidate, Session
from engine.errors import RequestError
from engine.families import CausalModel
from engine.lyrics.associations import Associations
from engine.lyrics.constraints import LineConstraint, LineEnds, Punctuation, WishedWord
from engine.lyrics.draft import Draft, WrittenLine
from engine.lyrics.lexicon import Lexicon, Rows
from engine.lyrics.prompt import PIECE, ControlPrompt, line_marks, reverse_line
from engine.lyrics.prosody import word_rhyme_key, words_of
from engine.lyrics.rhyme import FREE
from engine.lyrics.scoring import LIKELY_ENOUGH, score_line
from engine.lyrics.tokenizer import LyricTokenizer

FEWEST_RHYMES = 6  # a line that others must rhyme with ends in a word with at least this many rhymes
USUAL_END = 60  # uses in the training texts
MOST_MARKS, ROOM_PER_LINE = 4, 64  # ids before a line and in it; no line of 16 syllables needs more
LINES_REMEMBERED = 16  # when the context is full, it starts again with this many lines
WISHED_PLACES = (1, 2, 1, 3, 2)  # how many words stand behind a theme word that is brought in
EACH_SEED = 7919  # seeds of a line's candidates: far apart, so that no two lines share one


@dataclass(frozen=True)
class WantedSection:
    """A section to write. kind: verse, chorus or bridge. lines: (syllables, rhyme letter) each.

    like: index of an earlier section with the same line lengths, sung to the same tune; stresses should agree.
    """

    kind: str
    lines: tuple[tuple[int, str], ...]
    like: int | None = None


class LyricWriter:
    """Holds the model and its lexicon; one `write` per song. candidates: written per line, 1 or more."""

    def __init__(
        self,
        model: CausalModel,
        tokenizer: LyricTokenizer,
        lexicon: Lexicon,
        associations: Associations,
        *,
        candidates: int = 32,
    ) -> None:
        self._model, self._tokenizer, self._lexicon = model, tokenizer, lexicon
        self._associations = associations
        self._punctuation = Punctuation(tokenizer)
        self._candidates = candidates

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
    ) -> list[list[WrittenLine]]:
        """Return one list of lines per wanted section.

        before: sections that are there already; `WantedSection.like` counts them too, and their rhymes do not come again.
        report: called after each line with lines done, lines in all and the line. Raises RequestError where the lexicon
        has no line for the plan, Cancelled when `cancelled` returns True between two steps.
        """
        theme = [word for word in prompt.theme_words if PIECE.fullmatch(f" {word}") and words_of(word) == [word]]
        lexicon = self._lexicon.with_words(theme, self._tokenizer)
        work = _Work(self, lexicon, prompt, seed, sampling, cancelled, Draft(frozenset(w.lower() for w in theme)))
        with work.session:
            for section, lines in before:
                work.take_over(section, lines)
            total = sum(len(section.lines) for section in wanted)
            done = 0
            for section in wanted:
                work.begin(section)
                for index in range(len(section.lines)):
                    line = work.write_line(section, index)
                    done += 1
                    report(done, total, line.text)
        return work.draft.sections[len(before) :]


def usual_ends(lexicon: Lexicon) -> Rows:
    """Return the words that end a line without sounding far-fetched: frequent ones, no contractions; and the theme's."""
    whole = np.array(["'" not in word.text for word in lexicon.words], dtype=bool)
    return (whole & (lexicon.counts >= USUAL_END)) | (lexicon.counts == 0)


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
    lines_tried: int = 0

    def __post_init__(self) -> None:
        self.session = Session(self.writer._model, self.writer._candidates, self.cancelled)
        self.usual = usual_ends(self.lexicon)
        self.marks: list[tuple[str, str]] = []  # of each line: its section's, and all before it
        self._extend(self.prompt.text())

    def _extend(self, text: str) -> None:
        self.session.extend(self.writer._tokenizer.encode(text))

    def begin(self, section: WantedSection) -> None:
        self.draft.sections.append([])
        self.draft.rhyme_words.clear()
        self.section_mark = f"<{section.kind}>"

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
        end_words = self._end_words(section, index)
        asked = (
            self.draft.rhyme_words[letter].rhyme_key if letter != FREE and letter in self.draft.rhyme_words else None
        )
        candidates, constraints = self._sample(syllables, end_words)
        finished = [(c, k) for c, k in zip(candidates, constraints, strict=True) if c.finished]
        if not finished:
            raise RequestError(f"no line of {syllables} syllables was found; ask for 3-14 syllables per line")
        lines = [self._line(c, k, asked) for c, k in finished]
        scores = [self._score(c, line, section, index) for (c, _), line in zip(finished, lines, strict=True)]
        best = int(np.argmax(scores))
        self.session.keep(finished[best][0])
        self.marks.append((self.section_mark, marks))
        self.draft.add(lines[best], letter)
        return lines[best]

    def _sample(self, syllables: int, end_words: Rows) -> tuple[list[Candidate], list[LineConstraint]]:
        constraints = self._constraints(syllables, end_words)
        self.lines_tried += 1
        seeds = [(self.seed + self.lines_tried * EACH_SEED) * 64 + i for i in range(len(constraints))]
        found = self.session.sample(constraints, self.sampling, seeds, ROOM_PER_LINE, cancelled=self.cancelled)
        return found, constraints

    def _constraints(self, syllables: int, end_words: Rows) -> list[LineConstraint]:
        """Return one constraint per candidate; while the theme is missing, half of them bring one of its words.

        It is missing in a chorus that has none of its words, elsewhere in a song that has none. A quarter of the
        candidates end in one if it may end the line, a quarter have it inside.
        """
        ends = LineEnds(self.lexicon, end_words, syllables)
        choices: list[tuple[LineEnds, WishedWord | None]] = [(ends, None)] * self.writer._candidates
        theme = self.lexicon.spelled(self.draft.theme)
        quarter = self.writer._candidates // 4
        if theme.any() and not self.draft.theme_is_said(anywhere=self.section_mark != "<chorus>"):
            for i in range(quarter):
                choices[i] = (ends, WishedWord(theme, WISHED_PLACES[i % len(WISHED_PLACES)]))
            if (theme & ends.rows).any():
                choices[quarter : 2 * quarter] = [
                    (LineEnds(self.lexicon, theme & end_words, syllables), None)
                ] * quarter
        mark = self.writer._punctuation
        return [LineConstraint(self.lexicon, mark, syllables=syllables, ends=e, wish=w) for e, w in choices]

    def _end_words(self, section: WantedSection, index: int) -> Rows:
        """Return the words that may end the line; where a song runs out of them, those of other sections come again."""
        syllables = section.lines[index][0]
        for refused in (self.draft.end_words, self.draft.end_words_of_section()):
            free = (self.lexicon.syllables <= syllables) & ~self.lexicon.spelled(refused)
            for few in (FEWEST_RHYMES, 1):
                for rows in (free & self.usual, free):
                    found = self._rhyming(rows, section, index, few)
                    if found.any():
                        return found
        raise RequestError(
            f"no word is left to end a line of {syllables} syllables; ask for fewer lines, or fewer that rhyme"
        )

    def _rhyming(self, rows: Rows, section: WantedSection, index: int, few: int) -> Rows:
        """Return those of `rows` that rhyme as asked, or leave `few` rhymes or more for each later line of the letter."""
        letter = section.lines[index][1]
        if letter != FREE and letter in self.draft.rhyme_words:
            return rows & self.lexicon.rhymes_with(self.draft.rhyme_words[letter])
        others = [word.rhyme_key for other, word in self.draft.rhyme_words.items() if other != FREE]
        rows = rows & ~self.lexicon.with_rhyme_keys(others)
        later = [syllables for syllables, other in section.lines[index + 1 :] if other == letter]
        if letter == FREE or not later:
            return rows
        rhymes = rows & (self.lexicon.syllables <= min(later))
        return rows & self.lexicon.in_families(rhymes, more_than=few * len(later))

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
            is_chorus=section.kind == "chorus",
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
