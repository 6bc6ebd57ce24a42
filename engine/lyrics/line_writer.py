"""Writes single lines between lines that stand: the same syllables, the rhyme of their partners. Does not know music or songs.

A text is given as sections of open and given lines; the open ones are written in order, each after all that stands
before it. What stands after it is known as well: its rhymes are met, its end words and its lines do not come again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from engine.contract import Sampling
from engine.decoding import Candidate, Session
from engine.errors import RequestError
from engine.families import CausalModel
from engine.lyrics.associations import Associations
from engine.lyrics.constraints import LineConstraint, LineEnds, Punctuation, WishedWord
from engine.lyrics.draft import Draft, WrittenLine
from engine.lyrics.end_words import FEWEST_RHYMES, usual_ends
from engine.lyrics.lexicon import Lexicon, Rows
from engine.lyrics.memory_filter import RUN_WORDS
from engine.lyrics.metre import Metre, MetreRows
from engine.lyrics.open_lines import GivenLine, OpenLine, OpenSection, off_the_beat, split_words
from engine.lyrics.prompt import PIECE, ControlPrompt, line_marks, reverse_line
from engine.lyrics.prosody import word_rhyme_key, words_of
from engine.lyrics.rhyme import FREE, LETTERS
from engine.lyrics.scoring import LIKELY_ENOUGH, score_line
from engine.lyrics.tokenizer import LyricTokenizer
from engine.lyrics.word_pairs import WordPairs
from engine.lyrics.writer import (
    EACH_SEED,
    LEARNED,
    MOST_MARKS,
    ROOM_PER_LINE,
    WISHED_PLACES,
    Guard,
    as_written,
)

# What a candidate loses beside its likelihood, in nats per token.
SPLIT_WORD, OFF_THE_BEAT, WITHOUT_ITS_THEME = 3.0, 1.2, 20.0

Report = Callable[[int, int, str], None]


class LineWriter:
    """Holds the model and its lexicon. candidates: written per line, 1 or more. guard, pairs: as of `LyricWriter`.

    metre: kept by every new line, but for one that can only rhyme without it.
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
        metre: Metre | None = None,
        pairs: WordPairs | None = None,
    ) -> None:
        self.model, self.tokenizer, self.lexicon, self.associations = model, tokenizer, lexicon, associations
        self.candidates, self.guard, self.metre, self.pairs = candidates, guard, metre, pairs
        self.punctuation = Punctuation(tokenizer)
        self.learned: list[str] = []  # lines that the guard knew, where there were no others

    def write(
        self,
        prompt: ControlPrompt,
        sections: Sequence[OpenSection],
        *,
        seed: int,
        sampling: Sampling,
        theme_in_new_lines: bool = False,
        report: Report = lambda done, total, text: None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> list[list[WrittenLine]]:
        """Return all lines of all sections, the given ones as they are.

        theme_in_new_lines: one of the new lines shall have a word of the prompt's theme, even if a given one has.
        Raises RequestError where no line can be found, Cancelled when `cancelled` returns True between two steps.
        """
        theme = [word for word in prompt.theme_words if PIECE.fullmatch(f" {word}") and words_of(word) == [word]]
        lexicon = self.lexicon.with_words(theme, self.tokenizer)
        found: list[list[WrittenLine | None]] = [
            [line.line if isinstance(line, GivenLine) else None for line in section.lines] for section in sections
        ]
        gaps = [(s, n) for s, lines in enumerate(found) for n, line in enumerate(lines) if line is None]
        with Session(self.model, self.candidates, cancelled) as session:
            text = _Text(self, lexicon, session, prompt, frozenset(theme), sections, found, theme_in_new_lines)
            for done, (section, index) in enumerate(gaps):
                line = text.write(section, index, (seed + done * EACH_SEED) * 64, sampling, cancelled)
                found[section][index] = line
                report(done + 1, len(gaps), line.text)
        return [[line for line in lines if line is not None] for lines in found]


@dataclass
class _Text:
    """A text under way. found: its lines, None where one is still to be written. first: the first line remembered."""

    writer: LineWriter
    lexicon: Lexicon
    session: Session
    prompt: ControlPrompt
    theme: frozenset[str]
    sections: Sequence[OpenSection]
    found: list[list[WrittenLine | None]]
    theme_in_new_lines: bool
    first: int = 0

    def __post_init__(self) -> None:
        self.usual = usual_ends(self.lexicon)
        self.metre = MetreRows(self.lexicon, self.writer.metre) if self.writer.metre is not None else None

    def write(
        self, section: int, index: int, seed: int, sampling: Sampling, cancelled: Callable[[], bool]
    ) -> WrittenLine:
        """Return the best candidate for a line, in its metre where there is one."""
        try:
            return self._write(section, index, seed, sampling, cancelled)
        except RequestError:
            if self.metre is None:
                raise
        metre, self.metre = self.metre, None
        try:
            return self._write(section, index, seed, sampling, cancelled)
        finally:
            self.metre = metre

    def _write(
        self, section: int, index: int, seed: int, sampling: Sampling, cancelled: Callable[[], bool]
    ) -> WrittenLine:
        wanted = self.sections[section].lines[index]
        assert isinstance(wanted, OpenLine)
        self._remember(section, index)
        partners = self._partners(section, index)
        rows = self._end_words(section, index, partners)
        draft, brings = self._draft(section), not self._theme_is_said()
        constraints = self._constraints(wanted, rows, brings=brings)
        seeds = [seed + i for i in range(len(constraints))]
        candidates = self.session.sample(constraints, sampling, seeds, ROOM_PER_LINE, cancelled=cancelled)
        asked = partners[0].words[-1].rhyme_key if partners else None
        lines = [
            (candidate, self._line(candidate, constraint, asked))
            for candidate, constraint in zip(candidates, constraints, strict=True)
            if candidate.finished
        ]
        known = {line.text.lower() for line in draft.lines()}
        fresh = [(candidate, line) for candidate, line in lines if line.text.lower() not in known]
        if not fresh:
            raise RequestError(
                f"no other line of {wanted.syllables} syllables was found here; try another seed, or name more lines"
            )
        scores = [self._score(c, line, section, index, draft, brings=brings) for c, line in fresh]
        learned = self._learned(section, index, [line for _, line in fresh])
        best = int(np.argmax(np.array(scores) - LEARNED * np.array(learned)))
        if learned[best]:
            self.writer.learned.append(fresh[best][1].text)
        return fresh[best][1]

    def _lines(self) -> Iterator[tuple[int, int, WrittenLine]]:
        for section, lines in enumerate(self.found):
            for index, line in enumerate(lines):
                if line is not None:
                    yield section, index, line

    def _before(self, section: int, index: int) -> list[tuple[int, int, WrittenLine]]:
        return [(s, n, line) for s, n, line in self._lines() if (s, n) < (section, index) and line.words]

    def _partners(self, section: int, index: int) -> list[WrittenLine]:
        """Return the lines of the section that this one is to rhyme with, the nearest first."""
        letter = self.sections[section].lines[index].letter
        places = [
            (abs(n - index), line)
            for n, line in enumerate(self.found[section])
            if line is not None and line.words and letter != FREE and self.sections[section].lines[n].letter == letter
        ]
        return [line for _, line in sorted(places, key=lambda place: place[0])]

    def _marks(self, section: int, index: int, syllables: int) -> str:
        letter = self.sections[section].lines[index].letter
        known = letter if letter == FREE else LETTERS[(ord(letter) - ord("A")) % len(LETTERS)]
        return (f"<{self.sections[section].kind}>" if index == 0 else "") + line_marks(syllables, known)

    def _remember(self, section: int, index: int) -> None:
        """Let the model have read the prompt, the latest lines before this one, and what this one shall be."""
        encode = self.writer.tokenizer.encode
        wanted = self.sections[section].lines[index]
        assert isinstance(wanted, OpenLine)
        head, marks = encode(self.prompt.text()), encode(self._marks(section, index, wanted.syllables))
        before = [
            encode(self._marks(s, n, len(line.syllables)) + as_written(line))
            for s, n, line in self._before(section, index)
        ]
        room = self.writer.model.context_length - len(head) - len(marks) - MOST_MARKS - ROOM_PER_LINE
        if sum(map(len, before[self.first :])) > room:  # forget half at once, or the context is read anew at every line
            while sum(map(len, before[self.first :])) > room // 2:
                self.first += 1
        ids = [*head, *(i for line in before[self.first :] for i in line), *marks]
        same = next(
            (n for n, (a, b) in enumerate(zip(ids, self.session.ids, strict=False)) if a != b),
            min(len(ids), self.session.length),
        )
        self.session.truncate(min(same, len(ids) - 1))
        self.session.extend(ids[self.session.length :])

    def _end_words(self, section: int, index: int, partners: Sequence[WrittenLine]) -> Rows:
        """Return the words that may end the line: not those of other lines, and not one that was refused.

        Where no word is left that no other line ends in, those of other sections come again, but never a partner's.
        """
        wanted = self.sections[section].lines[index]
        assert isinstance(wanted, OpenLine)
        anywhere = {line.words[-1].text.lower() for _, _, line in self._lines() if line.words}
        here = {line.words[-1].text.lower() for line in self.found[section] if line is not None and line.words}
        short = self._fitting(wanted.syllables) & (
            self.lexicon.syllables <= min([wanted.syllables, *self._first_word_lengths(wanted)])
        )
        for refused in (anywhere, here):
            free = short & ~self.lexicon.spelled(refused | wanted.refused)
            for few in (FEWEST_RHYMES, 1):
                for rows in (free & self.usual, free):
                    found = self._rhyming(rows, section, index, partners, few)
                    if found.any():
                        return found
        if partners and wanted.or_free:
            return self._end_words(section, index, ())
        if partners:
            raise RequestError(
                f"no other word rhymes with {partners[0].words[-1].text!r}; name that line as well, so that both are "
                "written anew"
            )
        raise RequestError(f"no word is left to end a line of {wanted.syllables} syllables; ask for fewer lines")

    def _fitting(self, syllables: int) -> Rows:
        """Return the words that may end a line of so many syllables."""
        return self.lexicon.syllables <= syllables if self.metre is None else self.metre.rows(syllables)

    def _first_word_lengths(self, wanted: OpenLine) -> list[int]:
        """Return how many syllables the last word may have before a rest, if there is one inside the line."""
        return [wanted.syllables - max(wanted.breaks)] if wanted.breaks else []

    def _rhyming(self, rows: Rows, section: int, index: int, partners: Sequence[WrittenLine], few: int) -> Rows:
        """Return those of `rows` that rhyme with the partners, or leave enough rhymes for the lines to come."""
        if partners:
            for few_partners in (partners, partners[:1]):
                found = rows
                for partner in few_partners:
                    found = found & self.lexicon.rhymes_with(partner.words[-1])
                if found.any():
                    break
            return found & ~self.lexicon.spelled([line.words[-1].text for line in partners])
        lines = self.sections[section].lines
        letter = lines[index].letter
        others = [
            line.words[-1].rhyme_key
            for n, line in enumerate(self.found[section])
            if line is not None and line.words and lines[n].letter != letter and lines[n].letter != FREE
        ]
        rows = rows & ~self.lexicon.with_rhyme_keys(others)
        later = [line.syllables for line in lines[index + 1 :] if isinstance(line, OpenLine) and line.letter == letter]
        if letter == FREE or not later:
            return rows
        rhymes = rows & np.logical_and.reduce([self._fitting(syllables) for syllables in later])
        return rows & self.lexicon.in_families(rhymes, more_than=few * len(later))

    def _theme_is_said(self) -> bool:
        """Return whether a line has a word of the theme; with `theme_in_new_lines`, whether a new one has."""
        return any(
            word.text.lower() in self.theme
            for section, index, line in self._lines()
            if not self.theme_in_new_lines or isinstance(self.sections[section].lines[index], OpenLine)
            for word in line.words
        )

    def _constraints(self, wanted: OpenLine, rows: Rows, *, brings: bool) -> list[LineConstraint]:
        """Return one constraint per candidate; half of them bring a word of the theme while one is missing."""
        ends, count = LineEnds(self.lexicon, rows, wanted.syllables), self.writer.candidates
        choices: list[tuple[LineEnds, WishedWord | None]] = [(ends, None)] * count
        theme = self.lexicon.spelled(self.theme)
        if brings and theme.any():
            for i in range(max(1, count // 4)):
                choices[i] = (ends, WishedWord(theme, WISHED_PLACES[i % len(WISHED_PLACES)]))
            if (theme & ends.rows).any():
                themed = LineEnds(self.lexicon, theme & rows, wanted.syllables)
                choices[count // 4 : count // 2] = [(themed, None)] * (count // 2 - count // 4)
        mark = self.writer.punctuation
        return [
            LineConstraint(self.lexicon, mark, syllables=wanted.syllables, ends=e, wish=w, metre=self.metre)
            for e, w in choices
        ]

    def _draft(self, section: int) -> Draft:
        """Return all that stands, the section of the line last, so that nothing is said twice."""
        draft = Draft(self.theme)
        for number in [*(n for n in range(len(self.sections)) if n != section), section]:
            draft.sections.append([])
            for line, given in zip(self.found[number], self.sections[number].lines, strict=True):
                if line is not None and line.words:
                    draft.add(line, given.letter)
        return draft

    def _line(self, candidate: Candidate, constraint: LineConstraint, asked: str | None) -> WrittenLine:
        text = reverse_line(self.writer.tokenizer.decode(candidate.ids).rstrip("\n")).strip()
        words = tuple(reversed(constraint.words))
        return WrittenLine(text[:1].upper() + text[1:], words, asked, word_rhyme_key(words[-1].text.lower()))

    def _score(
        self, candidate: Candidate, line: WrittenLine, section: int, index: int, draft: Draft, *, brings: bool
    ) -> float:
        wanted = self.sections[section].lines[index]
        assert isinstance(wanted, OpenLine)
        score = min(LIKELY_ENOUGH, candidate.log_probability / max(1, len(candidate.ids)))
        score += score_line(
            line.words, line.text, draft, self.writer.associations, like=wanted.like or None,
            is_last=index == len(self.sections[section].lines) - 1,
            is_chorus=self.sections[section].kind == "chorus", pairs=self.writer.pairs,
        )  # fmt: skip
        score -= SPLIT_WORD * split_words(line.syllables, wanted.breaks)
        score -= OFF_THE_BEAT * off_the_beat(line.syllables, wanted.weights)
        says_it = any(word.text.lower() in self.theme for word in line.words)
        return score - (WITHOUT_ITS_THEME if brings and self.theme_in_new_lines and not says_it else 0.0)

    def _learned(self, section: int, index: int, lines: Sequence[WrittenLine]) -> list[int]:
        if self.writer.guard is None:
            return [0] * len(lines)
        before = [_lower(line) for _, _, line in self._before(section, index)]
        later = [_lower(line) for s, n, line in self._lines() if (s, n) > (section, index)]
        after = list(chain.from_iterable(later))[: RUN_WORDS - 1]  # too few to be known without words of the new line
        return self.writer.guard.learned(before, [[*_lower(line), *after] for line in lines])


def _lower(line: WrittenLine) -> list[str]:
    return [word.text.lower() for word in line.words]
