"""Writes lyrics line by line under a plan: candidates for each line, the best one kept. Does not know music or songs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from engine.contract import Sampling
from engine.decoding import Candidate, Session
from engine.errors import RequestError
from engine.families import CausalModel
from engine.lyrics.associations import Associations
from engine.lyrics.constraints import LineConstraint, Punctuation
from engine.lyrics.draft import Draft, WrittenLine
from engine.lyrics.lexicon import Lexicon, Node, Word, build_trie
from engine.lyrics.prompt import PIECE, ControlPrompt, line_marks
from engine.lyrics.prosody import word_rhyme_key
from engine.lyrics.rhyme import FREE
from engine.lyrics.scoring import LIKELY_ENOUGH, score_line
from engine.lyrics.tokenizer import LyricTokenizer

FEWEST_RHYMES = 6  # a line that others must rhyme with ends in a word with at least this many rhymes
USUAL_END = 60  # uses in the training texts
ROOM_PER_LINE = 64  # ids; no line of 16 syllables needs more
LINES_REMEMBERED = 16  # when the context is full, it starts again with this many lines
FIRST_SAMPLE, EACH_SEED = 0, 7919  # seeds of a line's candidates: far apart, so that no two lines share one


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
    ) -> list[list[WrittenLine]]:
        """Return one list of lines per wanted section.

        report: called after each line with lines done, lines in all and the line. Raises RequestError where the lexicon
        has no line for the plan, Cancelled when `cancelled` returns True between two steps.
        """
        theme = [word for word in prompt.theme_words if PIECE.fullmatch(f" {word}")]
        lexicon = self._lexicon.with_words(theme, self._tokenizer)
        work = _Work(self, lexicon, prompt, seed, sampling, cancelled, Draft(frozenset(w.lower() for w in theme)))
        total = sum(len(section.lines) for section in wanted)
        done = 0
        for section in wanted:
            work.begin(section)
            for index in range(len(section.lines)):
                line = work.write_line(section, index)
                done += 1
                report(done, total, line.text)
        return work.draft.sections


def usual(words: Iterable[Word]) -> list[Word]:
    """Return the words that end a line without sounding far-fetched: frequent ones, no contractions; and the theme's."""
    return [word for word in words if (word.count >= USUAL_END and "'" not in word.text) or word.count == 0]


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
        self.session = Session(self.writer._model, slots=self.writer._candidates)
        self.marks: list[str] = []  # the marks before each line written, to start the context again
        self._extend(self.prompt.text())

    def _extend(self, text: str) -> None:
        self.session.extend(self.writer._tokenizer.encode(text))

    def begin(self, section: WantedSection) -> None:
        self.draft.sections.append([])
        self.draft.rhyme_words.clear()
        self.section_mark = f"<{section.kind}>"

    def write_line(self, section: WantedSection, index: int) -> WrittenLine:
        """Write the candidates of one line, keep the best, and add it to the draft."""
        syllables, letter = section.lines[index]
        marks = (self.section_mark if index == 0 else "") + line_marks(syllables, letter)
        if self.session.length + ROOM_PER_LINE > self.writer._model.context_length:
            self._start_again()
        self._extend(marks)
        end_trie, asked = self._end_words(section, index)
        candidates, constraints = self._sample(syllables, end_trie)
        finished = [(c, k) for c, k in zip(candidates, constraints, strict=True) if c.finished]
        if not finished:
            raise RequestError(f"no line of {syllables} syllables was found; ask for 3-14 syllables per line")
        lines = [self._line(c, k, asked) for c, k in finished]
        scores = [self._score(c, line, section, index) for (c, _), line in zip(finished, lines, strict=True)]
        best = int(np.argmax(scores))
        self.session.keep(finished[best][0])
        self.marks.append(marks)
        self.draft.add(lines[best], letter)
        return lines[best]

    def _sample(self, syllables: int, end_trie: Node) -> tuple[list[Candidate], list[LineConstraint]]:
        constraints = [
            LineConstraint(self.lexicon, self.writer._punctuation, syllables=syllables, end_trie=end_trie)
            for _ in range(self.writer._candidates)
        ]
        self.lines_tried += 1
        seeds = [(self.seed + self.lines_tried * EACH_SEED) * 64 + i for i in range(len(constraints))]
        found = self.session.sample(constraints, self.sampling, seeds, ROOM_PER_LINE, cancelled=self.cancelled)
        return found, constraints

    def _end_words(self, section: WantedSection, index: int) -> tuple[Node, str | None]:
        """Return the words that may end the line, and the rhyme key asked for, if any."""
        syllables, letter = section.lines[index]
        partner = self.draft.rhyme_words.get(letter) if letter != FREE else None
        if partner is not None:
            words = [w for w in self.lexicon.rhymes_with(partner, self.draft.end_words) if w.syllables <= syllables]
            return build_trie(usual(words) or words or self.lexicon.rhymes_with(partner)), partner.rhyme_key
        later = [n for n, other in section.lines[index + 1 :] if other == letter and letter != FREE]
        if later:
            return self._rhymable(min(later), len(later)), None
        unused = [w for w in self.lexicon.words.values() if w.text.lower() not in self.draft.end_words]
        return build_trie(usual(unused)), None

    def _rhymable(self, shortest: int, lines: int) -> Node:
        """Return the words that leave at least six usable rhymes for each later line."""
        used = self.draft.end_words
        kept: list[Word] = []
        for family in self.lexicon.families.values():
            free = usual(w for w in family if w.text.lower() not in used)
            if len({w.sound for w in free if w.syllables <= shortest}) > FEWEST_RHYMES * lines:
                kept += free
        return build_trie(kept)

    def _line(self, candidate: Candidate, constraint: LineConstraint, asked: str | None) -> WrittenLine:
        pieces = PIECE.findall(self.writer._tokenizer.decode(candidate.ids).rstrip("\n"))
        text = "".join(reversed(pieces)).strip()
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
        """Fill the context anew with the prompt and the latest lines."""
        latest = list(zip(self.marks, self.draft.lines(), strict=True))[-LINES_REMEMBERED:]
        self.session.truncate(0)
        self._extend(self.prompt.text())
        for marks, line in latest:
            pieces = PIECE.findall(" " + line.text[:1].lower() + line.text[1:])
            self._extend(marks + "".join(reversed(pieces)) + "\n")
